//! The push gateway of a third party. It is outside the deployment: no fault of a host or a link keeps a
//! push from it, and what it was asked for it does whatever becomes of the asker. It has faults of its
//! own.

use std::sync::Arc;

use hubbub_chat::{
    ports::push::{PushAnswer, PushRequest},
    random::Random,
    time::{Monotonic, nanoseconds},
};
use hubbub_history::{Source, push_event};
use hubbub_scenario::{Cluster, FaultKind};
use hubbub_service::{
    net::{BoxFuture, Net},
    notify::Gateway,
};

use super::{
    net::{SimulatedNet, elapsed_ns},
    port_faults::{latency, struck},
    recording::Shared,
};
use crate::links::latency_ns;

/// The gateway, as the notifier on one host reaches it.
pub(super) struct SimulatedGateway {
    pub(super) net: Arc<SimulatedNet>,
    pub(super) host: String,
    pub(super) incarnation: u32,
    pub(super) shared: Shared,
    pub(super) cluster: Cluster,
}

impl SimulatedGateway {
    /// As over any link of the deployment.
    fn latency(&self) -> u64 {
        latency_ns(&self.cluster, Random::new(self.net.random()).unit())
    }
}

impl Gateway for SimulatedGateway {
    /// It takes every push on, unless it fails: its tokens live.
    fn push(
        &self,
        request: PushRequest,
        deadline: Monotonic,
    ) -> BoxFuture<'static, Option<PushAnswer>> {
        let now = elapsed_ns();
        let arrives_at = now + self.latency();
        let is_failing = !struck(&self.shared, &self.net, FaultKind::GatewayFailing).is_empty();
        let later = latency(&struck(&self.shared, &self.net, FaultKind::GatewaySlow));
        let answered_at = arrives_at + self.latency() + nanoseconds(later.unwrap_or_default());
        self.shared.with(|recording| {
            let event = push_event(&request, None);
            recording.record(now, Source::Notifier, &self.host, self.incarnation, event);
            if !is_failing {
                recording.push_at(arrives_at, request);
            }
        });
        let answered = self.net.sleep_until(Monotonic(answered_at.min(deadline.0)));
        Box::pin(async move {
            answered.await;
            let answer = if is_failing { PushAnswer::Busy } else { PushAnswer::Taken };
            (answered_at <= deadline.0).then_some(answer)
        })
    }
}
