//! A small builder of histories. It keeps a log and its members by itself, so that a test names
//! only what goes wrong.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId, body_hash};
use hubbub_history::{
    Bounds, EventBody, EventType, FaultState, GIVEN_UP, History, Member, Path, Phase, Population,
    Process, SessionCause, Source, UserRow,
    checkers::{Finding, check_all, check_named},
};

/// Between users 1 and 2.
pub(crate) const DIRECT: ChannelId = ChannelId::Direct(UserId(1), UserId(2));
/// Opened by user 1.
pub(crate) const GROUP: ChannelId = ChannelId::Group(UserId(1), OperationId(1));
/// When everything must be done, if a story has a liveness phase: an hour after it began.
pub(crate) const DEADLINE_NS: u64 = 3_600_000_000_000;

const MILLISECOND_NS: u64 = 1_000_000;

struct Line {
    kind: Member,
    hash: u64,
}

/// A history in the making. Every line comes a millisecond after the one before.
pub(crate) struct Story {
    history: History,
    t_ns: u64,
    users: BTreeMap<UserId, Vec<DeviceId>>,
    members: BTreeMap<ChannelId, Vec<UserId>>,
    audiences: BTreeMap<(ChannelId, MessageId), Vec<UserId>>,
    logs: BTreeMap<ChannelId, Vec<Line>>,
    numbers: BTreeMap<(DeviceId, ChannelId, u64), u64>,
    operations: u64,
    with_store: bool,
}

impl Story {
    /// Users with their devices; user 1 and user 2 share [`DIRECT`].
    pub(crate) fn new(users: &[(u64, &[u64])]) -> Self {
        Self::with_members(users, BTreeMap::new())
    }

    /// With members that groups begin with.
    pub(crate) fn with_members(
        users: &[(u64, &[u64])],
        members: BTreeMap<ChannelId, Vec<UserId>>,
    ) -> Self {
        let bounds = Bounds { group_limit: 100, initial_history: 2, ..Bounds::default() };
        Self::with_bounds(users, members, bounds)
    }

    /// With these bounds.
    pub(crate) fn with_bounds(
        users: &[(u64, &[u64])],
        members: BTreeMap<ChannelId, Vec<UserId>>,
        bounds: Bounds,
    ) -> Self {
        let mut story = Self {
            history: History::default(),
            t_ns: 0,
            users: BTreeMap::new(),
            members,
            audiences: BTreeMap::new(),
            logs: BTreeMap::new(),
            numbers: BTreeMap::new(),
            operations: 0,
            with_store: true,
        };
        story.write(EventBody::Run {
            scenario: "planted".into(),
            scenario_hash: "0".into(),
            variant: String::new(),
            seed: 1,
            engine: "fast".into(),
            bounds,
        });
        story.phase(Phase::Safety, None);
        story.name(users);
        story.members.insert(DIRECT, vec![UserId(1), UserId(2)]);
        story
    }

    /// User 1 with devices 11 and 12, user 2 with device 21.
    pub(crate) fn of_two_friends() -> Self {
        Self::new(&[(1, &[11, 12]), (2, &[21])])
    }

    /// Users 1 (devices 11, 12), 2 (21) and 3 (31, 32); 1 and 2 are in [`GROUP`] by its first entry.
    pub(crate) fn of_a_group() -> Self {
        let mut story = Self::new(&[(1, &[11, 12]), (2, &[21]), (3, &[31, 32])]);
        story.enter(GROUP, 11, &[1, 2]);
        story
    }

    /// Like a history of the load generator: no line of the store from here on.
    pub(crate) fn without_store(mut self) -> Self {
        self.with_store = false;
        self
    }

    /// A `population` line.
    pub(crate) fn name(&mut self, users: &[(u64, &[u64])]) {
        let mut rows = Vec::new();
        for (user, devices) in users {
            let (user, devices): (_, Vec<DeviceId>) =
                (UserId(*user), devices.iter().copied().map(DeviceId).collect());
            self.users.entry(user).or_default().extend(&devices);
            rows.push(UserRow { user, devices });
        }
        let members = self.members.clone();
        let population = Population { users: rows, members, ..Population::default() };
        self.write(EventBody::Population(population));
    }

    pub(crate) fn write(&mut self, body: EventBody) -> u64 {
        self.t_ns += MILLISECOND_NS;
        let (source, process) = match &body {
            EventBody::Entry { .. } => (Source::Store, "store".to_owned()),
            other => match other.device() {
                Some(device) => (Source::Device, format!("device-{device}")),
                None => (Source::Harness, "harness".to_owned()),
            },
        };
        self.history.push(self.t_ns, source, Process(Arc::from(process)), 0, body);
        self.history.events().len() as u64 - 1
    }

    pub(crate) fn phase(&mut self, phase: Phase, deadline_ns: Option<u64>) {
        self.write(EventBody::Phase { phase, deadline_ns });
    }

    /// Jumps to a time, in nanoseconds since the run began.
    pub(crate) fn wait_until(&mut self, t_ns: u64) {
        self.t_ns = self.t_ns.max(t_ns);
    }

