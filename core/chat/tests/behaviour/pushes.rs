//! What is owed to a user is pushed once, also when gateways, stores and notifiers fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, UserId,
    notifier::{IN_FLIGHT_MAX, NotifierCounts, NotifierInput},
    ports::{Outcome, push::PushAnswer, store::StoreRequest},
    random::Random,
};
use proptest::prelude::*;

use crate::support::{
    ANN, BEN, BENS, CAT, CATS, LAPTOP, PHONE, assert_reached, direct, group,
    office::{Office, Reply},
    seconds,
};

#[test]
fn what_is_owed_is_pushed_to_each_token_and_settled_once() {
    let mut office = Office::new();
    office.owe(ANN, direct(), 7);
    office.owe(BEN, group(), 3);
    office.run_for(seconds(10));
    assert_eq!(office.pushed.len(), 3, "two devices of Ann's, one of Ben's");
    let request = &office.to(PHONE)[0].request;
    assert_eq!((request.up_to, request.attempt), (MessageId(7), 1));
    assert_eq!(request.token, format!("token-{PHONE}"));
    assert_eq!(office.settlements, 2, "one device of Ann's is enough");
    assert!(office.owed.is_empty());
    let counts = office.counts();
    assert_eq!((counts.due, counts.pushed, counts.settled), (2, 3, 2));
}

#[test]
fn what_comes_later_is_pushed_under_the_same_collapse_id() {
    let mut office = Office::new();
    for up_to in [1, 2, 9] {
        office.owe(BEN, group(), up_to);
        office.owe(BEN, direct(), up_to);
        office.run_for(seconds(5));
    }
    let ids: BTreeSet<_> = office
        .pushed
        .iter()
        .map(|pushed| (pushed.request.channel, pushed.request.collapse_id.clone()))
        .collect();
    assert_eq!((office.pushed.len(), ids.len()), (6, 2));
}

#[test]
fn a_busy_gateway_is_asked_again_after_growing_pauses() {
    let mut office = Office::new();
    office.gateway = Box::new(|_| Reply::Now(PushAnswer::Busy));
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(600));
    let pushed = office.to(BENS);
    let attempts: Vec<u32> = pushed.iter().map(|pushed| pushed.request.attempt).collect();
    assert_eq!(attempts, (1..=attempts.len() as u32).collect::<Vec<_>>());
    // 1 + 2 + 4 + … + 32 s and then a minute each, of which half is jitter.
    assert!((10..=25).contains(&attempts.len()), "{}", attempts.len());
    let pauses: Vec<u64> = pushed.windows(2).map(|two| two[1].at - two[0].at).collect();
    assert!(pauses[0] < 2_500_000_000);
    assert!(pauses[8..].iter().all(|pause| (30_000_000_000..62_000_000_000).contains(pause)));
    assert_eq!(office.counts().put_off, attempts.len() as u64);

    office.gateway = Box::new(|_| Reply::Now(PushAnswer::Taken));
    office.run_for(seconds(70));
    assert!(office.owed.is_empty());
    assert_eq!(office.counts().settled, 1);
}

#[test]
fn what_is_read_meanwhile_is_not_pushed_again() {
    let mut office = Office::new();
    office.gateway = Box::new(|_| Reply::Now(PushAnswer::Busy));
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(5));
    let before = office.pushed.len();
    assert!(before >= 2);
    office.read(BEN, direct(), MessageId(1));
    office.run_for(seconds(300));
    assert_eq!(office.pushed.len(), before);
}

/// A push stands for messages that are not due themselves. When those that were are read, the others
/// are not owed for a while.
#[test]
fn what_failed_and_is_due_again_later_is_no_first_attempt() {
    let mut office = Office::new();
    office.gateway = Box::new(|_| Reply::Now(PushAnswer::Busy));
    office.owe(BEN, direct(), 2);
    office.run_for(seconds(3));
    let before = office.to(BENS).len();
    office.owed.clear();
    office.run_for(seconds(4));
    assert_eq!(office.to(BENS).len(), before, "nothing is due");
    office.owe(BEN, direct(), 2);
    office.run_for(seconds(20));
    let attempts: Vec<u32> = office.to(BENS).iter().map(|it| it.request.attempt).collect();
    assert!(attempts.len() > before, "{attempts:?}");
    assert_eq!(attempts, (1..=attempts.len() as u32).collect::<Vec<_>>());
}

#[test]
fn a_dead_token_is_dropped_and_the_others_are_reached() {
    let mut office = Office::new();
    office.gateway = Box::new(|request| {
        Reply::Now(if request.device == PHONE { PushAnswer::DeadToken } else { PushAnswer::Taken })
    });
    for up_to in 1..=3 {
        office.owe(ANN, direct(), up_to);
        office.run_for(seconds(10));
    }
    assert_eq!((office.to(PHONE).len(), office.to(LAPTOP).len()), (1, 3));
    assert_eq!(office.counts().dead, 1);
    assert!(office.owed.is_empty());
}

