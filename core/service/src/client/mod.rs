//! The device's side: its machines, driven by connections, by what its user does, and by time.

mod driver;
mod http;
mod lanes;
mod route;
mod stream;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use hubbub_chat::{
    Design, DeviceId, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
    situation::Situations,
    transport::{ClientInput, TransportCounts},
};

pub use driver::drive_device;
pub use http::{HttpError, request_json};

/// A device to drive.
#[derive(Clone)]
pub struct DeviceConfig {
    /// Its user.
    pub user: UserId,
    /// Its id.
    pub device: DeviceId,
    /// Its session token.
    pub token: String,
    /// How it finds its chat server.
    pub discovery: Discovery,
    /// The design, which names the transport too.
    pub design: Design,
    /// Where its jitter comes from.
    pub seed: u64,
    /// What it keeps; whoever holds this across a restart plays its disk.
    pub disk: Arc<Mutex<DeviceDisk>>,
    /// Is told what happens.
    pub observer: Arc<dyn DeviceObserver>,
    /// What the transport costs, kept up to date while the device runs. A device that is driven
    /// again adds to what is there.
    pub counts: Option<Arc<Mutex<TransportCounts>>>,
}

/// How a device finds its chat server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovery {
    /// It knows them all.
    Fixed {
        /// The chat servers, as `host:port`, tried one after the other.
        servers: Vec<String>,
        /// Which of them is tried first.
        first: usize,
    },
    /// It asks for each connection. A device that is told to wait waits; one that gets no answer
    /// goes where it was sent the last time.
    Registry {
        /// The API servers, as `host:port`. Devices begin at different ones, and each attempt at the
        /// next; one that does not answer is followed by the others.
        api: Vec<String>,
        /// Where the device is; empty when there are no regions.
        region: String,
    },
}

/// Is told what happens on a device.
pub trait DeviceObserver: Send + Sync {
    /// Something happened. `server` is the chat server of the device's connection, if it has one;
    /// `intended_ns` is what the command that led to it carried.
    fn observe(
        &self,
        user: UserId,
        device: DeviceId,
        server: &str,
        intended_ns: Option<u64>,
        event: &DeviceEvent,
    );

    /// Discovery answered: the device was given this chat server, or told to ask again after `wait`,
    /// or there is no server for it.
    fn observe_assignment(
        &self,
        user: UserId,
        device: DeviceId,
        server: Option<&str>,
        wait: Option<Duration>,
    ) {
        let _ = (user, device, server, wait);
    }

    /// The device's machine has passed through these situations since it started; told when they
    /// become more.
    fn observe_situations(&self, device: DeviceId, situations: Situations) {
        let _ = (device, situations);
    }
}

/// Something that a device's user does.
#[derive(Debug, Clone)]
pub struct Command {
    /// What.
    pub input: DeviceInput,
    /// When it was wanted, for measurements; in the clock of whoever sends it.
    pub intended_ns: Option<u64>,
}

/// What becomes of a call or of the stream.
enum TransportEvent {
    /// What the transport's machine is told of it.
    Input(ClientInput),
    /// The same, and the server does not know the token (HTTP 401): the device was logged out.
    LoggedOut(ClientInput),
}
