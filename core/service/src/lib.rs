//! The async shell around the chat core: the server and its roles, the client driver, and the real
//! backends. Everything reaches the network, the clock and randomness through [`net::Net`], so
//! that all of it runs unmodified inside the simulator.

pub mod api;
pub mod backend;
pub mod chat;
pub mod client;
pub mod codec;
pub mod directory;
mod membership;
pub mod net;
pub mod password;
pub mod presence;
pub mod probe;
mod role;
pub mod rpc;
pub mod socket;
pub mod store;
mod task;

pub use role::{
    ChatRole, Config, DevicesRole, Ports, PresenceRole, Ready, ServiceError, StoreRole, run,
};
