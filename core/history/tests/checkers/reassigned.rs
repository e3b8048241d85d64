use hubbub_history::{Bounds, FaultState};

use crate::{
    story::devices,
    timeline::{Timeline, bounds, friends},
};

/// Devices 11 and 21 are on chat-1, which loses its power at 50 s.
fn stranded() -> Timeline {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 11, "chat-1");
    timeline.attach(1.0, 21, "chat-1");
    timeline.power_loss(50.0, "chat-1");
    timeline
}

fn move_to(timeline: &mut Timeline, at: f64, device: u64, server: &str) {
    timeline.attach(at, device, server);
    timeline.synced(at + 0.5, device, server);
}

#[test]
fn devices_that_get_another_server_in_time_hold() {
    let mut timeline = stranded();
    move_to(&mut timeline, 66.0, 11, "chat-2");
    move_to(&mut timeline, 69.5, 21, "chat-1");
    timeline.end(100.0);
    let finding = timeline.judge("reassigned");
    assert!(finding.holds(), "{finding:?}");
    assert_eq!(finding.judged, 2);
}

#[test]
fn without_a_death_a_bound_or_a_capacity_nothing_is_decided() {
    let mut without_death = Timeline::of_friends();
    without_death.attach(1.0, 11, "chat-1");
    without_death.end(100.0);
    assert!(without_death.judge("reassigned").undecided());
    let mut unbounded = Timeline::new(Bounds { reassign_max_ns: 0, ..bounds() }, friends());
    unbounded.attach(1.0, 11, "chat-1");
    unbounded.power_loss(50.0, "chat-1");
    unbounded.end(100.0);
    assert!(unbounded.judge("reassigned").undecided());
}

#[test]
fn whoever_is_late_or_never_comes_is_caught() {
    let mut timeline = stranded();
    move_to(&mut timeline, 69.6, 11, "chat-2");
    timeline.end(100.0);
    let finding = timeline.judge("reassigned");
    assert_eq!(finding.violations_total, 1, "one death");
    assert_eq!(finding.violations[0].had, devices(&[11, 21]));
    assert_eq!(
        finding.violations[0].summary,
        "devices 11 and 21 had no chat server again by 70.000000 s after the death of chat-1 at \
         50.000000 s"
    );
}

#[test]
fn a_device_that_has_not_synced_is_not_back() {
    let mut timeline = stranded();
    timeline.attach(60.0, 11, "chat-2");
    move_to(&mut timeline, 60.0, 21, "chat-2");
    timeline.end(100.0);
    assert_eq!(timeline.judge("reassigned").violations[0].had, devices(&[11]));
}

#[test]
fn a_device_that_is_down_or_cut_off_meanwhile_is_not_judged() {
    let mut timeline = stranded();
    timeline.truth(55.0, "device-11", false);
    timeline.link(56.0, "device-21", false);
    timeline.link(60.0, "device-21", true);
    timeline.end(100.0);
    assert!(timeline.judge("reassigned").undecided());
}

#[test]
fn a_fault_of_the_dead_server_alone_puts_nothing_off_and_one_of_many_does() {
    let late = |target: &str| {
        let mut timeline = Timeline::of_friends();
        timeline.attach(1.0, 11, "chat-1");
        timeline.truth(50.0, "chat-1", false);
        timeline.fault(52.0, "partition-one-way", target, FaultState::On);
        timeline.fault(65.0, "partition-one-way", target, FaultState::Off);
        move_to(&mut timeline, 80.0, 11, "chat-2");
        timeline.end(100.0);
        timeline.judge("reassigned").violations_total
    };
    assert_eq!((late("chat-1 to store"), late("chat-1, chat-2 to api-1")), (1, 0));
}

#[test]
fn slow_messages_of_devices_put_the_bound_off() {
    let late = |kind: &str| {
        let mut timeline = Timeline::of_friends();
        timeline.attach(1.0, 11, "chat-1");
        timeline.truth(50.0, "chat-1", false);
        timeline.fault(52.0, kind, "devices-1 and all others", FaultState::On);
        // Somebody's network is said to be down: such faults are then judged by what is said.
        timeline.link(53.0, "device-21", false);
        timeline.fault(65.0, kind, "devices-1 and all others", FaultState::Off);
        move_to(&mut timeline, 80.0, 11, "chat-2");
        timeline.end(100.0);
        timeline.judge("reassigned").violations_total
    };
    assert_eq!((late("jitter"), late("partition")), (0, 1));
}

#[test]
fn a_stop_in_order_is_no_death() {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 11, "chat-1");
    timeline.fault(50.0, "drain", "chat-1", FaultState::On);
    timeline.truth(50.0, "chat-1", false);
    timeline.end(100.0);
    assert!(timeline.judge("reassigned").undecided());
}

#[test]
fn a_host_that_goes_down_without_a_fault_died() {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 11, "chat-1");
    timeline.truth(50.0, "chat-1", false);
    timeline.end(100.0);
    assert!(timeline.judge("reassigned").is_violated());
}

#[test]
fn a_second_death_begins_anew() {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 11, "chat-1");
    timeline.truth(50.0, "chat-1", false);
    timeline.attach(60.0, 11, "chat-2");
    timeline.truth(60.2, "chat-2", false);
    move_to(&mut timeline, 79.0, 11, "chat-3");
    timeline.end(100.0);
    let finding = timeline.judge("reassigned");
    assert!(finding.holds() && finding.judged == 1, "{finding:?}");
}

#[test]
fn a_server_up_to_its_capacity_holds_and_above_it_is_caught() {
    let crowd = |capacity| {
        let mut timeline = Timeline::of_friends();
        timeline.capacity(0.0, "chat-1", capacity);
        timeline.attach(1.0, 11, "chat-1");
        timeline.attach(2.0, 21, "chat-1");
        timeline.end(100.0);
        timeline.judge("reassigned")
    };
    assert!(crowd(2).holds());
    let finding = crowd(1);
    assert_eq!(
        finding.violations[0].summary,
        "chat-1 held 2 sessions where 1 are its capacity, from 2.000000 s on"
    );
    assert_eq!(finding.judged, 2);
}

#[test]
fn a_session_whose_end_its_device_learns_late_is_no_crowd() {
    let mut timeline = Timeline::of_friends();
    timeline.capacity(0.0, "chat-1", 1);
    timeline.attach(1.0, 11, "chat-1");
    timeline.attach(50.0, 21, "chat-1");
    timeline.detach(65.0, 11, "chat-1");
    timeline.end(100.0);
    assert!(timeline.judge("reassigned").holds(), "within the silence that ends a connection");
}
