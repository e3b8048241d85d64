//! Random correct histories pass every checker; one wrong line among them is caught.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, UserId};
use hubbub_history::{
    Event, EventBody, EventType, History,
    checkers::{Finding, check_all},
};
use proptest::{collection::vec, prelude::*};

use crate::story::{DIRECT, GROUP, Story, violated};

/// Two devices for each of three users.
const USERS: [(u64, &[u64]); 3] = [(1, &[11, 12]), (2, &[21, 22]), (3, &[31, 32])];
const DEVICES: [u64; 6] = [11, 12, 21, 22, 31, 32];

/// What happens next. Numbers are reduced to what exists at that point.
#[derive(Debug, Clone)]
enum Step {
    /// A device begins a send.
    Invoke { device: usize, group: bool },
    /// The store writes the oldest send of a device that it has not written, and answers.
    Commit { device: usize, answered: bool },
    /// A device gets the next few entries that it lacks.
    CatchUp { device: usize, group: bool, entries: u64 },
    /// A user leaves the group, or comes into it.
    Toggle { user: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let device = 0..DEVICES.len();
    prop_oneof![
        4 => (device.clone(), any::<bool>()).prop_map(|(device, group)| Step::Invoke { device, group }),
        4 => (device.clone(), any::<bool>())
            .prop_map(|(device, answered)| Step::Commit { device, answered }),
        4 => (device, any::<bool>(), 1..5_u64)
            .prop_map(|(device, group, entries)| Step::CatchUp { device, group, entries }),
        1 => (1..USERS.len()).prop_map(|user| Step::Toggle { user }),
    ]
}

struct Pending {
    device: u64,
    channel: ChannelId,
    text: String,
    number: u64,
    committed: Option<u64>,
}

/// A chat system that cannot fail: one log, written and read in order.
struct Reference {
    story: Story,
    pending: Vec<Pending>,
    cursors: BTreeMap<(u64, ChannelId), u64>,
    sent: u64,
}

impl Reference {
    fn new() -> Self {
        let mut story = Story::new(&USERS);
        story.open(GROUP, 11, &[1, 2]);
        Self { story, pending: Vec::new(), cursors: BTreeMap::new(), sent: 0 }
    }

    fn run(steps: &[Step]) -> History {
        let mut reference = Self::new();
        steps.iter().for_each(|step| reference.step(step));
        reference.settle();
        reference.story.history().clone()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Invoke { device, group } => self.invoke(DEVICES[device], group),
            Step::Commit { device, answered } => self.commit(DEVICES[device], answered),
            Step::CatchUp { device, group, entries } => {
                let channel = if group { GROUP } else { DIRECT };
                self.catch_up(DEVICES[device], channel, entries);
            }
            Step::Toggle { user } => self.toggle(USERS[user].0),
        }
    }

    fn invoke(&mut self, device: u64, group: bool) {
        let channel = if group { GROUP } else { DIRECT };
        let user = UserId(device / 10);
        if !self.story.members(channel).contains(&user) {
            return;
        }
        self.sent += 1;
        let text = format!("text {}", self.sent);
        let number = self.story.invoke(device, channel, &text);
        self.pending.push(Pending { device, channel, text, number, committed: None });
    }

    fn commit(&mut self, device: u64, answered: bool) {
        let next = |one: &Pending| one.device == device && one.committed.is_none();
        let Some(at) = self.pending.iter().position(next) else { return };
        let one = &mut self.pending[at];
        let place = self.story.commit_as(device, one.channel, &one.text, one.number);
        one.committed = Some(place);
        if answered {
            let one = self.pending.remove(at);
            self.story.accept(device, one.channel, &one.text, Some(place));
        }
    }

    fn catch_up(&mut self, device: u64, channel: ChannelId, entries: u64) {
        let cursor = self.cursors.get(&(device, channel)).copied().unwrap_or_default();
        let upto = self.story.head(channel).min(cursor.saturating_add(entries));
        for place in cursor + 1..=upto {
            if self.story.is_for(channel, place, UserId(device / 10)) {
                self.story.deliver_to(device, channel, place);
            }
        }
        self.cursors.insert((device, channel), upto);
    }

    /// Leaving fails what is not in the log; of what is there, nobody tells the user any more.
    fn toggle(&mut self, user: u64) {
        let device = user * 10 + 1;
        if self.story.members(GROUP).contains(&UserId(user)) {
            let of_user = |one: &Pending| one.device / 10 == user && one.channel == GROUP;
            for one in self.pending.iter().filter(|one| of_user(one)) {
                match one.committed {
                    Some(_) => self.story.give_up(one.device, GROUP, &one.text),
                    None => self.story.refuse(one.device, GROUP, &one.text),
                }
            }
            self.pending.retain(|one| !of_user(one));
            self.story.close(GROUP, device, user);
        } else {
            self.story.open(GROUP, device, &[user]);
        }
    }

    fn settle(&mut self) {
        for device in DEVICES {
            while self.pending.iter().any(|one| one.device == device && one.committed.is_none()) {
                self.commit(device, true);
            }
        }
        for one in std::mem::take(&mut self.pending) {
            self.story.accept(one.device, one.channel, &one.text, one.committed);
        }
        self.story.end();
        for device in DEVICES {
            self.catch_up(device, GROUP, u64::MAX);
            self.catch_up(device, DIRECT, u64::MAX);
        }
    }
}

