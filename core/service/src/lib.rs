//! The async shell around the chat core: the server and its roles, the client driver, and the real
//! backends. Everything reaches the network, the clock and randomness through [`net::Net`], so
//! that all of it runs unmodified inside the simulator.

pub mod api;
pub mod backend;
mod belief;
pub mod chat;
pub mod client;
pub mod codec;
pub mod directory;
pub mod discovery;
mod disk;
mod membership;
pub mod net;
pub mod notify;
pub mod password;
pub mod presence;
pub mod probe;
mod role;
pub mod rpc;
pub mod socket;
pub mod store;
mod task;

pub use belief::Belief;
pub use role::{
    ApiRole, ChatRole, Config, DevicesRole, NotifyRole, Ports, PresenceRole, Ready, ServiceError,
    StoreRole, run,
};
