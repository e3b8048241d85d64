//! The chat core: what a chat server and a device do, with no clock, socket, thread or randomness
//! of the operating system in it.
//!
//! Every role is a *machine*, a struct with the same four verbs: `handle_input`, `handle_timeout`,
//! `poll_output` (drained after every `handle_*`) and `poll_timeout`. Whoever drives it, a real
//! server, the simulated network or a bare event queue, brings the time and the inputs and carries
//! out the outputs. What a machine needs from elsewhere it asks for through a *port*: a plain
//! request enum whose answer comes back as an input.

/// Whether this defect is planted in a run's design. Without the feature `planted-bugs` it is `false`
/// to the compiler, and nothing of the defect is left in the program.
#[cfg(feature = "planted-bugs")]
macro_rules! planted {
    ($design:expr, $bug:ident) => {
        $design.planted == Some($crate::planted::PlantedBug::$bug)
    };
}
#[cfg(not(feature = "planted-bugs"))]
macro_rules! planted {
    ($design:expr, $bug:ident) => {{
        let _ = &$design;
        false
    }};
}

mod cursor_rule;
pub mod design;
pub mod device;
pub mod discovery;
pub mod entry;
pub mod frame;
pub mod ids;
pub mod lease;
pub mod membership;
pub mod notifier;
#[cfg(feature = "planted-bugs")]
pub mod planted;
pub mod ports;
pub mod presence;
pub mod random;
mod registry_watch;
pub mod server;
pub mod situation;
pub mod snowflake;
pub mod time;
mod timers;
pub mod transport;
pub mod units;

pub use design::Design;
pub use device::Device;
pub use discovery::Discovery;
pub use entry::{Content, Entry, body_hash};
pub use ids::{
    ChannelId, ClientId, DeviceId, MessageId, OperationId, RequestId, ServerId, SessionId, UserId,
};
pub use notifier::Notifier;
pub use presence::PresenceServer;
pub use server::ChatServer;
pub use time::{Monotonic, Now, Wall};
