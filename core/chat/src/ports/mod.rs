//! What the machines need from elsewhere, as requests and answers, and a pure model of each.

pub mod directory;
pub mod presence;
pub mod push;
pub mod registry;
pub mod routing;
pub mod store;

use serde::{Deserialize, Serialize};

use crate::ids::{MessageId, ServerId};

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

/// A request of a machine to one of its ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// To the history store.
    Store(store::StoreRequest),
    /// To routing.
    Routing(routing::RoutingRequest),
    /// To the directory.
    Directory(directory::DirectoryRequest),
    /// To a presence server.
    Presence(ServerId, presence::PresenceRequest),
    /// To the registry.
    Registry(registry::RegistryRequest),
    /// To the separate generator of ids: one Snowflake.
    NextId,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// From the history store.
    Store(Outcome<store::StoreAnswer>),
    /// From routing.
    Routing(Outcome<routing::RoutingAnswer>),
    /// From the directory.
    Directory(Outcome<directory::DirectoryAnswer>),
    /// From a presence server.
    Presence(Outcome<presence::PresenceAnswer>),
    /// From the registry.
    Registry(Outcome<registry::RegistryAnswer>),
    /// From the generator of ids.
    NextId(Outcome<MessageId>),
}

/// Which port a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// The history store.
    Store,
    /// Routing.
    Routing,
    /// The directory.
    Directory,
    /// A presence server.
    Presence,
    /// The registry.
    Registry,
    /// The separate generator of ids.
    Generator,
}

impl Request {
    /// Which port it is for.
    #[must_use]
    pub fn port(&self) -> Port {
        match self {
            Self::Store(_) => Port::Store,
            Self::Routing(_) => Port::Routing,
            Self::Directory(_) => Port::Directory,
            Self::Presence(..) => Port::Presence,
            Self::Registry(_) => Port::Registry,
            Self::NextId => Port::Generator,
        }
    }
}

impl Answer {
    /// Which port it is from.
    #[must_use]
    pub fn port(&self) -> Port {
        match self {
            Self::Store(_) => Port::Store,
            Self::Routing(_) => Port::Routing,
            Self::Directory(_) => Port::Directory,
            Self::Presence(_) => Port::Presence,
            Self::Registry(_) => Port::Registry,
            Self::NextId(_) => Port::Generator,
        }
    }
}

impl Port {
    /// The answer that it can't be reached and has done nothing.
    #[must_use]
    pub fn refused(self) -> Answer {
        match self {
            Self::Store => Answer::Store(Outcome::Refused),
            Self::Routing => Answer::Routing(Outcome::Refused),
            Self::Directory => Answer::Directory(Outcome::Refused),
            Self::Presence => Answer::Presence(Outcome::Refused),
            Self::Registry => Answer::Registry(Outcome::Refused),
            Self::Generator => Answer::NextId(Outcome::Refused),
        }
    }

    /// The answer that nobody knows whether it has done anything.
    #[must_use]
    pub fn unknown(self) -> Answer {
        match self {
            Self::Store => Answer::Store(Outcome::Unknown),
            Self::Routing => Answer::Routing(Outcome::Unknown),
            Self::Directory => Answer::Directory(Outcome::Unknown),
            Self::Presence => Answer::Presence(Outcome::Unknown),
            Self::Registry => Answer::Registry(Outcome::Unknown),
            Self::Generator => Answer::NextId(Outcome::Unknown),
        }
    }
}
