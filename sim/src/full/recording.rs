//! What a run of the full engine writes down: history, trace, and what faults did.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use hubbub_chat::{
    DeviceId,
    design::Transport,
    ports::push::{PushAnswer, PushRequest},
    situation::Situations,
    time::nanoseconds,
};
use hubbub_history::{
    EventBody, History, Phase, Process, Source, push_event,
    trace::{Trace, TraceLine},
};

use super::{
    capture::Segment,
    envelopes::Envelopes,
    struck::Struck,
    truth::{DeviceTruth, Stream},
};
use crate::{
    held::HeldSessions,
    hosts::{HostId, Hosts},
    setup::{LEAD, Setup},
    trace::trace_of,
};

/// The recording, shared by the harness, the hosts and the capture of envelopes.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Recording>>);

/// Everything that is written down.
pub(super) struct Recording {
    pub(super) hosts: Hosts,
    /// Whether a session is a connection, and not a row of polls.
    pub(super) is_streaming: bool,
    now_ns: u64,
    latest_ns: u64,
    history: History,
    trace: Option<Trace>,
    /// Which lines of the trace are envelopes on their way.
    under_way: Envelopes,
    envelopes: u64,
    addresses: BTreeMap<IpAddr, HostId>,
    pub(super) devices: BTreeMap<DeviceId, DeviceTruth>,
    /// Connections of devices, by their end at the device.
    pub(super) streams: BTreeMap<SocketAddr, Stream>,
    pub(super) held_sessions: HeldSessions,
    pub(super) struck: Struck,
    affected: BTreeMap<u32, u64>,
    /// Pushes on their way to the gateway, by when they arrive.
    pushes: BTreeMap<(u64, u64), PushRequest>,
    last_push: u64,
    /// Hosts whose program has come to its end.
    finished: Vec<HostId>,
    /// What the machines of devices passed through.
    pub(super) situations: Situations,
}

/// What happened to an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Send,
    Hold,
    Drop,
    Delivered,
}

/// What a run leaves.
pub(super) struct Recorded {
    pub(super) history: History,
    pub(super) trace: Option<Trace>,
    pub(super) envelopes: u64,
    pub(super) affected: BTreeMap<u32, u64>,
}

