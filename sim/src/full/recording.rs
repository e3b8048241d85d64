//! What a run of the full engine writes down: history, trace, and what faults did.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, History, Phase, Process, Source};

use crate::{
    hosts::{HostId, Hosts},
    setup::Setup,
    trace::Trace,
};

/// The recording, shared by the harness, the hosts and the capture of envelopes.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Recording>>);

/// Everything that is written down.
pub(super) struct Recording {
    hosts: Hosts,
    now_ns: u64,
    history: History,
    trace: Option<Trace>,
    envelopes: u64,
    addresses: BTreeMap<IpAddr, HostId>,
    attached: BTreeMap<DeviceId, String>,
    struck: Struck,
    affected: BTreeMap<u32, u64>,
}

/// Which faults strike what at the moment.
#[derive(Debug, Default)]
pub(super) struct Struck {
    /// Links that are cut.
    pub(super) cut: BTreeMap<(HostId, HostId), BTreeSet<u32>>,
    /// Links that are held.
    pub(super) held: BTreeMap<(HostId, HostId), BTreeSet<u32>>,
    /// Links that are slow, and the least latency that each fault asks for.
    pub(super) slow: BTreeMap<(HostId, HostId), BTreeMap<u32, Duration>>,
    /// Hosts that are down, and whether they went without a word.
    pub(super) down: BTreeMap<HostId, (u32, bool)>,
}

/// What happened to an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Send,
    Hold,
    Drop,
    Delivered,
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
        let header = || {
            let Setup { scenario, variant, seed, .. } = setup;
            Trace::new(format!(
                "hubbub-trace v1 engine=full scenario={scenario} variant={variant} seed={seed}"
            ))
        };
        Self {
            hosts: setup.hosts.clone(),
            now_ns: 0,
            history: History::default(),
            trace: traced.then(header),
            envelopes: 0,
            addresses: BTreeMap::new(),
            attached: BTreeMap::new(),
            struck: Struck::default(),
            affected: BTreeMap::new(),
        }
    }

    pub(super) fn begin(&mut self, setup: &Setup, entries: &[EventBody]) {
        self.harness(setup.run_event("full"));
        self.harness(setup.population_event());
        for entry in entries {
            self.record(0, Source::Store, "store", 0, entry.clone());
        }
        self.harness(EventBody::Phase { phase: Phase::Safety, deadline_ns: None });
    }

    pub(super) fn set_now(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
    }

    pub(super) fn name_address(&mut self, address: IpAddr, host: HostId) {
        self.addresses.insert(address, host);
    }

    /// A line of the harness, at the current tick.
    pub(super) fn harness(&mut self, body: EventBody) {
        self.record(self.now_ns, Source::Harness, "harness", 0, body);
    }

    pub(super) fn record(
        &mut self,
        t_ns: u64,
        source: Source,
        process: &str,
        incarnation: u32,
        body: EventBody,
    ) {
        if let EventBody::Session { device, server, attached, .. } = &body {
            if *attached {
                self.attached.insert(*device, server.clone());
            } else {
                self.attached.remove(device);
            }
        }
        if let Some(trace) = &mut self.trace {
            trace.push(t_ns, process, &format!("{body:?}"));
        }
        self.history.push(t_ns, source, Process(process.into()), incarnation, body);
    }

    /// What a machine is about to do.
    pub(super) fn note(&mut self, t_ns: u64, host: &str, what: &dyn Fn() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(t_ns, host, &what());
        }
    }

    /// An envelope on the simulated network; `what` describes it when a trace is kept.
    pub(super) fn envelope(
        &mut self,
        envelope: Envelope,
        from: IpAddr,
        to: IpAddr,
        what: impl FnOnce() -> String,
    ) {
        let hosts = self.addresses.get(&from).zip(self.addresses.get(&to));
        if let Some((from, to)) = hosts.map(|(from, to)| (*from, *to)) {
            self.count_effects(envelope, from, to);
            if let Some(trace) = &mut self.trace {
                let line = format!("{envelope:?} to {} {}", self.hosts.name(to), what());
                trace.push_envelope(self.now_ns, self.hosts.name(from), &line);
            }
        }
        self.envelopes += u64::from(envelope == Envelope::Send);
    }

    fn count_effects(&mut self, envelope: Envelope, from: HostId, to: HostId) {
        let link = (from, to);
        let struck: Vec<u32> = match envelope {
            Envelope::Drop => self.struck.cut.get(&link).into_iter().flatten().copied().collect(),
            Envelope::Hold => self.struck.held.get(&link).into_iter().flatten().copied().collect(),
            Envelope::Send => {
                self.struck.slow.get(&link).into_iter().flatten().map(|(fault, _)| *fault).collect()
            }
            Envelope::Delivered => Vec::new(),
        };
        for fault in struck {
            *self.affected.entry(fault).or_default() += 1;
        }
        if envelope == Envelope::Send
            && let Some((fault, _)) = self.struck.down.get(&to)
        {
            *self.affected.entry(*fault).or_default() += 1;
        }
    }

    /// Whether somebody wants to read how envelopes look.
    pub(super) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    pub(super) fn struck(&mut self) -> &mut Struck {
        &mut self.struck
    }

    /// Whether a connection attempt gets no answer at all: the link is cut in a direction, or the
    /// other host went without a word.
    pub(super) fn is_black_hole(&self, from: &str, to: &str) -> bool {
        let Some((from, to)) = self.hosts.find(from).zip(self.hosts.find(to)) else { return false };
        let is_cut = |link| self.struck.cut.get(&link).is_some_and(|faults| !faults.is_empty());
        let is_silent = |host| self.struck.down.get(&host).is_some_and(|(_, silent)| *silent);
        is_cut((from, to)) || is_cut((to, from)) || is_silent(to)
    }

    pub(super) fn count(&mut self, fault: u32, times: u64) {
        *self.affected.entry(fault).or_default() += times;
    }

    pub(super) fn affected(&self, fault: u32) -> u64 {
        self.affected.get(&fault).copied().unwrap_or_default()
    }

    pub(super) fn attached_count(&self) -> usize {
        self.attached.len()
    }

    /// Devices that are attached to a chat server.
    pub(super) fn attached_to(&self, server: &str) -> u64 {
        self.attached.values().filter(|attached| *attached == server).count() as u64
    }

    /// The devices of a stopped host are attached to nothing.
    pub(super) fn detach(&mut self, devices: &[DeviceId]) {
        for device in devices {
            self.attached.remove(device);
        }
    }

    pub(super) fn take(&mut self) -> (History, Option<Trace>, u64, BTreeMap<u32, u64>) {
        let history = std::mem::take(&mut self.history);
        (history, self.trace.take(), self.envelopes, std::mem::take(&mut self.affected))
    }
}
