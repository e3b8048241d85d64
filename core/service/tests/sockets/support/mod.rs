//! What these tests share: servers in this process, clients by hand, and devices that drive
//! themselves.

mod api;
mod http;
mod mortal;
mod phone;
mod places;
mod server;
mod session;
mod wiretap;

use std::time::Duration;

use hubbub_chat::{Design, Monotonic, design::Transport};
use hubbub_service::net::{Net, RealNet};

pub(crate) use api::Api;
pub(crate) use http::{Account, Http};
pub(crate) use mortal::Mortal;
pub(crate) use phone::Phone;
pub(crate) use places::Places;
pub(crate) use server::{
    Disk, Recorder, Server, chat_role, held, local_role, models, registered_role, stored,
};
pub(crate) use session::Session;
pub(crate) use wiretap::Wiretap;

/// Long after everything that a test waits for has happened on any machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for something that happens, and names it when it does not.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let net = RealNet::new();
    tokio::select! {
        biased;
        value = future => value,
        () = net.sleep_until(Monotonic::default().after(DEADLINE)) => panic!("no {what} in time"),
    }
}

/// The default design with intervals that make recovery quick, and no cut for silence.
pub(crate) fn design() -> Design {
    Design {
        silence_after: 2 * DEADLINE,
        heartbeat: Duration::from_millis(200),
        reconnect_base: Duration::from_millis(20),
        reconnect_max: Duration::from_millis(200),
        retry_after: Duration::from_millis(200),
        request_timeout: Duration::from_millis(500),
        resync_interval: Duration::from_millis(300),
        cursor_interval: Duration::from_millis(50),
        ..Design::default()
    }
}

/// The same over this transport, with polls that come often.
pub(crate) fn over(transport: Transport) -> Design {
    Design {
        transport,
        poll_interval: Duration::from_millis(50),
        poll_wait: Duration::from_secs(5),
        ..design()
    }
}
