//! Whoever has nothing of a message by the end of its grace is told that there is one.

mod repeats;

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use super::{Checker, Finding, Violation, words};
use crate::{
    event::{Event, EventBody, PushStage},
    explain::seconds,
    index::{
        Index, LogEntry,
        spans::{Span, any_in, put_off},
    },
    port_event::{DEAD_TOKEN, TAKEN},
};

/// `push`: one case per message and user whom a push was owed, and one per push that the notifier
/// asked for.
///
/// A push is *owed* for a message to whoever surely may see it, did not write it, has a token on a
/// device that was logged in, has not muted the channel, and had the message on no device
/// `push_grace` after its commit. Where ids are no places, nothing is owed for an id below one that a
/// device of the user has: its cursor may have passed it.
///
/// It is *settled* by a push that the gateway took after the commit and that stands for the message;
/// a fault between or of servers or of the push gateway puts the bound off to its end. A message that
/// such a fault outlasts, so that `history_retention` removes it before the bound is over, takes what
/// is owed for it along. A user who has the message on a device before the bound is over needs no push
/// any more: without one, that case is not judged.
///
/// A push is *wrong* if a cursor of the user had passed what it stands for more than
/// `push_race_max` before it was asked for. A *repeat* is the same push asked for again as a first
/// attempt: each start of a notifier may do so once, under the same collapse id, with what the gateway
/// took so late that the store may not have heard of it. The store has heard `push_settle_max` after
/// the gateway took it, and the longest pause before another attempt on top, should the answer have
/// been lost; a fault puts that off as above. What the gateway did not take nobody got, so asking for
/// it again repeats nothing: when the debt that it was for has lapsed, and a later one is due up to the
/// same message, that is a first attempt again.
#[derive(Debug, Clone, Copy)]
pub struct Push;

impl Checker for Push {
    fn name(&self) -> &'static str {
        "push"
    }

    fn holds_when(&self) -> &'static str {
        "every message that is owed to a user is settled by a push within its bound, no push is \
         for what the user has, and none is repeated but by another start of the notifier while the \
         store may not have heard of it"
    }

    fn applies(&self, index: &Index<'_>) -> bool {
        !index.push_tokens().is_empty()
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        check_pushes(index, &mut finding);
        finding
    }
}

/// What there was of each kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PushCounts {
    pub(crate) received: u64,
    pub(crate) owed: u64,
    pub(crate) unsettled: u64,
    pub(crate) requested: u64,
    pub(crate) wrong: u64,
    pub(crate) repeated: u64,
}

pub(crate) fn push_counts(index: &Index<'_>) -> PushCounts {
    check_pushes(index, &mut Finding::new(Push.name()))
}

fn check_pushes(index: &Index<'_>, finding: &mut Finding) -> PushCounts {
    let mut counts = PushCounts::default();
    if index.push_tokens().is_empty() {
        return counts;
    }
    let lines = Lines::of(index);
    counts.received = lines.received;
    for (channel, log) in index.channels() {
        for (id, entry) in log.entries().filter(|(_, entry)| entry.is_message()) {
            check_message(index, &lines, (*channel, id, entry), finding, &mut counts);
        }
    }
    check_requests(index, &lines, finding, &mut counts);
    finding.judged += counts.owed + counts.requested;
    counts
}

/// The channel of a cursor; `None` where one cursor counts for all.
type Scope = Option<ChannelId>;

/// When something of a user rose above all that was before, and to where.
type Heights = BTreeMap<(UserId, Scope), Vec<(u64, MessageId)>>;

/// The lines about pushes, by what one asks of them.
#[derive(Default)]
struct Lines<'a> {
    requests: Vec<(&'a Event, Request)>,
    /// What the gateway took: when, and up to where.
    taken: BTreeMap<(UserId, ChannelId), Vec<(u64, MessageId)>>,
    /// When cursors of a user rose above all earlier ones, and to where.
    cursors: Heights,
    /// The same of the ids of what their devices hold, when ids are no places: a cursor is as high
    /// for the store before a device hears that it was written.
    held: Heights,
    /// When the gateway did not take a push.
    declined: BTreeMap<Request, Vec<u64>>,
    /// When it took one that was asked for.
    accepted: BTreeMap<Request, Vec<u64>>,
    /// When the gateway called a token dead.
    dead: BTreeMap<DeviceId, u64>,
    received: u64,
}

/// A push that the notifier asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    user: UserId,
    device: DeviceId,
    channel: ChannelId,
    up_to: MessageId,
    attempt: u32,
}