    pub(crate) fn fault(&mut self, id: u32, kind: &str, target: &str, state: FaultState) {
        let (kind, target) = (kind.to_owned(), target.to_owned());
        let affected = (state == FaultState::Off).then_some(3);
        self.write(EventBody::Fault { id, kind, state, target, affected });
    }

    pub(crate) fn session(&mut self, device: u64, attached: bool) {
        let (device, server) = (DeviceId(device), "chat-1".to_owned());
        let cause = if attached { SessionCause::Connected } else { SessionCause::Closed };
        self.write(EventBody::Session { device, server, session: None, attached, cause });
    }

    fn send(
        &mut self,
        r#type: EventType,
        device: u64,
        channel: ChannelId,
        text: &str,
        number: u64,
        message_id: Option<u64>,
    ) {
        let (user, membership) = (self.owner(device), MessageId(self.membership(device, channel)));
        self.write(EventBody::Send {
            r#type,
            user,
            device: DeviceId(device),
            channel,
            membership,
            client_id: ClientId(number),
            body_hash: body_hash(text),
            intended_ns: None,
            attempt: 1,
            message_id: message_id.map(MessageId),
            reason: (r#type == EventType::Info).then(|| GIVEN_UP.to_owned()),
        });
    }

    fn owner(&self, device: u64) -> UserId {
        let of = |(_, devices): &(&UserId, &Vec<DeviceId>)| devices.contains(&DeviceId(device));
        self.users.iter().find(of).map_or(UserId(0), |(user, _)| *user)
    }

    /// The entry by which the device's user is in the channel.
    fn membership(&self, device: u64, channel: ChannelId) -> u64 {
        let user = self.owner(device);
        let lines = self.logs.get(&channel).into_iter().flatten().enumerate();
        let joins = lines.filter(
            |(_, line)| matches!(&line.kind, Member::Enter(users) if users.contains(&user)),
        );
        joins.last().map_or(0, |(at, _)| at as u64 + 1)
    }

    /// The user sends a text; gives the device's number for it.
    pub(crate) fn invoke(&mut self, device: u64, channel: ChannelId, text: &str) -> u64 {
        let key = (DeviceId(device), channel, self.membership(device, channel));
        let number = self.numbers.entry(key).or_default();
        *number += 1;
        let number = *number;
        self.send(EventType::Invoke, device, channel, text, number, None);
        number
    }

    /// The device is told that a text is accepted.
    pub(crate) fn accept(
        &mut self,
        device: u64,
        channel: ChannelId,
        text: &str,
        place: Option<u64>,
    ) {
        self.send(EventType::Ok, device, channel, text, 1, place);
    }

    /// The device is told that a text will never be accepted.
    pub(crate) fn refuse(&mut self, device: u64, channel: ChannelId, text: &str) {
        self.send(EventType::Fail, device, channel, text, 1, None);
    }

    /// The device asks no more what became of a text.
    pub(crate) fn give_up(&mut self, device: u64, channel: ChannelId, text: &str) {
        self.send(EventType::Info, device, channel, text, 1, None);
    }

    /// The store writes a text under the device's last number.
    pub(crate) fn commit(&mut self, device: u64, channel: ChannelId, text: &str) -> u64 {
        let key = (DeviceId(device), channel, self.membership(device, channel));
        let number = self.numbers.get(&key).copied().unwrap_or_default();
        self.commit_as(device, channel, text, number)
    }

    /// The store writes a text under this number.
    pub(crate) fn commit_as(
        &mut self,
        device: u64,
        channel: ChannelId,
        text: &str,
        number: u64,
    ) -> u64 {
        self.append(device, channel, number, Member::Message, body_hash(text))
    }

    /// Users come in by an entry of this device, and everybody gets it.
    pub(crate) fn enter(&mut self, channel: ChannelId, device: u64, users: &[u64]) -> u64 {
        let place = self.open(channel, device, users);
        self.deliver(channel, place, &[]);
        place
    }

    /// A user goes by an entry of this device, and everybody gets it, the leaver too.
    pub(crate) fn leave(&mut self, channel: ChannelId, device: u64, user: u64) -> u64 {
        let place = self.close(channel, device, user);
        self.deliver(channel, place, &[]);
        place
    }

    /// Users come in; nobody has the entry yet.
    pub(crate) fn open(&mut self, channel: ChannelId, device: u64, users: &[u64]) -> u64 {
        let users: Vec<UserId> = users.iter().copied().map(UserId).collect();
        self.members.entry(channel).or_default().extend(&users);
        self.change(channel, device, Member::Enter(users), "enter")
    }

    /// A user goes; nobody has the entry yet.
    pub(crate) fn close(&mut self, channel: ChannelId, device: u64, user: u64) -> u64 {
        let place = self.change(channel, device, Member::Leave(UserId(user)), "leave");
        self.members.entry(channel).or_default().retain(|member| *member != UserId(user));
        place
    }

    fn change(&mut self, channel: ChannelId, device: u64, kind: Member, text: &str) -> u64 {
        self.operations += 1;
        self.append(device, channel, self.operations, kind, body_hash(text))
    }

    fn append(
        &mut self,
        device: u64,
        channel: ChannelId,
        number: u64,
        kind: Member,
        hash: u64,
    ) -> u64 {
        let user = self.owner(device);
        let log = self.logs.entry(channel).or_default();
        log.push(Line { kind: kind.clone(), hash });
        let message_id = MessageId(log.len() as u64);
        let audience = self.members.get(&channel).cloned().unwrap_or_default();
        self.audiences.insert((channel, message_id), audience);
        if self.with_store {
            let device = DeviceId(device);
            self.write(EventBody::Entry {
                channel,
                message_id,
                user,
                device,
                number,
                body_hash: hash,
                kind,
                accepted_at_ms: 0,
            });
        }
        message_id.0
    }

    /// The store loses everything above `place`.
    pub(crate) fn roll_back(&mut self, channel: ChannelId, place: u64) {
        let log = self.logs.entry(channel).or_default();
        log.truncate(place as usize);
    }

    /// An entry reaches a device and is stored.
    pub(crate) fn deliver_to(&mut self, device: u64, channel: ChannelId, place: u64) -> u64 {
        let hash = self.logs[&channel][place as usize - 1].hash;
        self.receive(device, channel, place, hash);
        self.apply(device, channel, place, hash)
    }

    /// An entry reaches all devices of its audience but some.
    pub(crate) fn deliver(&mut self, channel: ChannelId, place: u64, except: &[u64]) {
        let audience = self.audiences[&(channel, MessageId(place))].clone();
        let devices: Vec<DeviceId> =
            audience.iter().flat_map(|user| self.users[user].iter().copied()).collect();
        for device in devices {
            if !except.contains(&device.0) {
                self.deliver_to(device.0, channel, place);
            }
        }
    }

    pub(crate) fn receive(
        &mut self,
        device: u64,
        channel: ChannelId,
        place: u64,
        body_hash: u64,
    ) -> u64 {
        let (device, message_id, path) = (DeviceId(device), MessageId(place), Path::Hint);
        self.write(EventBody::Receive { device, channel, message_id, body_hash, path })
    }

    pub(crate) fn apply(
        &mut self,
        device: u64,
        channel: ChannelId,
        place: u64,
        body_hash: u64,
    ) -> u64 {
        let (device, message_id, path) = (DeviceId(device), MessageId(place), Path::Hint);
        self.write(EventBody::Apply { device, channel, message_id, body_hash, path })
    }

    pub(crate) fn truncate(&mut self, device: u64, channel: ChannelId, from: u64, to: u64) {
        let (device, from, to) = (DeviceId(device), MessageId(from), MessageId(to));
        self.write(EventBody::Truncated { device, channel, from, to });
    }

    pub(crate) fn finally(&mut self, device: u64, channel: ChannelId, cursor: u64) {
        let cursors = BTreeMap::from([(channel, MessageId(cursor))]);
        self.write(EventBody::Final {
            device: DeviceId(device),
            cursors,
            digests: BTreeMap::new(),
        });
    }

    /// A send in which nothing goes wrong, but for the devices that it does not reach.
    pub(crate) fn say_except(
        &mut self,
        device: u64,
        channel: ChannelId,
        text: &str,
        except: &[u64],
    ) -> u64 {
        self.invoke(device, channel, text);
        let place = self.commit(device, channel, text);
        self.accept(device, channel, text, Some(place));
        self.deliver(channel, place, except);
        place
    }

    /// A send in which nothing goes wrong.
    pub(crate) fn say(&mut self, device: u64, channel: ChannelId, text: &str) -> u64 {
        self.say_except(device, channel, text, &[])
    }

    /// Everything heals, and the run ends.
    pub(crate) fn end(&mut self) {
        self.phase(Phase::Heal, None);
        self.phase(Phase::Liveness, Some(DEADLINE_NS));
        self.phase(Phase::End, None);
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    pub(crate) fn members(&self, channel: ChannelId) -> &[UserId] {
        self.members.get(&channel).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn head(&self, channel: ChannelId) -> u64 {
        self.logs.get(&channel).map_or(0, |log| log.len() as u64)
    }

    pub(crate) fn is_for(&self, channel: ChannelId, place: u64, user: UserId) -> bool {
        self.audiences[&(channel, MessageId(place))].contains(&user)
    }

    /// What one checker finds.
    pub(crate) fn judge(&self, checker: &str) -> Finding {
        check_named(&self.history, &[checker]).expect("tests name known checkers").remove(0)
    }

    /// The checkers that find something wrong.
    pub(crate) fn violated(&self) -> Vec<String> {
        violated(&self.history)
    }
}

/// The checkers that find something wrong in a history.
pub(crate) fn violated(history: &History) -> Vec<String> {
    let findings = check_all(history).into_iter();
    findings.filter(Finding::is_violated).map(|finding| finding.checker).collect()
}

/// Device ids.
pub(crate) fn devices(ids: &[u64]) -> Vec<DeviceId> {
    ids.iter().copied().map(DeviceId).collect()
}
