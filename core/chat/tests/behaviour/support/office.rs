//! Notifiers with a registry, a gateway and a store that the test plays by rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, Monotonic, Notifier, Now, RequestId, UserId, Wall,
    notifier::{NotifierConfig, NotifierCounts, NotifierInput, NotifierOutput},
    ports::{
        Answer, Outcome, Port, Request,
        push::{PushAnswer, PushRequest, PushRow},
        registry::RegistryModel,
        store::{StoreAnswer, StoreRequest},
    },
    time::nanoseconds,
};

use super::{ANN, BEN, BENS, CAT, CATS, LAPTOP, PHONE};

const LATENCY: Duration = Duration::from_millis(20);

/// What the gateway does with a push.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
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
pub(crate) struct Pushed {
    pub(crate) at: u64,
    pub(crate) taken: bool,
    pub(crate) request: PushRequest,
}

type Rule<I, O> = Box<dyn FnMut(&I) -> O>;

/// Notifiers, a registry, a gateway by a rule, and what a store owes.
pub(crate) struct Office {
    pub(crate) now: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), Event>,
    pub(crate) notifiers: Vec<Option<Notifier>>,
    /// Notifiers started so far; each has a place of its own, so no answer reaches another.
    starts: u64,
    pub(crate) stopped: BTreeSet<usize>,
    registry: RegistryModel,
    pub(crate) owed: BTreeMap<(UserId, ChannelId), MessageId>,
    pub(crate) tokens: BTreeMap<UserId, BTreeMap<DeviceId, String>>,
    pub(crate) gateway: Rule<PushRequest, Reply>,
    /// Whether the store answers, and how late.
    pub(crate) store: Rule<StoreRequest, Outcome<Duration>>,
    pub(crate) pushed: Vec<Pushed>,
    pub(crate) settlements: usize,
    in_flight: usize,
    pub(crate) most_in_flight: usize,
}

impl Office {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn start(&mut self) -> usize {
        self.starts += 1;
        let design = Design::default();
        let config = NotifierConfig { holder: self.starts, design, seed: self.starts };
        self.notifiers.push(Some(Notifier::new(config)));
        self.notifiers.len() - 1
    }

    pub(crate) fn owe(&mut self, user: UserId, channel: ChannelId, up_to: u64) {
        self.owed.insert((user, channel), MessageId(up_to));
    }

    fn clock(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(0) }
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.order += 1;
        self.queue.insert((self.now + nanoseconds(after), self.order), event);
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
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

    pub(crate) fn input(&mut self, index: usize, input: NotifierInput) {
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
    pub(crate) fn read(&mut self, user: UserId, channel: ChannelId, up_to: MessageId) {
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

    pub(crate) fn counts(&self) -> NotifierCounts {
        self.notifiers[0].as_ref().expect("the first notifier runs").counts()
    }

    /// What the notifiers that run passed through.
    pub(crate) fn situations(&self) -> hubbub_chat::situation::Situations {
        let mut all = hubbub_chat::situation::Situations::default();
        self.notifiers.iter().flatten().for_each(|notifier| all.add(notifier.situations()));
        all
    }

    /// The pushes to a device: when each was asked for, and which attempt it was.
    pub(crate) fn to(&self, device: DeviceId) -> Vec<&Pushed> {
        self.pushed.iter().filter(|pushed| pushed.request.device == device).collect()
    }
}
