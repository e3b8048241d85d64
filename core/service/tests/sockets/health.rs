//! What the health page counts.

use hubbub_chat::{
    ChannelId, ServerId,
    frame::ServerFrame,
    presence::{PresenceConfig, PresenceLimits},
};
use hubbub_service::{Config, Ports, PresenceRole, client::request_json};
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{
    Http, Phone, Places, Server, Session, design, models, registered_role, within,
};

#[tokio::test]
async fn health_counts_what_the_server_did() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let fresh = http.get("/v1/health", None).await;
    assert_eq!((&fresh["status"], &fresh["sessions"]), (&"ok".into(), &0.into()));

    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut at_ann, _) = Session::hello(&net, &server.address, &ann).await;
    let (mut at_ben, _) = Session::hello(&net, &server.address, &ben).await;
    for _ in 0..2 {
        at_ann.say(channel, 1, "hello").await;
        at_ann.accepted(1).await;
    }
    assert!(matches!(at_ben.next().await, ServerFrame::Entry { .. }));
    at_ben.send_text("nonsense").await;
    assert!(matches!(at_ben.next().await, ServerFrame::Error { .. }));

    let health = http.get("/v1/health", None).await;
    for (figure, expected) in [
        ("sessions", 2),
        ("appends", 1),
        ("repeats", 1),
        ("deliveries", 1),
        ("pages", 2),
        ("holes", 0),
        ("slow_consumers", 0),
        ("hints_sent", 0),
        ("hints_received", 0),
        ("hints_lost", 0),
        ("answers_lost", 0),
        ("connections_refused", 0),
        ("frames_malformed", 1),
        // Two pages, two acceptances, one entry, one error.
        ("frames_encoded", 6),
    ] {
        assert_eq!(health[figure], expected, "{figure} in {health}");
    }
}

#[tokio::test]
async fn a_presence_server_has_a_page_of_its_own() {
    let (net, design) = (Places::net(), design());
    let (backend, _) = models(&net, &design);
    let presence = PresenceConfig {
        server: ServerId(1),
        design: design.clone(),
        seed: 1,
        limits: PresenceLimits::default(),
    };
    let role = PresenceRole {
        listen: "presence".into(),
        address: String::new(),
        presence,
        holder: 7,
        ports: Ports::Local(backend.clone()),
        health: Some("health".into()),
        figures: std::sync::Arc::default(),
    };
    let _presence = Server::start(&net, Config::Presence(role)).await;
    let role = registered_role("chat-1", 1, design.clone(), Ports::Local(backend));
    let chat = Server::start(&net, Config::Chat(role)).await;
    let http = Http::new(&net, &chat.address);
    let ann = http.enter("ann").await;
    let _phone = Phone::synced(&net, &ann, &chat.address, &design).await;
    let page = async || -> Value {
        request_json(&*net, "health", Method::GET, "/v1/health", None, None).await.unwrap()
    };
    within("user on the page", async {
        while page().await["users"] != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let page = page().await;
    assert_eq!((&page["status"], &page["has_place"]), (&json!("ok"), &json!(true)), "{page}");
    assert!(page["beats"].as_u64() > Some(0), "{page}");
    for figure in ["overflowed", "refused", "requests_overflowed", "publications_lost"] {
        assert_eq!(page[figure], 0, "{figure} in {page}");
    }
    let nowhere = request_json(&*net, "health", Method::GET, "/v1/users/ann", None, None);
    assert!(nowhere.await.unwrap_err().to_string().contains("404"));
}