impl Shared {
    pub(super) fn new(recording: Recording) -> Self {
        Self(Arc::new(Mutex::new(recording)))
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Recording) -> T) -> T {
        // A panic elsewhere ends the run anyway; what was recorded until then is whole.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recording {
    pub(super) fn new(setup: &Setup, traced: bool) -> Self {
        Self {
            hosts: setup.hosts.clone(),
            is_streaming: matches!(
                setup.design.transport,
                Transport::Websocket | Transport::HttpSend
            ),
            now_ns: 0,
            latest_ns: 0,
            history: History::default(),
            trace: traced.then(|| trace_of(setup, "full")),
            under_way: Envelopes::default(),
            envelopes: 0,
            addresses: BTreeMap::new(),
            devices: BTreeMap::new(),
            streams: BTreeMap::new(),
            held_sessions: HeldSessions::default(),
            struck: Struck::default(),
            affected: BTreeMap::new(),
            pushes: BTreeMap::new(),
            last_push: 0,
            finished: Vec::new(),
            situations: Situations::default(),
        }
    }

    pub(super) fn begin(&mut self, setup: &Setup, entries: &[EventBody]) {
        self.harness(setup.run_event("full"));
        self.harness(setup.population_event());
        for entry in entries {
            self.record(0, Source::Store, "store", 0, entry.clone());
        }
        self.harness(EventBody::Phase { phase: Phase::Safety, deadline_ns: None });
        for index in 0..self.hosts.chat_count() {
            self.harness(setup.host_event(self.hosts.chat(index), true));
        }
    }

    pub(super) fn set_now(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
    }

    pub(super) fn name_address(&mut self, address: IpAddr, host: HostId) {
        self.addresses.insert(address, host);
    }

    /// When something happens to the world: within a step some host may have come further than the
    /// harness.
    pub(super) fn now(&self) -> u64 {
        self.now_ns.max(self.latest_ns)
    }

    /// A line of the harness.
    pub(super) fn harness(&mut self, body: EventBody) {
        self.record(self.now(), Source::Harness, "harness", 0, body);
    }

    pub(super) fn record(
        &mut self,
        t_ns: u64,
        source: Source,
        process: &str,
        incarnation: u32,
        body: EventBody,
    ) {
        self.latest_ns = self.latest_ns.max(t_ns);
        self.history.push(t_ns, source, Process(process.into()), incarnation, body);
        if let (Some(trace), Some(event)) = (&mut self.trace, self.history.events().last()) {
            trace.push(TraceLine::Event(Box::new(event.clone())));
        }
    }

    /// A line about a device, written by its process. That its network works is said before a session
    /// begins and after one has ended.
    pub(super) fn record_of_device(
        &mut self,
        t_ns: u64,
        device: DeviceId,
        incarnation: u32,
        body: EventBody,
    ) {
        let mut has_ended = false;
        if let Some(truth) = self.devices.get_mut(&device) {
            match &body {
                EventBody::Session { server, attached, .. } => {
                    if !attached {
                        self.held_sessions.lose(t_ns, device);
                    }
                    truth.server = attached.then(|| self.hosts.find(server)).flatten();
                    truth.is_synced = false;
                    has_ended = !attached;
                }
                EventBody::Synced { .. } => truth.is_synced = true,
                EventBody::Receive { .. } if t_ns >= nanoseconds(LEAD) => truth.has_received = true,
                _ => {}
            }
        }
        if let EventBody::Session { attached: true, .. } = &body {
            self.record_link(device);
        }
        self.record(t_ns, Source::Device, &format!("device-{device}"), incarnation, body);
        if has_ended {
            self.record_link(device);
        }
    }

    /// What a machine is about to do.
    pub(super) fn note(&mut self, t_ns: u64, host: &str, what: &dyn Fn() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.note(t_ns, host, what());
        }
    }

    /// An envelope on the simulated network; the segment says something when a trace is kept.
    pub(super) fn envelope(
        &mut self,
        envelope: Envelope,
        from: SocketAddr,
        to: SocketAddr,
        segment: &Segment,
    ) {
        let ends = (from, to);
        let hosts = self.addresses.get(&from.ip()).zip(self.addresses.get(&to.ip()));
        if let Some((from, to)) = hosts.map(|(from, to)| (*from, *to)) {
            self.count_effects(envelope, from, to);
            if let Some(trace) = &mut self.trace {
                let names = (self.hosts.name(from), self.hosts.name(to));
                self.under_way.write(trace, self.now_ns, envelope, ends, names, segment);
            }
        }
        if envelope == Envelope::Drop {
            self.break_stream(from, 0);
            self.break_stream(to, 1);
        }
        self.envelopes += u64::from(envelope == Envelope::Send);
    }

    fn count_effects(&mut self, envelope: Envelope, from: HostId, to: HostId) {
        let link = self.struck.links.get(&(from, to));
        let mut struck: Vec<u32> = match (envelope, link) {
            (Envelope::Drop, Some(link)) => link.cut.iter().copied().collect(),
            (Envelope::Hold, Some(link)) => link.held.iter().copied().collect(),
            (Envelope::Send, Some(link)) => link.slow.keys().copied().collect(),
            (Envelope::Delivered, _) | (_, None) => Vec::new(),
        };
        if envelope == Envelope::Send {
            let jitters = self.struck.jitters.get(&(from, to));
            struck.extend(jitters.into_iter().flat_map(BTreeMap::keys));
        }
        for fault in struck {
            self.count(fault, 1);
        }
        if envelope == Envelope::Send
            && let Some((fault, _)) = self.struck.down.get(&to)
        {
            self.count(*fault, 1);
        }
    }

    /// Whether somebody wants to read how envelopes look.
    pub(super) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// Whether a connection attempt gets no answer at all: the link is cut in a direction, or the
    /// other host went without a word.
    pub(super) fn is_black_hole(&self, from: &str, to: &str) -> bool {
        let Some((from, to)) = self.hosts.find(from).zip(self.hosts.find(to)) else { return false };
        let is_cut = |link| self.struck.links.get(&link).is_some_and(|state| !state.cut.is_empty());
        let is_silent = |host| self.struck.down.get(&host).is_some_and(|(_, silent)| *silent);
        is_cut((from, to)) || is_cut((to, from)) || is_silent(to)
    }

    /// Whether a host leaves a connection attempt without an answer, though it is up and can be
    /// reached. Counts the attempt if so.
    pub(super) fn is_unanswered(&mut self, to: &str) -> bool {
        let Some(host) = self.hosts.find(to) else { return false };
        let faults = self.struck.deaf(host);
        faults.iter().for_each(|fault| self.count(*fault, 1));
        !faults.is_empty()
    }

    /// Whether a host answers a connection attempt with a refusal, since its process is down. Counts
    /// the attempt if so.
    pub(super) fn is_refused(&mut self, to: &str) -> bool {
        let down = self.hosts.find(to).and_then(|host| self.struck.down.get(&host).copied());
        match down {
            Some((fault, false)) => {
                self.count(fault, 1);
                true
            }
            _ => false,
        }
    }

    /// Whether a host is down.
    pub(super) fn is_down(&self, host: HostId) -> bool {
        self.struck.down.contains_key(&host)
    }

    pub(super) fn count(&mut self, fault: u32, times: u64) {
        *self.affected.entry(fault).or_default() += times;
    }

    pub(super) fn affected(&self, fault: u32) -> u64 {
        self.affected.get(&fault).copied().unwrap_or_default()
    }

    /// The gateway gets a push at that time.
    pub(super) fn push_at(&mut self, at_ns: u64, request: PushRequest) {
        self.last_push += 1;
        self.pushes.insert((at_ns, self.last_push), request);
    }

    /// The gateway gets what has arrived by now.
    pub(super) fn deliver_pushes(&mut self) {
        while let Some(push) = self.pushes.first_entry().filter(|push| push.key().0 <= self.now_ns)
        {
            let event = push_event(&push.remove(), Some(PushAnswer::Taken));
            self.record(self.now(), Source::Gateway, "gateway", 0, event);
        }
    }

    /// A host's program has come to its end.
    pub(super) fn finish(&mut self, host: HostId) {
        self.finished.push(host);
    }

    pub(super) fn take_finished(&mut self) -> Vec<HostId> {
        std::mem::take(&mut self.finished)
    }

    pub(super) fn take(&mut self) -> Recorded {
        Recorded {
            history: std::mem::take(&mut self.history),
            trace: self.trace.take(),
            envelopes: self.envelopes,
            affected: std::mem::take(&mut self.affected),
        }
    }
}
