//! A run that is cancelled keeps what it measured.

use std::sync::Arc;

use hubbub_chat::Design;
use hubbub_history::{EventBody, Phase};
use hubbub_loadgen::{LoadError, LoadProgress, Outcome, Stage, run_load};
use hubbub_service::net::RealNet;
use tokio::sync::watch;

use crate::server::{Server, load, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_is_invalid_and_keeps_what_it_measured() {
    let design = Design::default();
    let server = Server::start(&design).await;
    let (cancel, cancelled) = watch::channel(false);
    let cancel_in_window = move |one: &LoadProgress| {
        if one.stage == Stage::Window && one.share > 0.01 {
            cancel.send_replace(true);
        }
    };
    let order = order(&server, load(300.0, 60), &design);
    let net = Arc::new(RealNet::new());
    let outcome = run_load(net, &order, &cancel_in_window, cancelled).await.unwrap();

    let result = &outcome.result;
    assert!(outcome.is_cut_short);
    assert_eq!(result.verdict.outcome, Outcome::Invalid, "{:?}", result.verdict);
    assert!(result.verdict.reasons[0].text.contains("cut short"), "{:?}", result.verdict);
    assert!(result.counts.deliveries > 0 && result.latencies.delivery.all.summary.samples > 0);
    assert!(result.counts.sends_begun < result.counts.sends_scheduled / 2, "{:?}", result.counts);
    let events = outcome.history.as_ref().unwrap().events();
    let last = events.last().map(|event| &event.body);
    assert!(matches!(last, Some(EventBody::Phase { phase: Phase::End, .. })), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_before_it_sends_has_no_result() {
    let design = Design::default();
    let server = Server::start(&design).await;
    let (_cancel, cancelled) = watch::channel(true);
    let order = order(&server, load(300.0, 60), &design);
    let ignore = |_: &LoadProgress| {};
    let result = run_load(Arc::new(RealNet::new()), &order, &ignore, cancelled).await;
    assert!(matches!(result, Err(LoadError::Cancelled)), "{result:?}");
}
