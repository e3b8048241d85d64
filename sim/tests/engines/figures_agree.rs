//! Both engines measure the same figures, and come to about the same.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{Design, design::Transport};
use hubbub_scenario::Figure;
use hubbub_sim::{fast, full, judge};

use crate::support::{BUSY_FAULTS, busy_on_six_hosts, setup};

/// What is counted inside of hosts, and the factor that the engines may be apart: their latencies
/// differ, and with them what goes into one read or one publication.
const COUNTED: [(Figure, f64); 10] = [
    (Figure::StoreRowsPerMessage, 1.1),
    (Figure::StoreBytesPerMessage, 1.1),
    (Figure::StoreRowsReadPerDelivery, 1.5),
    (Figure::StoreRowsReadPerSync, 1.5),
    (Figure::StatusChanges, 1.1),
    (Figure::PresenceEventsPerChange, 1.5),
    (Figure::PresenceSnapshotsPerChange, 1.2),
    (Figure::HeartbeatsPerS, 1.1),
    (Figure::BytesPerDelivery, 1.2),
    // The longest of six devices: it depends on how far into its poll each of them was.
    (Figure::BelievedConnectedS, 1.2),
];

fn figures(fault: &str, transport: Transport) -> [BTreeMap<Figure, f64>; 2] {
    let faults = BUSY_FAULTS.into_iter().filter(|(name, _)| *name == fault);
    let scenario = busy_on_six_hosts(&faults.map(|(_, text)| text).collect::<String>());
    let design = Design { transport, ..scenario.design.clone() };
    let setup = setup(&scenario, &design, 1);
    let engines = [fast::run(&setup, false), full::run(&setup, false).unwrap()];
    engines.map(|outcome| judge(&setup, &outcome).figures)
}

#[test]
fn both_engines_measure_the_same() {
    for transport in [Transport::Websocket, Transport::HttpSend, Transport::LongPolling] {
        for fault in ["long tunnel", "users power loss"] {
            let engines = figures(fault, transport);
            let [fast, full] = &engines;
            let names = [fast, full].map(|figures| {
                let names = figures.keys().copied();
                // Whether a device asks discovery again or goes where it was sent last is a matter of
                // when its question was lost.
                names.filter(|name| *name != Figure::LoginPeakPerS).collect::<BTreeSet<_>>()
            });
            assert_eq!(names[0], names[1], "{fault} over {transport}");
            for (figure, factor) in COUNTED {
                let (fast, full) = (fast[&figure], full[&figure]);
                assert!(
                    fast > 0.0 && full > 0.0 && fast.max(full) <= factor * fast.min(full),
                    "{fault} over {transport}: {figure} is {fast} and {full}"
                );
            }
        }
    }
}

#[test]
fn where_no_device_goes_nobody_is_believed_in() {
    for transport in [Transport::Websocket, Transport::HttpSend, Transport::LongPolling] {
        for figures in figures("", transport) {
            assert_eq!(figures.get(&Figure::BelievedConnectedS), None, "{transport}");
        }
    }
}

#[test]
fn a_server_hears_of_a_device_that_dies_where_its_connection_is_the_session() {
    for transport in [Transport::Websocket, Transport::HttpSend] {
        for figures in figures("users crash", transport) {
            let believed_s = figures[&Figure::BelievedConnectedS];
            assert!(believed_s > 0.0 && believed_s < 0.1, "{transport}: {believed_s} s");
        }
    }
}
