//! Every situation has a test that reaches it, and a quiet life reaches none.

use std::{fs, path::Path};

use hubbub_chat::{frame::Change, situation::Situation};

use crate::support::*;

/// The first argument of [`assert_reached`] is what was reached, the second the situation.
const ASSERTION: &str = "assert_reached(";

/// The situations that the tests of this crate assert to be reached, by their names in Rust.
fn asserted() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour");
    let files = fs::read_dir(&folder).expect("the tests are there");
    let files = files.map(|file| file.expect("a file can be seen").path());
    let files = files.filter(|file| file.is_file() && !file.ends_with("situations.rs"));
    let mut names = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a file of tests is text");
        let text: String = text.split_whitespace().collect();
        for assertion in text.split(ASSERTION).skip(1) {
            let assertion = assertion.split(';').next().unwrap_or_default();
            let name = assertion.rsplit("Situation::").next().unwrap_or_default();
            names.push(name.trim_end_matches([')', ',']).to_owned());
        }
    }
    names
}

#[test]
fn every_situation_has_a_test_that_reaches_it() {
    let asserted = asserted();
    let missing: Vec<_> = Situation::ALL
        .iter()
        .filter(|situation| !asserted.contains(&format!("{situation:?}")))
        .collect();
    assert!(missing.is_empty(), "assert that a test reaches these: {missing:?}");
}

#[test]
fn a_quiet_life_reaches_no_situation() {
    for design in [hubbub_chat::Design::default(), snowflake()] {
        let mut world = trio_with(2, design);
        for number in 0..20 {
            // Sent at the same time, hints of two servers might overtake one another.
            for (device, channel) in [(PHONE, group()), (CATS, group()), (BENS, direct())] {
                world.send(device, channel, &format!("{number}"));
                world.run_for(seconds(1));
            }
        }
        world.change(CATS, group(), Change::Leave);
        world.run_for(seconds(20));
        let reached: Vec<_> = world.situations().iter().collect();
        assert_eq!(reached, []);
    }
}
