//! What is owed to a user is pushed once, also when gateways, stores and notifiers fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, Monotonic, Notifier, Now, RequestId, UserId, Wall,
    notifier::{IN_FLIGHT_MAX, NotifierConfig, NotifierCounts, NotifierInput, NotifierOutput},
    ports::{
        Answer, Outcome, Port, Request,
        push::{PushAnswer, PushRequest, PushRow},
        registry::RegistryModel,
        store::{StoreAnswer, StoreRequest},
    },
    random::Random,
    time::nanoseconds,
};
use proptest::prelude::*;

use crate::support::{ANN, BEN, BENS, CAT, CATS, LAPTOP, PHONE, direct, group, seconds};

const LATENCY: Duration = Duration::from_millis(20);

/// What the gateway does with a push.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Now(PushAnswer),
    /// It answers, after so long.
    Late(PushAnswer, Duration),
    /// It takes the push, and its answer is lost.
    TakenInSilence,
}

#[derive(Debug)]
enum Event {
    Ask(usize, RequestId, Request),
    Answer(usize, RequestId, Answer),
    PushAnswer(usize, u64, PushAnswer),
}

/// A push that the gateway was asked for.
#[derive(Debug, Clone)]
struct Pushed {
    at: u64,
    taken: bool,
    request: PushRequest,
}

type Rule<I, O> = Box<dyn FnMut(&I) -> O>;

/// Notifiers, a registry, a gateway by a rule, and what a store owes.
struct Office {
    now: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), Event>,
    notifiers: Vec<Option<Notifier>>,
    /// Which start of each notifier it is: a process's answers do not reach the next.
    starts: u64,
    stopped: BTreeSet<usize>,
    registry: RegistryModel,
    owed: BTreeMap<(UserId, ChannelId), MessageId>,
    tokens: BTreeMap<UserId, BTreeMap<DeviceId, String>>,
    gateway: Rule<PushRequest, Reply>,
    /// Whether the store answers, and how late.
    store: Rule<StoreRequest, Outcome<Duration>>,
    pushed: Vec<Pushed>,
    settlements: usize,
    in_flight: usize,
    most_in_flight: usize,
}

impl Office {
    fn new() -> Self {
        let design = Design::default();
        let mut office = Self {
            now: 0,
            order: 0,
            queue: BTreeMap::new(),
            notifiers: Vec::new(),
            starts: 0,
            stopped: BTreeSet::new(),
            registry: RegistryModel::new(design.lease_ttl),
            owed: BTreeMap::new(),
            tokens: BTreeMap::new(),
            gateway: Box::new(|_| Reply::Now(PushAnswer::Taken)),
            store: Box::new(|_| Outcome::Ok(Duration::ZERO)),
            pushed: Vec::new(),
            settlements: 0,
            in_flight: 0,
            most_in_flight: 0,
        };
        for (user, device) in [(ANN, PHONE), (ANN, LAPTOP), (BEN, BENS), (CAT, CATS)] {
            office.tokens.entry(user).or_default().insert(device, format!("token-{device}"));
        }
        office.start();
        office
    }

    /// Starts one more notifier.
    fn start(&mut self) -> usize {
        self.starts += 1;
        let design = Design::default();
        let config = NotifierConfig { holder: self.starts, design, seed: self.starts };
        // Its clock reads the office's time, so it is asked for its timers from now on.
        self.notifiers.push(Some(Notifier::new(config)));
        self.notifiers.len() - 1
    }

    fn owe(&mut self, user: UserId, channel: ChannelId, up_to: u64) {
        self.owed.insert((user, channel), MessageId(up_to));
    }

