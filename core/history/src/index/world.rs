//! What the harness knows of hosts and devices: who was up, linked and attached, and what was
//! wrong meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hubbub_chat::DeviceId;

use super::{faults::Faults, spans::Span};
use crate::event::{Event, EventBody, Source};

/// A stretch of time in which a device was attached to a chat server, both of them were up, and
/// the device's network worked.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// The chat server's host; empty when it is not known.
    pub server: Arc<str>,
    /// When.
    pub span: Span,
    /// Whether the session is an older one that went on after an interruption.
    pub resumed: bool,
}

/// The life of a device.
#[derive(Debug, Default)]
pub struct Life {
    /// When it was attached, in order.
    pub attachments: Vec<Attachment>,
    /// When it was up, linked in both directions and logged in.
    pub working: Vec<Span>,
    /// When nothing that was sent to it arrived, although its link was there.
    pub deaf: Vec<Span>,
    /// When its first sync of a session was done, with the chat server's host.
    pub synced: Vec<(u64, Arc<str>)>,
    /// When it stopped.
    pub stopped: Vec<u64>,
    /// When its user was logged out on it.
    pub logged_out: Vec<Span>,
}

/// A host stopped.
#[derive(Debug, Clone)]
pub struct Death {
    /// The host.
    pub name: String,
    /// When, in nanoseconds since the run began.
    pub t_ns: u64,
    /// The line that says so.
    pub seq: u64,
    /// Whether it was stopped in order: by a fault that is no crash, power loss or restart.
    pub clean: bool,
    /// Devices that were attached to it, up, linked and logged in.
    pub devices: Vec<DeviceId>,
}

/// What happened to hosts and devices.
#[derive(Debug, Default)]
pub struct World {
    /// The devices that were ever attached.
    pub lives: BTreeMap<DeviceId, Life>,
    /// Hosts that stopped, in order.
    pub deaths: Vec<Death>,
    /// Hosts that were started again, in order, and when.
    pub returns: Vec<(String, u64)>,
    /// How many sessions each chat server may hold: when it was said, and by which line.
    pub capacities: BTreeMap<Arc<str>, Vec<(u64, u32)>>,
    /// When no chat server was up, of those whose capacity was said; in order.
    pub without_chat: Vec<Span>,
    /// What was wrong, and when.
    pub faults: Faults,
    /// When the history ends, in nanoseconds since the run began.
    pub end_ns: u64,
}

/// Reads the lines in order.
#[derive(Debug, Default)]
pub(super) struct Watch {
    world: World,
    hosts: BTreeMap<Arc<str>, Facts>,
    devices: BTreeMap<DeviceId, Now>,
    own: BTreeMap<DeviceId, Facts>,
    /// Since when no chat server is up.
    without_chat_since: Option<u64>,
    on_host: BTreeMap<Arc<str>, BTreeSet<DeviceId>>,
    at_server: BTreeMap<Arc<str>, BTreeSet<DeviceId>>,
}

/// What a `truth` line says.
#[derive(Debug, Clone, Copy)]
struct Facts {
    up: bool,
    link: bool,
    hears: bool,
    logged_in: bool,
}

/// A device at the moment.
#[derive(Debug, Default)]
struct Now {
    host: Option<Arc<str>>,
    server: Option<Arc<str>>,
    working_since: Option<u64>,
    deaf_since: Option<u64>,
    attached_since: Option<u64>,
    resumed: bool,
}

/// The facts that one line says; what it leaves out is as it was.
#[derive(Clone, Copy)]
struct Said {
    up: bool,
    link: Option<bool>,
    hears: Option<bool>,
    logged_in: Option<bool>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { up: true, link: true, hears: true, logged_in: true }
    }
}

impl Facts {
    fn learn(&mut self, said: Said) {
        *self = Self {
            up: said.up,
            link: said.link.unwrap_or(self.link),
            hears: said.hears.unwrap_or(self.hears),
            logged_in: said.logged_in.unwrap_or(self.logged_in),
        };
    }

