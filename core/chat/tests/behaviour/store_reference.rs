//! The model of the store does what a much simpler one does, whatever it is asked.

mod both;
mod checks;
mod steps;

use std::collections::BTreeSet;

use hubbub_chat::design::{Fanout, PushWhen};
use proptest::prelude::*;

use self::{both::Both, steps::step};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_model_answers_as_the_reference_does(
        fanout in prop_oneof![
            2 => Just(Fanout::Inbox), 1 => Just(Fanout::ChannelLog), 1 => Just(Fanout::SharedQueue),
        ],
        push_when in prop_oneof![
            3 => Just(PushWhen::NotReceived), 1 => Just(PushWhen::PresenceOffline),
        ],
        swept in any::<bool>(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut both = Both::new(fanout, push_when, swept);
        for step in steps {
            both.take(step);
            both.check();
        }
    }
}

/// A random sequence means little when it never comes to anything.
#[test]
fn random_requests_reach_every_kind_of_answer() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeSet::new();
    for _ in 0..100 {
        let steps = prop::collection::vec(step(), 120).new_tree(&mut runner).unwrap().current();
        let mut both = Both::new(Fanout::Inbox, PushWhen::NotReceived, false);
        kinds.extend(steps.into_iter().map(|step| both.take(step)));
    }
    for kind in [
        "appended",
        "repeated",
        "Gap",
        "TooOld",
        "ClientIdReused",
        "append NotMember",
        "changed",
        "changed already",
        "change TooOld",
        "change NotMember",
        "NotOwner",
        "GroupLimit",
        "Exists",
        "Invalid",
        "append UnknownDevice",
        "change UnknownDevice",
        "read several pages",
        "read refused",
        "told of loss",
        "logged out",
        "logged in",
        "0 pushes due",
        "3 pushes due",
    ] {
        assert!(
            kinds.iter().any(|seen| seen.starts_with(kind)),
            "{kind} was never reached: {kinds:?}"
        );
    }
}