    fn clock(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(0) }
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.order += 1;
        self.queue.insert((self.now + nanoseconds(after), self.order), event);
    }

    fn run_for(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        loop {
            let wakes = self.notifiers.iter().enumerate().filter_map(|(index, notifier)| {
                Some((notifier.as_ref()?.poll_timeout()?.0.0, index))
            });
            let wake = wakes.min();
            let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = [arrival, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            if arrival == Some(at) {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
            } else if let Some((_, index)) = wake {
                let now = self.clock();
                if let Some(notifier) = &mut self.notifiers[index] {
                    notifier.handle_timeout(now);
                }
                self.drain(index);
            }
        }
        self.now = end;
    }

    fn input(&mut self, index: usize, input: NotifierInput) {
        let now = self.clock();
        if let Some(notifier) = &mut self.notifiers[index] {
            notifier.handle_input(now, input);
        }
        self.drain(index);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask(index, id, request) => self.ask(index, id, request),
            Event::Answer(index, id, answer) => {
                self.input(index, NotifierInput::Answer(id, answer));
            }
            Event::PushAnswer(index, id, answer) => {
                self.in_flight -= 1;
                self.input(index, NotifierInput::PushAnswer(id, Some(answer)));
            }
        }
    }

    /// A request arrives at the registry or at the store.
    fn ask(&mut self, index: usize, id: RequestId, request: Request) {
        let (answer, late) = match request {
            Request::Registry(request) => {
                let answer = self.registry.handle(self.clock(), request);
                (Answer::Registry(Outcome::Ok(answer)), Duration::ZERO)
            }
            Request::Store(request) => match (self.store)(&request) {
                Outcome::Ok(late) => (Answer::Store(Outcome::Ok(self.serve(request))), late),
                Outcome::Refused => (Port::Store.refused(), Duration::ZERO),
                // The store does it and nobody hears of it.
                Outcome::Unknown => {
                    self.serve(request);
                    return;
                }
            },
            other => panic!("a notifier asks no {:?}", other.port()),
        };
        self.schedule(LATENCY + late, Event::Answer(index, id, answer));
    }

    fn serve(&mut self, request: StoreRequest) -> StoreAnswer {
        match request {
            StoreRequest::PushDue { rows_max } => {
                let row = |(key, up_to): (&(UserId, ChannelId), &MessageId)| {
                    let tokens = self.tokens.get(&key.0).filter(|tokens| !tokens.is_empty())?;
                    let tokens = tokens.iter().map(|(device, token)| (*device, token.clone()));
                    let (user, channel) = *key;
                    Some(PushRow { user, channel, up_to: *up_to, tokens: tokens.collect() })
                };
                let rows = self.owed.iter().filter_map(row).take(rows_max as usize);
                StoreAnswer::PushDue(rows.collect())
            }
            StoreRequest::PushSettled { user, channel, up_to } => {
                self.settlements += 1;
                self.read(user, channel, up_to);
                StoreAnswer::Done
            }
            StoreRequest::PushToken { user, device, token: None } => {
                self.tokens.entry(user).or_default().remove(&device);
                StoreAnswer::Done
            }
            other => panic!("a notifier does not ask for {other:?}"),
        }
    }

    /// Nothing up to here is owed any more.
    fn read(&mut self, user: UserId, channel: ChannelId, up_to: MessageId) {
        self.owed.retain(|key, owed| *key != (user, channel) || *owed > up_to);
    }

    fn drain(&mut self, index: usize) {
        while let Some(output) = self.notifiers[index].as_mut().and_then(Notifier::poll_output) {
            match output {
                NotifierOutput::Request { id, request, .. } => {
                    self.schedule(LATENCY, Event::Ask(index, id, request));
                }
                NotifierOutput::Push { id, request, .. } => self.push(index, id, request),
                NotifierOutput::Stopped => {
                    self.stopped.insert(index);
                }
            }
        }
    }

    fn push(&mut self, index: usize, id: u64, request: PushRequest) {
        let reply = (self.gateway)(&request);
        let taken = matches!(
            reply,
            Reply::Now(PushAnswer::Taken)
                | Reply::Late(PushAnswer::Taken, _)
                | Reply::TakenInSilence
        );
        self.pushed.push(Pushed { at: self.now, taken, request });
        let (answer, late) = match reply {
            Reply::Now(answer) => (answer, Duration::ZERO),
            Reply::Late(answer, late) => (answer, late),
            Reply::TakenInSilence => return,
        };
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
        self.schedule(2 * LATENCY + late, Event::PushAnswer(index, id, answer));
    }

    fn counts(&self) -> NotifierCounts {
        self.notifiers[0].as_ref().expect("the first notifier runs").counts()
    }

    /// The pushes to a device: when each was asked for, and which attempt it was.
    fn to(&self, device: DeviceId) -> Vec<&Pushed> {
        self.pushed.iter().filter(|pushed| pushed.request.device == device).collect()
    }
}

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
