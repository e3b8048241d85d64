use hubbub_chat::{DeviceId, UserId, design::PresenceMode};
use hubbub_history::{Bounds, FaultState, Index, UserRow, explain, offline_notices, status_flaps};

use crate::{
    story::devices,
    timeline::{SECOND_NS, Timeline, bounds, friends},
};

/// Device 21 shows user 1, who comes at 10 s.
fn together() -> Timeline {
    together_with(bounds())
}

fn together_with(bounds: Bounds) -> Timeline {
    let mut timeline = Timeline::new(bounds, friends());
    timeline.attach(1.0, 21, "chat-1");
    timeline.attach(10.0, 11, "chat-2");
    timeline.shown(11.0, 11, 2, true);
    timeline.shown(11.0, 21, 1, true);
    timeline
}

#[test]
fn friends_who_are_shown_as_they_are_hold() {
    let mut timeline = together();
    timeline.link(100.0, "device-11", false);
    timeline.detach(115.0, 11, "chat-2");
    timeline.shown(134.0, 21, 1, false);
    timeline.end(200.0);
    let finding = timeline.judge("status");
    assert!(finding.holds(), "{finding:?}");
    // 21 shows 1 as online from 48 s and as offline from 138 s on, as 11 does 2 from 48 s on; and
    // that it went out at 134 s was no flap.
    assert_eq!(finding.judged, 4);
}

#[test]
fn without_leases_friends_or_sessions_nothing_is_decided() {
    let mut without_leases = Timeline::new(Bounds { lease_ns: 0, ..bounds() }, friends());
    without_leases.attach(1.0, 21, "chat-1");
    without_leases.attach(1.0, 11, "chat-1");
    without_leases.end(200.0);
    assert!(without_leases.judge("status").undecided());
    let mut without_sessions = Timeline::of_friends();
    without_sessions.shown(60.0, 21, 1, true);
    without_sessions.end(200.0);
    assert!(without_sessions.judge("status").undecided());
}

#[test]
fn a_disconnect_that_is_never_shown_is_caught() {
    let mut timeline = together();
    timeline.link(100.0, "device-11", false);
    timeline.detach(115.0, 11, "chat-2");
    timeline.end(200.0);
    let finding = timeline.judge("status");
    assert_eq!(finding.violations_total, 1, "{finding:?}");
    let violation = &finding.violations[0];
    assert_eq!(violation.had, devices(&[21, 11]));
    assert_eq!(
        violation.summary,
        "device 21 showed user 1 as online at 138.000000 s, who had been offline for so long that \
         it had to know"
    );
    let lines = explain(timeline.history(), violation).lines().join("\n");
    assert!(lines.contains("about: device 21, device 11"), "{lines}");
    assert!(lines.contains("device-11 is up, cut off"), "{lines}");
    assert!(lines.contains("device 21 shows user 1 as online"), "{lines}");
}

#[test]
fn a_disconnect_that_is_shown_too_late_is_caught() {
    let mut timeline = together();
    timeline.truth(100.0, "device-11", false);
    timeline.shown(139.0, 21, 1, false);
    timeline.end(200.0);
    assert_eq!(timeline.judge("status").violations_total, 1);
}

#[test]
fn a_friend_who_is_there_and_is_not_shown_is_caught() {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 21, "chat-1");
    timeline.attach(10.0, 11, "chat-2");
    timeline.shown(11.0, 11, 2, true);
    timeline.end(100.0);
    let finding = timeline.judge("status");
    assert_eq!(finding.violations_total, 1, "{finding:?}");
    assert!(finding.violations[0].summary.contains("did not show user 1 at all at 48.000000 s"));
}

#[test]
fn a_stranger_who_is_shown_when_long_gone_is_caught() {
    let mut population = friends();
    population.friends.clear();
    let mut timeline = Timeline::new(bounds(), population);
    timeline.attach(1.0, 21, "chat-1");
    timeline.shown(30.0, 21, 1, true);
    timeline.shown(45.0, 21, 1, true);
    timeline.end(100.0);
    let finding = timeline.judge("status");
    assert_eq!(
        (finding.judged, finding.violations_total),
        (1, 1),
        "the first is too early to tell"
    );
}

#[test]
fn whoever_was_logged_out_goes_out_too() {
    let mut timeline = together();
    timeline.log(100.0, 11, false);
    timeline.end(139.0);
    assert_eq!(timeline.judge("status").violations_total, 1);
}

