//! What the server has asked its ports and not been answered.

use std::{collections::BTreeMap, sync::Arc};

use super::send::{PendingChange, Send};
use crate::{
    entry::Entry,
    ids::{RequestId, SessionId},
    ports::{Answer, Outcome, store::CursorReport},
};

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
}

impl Pending {
    /// The answer when none came in time.
    pub(super) fn unknown(&self) -> Answer {
        match self {
            Self::Register(_) | Self::Unregister | Self::Lookup(_) => {
                Answer::Routing(Outcome::Unknown)
            }
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
}

impl Requests {
    pub(super) fn insert(&mut self, pending: Pending) -> RequestId {
        self.last += 1;
        let id = RequestId(self.last);
        self.open.insert(id, pending);
        id
    }

    pub(super) fn take(&mut self, id: RequestId) -> Option<Pending> {
        self.open.remove(&id)
    }
}
