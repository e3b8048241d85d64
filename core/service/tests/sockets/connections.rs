//! Connections that are not sessions: how long and how many.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hubbub_chat::{ChannelId, ServerId, server::ServerConfig};
use hubbub_service::{
    api::{Api, HttpLimits, serve_api},
    chat::{ChatConfig, ChatHandle, HttpSessions},
    client::request_json,
    net::{BoxStream, Net},
    password::{PasswordDesk, Passwords},
};
use hyper::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
};

use crate::support::{Http, Places, Session, design, models, within};

const HEALTH: &[u8] = b"GET /v1/health HTTP/1.1\r\nhost: chat\r\n\r\n";

/// Starts a server with these limits at the address `chat`, until the sender is dropped or used.
pub(crate) async fn serve(
    net: &Arc<dyn Net>,
    limits: HttpLimits,
) -> (Arc<Api>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let (backend, _) = models(net, &design());
    let server = ServerId(1);
    let server = ServerConfig {
        server,
        epoch: 1,
        has_peers: false,
        registration: None,
        design: design(),
        seed: 1,
    };
    let members = Arc::new(|_: &[_]| {});
    let config = ChatConfig { server, peers: BTreeMap::new(), members, figures: Arc::default() };
    let chat = ChatHandle::start(net, config, backend.clone(), stopped.clone());
    let api = Api {
        net: net.clone(),
        sessions: Some(HttpSessions::new(net.clone(), chat.clone(), &design())),
        discovery: None,
        presence: None,
        chat,
        backend,
        passwords: PasswordDesk::new(Passwords::Digest),
        servers: Vec::new(),
        provision: false,
        message_bytes_max: design().message_bytes_max,
        limits,
    };
    let (api, listener) = (Arc::new(api), net.listen("chat").await.unwrap());
    net.spawn(Box::pin(serve_api(api.clone(), listener, stopped)));
    (api, stop)
}

/// Sends these bytes on a new connection and reads what comes until the server closes it.
async fn exchange(net: &Arc<dyn Net>, bytes: &[u8]) -> String {
    let mut stream = connect(net).await;
    stream.write_all(bytes).await.unwrap();
    read_to_end(&mut stream).await
}

async fn connect(net: &Arc<dyn Net>) -> BoxStream {
    net.connect("chat").await.unwrap()
}

async fn read_to_end(stream: &mut BoxStream) -> String {
    let mut read = Vec::new();
    // A connection that is closed with bytes unread is reset; then there is nothing more to read.
    drop(within("end of a connection", stream.read_to_end(&mut read)).await);
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_connection_without_a_whole_head_in_time_is_closed() {
    let net = Places::net();
    let head_within = Duration::from_millis(200);
    let (_api, _stop) = serve(&net, HttpLimits { head_within, ..HttpLimits::default() }).await;
    assert_eq!(exchange(&net, b"").await, "");
    assert_eq!(exchange(&net, &HEALTH[..20]).await, "");
    // The second head is late, not the first.
    let mut stream = connect(&net).await;
    stream.write_all(HEALTH).await.unwrap();
    let mut status = [0; 12];
    within("answer", stream.read_exact(&mut status)).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream.write_all(&HEALTH[..20]).await.unwrap();
    read_to_end(&mut stream).await;
}

#[tokio::test]
async fn a_connection_without_another_request_is_closed_and_a_session_is_not() {
    let net = Places::net();
    let in_time = Duration::from_millis(300);
    let limits = HttpLimits { head_within: in_time, idle_within: in_time, ..HttpLimits::default() };
    let (_api, _stop) = serve(&net, limits).await;
    let http = Http::new(&net, "chat");
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let (mut session, _) = Session::hello(&net, "chat", &ann).await;
    // Two of them, one after the other, are longer idle than a session would be let.
    for _ in 0..2 {
        let answer = exchange(&net, HEALTH).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    session.say(ChannelId::direct(ann.user, ben.user), 1, "still here").await;
    session.accepted(1).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once_and_counted() {
    let net = Places::net();
    let (_api, _stop) =
        serve(&net, HttpLimits { connections_max: 1, ..HttpLimits::default() }).await;
    let only = connect(&net).await;
    assert_eq!(read_to_end(&mut connect(&net).await).await, "");
    drop(only);
    let health = || request_json(&*net, "chat", Method::GET, "/v1/health", None, None);
    let health = within("a free place", async {
        loop {
            if let Ok(health) = health().await {
                break health;
            }
        }
    })
    .await;
    assert!(health["connections_refused"].as_u64() >= Some(1), "{health}");
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_answered_and_the_connection_closed() {
    let net = Places::net();
    let body_within = Duration::from_millis(200);
    let (_api, _stop) = serve(&net, HttpLimits { body_within, ..HttpLimits::default() }).await;
    let head = "POST /v1/users HTTP/1.1\r\nhost: chat\r\ncontent-type: application/json\r\n";
    let body = r#"{"name":"ann","password":"x"}"#;
    for (length, part) in [(body.len(), &body[..9]), (1_000_000, "")] {
        let request = format!("{head}content-length: {length}\r\n\r\n{part}");
        let answer = exchange(&net, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let detail = "the body was not there within 0.2 s";
        assert_eq!(body, serde_json::json!({ "error": "timeout", "detail": detail }));
    }
    // Nobody has taken the name.
    Http::new(&net, "chat").sign_up("ann").await;
}

#[tokio::test]
async fn a_body_that_comes_in_parts_is_read_like_any_other() {
    let net = Places::net();
    let (_api, _stop) = serve(&net, HttpLimits::default()).await;
    let body = r#"{"name":"ann","password":"x"}"#;
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nhost: chat\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = connect(&net).await;
    for part in [&head, &body[..9], &body[9..]] {
        stream.write_all(part.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}
