//! How a device finds its chat server.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use hubbub_chat::{
    ChannelId, Design, DeviceId, ServerId,
    design::Transport,
    device::{DetachCause, DeviceEvent},
    server::Registration,
};
use hubbub_service::{Config, Ports, backend::Backend, client::Discovery, net::Net};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::support::{
    Account, Api, Http, Mortal, Phone, Places, Server, chat_role, design, local_role, models, over,
    within,
};

/// An address at which nobody listens.
const NOBODY: &str = "127.0.0.1:1";

fn ask<const N: usize>(api: [&str; N]) -> Discovery {
    Discovery::Registry { api: api.map(str::to_owned).into(), region: "eu/1".into() }
}

fn assigned(server: &str, fallback: Option<&str>) -> (u16, Value) {
    (200, json!({ "server": server, "fallback": fallback }))
}

/// Fails when an attempt of the device fails before it is synced.
async fn sync_at_once(phone: &mut Phone) {
    let mut failed = None;
    phone
        .wait_for("sync or failure", |event| match event {
            DeviceEvent::Detached(cause) => {
                failed = Some(*cause);
                true
            }
            event => *event == DeviceEvent::Synced,
        })
        .await;
    assert_eq!(failed, None);
}

#[tokio::test]
async fn a_device_that_is_put_off_comes_back_after_that_time_and_has_not_failed() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let ann = Http::new(&net, &server.address).enter("ann").await;
    let wait = (503, json!({ "error": "wait", "detail": "later", "retry_after_ms": 300 }));
    let answers = [wait.clone(), wait, assigned(&server.address, None)];
    let mut api = Api::start(&net, "api", answers).await;
    let mut phone = Phone::find(&net, &ann, ask([&api.address]), &design());
    sync_at_once(&mut phone).await;
    let put_off = (None, Some(Duration::from_millis(300)));
    let sent = (Some(server.address.clone()), None);
    assert_eq!(phone.assignments, [put_off.clone(), put_off, sent]);
    let mut last = None;
    for _ in 0..3 {
        let (at, path) = api.asked().await;
        assert_eq!(path, "/v1/servers?region=eu%2F1&background=true&attempt=0");
        if let Some(last) = last {
            assert!(at.since(last) >= Duration::from_millis(300));
        }
        last = Some(at);
    }
}

#[tokio::test]
async fn a_device_that_has_something_to_send_says_so() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let wait = (503, json!({ "error": "wait", "detail": "later", "retry_after_ms": 60_000 }));
    let mut api = Api::start(&net, "api", [wait, assigned(&server.address, None)]).await;
    let mut phone = Phone::find(&net, &ann, ask([&api.address]), &design());
    assert_eq!(phone.assignment().await, (None, Some(Duration::from_secs(60))));
    // It does not wait for the minute: whoever sends is admitted first.
    let channel = ChannelId::direct(ann.user, ben.user);
    phone.say(channel, "at last").await;
    assert_eq!(phone.messages(channel, 1).await, ["at last"]);
    assert!(api.asked().await.1.contains("background=true"));
    assert!(api.asked().await.1.contains("background=false"));
}

