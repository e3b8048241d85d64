//! How the fast engine carries out faults that a user of this crate wrote.

use std::time::Duration;

use hubbub_chat::time::nanoseconds;
use hubbub_history::{EventBody, FaultState, Source};

use super::{Engine, Happening, Lane, Payload, network::Fate as Way};
use crate::{
    custom::{
        CUSTOM_KIND, CustomFault, Fate, HostStrike, HostStrikeKind, HostStrikes, Message,
        MessageKind,
    },
    faults::FaultEffect,
    hosts::HostId,
};

/// Strikes at hosts that a run carries out at most, for all its custom faults together. A fault
/// that asks for more at every message would keep the run from getting anywhere.
const HOST_STRIKES_MAX: usize = 10_000;

/// The custom faults of a run. Their numbers follow those of the schedule, and those of what they do
/// to hosts come after.
pub(super) struct CustomFaults {
    faults: Vec<Custom>,
    host_strikes: Vec<Struck>,
}

struct Custom {
    fault: Box<dyn CustomFault>,
    id: u32,
    from: u64,
    until: u64,
    is_on: bool,
}

/// Something that a custom fault did to a host.
#[derive(Clone, Copy)]
struct Struck {
    id: u32,
    /// The custom fault that wanted it.
    by: u32,
    strike: HostStrike,
    is_on: bool,
}

impl CustomFaults {
    /// `first` is the number of the first; none is under way after `heal_at`, in nanoseconds since
    /// the run began.
    pub(super) fn new(faults: Vec<Box<dyn CustomFault>>, first: usize, heal_at: u64) -> Self {
        let custom = |(index, fault): (usize, Box<dyn CustomFault>)| {
            let span = fault.span();
            let until = nanoseconds(span.end).min(heal_at);
            let from = nanoseconds(span.start).min(until);
            Custom { fault, id: (first + index) as u32, from, until, is_on: false }
        };
        let faults = faults.into_iter().enumerate().map(custom).collect();
        Self { faults, host_strikes: Vec::new() }
    }

    /// What each did, by what the run counted.
    pub(super) fn effects(&self, affected: impl Fn(u32) -> u64) -> Vec<FaultEffect> {
        let effect = |custom: &Custom| FaultEffect {
            id: custom.id,
            kind: CUSTOM_KIND.to_owned(),
            target: custom.fault.name().to_owned(),
            from_s: custom.from as f64 / 1e9,
            until_s: custom.until as f64 / 1e9,
            affected: affected(custom.id),
        };
        self.faults.iter().map(effect).collect()
    }
}

