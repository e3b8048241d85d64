//! The hardened design holds under fault schedules that nobody thought of.

use crate::{
    drawn_faults::Ground,
    support::{assert_no_violation, busy_in_regions},
};
use hubbub_scenario::{Engine, FaultKind};
use hubbub_sim::{Setup, fast, judge};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

/// Faults begin between 5 and 35 s of a minute.
const IN_REGIONS: Ground = Ground {
    engine: Engine::Fast,
    hosts: &[
        "store",
        "chat-1",
        "chat-2",
        "chat-3",
        "presence-1",
        "presence-2",
        "notify-1",
        "api-1",
        "devices-1",
        "devices-2",
    ],
    regions: &["eu", "us"],
    begin_ms: (5_000, 35_000),
    longest_ms: 12_000,
};

/// How many schedules are tried; `PROPTEST_CASES` asks for more than `least`.
fn cases(least: u32) -> u32 {
    least
        .max(std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(0))
}

fn config(least: u32) -> ProptestConfig {
    ProptestConfig { cases: cases(least), ..ProptestConfig::default() }
}

/// Panics unless every kind that the engine can do is drawn on that ground.
fn assert_all_drawn(ground: Ground) {
    let (mut runner, schedule) = (TestRunner::deterministic(), ground.schedule(5));
    let texts = (0..400).map(|_| schedule.new_tree(&mut runner).unwrap().current());
    let all: String = texts.collect();
    for kind in FaultKind::ALL {
        let can = kind.engines().contains(&ground.engine);
        assert_eq!(all.contains(&format!("kind = \"{kind}\"\n")), can, "{kind}");
    }
}

#[test]
fn every_kind_of_fault_is_drawn() {
    assert_all_drawn(IN_REGIONS);
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn every_role_holds_whatever_goes_wrong(
        faults in IN_REGIONS.schedule(5),
        seed in 0..1_000_000_u64,
    ) {
        let scenario = busy_in_regions(&faults);
        let setup = Setup::new(&scenario, "hash", "", &scenario.design, seed).unwrap();
        let judged = judge(&setup, &fast::run(&setup, false));
        assert_no_violation("random faults", &judged);
    }
}

#[cfg(feature = "full")]
mod full_engine {
    use super::*;
    use crate::support::{assert_clean, busy_on_six_hosts, lively_in_regions, run_full};

    /// Chat alone, for 30 s.
    const LIVELY: Ground = Ground {
        engine: Engine::Full,
        hosts: &["store", "chat-1", "chat-2", "chat-3", "devices-1", "devices-2"],
        regions: &["eu", "us"],
        begin_ms: (3_000, 20_000),
        longest_ms: 7_000,
    };

    /// Every role is there, for a minute.
    const BUSY: Ground = Ground {
        hosts: &["store", "chat-1", "chat-2", "presence-1", "notify-1", "devices-1"],
        regions: &[],
        engine: Engine::Full,
        ..IN_REGIONS
    };

    #[test]
    fn every_kind_of_fault_is_drawn() {
        assert_all_drawn(BUSY);
    }

    proptest! {
        #![proptest_config(config(16))]

        #[test]
        fn nothing_is_lost_doubled_or_out_of_order_in_the_full_engine(
            faults in LIVELY.schedule(5),
            seed in 0..1_000_000_u64,
        ) {
            let (_, _, judged) = run_full(&lively_in_regions(&faults), seed);
            assert_clean("random faults", &judged);
        }

        #[test]
        fn every_role_holds_in_the_full_engine_whatever_goes_wrong(
            faults in BUSY.schedule(5),
            seed in 0..1_000_000_u64,
        ) {
            let (_, _, judged) = run_full(&busy_on_six_hosts(&faults), seed);
            assert_no_violation("random faults", &judged);
        }
    }
}
