//! Takes down what devices tell, for the measurement and for the history.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hubbub_chat::{
    DeviceId, UserId,
    device::{DetachCause, DeviceEvent},
};
use hubbub_history::{Bounds, EventBody, History, Population, Process, Source, device_event};
use hubbub_service::client::DeviceObserver;

use super::{LoadOrder, clock::Clock, crowd::Crowd};
use crate::{observation::Observation, observer::Observer};

/// What a history says about its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryHeader {
    /// The scenario's name.
    pub scenario: String,
    /// The hash of the scenario file and everything that overrode it.
    pub scenario_hash: String,
    /// The variant; empty for the base.
    pub variant: String,
}

/// The first lines of a history.
pub(super) struct Header {
    run: EventBody,
    population: Population,
}

/// What happens on all devices, with times of one clock. One lock gives lines their order; under
/// it nothing is done but reading the clock and putting a line into a list.
pub(super) struct Recording {
    clock: Clock,
    observer: Observer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    observations: Vec<Observation>,
    lines: Option<Vec<Line>>,
    has_synced: Vec<bool>,
    synced: u32,
    last_cause: Option<DetachCause>,
}

/// A line of the history; the harness's when it has no device.
struct Line {
    t_ns: u64,
    device: Option<DeviceId>,
    body: EventBody,
}

impl Header {
    pub(super) fn new(header: &HistoryHeader, order: &LoadOrder, crowd: &Crowd) -> Self {
        let HistoryHeader { scenario, scenario_hash, variant } = header.clone();
        let bounds = Bounds::of(&order.design);
        let (seed, engine) = (order.seed, "load".to_owned());
        let run = EventBody::Run { scenario, scenario_hash, variant, seed, engine, bounds };
        Self { run, population: crowd.named() }
    }
}

impl Recording {
    /// A recording; one without a header keeps no history.
    pub(super) fn new(clock: Clock, observer: Observer, header: Option<Header>) -> Self {
        let lines = header.map(|Header { run, population }| {
            let line = |body| Line { t_ns: 0, device: None, body };
            vec![line(run), line(EventBody::Population(population))]
        });
        Self { clock, observer, state: Mutex::new(State { lines, ..State::default() }) }
    }

    /// A line of the harness, now.
    pub(super) fn harness(&self, body: EventBody) {
        let mut state = self.state();
        let t_ns = self.clock.now_ns();
        state.push_line(t_ns, None, body);
    }

    /// What was observed since this was last asked.
    pub(super) fn take_observations(&self) -> Vec<Observation> {
        mem::take(&mut self.state().observations)
    }

    /// Gives back an emptied list, so that its memory is used again.
    pub(super) fn give_back(&self, mut observations: Vec<Observation>) {
        observations.clear();
        let mut state = self.state();
        if state.observations.is_empty() {
            state.observations = observations;
        }
    }

    /// Devices that have synced at least once.
    pub(super) fn synced(&self) -> u32 {
        self.state().synced
    }

    /// Why the last connection ended, if one did.
    pub(super) fn last_cause(&self) -> Option<DetachCause> {
        self.state().last_cause
    }

    /// The history until now; afterwards none is kept.
    pub(super) fn take_history(&self) -> Option<History> {
        let lines = self.state().lines.take()?;
        let harness = Process("harness".into());
        let mut devices: BTreeMap<DeviceId, Process> = BTreeMap::new();
        let mut history = History::default();
        for Line { t_ns, device, body } in lines {
            let (source, process) = match device {
                None => (Source::Harness, harness.clone()),
                Some(device) => {
                    let name = || Process(format!("device-{device}").into());
                    (Source::Device, devices.entry(device).or_insert_with(name).clone())
                }
            };
            history.push(t_ns, source, process, 0, body);
        }
        Some(history)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked was no further than between two lines.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push_line(&mut self, t_ns: u64, device: Option<DeviceId>, body: EventBody) {
        if let Some(lines) = &mut self.lines {
            lines.push(Line { t_ns, device, body });
        }
    }

    fn note_synced(&mut self, place: usize) {
        if self.has_synced.len() <= place {
            self.has_synced.resize(place + 1, false);
        }
        self.synced += u32::from(!mem::replace(&mut self.has_synced[place], true));
    }
}

/// One device's way into the recording.
pub(super) struct Seat {
    /// Where everything goes.
    pub(super) recording: Arc<Recording>,
    /// The device's place in the population, from 0.
    pub(super) place: usize,
}

impl DeviceObserver for Seat {
    fn observe(
        &self,
        user: UserId,
        device: DeviceId,
        server: &str,
        intended_ns: Option<u64>,
        event: &DeviceEvent,
    ) {
        let number = DeviceId(self.place as u64 + 1);
        let line = device_event(user, device, server, intended_ns, event);
        let mut state = self.recording.state();
        let at_ns = self.recording.clock.now_ns();
        state.observations.extend(self.recording.observer.observe(number, event, at_ns));
        match event {
            DeviceEvent::Synced => state.note_synced(self.place),
            DeviceEvent::Detached(cause) => state.last_cause = Some(*cause),
            _ => {}
        }
        if let Some(body) = line {
            state.push_line(at_ns, Some(device), body);
        }
    }
}
