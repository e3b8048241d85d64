//! A user's day over each transport, and what goes over the wire for it.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{
    ChannelId, Design,
    design::Transport,
    device::{DetachCause, DeviceEvent},
    frame::CutReason,
};
use hubbub_service::net::Net;
use serde_json::json;

use crate::support::{Http, Phone, Places, Server, Wiretap, over, stored, within};

/// Signs up and logs in, makes friends and a group, talks on three devices, and logs out.
async fn spend_a_day(design: &Design) -> Arc<Wiretap> {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design.clone()).await;
    let http = Http::new(&net, &server.address);
    let accounts = [http.enter("ann").await, http.log_in("ann").await, http.enter("ben").await];
    let [ann, _tablet, ben] = &accounts;
    http.put(&format!("/v1/friends/{}", ben.user), &ann.token, None).await;
    let friends = http.put(&format!("/v1/friends/{}", ann.user), &ben.token, None).await;
    assert_eq!(friends, json!({ "state": "friends" }));
    let group = http.create_group(ann, &[ben.user]).await;
    let direct = ChannelId::direct(ann.user, ben.user);

    let tap = Wiretap::on(&net);
    let tapped: Arc<dyn Net> = tap.clone();
    let mut phones = Vec::new();
    for account in &accounts {
        phones.push(Phone::synced(&tapped, account, &server.address, design).await);
    }
    for round in 0..3 {
        for (index, phone) in phones.iter().enumerate() {
            phone.say(direct, &format!("direct {index} {round}")).await;
            phone.say(group, &format!("group {index} {round}")).await;
        }
    }
    for (channel, name) in [(direct, "direct"), (group, "group")] {
        let first = phones[0].messages(channel, 9).await;
        for (index, phone) in phones.iter_mut().enumerate() {
            let prefix = format!("{name} {index} ");
            let own: Vec<_> = first.iter().filter(|text| text.starts_with(&prefix)).collect();
            let rounds: Vec<_> = (0..3).map(|round| format!("{prefix}{round}")).collect();
            assert_eq!(own, rounds.iter().collect::<Vec<_>>(), "a device's sends keep their order");
            assert_eq!(phone.messages(channel, 9).await, first, "all hold the same");
        }
    }
    // The creation of the group is an entry too.
    assert_eq!(stored(&models).len(), 2 * 9 + 1);

    http.post("/v1/logout", Some(&ann.token), json!(null)).await;
    let logged_out = DeviceEvent::Detached(DetachCause::Cut(CutReason::UnknownDevice));
    phones[0].wait_for("logout", |event| *event == logged_out).await;
    phones[0].say(direct, "too late").await;
    phones[0].wait_for("refusal", |event| matches!(event, DeviceEvent::Refused { .. })).await;
    phones[2].say(direct, "good night").await;
    assert_eq!(phones[1].messages(direct, 10).await[9], "good night");
    tap
}

/// How many requests begin with these words in what was sent over a connection.
fn requests(sent: &str, beginning: &str) -> usize {
    sent.matches(&format!("{beginning} HTTP/1.1\r\n")).count()
}

#[tokio::test]
async fn a_day_over_websockets_takes_one_connection_of_each_device() {
    let tap = spend_a_day(&over(Transport::Websocket)).await;
    assert_eq!(tap.connections("").len(), 3);
    assert_eq!(tap.connections("GET /v1/session HTTP/1.1\r\n").len(), 3);
}

#[tokio::test]
async fn a_day_with_http_beside_a_stream_posts_what_is_sent() {
    let tap = spend_a_day(&over(Transport::HttpSend)).await;
    assert_eq!(tap.connections("GET /v1/session HTTP/1.1\r\n").len(), 3);
    let posting = tap.connections("POST /v1/frames HTTP/1.1\r\n");
    assert_eq!(posting.len(), 3, "one connection of each device is kept for its sends");
    for round in 0..3 {
        for index in 0..3 {
            let (text, other) =
                (format!("direct {index} {round}"), format!("group {index} {round}"));
            let posted =
                posting.iter().filter(|sent| sent.contains(&text) && sent.contains(&other));
            assert_eq!(posted.count(), 1, "{text}");
        }
    }
}

