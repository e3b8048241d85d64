//! The service over real sockets on the loopback interface.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod accounts;
mod channels;
mod connections;
mod conversation;
mod devices;
mod discovery;
mod document;
mod fan_out;
mod frames;
mod friends;
mod health;
mod notify;
mod polls;
mod profiles;
mod reconnect;
mod registry;
mod routes;
mod rpc_link;
mod servers;
mod shutdown;
mod slow_consumer;
mod support;
mod transports;