#[tokio::test]
async fn the_fallback_is_tried_within_the_attempt() {
    let net = Places::net();
    for transport in [Transport::Websocket, Transport::LongPolling] {
        let design = over(transport);
        let (server, _models) = Server::alone(&net, design.clone()).await;
        let ann = Http::new(&net, &server.address).enter("ann").await;
        let api = Api::start(&net, "api", [assigned(NOBODY, Some(&server.address))]).await;
        let mut phone = Phone::find(&net, &ann, ask([&api.address]), &design);
        sync_at_once(&mut phone).await;
        assert_eq!(phone.server, server.address);
        assert_eq!(phone.assignments, [(Some(NOBODY.to_owned()), None)]);
        api.kill();
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_turns_the_device_away_is_tried_last_the_next_time() {
    let net = Places::net();
    for transport in [Transport::Websocket, Transport::LongPolling] {
        let free = over(transport);
        let full = Design { session_limit: 0, ..free.clone() };
        let (backend, _models) = models(&net, &free);
        let start = |name, design| Config::Chat(local_role(name, 1, design, backend.clone()));
        let full = Server::start(&net, start("full", full)).await;
        let open = Server::start(&net, start("open", free.clone())).await;
        let ann = Http::new(&net, &open.address).enter("ann").await;
        // Discovery goes on naming the full one first.
        let answer = assigned(&full.address, Some(&open.address));
        let api = Api::start(&net, "api", [answer.clone(), answer]).await;
        let mut phone = Phone::find(&net, &ann, ask([&api.address]), &free);
        phone.sync().await;
        assert_eq!(phone.server, open.address);
        assert!(phone.assignments.len() <= 2, "{:?}", phone.assignments);
        api.kill();
        full.stop().await;
        open.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_leaves_time_for_its_fallback() {
    let net = Places::net();
    for transport in [Transport::Websocket, Transport::LongPolling] {
        let connect_timeout = Duration::from_secs(2);
        // Polls alone would be given up later than the whole attempt.
        let request_timeout = 2 * connect_timeout;
        let design = Design { connect_timeout, request_timeout, ..over(transport) };
        let (server, _models) = Server::alone(&net, design.clone()).await;
        let ann = Http::new(&net, &server.address).enter("ann").await;
        let mut silent = net.listen("silent").await.unwrap();
        let answer = assigned(&silent.address(), Some(&server.address));
        let api = Api::start(&net, "api", [answer]).await;
        let mut phone = Phone::find(&net, &ann, ask([&api.address]), &design);
        let mut first = within("first attempt", silent.accept()).await.unwrap();
        phone.sync().await;
        assert_eq!(phone.server, server.address);
        // The connection to the silent one was closed.
        within("end", first.read_to_end(&mut Vec::new())).await.unwrap();
        api.kill();
        server.stop().await;
    }
}

#[tokio::test]
async fn a_device_goes_where_it_was_sent_last_while_no_api_server_answers() {
    let net = Places::net();
    let (backend, _models) = models(&net, &design());
    let start = |epoch| Config::Chat(local_role("chat", epoch, design(), backend.clone()));
    let server = Server::start(&net, start(1)).await;
    let ann = Http::new(&net, &server.address).enter("ann").await;
    let api = Api::start(&net, "api", [assigned(NOBODY, Some(&server.address))]).await;
    let mut phone = Phone::find(&net, &ann, ask([&api.address]), &design());
    phone.sync().await;
    api.kill();
    server.stop().await;
    phone.wait_for("end", |event| matches!(event, DeviceEvent::Detached(_))).await;
    let server = Server::start(&net, start(2)).await;
    phone.sync().await;
    assert_eq!(phone.server, server.address);
    assert_eq!(phone.assignments.len(), 1);
}

#[tokio::test]
async fn api_servers_that_do_not_answer_are_followed_by_the_others() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let ann = Http::new(&net, &server.address).enter("ann").await;
    let unavailable = json!({ "error": "unavailable", "detail": "try again later" });
    let unavailable = Api::start(&net, "unavailable", [(503, unavailable)]).await;
    let silent = Api::start(&net, "silent", [(0, json!(null))]).await;
    // Whichever of them the device begins with.
    for first in 0..4 {
        let name = format!("api-{first}");
        let mut api = Api::start(&net, &name, [assigned(&server.address, None)]).await;
        let mut all = [NOBODY, &unavailable.address, &silent.address, &api.address];
        all.rotate_left(first);
        let mut phone = Phone::find(&net, &ann, ask(all), &design());
        phone.sync().await;
        assert_eq!(phone.server, server.address);
        assert!(api.asked().await.1.ends_with("attempt=0"), "within the first attempt");
    }
}

#[tokio::test]
async fn without_a_server_the_attempt_has_failed() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let ann = Http::new(&net, &server.address).enter("ann").await;
    let nowhere = (503, json!({ "error": "no_server", "detail": "none is open" }));
    let mut api = Api::start(&net, "api", [nowhere, assigned(&server.address, None)]).await;
    let mut phone = Phone::find(&net, &ann, ask([&api.address]), &design());
    let failed = DeviceEvent::Detached(DetachCause::Unreachable);
    phone.wait_for("failure", |event| *event == failed).await;
    assert_eq!(phone.server, "");
    phone.sync().await;
    assert_eq!(phone.assignments, [(None, None), (Some(server.address.clone()), None)]);
    assert!(api.asked().await.1.ends_with("attempt=0"));
    assert!(api.asked().await.1.ends_with("attempt=1"));
}

/// Two chat servers that find each other in the registry; the first can be killed.
struct Pair {
    net: Arc<dyn Net>,
    first: Arc<Mortal>,
    servers: [Server; 2],
    design: Design,
}

impl Pair {
    async fn start(design: Design) -> Self {
        let net = Places::net();
        let (backend, _models) = models(&net, &design);
        let first = Mortal::on(&net);
        let mortal: Arc<dyn Net> = first.clone();
        let one = start_registered(&mortal, "chat-1", &design, &backend).await;
        let other = start_registered(&net, "chat-2", &design, &backend).await;
        Self { net, first, servers: [one, other], design }
    }

    /// Until discovery at either server names both: it looks at the registry a few times in the
    /// life of a lease.
    async fn know_each_other(&self, token: &str) {
        for server in &self.servers {
            let http = Http::new(&self.net, &server.address);
            let mut named = BTreeSet::new();
            while named.len() < self.servers.len() {
                let path = "/v1/servers?background=false&attempt=0";
                let answer = http.get(path, Some(token)).await;
                named.insert(answer["server"].as_str().unwrap().to_owned());
                self.net
                    .sleep_until(self.net.now().monotonic.after(Duration::from_millis(20)))
                    .await;
            }
        }
    }

    fn discovery(&self) -> Discovery {
        ask([&self.servers[0].address, &self.servers[1].address])
    }
}

async fn start_registered(
    net: &Arc<dyn Net>,
    name: &str,
    design: &Design,
    backend: &Arc<dyn Backend>,
) -> Server {
    let mut role = chat_role(name, 1, design.clone(), Ports::Local(backend.clone()));
    role.peers.clear();
    role.server.registration = Some(Registration {
        holder: net.random(),
        address: String::new(),
        peer_address: String::new(),
        region: String::new(),
        capacity: 10_000,
    });
    assert_eq!(role.server.server, ServerId(if name == "chat-1" { 1 } else { 2 }));
    Server::start(net, Config::Chat(role)).await
}

async fn devices_of_a_dead_server_come_back(transport: Transport) {
    let design = Design { lease_ttl: Duration::from_secs(3), ..over(transport) };
    let pair = Pair::start(design).await;
    let http = Http::new(&pair.net, &pair.servers[1].address);
    // Where they go is random; that all go to one server is as likely as 40 equal coins.
    let everybody: Vec<usize> = (0..40).collect();
    let request = json!({ "users": everybody.len(), "groups": [everybody] });
    let provisioned = http.post("/v1/provision", None, request).await;
    let group: ChannelId = serde_json::from_value(provisioned["groups"][0].clone()).unwrap();
    let devices = provisioned["devices"].as_array().unwrap();
    pair.know_each_other(devices[0]["token"].as_str().unwrap()).await;
    let mut phones = Vec::new();
    for device in devices {
        let account = Account {
            user: serde_json::from_value(device["user"].clone()).unwrap(),
            device: serde_json::from_value::<DeviceId>(device["device"].clone()).unwrap(),
            token: device["token"].as_str().unwrap().to_owned(),
        };
        phones.push(Phone::find(&pair.net, &account, pair.discovery(), &pair.design));
    }
    for phone in &mut phones {
        phone.sync().await;
    }
    let [one, other] = pair.servers.each_ref().map(|server| server.address.clone());
    let at = |phones: &[Phone], server| phones.iter().filter(|one| one.server == server).count();
    let orphans = at(&phones, &*one);
    assert!(orphans > 0 && at(&phones, &*other) > 0, "{orphans} of {}", phones.len());
    assert_eq!(orphans + at(&phones, &*other), phones.len());
    phones[0].say(group, "both are there").await;
    for phone in &mut phones {
        phone.messages(group, 1).await;
    }

    pair.first.kill();
    for phone in phones.iter_mut().filter(|phone| phone.server == one) {
        phone.sync().await;
        assert_eq!(phone.server, other);
    }
    phones[0].say(group, "one is there").await;
    for phone in &mut phones {
        assert_eq!(phone.messages(group, 2).await, ["both are there", "one is there"]);
    }
}

#[tokio::test]
async fn devices_with_streams_spread_and_come_back_at_the_server_that_is_left() {
    devices_of_a_dead_server_come_back(Transport::Websocket).await;
}

#[tokio::test]
async fn devices_that_are_held_spread_and_come_back_at_the_server_that_is_left() {
    devices_of_a_dead_server_come_back(Transport::LongPolling).await;
}
