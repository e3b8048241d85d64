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
fn after_a_further_fault_the_bound_begins_anew() {
    let late = |back_at: f64| {
        let mut timeline = Timeline::new(bounds(), friends());
        timeline.attach(1.0, 11, "chat-1");
        timeline.truth(50.0, "chat-1", false);
        timeline.fault(53.0, "crash", "store", FaultState::On);
        timeline.fault(55.0, "crash", "store", FaultState::Off);
        move_to(&mut timeline, back_at, 11, "chat-2");
        timeline.end(120.0);
        timeline.judge("reassigned").violations_total
    };
    // The bound of 20 s from the end of the fault.
    assert_eq!((late(74.0), late(76.0)), (0, 1));
}

#[test]
fn while_no_chat_server_is_up_a_device_has_nowhere_to_go() {
    let late = |servers: &[&str], back_at: f64| {
        let mut timeline = Timeline::new(bounds(), friends());
        servers.iter().for_each(|server| {
            timeline.capacity(0.0, server, 10);
        });
        timeline.attach(1.0, 11, "chat-1");
        timeline.power_loss(50.0, "chat-1");
        timeline.fault_of(7, 53.0, "drain", "chat-2", FaultState::On);
        timeline.truth(53.0, "chat-2", false);
        timeline.capacity(65.0, "chat-2", 10);
        move_to(&mut timeline, back_at, 11, "chat-2");
        timeline.end(120.0);
        timeline.judge("reassigned").violations_total
    };
    // The bound of 20 s from when chat-2 is back.
    let two = ["chat-1", "chat-2"];
    assert_eq!((late(&two, 84.0), late(&two, 86.0)), (0, 1));
    let three = ["chat-1", "chat-2", "chat-3"];
    assert_eq!((late(&three, 69.0), late(&three, 71.0)), (0, 1), "one was up all the time");
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

/// chat-1 is down from 50 s to 90 s. Its lease of 6 s, a look at the registry within 2 s and one more
/// request of 2 s make 60 s.
fn offered(at: f64, server: &str, beside: Option<(&str, &str)>) -> Timeline {
    let mut timeline = Timeline::of_friends();
    timeline.power_loss(50.0, "chat-1");
    if let Some((kind, target)) = beside {
        timeline.fault(55.0, kind, target, FaultState::On);
        timeline.fault(58.0, kind, target, FaultState::Off);
    }
    timeline.assigned(at, 11, Some(server));
    if at < 90.0 {
        timeline.truth(90.0, "chat-1", true);
    }
    timeline.end(120.0);
    timeline
}

#[test]
fn a_server_that_is_known_to_be_gone_must_not_be_offered() {
    let finding = offered(60.5, "chat-1", None).judge("reassigned");
    assert_eq!((finding.judged, finding.violations_total), (1, 1));
    assert_eq!(
        finding.violations[0].summary,
        "device 11 was sent to chat-1 at 60.500000 s, which had been gone for so long that discovery \
         had to know"
    );
    assert_eq!(finding.violations[0].had, devices(&[11]));
    assert!(offered(60.5, "chat-2", None).judge("reassigned").holds());
}

#[test]
fn discovery_may_know_late_of_a_death_and_of_a_return() {
    for (at, is_wrong) in [(50.5, false), (59.5, false), (60.5, true), (89.5, true)] {
        let finding = offered(at, "chat-1", None).judge("reassigned");
        assert_eq!(finding.is_violated(), is_wrong, "{at}");
    }
}

#[test]
fn a_fault_beside_the_death_puts_off_what_discovery_has_to_know() {
    for beside in [("partition", "api-1 and store"), ("blip", "devices-1"), ("latency", "chat-2")] {
        assert!(
            offered(67.5, "chat-1", Some(beside)).judge("reassigned").undecided(),
            "{beside:?}"
        );
        assert!(offered(68.5, "chat-1", Some(beside)).judge("reassigned").is_violated());
    }
    let of_gateway = offered(60.5, "chat-1", Some(("gateway-slow", "gateway")));
    assert!(of_gateway.judge("reassigned").is_violated());
}
