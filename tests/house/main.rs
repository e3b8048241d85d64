//! The shape of the house: which crate may lean on which.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// What each crate may depend on of the workspace. Arrows go down only, and `loadgen` and `sim` do
/// not know each other.
const ARROWS: [(&str, &[&str]); 9] = [
    ("core/chat", &[]),
    ("core/scenario", &["chat"]),
    ("core/traffic", &["chat"]),
    ("core/history", &["chat"]),
    ("core/plan", &["chat", "scenario"]),
    ("core/service", &["chat", "history"]),
    ("sim", &["chat", "scenario", "traffic", "history", "service"]),
    ("loadgen", &["chat", "scenario", "traffic", "history", "service"]),
    ("reports", &["chat", "scenario", "history", "plan"]),
];

/// Crates without a clock, a socket, a thread or an async runtime.
const PURE: [&str; 5] =
    ["hubbub-chat", "hubbub-scenario", "hubbub-traffic", "hubbub-history", "hubbub-plan"];

const IMPURE: [&str; 8] =
    ["tokio", "hyper", "axum", "mio", "socket2", "turmoil", "tungstenite", "rand"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The workspace's crates that a manifest's `[dependencies]` name, without their prefix.
fn arrows_of(folder: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.strip_prefix("hubbub-"));
    names.map(|rest| rest.split(['.', ' ']).next().unwrap().to_owned()).collect()
}

#[test]
fn arrows_go_down_only() {
    for (folder, allowed) in ARROWS {
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let arrows = arrows_of(folder);
        assert!(
            arrows.is_subset(&allowed),
            "{folder} leans on {arrows:?}, allowed are {allowed:?}"
        );
    }
}

#[test]
fn the_table_of_arrows_has_every_crate() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    let members: BTreeSet<&str> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(members, ARROWS.iter().map(|(folder, _)| *folder).collect());
}

#[test]
fn the_pure_crates_have_no_runtime_socket_or_randomness_below_them() {
    let mut found = BTreeMap::new();
    for package in PURE {
        let tree = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--package",
                package,
            ])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let names: BTreeSet<&str> =
            tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(names.contains(package));
        let impure: Vec<_> = IMPURE.iter().filter(|name| names.contains(**name)).collect();
        if !impure.is_empty() {
            found.insert(package, impure);
        }
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The simulator starts roles and nothing else: no protocol and no socket code of its own.
#[test]
fn the_simulator_has_no_protocol_code() {
    let mut files = vec![root().join("sim/src")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        // It asks how long a frame is, and sends none.
        if path.ends_with("sim/src/fast/bytes.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for word in ["tungstenite", "serde_json", "hyper::", "axum::"] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn planted_bugs_are_handed_on_and_never_asked_for() {
    let crates = ARROWS.into_iter().map(|(folder, _)| folder);
    for folder in crates.chain(["", "examples/simulate-in-tests"]) {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let naming = manifest.lines().filter(|line| line.contains("planted-bugs"));
        let asking: Vec<&str> = naming
            .filter(|line| !line.starts_with('#') && !line.starts_with("planted-bugs = ["))
            .collect();
        assert!(asking.is_empty(), "{folder}: {asking:?}");
    }
}

/// The catalogue says of each planted bug whose code it is in, and the page says by that which of them
/// a server runs: each must be where it says, once.
#[test]
fn planted_bugs_are_where_the_catalogue_says() {
    let folders = BTreeMap::from([
        ("ChatServer", "server/"),
        ("Device", "device/"),
        ("StoreModel", "ports/store/model/"),
        ("PresenceServer", "presence/"),
        ("Notifier", "notifier/"),
        ("Lease", "lease.rs"),
        ("Worker", "snowflake/"),
        ("Discovery", "discovery/"),
    ]);
    let sources = root().join("core/chat/src");
    let catalogue = std::fs::read_to_string(sources.join("planted.rs")).unwrap();
    let listed = catalogue.split("planted_bugs! {").nth(1).unwrap().split("\n}").next().unwrap();
    let bugs: BTreeMap<&str, &str> = listed
        .lines()
        .filter(|line| line.trim().starts_with(char::is_uppercase))
        .map(|line| {
            let mut words = line.split_whitespace();
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect();
    assert!(bugs.len() >= 40, "{bugs:?}");
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut files = vec![sources.clone()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let file = path.strip_prefix(&sources).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for asked in text.split("planted!(").skip(1) {
            let asked = asked.split(')').next().unwrap();
            let bug = asked.rsplit(',').next().unwrap().trim();
            places.entry(bug.to_owned()).or_default().push(file.clone());
        }
    }
    assert_eq!(places.keys().collect::<Vec<_>>(), bugs.keys().collect::<Vec<_>>());
    for (bug, place) in bugs {
        let files = &places[bug];
        assert!(files.len() == 1 && files[0].starts_with(folders[place]), "{bug}: {files:?}");
    }
}