#[tokio::test]
async fn a_day_over_long_polling_takes_two_connections_of_each_device() {
    let tap = spend_a_day(&over(Transport::LongPolling)).await;
    let polling = tap.connections("POST /v1/poll HTTP/1.1\r\n");
    assert_eq!(polling.len(), 3);
    assert_eq!(tap.connections("POST /v1/frames HTTP/1.1\r\n").len(), 3);
    assert_eq!(tap.connections("").len(), 6);
    assert!(polling.iter().all(|sent| requests(sent, "POST /v1/poll") > 2), "{polling:?}");
}

#[tokio::test]
async fn a_day_over_polling_takes_two_connections_of_each_device() {
    let tap = spend_a_day(&over(Transport::Polling)).await;
    assert_eq!(tap.connections("POST /v1/poll HTTP/1.1\r\n").len(), 3);
    assert_eq!(tap.connections("POST /v1/frames HTTP/1.1\r\n").len(), 3);
    assert_eq!(tap.connections("").len(), 6);
}

#[tokio::test]
async fn without_keep_alive_each_call_has_its_own_connection() {
    for transport in [Transport::LongPolling, Transport::HttpSend] {
        let tap = spend_a_day(&Design { keep_alive: false, ..over(transport) }).await;
        let posting = tap.connections("POST ");
        let calls: usize = posting.iter().map(|sent| sent.matches(" HTTP/1.1\r\n").count()).sum();
        assert_eq!(calls, posting.len(), "{transport:?}");
        // Each device has sent at least once.
        assert!(tap.connections("POST /v1/frames HTTP/1.1\r\n").len() >= 3, "{transport:?}");
    }
}

#[tokio::test]
async fn the_counts_of_a_running_device_are_those_of_its_wire() {
    let net = Places::net();
    for transport in [Transport::HttpSend, Transport::LongPolling] {
        for keep_alive in [true, false] {
            let design = Design { keep_alive, ..over(transport) };
            let (server, _models) = Server::alone(&net, design.clone()).await;
            let http = Http::new(&net, &server.address);
            let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
            let channel = ChannelId::direct(ann.user, ben.user);
            let tap = Wiretap::on(&net);
            let tapped: Arc<dyn Net> = tap.clone();
            let mut phone = Phone::synced(&tapped, &ann, &server.address, &design).await;
            for number in 1..=3 {
                phone.say(channel, "x").await;
                phone.messages(channel, number).await;
            }
            // The device goes on while it is looked at: between two equal counts nothing happened.
            within("a moment of rest", async {
                loop {
                    let counts = phone.counts();
                    let connections = tap.connections("");
                    let sent = connections.iter().map(|sent| sent.matches(" HTTP/1.1\r\n").count());
                    let requests = sent.sum::<usize>() as u64;
                    if phone.counts() == counts
                        && requests == counts.requests
                        && connections.len() as u64 == counts.connections_opened
                    {
                        assert_eq!(counts.requests > counts.connections_opened, keep_alive);
                        assert_eq!(counts.polls > 0, transport == Transport::LongPolling);
                        break;
                    }
                    net.sleep_until(net.now().monotonic.after(Duration::from_millis(1))).await;
                }
            })
            .await;
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_broke_costs_a_repeat_and_no_message() {
    let net = Places::net();
    let design = over(Transport::HttpSend);
    let (server, models) = Server::alone(&net, design.clone()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let tap = Wiretap::on(&net);
    let tapped: Arc<dyn Net> = tap.clone();
    let mut phone = Phone::synced(&tapped, &ann, &server.address, &design).await;
    for number in 1..=3_usize {
        phone.say(channel, &format!("{number}")).await;
        phone.messages(channel, number).await;
        assert_eq!(tap.connections("POST /v1/frames").len(), number);
        assert_eq!(phone.counts().repeats, number as u64 - 1);
        tap.cut("POST /v1/frames");
    }
    assert_eq!(stored(&models).len(), 3);
    assert_eq!(tap.connections("GET /v1/session").len(), 1, "the stream is not concerned");
}
