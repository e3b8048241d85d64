//! The fast engine runs the hardened design through every fault without a violation.

mod support;

use support::{assert_clean, lively_with, run_fast};

#[test]
fn a_quiet_network_leaves_nothing_to_complain_about() {
    let (_, outcome, judged) = run_fast(&lively_with(""), 1);
    assert_clean(&judged);
    assert!(judged.counts.sends > 200, "{:?}", judged.counts);
    assert_eq!(judged.counts.accepted, judged.counts.sends, "{:?}", judged.counts);
    assert!(judged.times.deliver.p99_ms < 500.0, "{:?}", judged.times);
    assert!(outcome.machine_events > 1000);
}

const FAULTS: [(&str, &str); 8] = [
    ("partition", "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"partition\"\nbetween = [[\"chat-1\"], [\"store\"]]\n"),
    ("isolation", "[[fault]]\nat = \"5s\"\nfor = \"20s\"\nkind = \"partition\"\nhost = \"chat-2\"\n"),
    ("one way", "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"partition-one-way\"\nbetween = [[\"store\"], [\"chat-1\", \"chat-3\"]]\n"),
    ("blip", "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"blip\"\nhost = \"devices-1\"\n"),
    ("crash", "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"crash\"\nhost = \"chat-2\"\n"),
    ("power loss", "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"power-loss\"\nhost = \"chat-2\"\n[[fault]]\nat = \"15s\"\nfor = \"4s\"\nkind = \"power-loss\"\nhost = \"store\"\n"),
    ("device crash", "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"crash\"\nhost = \"devices-1\"\n[[fault]]\nat = \"15s\"\nfor = \"4s\"\nkind = \"power-loss\"\nhost = \"devices-2\"\n"),
    ("latency", "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"latency\"\nhost = \"store\"\nlatency = \"2500ms\"\n"),
];

#[test]
fn the_hardened_design_holds_under_every_kind_of_fault() {
    for (name, faults) in FAULTS {
        let scenario = lively_with(faults);
        for seed in 1..=20 {
            eprintln!("{name}, seed {seed}");
            let (_, _, judged) = run_fast(&scenario, seed);
            assert_clean(&judged);
            for effect in &judged.effects {
                assert!(effect.affected > 0, "{name}, seed {seed}: {effect:?}");
            }
        }
    }
}
