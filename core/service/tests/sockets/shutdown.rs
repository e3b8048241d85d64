//! A server that is told to stop.

use hubbub_chat::{
    ChannelId, Content,
    frame::{CutReason, ServerFrame},
};
use hubbub_service::{Config, Ports, StoreRole};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Disk, Http, Places, Server, Session, chat_role, design, local_role, within};

#[tokio::test]
async fn sessions_are_told_the_port_is_free_and_the_data_is_there() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(&net, folder.path(), &design());
    let role = local_role("chat", 1, design(), disk.backend.clone());
    let server = Server::start(&net, Config::Chat(role)).await;
    let address = server.address.clone();
    let http = Http::new(&net, &address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut session, _) = Session::hello(&net, &address, &ann).await;
    session.say(channel, 1, "keep this").await;
    session.accepted(1).await;
    // What the client sends while it is told must not take the last words away.
    session.send_text("nonsense").await;

    server.stop().await;
    let mut last = session.next().await;
    if let ServerFrame::Error { .. } = last {
        last = session.next().await;
    }
    assert_eq!(last, ServerFrame::Bye { reason: CutReason::Shutdown });
    assert_eq!(session.next_or_end().await, None);
    assert!(net.connect(&address).await.is_err(), "nobody listens");
    disk.close().await;

    let disk = Disk::open(&net, folder.path(), &design());
    let role = local_role("chat", 2, design(), disk.backend.clone());
    let server = Server::start(&net, Config::Chat(role)).await;
    assert_eq!(server.address, address);
    assert_eq!(http.log_in("ann").await.user, ann.user);
    let (_session, ranges) = Session::hello(&net, &address, &ben).await;
    assert_eq!(ranges.len(), 1);
    assert_eq!(ranges[0].entries[0].content, Content::Text("keep this".into()));
    server.stop().await;
    disk.close().await;
}

#[tokio::test]
async fn an_idle_http_connection_is_closed() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let mut stream = net.connect(&server.address).await.unwrap();
    stream.write_all(b"GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    within("answer", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    server.stop().await;
    let mut rest = Vec::new();
    within("end", stream.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn a_stopped_store_and_its_chat_server_free_all_their_ports() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    for epoch in 1..=3 {
        let disk = Disk::open(&net, folder.path(), &design());
        let role = StoreRole { listen: "store".into(), backend: disk.backend.clone() };
        let store = Server::start(&net, Config::Store(role)).await;
        let ports = Ports::Remote("store".into());
        let role = chat_role("chat-1", epoch, design(), ports);
        let chat = Server::start(&net, Config::Chat(role)).await;
        let http = Http::new(&net, &chat.address);
        http.sign_up(&format!("user {epoch}")).await;
        chat.stop().await;
        store.stop().await;
        disk.close().await;
    }
}