/// The places of the `apply` lines that pass a test.
fn applies(history: &History, keep: impl Fn(&Event) -> bool) -> Vec<usize> {
    let events = history.events().iter().enumerate();
    let applies =
        events.filter(|(_, event)| matches!(event.body, EventBody::Apply { .. }) && keep(event));
    applies.map(|(at, _)| at).collect()
}

/// A history with other lines, numbered anew.
fn rebuilt(events: Vec<Event>) -> History {
    let number = |(at, event): (usize, Event)| Event { seq: at as u64, ..event };
    events.into_iter().enumerate().map(number).collect()
}

fn accepted_hashes(history: &History) -> Vec<u64> {
    let accepted = history
        .events()
        .iter()
        .filter(|event| matches!(event.body, EventBody::Send { r#type: EventType::Ok, .. }));
    accepted.filter_map(|event| event.body.body_hash()).collect()
}

fn stream_of(event: &Event) -> Option<(DeviceId, ChannelId)> {
    event.body.device().zip(event.body.channel())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_correct_history_passes(steps in vec(step(), 1..120)) {
        let history = Reference::run(&steps);
        let findings = check_all(&history);
        let wrong: Vec<&Finding> = findings.iter().filter(|one| one.is_violated()).collect();
        prop_assert!(wrong.is_empty(), "{wrong:?}");
        // The entry that opens the group is always there to be judged.
        for name in ["duplicated", "order", "converged", "unauthorised"] {
            let finding = findings.iter().find(|finding| finding.checker == name);
            prop_assert!(finding.is_some_and(Finding::holds), "{finding:?}");
        }
    }

    #[test]
    fn a_dropped_message_is_caught(steps in vec(step(), 1..120), pick in any::<prop::sample::Index>()) {
        let history = Reference::run(&steps);
        let accepted = accepted_hashes(&history);
        let messages = applies(&history, |event| event.body.body_hash().is_some_and(|hash| accepted.contains(&hash)));
        prop_assume!(!messages.is_empty());
        let mut events = history.events().to_vec();
        events.remove(*pick.get(&messages));
        let violated = violated(&rebuilt(events));
        for name in ["accepted-lost", "converged", "liveness"] {
            prop_assert!(violated.iter().any(|one| one == name), "{name} not in {violated:?}");
        }
        prop_assert!(!violated.iter().any(|one| one == "duplicated" || one == "unauthorised"), "{violated:?}");
    }

    #[test]
    fn a_repeated_entry_is_caught(steps in vec(step(), 1..120), pick in any::<prop::sample::Index>()) {
        let history = Reference::run(&steps);
        let mut events = history.events().to_vec();
        let all = applies(&history, |_| true);
        let repeated = events[*pick.get(&all)].clone();
        events.push(repeated);
        prop_assert_eq!(violated(&rebuilt(events)), ["duplicated"]);
    }

    #[test]
    fn bodies_that_change_places_are_caught(steps in vec(step(), 1..120), pick in any::<prop::sample::Index>()) {
        let history = Reference::run(&steps);
        let mut events = history.events().to_vec();
        let all = applies(&history, |_| true);
        let one = *pick.get(&all);
        let other = all.iter().copied().find(|at| {
            stream_of(&events[*at]) == stream_of(&events[one])
                && events[*at].body.body_hash() != events[one].body.body_hash()
        });
        prop_assume!(other.is_some());
        swap_hashes(&mut events, one, other.unwrap());
        let violated = violated(&rebuilt(events));
        prop_assert!(violated.iter().any(|one| one == "order"), "{violated:?}");
    }

    #[test]
    fn entries_stored_in_the_wrong_order_are_caught(steps in vec(step(), 1..120), pick in any::<prop::sample::Index>()) {
        let history = Reference::run(&steps);
        let mut events = history.events().to_vec();
        let all = applies(&history, |_| true);
        let one = *pick.get(&all);
        let other = all.iter().copied().find(|at| *at > one && stream_of(&events[*at]) == stream_of(&events[one]));
        prop_assume!(other.is_some());
        events.swap(one, other.unwrap());
        let violated = violated(&rebuilt(events));
        prop_assert!(violated.iter().any(|one| one == "order"), "{violated:?}");
    }

    #[test]
    fn an_entry_that_reaches_a_stranger_is_caught(steps in vec(step(), 1..120), pick in any::<prop::sample::Index>()) {
        let history = Reference::run(&steps);
        let mut events = history.events().to_vec();
        let direct = applies(&history, |event| event.body.channel() == Some(DIRECT));
        prop_assume!(!direct.is_empty());
        let mut stray = events[*pick.get(&direct)].clone();
        if let EventBody::Apply { device, channel, message_id, body_hash, path } = stray.body {
            prop_assert!(device != DeviceId(31));
            stray.body = EventBody::Receive { device: DeviceId(31), channel, message_id, body_hash, path };
        }
        events.push(stray);
        prop_assert_eq!(violated(&rebuilt(events)), ["unauthorised"]);
    }
}

fn swap_hashes(events: &mut [Event], one: usize, other: usize) {
    let hashes = [one, other].map(|at| events[at].body.body_hash().unwrap_or_default());
    for (at, hash) in [(one, hashes[1]), (other, hashes[0])] {
        if let EventBody::Apply { body_hash, .. } = &mut events[at].body {
            *body_hash = hash;
        }
    }
}
