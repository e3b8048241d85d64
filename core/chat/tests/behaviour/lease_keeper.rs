//! The keeper of a lease, by itself: what it asks, and until when it relies on the answer.

use std::time::Duration;

use hubbub_chat::{
    Design, Monotonic,
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Outcome,
        registry::{LeaseInfo, LeaseKey, RegistryAnswer, RegistryRequest},
    },
};

const TTL: Duration = Duration::from_secs(6);
const KEY: LeaseKey = LeaseKey::Notifier;

fn at(milliseconds: u64) -> Monotonic {
    Monotonic(milliseconds * 1_000_000)
}

fn design() -> Design {
    Design { lease_ttl: TTL, ..Design::default() }
}

fn keeper() -> LeaseKeeper {
    LeaseKeeper::new(LeaseTarget::Key(KEY), 1, &design(), LeaseInfo::default())
}

fn leased(epoch: u64) -> Outcome<RegistryAnswer> {
    Outcome::Ok(RegistryAnswer::Leased { key: KEY, epoch, high_water_ms: 0 })
}

fn drain(keeper: &mut LeaseKeeper) -> Vec<LeaseOutput> {
    std::iter::from_fn(|| keeper.poll_output()).collect()
}

fn held(epoch: u64) -> LeaseOutput {
    LeaseOutput::Held { key: KEY, epoch, high_water_ms: 0 }
}

#[test]
fn the_time_counts_from_when_the_request_was_sent() {
    let mut keeper = keeper();
    keeper.handle_timeout(at(0));
    drain(&mut keeper);
    keeper.handle_answer(at(2500), 1, leased(1));
    assert_eq!(drain(&mut keeper), [held(1)]);
    assert_eq!(keeper.epoch(at(5399)), Some(1));
    assert_eq!(keeper.epoch(at(5400)), None, "whether or not the timer has fired");
}

#[test]
fn a_renewal_is_asked_for_every_third_of_the_time() {
    let mut keeper = keeper();
    let mut asked = Vec::new();
    while let Some(due) = keeper.poll_timeout().filter(|due| *due <= at(6000)) {
        keeper.handle_timeout(due);
        asked.push(due);
    }
    assert_eq!(asked, [at(0), at(2000), at(4000), at(6000)]);
}

#[test]
fn two_lost_renewals_do_not_lose_the_lease_and_three_do() {
    let mut keeper = keeper();
    keeper.handle_timeout(at(0));
    keeper.handle_answer(at(10), 1, leased(1));
    keeper.handle_timeout(at(2000));
    keeper.handle_answer(at(2010), 2, leased(1));
    drain(&mut keeper);
    keeper.handle_timeout(at(4000));
    keeper.handle_answer(at(4010), 3, Outcome::Refused);
    keeper.handle_timeout(at(6000));
    keeper.handle_answer(at(6010), 4, Outcome::Unknown);
    assert_eq!(keeper.epoch(at(7399)), Some(1));
    assert_eq!(keeper.poll_timeout(), Some(at(7400)));
    drain(&mut keeper);
    keeper.handle_timeout(at(7400));
    assert_eq!(drain(&mut keeper), [LeaseOutput::Lost]);
}

#[test]
fn answers_that_are_late_repeated_or_of_an_older_epoch_mean_nothing() {
    let mut keeper = keeper();
    keeper.handle_timeout(at(0));
    keeper.handle_timeout(at(2000));
    keeper.handle_timeout(at(4000));
    drain(&mut keeper);
    keeper.handle_answer(at(4010), 3, leased(2));
    assert_eq!(drain(&mut keeper), [held(2)]);
    keeper.handle_answer(at(4020), 2, leased(1));
    keeper.handle_answer(at(5300), 3, leased(2));
    keeper.handle_answer(at(5500), 1, leased(2));
    assert_eq!(drain(&mut keeper), []);
    assert_eq!(keeper.epoch(at(9399)), Some(2));
    assert_eq!(keeper.epoch(at(9400)), None);
}

#[test]
fn a_new_epoch_tells_the_holder_that_it_had_lost_the_lease() {
    let mut keeper = keeper();
    keeper.handle_timeout(at(0));
    keeper.handle_answer(at(10), 1, leased(1));
    keeper.handle_timeout(at(2000));
    drain(&mut keeper);
    keeper.handle_answer(at(2010), 2, leased(3));
    assert_eq!(drain(&mut keeper), [LeaseOutput::Lost, held(3)]);
}

#[test]
fn a_holder_stops_before_it_gives_the_lease_back() {
    let mut keeper = keeper();
    keeper.handle_timeout(at(0));
    keeper.handle_answer(at(10), 1, leased(1));
    keeper.handle_timeout(at(2000));
    drain(&mut keeper);
    keeper.release(at(2001));
    assert_eq!(keeper.epoch(at(2001)), None);
    let outputs = drain(&mut keeper);
    let request = RegistryRequest::Release { key: KEY, holder: 1 };
    assert_eq!(outputs, [LeaseOutput::Lost, LeaseOutput::Request { number: 3, request }]);
    keeper.handle_answer(at(2010), 2, leased(1));
    keeper.handle_answer(at(2020), 3, Outcome::Unknown);
    assert_eq!(drain(&mut keeper), [LeaseOutput::Released]);
    assert_eq!((keeper.epoch(at(2020)), keeper.poll_timeout()), (None, None));
}

#[test]
fn a_worker_names_its_id_only_while_it_holds_it() {
    let mut keeper = LeaseKeeper::new(LeaseTarget::AnyWorker, 1, &design(), LeaseInfo::default());
    let worker = |keeper: &mut LeaseKeeper, now| {
        keeper.handle_timeout(now);
        drain(keeper).into_iter().find_map(|output| match output {
            LeaseOutput::Request { request: RegistryRequest::Worker { worker, .. }, .. } => {
                Some(worker)
            }
            _ => None,
        })
    };
    assert_eq!(worker(&mut keeper, at(0)), Some(None));
    let key = LeaseKey::Worker(7);
    let answer = RegistryAnswer::Leased { key, epoch: 1, high_water_ms: 99 };
    keeper.handle_answer(at(10), 1, Outcome::Ok(answer));
    assert_eq!(drain(&mut keeper), [LeaseOutput::Held { key, epoch: 1, high_water_ms: 99 }]);
    assert_eq!(worker(&mut keeper, at(2000)), Some(Some(7)));
    assert_eq!(worker(&mut keeper, at(6000)), Some(None));
}
