//! A load on a server that does its work.

use std::sync::{Arc, Mutex};

use hubbub_chat::Design;
use hubbub_history::{EventBody, Phase, Source, read_history, write_history};
use hubbub_loadgen::{
    LoadOutcome, LoadProgress, LoadResult, Outcome, ReasonKind, Stage, kernel_socket_bytes,
    run_load,
};
use hubbub_service::net::RealNet;
use tokio::sync::watch;

use crate::server::{Server, load, order, violations};

async fn healthy(progress: &Mutex<Vec<LoadProgress>>) -> LoadOutcome {
    let (design, folder) = (Design::default(), tempfile::tempdir().unwrap());
    let server = Server::on_disk(&design, folder.path()).await;
    let (_running, cancelled) = watch::channel(false);
    let note = |one: &LoadProgress| progress.lock().unwrap().push(*one);
    let order = order(&server, load(300.0, 5), &design);
    run_load(Arc::new(RealNet::new()), &order, &note, cancelled).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_arrives_once_and_the_history_is_clean() {
    let progress = Mutex::default();
    let outcome = healthy(&progress).await;
    let result = &outcome.result;
    assert_ne!(result.verdict.outcome, Outcome::Fail, "{:?}", result.verdict);
    assert!(!outcome.is_cut_short && result.ledger.is_clean(), "{:?}", result.ledger);
    assert_eq!(result.ledger.expected, result.ledger.delivered);
    // 5.5 s at 300 a second, give or take what a Poisson process does.
    assert!((1_200..2_100).contains(&result.ledger.delivered), "{:?}", result.ledger);
    assert_eq!(result.counts.connections_ended, 0);
    // The lag was read from every send, or it could not vouch for the generator.
    assert_eq!(result.latencies.schedule_lag.summary.samples, result.counts.sends_scheduled);

    let history = outcome.history.as_ref().expect("a history was asked for");
    assert_eq!(violations(history), Default::default());
    let mut lines = Vec::new();
    write_history(&mut lines, history).unwrap();
    let read = read_history(lines.as_slice()).unwrap();
    assert_eq!(read.events(), history.events());
    assert_history_tells_the_run(&outcome);

    assert!(!outcome.interval_log.is_empty());
    assert_costs(result);
    assert_progress(&progress.into_inner().unwrap(), result);
}

fn assert_history_tells_the_run(outcome: &LoadOutcome) {
    let events = outcome.history.as_ref().unwrap().events();
    let of = |is: fn(&EventBody) -> bool| events.iter().filter(|event| is(&event.body)).count();
    assert!(matches!(&events[0].body, EventBody::Run { engine, .. } if engine == "load"));
    let phases: Vec<Phase> = events
        .iter()
        .filter_map(|event| match event.body {
            EventBody::Phase { phase, .. } => Some(phase),
            _ => None,
        })
        .collect();
    assert_eq!(phases, [Phase::WarmUp, Phase::Safety, Phase::Liveness, Phase::End]);
    assert!(events.is_sorted_by_key(|event| event.t_ns));
    assert_eq!(of(|body| matches!(body, EventBody::Final { .. })), 20);
    let groups = events.iter().find_map(|event| match &event.body {
        EventBody::Population(population) => Some(population.members.len()),
        _ => None,
    });
    assert_eq!(groups, Some(3));
    // The measurement and the history are two accounts of the same deliveries.
    let applied = of(|body| matches!(body, EventBody::Apply { .. })) as u64;
    assert!(applied > outcome.result.ledger.delivered, "authors hold their own messages too");
    let device = events.iter().find(|event| event.source == Source::Device).unwrap();
    assert!(device.process.0.starts_with("device-"), "{:?}", device.process);
}

/// Costs are there where the system tells them; the server is this very process.
fn assert_costs(result: &LoadResult) {
    let remark = result.verdict.reasons.iter().any(|reason| reason.kind == ReasonKind::Remark);
    assert_eq!(result.costs.generator.is_none(), remark);
    assert_eq!(result.costs.kernel.is_some(), kernel_socket_bytes().is_some());
    if let (Some(server), Some(generator)) = (&result.costs.server, &result.costs.generator) {
        assert!(server.resident_connected_bytes >= Some(1 << 20));
        assert!(server.cpu_s() > 0.0 && generator.cpu_s() > 0.0);
        assert!(result.costs.machine.is_some_and(|machine| machine.busy_s > 0.0));
    }
}

fn assert_progress(progress: &[LoadProgress], result: &LoadResult) {
    assert!(progress.is_sorted_by_key(|one| one.stage));
    let mut stages: Vec<Stage> = progress.iter().map(|one| one.stage).collect();
    stages.dedup();
    assert_eq!(stages[..4], [Stage::Provision, Stage::Connect, Stage::WarmUp, Stage::Window]);
    assert_eq!(stages.last(), Some(&Stage::Close));
    assert!(progress.iter().all(|one| (0.0..=1.0).contains(&one.share)));
    let last = progress.last().unwrap();
    assert_eq!((last.connected, progress.len() > 10), (20, true));
    assert!(last.sends > 0 && last.sends <= result.ledger.sends);
}
