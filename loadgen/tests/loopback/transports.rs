//! A load goes over each transport of the design, and is accounted for alike.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{Design, design::Transport};
use hubbub_service::net::RealNet;

use crate::server::{Server, load, order, run, violations};

#[tokio::test(flavor = "multi_thread")]
async fn every_transport_delivers_each_message_once() {
    for transport in [Transport::LongPolling, Transport::Polling, Transport::HttpSend] {
        let poll_interval = Duration::from_millis(200);
        let design = Design { transport, poll_interval, ..Design::default() };
        let server = Server::start(&design).await;
        let order = order(&server, load(100.0, 2), &design);
        let outcome = run(Arc::new(RealNet::new()), &order).await.unwrap();
        let ledger = &outcome.result.ledger;
        assert!(ledger.is_clean(), "{transport}: {ledger:?}");
        assert_eq!((ledger.expected > 0, ledger.delivered), (true, ledger.expected), "{transport}");
        assert_eq!(violations(outcome.history.as_ref().unwrap()), Default::default());
    }
}
