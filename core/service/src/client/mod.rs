//! The device's side: its machine, driven by a WebSocket, by what its user does, and by time.

mod connect;
mod driver;
mod http;

use std::sync::{Arc, Mutex};

use hubbub_chat::{
    Design, DeviceId, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
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
    /// The chat servers, as `host:port`, tried one after the other.
    pub servers: Vec<String>,
    /// Which of them is tried first.
    pub first_server: usize,
    /// The design.
    pub design: Design,
    /// Where its jitter comes from.
    pub seed: u64,
    /// What it keeps; whoever holds this across a restart plays its disk.
    pub disk: Arc<Mutex<DeviceDisk>>,
    /// Is told what happens.
    pub observer: Arc<dyn DeviceObserver>,
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
}

/// Something that a device's user does.
#[derive(Debug, Clone)]
pub struct Command {
    /// What.
    pub input: DeviceInput,
    /// When it was wanted, for measurements; in the clock of whoever sends it.
    pub intended_ns: Option<u64>,
}
