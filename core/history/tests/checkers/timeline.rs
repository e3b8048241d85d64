//! A builder of histories in which times matter: who was up, attached and shown when. Every time
//! is in seconds since the run began, and lines must be written in its order.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId, body_hash};
use hubbub_history::{
    Bounds, EventBody, FaultState, History, Member, Path, Phase, Population, Process, PushStage,
    SessionCause, Source, UserRow,
    checkers::{Finding, check_named},
};

pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// A history in the making.
pub(crate) struct Timeline {
    history: History,
}

/// A heartbeat of 5 s, offline after 30 s, a lease of 36 s, published within 2 s; push after 10 s,
/// settled within 5 s; another server within 20 s; a
/// lease in the registry of 6 s, and 2 s for a request.
pub(crate) fn bounds() -> Bounds {
    Bounds {
        group_limit: 3,
        initial_history: 50,
        presence_fanout_limit: 1,
        heartbeat_ns: 5 * SECOND_NS,
        offline_after_ns: 30 * SECOND_NS,
        lease_ns: 36 * SECOND_NS,
        publish_max_ns: 2 * SECOND_NS,
        presence_refresh_ns: 60 * SECOND_NS,
        push_grace_ns: 10 * SECOND_NS,
        push_race_max_ns: 3 * SECOND_NS,
        push_settle_max_ns: 5 * SECOND_NS,
        reassign_max_ns: 20 * SECOND_NS,
        silence_ns: 15 * SECOND_NS,
        lease_ttl_ns: 6 * SECOND_NS,
        request_timeout_ns: 2 * SECOND_NS,
        ..Bounds::default()
    }
}

/// User 1 with device 11 and user 2 with device 21, who are friends and both have a token on it.
pub(crate) fn friends() -> Population {
    let row = |user, device| UserRow { user: UserId(user), devices: vec![DeviceId(device)] };
    Population {
        users: vec![row(1, 11), row(2, 21)],
        members: BTreeMap::new(),
        friends: vec![(UserId(1), UserId(2))],
        push: vec![(UserId(1), DeviceId(11)), (UserId(2), DeviceId(21))],
        muted: Vec::new(),
    }
}

impl Timeline {
    pub(crate) fn new(bounds: Bounds, population: Population) -> Self {
        let mut timeline = Self { history: History::default() };
        timeline.harness(
            0.0,
            EventBody::Run {
                scenario: "planted".into(),
                scenario_hash: "0".into(),
                variant: String::new(),
                seed: 1,
                engine: "fast".into(),
                bounds,
            },
        );
        timeline.harness(0.0, EventBody::Population(population));
        timeline
    }

    /// Two friends by the bounds of this file.
    pub(crate) fn of_friends() -> Self {
        Self::new(bounds(), friends())
    }

    pub(crate) fn write(
        &mut self,
        at: f64,
        source: Source,
        process: &str,
        incarnation: u32,
        body: EventBody,
    ) -> u64 {
        let t_ns = (at * SECOND_NS as f64).round() as u64;
        let last = self.history.events().last().map_or(0, |event| event.t_ns);
        assert!(t_ns >= last, "lines come in the order of time");
        self.history.push(t_ns, source, Process(Arc::from(process)), incarnation, body);
        self.history.events().len() as u64 - 1
    }

    fn harness(&mut self, at: f64, body: EventBody) -> u64 {
        self.write(at, Source::Harness, "harness", 0, body)
    }

    fn device(&mut self, at: f64, body: EventBody) -> u64 {
        self.write(at, Source::Device, "devices-1", 0, body)
    }

    pub(crate) fn attach(&mut self, at: f64, device: u64, server: &str) -> u64 {
        self.session(at, device, server, true, SessionCause::Connected)
    }

    pub(crate) fn detach(&mut self, at: f64, device: u64, server: &str) -> u64 {
        self.session(at, device, server, false, SessionCause::Silent)
    }

    fn session(
        &mut self,
        at: f64,
        device: u64,
        server: &str,
        attached: bool,
        cause: SessionCause,
    ) -> u64 {
        let (device, server) = (DeviceId(device), server.to_owned());
        self.device(at, EventBody::Session { device, server, session: None, attached, cause })
    }

    pub(crate) fn synced(&mut self, at: f64, device: u64, server: &str) -> u64 {
        let (device, server) = (DeviceId(device), server.to_owned());
        self.device(at, EventBody::Synced { device, server })
    }

    pub(crate) fn assigned(&mut self, at: f64, device: u64, server: Option<&str>) -> u64 {
        let (device, server) = (DeviceId(device), server.map(str::to_owned));
        let body = EventBody::Assigned { device, server, wait_ns: None };
        self.write(at, Source::Server, "api", 0, body)
    }

    pub(crate) fn truth(&mut self, at: f64, name: &str, up: bool) -> u64 {
        self.harness(at, EventBody::truth(name, up))
    }

    pub(crate) fn link(&mut self, at: f64, name: &str, works: bool) -> u64 {
        self.harness(at, EventBody::link(name, works))
    }

    pub(crate) fn hears(&mut self, at: f64, name: &str, hears: bool) -> u64 {
        let (name, hears) = (name.to_owned(), Some(hears));
        let (link, logged_in, capacity) = (None, None, None);
        self.harness(at, EventBody::Truth { name, up: true, link, hears, logged_in, capacity })
    }

