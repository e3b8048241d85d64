use hubbub_chat::{DeviceId, MessageId, UserId, design::Ids};
use hubbub_history::{Bounds, FaultState, Index, Member, figures};

use crate::{
    story::{DIRECT, GROUP, devices},
    timeline::{SECOND_NS, Timeline, bounds, friends},
};

/// User 1 writes at 10 s; a push to user 2 is due at 20 s and has to be there by 25 s.
fn written() -> Timeline {
    let mut timeline = Timeline::of_friends();
    timeline.entry(10.0, DIRECT, 1, (1, 11), "hello");
    timeline.apply(10.1, 11, DIRECT, 1, "hello");
    timeline
}

#[test]
fn a_push_that_comes_in_time_settles_what_is_owed() {
    let mut timeline = written();
    timeline.push_asked(20.0, 2, DIRECT, 1, 1);
    timeline.push_got(25.0, 2, DIRECT, 1, "taken");
    timeline.end(60.0);
    let finding = timeline.judge("push");
    assert!(finding.holds(), "{finding:?}");
    assert_eq!(finding.judged, 2, "a message owed and a push");
}

#[test]
fn without_tokens_nothing_is_decided() {
    let mut population = friends();
    population.push.clear();
    let mut timeline = Timeline::new(bounds(), population);
    timeline.entry(10.0, DIRECT, 1, (1, 11), "hello");
    timeline.end(60.0);
    assert!(timeline.judge("push").undecided());
}

#[test]
fn what_is_owed_and_never_pushed_is_caught() {
    let mut timeline = written();
    timeline.end(60.0);
    let finding = timeline.judge("push");
    assert_eq!(finding.violations_total, 1);
    let violation = &finding.violations[0];
    assert_eq!((&violation.missing, violation.message_id), (&devices(&[21]), Some(MessageId(1))));
    assert_eq!(
        violation.summary,
        "message 1 of direct-1-2 was owed to device 21 by 20.000000 s and no push for it had come \
         by 25.000000 s"
    );
}

#[test]
fn a_push_that_comes_too_late_is_caught() {
    let mut timeline = written();
    timeline.push_got(25.1, 2, DIRECT, 1, "taken");
    timeline.end(60.0);
    assert_eq!(timeline.judge("push").violations_total, 1);
}

#[test]
fn a_push_that_the_gateway_did_not_take_settles_nothing() {
    let mut timeline = written();
    timeline.push_got(20.5, 2, DIRECT, 1, "busy");
    timeline.end(60.0);
    assert_eq!(timeline.judge("push").violations_total, 1);
}

#[test]
fn a_push_settles_all_messages_up_to_its_own() {
    let mut timeline = written();
    timeline.entry(11.0, DIRECT, 2, (1, 11), "again");
    timeline.push_got(21.0, 2, DIRECT, 2, "taken");
    timeline.end(60.0);
    let finding = timeline.judge("push");
    assert!(finding.holds() && finding.judged == 2, "{finding:?}");
}

#[test]
fn a_push_for_an_earlier_message_does_not_settle_a_later_one() {
    let mut timeline = written();
    timeline.entry(11.0, DIRECT, 2, (1, 11), "again");
    timeline.push_got(21.0, 2, DIRECT, 1, "taken");
    timeline.end(60.0);
    assert_eq!(timeline.judge("push").violations[0].message_id, Some(MessageId(2)));
}

#[test]
fn nothing_is_owed_to_whoever_has_it_or_does_not_want_it() {
    let mut applied = written();
    applied.apply(19.9, 21, DIRECT, 1, "hello");
    applied.end(60.0);
    let mut confirmed = written();
    confirmed.cursor(20.0, 21, DIRECT, 1);
    confirmed.end(60.0);
    let mut population = friends();
    population.muted.push((UserId(2), DIRECT));
    let mut muted = Timeline::new(bounds(), population);
    muted.entry(10.0, DIRECT, 1, (1, 11), "hello");
    muted.end(60.0);
    let mut logged_out = Timeline::of_friends();
    logged_out.log(5.0, 21, false);
    logged_out.entry(10.0, DIRECT, 1, (1, 11), "hello");
    logged_out.end(60.0);
    let mut dead = written();
    dead.push_got(20.5, 2, DIRECT, 1, "dead_token");
    dead.end(60.0);
    for timeline in [applied, confirmed, muted, logged_out, dead] {
        assert!(timeline.judge("push").undecided());
    }
}

#[test]
fn whoever_gets_the_message_itself_before_the_push_needs_none() {
    let mut timeline = written();
    timeline.apply(22.0, 21, DIRECT, 1, "hello");
    timeline.end(60.0);
    assert!(timeline.judge("push").undecided());
}

