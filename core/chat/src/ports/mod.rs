//! What the machines need from elsewhere, as requests and answers, and a pure model of each.

pub mod directory;
pub mod routing;
pub mod store;

use serde::{Deserialize, Serialize};

/// How a port's request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome<T> {
    /// The port did it.
    Ok(T),
    /// The port can't be reached or is overloaded, and has done nothing.
    Refused,
    /// No answer by the deadline: it may or may not have been done, now or later.
    Unknown,
}

/// A request of a chat server to one of its ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// To the history store.
    Store(store::StoreRequest),
    /// To routing.
    Routing(routing::RoutingRequest),
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// From the history store.
    Store(Outcome<store::StoreAnswer>),
    /// From routing.
    Routing(Outcome<routing::RoutingAnswer>),
}