    fn works(self) -> bool {
        self.up && self.link && self.logged_in
    }
}

impl Watch {
    pub(super) fn note(&mut self, event: &Event) {
        let t_ns = event.t_ns;
        match &event.body {
            EventBody::Session { device, server, attached, .. } => {
                if event.source == Source::Device {
                    self.place(*device, &event.process.0, t_ns);
                }
                let server = attached.then(|| Arc::from(server.as_str()));
                if server.is_some() || self.devices.contains_key(device) {
                    self.attach(*device, server, t_ns);
                }
            }
            EventBody::Synced { device, server } => {
                let life = self.world.lives.entry(*device).or_default();
                life.synced.push((t_ns, Arc::from(server.as_str())));
            }
            EventBody::Truth { name, up, link, hears, logged_in, capacity } => {
                self.world.faults.note(event);
                let name: Arc<str> = Arc::from(name.as_str());
                if let Some(capacity) = capacity {
                    let capacities = self.world.capacities.entry(name.clone()).or_default();
                    capacities.push((t_ns, *capacity));
                }
                if !*up {
                    self.die(&name, event);
                }
                let (up, link, hears, logged_in) = (*up, *link, *hears, *logged_in);
                let said = Said { up, link, hears, logged_in };
                match device_of(&name) {
                    Some(device) => {
                        self.own.entry(device).or_default().learn(said);
                        self.log(device, logged_in, t_ns);
                        self.turn(device, t_ns);
                    }
                    None => {
                        let facts = self.hosts.entry(name.clone()).or_default();
                        if up && !facts.up {
                            self.world.returns.push((name.to_string(), t_ns));
                        }
                        facts.learn(said);
                        self.watch_chat(&name, up, t_ns);
                        let here = self.on_host.get(&name).cloned().unwrap_or_default();
                        here.into_iter().for_each(|device| self.turn(device, t_ns));
                    }
                }
            }
            EventBody::Fault { .. } => self.world.faults.note(event),
            _ => {}
        }
    }

    pub(super) fn finish(mut self, end_ns: u64) -> World {
        let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
        devices.into_iter().for_each(|device| self.close(device, end_ns));
        let span = |since| Span::new(since, end_ns);
        self.world.without_chat.extend(self.without_chat_since.take().map(span));
        self.world.faults.finish(end_ns);
        self.world.end_ns = end_ns;
        self.world
    }

    fn place(&mut self, device: DeviceId, host: &Arc<str>, t_ns: u64) {
        let now = self.devices.entry(device).or_default();
        if now.host.as_ref() != Some(host) {
            now.host = Some(host.clone());
            self.on_host.entry(host.clone()).or_default().insert(device);
            self.turn(device, t_ns);
        }
    }

    /// A new session, or none.
    fn attach(&mut self, device: DeviceId, server: Option<Arc<str>>, t_ns: u64) {
        self.close(device, t_ns);
        let now = self.devices.entry(device).or_default();
        let before = std::mem::replace(&mut now.server, server.clone());
        now.resumed = false;
        if let Some(before) = before {
            self.at_server.entry(before).or_default().remove(&device);
        }
        if let Some(server) = server {
            self.at_server.entry(server).or_default().insert(device);
        }
        self.turn(device, t_ns);
    }