#[test]
fn a_gap_below_the_bound_may_not_be_shown() {
    let mut timeline = together();
    timeline.link(100.0, "device-11", false);
    timeline.detach(115.0, 11, "chat-2");
    timeline.link(120.0, "device-11", true);
    let seq = timeline.shown(121.0, 21, 1, false);
    timeline.attach(129.9, 11, "chat-2");
    timeline.shown(130.0, 21, 1, true);
    timeline.end(200.0);
    let finding = timeline.judge("status");
    assert_eq!(finding.violations_total, 1, "{finding:?}");
    assert_eq!(finding.violations[0].seq, seq);
    let flaps = status_flaps(&Index::new(timeline.history())).flaps;
    assert_eq!(flaps.len(), 1);
    assert_eq!((flaps[0].device, flaps[0].t_ns), (DeviceId(21), 121 * SECOND_NS));
}

#[test]
fn a_gap_below_the_bound_that_nobody_saw_is_judged() {
    let mut timeline = together();
    timeline.link(100.0, "device-11", false);
    timeline.link(120.0, "device-11", true);
    timeline.end(200.0);
    let index = Index::new(timeline.history());
    let flaps = status_flaps(&index);
    assert_eq!((flaps.judged, flaps.flaps.len()), (1, 0));
    assert!(timeline.judge("status").holds());
}

#[test]
fn a_gap_at_or_above_the_bound_may_be_shown() {
    let mut timeline = together();
    timeline.link(100.0, "device-11", false);
    timeline.shown(132.0, 21, 1, false);
    timeline.link(132.5, "device-11", true);
    timeline.shown(133.0, 21, 1, true);
    timeline.end(200.0);
    assert!(timeline.judge("status").holds());
}

#[test]
fn the_power_loss_of_a_chat_server_is_a_gap_like_any_other() {
    let mut timeline = together();
    timeline.power_loss(100.0, "chat-2");
    timeline.shown(110.0, 21, 1, false);
    timeline.detach(115.0, 11, "chat-2");
    timeline.attach(117.0, 11, "chat-1");
    timeline.shown(118.0, 21, 1, true);
    timeline.end(200.0);
    assert_eq!(timeline.judge("status").violations_total, 1);
}

#[test]
fn nobody_goes_offline_because_a_presence_server_died() {
    let mut timeline = together();
    timeline.power_loss(100.0, "presence-1");
    timeline.shown(106.0, 21, 1, false);
    timeline.shown(108.0, 21, 1, true);
    timeline.end(200.0);
    assert_eq!(timeline.judge("status").violations_total, 1);
}

#[test]
fn the_bound_begins_anew_when_a_presence_server_has_died_and_others_know() {
    let late = |shown_at| {
        let mut timeline = together();
        timeline.link(100.0, "device-11", false);
        timeline.power_loss(110.0, "presence-1");
        timeline.shown(shown_at, 21, 1, false);
        timeline.end(300.0);
        timeline.judge("status").violations_total
    };
    // 8 s until whoever takes over knows, and then 38 s of lease and publication.
    assert_eq!((late(155.0), late(157.0)), (0, 1));
}

#[test]
fn the_bound_begins_anew_when_a_presence_server_has_come_back() {
    let late = |shown_at| {
        let mut timeline = together();
        timeline.link(100.0, "device-11", false);
        timeline.power_loss(110.0, "presence-1");
        timeline.truth(140.0, "presence-1", true);
        timeline.shown(shown_at, 21, 1, false);
        timeline.end(300.0);
        timeline.judge("status").violations_total
    };
    assert_eq!((late(185.0), late(187.0)), (0, 1));
}

#[test]
fn a_notifier_that_dies_puts_nothing_off() {
    let late = |host: &str| {
        let mut timeline = together();
        timeline.link(100.0, "device-11", false);
        timeline.power_loss(110.0, host);
        timeline.shown(150.0, 21, 1, false);
        timeline.end(300.0);
        timeline.judge("status").violations_total
    };
    assert_eq!((late("notify-1"), late("presence-1")), (1, 0));
}

#[test]
fn while_no_presence_server_is_up_users_have_nowhere_to_go() {
    let violations = |keepers: &[&str], shown_at: f64| {
        let mut timeline = together();
        for name in keepers {
            timeline.lease(20.0, (name, 0), name, 1, true);
        }
        timeline.power_loss(90.0, "presence-1");
        timeline.truth(100.0, "device-11", false);
        timeline.truth(150.0, "presence-1", true);
        timeline.shown(shown_at, 21, 1, false);
        timeline.end(300.0);
        timeline.judge("status").violations_total
    };
    // Back at 150 s, it is known to all 8 s later, and sure of nobody for 38 s.
    let alone = ["presence-1"];
    assert_eq!((violations(&alone, 195.0), violations(&alone, 197.0)), (0, 1));
    let two = ["presence-1", "presence-2"];
    assert_eq!(violations(&two, 195.0), 1, "the other one was there all the time");
}

