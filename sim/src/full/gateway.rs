//! The push gateway of a third party. It is outside the deployment: no fault keeps a push from it, and
//! what it was asked for it does whatever becomes of the asker.

use std::sync::Arc;

use hubbub_chat::{
    ports::push::{PushAnswer, PushRequest},
    random::Random,
    time::Monotonic,
};
use hubbub_history::{Source, push_event};
use hubbub_service::{
    net::{BoxFuture, Net},
    notify::Gateway,
};

use super::{
    net::{SimulatedNet, elapsed_ns},
    recording::Shared,
};
use crate::setup::Setup;

/// The gateway, as the notifier on one host reaches it.
pub(super) struct SimulatedGateway {
    pub(super) net: Arc<SimulatedNet>,
    pub(super) host: String,
    pub(super) incarnation: u32,
    pub(super) shared: Shared,
    pub(super) latency_ns: (u64, u64),
}

impl SimulatedGateway {
    /// As over any link of the deployment: most messages are close to the least latency.
    fn latency(&self) -> u64 {
        let unit = Random::new(self.net.random()).unit();
        let (least, most) = self.latency_ns;
        least + (most.saturating_sub(least) as f64 * unit.powi(4)) as u64
    }
}

impl Gateway for SimulatedGateway {
    /// It takes every push on: its tokens live.
    fn push(
        &self,
        request: PushRequest,
        deadline: Monotonic,
    ) -> BoxFuture<'static, Option<PushAnswer>> {
        let now = elapsed_ns();
        let arrives_at = now + self.latency();
        let answered_at = arrives_at + self.latency();
        self.shared.with(|recording| {
            let event = push_event(&request, None);
            recording.record(now, Source::Notifier, &self.host, self.incarnation, event);
            recording.push_at(arrives_at, request);
        });
        let answered = self.net.sleep_until(Monotonic(answered_at.min(deadline.0)));
        Box::pin(async move {
            answered.await;
            (answered_at <= deadline.0).then_some(PushAnswer::Taken)
        })
    }
}

pub(super) fn latencies(setup: &Setup) -> (u64, u64) {
    let cluster = &setup.cluster;
    let nanoseconds = hubbub_chat::time::nanoseconds;
    (nanoseconds(cluster.latency_min.0), nanoseconds(cluster.latency_max.0))
}
