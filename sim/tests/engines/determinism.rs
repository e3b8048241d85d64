//! The same seed gives the same trace, byte for byte.

use crate::support::{BUSY_FAULTS, FAULTS, busy_with, lively_with, setup};
use hubbub_history::trace::{Trace, TraceLine};
use hubbub_sim::{fast, first_difference};

#[test]
fn the_fast_engine_repeats_itself() {
    for (name, faults) in FAULTS {
        let setup = setup(&lively_with(faults), &Default::default(), 7);
        let [one, other] = [0, 1].map(|_| fast::run(&setup, true).trace.unwrap());
        assert_same(name, &one, &other);
    }
}

#[test]
fn the_fast_engine_repeats_itself_with_every_role() {
    for (name, faults) in BUSY_FAULTS {
        let scenario = busy_with(faults);
        let setup = setup(&scenario, &scenario.design, 7);
        let [one, other] = [0, 1].map(|_| fast::run(&setup, true).trace.unwrap());
        assert_same(name, &one, &other);
    }
}

#[test]
fn another_seed_gives_the_fast_engine_another_trace() {
    let traces = [7, 8].map(|seed| {
        let setup = setup(&lively_with(""), &Default::default(), seed);
        fast::run(&setup, true).trace.unwrap()
    });
    assert_differs_beyond_the_header(&traces);
}

fn assert_same(name: &str, one: &Trace, other: &Trace) {
    let messages = one.messages().count();
    assert!(messages >= 1000, "{name}: only {messages} messages");
    if let Some(difference) = first_difference(one, other) {
        panic!("{name}: {difference}");
    }
}

fn assert_differs_beyond_the_header([one, other]: &[Trace; 2]) {
    let equal = |(one, other): &(&TraceLine, &TraceLine)| one == other;
    let lines = one.lines.iter().zip(&other.lines);
    let same = lines.clone().filter(equal).count();
    assert!(same < lines.count() / 2, "{same} lines are the same");
}

#[cfg(feature = "full")]
mod full_engine {
    use std::{
        process::{Command, Stdio},
        sync::Arc,
    };

    use hubbub_chat::{Design, DeviceId, design::Transport};
    use hubbub_sim::full::{self, DeviceSeat};

    use super::*;
    use crate::support::{BUSY_FAULTS, busy_on_six_hosts};

    /// Every kind of fault in one run.
    fn stormy() -> hubbub_sim::Setup {
        let faults: String = [0, 2, 3, 4].map(|index| FAULTS[index].1).concat();
        setup(&lively_with(&faults), &Default::default(), 7)
    }

    fn trace() -> Trace {
        full::run(&stormy(), true).unwrap().trace.unwrap()
    }

    #[test]
    fn it_repeats_itself_in_one_process() {
        assert_same("full", &trace(), &trace());
    }

    #[test]
    fn it_repeats_itself_with_every_role_and_over_every_transport() {
        let chosen = ["presence crash", "notifier crash", "short drain", "skew", "tunnel"];
        let faults: String =
            BUSY_FAULTS.into_iter().filter(|it| chosen.contains(&it.0)).map(|it| it.1).collect();
        // Users who crash, while others are in a tunnel.
        let users = BUSY_FAULTS.iter().find(|it| it.0 == "users crash").unwrap().1;
        let scenario = busy_on_six_hosts(&format!("{faults}{users}"));
        for transport in
            [Transport::Websocket, Transport::LongPolling, Transport::Polling, Transport::HttpSend]
        {
            let design = Design { transport, ..scenario.design.clone() };
            let setup = setup(&scenario, &design, 7);
            let [one, other] = [0, 1].map(|_| full::run(&setup, true).unwrap().trace.unwrap());
            assert_same(&transport.to_string(), &one, &other);
        }
    }

    #[test]
    fn another_seed_gives_another_trace() {
        let traces = [7, 8].map(|seed| {
            let setup = setup(&lively_with(""), &Default::default(), seed);
            full::run(&setup, true).unwrap().trace.unwrap()
        });
        assert_differs_beyond_the_header(&traces);
    }

    /// Runs this very test again in a process of its own, which prints the trace.
    #[test]
    fn it_repeats_itself_in_two_processes() {
        const CHILD: &str = "HUBBUB_PRINT_TRACE";
        if std::env::var_os(CHILD).is_some() {
            let mut out = std::io::stdout().lock();
            return trace().write(&mut out).unwrap();
        }
        let name = "determinism::full_engine::it_repeats_itself_in_two_processes";
        let printed = [0, 1].map(|_| {
            let child = Command::new(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture", "--test-threads=1"])
                .env(CHILD, "1")
                .stderr(Stdio::inherit())
                .output()
                .unwrap();
            assert!(child.status.success());
            let text = String::from_utf8(child.stdout).unwrap();
            // The test harness prints around the trace, and with times that differ.
            let begin = text.find("{\"trace\":2").unwrap();
            let end = text.rfind("\ntest result").unwrap_or(text.len());
            let lines = text[begin..end].lines().map(str::to_owned);
            lines.filter(|line| !line.starts_with("test ") && line != "ok").collect::<Vec<_>>()
        });
        let [one, other] = printed;
        assert!(one.len() > 1000, "{} lines", one.len());
        let difference = one.iter().zip(&other).position(|(one, other)| one != other);
        assert_eq!(difference.map(|line| (&one[line], &other[line])), None);
        assert_eq!(one.len(), other.len());
    }

    #[test]
    fn the_iteration_of_a_hash_map_is_caught() {
        #[expect(clippy::disallowed_types, reason = "the planted defect")]
        let by_hash = |seats: Vec<DeviceSeat>| {
            let seats: std::collections::HashMap<DeviceId, DeviceSeat> =
                seats.into_iter().map(|seat| (seat.device, seat)).collect();
            seats.into_values().collect()
        };
        let traces = [0, 1].map(|_| {
            let outcome = full::run_arranged(&stormy(), true, Arc::new(by_hash)).unwrap();
            outcome.trace.unwrap()
        });
        let difference = first_difference(&traces[0], &traces[1]);
        let text = difference.expect("the traces must differ").to_string();
        assert!(text.contains("the traces differ at line"), "{text}");
    }
}
