//! Facts that several checkers need, derived once from a history.

mod deliveries;
mod devices;
mod faults;
mod intervals;
mod logs;
mod sends;
pub mod spans;
mod world;

pub use deliveries::{Delivery, Holding};
pub use faults::Faults;
pub use intervals::Interval;
pub use logs::{ChannelLog, LogEntry};
pub use sends::{AskedChange, Moment, SentMessage};
pub use world::{Attachment, Death, Life, World};

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use crate::{
    event::{Bounds, Event, EventBody, Phase},
    recorder::History,
};
use deliveries::Deliveries;
use devices::{Devices, Heads};
use logs::Logs;
use sends::Sends;
use world::Watch;

/// A history and what follows from it. Lines about devices that no `population` line names are
/// left out: nobody can tell what they should hold.
#[derive(Debug)]
pub struct Index<'a> {
    history: &'a History,
    bounds: Bounds,
    deadline_ns: Option<u64>,
    clocks_differ: bool,
    devices: Devices,
    logs: Logs<'a>,
    sends: Sends,
    deliveries: Deliveries,
    world: World,
}

impl<'a> Index<'a> {
    /// Derives everything, in O(n log n) for n lines.
    #[must_use]
    pub fn new(history: &'a History) -> Self {
        let mut builder = Builder::default();
        history.events().iter().for_each(|event| builder.note(event));
        builder.finish(history)
    }

    /// The history itself.
    #[must_use]
    pub fn history(&self) -> &'a History {
        self.history
    }

    /// The bounds that the run was given.
    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// When everything pending must be done, in nanoseconds since the run began; absent without a
    /// liveness phase.
    #[must_use]
    pub fn deadline_ns(&self) -> Option<u64> {
        self.deadline_ns
    }

    /// Whether lines come from clocks that may differ. If not, `seq` alone tells what came first.
    #[must_use]
    pub fn clocks_differ(&self) -> bool {
        self.clocks_differ
    }

    /// Whether the history has lines of the store. Those of a real load have none.
    #[must_use]
    pub fn has_entries(&self) -> bool {
        self.logs.recorded()
    }

    /// The user of a device; `None` for one that takes no part.
    #[must_use]
    pub fn owner(&self, device: DeviceId) -> Option<UserId> {
        self.devices.owner(device)
    }

    /// All users with their devices.
    #[must_use]
    pub fn users(&self) -> &BTreeMap<UserId, Vec<DeviceId>> {
        self.devices.of_user()
    }

    /// The devices of one user.
    #[must_use]
    pub fn devices_of(&self, user: UserId) -> &[DeviceId] {
        self.users().get(&user).map_or(&[], Vec::as_slice)
    }

    /// Pairs of friends, each pair once and the lower id first.
    #[must_use]
    pub fn friends(&self) -> &BTreeSet<(UserId, UserId)> {
        &self.devices.friends
    }

    /// The devices with a push token, by user.
    #[must_use]
    pub fn push_tokens(&self) -> &BTreeMap<UserId, BTreeSet<DeviceId>> {
        &self.devices.tokens
    }

    /// Whether the user wants no push for a channel.
    #[must_use]
    pub fn is_muted(&self, user: UserId, channel: ChannelId) -> bool {
        self.devices.muted.contains(&(user, channel))
    }

    /// What happened to hosts and devices.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// All channels that are spoken of.
    #[must_use]
    pub fn channels(&self) -> &BTreeMap<ChannelId, ChannelLog<'a>> {
        self.logs.channels()
    }

    /// One channel.
    #[must_use]
    pub fn channel(&self, channel: ChannelId) -> Option<&ChannelLog<'a>> {
        self.channels().get(&channel)
    }

    /// All messages that users sent.
    #[must_use]
    pub fn sends(&self) -> &[SentMessage] {
        &self.sends.messages
    }

    /// All changes of membership that users asked for.
    #[must_use]
    pub fn changes(&self) -> &[AskedChange] {
        &self.sends.changes
    }

    /// Whether this is the body of a message. Changes of membership repeat their hashes.
    #[must_use]
    pub fn is_message(&self, channel: ChannelId, body_hash: u64) -> bool {
        self.sends.hashes.contains(&(channel, body_hash))
            || self.channel(channel).is_some_and(|log| log.place_of(body_hash).is_some())
    }

    /// What all devices stored, by device, channel and `seq`.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        self.deliveries.all()
    }

    /// What one device stored of one channel, in the order in which it did.
    #[must_use]
    pub fn stream(&self, device: DeviceId, channel: ChannelId) -> &[Delivery] {
        self.deliveries.stream(device, channel)
    }

    /// What one device stored, by channel and `seq`.
    #[must_use]
    pub fn all_of(&self, device: DeviceId) -> &[Delivery] {
        self.deliveries.of_device(device)
    }

    /// Who holds a body, by device.
    #[must_use]
    pub fn holders(&self, channel: ChannelId, body_hash: u64) -> &[Holding] {
        self.deliveries.holders(channel, body_hash)
    }

    /// Each device's own word, at the end, on how far it is.
    #[must_use]
    pub fn final_cursors(&self) -> &BTreeMap<(DeviceId, ChannelId), MessageId> {
        self.devices.cursors()
    }

    /// The first place that a device must hold of what its user may see. A device that joins a run
    /// under way may start with the newest entries only; everything after it was named is due.
    #[must_use]
    pub fn floor(&self, device: DeviceId, channel: ChannelId) -> MessageId {
        let head = self.devices.head_when_named(device, channel);
        if head == MessageId::ZERO {
            return head;
        }
        let first = self.stream(device, channel).first().map(|one| one.message_id);
        first.map_or(head.next(), |first| first.min(head.next()))
    }

    /// Whether the device was told that the place is gone, and rightly: where the retention of
    /// logs is bounded, the entry had to be that old by then, or by a clock that is off as far as
    /// clocks may be.
    #[must_use]
    pub fn is_truncated(&self, device: DeviceId, channel: ChannelId, place: MessageId) -> bool {
        let Some(told_ns) = self.devices.told_gone_ns(device, channel, place) else { return false };
        let entry = self.channel(channel).and_then(|log| log.entry(place));
        entry.is_none_or(|entry| {
            let kept_ns = entry.t_ns.saturating_add(self.bounds.history_retention_ns);
            self.bounds.history_retention_ns == 0
                || kept_ns <= told_ns.saturating_add(self.bounds.skew_max_ns)
        })
    }

    /// What devices were told is gone, with the place above which it was and its last place.
    pub fn gone(&self) -> impl Iterator<Item = (DeviceId, ChannelId, MessageId, MessageId)> + '_ {
        self.devices.gone()
    }

    /// The devices that must hold the entry at `place` at the end.
    #[must_use]
    pub fn due_at(&self, channel: ChannelId, place: MessageId) -> Vec<DeviceId> {
        let audience = self.channel(channel).into_iter().flat_map(|log| log.audience(place));
        let mut devices: Vec<DeviceId> = audience
            .flat_map(|user| self.devices_of(user).iter().copied())
            .filter(|device| self.floor(*device, channel) <= place)
            .filter(|device| !self.is_truncated(*device, channel, place))
            .collect();
        devices.sort_unstable();
        devices
    }
}

