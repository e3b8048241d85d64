//! A server that stops for two seconds cannot hide it.

use std::sync::{Arc, Once};

use hubbub_chat::Design;
use hubbub_loadgen::{LoadProgress, Outcome, Stage, run_load};
use hubbub_scenario::{Load, Period};
use hubbub_service::net::Net;
use tokio::sync::watch;

use crate::{
    nets::{FaultyNet, Hold},
    server::{Server, in_one_group, load, milliseconds, order, violations},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_for_two_seconds_shows_in_the_p99_from_the_intended_time() {
    // One send in flight per conversation: whatever is wanted during the stop waits at the device.
    let design = Design { inflight_max: 1, ..Design::default() };
    let server = Server::start(&design).await;
    let net = Arc::new(FaultyNet::new(Hold::default()));
    let (stopped, hold) = (Once::new(), net.clone());
    let stop_once = move |one: &LoadProgress| {
        if one.stage == Stage::Window && one.share > 0.2 {
            let until_ns = hold.now().monotonic.0 + milliseconds(2_000);
            stopped.call_once(|| hold.fault().until(until_ns));
        }
    };
    // A hundred sends a second of six devices: six are in flight when the server stops, and two
    // hundred wait.
    let load = Load { connections: 6, deliver_p99: Period::from_millis(50), ..load(500.0, 5) };
    let load = in_one_group(load);
    let (_running, cancelled) = watch::channel(false);
    let order = order(&server, load, &design);
    let outcome = run_load(net, &order, &stop_once, cancelled).await.unwrap();

    let result = &outcome.result;
    let delivery = &result.latencies.delivery.all;
    assert!(delivery.summary.p99.exceeds(milliseconds(1_500)), "{}", delivery.summary.p99);
    // Two of five seconds: the slowest tenth waited for 1.5 s and more, evenly up to 2 s.
    assert!(delivery.reading(900).exceeds(milliseconds(1_000)), "{}", delivery.reading(900));
    // Counted from the actual send, those that waited at the device look fast.
    let uncorrected = result.latencies.delivery_uncorrected.all.reading(900);
    let half_ns = delivery.reading(900).nanoseconds().unwrap() / 2;
    assert!(!uncorrected.exceeds(half_ns), "{uncorrected}");
    assert_ne!(result.verdict.outcome, Outcome::Pass);
    // Late is not lost.
    assert!(result.ledger.is_clean(), "{:?}", result.ledger);
    assert!(result.ledger.late > 0);
    assert_eq!(violations(outcome.history.as_ref().unwrap()), Default::default());
}