#[test]
fn a_device_that_hears_nothing_need_not_show_what_is() {
    let mut timeline = together();
    timeline.hears(90.0, "device-21", false);
    timeline.truth(100.0, "device-11", false);
    timeline.end(200.0);
    // Up to 90 s both are shown as they are, and 21 was there for 11 to show until 100 s.
    let finding = timeline.judge("status");
    assert!(finding.holds() && finding.judged == 2, "{finding:?}");
}

#[test]
fn a_device_that_hears_nothing_is_there_for_others() {
    let mut timeline = together();
    timeline.hears(90.0, "device-11", false);
    timeline.shown(170.0, 21, 1, false);
    timeline.end(200.0);
    assert!(timeline.judge("status").violations_total > 0);
}

#[test]
fn a_device_that_polls_and_hears_nothing_is_in_a_gap() {
    let flaps = |deaf_until: f64, shown_at: f64| {
        let mut timeline = together_with(Bounds { needs_answers: true, ..bounds() });
        timeline.hears(90.0, "device-11", false);
        timeline.shown(shown_at, 21, 1, false);
        timeline.hears(deaf_until, "device-11", true);
        timeline.shown(deaf_until + 2.0, 21, 1, true);
        timeline.end(160.0);
        timeline.judge("status").violations_total
    };
    assert_eq!((flaps(121.0, 120.5), flaps(119.0, 118.5)), (0, 1));
}

#[test]
fn a_fault_that_strikes_servers_and_devices_is_not_the_matter_of_devices_alone() {
    let violations = |target: &str| {
        let mut timeline = together();
        timeline.fault(100.0, "partition", target, FaultState::On);
        timeline.link(100.0, "device-21", false);
        timeline.link(100.5, "device-21", true);
        timeline.shown(118.0, 21, 1, false);
        timeline.fault(135.0, "partition", target, FaultState::Off);
        timeline.end(150.0);
        timeline.judge("status").violations_total
    };
    // Whom the first strikes is said; the second keeps servers from one another as well.
    assert_eq!(violations("devices-1 and chat-1, presence-1"), 1);
    assert_eq!(violations("devices-1, chat-2 and chat-1, presence-1"), 0);
}

#[test]
fn what_was_published_while_servers_were_apart_comes_with_the_refresh() {
    let late = |shown_at| {
        let mut timeline = together();
        timeline.link(100.0, "device-11", false);
        timeline.fault(130.0, "partition", "chat-1 and presence-1", FaultState::On);
        timeline.fault(140.0, "partition", "chat-1 and presence-1", FaultState::Off);
        timeline.shown(shown_at, 21, 1, false);
        timeline.end(400.0);
        timeline.judge("status").violations_total
    };
    // 38 s of lease and publication, and 60 s until the refresh, from the end of the fault.
    assert_eq!((late(237.0), late(239.0)), (0, 1));
}

#[test]
fn what_was_published_over_a_dead_connection_comes_with_the_refresh() {
    let late = |relink_s, shown_at| {
        let relink_ns = relink_s * SECOND_NS;
        let mut timeline = together_with(Bounds { relink_ns, ..bounds() });
        timeline.detach(85.0, 21, "chat-1");
        timeline.fault(90.0, "black-hole", "chat-1", FaultState::On);
        timeline.fault(100.0, "black-hole", "chat-1", FaultState::Off);
        timeline.attach(102.5, 21, "chat-1");
        timeline.shown(102.6, 21, 1, true);
        timeline.link(103.0, "device-11", false);
        timeline.shown(shown_at, 21, 1, false);
        timeline.end(400.0);
        timeline.judge("status").violations_total
    };
    // 38 s of lease and publication; and 60 s until the refresh, from when servers are linked again.
    assert_eq!((late(2, 140.5), late(2, 142.0)), (0, 1));
    assert_eq!((late(4, 142.0), late(4, 201.0), late(4, 203.0)), (0, 0, 1));
}