#[derive(Default)]
struct Builder<'a> {
    bounds: Bounds,
    deadline_ns: Option<u64>,
    clocks_differ: bool,
    devices: Devices,
    logs: Logs<'a>,
    sends: Sends,
    heads: Heads,
    applied: Vec<Delivery>,
    watch: Watch,
    end_ns: u64,
}

impl<'a> Builder<'a> {
    fn note(&mut self, event: &'a Event) {
        self.clocks_differ |= event.t_error_ns > 0;
        self.end_ns = self.end_ns.max(event.t_ns);
        match &event.body {
            EventBody::Run { bounds, .. } => self.bounds = bounds.clone(),
            EventBody::Phase { phase: Phase::Liveness, deadline_ns } => {
                self.deadline_ns = *deadline_ns;
            }
            EventBody::Population(population) => {
                self.devices.name(population, &self.heads);
                self.logs.seat(population);
            }
            EventBody::Send { channel, message_id, .. } => {
                self.logs.mention(*channel, *message_id);
                message_id.iter().for_each(|place| self.raise(*channel, *place));
                self.sends.note(event);
            }
            EventBody::Member { .. } => self.sends.note(event),
            EventBody::Entry {
                channel,
                message_id,
                user,
                device,
                number,
                body_hash,
                kind,
                accepted_at_ms,
            } => {
                let (user, device, number) = (*user, *device, *number);
                let (body_hash, accepted_at_ms) = (*body_hash, *accepted_at_ms);
                let (seq, t_ns) = (event.seq, event.t_ns);
                let entry =
                    LogEntry { user, device, number, body_hash, kind, seq, t_ns, accepted_at_ms };
                let ids_are_places = self.bounds.ids_are_places();
                self.logs.commit(*channel, *message_id, entry, ids_are_places);
                self.raise(*channel, *message_id);
            }
            EventBody::Apply { device, channel, message_id, body_hash, .. } => {
                let (device, channel, message_id) = (*device, *channel, *message_id);
                let (body_hash, seq, t_ns) = (*body_hash, event.seq, event.t_ns);
                self.applied.push(Delivery { device, channel, message_id, body_hash, seq, t_ns });
            }
            EventBody::Truncated { device, channel, from, to } => {
                self.devices.truncate(*device, *channel, (*from, *to), event.t_ns);
            }
            EventBody::Final { device, cursors, .. } => self.devices.set_cursors(*device, cursors),
            EventBody::Session { .. }
            | EventBody::Synced { .. }
            | EventBody::Truth { .. }
            | EventBody::Fault { .. } => self.watch.note(event),
            _ => {}
        }
    }

    fn raise(&mut self, channel: ChannelId, place: MessageId) {
        let head = self.heads.entry(channel).or_default();
        *head = place.max(*head);
    }

    fn finish(self, history: &'a History) -> Index<'a> {
        let Self { bounds, deadline_ns, clocks_differ, mut devices, mut logs, mut sends, .. } =
            self;
        let world = self.watch.finish(self.end_ns);
        devices.finish();
        let mut applied = self.applied;
        applied.retain(|one| devices.owner(one.device).is_some());
        let deliveries = Deliveries::new(applied);
        let by_channel = |one: &Delivery, other: &Delivery| one.channel == other.channel;
        for stream in deliveries.all().chunk_by(by_channel) {
            logs.mention(stream[0].channel, stream.iter().map(|one| one.message_id));
        }
        logs.finish(bounds.ids_are_places());
        for message in &mut sends.messages {
            message.place = if logs.recorded() {
                let log = logs.channels().get(&message.channel);
                log.and_then(|log| log.place_of(message.body_hash))
            } else {
                let holders = deliveries.holders(message.channel, message.body_hash);
                message.told.or_else(|| holders.iter().map(|one| one.message_id).min())
            };
        }
        Index {
            history,
            bounds,
            deadline_ns,
            clocks_differ,
            devices,
            logs,
            sends,
            deliveries,
            world,
        }
    }
}
