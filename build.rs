//! Puts the revision of the source into the program, for the manifest of its bundles.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/refs/heads");
    let answer = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let revision = answer
        .ok()
        .filter(|answer| answer.status.success())
        .and_then(|answer| String::from_utf8(answer.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
    println!("cargo:rustc-env=HUBBUB_REVISION={revision}");
}
