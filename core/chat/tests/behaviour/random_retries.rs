//! Whatever happens on the way, and whatever a device does with sends that nobody answered: what was
//! accepted is in the log and on every device, and each send is settled once.

use std::collections::BTreeSet;

use hubbub_chat::{
    Design,
    design::{Fanout, Retry},
};
use proptest::prelude::*;

use crate::random_scripts::{Run, design, step};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn each_send_is_settled_once_and_what_was_accepted_is_there(
        retry in prop_oneof![Just(Retry::Blind), Just(Retry::None)],
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut run = Run::new(2, Design { retry, ..design(Fanout::Inbox) }, seed);
        for step in steps {
            run.take(step);
        }
        run.end();
        run.check_devices();
        let stored: BTreeSet<_> =
            run.world.store.entries().map(|entry| (entry.channel, entry.body_hash())).collect();
        for device in Run::devices() {
            let accepted = run.world.accepted(device);
            for (send, _) in &accepted {
                prop_assert!(stored.contains(&(send.channel, send.body_hash)));
            }
            let failed = run.world.failed(device);
            let mut settled: Vec<_> = accepted.iter().map(|(send, _)| *send).collect();
            settled.extend(failed.iter().map(|(send, _)| *send));
            for (send, _) in failed {
                prop_assert!(!stored.contains(&(send.channel, send.body_hash)), "{send:?}");
            }
            settled.extend(run.world.given_up(device));
            settled.sort_unstable();
            let mut invoked = run.world.invoked(device);
            invoked.sort_unstable();
            prop_assert_eq!(settled, invoked);
        }
    }
}
