//! The registry and the generator of ids, with what both must keep over a restart.

use std::time::Duration;

use hubbub_chat::{
    MessageId, Monotonic, Now,
    ports::{
        Answer, Outcome, Port, Request,
        registry::{RegistryModel, RegistryRecord},
    },
    snowflake::SnowflakeSource,
};
use serde::{Deserialize, Serialize};

/// The generator's worker id. Where there is a generator nobody else is a worker.
const GENERATOR_WORKER: u16 = 0;

/// What the generator reserves at a time, in milliseconds: it keeps this time instead of each id's,
/// and after a quick restart it waits until the clock has passed it.
const RESERVED_MS: u64 = 1000;

/// What the registry and the generator must keep to be restarted. Whoever hosts them writes it
/// durably, when it has changed, before the answer that changed it goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryKept {
    /// The registry's record.
    pub record: RegistryRecord,
    /// In milliseconds since the Unix epoch: nothing that the generator has issued is later.
    pub generator_ms: u64,
}

/// Where those are who hold leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holders {
    /// In other processes, too: they live on when this one restarts.
    Elsewhere,
    /// All in this process: they ended with it.
    Here,
}

/// The registry and the generator of one process.
#[derive(Debug)]
pub(super) struct RegistryDesk {
    registry: RegistryModel,
    generator: SnowflakeSource,
    kept: RegistryKept,
}

impl RegistryDesk {
    /// After a restart, or at the very first start. No lease is given for longer than `ttl_max`.
    pub(super) fn new(
        kept: Option<RegistryKept>,
        holders: Holders,
        now: Now,
        ttl_max: Duration,
    ) -> Self {
        let mut generator = SnowflakeSource::without_lease();
        let reserved_ms = kept.as_ref().map_or(0, |kept| kept.generator_ms);
        let for_ever = Monotonic(u64::MAX);
        generator.lease(GENERATOR_WORKER, for_ever, reserved_ms, Monotonic(0));
        let registry = match (kept.clone(), holders) {
            (None, _) => RegistryModel::new(ttl_max),
            (Some(kept), Holders::Elsewhere) => RegistryModel::restore(kept.record, now, ttl_max),
            (Some(kept), Holders::Here) => RegistryModel::restore_alone(kept.record, ttl_max),
        };
        Self { registry, generator, kept: kept.unwrap_or_default() }
    }

    /// Carries out a request to either.
    pub(super) fn handle(&mut self, now: Now, request: Request) -> Answer {
        match request {
            Request::Registry(request) => {
                Answer::Registry(Outcome::Ok(self.registry.handle(now, request)))
            }
            Request::NextId => self
                .next_id(now)
                .map_or_else(|| Port::Generator.refused(), |id| Answer::NextId(Outcome::Ok(id))),
            other => other.port().refused(),
        }
    }

    /// What is to be kept before the answer goes out; `None` when that has not changed.
    pub(super) fn unkept(&self) -> Option<RegistryKept> {
        let issued_ms = self.generator.high_water_ms();
        let generator_ms = match issued_ms > self.kept.generator_ms {
            true => issued_ms + RESERVED_MS,
            false => self.kept.generator_ms,
        };
        let kept = RegistryKept { record: self.registry.record(), generator_ms };
        (kept != self.kept).then_some(kept)
    }

    /// It is kept now.
    pub(super) fn keep(&mut self, kept: RegistryKept) {
        self.kept = kept;
    }

    fn next_id(&mut self, now: Now) -> Option<MessageId> {
        self.generator.issue(now).ok()
    }
}

#[cfg(test)]
mod tests {
    use hubbub_chat::{
        ServerId, Wall,
        ports::registry::{LeaseInfo, LeaseKey, RegistryAnswer, RegistryRequest},
        snowflake::EPOCH_MS,
    };

    use super::*;

    const TTL: Duration = Duration::from_secs(6);

    fn at(milliseconds: u64) -> Now {
        let wall = Wall((EPOCH_MS + 1_000_000 + milliseconds) * 1_000_000);
        Now { monotonic: Monotonic(milliseconds * 1_000_000), wall }
    }

    fn lease(desk: &mut RegistryDesk, now: Now, holder: u64) -> Option<u64> {
        let key = LeaseKey::Chat(ServerId(1));
        let info = LeaseInfo::default();
        let request = RegistryRequest::Lease { key, holder, ttl: TTL, info };
        match desk.handle(now, Request::Registry(request)) {
            Answer::Registry(Outcome::Ok(RegistryAnswer::Leased { epoch, .. })) => Some(epoch),
            _ => None,
        }
    }

    fn keep(desk: &mut RegistryDesk) -> Option<RegistryKept> {
        let kept = desk.unkept()?;
        desk.keep(kept.clone());
        Some(kept)
    }

    #[test]
    fn a_renewal_changes_nothing_that_is_kept() {
        let mut desk = RegistryDesk::new(None, Holders::Elsewhere, at(0), TTL);
        lease(&mut desk, at(0), 1).unwrap();
        assert!(keep(&mut desk).is_some());
        lease(&mut desk, at(2000), 1).unwrap();
        assert_eq!(keep(&mut desk), None);
    }

    #[test]
    fn a_restarted_registry_waits_for_holders_that_live_elsewhere_alone() {
        let mut desk = RegistryDesk::new(None, Holders::Elsewhere, at(0), TTL);
        let first = lease(&mut desk, at(0), 1).unwrap();
        let kept = keep(&mut desk);
        let mut elsewhere = RegistryDesk::new(kept.clone(), Holders::Elsewhere, at(10), TTL);
        assert_eq!(lease(&mut elsewhere, at(20), 2), None);
        assert_eq!(lease(&mut elsewhere, at(20), 1), Some(first));
        let mut here = RegistryDesk::new(kept, Holders::Here, at(10), TTL);
        assert!(lease(&mut here, at(20), 2) > Some(first));
    }

    #[test]
    fn ids_rise_over_a_restart_whatever_the_clock_does() {
        let mut desk = RegistryDesk::new(None, Holders::Here, at(0), TTL);
        let id = |desk: &mut RegistryDesk, now| match desk.handle(now, Request::NextId) {
            Answer::NextId(Outcome::Ok(id)) => Some(id),
            _ => None,
        };
        let first = id(&mut desk, at(5000)).unwrap();
        let kept = keep(&mut desk);
        let second = id(&mut desk, at(5500)).unwrap();
        assert_eq!(keep(&mut desk), None, "it is within what is reserved");
        assert!(second > first);
        let mut desk = RegistryDesk::new(kept, Holders::Here, at(0), TTL);
        assert_eq!(id(&mut desk, at(4000)), None, "the clock went back");
        assert_eq!(id(&mut desk, at(6000)), None);
        assert!(id(&mut desk, at(6001)).unwrap() > second);
    }
}
