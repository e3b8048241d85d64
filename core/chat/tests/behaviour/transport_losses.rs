//! Whatever the network does: as long as a session lives, everything goes over it once, in order, in
//! both directions.

use std::time::Duration;

use hubbub_chat::{
    Design,
    design::Transport,
    device::DeviceInput,
    random::Random,
    transport::{CallRefusal, ClientInput},
};
use proptest::prelude::*;

use crate::{
    support::seconds,
    transport_link::{Fate, Link, heartbeat},
};

#[derive(Debug, Clone)]
enum Step {
    Say {
        urgent: bool,
        count: u64,
    },
    Send {
        count: u64,
    },
    Heartbeat,
    Wait {
        milliseconds: u64,
    },
    /// Each packet is lost, reset, late or doubled with this many per cent.
    Weather {
        lost: u64,
        reset: u64,
        late: u64,
        doubled: u64,
    },
    BreakConnections,
    RestartServer,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (any::<bool>(), 1..6_u64).prop_map(|(urgent, count)| Step::Say { urgent, count }),
        8 => (1..6_u64).prop_map(|count| Step::Send { count }),
        3 => Just(Step::Heartbeat),
        12 => (1..9000_u64).prop_map(|milliseconds| Step::Wait { milliseconds }),
        4 => (0..15_u64, 0..15_u64, 0..30_u64, 0..30_u64)
            .prop_map(|(lost, reset, late, doubled)| Step::Weather { lost, reset, late, doubled }),
        2 => Just(Step::BreakConnections),
        1 => Just(Step::RestartServer),
    ]
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    lived: bool,
    repeats: u64,
    received: usize,
}

fn run(transport: Transport, keep_alive: bool, seed: u64, steps: &[Step]) -> Run {
    let mut link = Link::open(Design { transport, keep_alive, ..Design::default() });
    let mut sent = 0;
    let mut restarts = 0;
    for (index, step) in steps.iter().enumerate() {
        match *step {
            Step::Say { urgent, count } => (0..count).for_each(|_| link.say(urgent)),
            Step::Send { count } => (0..count).for_each(|_| {
                sent += 1;
                link.send(sent);
            }),
            Step::Heartbeat => link.device(ClientInput::Frame(heartbeat(1))),
            Step::Wait { milliseconds } => link.run_for(Duration::from_millis(milliseconds)),
            Step::Weather { lost, reset, late, doubled } => {
                let mut random = Random::stream(seed, index as u64);
                link.rule(move |_| match random.below(100) {
                    draw if draw < lost => Fate::Drop,
                    draw if draw < lost + reset => Fate::Reset,
                    draw if draw < lost + reset + late => Fate::Delay(random.up_to(seconds(40))),
                    draw if draw < lost + reset + late + doubled => Fate::Twice,
                    _ => Fate::Pass,
                });
            }
            Step::BreakConnections => link.break_connections(),
            Step::RestartServer => {
                restarts += 1;
                link.restart_server();
            }
        }
    }
    link.heal();
    link.run_for(seconds(120));
    assert_once_and_in_order(&link, sent, restarts);
    Run {
        lived: !link.was_told(&DeviceInput::Closed),
        repeats: link.client.counts().repeats,
        received: link.received().len(),
    }
}

fn assert_once_and_in_order(link: &Link, sent: u64, restarts: u32) {
    let (received, taken) = (link.received(), link.taken_sends());
    let superseded = |reason: &CallRefusal| *reason == CallRefusal::Superseded;
    assert!(link.refused.iter().all(superseded), "an honest client: {:?}", link.refused);
    let lived = !link.was_told(&DeviceInput::Closed);
    if lived {
        assert_eq!(restarts, 0, "nobody survives that");
        assert_eq!(received, (1..=link.said()).collect::<Vec<_>>());
        assert_eq!(taken, (1..=sent).collect::<Vec<_>>());
    } else {
        assert_eq!(received, (1..=received.len() as u64).collect::<Vec<_>>(), "a beginning of it");
        assert_eq!(taken, (1..=taken.len() as u64).collect::<Vec<_>>(), "a beginning of it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_is_lost_or_doubled_while_the_session_lives(
        polling in any::<bool>(),
        keep_alive in any::<bool>(),
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let transport = if polling { Transport::Polling } else { Transport::LongPolling };
        run(transport, keep_alive, seed, &steps);
    }
}

/// The property says little when every session dies, or when no call had to be repeated.
#[test]
fn sessions_live_through_losses() {
    let script = [
        Step::Weather { lost: 5, reset: 5, late: 10, doubled: 10 },
        Step::Say { urgent: true, count: 3 },
        Step::Send { count: 3 },
        Step::Wait { milliseconds: 4000 },
        Step::Heartbeat,
        Step::Say { urgent: false, count: 2 },
        Step::BreakConnections,
        Step::Wait { milliseconds: 30_000 },
        Step::Send { count: 1 },
        Step::Say { urgent: true, count: 1 },
        Step::Wait { milliseconds: 30_000 },
    ];
    let runs: Vec<Run> =
        (0..200).map(|seed| run(Transport::LongPolling, true, seed, &script)).collect();
    let lived_through_losses =
        runs.iter().filter(|run| run.lived && run.repeats > 1 && run.received == 6).count();
    assert!(lived_through_losses > 100, "{lived_through_losses} of 200");
}
