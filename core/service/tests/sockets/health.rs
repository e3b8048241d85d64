//! What the health page counts.

use hubbub_chat::{ChannelId, frame::ServerFrame};

use crate::support::{Http, Places, Server, Session, design};

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