    /// A host or a device stopped: whoever was attached to it is not any more, and neither are
    /// the devices that stopped with it.
    fn die(&mut self, name: &Arc<str>, event: &Event) {
        let works = |device: &DeviceId| self.works(*device);
        let attached = self.at_server.get(name).into_iter().flatten().copied();
        let devices: Vec<DeviceId> = attached.filter(works).collect();
        self.world.deaths.push(Death {
            name: name.to_string(),
            t_ns: event.t_ns,
            seq: event.seq,
            clean: self.world.faults.is_clean_stop(name),
            devices,
        });
        let mut lost = self.at_server.get(name).cloned().unwrap_or_default();
        lost.extend(self.on_host.get(name).into_iter().flatten());
        lost.extend(device_of(name));
        let stopped = self.on_host.get(name).into_iter().flatten().copied().chain(device_of(name));
        for device in stopped {
            self.world.lives.entry(device).or_default().stopped.push(event.t_ns);
        }
        for device in lost {
            if self.devices.contains_key(&device) {
                self.attach(device, None, event.t_ns);
            }
        }
    }

    /// A host came up or went down: it may be the last chat server, or the first.
    fn watch_chat(&mut self, name: &Arc<str>, up: bool, t_ns: u64) {
        if !self.world.capacities.contains_key(name) {
            return;
        }
        if up {
            let span = |since| Span::new(since, t_ns);
            self.world.without_chat.extend(self.without_chat_since.take().map(span));
            return;
        }
        let is_up = |name: &Arc<str>| self.hosts.get(name).is_none_or(|facts| facts.up);
        if !self.world.capacities.keys().any(is_up) {
            self.without_chat_since.get_or_insert(t_ns);
        }
    }

    fn log(&mut self, device: DeviceId, logged_in: Option<bool>, t_ns: u64) {
        let logged_out = &mut self.world.lives.entry(device).or_default().logged_out;
        let open = logged_out.last_mut().filter(|span| span.to_ns == u64::MAX);
        match (logged_in, open) {
            (Some(false), None) => logged_out.push(Span::new(t_ns, u64::MAX)),
            (Some(true), Some(open)) => open.to_ns = t_ns,
            _ => {}
        }
    }

    fn works(&self, device: DeviceId) -> bool {
        let host = self.devices.get(&device).and_then(|now| now.host.as_ref());
        let host = host.and_then(|host| self.hosts.get(host)).copied().unwrap_or_default();
        host.works() && self.own.get(&device).copied().unwrap_or_default().works()
    }

    fn hears(&self, device: DeviceId) -> bool {
        self.own.get(&device).copied().unwrap_or_default().hears
    }

    /// Begins and ends stretches as things stand now.
    fn turn(&mut self, device: DeviceId, t_ns: u64) {
        let works = self.works(device);
        if !works {
            return self.close(device, t_ns);
        }
        let hears = self.hears(device);
        let Some(now) = self.devices.get_mut(&device) else { return };
        let life = self.world.lives.entry(device).or_default();
        if hears {
            now.working_since.get_or_insert(t_ns);
            life.deaf.extend(now.deaf_since.take().map(|since| Span::new(since, t_ns)));
        } else {
            now.deaf_since.get_or_insert(t_ns);
            life.working.extend(now.working_since.take().map(|since| Span::new(since, t_ns)));
        }
        if now.server.is_some() {
            now.attached_since.get_or_insert(t_ns);
        }
    }

    fn close(&mut self, device: DeviceId, t_ns: u64) {
        let Some(now) = self.devices.get_mut(&device) else { return };
        let life = self.world.lives.entry(device).or_default();
        life.working.extend(now.working_since.take().map(|since| Span::new(since, t_ns)));
        life.deaf.extend(now.deaf_since.take().map(|since| Span::new(since, t_ns)));
        if let (Some(since), Some(server)) = (now.attached_since.take(), &now.server) {
            // Whoever comes back only to find that the session is over could say something first.
            let until = if now.resumed { t_ns.max(since.saturating_add(1)) } else { t_ns };
            let span = Span::new(since, until);
            let (server, resumed) = (server.clone(), now.resumed);
            life.attachments.push(Attachment { server, span, resumed });
            now.resumed = true;
        }
    }
}

/// The device that a `truth` line is about, if it is about one.
fn device_of(name: &str) -> Option<DeviceId> {
    name.strip_prefix("device-")?.parse().ok().map(DeviceId)
}
