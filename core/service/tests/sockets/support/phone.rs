//! A device as the client driver runs it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use hubbub_chat::{
    ChannelId, Content, Design, DeviceId, Entry, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
    transport::TransportCounts,
};
use hubbub_service::{
    client::{Command, DeviceConfig, DeviceObserver, Discovery, drive_device},
    net::Net,
};
use tokio::sync::mpsc;

use super::{Account, within};

/// A driven device, with everything that it has applied.
pub(crate) struct Phone {
    commands: mpsc::Sender<Command>,
    events: mpsc::UnboundedReceiver<Heard>,
    applied: BTreeMap<ChannelId, Vec<Arc<Entry>>>,
    counts: Arc<Mutex<TransportCounts>>,
    /// The chat server that the last event named.
    pub(crate) server: String,
    /// What discovery answered so far.
    pub(crate) assignments: Vec<(Option<String>, Option<Duration>)>,
}

enum Heard {
    Event(String, DeviceEvent),
    Assignment(Option<String>, Option<Duration>),
}

struct Told(mpsc::UnboundedSender<Heard>);

impl DeviceObserver for Told {
    fn observe(&self, _: UserId, _: DeviceId, server: &str, _: Option<u64>, event: &DeviceEvent) {
        drop(self.0.send(Heard::Event(server.to_owned(), event.clone())));
    }

    fn observe_assignment(
        &self,
        _: UserId,
        _: DeviceId,
        server: Option<&str>,
        wait: Option<Duration>,
    ) {
        drop(self.0.send(Heard::Assignment(server.map(str::to_owned), wait)));
    }
}

impl Phone {
    /// Starts it with one server.
    pub(crate) fn start(
        net: &Arc<dyn Net>,
        account: &Account,
        server: &str,
        design: &Design,
    ) -> Self {
        let discovery = Discovery::Fixed { servers: vec![server.into()], first: 0 };
        Self::find(net, account, discovery, design)
    }

    /// Starts it with servers that it has to find.
    pub(crate) fn find(
        net: &Arc<dyn Net>,
        account: &Account,
        discovery: Discovery,
        design: &Design,
    ) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let (commands, received) = mpsc::channel(1024);
        let counts = Arc::<Mutex<TransportCounts>>::default();
        let config = DeviceConfig {
            user: account.user,
            device: account.device,
            token: account.token.clone(),
            discovery,
            design: design.clone(),
            seed: 1,
            disk: Arc::new(Mutex::new(DeviceDisk::default())),
            observer: Arc::new(Told(told)),
            counts: Some(counts.clone()),
        };
        net.spawn(Box::pin(drive_device(net.clone(), config, received)));
        let (applied, server, assignments) = (BTreeMap::new(), String::new(), Vec::new());
        Self { commands, events, applied, counts, server, assignments }
    }

    /// Starts it and waits until it has everything.
    pub(crate) async fn synced(
        net: &Arc<dyn Net>,
        account: &Account,
        server: &str,
        design: &Design,
    ) -> Self {
        let mut phone = Self::start(net, account, server, design);
        phone.sync().await;
        phone
    }

    /// Waits until it has everything on a new connection.
    pub(crate) async fn sync(&mut self) {
        self.wait_for("sync", |event| matches!(event, DeviceEvent::Synced)).await;
    }

    /// What its transport has cost so far.
    pub(crate) fn counts(&self) -> TransportCounts {
        *self.counts.lock().unwrap()
    }

    /// Has its user do something.
    pub(crate) async fn act(&self, input: DeviceInput) {
        self.commands.send(Command { input, intended_ns: None }).await.unwrap();
    }

    pub(crate) async fn say(&self, channel: ChannelId, body: &str) {
        self.act(DeviceInput::Send { channel, body: body.into() }).await;
    }

    /// Waits for an event.
    pub(crate) async fn wait_for(&mut self, what: &str, mut is: impl FnMut(&DeviceEvent) -> bool) {
        within(what, async { while !is(&self.take_event().await) {} }).await;
    }

    /// Waits until it holds so many messages of a channel, and returns what they say, in order.
    pub(crate) async fn messages(&mut self, channel: ChannelId, count: usize) -> Vec<String> {
        within("messages", async {
            while self.texts(channel).len() < count {
                self.take_event().await;
            }
        })
        .await;
        self.texts(channel)
    }

    /// Waits for the next answer of discovery.
    pub(crate) async fn assignment(&mut self) -> (Option<String>, Option<Duration>) {
        let before = self.assignments.len();
        within("assignment", async {
            while self.assignments.len() == before {
                self.hear().await;
            }
        })
        .await;
        self.assignments[before].clone()
    }

    async fn take_event(&mut self) -> DeviceEvent {
        loop {
            if let Some(event) = self.hear().await {
                return event;
            }
        }
    }

    async fn hear(&mut self) -> Option<DeviceEvent> {
        match self.events.recv().await.expect("the device runs") {
            Heard::Event(server, event) => {
                if let DeviceEvent::Applied { entry, .. } = &event {
                    self.applied.entry(entry.channel).or_default().push(entry.clone());
                }
                self.server = server;
                Some(event)
            }
            Heard::Assignment(server, wait) => {
                self.assignments.push((server, wait));
                None
            }
        }
    }

    fn texts(&self, channel: ChannelId) -> Vec<String> {
        let text = |entry: &Arc<Entry>| match &entry.content {
            Content::Text(body) => Some(body.to_string()),
            _ => None,
        };
        self.applied.get(&channel).into_iter().flatten().filter_map(text).collect()
    }
}