#[test]
fn a_dead_token_that_the_store_kept_is_not_tried_at_every_turn() {
    let mut office = Office::new();
    office.gateway = Box::new(|_| Reply::Now(PushAnswer::DeadToken));
    office.store = Box::new(|request| match request {
        StoreRequest::PushToken { .. } => Outcome::Refused,
        _ => Outcome::Ok(Duration::ZERO),
    });
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(60));
    assert!((3..=8).contains(&office.pushed.len()), "{}", office.pushed.len());
    office.store = Box::new(|_| Outcome::Ok(Duration::ZERO));
    office.run_for(seconds(60));
    assert!(office.tokens[&BEN].is_empty());
    let pushed = office.pushed.len();
    office.run_for(seconds(300));
    assert_eq!(office.pushed.len(), pushed, "there is nobody to reach");
}

#[test]
fn an_answer_after_the_deadline_still_settles() {
    let mut office = Office::new();
    let late = Design::default().request_timeout + Duration::from_millis(300);
    office.gateway = Box::new(move |_| Reply::Late(PushAnswer::Taken, late));
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(60));
    assert!(office.owed.is_empty());
    assert_eq!((office.counts().unanswered, office.pushed.len()), (1, 1));
}

#[test]
fn a_push_whose_answer_is_lost_is_repeated_with_a_pause() {
    let mut office = Office::new();
    let mut first = true;
    office.gateway = Box::new(move |_| match std::mem::take(&mut first) {
        true => Reply::TakenInSilence,
        false => Reply::Now(PushAnswer::Taken),
    });
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(60));
    assert!(office.owed.is_empty());
    let attempts: Vec<u32> = office.pushed.iter().map(|pushed| pushed.request.attempt).collect();
    assert_eq!(attempts, [1, 2]);
    assert_reached(office.situations(), Situation::PushRepeated);
}

#[test]
fn a_settlement_that_fails_is_repeated_and_the_push_is_not() {
    for fails in [Outcome::Refused, Outcome::Unknown] {
        let mut office = Office::new();
        let mut left = 3;
        office.store = Box::new(move |request| match request {
            StoreRequest::PushSettled { .. } if left > 0 => {
                left -= 1;
                fails.clone()
            }
            _ => Outcome::Ok(Duration::ZERO),
        });
        office.owe(BEN, direct(), 1);
        office.run_for(seconds(60));
        assert!(office.owed.is_empty());
        assert_eq!(office.pushed.len(), 1);
    }
}

#[test]
fn a_later_message_does_not_wait_for_a_settlement_that_fails() {
    let mut office = Office::new();
    office.store = Box::new(|request| match request {
        StoreRequest::PushSettled { up_to, .. } if *up_to < MessageId(2) => Outcome::Unknown,
        _ => Outcome::Ok(Duration::ZERO),
    });
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(30));
    office.owe(BEN, direct(), 2);
    office.run_for(seconds(2));
    let pushed = office.pushed.iter().map(|one| (one.request.up_to, one.request.attempt));
    assert_eq!(pushed.collect::<Vec<_>>(), [(MessageId(1), 1), (MessageId(2), 1)]);
    assert!(office.owed.is_empty());
}

#[test]
fn an_answer_of_the_store_that_a_settlement_has_overtaken_pushes_nothing() {
    let mut office = Office::new();
    // What is due is answered late: in between, the first push is taken and settled.
    office.store = Box::new(|request| match request {
        StoreRequest::PushDue { .. } => Outcome::Ok(Duration::from_millis(1500)),
        _ => Outcome::Ok(Duration::ZERO),
    });
    let late = Duration::from_millis(800);
    office.gateway = Box::new(move |_| Reply::Late(PushAnswer::Taken, late));
    office.owe(BEN, direct(), 1);
    office.run_for(seconds(30));
    assert!(office.owed.is_empty());
    assert_eq!(office.pushed.len(), 1);
}

#[test]
fn a_push_that_is_under_way_when_its_message_is_read_is_not_repeated() {
    let mut office = Office::new();
    office.gateway = Box::new(|_| Reply::Late(PushAnswer::Busy, Duration::from_millis(2500)));
    office.owe(BEN, direct(), 1);
    office.run_for(Duration::from_millis(1500));
    assert_eq!(office.pushed.len(), 1);
    office.read(BEN, direct(), MessageId(1));
    office.run_for(seconds(60));
    assert_eq!(office.pushed.len(), 1);
    assert_reached(office.situations(), Situation::PushRaced);
}

