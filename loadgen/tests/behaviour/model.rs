//! A model of connections and a server in virtual time, with faults that a test plants.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use hubbub_chat::{ChannelId, DeviceId, MessageId};
use hubbub_loadgen::{
    Evidence, GeneratorCpu, LoadPlan, LoadRun, Measured, Observation, RunPhase, Verdict,
    VerdictLimits, judge,
};
use hubbub_traffic::{
    Action, LoadShape, Population, PopulationShape, Schedule, What, message_number,
};

pub(crate) const MILLISECOND: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000_000_000;

/// What goes wrong. Deliveries are counted from 1.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// The server does nothing from the first instant until the second.
    pub(crate) stall_ns: Option<(u64, u64)>,
    /// Every n-th delivery is lost.
    pub(crate) drop_every: Option<u64>,
    /// Every n-th delivery comes twice.
    pub(crate) repeat_every: Option<u64>,
    /// The n-th delivery comes 5 s late, and others overtake it.
    pub(crate) hold: Option<u64>,
    /// All deliveries to this device take so much longer.
    pub(crate) slow: Option<(DeviceId, u64)>,
    /// The generator wakes up at multiples of this only.
    pub(crate) generator_tick_ns: Option<u64>,
}

/// A server that takes 1 ms to it and 1 ms back, and devices that keep one send in flight.
struct Model {
    faults: Faults,
    population: Arc<Population>,
    outboxes: BTreeMap<DeviceId, VecDeque<Action>>,
    logs: BTreeMap<ChannelId, MessageId>,
    events: BTreeMap<(u64, u64), Event>,
    event_count: u64,
    delivery_count: u64,
}

enum Event {
    Arrives(Action),
    Accepted(Action, MessageId),
    Delivered(DeviceId, MessageId, u64),
}

/// The plan of a load of 10 users over `window_s` seconds, with a warm-up of one second.
pub(crate) fn plan(deliveries_per_second: f64, window_s: u64, group_size: Option<u32>) -> LoadPlan {
    let shape = PopulationShape {
        users: 10.max(group_size.unwrap_or(0)),
        devices_per_user: 1.0,
        contacts: 1,
        group_count: u32::from(group_size.is_some()),
        group_size: [group_size.unwrap_or(2); 2],
        device_hosts: 1,
        ..PopulationShape::default()
    };
    let population = Population::generate(1, &shape);
    let load = LoadShape {
        duration: Duration::from_secs(1 + window_s),
        deliveries_per_second,
        group_share: if group_size.is_some() { 1.0 } else { 0.0 },
        body_bytes: 40,
    };
    LoadPlan {
        actions: Schedule::generate_load(1, &population, &load),
        population: Arc::new(population),
        warmup_ns: SECOND,
        window_ns: window_s * SECOND,
        drain_ns: 10 * SECOND,
        objective_ns: 50 * MILLISECOND,
    }
}

/// Runs a plan against the model.
pub(crate) fn measure(plan: LoadPlan, faults: Faults) -> Measured {
    let mut model = Model {
        faults: faults.clone(),
        population: plan.population.clone(),
        outboxes: BTreeMap::new(),
        logs: BTreeMap::new(),
        events: BTreeMap::new(),
        event_count: 0,
        delivery_count: 0,
    };
    let mut run = LoadRun::new(plan, 0);
    let mut now_ns = 0;
    while run.phase(now_ns) != RunPhase::Done {
        while let Some(due) = run.poll_action(now_ns) {
            run_all(&mut run, model.begin(due.action, now_ns));
        }
        let wanted_ns = run.poll_timeout(now_ns).map_or(now_ns, |next_ns| next_ns.max(now_ns + 1));
        let next_ns = model
            .events
            .first_key_value()
            .map_or(wanted_ns, |((at_ns, _), _)| wanted_ns.min(*at_ns));
        now_ns = match faults.generator_tick_ns {
            Some(tick_ns) => next_ns.next_multiple_of(tick_ns),
            None => next_ns,
        };
        run_all(&mut run, model.advance(now_ns));
    }
    run.finish()
}