impl<'a> Lines<'a> {
    fn of(index: &Index<'a>) -> Self {
        let mut lines = Self::default();
        for event in index.history().events() {
            match &event.body {
                EventBody::Push {
                    stage, user, device, channel, up_to, attempt, answer, ..
                } => {
                    let (user, device, channel) = (*user, *device, *channel);
                    let (up_to, attempt) = (*up_to, *attempt);
                    let request = Request { user, device, channel, up_to, attempt };
                    if *stage == PushStage::Requested {
                        lines.requests.push((event, request));
                        continue;
                    }
                    lines.received += 1;
                    match answer.as_deref() {
                        Some(TAKEN) | None => {
                            lines.accepted.entry(request).or_default().push(event.t_ns);
                            let taken = lines.taken.entry((user, channel)).or_default();
                            taken.push((event.t_ns, up_to));
                        }
                        Some(DEAD_TOKEN) => {
                            lines.dead.entry(device).or_insert(event.t_ns);
                        }
                        Some(_) => {
                            lines.declined.entry(request).or_default().push(event.t_ns);
                        }
                    }
                }
                EventBody::Cursor { device, channel, message_id } => {
                    let at = (event.t_ns, *message_id);
                    rise(index, &mut lines.cursors, (*device, *channel), at);
                }
                EventBody::Apply { device, channel, message_id, .. }
                    if !index.bounds().ids_are_places() =>
                {
                    let at = (event.t_ns, *message_id);
                    rise(index, &mut lines.held, (*device, *channel), at);
                }
                _ => {}
            }
        }
        lines
    }

    /// Whether the gateway said that it did not take what was asked for at one time, before another.
    fn is_declined(&self, request: &Request, (from_ns, to_ns): (u64, u64)) -> bool {
        let mut declined = self.declined.get(request).into_iter().flatten();
        declined.any(|t_ns| (from_ns..=to_ns).contains(t_ns))
    }

    /// Whether the gateway took a push that stands for an id, not before one time nor after
    /// another.
    fn is_settled(
        &self,
        user: UserId,
        channel: ChannelId,
        id: MessageId,
        (from_ns, to_ns): (u64, u64),
    ) -> bool {
        let taken = self.taken.get(&(user, channel)).map_or(&[][..], Vec::as_slice);
        let first = taken.partition_point(|(t_ns, _)| *t_ns < from_ns);
        let mut within = taken[first..].iter().take_while(|(t_ns, _)| *t_ns <= to_ns);
        within.any(|(_, up_to)| *up_to >= id)
    }
}

fn rise(
    index: &Index<'_>,
    heights: &mut Heights,
    (device, channel): (DeviceId, ChannelId),
    (t_ns, id): (u64, MessageId),
) {
    let Some(user) = index.owner(device) else { return };
    let heights = heights.entry((user, scope(index, channel))).or_default();
    if heights.last().is_none_or(|(_, highest)| *highest < id) {
        heights.push((t_ns, id));
    }
}

/// When the first height of the user was reached that is at or above an id.
fn passed_ns(
    index: &Index<'_>,
    heights: &Heights,
    user: UserId,
    (channel, id): (ChannelId, MessageId),
) -> Option<u64> {
    let heights = heights.get(&(user, scope(index, channel)))?;
    let at = heights.partition_point(|(_, height)| *height < id);
    heights.get(at).map(|(t_ns, _)| *t_ns)
}

fn scope(index: &Index<'_>, channel: ChannelId) -> Scope {
    (!index.bounds().cursor_global).then_some(channel)
}

