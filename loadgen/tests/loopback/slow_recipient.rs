//! One slow recipient shows where it must and nowhere else.

use std::sync::Arc;

use hubbub_chat::Design;
use hubbub_loadgen::LoadResult;

use crate::{
    nets::{Delay, FaultyNet},
    server::{Server, in_one_group, load, milliseconds, order, run},
};

async fn run_delayed_by(by_ns: u64) -> LoadResult {
    let design = Design::default();
    let server = Server::start(&design).await;
    // Any device but the connection of the provisioning.
    let net = Arc::new(FaultyNet::new(Delay { place: 5, by_ns }));
    let order = order(&server, in_one_group(load(600.0, 3)), &design);
    let outcome = run(net, &order).await.unwrap();
    assert!(outcome.result.ledger.is_clean(), "{:?}", outcome.result.ledger);
    outcome.result
}

fn last_recipient_p50_ns(result: &LoadResult) -> u64 {
    result.latencies.last_recipient.group.summary.p50.nanoseconds().expect("everything came")
}

/// 19 of 20 deliveries go to the others, so nine in ten do not see the slow one.
fn others_p90_ns(result: &LoadResult) -> u64 {
    result.latencies.delivery.group.summary.p90.nanoseconds().expect("everything came")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_recipient_delayed_by_50_ms_moves_the_last_recipient_and_not_the_others() {
    let (base, delayed) = (run_delayed_by(0).await, run_delayed_by(milliseconds(50)).await);
    assert!(last_recipient_p50_ns(&delayed) >= milliseconds(50));
    // How far the last one is behind the others, whatever the machine adds to all of them.
    let behind =
        |result: &LoadResult| last_recipient_p50_ns(result) as i64 - others_p90_ns(result) as i64;
    let moved_ns = behind(&delayed) - behind(&base);
    assert!(moved_ns > milliseconds(25) as i64, "{moved_ns}");
}