#[test]
fn what_is_due_after_the_end_is_not_judged() {
    let mut timeline = written();
    timeline.end(24.0);
    assert!(timeline.judge("push").undecided());
}

#[test]
fn a_fault_of_servers_puts_the_bound_off_to_its_end() {
    let late = |got_at| {
        let mut timeline = written();
        timeline.fault(15.0, "crash", "notifier", FaultState::On);
        timeline.fault(40.0, "crash", "notifier", FaultState::Off);
        timeline.push_got(got_at, 2, DIRECT, 1, "taken");
        timeline.end(60.0);
        timeline.judge("push").violations_total
    };
    assert_eq!((late(45.0), late(45.1)), (0, 1));
}

#[test]
fn after_the_gateway_failed_a_notifier_may_pause_for_twice_as_long() {
    let late = |got_at| {
        let mut timeline = written();
        timeline.fault(18.0, "gateway-failing", "the push gateway", FaultState::On);
        timeline.fault(23.0, "gateway-failing", "the push gateway", FaultState::Off);
        timeline.push_got(got_at, 2, DIRECT, 1, "taken");
        timeline.end(60.0);
        timeline.judge("push").violations_total
    };
    // 5 s of failing, a pause of 11 s, and 5 s as ever.
    assert_eq!((late(39.0), late(39.1)), (0, 1));
}

#[test]
fn a_message_that_a_fault_outlasts_takes_what_is_owed_along() {
    let violations = |retention_s: u64, fault_until: f64| {
        let history_retention_ns = retention_s * SECOND_NS;
        let mut timeline = Timeline::new(Bounds { history_retention_ns, ..bounds() }, friends());
        timeline.entry(10.0, DIRECT, 1, (1, 11), "hello");
        timeline.apply(10.1, 11, DIRECT, 1, "hello");
        timeline.fault(15.0, "store-answer-lost", "the store", FaultState::On);
        timeline.fault(fault_until, "store-answer-lost", "the store", FaultState::Off);
        timeline.end(60.0);
        timeline.judge("push").violations_total
    };
    // It is due at 20 s. Removed at 24 s it is gone before the fault ends; kept until 50 s it is
    // there to be pushed; and without a fault from when it is due on, nothing excuses.
    assert_eq!((violations(14, 30.0), violations(40, 30.0), violations(14, 19.0)), (0, 1, 1));
}

#[test]
fn whoever_has_a_higher_id_that_is_no_place_may_be_past_the_message() {
    let violations = |ids| {
        let mut timeline = Timeline::new(Bounds { ids, ..bounds() }, friends());
        timeline.entry(9.0, DIRECT, 2, (1, 11), "later");
        timeline.apply(9.1, 11, DIRECT, 2, "later");
        timeline.apply(9.2, 21, DIRECT, 2, "later");
        timeline.entry(10.0, DIRECT, 1, (1, 11), "hello");
        timeline.apply(10.1, 11, DIRECT, 1, "hello");
        timeline.end(60.0);
        timeline.judge("push").violations_total
    };
    assert_eq!((violations(Ids::Snowflake), violations(Ids::ChannelSequence)), (0, 1));
}

#[test]
fn a_leave_with_a_lower_id_hides_a_message_from_the_cursors() {
    let wrong = |ids, leave_id| {
        let mut timeline = Timeline::new(Bounds { ids, ..bounds() }, friends());
        let members = Member::Enter(vec![UserId(1), UserId(2)]);
        timeline.entry_of(1.0, GROUP, 1, (1, 11), "enter", members);
        timeline.entry(10.0, GROUP, 5, (1, 11), "hello");
        timeline.entry_of(10.1, GROUP, leave_id, (2, 21), "leave", Member::Leave(UserId(2)));
        timeline.apply(11.0, 21, GROUP, 5, "hello");
        timeline.cursor(12.0, 21, GROUP, 5);
        timeline.push_asked(20.0, 2, GROUP, 5, 1);
        timeline.end(21.0);
        timeline.judge("push").violations_total
    };
    assert_eq!((wrong(Ids::Snowflake, 4), wrong(Ids::Snowflake, 6)), (0, 1));
    assert_eq!(wrong(Ids::ChannelSequence, 6), 1);
}

#[test]
fn a_push_for_what_the_user_has_is_wrong_after_the_race() {
    let wrong = |asked_at| {
        let mut timeline = written();
        timeline.cursor(12.0, 21, DIRECT, 1);
        timeline.push_asked(asked_at, 2, DIRECT, 1, 1);
        timeline.end(60.0);
        timeline.judge("push")
    };
    assert!(wrong(15.0).holds(), "within the race");
    let finding = wrong(15.1);
    assert_eq!(finding.violations_total, 1);
    assert_eq!(
        finding.violations[0].summary,
        "a push to device 21 for message 1 of direct-1-2 was asked for at 15.100000 s, although \
         user 2 had it by 12.000000 s"
    );
}