fn check_message(
    index: &Index<'_>,
    lines: &Lines<'_>,
    (channel, id, entry): (ChannelId, MessageId, &LogEntry<'_>),
    finding: &mut Finding,
    counts: &mut PushCounts,
) {
    let (bounds, world) = (index.bounds(), index.world());
    let due_ns = entry.t_ns.saturating_add(bounds.push_grace_ns);
    let settle_ns = bounds.push_settle_max_ns;
    let deadline_ns = if settle_ns == 0 {
        world.end_ns
    } else {
        put_off(due_ns, settle_ns, world.faults.before_pushes(), settle_ns)
    };
    if due_ns > world.end_ns || deadline_ns > world.end_ns {
        return;
    }
    let removed_ns = entry.t_ns.saturating_add(bounds.history_retention_ns);
    let kept = Span::new(due_ns, removed_ns);
    let is_outlasted = bounds.history_retention_ns > 0
        && removed_ns < deadline_ns
        && any_in(world.faults.before_pushes(), kept);
    let Some(log) = index.channel(channel) else { return };
    let mut unsettled: Vec<DeviceId> = Vec::new();
    for user in log.audience(id) {
        let tokens = index.push_tokens().get(&user);
        let wants = user != entry.user && !index.is_muted(user, channel);
        let Some(tokens) = tokens.filter(|_| wants) else { continue };
        let had_ns = had_ns(index, lines, user, (channel, id, entry));
        if had_ns.is_some_and(|had_ns| had_ns <= due_ns) {
            continue;
        }
        let is_settled = lines.is_settled(user, channel, id, (entry.t_ns, deadline_ns));
        let reachable = |device: &&DeviceId| {
            let is_dead = lines.dead.get(device).is_some_and(|dead_ns| *dead_ns <= deadline_ns);
            let life = world.lives.get(device);
            let mut away = life.into_iter().flat_map(|life| &life.logged_out);
            let whole = |t_ns: u64| entry.t_ns <= t_ns && t_ns <= deadline_ns;
            !is_dead && !away.any(|out| out.contains(entry.t_ns) || whole(out.from_ns))
        };
        let reachable: Vec<DeviceId> = tokens.iter().filter(reachable).copied().collect();
        let has_it = had_ns.is_some_and(|had_ns| had_ns <= deadline_ns);
        if !is_settled && (reachable.is_empty() || has_it || is_outlasted) {
            continue;
        }
        counts.owed += 1;
        if !is_settled {
            counts.unsettled += 1;
            unsettled.extend(reachable);
        }
    }
    if unsettled.is_empty() {
        return;
    }
    finding.add(|| {
        let message = words::place(id);
        let summary = format!(
            "{message} of {channel} was owed to {} by {} and no push for it had come by {}",
            words::devices(&unsettled),
            seconds(due_ns),
            seconds(deadline_ns),
        );
        Violation::new(entry.seq, channel, summary)
            .of(id, entry.body_hash)
            .between(Vec::new(), unsettled)
    });
}

/// When a device of the user had the message at the latest, or might be past it, as far as the
/// history says.
fn had_ns(
    index: &Index<'_>,
    lines: &Lines<'_>,
    user: UserId,
    (channel, id, entry): (ChannelId, MessageId, &LogEntry<'_>),
) -> Option<u64> {
    let holders = index.holders(channel, entry.body_hash);
    let held = |device: &DeviceId| {
        let at = holders.binary_search_by_key(device, |one| one.device).ok()?;
        Some(holders[at].t_ns)
    };
    let held_ns = index.devices_of(user).iter().filter_map(held).min();
    let cursor_ns = passed_ns(index, &lines.cursors, user, (channel, id));
    let may_be_ns = passed_ns(index, &lines.held, user, (channel, id));
    [held_ns, cursor_ns, may_be_ns].into_iter().flatten().min()
}

fn check_requests(
    index: &Index<'_>,
    lines: &Lines<'_>,
    finding: &mut Finding,
    counts: &mut PushCounts,
) {
    let race_ns = index.bounds().push_race_max_ns;
    for (event, request) in &lines.requests {
        counts.requested += 1;
        let Request { user, channel, up_to, .. } = *request;
        let passed_ns = passed_ns(index, &lines.cursors, user, (channel, up_to));
        let passed_ns = passed_ns.filter(|t_ns| t_ns.saturating_add(race_ns) < event.t_ns);
        if let Some(passed_ns) = passed_ns.filter(|_| can_be_read(index, *request)) {
            counts.wrong += 1;
            finding.add(|| wrong(event, *request, passed_ns));
        }
    }
    repeats::check(index, lines, finding, counts);
}

/// Whether cursors of the user can pass what the push stands for. Where ids are no places, the end of
/// a membership may come below a message that was written, and owed, before it.
fn can_be_read(index: &Index<'_>, request: Request) -> bool {
    let log = index.channel(request.channel);
    index.bounds().ids_are_places()
        || log.is_some_and(|log| log.audience(request.up_to).any(|user| user == request.user))
}

fn wrong(event: &Event, request: Request, passed_ns: u64) -> Violation {
    let Request { user, device, channel, up_to, .. } = request;
    let (message, passed, asked) = (words::place(up_to), seconds(passed_ns), seconds(event.t_ns));
    let summary = format!(
        "a push to device {device} for {message} of {channel} was asked for at {asked}, although \
         user {user} had it by {passed}"
    );
    Violation::new(event.seq, channel, summary).of(up_to, None).between(vec![device], Vec::new())
}
