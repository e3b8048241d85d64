//! The devices of a run, each with a connection of its own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hubbub_chat::device::DetachCause;
use hubbub_chat::{
    Design,
    device::{DeviceDisk, DeviceInput},
    frame::Change,
    time::nanoseconds,
};
use hubbub_history::EventBody;
use hubbub_service::{
    client::{Command, DeviceConfig, Discovery, drive_device},
    net::Net,
};
use hubbub_traffic::{What, message_number};
use tokio::sync::mpsc;

use super::{
    LoadOrder,
    clock::Clock,
    crowd::{Crowd, place},
    error::LoadError,
    progress::Announcer,
    recording::{Recording, Seat},
};
use crate::{observation::Observation, open_loop::Due};

/// Connections that are being opened at a time. A listener's backlog is often 128, and the system
/// tries a connection that did not fit in only a second later.
const OPENING_MAX: usize = 100;

/// Commands that wait for one device at most. A device takes them at once unless its socket takes
/// no bytes; then it would refuse more than `outbox_max` itself.
const COMMANDS_MAX: usize = 1024;

/// How often to look at what became of connections, in nanoseconds.
const LOOK_NS: u64 = 10_000_000;

/// How long closing may take. A socket that takes no bytes is given up after 15 s.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// The devices that were started so far.
pub(super) struct Connections {
    net: Arc<dyn Net>,
    server: String,
    design: Design,
    seed: u64,
    crowd: Crowd,
    recording: Arc<Recording>,
    commands: Vec<mpsc::Sender<Command>>,
    disks: Vec<Arc<Mutex<DeviceDisk>>>,
    /// Every device's task holds a copy of the sender until it ends.
    ended: (mpsc::Sender<()>, mpsc::Receiver<()>),
}

impl Connections {
    pub(super) fn new(
        net: Arc<dyn Net>,
        order: &LoadOrder,
        crowd: Crowd,
        recording: Arc<Recording>,
    ) -> Self {
        Self {
            net,
            server: order.target.address.clone(),
            design: order.design.clone(),
            seed: order.seed,
            crowd,
            recording,
            commands: Vec::new(),
            disks: Vec::new(),
            ended: mpsc::channel(1),
        }
    }

    /// Starts all devices, a bounded number at a time, and waits until each has synced.
    pub(super) async fn open_all(
        &mut self,
        clock: &Clock,
        within: Duration,
        announcer: &mut Announcer<'_>,
    ) -> Result<(), LoadError> {
        let wanted = self.crowd.devices().len();
        let deadline_ns = clock.now_ns().saturating_add(nanoseconds(within));
        loop {
            let connected = self.recording.synced();
            let now_ns = clock.now_ns();
            announcer.connecting(connected, now_ns);
            if connected as usize >= wanted {
                return Ok(());
            }
            if now_ns >= deadline_ns {
                return Err(self.not_connected(connected, within));
            }
            while self.commands.len() < wanted.min(connected as usize + OPENING_MAX) {
                self.start_next();
            }
            clock.sleep_until(now_ns.saturating_add(LOOK_NS)).await;
        }
    }

    /// Has a device begin an action. It is not waited for.
    ///
    /// # Errors
    /// When the device cannot take it on; then the send counts as refused.
    pub(super) fn begin(&self, due: Due, now_ns: u64) -> Result<(), Observation> {
        let device = place(due.action.device).and_then(|place| self.commands.get(place));
        let channel = due.action.what.channel().and_then(|channel| self.crowd.channel(channel));
        let number = match &due.action.what {
            What::Send { body, .. } => message_number(body),
            What::Leave { .. } | What::Join { .. } | What::Look { .. } => None,
        };
        let refused = |reason: &str| Observation::Refused {
            number: number.unwrap_or(u64::MAX),
            reason: reason.to_owned(),
            at_ns: now_ns,
        };
        let (Some(device), Some(channel)) = (device, channel) else {
            return Err(refused("the server does not know the device or the conversation"));
        };
        let input = match due.action.what {
            What::Send { body, .. } => DeviceInput::Send { channel, body },
            What::Leave { .. } => DeviceInput::Change { channel, change: Change::Leave },
            What::Join { .. } => DeviceInput::Change { channel, change: Change::Join },
            What::Look { users } => DeviceInput::Look { users },
        };
        let command = Command { input, intended_ns: Some(due.intended_ns) };
        device.try_send(command).map_err(|_| refused("the device is too far behind"))
    }

    /// Closes all connections and says what each device holds.
    pub(super) async fn close(&mut self, clock: &Clock) -> Vec<EventBody> {
        self.commands.clear();
        // Only the tasks hold senders now: the last one that ends closes the channel.
        self.ended.0 = mpsc::channel(1).0;
        let deadline_ns = clock.now_ns().saturating_add(nanoseconds(CLOSE_WITHIN));
        tokio::select! {
            _ = self.ended.1.recv() => {}
            () = clock.sleep_until(deadline_ns) => {}
        }
        let devices = self.crowd.devices().iter().zip(&self.disks);
        let held = devices.map(|(one, disk)| {
            let disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
            let (cursors, digests) = (disk.cursors(), disk.digests());
            EventBody::Final { device: one.device, cursors, digests }
        });
        held.collect()
    }

    fn start_next(&mut self) {
        let place = self.commands.len();
        let Some(one) = self.crowd.devices().get(place) else { return };
        let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
        let disk = Arc::<Mutex<DeviceDisk>>::default();
        let config = DeviceConfig {
            user: one.user,
            device: one.device,
            token: one.token.clone(),
            discovery: Discovery::Fixed { servers: vec![self.server.clone()], first: 0 },
            design: self.design.clone(),
            seed: self.seed,
            disk: disk.clone(),
            observer: Arc::new(Seat { recording: self.recording.clone(), place }),
            counts: None,
        };
        let (net, ended) = (self.net.clone(), self.ended.0.clone());
        self.net.spawn(Box::pin(async move {
            drive_device(net, config, receiver).await;
            drop(ended);
        }));
        self.commands.push(sender);
        self.disks.push(disk);
    }

    fn not_connected(&self, connected: u32, within: Duration) -> LoadError {
        let last_cause = match self.recording.last_cause() {
            Some(cause) => format!("the last one that was lost {}", ending(cause)),
            None => "none was lost".to_owned(),
        };
        let wanted = u32::try_from(self.crowd.devices().len()).unwrap_or(u32::MAX);
        LoadError::NotConnected { connected, wanted, within, last_cause }
    }
}

/// How a connection ended, for people.
fn ending(cause: DetachCause) -> String {
    match cause {
        DetachCause::Unreachable => "could not be reached".to_owned(),
        DetachCause::Closed => "was closed without a word".to_owned(),
        DetachCause::Silent => "fell silent".to_owned(),
        DetachCause::Cut(reason) => format!("was ended by the server: {reason:?}").to_lowercase(),
    }
}
