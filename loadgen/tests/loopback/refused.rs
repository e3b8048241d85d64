//! What keeps a load from running is said in words that help.

use std::{sync::Arc, time::Duration};

use hubbub_chat::Design;
use hubbub_loadgen::LoadError;
use hubbub_scenario::Load;
use hubbub_service::net::RealNet;

use crate::{
    nets::{FaultyNet, OpenAtMost},
    server::{Server, load, model_backend, order, run},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_provision_is_named_with_what_to_do() {
    let design = Design::default();
    let server = Server::over(&design, model_backend(&design), false).await;
    let order = order(&server, load(100.0, 1), &design);
    let error = run(Arc::new(RealNet::new()), &order).await.unwrap_err().to_string();
    assert!(error.contains(&server.address) && error.contains("--provision"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_named() {
    let design = Design::default();
    let server = Server::start(&design).await;
    let mut order = order(&server, load(100.0, 1), &design);
    // Nothing listens on port 1 of this host.
    order.target.address = "127.0.0.1:1".into();
    let error = run(Arc::new(RealNet::new()), &order).await.unwrap_err().to_string();
    assert!(error.contains("no answer from 127.0.0.1:1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_do_not_open_in_time_are_counted() {
    let design = Design::default();
    let server = Server::start(&design).await;
    let order = hubbub_loadgen::LoadOrder {
        connect_within: Duration::from_secs(2),
        ..order(&server, load(100.0, 1), &design)
    };
    // The provisioning and twelve devices.
    let net = Arc::new(FaultyNet::new(OpenAtMost(13)));
    let error = run(net, &order).await.unwrap_err();
    let LoadError::NotConnected { connected, wanted, .. } = error else { panic!("{error}") };
    assert_eq!(wanted, 20);
    assert!(connected <= 12, "{connected}");
    let text = error.to_string();
    assert!(text.contains("of 20 connections") && text.contains("could not be reached"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_machine_allows_are_refused_before_anything_is_asked() {
    let design = Design::default();
    let server = Server::over(&design, model_backend(&design), false).await;
    let load = Load { connections: u32::MAX, ..load(100.0, 1) };
    let error = run(Arc::new(RealNet::new()), &order(&server, load, &design)).await.unwrap_err();
    let is_limit = matches!(error, LoadError::Files { .. } | LoadError::Ports { .. });
    assert!(is_limit, "{error}");
}
