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
    let changes =
        Command::new("git").args(["status", "--porcelain", "--untracked-files=no"]).output();
    let is_changed = changes.is_ok_and(|changes| !changes.stdout.is_empty());
    let revision = if is_changed { format!("{revision}-changed") } else { revision };
    println!("cargo:rustc-env=HUBBUB_REVISION={revision}");
}
