//! A device as the client driver runs it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use hubbub_chat::{
    ChannelId, Content, Design, DeviceId, Entry, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
};
use hubbub_service::{
    client::{Command, DeviceConfig, DeviceObserver, drive_device},
    net::Net,
};
use tokio::sync::mpsc;

use super::{Account, within};

/// A driven device, with everything that it has applied.
pub(crate) struct Phone {
    commands: mpsc::Sender<Command>,
    events: mpsc::UnboundedReceiver<DeviceEvent>,
    applied: BTreeMap<ChannelId, Vec<Arc<Entry>>>,
}

struct Told(mpsc::UnboundedSender<DeviceEvent>);

impl DeviceObserver for Told {
    fn observe(&self, _: UserId, _: DeviceId, _: &str, _: Option<u64>, event: &DeviceEvent) {
        drop(self.0.send(event.clone()));
    }
}

impl Phone {
    pub(crate) fn start(
        net: &Arc<dyn Net>,
        account: &Account,
        server: &str,
        design: &Design,
    ) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let (commands, received) = mpsc::channel(1024);
        let config = DeviceConfig {
            user: account.user,
            device: account.device,
            token: account.token.clone(),
            servers: vec![server.into()],
            first_server: 0,
            design: design.clone(),
            seed: 1,
            disk: Arc::new(Mutex::new(DeviceDisk::default())),
            observer: Arc::new(Told(told)),
        };
        net.spawn(Box::pin(drive_device(net.clone(), config, received)));
        Self { commands, events, applied: BTreeMap::new() }
    }

    /// Starts it and waits until it has everything.
    pub(crate) async fn synced(
        net: &Arc<dyn Net>,
        account: &Account,
        server: &str,
        design: &Design,
    ) -> Self {
        let mut phone = Self::start(net, account, server, design);
        phone.wait_for("sync", |event| matches!(event, DeviceEvent::Synced)).await;
        phone
    }

    pub(crate) async fn say(&self, channel: ChannelId, body: &str) {
        let input = DeviceInput::Send { channel, body: body.into() };
        self.commands.send(Command { input, intended_ns: None }).await.unwrap();
    }

    /// Waits for an event.
    pub(crate) async fn wait_for(&mut self, what: &str, is: impl Fn(&DeviceEvent) -> bool) {
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

    async fn take_event(&mut self) -> DeviceEvent {
        let event = self.events.recv().await.expect("the device runs");
        if let DeviceEvent::Applied { entry, .. } = &event {
            self.applied.entry(entry.channel).or_default().push(entry.clone());
        }
        event
    }

    fn texts(&self, channel: ChannelId) -> Vec<String> {
        let text = |entry: &Arc<Entry>| match &entry.content {
            Content::Text(body) => Some(body.to_string()),
            _ => None,
        };
        self.applied.get(&channel).into_iter().flatten().filter_map(text).collect()
    }
}