#[test]
fn with_one_cursor_for_everything_any_channel_counts() {
    let other = hubbub_chat::ChannelId::Direct(UserId(2), UserId(3));
    let judged = |cursor_global| {
        let mut timeline = Timeline::new(Bounds { cursor_global, ..bounds() }, friends());
        timeline.entry(10.0, DIRECT, 7, (1, 11), "hello");
        timeline.cursor(12.0, 21, other, 9);
        timeline.end(60.0);
        timeline.judge("push").judged
    };
    assert_eq!((judged(true), judged(false)), (0, 1));
}

#[test]
fn another_start_of_the_notifier_may_repeat_a_push_once() {
    let repeats = |starts: &[u32]| {
        let mut timeline = written();
        for (at, start) in starts.iter().enumerate() {
            timeline.push_asked(20.0 + at as f64, 2, DIRECT, 1, *start);
        }
        timeline.push_got(24.0, 2, DIRECT, 1, "taken");
        timeline.end(60.0);
        timeline.judge("push").violations_total
    };
    assert_eq!((repeats(&[1, 2]), repeats(&[1, 2, 3])), (0, 0));
    assert_eq!((repeats(&[1, 1]), repeats(&[1, 2, 2])), (1, 1));
}

#[test]
fn another_start_repeats_nothing_that_was_settled_long_ago() {
    let repeats = |answer: &str, died_at: f64, again_at: f64| {
        let mut timeline = written();
        timeline.push_asked(20.0, 2, DIRECT, 1, 1);
        timeline.push_got(20.1, 2, DIRECT, 1, answer);
        timeline.fault(died_at, "crash", "notify-1", FaultState::On);
        timeline.fault(died_at + 2.0, "crash", "notify-1", FaultState::Off);
        timeline.push_asked(again_at, 2, DIRECT, 1, 2);
        timeline.push_got(again_at + 0.1, 2, DIRECT, 1, "taken");
        timeline.end(300.0);
        let violations = timeline.judge("push").violations.into_iter();
        let summaries = violations.map(|violation| violation.summary);
        summaries.filter(|summary| summary.contains("again")).collect::<Vec<_>>()
    };
    // 5 s to settle it, and a pause of 1 s, had the answer been lost.
    let count = |answer, died_at, again_at| repeats(answer, died_at, again_at).len();
    assert_eq!((count("taken", 21.0, 29.0), count("taken", 21.0, 29.1)), (0, 1));
    assert_eq!((count("taken", 40.0, 45.0), count("busy", 40.0, 45.0)), (1, 0));
    assert_eq!(
        repeats("taken", 40.0, 45.0)[0],
        "the push to device 21 for message 1 of direct-1-2 was asked for again at 45.000000 s, \
         although the gateway had taken it and it was settled by 26.100000 s"
    );
}

#[test]
fn what_the_gateway_did_not_take_may_be_asked_for_again() {
    let repeats = |answers: [&str; 2]| {
        let mut timeline = written();
        for (at, answer) in answers.into_iter().enumerate() {
            timeline.push_asked(20.0 + at as f64, 2, DIRECT, 1, 1);
            timeline.push_got(20.1 + at as f64, 2, DIRECT, 1, answer);
        }
        timeline.push_asked(24.0, 2, DIRECT, 1, 1);
        timeline.push_got(24.1, 2, DIRECT, 1, "taken");
        timeline.end(60.0);
        timeline.judge("push").violations_total
    };
    assert_eq!(repeats(["busy", "busy"]), 0);
    // After one that was taken, every further one is a repeat, declined or not.
    assert_eq!((repeats(["taken", "busy"]), repeats(["busy", "taken"])), (2, 1));
}

#[test]
fn pushes_are_counted() {
    let mut timeline = written();
    timeline.cursor(12.0, 11, DIRECT, 1);
    timeline.push_asked(20.0, 1, DIRECT, 1, 1);
    timeline.push_got(20.1, 1, DIRECT, 1, "taken");
    timeline.end(60.0);
    let figures = figures(timeline.history());
    assert_eq!(
        (figures.pushes_received, figures.pushes_wrong, figures.pushes_unsettled),
        (Some(1), Some(1), Some(1))
    );
    let tokens = Index::new(timeline.history()).push_tokens()[&UserId(2)].clone();
    assert!(tokens.contains(&DeviceId(21)));
}
