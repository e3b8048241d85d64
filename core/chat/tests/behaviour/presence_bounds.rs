//! What a presence server holds has bounds, and what lies beyond them is counted.

use std::time::Duration;

use hubbub_chat::{
    Design, DeviceId, Monotonic, Now, PresenceServer, ServerId, UserId, Wall,
    ports::{
        Answer, Outcome, Request,
        presence::{DeviceBeat, PresenceAnswer, PresenceRequest, Status},
        store::{StoreAnswer, StoreRequest},
    },
    presence::{
        CallId, PresenceConfig, PresenceInput, PresenceLimits, PresenceOutput, PresenceView,
    },
    time::nanoseconds,
};

use crate::support::{presence_world::*, seconds};

/// One presence server that keeps everybody and is certain of all of them.
struct Alone {
    machine: PresenceServer,
    now: Now,
}

impl Alone {
    fn new(limits: PresenceLimits) -> Self {
        let mut alone = Self::just_started(limits);
        alone.pass(alone.lease());
        alone
    }

    fn just_started(limits: PresenceLimits) -> Self {
        let now = Now { monotonic: Monotonic(0), wall: Wall(WALL_START_MS * 1_000_000) };
        let design = Design::default();
        let config = PresenceConfig { server: KEEPER, design, seed: 1, limits };
        let mut alone = Self { machine: PresenceServer::new(config, now), now };
        alone.input(PresenceInput::Held { epoch: 1, until: Monotonic(u64::MAX) });
        alone.input(PresenceInput::View(PresenceView::new(1, [(KEEPER, 1)])));
        alone
    }

    fn lease(&self) -> Duration {
        Design::default().presence_lease()
    }

    fn input(&mut self, input: PresenceInput) -> Vec<PresenceOutput> {
        self.machine.handle_input(self.now, input);
        outputs(&mut self.machine)
    }

    fn ask(&mut self, request: PresenceRequest) -> Vec<PresenceOutput> {
        self.input(PresenceInput::Request { from: CallId(1), request })
    }

    fn beat(&mut self, users: impl IntoIterator<Item = u64>) {
        let beat = |user| DeviceBeat { user: UserId(user), device: phone(user), age_ms: 0 };
        let devices = users.into_iter().map(beat).collect();
        let answered = self.ask(PresenceRequest::Beat { devices });
        assert_eq!(answered, [PresenceOutput::Answer(CallId(1), PresenceAnswer::Done)]);
    }

    fn watch(&mut self, server: ServerId, users: impl IntoIterator<Item = u64>) {
        let users = users.into_iter().map(UserId).collect();
        self.ask(PresenceRequest::Watch { server, epoch: 1, users });
    }

    fn pass(&mut self, duration: Duration) -> Vec<PresenceOutput> {
        let end = self.now.monotonic.after(duration);
        let mut done = Vec::new();
        while let Some((at, _)) = self.machine.poll_timeout().filter(|(at, _)| *at <= end) {
            self.advance(at);
            self.machine.handle_timeout(self.now);
            done.extend(outputs(&mut self.machine));
        }
        self.advance(end);
        done
    }

    fn advance(&mut self, to: Monotonic) {
        self.now.wall.0 += to.0.saturating_sub(self.now.monotonic.0);
        self.now.monotonic = self.now.monotonic.max(to);
    }
}