impl Engine<'_> {
    pub(super) fn plan_custom_faults(&mut self) {
        for index in 0..self.custom.faults.len() {
            let Custom { from, until, .. } = self.custom.faults[index];
            self.at(from, Happening::Custom(index, true));
            self.at(until, Happening::Custom(index, false));
        }
    }

    /// A custom fault begins or ends.
    pub(super) fn custom_fault(&mut self, index: usize, on: bool) {
        let custom = &mut self.custom.faults[index];
        custom.is_on = on;
        let (id, name) = (custom.id, custom.fault.name().to_owned());
        if !on {
            return self.record_custom(id, CUSTOM_KIND, name, FaultState::Off);
        }
        let mut strikes = HostStrikes::default();
        custom.fault.begin(&self.setup.hosts, &mut strikes);
        self.record_custom(id, CUSTOM_KIND, name, FaultState::On);
        self.strike_hosts(index, &mut strikes);
    }

    /// What custom faults make of a message that would go `way`.
    pub(super) fn custom_way(
        &mut self,
        way: Way,
        (from, to): (HostId, HostId),
        lane: Lane,
        payload: &Payload,
    ) -> Way {
        let Way::Arrives(at) = way else { return way };
        let (now, kind) = (Duration::from_nanos(self.now), kind_of(payload));
        let message = Message { now, from, to, device: lane.device(), kind };
        for index in 0..self.custom.faults.len() {
            let custom = &mut self.custom.faults[index];
            if !custom.is_on {
                continue;
            }
            let (id, until) = (custom.id, custom.until);
            let mut strikes = HostStrikes::default();
            let fate = custom.fault.message(&message, &mut strikes);
            self.strike_hosts(index, &mut strikes);
            let later = |by| at.saturating_add(nanoseconds(by)).min(until.max(at));
            match fate {
                Fate::Dropped => {
                    self.network.count(id, 1);
                    return Way::Dropped;
                }
                // What waits behind something that is late already is late as well.
                Fate::Late(by) if !by.is_zero() && at <= until => {
                    self.network.count(id, 1);
                    return Way::Arrives(self.network.postpone(lane, later(by)));
                }
                Fate::Twice(by) if kind == MessageKind::Hint => {
                    self.network.count(id, 1);
                    self.at(later(by), Happening::Arrival(to, payload.clone()));
                    return way;
                }
                Fate::Arrives | Fate::Late(_) | Fate::Twice(_) => {}
            }
        }
        way
    }

    /// What a custom fault did to a host begins or ends.
    pub(super) fn host_strike(&mut self, index: usize, on: bool) {
        let Struck { id, by, strike: HostStrike { host, kind, .. }, is_on } =
            self.custom.host_strikes[index];
        // A host that something else has struck is in its hands.
        let is_struck = self.down_by.contains_key(&host) || self.paused.contains_key(&host);
        if (on && is_struck) || (!on && !is_on) {
            return;
        }
        self.custom.host_strikes[index].is_on = on;
        let name = self.setup.hosts.name(host).to_owned();
        if on {
            self.network.count(by, 1);
            self.record_custom(id, kind.as_str(), name.clone(), FaultState::On);
        }
        match (kind, on) {
            (HostStrikeKind::Crash, true) => self.stop_host(host, false, id),
            (HostStrikeKind::Crash, false) if self.down_by.get(&host) == Some(&id) => {
                self.start_host(host);
            }
            (HostStrikeKind::Crash, false) => {}
            (HostStrikeKind::Pause, true) => self.pause(host, id),
            (HostStrikeKind::Pause, false) => self.resume(host, id),
        }
        self.record_links();
        if !on {
            self.record_custom(id, kind.as_str(), name, FaultState::Off);
        }
    }

    /// What a fault wants of hosts happens next, and ends with the fault at the latest.
    fn strike_hosts(&mut self, index: usize, strikes: &mut HostStrikes) {
        let Custom { id, until, .. } = self.custom.faults[index];
        for strike in strikes.take() {
            let number = self.custom.host_strikes.len();
            let is_host = strike.host.0 < self.incarnations.len();
            if !is_host || number == HOST_STRIKES_MAX || self.now >= until {
                continue;
            }
            let first = self.setup.faults.len() + self.custom.faults.len();
            let struck = Struck { id: (first + number) as u32, by: id, strike, is_on: false };
            self.custom.host_strikes.push(struck);
            self.at(self.now, Happening::HostStrike(number, true));
            let ends = self.now.saturating_add(nanoseconds(strike.lasts)).min(until);
            self.at(ends, Happening::HostStrike(number, false));
        }
    }

    fn record_custom(&mut self, id: u32, kind: &str, target: String, state: FaultState) {
        let affected = (state == FaultState::Off).then(|| self.network.affected(id));
        let kind = kind.to_owned();
        let body = EventBody::Fault { id, kind, state, target, affected };
        self.record(Source::Harness, "harness", 0, body);
    }
}

fn kind_of(payload: &Payload) -> MessageKind {
    match payload {
        Payload::Open { .. } | Payload::Connect { .. } => MessageKind::Connect,
        Payload::Opened { .. } | Payload::Connected { .. } => MessageKind::Connected,
        Payload::Refused { .. } => MessageKind::Refused,
        Payload::ToServer { .. } | Payload::Call { .. } => MessageKind::ToServer,
        Payload::ToDevice { .. } | Payload::Reply { .. } => MessageKind::ToDevice,
        Payload::CloseServer { .. } | Payload::CloseDevice { .. } => MessageKind::Close,
        Payload::Ask(_) => MessageKind::AskServer,
        Payload::Told { .. } => MessageKind::TellServer,
        Payload::Request { request, .. } => MessageKind::Request(request.port()),
        Payload::Answer { answer, .. } => MessageKind::Answer(answer.port()),
        Payload::Peer { .. } => MessageKind::Hint,
        Payload::PushAnswer { .. } => MessageKind::PushAnswer,
    }
}
