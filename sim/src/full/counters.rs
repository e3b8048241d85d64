//! What the processes count, read when the run is over.

use std::sync::{Arc, Mutex, PoisonError};

use hubbub_chat::ports::store::StoreCounts;
use hubbub_service::{chat::ChatFigures, presence::PresenceFigures};

use crate::outcome::MachineCounts;

/// The counters of all processes, one for each start of each.
#[derive(Default)]
pub(super) struct Counters {
    servers: Mutex<Vec<Arc<ChatFigures>>>,
    presence: Mutex<Vec<Arc<Mutex<PresenceFigures>>>>,
}

impl Counters {
    /// For the process of a chat server that starts.
    pub(super) fn of_server(&self) -> Arc<ChatFigures> {
        let figures = Arc::<ChatFigures>::default();
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push(figures.clone());
        figures
    }

    /// For the process of a presence server that starts.
    pub(super) fn of_presence(&self) -> Arc<Mutex<PresenceFigures>> {
        let figures = Arc::<Mutex<PresenceFigures>>::default();
        self.presence.lock().unwrap_or_else(PoisonError::into_inner).push(figures.clone());
        figures
    }

    /// What has been counted, with what the store had counted when the run began, and by now, and
    /// the longest time that a chat server kept a session whose device was gone.
    pub(super) fn read(
        &self,
        [store_before, store]: [StoreCounts; 2],
        believed_max_ns: Option<u64>,
    ) -> MachineCounts {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        let of_presence = |figures: &Arc<Mutex<PresenceFigures>>| {
            figures.lock().unwrap_or_else(PoisonError::into_inner).counts
        };
        MachineCounts {
            store_before,
            store,
            servers: servers.iter().map(|figures| figures.counts()).collect(),
            presence: presence.iter().map(of_presence).collect(),
            believed_max_ns,
        }
    }
}