fn published(outputs: &[PresenceOutput]) -> Vec<(ServerId, usize)> {
    let pick = |output: &PresenceOutput| match output {
        PresenceOutput::Publish(server, statuses) => Some((*server, statuses.len())),
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}

fn statuses(outputs: &[PresenceOutput]) -> Option<Vec<Status>> {
    outputs.iter().find_map(|output| match output {
        PresenceOutput::Answer(_, PresenceAnswer::Statuses(statuses)) => Some(statuses.clone()),
        _ => None,
    })
}

fn writes(outputs: &[PresenceOutput]) -> usize {
    let pick = |output: &&PresenceOutput| {
        let PresenceOutput::Request { request, .. } = output else { return false };
        matches!(request, Request::Store(StoreRequest::WriteActivity(_)))
    };
    outputs.iter().filter(pick).count()
}

#[test]
fn users_beyond_the_limit_are_counted_and_the_others_kept() {
    let mut alone = Alone::new(PresenceLimits { users: 10, ..PresenceLimits::default() });
    alone.beat(0..15);
    assert_eq!(alone.machine.user_count(), 10);
    let counts = alone.machine.counts();
    assert_eq!((counts.beats, counts.refused), (10, 5));
    alone.beat(0..10);
    assert_eq!(alone.machine.counts().refused, 5);
}

#[test]
fn watches_beyond_the_limit_get_their_snapshot_and_no_more() {
    let mut alone = Alone::new(PresenceLimits { watches: 10, ..PresenceLimits::default() });
    alone.beat(0..15);
    let watch =
        PresenceRequest::Watch { server: CHAT, epoch: 1, users: (0..15).map(UserId).collect() };
    let answered = alone.ask(watch);
    assert_eq!(statuses(&answered).map(|statuses| statuses.len()), Some(15));
    assert_eq!((alone.machine.watch_count(), alone.machine.counts().refused), (10, 5));
}

#[test]
fn a_chat_server_with_too_much_to_be_told_loses_its_watches() {
    let mut alone = Alone::new(PresenceLimits { untold: 100, ..PresenceLimits::default() });
    alone.watch(CHAT, 0..101);
    alone.watch(OTHER_CHAT, 0..100);
    alone.beat(0..101);
    assert_eq!(alone.machine.counts().overflowed, 101);
    assert_eq!(alone.machine.watch_count(), 100);
    let done = alone.pass(seconds(1));
    assert_eq!(published(&done), [(OTHER_CHAT, 100)]);
}

#[test]
fn publications_are_cut_in_parts() {
    let mut alone = Alone::new(PresenceLimits::default());
    alone.watch(CHAT, 0..1100);
    alone.pass(seconds(5));
    alone.beat(0..1100);
    let done = alone.pass(seconds(1));
    assert_eq!(published(&done), [(CHAT, 512), (CHAT, 512), (CHAT, 76)]);
    assert_eq!(alone.machine.counts().publications, 1100);
}

#[test]
fn changes_that_cancel_out_while_they_are_gathered_are_told_once() {
    let mut alone = Alone::new(PresenceLimits::default());
    alone.watch(CHAT, [7]);
    alone.pass(seconds(5));
    alone.beat([7]);
    alone.ask(PresenceRequest::Logout { user: UserId(7), device: phone(7) });
    let done = alone.pass(seconds(1));
    assert_eq!(published(&done), [(CHAT, 1)]);
    assert_eq!(alone.machine.counts().changes, 2);
}

#[test]
fn answers_that_wait_for_the_store_are_bounded_and_all_come() {
    let mut alone = Alone::new(PresenceLimits { waiting: 3, ..PresenceLimits::default() });
    let look = |user| PresenceRequest::Look { users: vec![UserId(user)] };
    let answered_at_once =
        (0..5).filter(|user| statuses(&alone.ask(look(*user))).is_some()).count();
    assert_eq!(answered_at_once, 2);
    // The store says nothing: the others come without the time of the last activity.
    let design = Design::default();
    let late = alone.pass(design.request_timeout / 2);
    let came = late.iter().filter(|output| matches!(output, PresenceOutput::Answer(..))).count();
    assert_eq!(came, 3);
    assert!(statuses(&late).is_some_and(|statuses| statuses[0].last_active_at_ms == 0));
}

#[test]
fn the_store_is_asked_when_somebody_was_last_active_and_only_once_for_a_watched_user() {
    let mut alone = Alone::new(PresenceLimits::default());
    let watch = PresenceRequest::Watch { server: CHAT, epoch: 1, users: vec![UserId(7)] };
    let asked = alone.ask(watch.clone());
    let id = asked.iter().find_map(|output| match output {
        PresenceOutput::Request { id, .. } => Some(*id),
        _ => None,
    });
    let activity = StoreAnswer::Activity(vec![(UserId(7), 1234)]);
    let answer = Answer::Store(Outcome::Ok(activity));
    let answered = alone.input(PresenceInput::Answer(id.unwrap(), answer));
    assert_eq!(statuses(&answered).unwrap()[0].last_active_at_ms, 1234);
    assert_eq!(statuses(&alone.ask(watch)).unwrap()[0].last_active_at_ms, 1234);
}

#[test]
fn activity_is_written_rarely_and_again_when_the_store_did_not_answer() {
    let mut alone = Alone::new(PresenceLimits::default());
    let mut written = 0;
    // Ten minutes online; the store never answers within its deadline.
    for _ in 0..120 {
        alone.beat([7]);
        written += writes(&alone.pass(seconds(5)));
    }
    assert!((60..=300).contains(&written), "at most one every two seconds: {written}");
    let mut quiet = Alone::new(PresenceLimits::default());
    let mut written = 0;
    for tick in 0..6000 {
        if tick % 50 == 0 {
            quiet.beat([7]);
        }
        let done = quiet.pass(Duration::from_millis(100));
        written += writes(&done);
        for output in done {
            if let PresenceOutput::Request { id, .. } = output {
                let answer = Answer::Store(Outcome::Ok(StoreAnswer::Done));
                quiet.input(PresenceInput::Answer(id, answer));
            }
        }
    }
    assert!((10..=18).contains(&written), "about one in a lease: {written}");
}

#[test]
fn users_who_left_are_forgotten_without_losing_the_order_of_their_statuses() {
    let mut alone = Alone::new(PresenceLimits::default());
    let look = PresenceRequest::Look { users: vec![UserId(7)] };
    alone.beat([7]);
    let online = statuses(&alone.ask(look.clone())).unwrap()[0];
    alone.pass(Duration::from_secs(200));
    assert_eq!(alone.machine.user_count(), 0);
    alone.ask(look);
    let offline = statuses(&alone.pass(seconds(3))).unwrap()[0];
    assert!(online.online && !offline.online && offline.is_newer_than(&online));
}

#[test]
fn nothing_is_said_of_those_of_whom_nothing_is_known_yet() {
    let mut alone = Alone::just_started(PresenceLimits::default());
    let look = PresenceRequest::Look { users: vec![UserId(7), UserId(8)] };
    alone.beat([8]);
    let known = statuses(&alone.ask(look.clone())).unwrap();
    assert_eq!(known.iter().map(|status| status.user).collect::<Vec<_>>(), [UserId(8)]);
    alone.watch(CHAT, [7]);
    let lease = alone.lease();
    let before = alone.pass(lease - Duration::from_nanos(1));
    assert_eq!(published(&before), []);
    let after = alone.pass(seconds(5));
    assert_eq!(published(&after), [(CHAT, 1)], "a lease later the watched one is offline");
}

#[test]
fn users_of_another_server_are_left_to_it() {
    let mut alone = Alone::new(PresenceLimits::default());
    let both = PresenceView::new(2, [(KEEPER, 1), (OTHER_KEEPER, 2)]);
    alone.beat(0..100);
    alone.input(PresenceInput::View(both.clone()));
    let mine = (0..100).filter(|user| both.owner(UserId(*user)) == Some(KEEPER)).count();
    assert_eq!(alone.machine.user_count(), mine);
    let foreign = (0..100).find(|user| both.owner(UserId(*user)) != Some(KEEPER)).unwrap();
    let beat = DeviceBeat { user: UserId(foreign), device: DeviceId(1), age_ms: 0 };
    let elsewhere = [PresenceOutput::Answer(CallId(1), PresenceAnswer::Elsewhere)];
    assert_eq!(alone.ask(PresenceRequest::Beat { devices: vec![beat] }), elsewhere);
    assert_eq!(alone.ask(PresenceRequest::Look { users: vec![UserId(foreign)] }), elsewhere);
    // An older view changes nothing.
    alone.input(PresenceInput::View(PresenceView::new(1, [(KEEPER, 1)])));
    assert_eq!(alone.ask(PresenceRequest::Look { users: vec![UserId(foreign)] }), elsewhere);
}

#[test]
fn the_last_activity_of_users_who_move_is_stored() {
    let mut alone = Alone::new(PresenceLimits::default());
    alone.beat(0..100);
    assert!(writes(&alone.pass(seconds(10))) > 0);
    alone.beat(0..100);
    let both = PresenceView::new(2, [(KEEPER, 1), (OTHER_KEEPER, 2)]);
    let moved: Vec<UserId> =
        (0..100).map(UserId).filter(|user| both.owner(*user) != Some(KEEPER)).collect();
    let active_at_ms = alone.now.wall.milliseconds();
    alone.input(PresenceInput::View(both));
    let written = alone.pass(seconds(3)).into_iter().find_map(|output| match output {
        PresenceOutput::Request {
            request: Request::Store(StoreRequest::WriteActivity(rows)),
            ..
        } => Some(rows),
        _ => None,
    });
    let expected: Vec<_> = moved.into_iter().map(|user| (user, active_at_ms)).collect();
    let of_moved = |rows: Vec<(UserId, u64)>| {
        rows.into_iter().filter(|row| expected.contains(row)).collect::<Vec<_>>()
    };
    assert_eq!(written.map(of_moved), Some(expected.clone()));
}

#[test]
fn users_are_published_as_offline_once_after_each_takeover_of_theirs() {
    let mut alone = Alone::just_started(PresenceLimits::default());
    let both = PresenceView::new(2, [(KEEPER, 1), (OTHER_KEEPER, 2)]);
    let moving = (0..100).filter(|user| both.owner(UserId(*user)) != Some(KEEPER)).count();
    alone.watch(CHAT, 0..100);
    alone.pass(seconds(10));
    alone.input(PresenceInput::View(both));
    alone.pass(seconds(1));
    alone.input(PresenceInput::View(PresenceView::new(3, [(KEEPER, 1)])));
    let lease = alone.lease();
    let first = alone.pass(lease - seconds(6));
    assert_eq!(published(&first), [(CHAT, 100 - moving)], "those who stayed");
    let second = alone.pass(lease);
    assert_eq!(published(&second), [(CHAT, moving)], "those who came back");
}

#[test]
fn a_watch_that_came_before_the_view_counts_from_then_on() {
    let mut alone = Alone::new(PresenceLimits::default());
    let both = PresenceView::new(2, [(KEEPER, 1), (OTHER_KEEPER, 2)]);
    let foreign = (0..100).find(|user| both.owner(UserId(*user)) != Some(KEEPER)).unwrap();
    alone.input(PresenceInput::View(both));
    alone.watch(CHAT, [foreign]);
    alone.input(PresenceInput::View(PresenceView::new(3, [(KEEPER, 1)])));
    alone.beat([foreign]);
    let done = alone.pass(seconds(1));
    assert_eq!(published(&done), [(CHAT, 1)]);
}

#[test]
fn watches_that_are_not_repeated_lapse_and_the_others_stay() {
    let mut alone = Alone::new(PresenceLimits::default());
    let refresh = Design::default().presence_refresh;
    alone.watch(CHAT, [1, 2]);
    for _ in 0..4 {
        alone.pass(refresh);
        alone.watch(CHAT, [2]);
    }
    assert_eq!((alone.machine.watch_count(), alone.machine.counts().lapsed), (1, 1));
    alone.pass(4 * refresh);
    assert_eq!((alone.machine.watch_count(), alone.machine.counts().lapsed), (0, 2));
}

#[test]
fn a_clock_that_is_far_ahead_does_not_end_leases() {
    let mut alone = Alone::new(PresenceLimits::default());
    alone.beat([7]);
    alone.now.wall.0 += nanoseconds(seconds(3600));
    alone.pass(seconds(10));
    let look = PresenceRequest::Look { users: vec![UserId(7)] };
    assert!(statuses(&alone.ask(look)).unwrap()[0].online);
}
