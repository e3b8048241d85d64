//! The one clock of a run.

use std::sync::Arc;

use hubbub_chat::time::Monotonic;
use hubbub_service::net::{BoxFuture, Net};

/// Nanoseconds since the run began, by the network's monotonic clock.
#[derive(Clone)]
pub(super) struct Clock {
    net: Arc<dyn Net>,
    begin_ns: u64,
}

impl Clock {
    /// A clock that shows 0 now.
    pub(super) fn start(net: Arc<dyn Net>) -> Self {
        let begin_ns = net.now().monotonic.0;
        Self { net, begin_ns }
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.net.now().monotonic.0.saturating_sub(self.begin_ns)
    }

    pub(super) fn sleep_until(&self, at_ns: u64) -> BoxFuture<'static, ()> {
        self.net.sleep_until(Monotonic(self.begin_ns.saturating_add(at_ns)))
    }
}
