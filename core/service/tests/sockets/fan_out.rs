//! A message to many sessions is encoded once.

use std::time::Duration;

use futures_util::future::join_all;
use hubbub_chat::{Content, Design, frame::ServerFrame};
use serde_json::json;

use crate::support::{Account, Http, Places, Server, Session, design};

/// The default limit of a group.
const MEMBERS: usize = 100;

#[tokio::test]
async fn a_group_message_to_a_hundred_sessions_is_encoded_once() {
    let net = Places::net();
    // No comparison with the store falls into the count.
    let design = Design { resync_interval: Duration::from_secs(3600), ..design() };
    let (server, _models) = Server::alone(&net, design).await;
    let http = Http::new(&net, &server.address);
    let members: Vec<usize> = (0..MEMBERS).collect();
    let request = json!({ "users": MEMBERS, "groups": [members] });
    let provisioned = http.post("/v1/provision", None, request).await;
    let group = serde_json::from_value(provisioned["groups"][0].clone()).unwrap();
    let devices = provisioned["devices"].as_array().unwrap();
    let accounts = devices.iter().map(|device| Account {
        user: serde_json::from_value(device["user"].clone()).unwrap(),
        device: serde_json::from_value(device["device"].clone()).unwrap(),
        token: device["token"].as_str().unwrap().to_owned(),
    });
    let mut sessions = Vec::new();
    for account in accounts {
        let (session, ranges) = Session::hello(&net, &server.address, &account).await;
        assert_eq!(ranges.len(), 1);
        sessions.push(session);
    }

    let encoded = async || http.get("/v1/health", None).await["frames_encoded"].as_u64().unwrap();
    let before = encoded().await;
    sessions[0].say(group, 1, "to all of you").await;
    sessions[0].accepted(1).await;
    let read = sessions[1..].iter_mut().map(Session::next);
    for frame in join_all(read).await {
        let ServerFrame::Entry { entry } = frame else { panic!("not the entry: {frame:?}") };
        assert_eq!(entry.content, Content::Text("to all of you".into()));
    }
    assert_eq!(encoded().await - before, 2, "the acceptance, and one entry for 99 sessions");
}
