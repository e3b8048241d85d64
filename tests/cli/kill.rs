//! `kill -9` of the server under load: what was accepted is there afterwards, once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hubbub_chat::Design;
use hubbub_history::checkers;
use hubbub_loadgen::{
    HistoryHeader, LoadOrder, LoadProgress, ProgressObserver, Stage, Target, run_load,
};
use hubbub_scenario::Scenario;
use hubbub_service::net::RealNet;
use tokio::sync::watch;

use crate::program::{Program, Server};

const LOAD: &str = r#"
version = 1
name = "kill"
summary = "kill"
[load]
connections = 40
rate = "200/s"
groups = { count = 4, size = [4, 8] }
group_share = 0.5
warmup = "1s"
duration = "6s"
deliver_p99 = "30s"
"#;

/// Kills the server a third into the window, and starts it again on the same port and data.
struct Killer<'run> {
    program: &'run Program,
    server: Mutex<(Server, bool)>,
}

impl ProgressObserver for Killer<'_> {
    fn progress(&self, progress: &LoadProgress) {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.stage == Stage::Window && progress.share > 0.3 && !server.1 {
            server.0.kill();
            let address = server.0.address.clone();
            *server = (Server::start(self.program, &address), true);
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled_by_a_kill() {
    let program = Program::new();
    let server = Server::start(&program, "127.0.0.1:0");
    let target: Target = server.address.parse().unwrap();
    let killer = Killer { program: &program, server: Mutex::new((server, false)) };
    let load = Scenario::parse("kill.toml", LOAD).unwrap().scenario().load.clone().unwrap();
    let order = LoadOrder {
        load,
        design: Design { reconnect_max: Duration::from_secs(2), ..Design::default() },
        target,
        seed: 1,
        connect_within: LoadOrder::CONNECT_WITHIN,
        history: Some(HistoryHeader {
            scenario: "kill".into(),
            scenario_hash: String::new(),
            variant: String::new(),
        }),
    };
    let (_running, cancelled) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let net = Arc::new(RealNet::new());
    let outcome = runtime.block_on(run_load(net, &order, &killer, cancelled)).unwrap();

    assert!(killer.server.lock().unwrap().1, "the server was never killed");
    let ledger = &outcome.result.ledger;
    assert!(ledger.accepted > 100, "{ledger:?}");
    let broken = ledger.missing + ledger.duplicate + ledger.reordered + ledger.unexpected;
    assert_eq!(broken, 0, "{ledger:?}");
    for finding in checkers::check_all(&outcome.history.unwrap()) {
        assert!(!finding.is_violated(), "{finding:#?}");
    }
}