#[test]
fn a_fault_of_devices_is_judged_if_it_is_said_whose_network_it_strikes() {
    let flaps = |is_said| {
        let mut timeline = together();
        timeline.fault(100.0, "blip", "10% of users", FaultState::On);
        if is_said {
            timeline.link(100.0, "device-11", false);
        }
        timeline.shown(110.0, 21, 1, false);
        if is_said {
            timeline.link(120.0, "device-11", true);
        }
        timeline.fault(135.0, "blip", "10% of users", FaultState::Off);
        timeline.end(150.0);
        timeline.judge("status").violations_total
    };
    // A gap of 20 s, or a fault of 35 s of which nobody knows whom it kept away.
    assert_eq!((flaps(true), flaps(false)), (1, 0));
}

#[test]
fn a_host_of_devices_is_cut_off_with_all_of_them() {
    let mut timeline = together();
    timeline.link(100.0, "devices-1", false);
    timeline.shown(131.0, 21, 1, false);
    timeline.link(140.0, "devices-1", true);
    timeline.end(150.0);
    let finding = timeline.judge("status");
    assert!(!finding.is_violated(), "a gap of 40 s: {finding:?}");
}

#[test]
fn a_device_that_is_itself_away_is_not_judged() {
    let mut timeline = together();
    timeline.link(90.0, "device-21", false);
    timeline.truth(100.0, "device-11", false);
    timeline.end(200.0);
    // Up to 90 s both are shown as they are.
    let finding = timeline.judge("status");
    assert!(finding.holds() && finding.judged == 2, "{finding:?}");
}

#[test]
fn in_a_hybrid_design_only_friends_of_the_few_are_told() {
    let mut population = friends();
    population.users.push(UserRow { user: UserId(3), devices: vec![DeviceId(31)] });
    population.friends.push((UserId(3), UserId(1)));
    let hybrid = Bounds { presence: PresenceMode::Hybrid, ..bounds() };
    let mut timeline = Timeline::new(hybrid, population);
    timeline.attach(1.0, 11, "chat-1");
    timeline.attach(1.0, 21, "chat-1");
    timeline.end(100.0);
    let finding = timeline.judge("status");
    // User 1 has two friends, so 21 is not told of them; users 2 and 3 have one, so 11 is of both.
    assert_eq!((finding.judged, finding.violations_total), (2, 1), "{finding:?}");
    assert!(finding.violations[0].summary.starts_with("device 11 did not show user 2"));
}

#[test]
fn a_device_that_restarted_may_have_forgotten_and_may_have_kept() {
    let mut timeline = together();
    timeline.truth(100.0, "device-21", false);
    timeline.truth(101.0, "device-11", false);
    timeline.truth(102.0, "device-21", true);
    timeline.attach(103.0, 21, "chat-1");
    timeline.end(200.0);
    assert!(timeline.judge("status").holds());
}

#[test]
fn it_is_told_how_long_a_disconnect_took_to_show() {
    let mut timeline = together();
    timeline.link(100.0, "device-11", false);
    timeline.shown(131.5, 21, 1, false);
    timeline.end(200.0);
    let notices = offline_notices(&Index::new(timeline.history()));
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].delay_ns(), 31_500_000_000);
}

/// Device 21 shows user 1 by two decisions, and stops between them if it `restarts`.
fn decisions(first: (u64, u64), second: (u64, u64), restarts: bool) -> Timeline {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 21, "chat-1");
    timeline.attach(1.0, 11, "chat-1");
    timeline.shown_by(2.0, 21, 1, false, first);
    if restarts {
        timeline.truth(3.0, "device-21", false);
        timeline.truth(4.0, "device-21", true);
    }
    timeline.shown_by(5.0, 21, 1, true, second);
    timeline.end(20.0);
    timeline
}

#[test]
fn an_older_decision_after_a_newer_one_is_caught() {
    for (first, second) in [((2, 7), (2, 6)), ((2, 1), (1, 9))] {
        let finding = decisions(first, second, false).judge("status");
        assert_eq!((finding.judged, finding.violations_total), (1, 1), "{first:?} {second:?}");
        assert_eq!(
            finding.violations[0].summary,
            "device 21 showed user 1 as online at 5.000000 s by a decision that is older than the \
             one which it showed at 2.000000 s"
        );
        assert_eq!(finding.violations[0].had, devices(&[21, 11]));
    }
}

#[test]
fn a_newer_decision_and_what_a_device_may_have_forgotten_are_not_wrong() {
    for (first, second, restarts) in
        [((2, 6), (2, 7), false), ((1, 9), (2, 1), false), ((2, 7), (2, 6), true)]
    {
        let finding = decisions(first, second, restarts).judge("status");
        assert!(!finding.is_violated(), "{first:?} {second:?}");
    }
}
