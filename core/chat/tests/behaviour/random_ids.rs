//! Ids that are no places of a log lose nothing as long as the clock is right and no append is slow:
//! whatever happens to devices, connections and chat servers.

use hubbub_chat::{
    Design,
    design::{CursorScope, Fanout, IdSource, Ids, WorkerIds},
};
use proptest::prelude::*;

use crate::{
    random_scripts::{Run, Step, design, step},
    support::*,
};

/// One server, so that ids are committed in their order. Ports neither lose nor delay anything, or an
/// append would be overtaken by a later one.
fn calm(step: Step) -> Option<Step> {
    match step {
        Step::Weather { .. } => None,
        step => Some(step),
    }
}

fn designs() -> impl Strategy<Value = Design> {
    let ids = prop_oneof![
        2 => Just((Ids::Snowflake, IdSource::Local, WorkerIds::Leased)),
        1 => Just((Ids::Snowflake, IdSource::Local, WorkerIds::Fixed)),
        1 => Just((Ids::Snowflake, IdSource::Generator, WorkerIds::Leased)),
    ];
    let cursor = prop_oneof![Just(CursorScope::PerChannel), Just(CursorScope::Global)];
    let fanout = prop_oneof![Just(Fanout::Inbox), Just(Fanout::ChannelLog)];
    (ids, cursor, fanout).prop_map(|((ids, id_source, worker_ids), cursor, fanout)| Design {
        ids,
        id_source,
        worker_ids,
        cursor,
        skew_max: std::time::Duration::from_millis(10),
        lease_ttl: seconds(2),
        ..design(fanout)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn with_a_good_clock_and_no_slow_append_nothing_is_lost(
        design in designs(),
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut run = Run::new(1, design, seed);
        for step in steps.into_iter().filter_map(calm) {
            run.take(step);
        }
        run.end();
        run.check();
    }
}
