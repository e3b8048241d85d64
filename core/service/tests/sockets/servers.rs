//! Two chat servers and a store of their own process, over links on the loopback interface.

use std::{path::Path, sync::Arc};

use hubbub_chat::{
    ChannelId,
    frame::{SendRefusal, ServerFrame},
};
use hubbub_service::{Config, Ports, StoreRole, net::Net};
use tempfile::TempDir;

use crate::support::{Disk, Http, Phone, Places, Server, Session, chat_role, design};

struct Deployment {
    net: Arc<dyn Net>,
    folder: TempDir,
    store: Option<(Server, Disk)>,
    chat: Vec<Server>,
}

impl Deployment {
    async fn start() -> Self {
        let (net, folder) = (Places::net(), tempfile::tempdir().unwrap());
        let store = Some(start_store(&net, folder.path()).await);
        let mut chat = Vec::new();
        for name in ["chat-1", "chat-2"] {
            let role = chat_role(name, 1, design(), Ports::Remote("store".into()));
            chat.push(Server::start(&net, Config::Chat(role)).await);
        }
        Self { net, folder, store, chat }
    }

    fn http(&self) -> Http {
        Http::new(&self.net, &self.chat[0].address)
    }

    async fn stop_store(&mut self) {
        let (server, disk) = self.store.take().unwrap();
        server.stop().await;
        disk.close().await;
    }

    async fn start_store(&mut self) {
        self.store = Some(start_store(&self.net, self.folder.path()).await);
    }
}

async fn start_store(net: &Arc<dyn Net>, folder: &Path) -> (Server, Disk) {
    let disk = Disk::open(net, folder, &design());
    let role = StoreRole { listen: "store".into(), backend: disk.backend.clone() };
    (Server::start(net, Config::Store(role)).await, disk)
}

#[tokio::test]
async fn users_on_different_servers_talk() {
    let deployment = Deployment::start().await;
    let (net, http) = (&deployment.net, deployment.http());
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let group = http.create_group(&ann, &[ben.user]).await;
    let [one, other] = [0, 1].map(|index: usize| deployment.chat[index].address.clone());
    let mut at_ann = Phone::synced(net, &ann, &one, &design()).await;
    let mut at_ben = Phone::synced(net, &ben, &other, &design()).await;
    for channel in [ChannelId::direct(ann.user, ben.user), group] {
        for number in 0..10 {
            at_ann.say(channel, &format!("ann {number}")).await;
            at_ben.say(channel, &format!("ben {number}")).await;
        }
        let held = at_ann.messages(channel, 20).await;
        assert_eq!(at_ben.messages(channel, 20).await, held);
    }
}

#[tokio::test]
async fn a_hint_reaches_the_other_server() {
    let deployment = Deployment::start().await;
    let (net, http) = (&deployment.net, deployment.http());
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut at_ann, _) = Session::hello(net, &deployment.chat[0].address, &ann).await;
    let (mut at_ben, _) = Session::hello(net, &deployment.chat[1].address, &ben).await;
    // A link may still be connecting, and a hint that is lost then comes as a page. Sooner or
    // later one comes live.
    for number in 1.. {
        at_ann.say(channel, number, "x").await;
        at_ann.accepted(number).await;
        if let ServerFrame::Entry { entry } = at_ben.next().await {
            assert_eq!(entry.channel, channel);
            break;
        }
    }
    let health = |index: usize| {
        let http = Http::new(net, &deployment.chat[index].address);
        async move { http.get("/v1/health", None).await }
    };
    assert!(health(0).await["hints_sent"].as_u64() >= Some(1));
    assert!(health(1).await["hints_received"].as_u64() >= Some(1));
}

#[tokio::test]
async fn a_store_that_was_away_loses_and_doubles_nothing() {
    let mut deployment = Deployment::start().await;
    let (net, http) = (deployment.net.clone(), deployment.http());
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let by_hand = http.log_in("ann").await;
    let channel = ChannelId::direct(ann.user, ben.user);
    let [one, other] = [0, 1].map(|index: usize| deployment.chat[index].address.clone());
    let mut at_ann = Phone::synced(&net, &ann, &one, &design()).await;
    let mut at_ben = Phone::synced(&net, &ben, &other, &design()).await;
    let (mut session, _) = Session::hello(&net, &one, &by_hand).await;
    at_ann.say(channel, "before").await;
    at_ben.messages(channel, 1).await;

    deployment.stop_store().await;
    for number in 0..5 {
        at_ann.say(channel, &format!("ann {number}")).await;
        at_ben.say(channel, &format!("ben {number}")).await;
    }
    session.say(channel, 1, "by hand").await;
    let refusal = loop {
        match session.next().await {
            ServerFrame::Refused { reason, .. } => break reason,
            ServerFrame::Entry { .. } | ServerFrame::Page { .. } => {}
            other => panic!("not refused: {other:?}"),
        }
    };
    assert!(matches!(refusal, SendRefusal::Busy | SendRefusal::Unavailable), "{refusal:?}");

    deployment.start_store().await;
    let accepted = loop {
        session.say(channel, 1, "by hand").await;
        let answer = loop {
            match session.next().await {
                ServerFrame::Entry { .. } | ServerFrame::Page { .. } => {}
                answer => break answer,
            }
        };
        match answer {
            ServerFrame::Accepted { message_id, .. } => break message_id,
            ServerFrame::Refused { reason, .. } => {
                assert!(matches!(reason, SendRefusal::Busy | SendRefusal::Unavailable));
            }
            other => panic!("no answer to the send: {other:?}"),
        }
    };
    assert!(accepted.is_some());
    at_ann.messages(channel, 12).await;
    at_ben.messages(channel, 12).await;
    // Whatever might have been doubled lies before this one.
    at_ann.say(channel, "last").await;
    let held = at_ann.messages(channel, 13).await;
    assert_eq!(at_ben.messages(channel, 13).await, held);
    assert_eq!(held.last().unwrap(), "last");
    let mut sorted = held.clone();
    sorted.sort_unstable();
    let mut expected: Vec<String> = (0..5)
        .flat_map(|number| [format!("ann {number}"), format!("ben {number}")])
        .chain(["before", "by hand", "last"].map(str::to_owned))
        .collect();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    // A device that was never there reads the same from the store.
    let mut fresh = Phone::synced(&net, &http.log_in("ben").await, &other, &design()).await;
    assert_eq!(fresh.messages(channel, 13).await, held);
}
