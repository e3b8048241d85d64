//! Loads over real connections on the loopback interface, against a server in this process, with
//! faults that are planted in the server's store or between it and the generator.
//!
//! Whether a run is valid depends on the machine, so no test asks for that; what a planted fault
//! does to the figures does not.
#![expect(clippy::unwrap_used, reason = "a test stops where its setting cannot be made")]

mod cut_short;
mod healthy;
mod lost_delivery;
mod nets;
mod refused;
mod server;
mod slow_recipient;
mod stalled_server;
mod transports;
