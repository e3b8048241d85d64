//! Claims are tried, and what came out is kept whatever becomes of the others.

use serde_json::Value;

use crate::program::{Program, SMALL};

/// The small scenario with a claim that is so, and two seeds.
fn claim(text: &str) -> String {
    format!(
        "{SMALL}[claim]\ntext = \"{text}\"\nverdict = \"holds\"\n\
         finding = \"{{base.lost_messages}} were lost.\"\nfigures = [\"lost_messages\"]\n\
         [run]\nseeds = [1, 2]\nengine = \"fast\"\n"
    )
}

#[test]
fn a_claim_that_comes_out_ends_with_0_and_says_over_how_many_seeds() {
    let program = Program::new();
    program.write("one.toml", claim("Nothing is lost."));
    let ended = program.run(&["findings", "one.toml"]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let row = "| Nothing is lost. | holds | 0 were lost. Simulated figures are on average over 2 seeds. \
               | `hubbub run one.toml` |\n";
    assert!(ended.stdout.ends_with(row), "{}", ended.stdout);

    let written = ["findings", "one.toml", "--format", "json", "--out", "findings.json"];
    assert_eq!(program.run(&written).status, 0);
    let text = std::fs::read_to_string(program.path("findings.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json[0]["confirmed"], &json[0]["seeds"]), (&true.into(), &2.into()));
    assert_eq!(json[0]["figures"][0]["values"], serde_json::json!([0.0]));
}

#[test]
fn a_claim_that_does_not_come_out_ends_with_1_and_is_not_stated() {
    let program = Program::new();
    let text = claim("All is lost.") + "[expect]\nviolations = [\"duplicated\"]\n";
    program.write("one.toml", text);
    let ended = program.run(&["findings", "one.toml"]);
    assert_eq!(ended.status, 1);
    assert!(ended.stdout.contains("| All is lost. | not confirmed |"), "{}", ended.stdout);
    assert!(ended.stderr.contains("not confirmed: All is lost."), "{}", ended.stderr);
}

#[test]
fn a_claim_that_cannot_be_tried_does_not_lose_the_others() {
    let program = Program::new();
    let skewed = claim("Clocks agree.").replace(
        "kind = \"partition\"\nbetween = [[\"chat-1\"], [\"store\"]]\n",
        "kind = \"pause\"\nhost = \"chat-1\"\n",
    );
    program.write("a.toml", skewed.replace("\"fast\"", "\"full\""));
    program.write("b.toml", claim("Nothing is lost."));
    let ended = program.run(&["findings", "."]);
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("--engine fast"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("Clocks agree."), "{}", ended.stdout);
    assert!(ended.stdout.contains("| Nothing is lost. | holds |"), "{}", ended.stdout);
}

#[test]
fn where_nothing_can_be_written_nothing_is_tried() {
    let program = Program::new();
    program.write("one.toml", claim("Nothing is lost."));
    for (out, reason) in [("no/page.md", "its folder is not there"), (".", "it is a folder")] {
        let ended = program.run(&["findings", "one.toml", "--out", out]);
        assert_eq!(ended.status, 2);
        assert!(ended.stderr.contains(reason), "{}", ended.stderr);
        assert!(!ended.stderr.contains("1 of 1"), "{}", ended.stderr);
    }
}

#[test]
fn files_without_a_claim_are_refused() {
    let program = Program::new();
    program.write("one.toml", SMALL);
    let ended = program.run(&["findings", "."]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("no scenario there makes a claim"), "{}", ended.stderr);
}