/// The verdict on a run whose generator was at ease.
pub(crate) fn verdict(measured: &Measured) -> Verdict {
    let generator = GeneratorCpu { used_s: 0.1, threads: 1, machine_cores: 2 };
    judge(&Evidence::new(measured, 50 * MILLISECOND, Some(generator)), &VerdictLimits::default())
}

fn run_all(run: &mut LoadRun, observations: Vec<Observation>) {
    observations.iter().for_each(|observation| run.handle_observation(observation));
}

fn number(action: &Action) -> u64 {
    let What::Send { body, .. } = &action.what else { panic!("a load only sends") };
    message_number(body).expect("generated bodies have numbers")
}

impl Model {
    fn begin(&mut self, action: Action, now_ns: u64) -> Vec<Observation> {
        let outbox = self.outboxes.entry(action.device).or_default();
        outbox.push_back(action.clone());
        let mut observations = vec![Observation::Begun { number: number(&action), at_ns: now_ns }];
        if outbox.len() == 1 {
            observations.extend(self.put_out(action, now_ns));
        }
        observations
    }

    fn put_out(&mut self, action: Action, now_ns: u64) -> Vec<Observation> {
        let sent = Observation::Sent { number: number(&action), at_ns: now_ns };
        let arrives_ns = now_ns + MILLISECOND;
        let handled_ns = match self.faults.stall_ns {
            Some((from_ns, until_ns)) if (from_ns..until_ns).contains(&arrives_ns) => until_ns,
            _ => arrives_ns,
        };
        self.plan(handled_ns, Event::Arrives(action));
        vec![sent]
    }

    fn advance(&mut self, now_ns: u64) -> Vec<Observation> {
        let mut observations = Vec::new();
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= now_ns) {
            let at_ns = entry.key().0;
            match entry.remove() {
                Event::Arrives(action) => self.append(action, at_ns),
                Event::Accepted(action, message_id) => {
                    let (number, message_id) = (number(&action), Some(message_id));
                    observations.push(Observation::Accepted { number, message_id, at_ns });
                    let outbox = self.outboxes.entry(action.device).or_default();
                    outbox.pop_front();
                    if let Some(next) = outbox.front().cloned() {
                        observations.extend(self.put_out(next, at_ns));
                    }
                }
                Event::Delivered(device, message_id, number) => {
                    observations.push(Observation::Delivered { device, message_id, number, at_ns });
                }
            }
        }
        observations
    }

    fn append(&mut self, action: Action, now_ns: u64) {
        let Some(channel) = action.what.channel() else { return };
        let last = self.logs.entry(channel).or_default();
        *last = last.next();
        let (message_id, number) = (*last, number(&action));
        let back_ns = now_ns + MILLISECOND;
        for device in self.population.recipients(channel, action.device) {
            self.delivery_count += 1;
            let strikes =
                |every: Option<u64>| every.is_some_and(|n| self.delivery_count.is_multiple_of(n));
            let (lost, repeated) =
                (strikes(self.faults.drop_every), strikes(self.faults.repeat_every));
            let held_ns =
                if self.faults.hold == Some(self.delivery_count) { 5 * SECOND } else { 0 };
            let slow_ns =
                self.faults.slow.filter(|(slow, _)| *slow == device).map_or(0, |(_, ns)| ns);
            let at_ns = back_ns + held_ns + slow_ns;
            for _ in 0..if lost { 0 } else { 1 + u32::from(repeated) } {
                self.plan(at_ns, Event::Delivered(device, message_id, number));
            }
        }
        self.plan(back_ns, Event::Accepted(action, message_id));
    }

    fn plan(&mut self, at_ns: u64, event: Event) {
        self.event_count += 1;
        self.events.insert((at_ns, self.event_count), event);
    }
}
