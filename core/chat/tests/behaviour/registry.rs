//! The registry gives a key to one holder at a time, under growing epochs, also after a restart.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Monotonic, Now, ServerId, Wall,
    ports::registry::{
        LeaseInfo, LeaseKey, RegistryAnswer, RegistryModel, RegistryRecord, RegistryRequest,
    },
    snowflake::WORKERS,
};

use crate::support::assert_reached;

const TTL: Duration = Duration::from_secs(6);
const CHAT: LeaseKey = LeaseKey::Chat(ServerId(1));

fn at(seconds: u64) -> Now {
    Now { monotonic: Monotonic(seconds * 1_000_000_000), wall: Wall(0) }
}

fn info(open: bool, load: u32) -> LeaseInfo {
    LeaseInfo { open, load, ..LeaseInfo::default() }
}

fn lease(registry: &mut RegistryModel, seconds: u64, holder: u64) -> Option<u64> {
    let info = info(true, 0);
    let request = RegistryRequest::Lease { key: CHAT, holder, ttl: TTL, info };
    match registry.handle(at(seconds), request) {
        RegistryAnswer::Leased { epoch, .. } => Some(epoch),
        _ => None,
    }
}

fn worker(
    registry: &mut RegistryModel,
    seconds: u64,
    holder: u64,
    worker: Option<u16>,
    high_water_ms: u64,
) -> RegistryAnswer {
    let request = RegistryRequest::Worker { holder, ttl: TTL, worker, high_water_ms };
    registry.handle(at(seconds), request)
}

fn leased_worker(number: u16, epoch: u64, high_water_ms: u64) -> RegistryAnswer {
    RegistryAnswer::Leased { key: LeaseKey::Worker(number), epoch, high_water_ms }
}

fn version(registry: &mut RegistryModel, seconds: u64) -> u64 {
    match registry.handle(at(seconds), RegistryRequest::Watch) {
        RegistryAnswer::Snapshot { version, .. } => version,
        other => panic!("no snapshot: {other:?}"),
    }
}

#[test]
fn a_lease_belongs_to_its_holder_until_it_ends() {
    let mut registry = RegistryModel::new(TTL);
    assert_eq!(lease(&mut registry, 0, 1), Some(1));
    assert_eq!(lease(&mut registry, 5, 2), None);
    assert_eq!(lease(&mut registry, 5, 1), Some(1), "renewed under its epoch");
    assert_eq!(lease(&mut registry, 10, 2), None);
    assert_eq!(lease(&mut registry, 11, 2), Some(2));
    assert_eq!(lease(&mut registry, 11, 1), None);
}

#[test]
fn a_released_lease_is_free_and_only_its_holder_releases_it() {
    let mut registry = RegistryModel::new(TTL);
    lease(&mut registry, 0, 1);
    registry.handle(at(1), RegistryRequest::Release { key: CHAT, holder: 2 });
    assert_eq!(lease(&mut registry, 1, 2), None);
    registry.handle(at(1), RegistryRequest::Release { key: CHAT, holder: 1 });
    assert_eq!(lease(&mut registry, 1, 2), Some(2));
}

#[test]
fn the_version_changes_with_who_holds_what_and_who_is_open() {
    let mut registry = RegistryModel::new(TTL);
    lease(&mut registry, 0, 1);
    let first = version(&mut registry, 0);
    let mut renew = |seconds, info| {
        let request = RegistryRequest::Lease { key: CHAT, holder: 1, ttl: TTL, info };
        registry.handle(at(seconds), request);
        version(&mut registry, seconds)
    };
    assert_eq!(renew(1, info(true, 70)), first, "load alone is no change");
    let closed = renew(2, info(false, 70));
    assert!(closed > first);
    assert_eq!(renew(3, info(false, 70)), closed);
    assert!(version(&mut registry, 9) > closed, "it has ended");
}

#[test]
fn after_a_restart_a_key_goes_to_its_recorded_holder_alone() {
    let mut registry = RegistryModel::new(TTL);
    let epoch = lease(&mut registry, 0, 1);
    let before = version(&mut registry, 0);
    let mut registry = RegistryModel::restore(registry.record(), at(100), TTL);
    assert_eq!(lease(&mut registry, 101, 2), None);
    assert_eq!(lease(&mut registry, 101, 1), epoch);
    assert!(version(&mut registry, 101) > before);
    assert_eq!(lease(&mut registry, 106, 2), None, "renewed since");
    assert!(lease(&mut registry, 107, 2) > epoch);
}

#[test]
fn after_a_restart_a_key_without_a_record_goes_to_nobody_for_a_lease() {
    let record = RegistryRecord { last_epoch: 7, ..RegistryRecord::default() };
    let mut registry = RegistryModel::restore(record, at(100), TTL);
    assert_eq!(lease(&mut registry, 105, 1), None);
    assert_eq!(worker(&mut registry, 105, 1, None, 0), RegistryAnswer::Held);
    assert_eq!(lease(&mut registry, 106, 1), Some(9));
    assert_reached(registry.situations(), Situation::RegistryWaited);
}

#[test]
fn the_record_does_not_change_with_renewals() {
    let mut registry = RegistryModel::new(TTL);
    lease(&mut registry, 0, 1);
    let record = registry.record();
    let info = info(true, 12);
    registry.handle(at(1), RegistryRequest::Lease { key: CHAT, holder: 1, ttl: TTL, info });
    assert_eq!(registry.record(), record);
}

#[test]
fn a_worker_id_has_one_holder_and_keeps_its_high_water() {
    let mut registry = RegistryModel::new(TTL);
    assert_eq!(worker(&mut registry, 0, 1, None, 0), leased_worker(0, 1, 0));
    assert_eq!(worker(&mut registry, 0, 1, None, 0), leased_worker(0, 1, 0), "asked again");
    assert_eq!(worker(&mut registry, 0, 2, None, 0), leased_worker(1, 2, 0));
    assert_eq!(worker(&mut registry, 1, 1, Some(0), 5000), leased_worker(0, 1, 5000));
    assert_eq!(worker(&mut registry, 1, 2, Some(0), 0), RegistryAnswer::Held);
    // All have ended by now; the one with a recorded time is the last choice.
    assert_eq!(worker(&mut registry, 9, 3, None, 0), leased_worker(1, 3, 0));
    assert_eq!(worker(&mut registry, 9, 4, Some(0), 0), leased_worker(0, 4, 5000));
    let mut registry = RegistryModel::restore(registry.record(), at(0), TTL);
    assert_eq!(worker(&mut registry, 6, 5, Some(0), 0), leased_worker(0, 6, 5000));
}

#[test]
fn there_are_1024_worker_ids() {
    let mut registry = RegistryModel::new(TTL);
    for holder in 0..u64::from(WORKERS) {
        assert_ne!(worker(&mut registry, 0, holder, None, 0), RegistryAnswer::Held);
    }
    assert_eq!(worker(&mut registry, 0, 5000, None, 0), RegistryAnswer::Held);
    assert_eq!(worker(&mut registry, 9, 5000, Some(WORKERS), 0), RegistryAnswer::Held);
}

#[test]
fn nobody_gets_a_lease_for_longer_than_the_registry_gives() {
    let mut registry = RegistryModel::new(TTL / 2);
    assert_eq!(lease(&mut registry, 0, 1), None);
}
