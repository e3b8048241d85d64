//! What the tests of the hunt share.

use std::path::{Path, PathBuf};

use hubbub_scenario::Scenario;

/// The scenarios that are hunted.
pub(crate) const HUNTED: [&str; 3] = ["messages", "presence-and-push", "leases-and-ids"];

/// The folder of the library.
pub(crate) fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// A scenario that is hunted.
pub(crate) fn hunted(name: &str) -> Scenario {
    let document = Scenario::read(library().join(format!("hunt/{name}.toml"))).unwrap();
    document.scenario().clone()
}