#[test]
fn full_pages_follow_one_another_and_the_gateway_is_not_flooded() {
    let mut office = Office::new();
    for user in 100..3100 {
        let user = UserId(user);
        let token = BTreeMap::from([(DeviceId(user.0), format!("token-{user}"))]);
        office.tokens.insert(user, token);
        office.owe(user, ChannelId::group(ANN, 1), 1);
    }
    office.run_for(seconds(4));
    assert!(office.owed.is_empty(), "{} are left", office.owed.len());
    assert_eq!(office.pushed.len(), 3000);
    assert!(office.most_in_flight <= IN_FLIGHT_MAX, "{}", office.most_in_flight);
}

#[test]
fn those_who_fail_do_not_keep_the_others_waiting() {
    let mut office = Office::new();
    for user in 100..1100 {
        let user = UserId(user);
        let token = BTreeMap::from([(DeviceId(user.0), format!("token-{user}"))]);
        office.tokens.insert(user, token);
        office.owe(user, ChannelId::group(ANN, 1), 1);
    }
    office.gateway = Box::new(|request| {
        Reply::Now(if request.user.0 < 800 { PushAnswer::Busy } else { PushAnswer::Taken })
    });
    office.run_for(seconds(10));
    assert_eq!(office.owed.len(), 700);
}

#[test]
fn only_the_holder_of_the_lease_pushes() {
    let mut office = Office::new();
    office.run_for(seconds(1));
    let second = office.start();
    for up_to in 1..20 {
        office.owe(BEN, direct(), up_to);
        office.run_for(seconds(2));
    }
    assert_eq!(office.pushed.len(), 19);
    let standby = office.notifiers[second].as_ref().unwrap();
    assert_eq!(standby.counts(), NotifierCounts::default());
}

#[test]
fn a_notifier_that_takes_over_repeats_what_was_not_settled_once() {
    let mut office = Office::new();
    let second = office.start();
    // The first one dies after the gateway took the pushes and before the store was told.
    office.store = Box::new(|request| match request {
        StoreRequest::PushSettled { .. } => Outcome::Refused,
        _ => Outcome::Ok(Duration::ZERO),
    });
    office.owe(ANN, direct(), 7);
    office.owe(BEN, group(), 3);
    office.run_for(seconds(1));
    assert_eq!(office.pushed.len(), 3);
    office.notifiers[0] = None;
    office.store = Box::new(|_| Outcome::Ok(Duration::ZERO));
    office.run_for(seconds(30));
    assert!(office.owed.is_empty());
    for device in [PHONE, LAPTOP, BENS] {
        let ids: Vec<_> =
            office.to(device).iter().map(|pushed| &pushed.request.collapse_id).collect();
        assert_eq!(ids.len(), 2, "one repeat to {device}");
        assert_eq!(ids[0], ids[1]);
    }
    assert_eq!(office.notifiers[second].as_ref().unwrap().counts().due, 2);
    assert_reached(office.situations(), Situation::NotifierTookOver);
}

#[test]
fn a_notifier_that_stops_settles_first_and_leaves_nothing_to_repeat() {
    let mut office = Office::new();
    let second = office.start();
    office.gateway = Box::new(|_| Reply::Late(PushAnswer::Taken, Duration::from_secs(1)));
    office.owe(BEN, direct(), 1);
    office.run_for(Duration::from_millis(300));
    assert_eq!(office.pushed.len(), 1);
    office.input(0, NotifierInput::Stop);
    assert!(office.stopped.is_empty(), "a push is under way");
    office.owe(CAT, group(), 1);
    office.run_for(seconds(2));
    assert_eq!(office.stopped, BTreeSet::from([0]));
    office.run_for(seconds(10));
    assert!(office.owed.is_empty());
    assert_eq!((office.to(BENS).len(), office.to(CATS).len()), (1, 1));
    assert_eq!(office.notifiers[second].as_ref().unwrap().counts().pushed, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Notifiers die at random times. The gateway answers and the store hears of each settlement,
    /// so each death costs at most one repeat per user and channel.
    #[test]
    fn each_death_costs_one_repeat_per_user_and_channel(seed: u64) {
        let mut random = Random::new(seed);
        let mut office = Office::new();
        let mut deaths = 0;
        for up_to in 1..40 {
            office.owe(BEN, direct(), up_to);
            office.owe(CAT, group(), up_to);
            office.run_for(random.up_to(seconds(1)));
            if random.below(3) == 0 {
                deaths += 1;
                let last = office.notifiers.len() - 1;
                office.notifiers[last] = None;
                office.start();
                office.run_for(random.up_to(seconds(12)));
            }
        }
        office.run_for(seconds(30));
        prop_assert!(office.owed.is_empty());
        for device in [BENS, CATS] {
            let taken = office.to(device).into_iter().filter(|pushed| pushed.taken);
            let ids: Vec<MessageId> = taken.map(|pushed| pushed.request.up_to).collect();
            let repeats = ids.len() - ids.iter().collect::<BTreeSet<_>>().len();
            prop_assert!(repeats <= deaths, "{} repeats after {} deaths", repeats, deaths);
            prop_assert!(ids.is_sorted(), "what was settled does not come back");
        }
    }
}