    pub(crate) fn log(&mut self, at: f64, device: u64, is_in: bool) -> u64 {
        let (name, logged_in) = (format!("device-{device}"), Some(is_in));
        let (link, capacity) = (None, None);
        self.harness(
            at,
            EventBody::Truth { name, up: true, link, hears: None, logged_in, capacity },
        )
    }

    pub(crate) fn capacity(&mut self, at: f64, server: &str, count: u32) -> u64 {
        let (name, capacity) = (server.to_owned(), Some(count));
        let (link, logged_in) = (None, None);
        self.harness(
            at,
            EventBody::Truth { name, up: true, link, hears: None, logged_in, capacity },
        )
    }

    pub(crate) fn fault(&mut self, at: f64, kind: &str, target: &str, state: FaultState) -> u64 {
        self.fault_of(1, at, kind, target, state)
    }

    /// With this number in the schedule.
    pub(crate) fn fault_of(
        &mut self,
        id: u32,
        at: f64,
        kind: &str,
        target: &str,
        state: FaultState,
    ) -> u64 {
        let (kind, target) = (kind.to_owned(), target.to_owned());
        let affected = (state == FaultState::Off).then_some(1);
        self.harness(at, EventBody::Fault { id, kind, state, target, affected })
    }

    /// The host goes down without a word.
    pub(crate) fn power_loss(&mut self, at: f64, host: &str) -> u64 {
        self.fault(at, "power-loss", host, FaultState::On);
        self.truth(at, host, false)
    }

    pub(crate) fn shown(&mut self, at: f64, device: u64, user: u64, online: bool) -> u64 {
        let version = self.history.events().len() as u64;
        self.shown_by(at, device, user, online, (1, version))
    }

    /// By the decision of this epoch and version.
    pub(crate) fn shown_by(
        &mut self,
        at: f64,
        device: u64,
        user: u64,
        online: bool,
        (epoch, version): (u64, u64),
    ) -> u64 {
        let body = EventBody::Shown {
            device: DeviceId(device),
            user: UserId(user),
            online,
            last_active_at_ms: 0,
            epoch,
            version,
        };
        self.device(at, body)
    }

    pub(crate) fn entry(
        &mut self,
        at: f64,
        channel: ChannelId,
        id: u64,
        author: (u64, u64),
        text: &str,
    ) -> u64 {
        self.entry_of(at, channel, id, author, text, Member::Message)
    }

    pub(crate) fn entry_of(
        &mut self,
        at: f64,
        channel: ChannelId,
        id: u64,
        (user, device): (u64, u64),
        text: &str,
        kind: Member,
    ) -> u64 {
        let body = EventBody::Entry {
            channel,
            message_id: MessageId(id),
            user: UserId(user),
            device: DeviceId(device),
            number: id,
            body_hash: body_hash(text),
            kind,
            accepted_at_ms: 0,
        };
        self.write(at, Source::Store, "store", 0, body)
    }

    pub(crate) fn apply(
        &mut self,
        at: f64,
        device: u64,
        channel: ChannelId,
        id: u64,
        text: &str,
    ) -> u64 {
        let (device, message_id, path) = (DeviceId(device), MessageId(id), Path::Hint);
        let body_hash = body_hash(text);
        self.device(at, EventBody::Apply { device, channel, message_id, body_hash, path })
    }

    pub(crate) fn cursor(&mut self, at: f64, device: u64, channel: ChannelId, id: u64) -> u64 {
        let (device, message_id) = (DeviceId(device), MessageId(id));
        self.device(at, EventBody::Cursor { device, channel, message_id })
    }

    /// The notifier asks for a push as its first attempt, by its `start`-th start.
    pub(crate) fn push_asked(
        &mut self,
        at: f64,
        user: u64,
        channel: ChannelId,
        up_to: u64,
        start: u32,
    ) -> u64 {
        let body = push(PushStage::Requested, user, channel, up_to, None);
        self.write(at, Source::Notifier, "notifier", start, body)
    }

    /// The gateway gets a push.
    pub(crate) fn push_got(
        &mut self,
        at: f64,
        user: u64,
        channel: ChannelId,
        up_to: u64,
        answer: &str,
    ) -> u64 {
        let body = push(PushStage::Received, user, channel, up_to, Some(answer));
        self.write(at, Source::Gateway, "gateway", 0, body)
    }

    pub(crate) fn lease(
        &mut self,
        at: f64,
        (process, incarnation): (&str, u32),
        key: &str,
        holder: u64,
        held: bool,
    ) -> u64 {
        let body = EventBody::Lease { key: key.into(), holder, epoch: holder, held };
        self.write(at, Source::Server, process, incarnation, body)
    }

    pub(crate) fn end(&mut self, at: f64) {
        self.harness(at, EventBody::Phase { phase: Phase::End, deadline_ns: None });
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    pub(crate) fn judge(&self, checker: &str) -> Finding {
        check_named(&self.history, &[checker]).expect("tests name known checkers").remove(0)
    }
}

/// To the user's first device, which is ten times the user and one.
fn push(
    stage: PushStage,
    user: u64,
    channel: ChannelId,
    up_to: u64,
    answer: Option<&str>,
) -> EventBody {
    EventBody::Push {
        stage,
        user: UserId(user),
        device: DeviceId(user * 10 + 1),
        channel,
        up_to: MessageId(up_to),
        attempt: 1,
        collapse_id: format!("{user}/{channel}"),
        answer: answer.map(str::to_owned),
    }
}
