//! A device that does not keep up is cut, and nobody else feels it.

use std::sync::Arc;

use hubbub_chat::{
    ChannelId, Content, Design, MessageId,
    frame::{ClientFrame, Cursors, CutReason, ServerFrame},
};
use hubbub_service::net::Net;

use crate::support::{Account, Http, Places, Server, Session, design};

/// Far beyond what the queue of a session and the buffers of a socket hold.
const MESSAGES_MAX: u64 = 20_000;

struct Scene {
    net: Arc<dyn Net>,
    server: Server,
    http: Http,
    channel: ChannelId,
    sender: Session,
    reader: Session,
    slow: Account,
}

impl Scene {
    /// Ann sends; Ben reads on one device, and has another.
    async fn new(design: Design) -> Self {
        let net = Places::net();
        let (server, _models) = Server::alone(&net, design).await;
        let http = Http::new(&net, &server.address);
        let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
        let slow = http.log_in("ben").await;
        let (sender, _) = Session::hello(&net, &server.address, &ann).await;
        let (reader, _) = Session::hello(&net, &server.address, &ben).await;
        let channel = ChannelId::direct(ann.user, ben.user);
        Self { net, server, http, channel, sender, reader, slow }
    }

    async fn session_of_slow(&self) -> Session {
        Session::hello(&self.net, &self.server.address, &self.slow).await.0
    }

    /// Sends one message, which the reader gets and confirms.
    async fn pass(&mut self, number: u64, body: &str) {
        self.sender.say(self.channel, number, body).await;
        self.sender.accepted(number).await;
        let cursors = Cursors::from([(self.channel, MessageId(number))]);
        self.sender.send(&ClientFrame::Cursor { cursors: cursors.clone() }).await;
        let ServerFrame::Entry { entry } = self.reader.next().await else { panic!("no entry") };
        assert_eq!(entry.message_id, MessageId(number));
        self.reader.send(&ClientFrame::Cursor { cursors }).await;
    }

    async fn cut_consumers(&self) -> u64 {
        self.http.get("/v1/health", None).await["slow_consumers"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn a_device_that_reads_nothing_is_cut_when_its_queue_is_full() {
    // The queue alone decides: entries without a cursor report are no reason here.
    let unbounded =
        Design { session_unconfirmed_max: u32::MAX, message_bytes_max: 65_536, ..design() };
    let mut scene = Scene::new(unbounded).await;
    let mut slow = scene.session_of_slow().await;
    let body = "x".repeat(16 * 1024);
    let mut sent = 0;
    while scene.cut_consumers().await == 0 {
        assert!(sent < MESSAGES_MAX, "never cut");
        sent += 1;
        scene.pass(sent, &body).await;
    }
    // It gets what had been queued before, without a hole, and then the end.
    let mut received = 0;
    while let Some(frame) = slow.next_or_end().await {
        if let ServerFrame::Entry { entry } = frame {
            received += 1;
            assert_eq!(entry.message_id, MessageId(received));
        }
    }
    assert!(received < sent, "{received} of {sent}");
    // The others go on, and the device finds the rest when it comes back.
    scene.pass(sent + 1, "last").await;
    let cursors = Cursors::from([(scene.channel, MessageId(received))]);
    let (_session, ranges) =
        Session::hello_from(&scene.net, &scene.server.address, &scene.slow, cursors).await;
    let entries: Vec<_> = ranges.into_iter().flat_map(|range| range.entries).collect();
    let places: Vec<_> = entries.iter().map(|entry| entry.message_id.0).collect();
    assert_eq!(places, (received + 1..=sent + 1).collect::<Vec<_>>());
    assert_eq!(entries.last().unwrap().content, Content::Text("last".into()));
}

#[tokio::test]
async fn a_device_that_confirms_nothing_is_cut_at_the_bound() {
    let bound = 16;
    let design = Design { session_unconfirmed_max: bound, page_entries_max: bound, ..design() };
    let mut scene = Scene::new(design).await;
    let mut slow = scene.session_of_slow().await;
    let bound = u64::from(bound);
    for number in 1..=bound + 2 {
        scene.pass(number, "x").await;
    }
    for number in 1..=bound + 1 {
        let ServerFrame::Entry { entry } = slow.next().await else { panic!("no entry") };
        assert_eq!(entry.message_id, MessageId(number));
    }
    assert_eq!(slow.next().await, ServerFrame::Bye { reason: CutReason::SlowConsumer });
    assert_eq!(slow.next_or_end().await, None);
    assert_eq!(scene.cut_consumers().await, 1);
}
