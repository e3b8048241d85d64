//! What the server has asked its ports and not been answered.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    change::PendingChange,
    presence,
    send::{Send, Write},
};
use crate::{
    entry::Entry,
    ids::{RequestId, SessionId},
    ports::{
        Answer, Outcome,
        store::{Append, CursorReport},
    },
};

/// Appends and changes that are remembered after their deadline, at most. One holds a message of
/// `message_bytes_max`, so by default all of them hold 4 MiB.
const LATE_MAX: usize = 1024;

/// What an answer is for.
#[derive(Debug, Clone)]
pub(super) enum Pending {
    Append(Send),
    Change(PendingChange),
    Sync(SessionId),
    Cursors(Vec<CursorReport>),
    Heads,
    Register(Option<SessionId>),
    Unregister,
    Lookup(Arc<Entry>),
    /// The lease's request with this number.
    Lease(u64),
    Watch,
    Presence(presence::Pending),
    /// An append or change that waits for its id.
    NextId(Write),
    /// The request of the worker id's lease with this number.
    Worker(u64),
}

impl Pending {
    /// The answer when none came in time.
    pub(super) fn unknown(&self) -> Answer {
        match self {
            Self::Register(_) | Self::Unregister | Self::Lookup(_) => {
                Answer::Routing(Outcome::Unknown)
            }
            Self::Lease(_) | Self::Worker(_) | Self::Watch => Answer::Registry(Outcome::Unknown),
            Self::Presence(_) => Answer::Presence(Outcome::Unknown),
            Self::NextId(_) => Answer::NextId(Outcome::Unknown),
            _ => Answer::Store(Outcome::Unknown),
        }
    }
}

/// The open requests. Their number is bounded by `session_requests_max` per session and a few per
/// server; each leaves with its answer or its deadline.
#[derive(Debug, Default)]
pub(super) struct Requests {
    last: u64,
    open: BTreeMap<RequestId, Pending>,
    late: BTreeMap<RequestId, Late>,
}

/// What was given up at its deadline and may be in the log nevertheless.
#[derive(Debug, Clone)]
pub(super) enum Late {
    Append(Append),
    Change,
}

impl Requests {
    pub(super) fn insert(&mut self, pending: Pending) -> RequestId {
        self.last += 1;
        let id = RequestId(self.last);
        self.open.insert(id, pending);
        id
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether an append is under way.
    pub(super) fn has_append(&self) -> bool {
        self.open.values().any(|pending| matches!(pending, Pending::Append(_)))
    }

    pub(super) fn take(&mut self, id: RequestId) -> Option<Pending> {
        self.open.remove(&id)
    }

    /// Notes of appends that are open that a repeat of theirs was answered before they were.
    pub(super) fn overtake(&mut self, repeat: &Send) {
        for pending in self.open.values_mut() {
            if let Pending::Append(send) = pending {
                send.overtaken_by(repeat);
            }
        }
    }

    /// Remembers what its asker was told to be unknown; true when an older one had to go for it.
    pub(super) fn keep_late(&mut self, id: RequestId, pending: &Pending) -> bool {
        let late = match pending {
            Pending::Append(send) => Late::Append(send.append().clone()),
            Pending::Change(_) => Late::Change,
            _ => return false,
        };
        self.late.insert(id, late);
        self.late.len() > LATE_MAX && self.late.pop_first().is_some()
    }

    pub(super) fn take_late(&mut self, id: RequestId) -> Option<Late> {
        self.late.remove(&id)
    }
}
