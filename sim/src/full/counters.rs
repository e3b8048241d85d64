//! What the processes count, read when the run is over.

use std::sync::{Arc, Mutex, PoisonError};

use hubbub_chat::{ports::store::StoreCounts, situation::Situations};
use hubbub_service::{chat::ChatFigures, notify::NotifyFigures, presence::PresenceFigures};

use crate::outcome::MachineCounts;

/// The counters of all processes, one for each start of each.
#[derive(Default)]
pub(super) struct Counters {
    servers: Mutex<Vec<Arc<ChatFigures>>>,
    presence: Mutex<Vec<Arc<Mutex<PresenceFigures>>>>,
    notifiers: Mutex<Vec<Arc<NotifyFigures>>>,
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

    /// For the process of a notifier that starts.
    pub(super) fn of_notifier(&self) -> Arc<NotifyFigures> {
        let figures = Arc::<NotifyFigures>::default();
        self.notifiers.lock().unwrap_or_else(PoisonError::into_inner).push(figures.clone());
        figures
    }

    /// What the machines of servers and notifiers passed through.
    pub(super) fn situations(&self) -> Situations {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        let notifiers = self.notifiers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Situations::default();
        servers.iter().for_each(|figures| all.add(figures.situations()));
        presence.iter().for_each(|figures| {
            all.add(figures.lock().unwrap_or_else(PoisonError::into_inner).situations);
        });
        notifiers.iter().for_each(|figures| all.add(figures.situations()));
        all
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
