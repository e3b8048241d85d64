//! A driven device goes on by itself when its server comes back.

use hubbub_chat::{
    ChannelId,
    design::Transport,
    device::{DetachCause, DeviceEvent},
    frame::CutReason,
};
use hubbub_service::{Config, client::Discovery};

use crate::support::{
    Account, Http, Phone, Places, Server, design, local_role, models, over, stored,
};

#[tokio::test]
async fn devices_with_websockets_resume_when_their_server_comes_back_at_its_address() {
    restart(Transport::Websocket).await;
}

#[tokio::test]
async fn devices_with_http_beside_a_stream_resume_when_their_server_comes_back_at_its_address() {
    restart(Transport::HttpSend).await;
}

#[tokio::test]
async fn devices_that_are_held_resume_when_their_server_comes_back_at_its_address() {
    restart(Transport::LongPolling).await;
}

#[tokio::test]
async fn devices_that_poll_resume_when_their_server_comes_back_at_its_address() {
    restart(Transport::Polling).await;
}

#[tokio::test]
async fn a_device_that_was_logged_out_stays_down() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let mut phone = Phone::synced(&net, &ann, &server.address, &design()).await;
    http.post("/v1/logout", Some(&ann.token), serde_json::json!(null)).await;
    phone.say(channel, "too late").await;
    phone
        .wait_for("an end of the send", |event| {
            use DeviceEvent::{Failed, GivenUp, Refused};
            matches!(event, Failed { .. } | GivenUp { .. } | Refused { .. })
        })
        .await;
}

#[tokio::test]
async fn a_device_whose_token_is_unknown_is_told_by_whomever_it_asks() {
    let net = Places::net();
    for transport in [Transport::Websocket, Transport::HttpSend, Transport::Polling] {
        let design = over(transport);
        let (server, _models) = Server::alone(&net, design.clone()).await;
        let account = Http::new(&net, &server.address).enter("ann").await;
        let account = Account { token: "0".repeat(32), ..account };
        let api = Discovery::Registry { api: vec![server.address.clone()], region: String::new() };
        let fixed = Discovery::Fixed { servers: vec![server.address.clone()], first: 0 };
        for discovery in [fixed, api] {
            let mut phone = Phone::find(&net, &account, discovery, &design);
            let mut causes = Vec::new();
            phone
                .wait_for("detachment", |event| {
                    if let DeviceEvent::Detached(cause) = event {
                        causes.push(*cause);
                    }
                    !causes.is_empty()
                })
                .await;
            assert_eq!(causes, [DetachCause::Cut(CutReason::UnknownDevice)], "{transport:?}");
        }
        server.stop().await;
    }
}

async fn restart(transport: Transport) {
    let (net, design) = (Places::net(), over(transport));
    let (backend, models) = models(&net, &design);
    let start = |epoch| Config::Chat(local_role("chat", epoch, design.clone(), backend.clone()));
    let server = Server::start(&net, start(1)).await;
    let address = server.address.clone();
    let http = Http::new(&net, &address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let mut at_ann = Phone::synced(&net, &ann, &address, &design).await;
    let mut at_ben = Phone::synced(&net, &ben, &address, &design).await;
    at_ann.say(channel, "before").await;
    at_ben.messages(channel, 1).await;

    server.stop().await;
    for phone in [&mut at_ann, &mut at_ben] {
        phone.wait_for("end", |event| matches!(event, DeviceEvent::Detached(_))).await;
    }
    at_ann.say(channel, "during").await;
    at_ben.say(channel, "during too").await;
    let server = Server::start(&net, start(2)).await;
    assert_eq!(server.address, address);
    for phone in [&mut at_ann, &mut at_ben] {
        phone.sync().await;
    }
    at_ann.say(channel, "after").await;

    let held = at_ann.messages(channel, 4).await;
    assert_eq!(at_ben.messages(channel, 4).await, held);
    assert_eq!(held[0], "before");
    let mut sorted = held.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["after", "before", "during", "during too"]);
    assert_eq!(stored(&models).len(), 4);
}
