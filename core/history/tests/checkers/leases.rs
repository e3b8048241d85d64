use hubbub_history::explain;

use crate::timeline::Timeline;

const ONE: (&str, u32) = ("chat-1", 1);
const OTHER: (&str, u32) = ("chat-2", 1);

#[test]
fn holders_one_after_another_hold() {
    let mut timeline = Timeline::of_friends();
    timeline.lease(1.0, ONE, "worker-7", 71, true);
    timeline.lease(1.0, OTHER, "worker-8", 72, true);
    timeline.lease(5.0, ONE, "worker-7", 71, true);
    timeline.lease(9.0, ONE, "worker-7", 71, false);
    timeline.lease(9.0, OTHER, "worker-7", 72, true);
    timeline.end(20.0);
    let finding = timeline.judge("leases");
    assert!(finding.holds(), "{finding:?}");
    assert_eq!(finding.judged, 3, "a renewal is no belief of its own");
}

#[test]
fn without_leases_nothing_is_decided() {
    let mut timeline = Timeline::of_friends();
    timeline.end(20.0);
    assert!(timeline.judge("leases").undecided());
}

#[test]
fn two_holders_at_once_are_caught() {
    let mut timeline = Timeline::of_friends();
    timeline.lease(1.0, ONE, "worker-7", 71, true);
    let seq = timeline.lease(8.0, OTHER, "worker-7", 72, true);
    timeline.lease(9.0, ONE, "worker-7", 71, false);
    timeline.end(20.0);
    let finding = timeline.judge("leases");
    assert_eq!((finding.violations_total, finding.violations[0].seq), (1, seq));
    assert_eq!(
        finding.violations[0].summary,
        "chat-2 (holder 72) believed that it held the lease worker-7 from 8.000000 s on, while \
         chat-1 (holder 71) had it since 1.000000 s"
    );
    let lines = explain(timeline.history(), &finding.violations[0]).lines().join("\n");
    assert!(lines.contains("holder 71 holds the lease worker-7 of epoch 71"), "{lines}");
}

#[test]
fn a_holder_that_comes_back_while_another_has_it_is_caught() {
    let mut timeline = Timeline::of_friends();
    timeline.lease(1.0, ONE, "notifier", 71, true);
    timeline.lease(2.0, ONE, "notifier", 71, false);
    timeline.lease(3.0, OTHER, "notifier", 72, true);
    timeline.lease(4.0, ONE, "notifier", 71, true);
    timeline.end(20.0);
    assert_eq!(timeline.judge("leases").violations_total, 1);
}

#[test]
fn the_dead_hold_nothing() {
    let mut timeline = Timeline::of_friends();
    timeline.lease(1.0, ONE, "notifier", 71, true);
    timeline.truth(5.0, "chat-1", false);
    timeline.lease(6.0, OTHER, "notifier", 72, true);
    timeline.end(20.0);
    assert!(timeline.judge("leases").holds());
}

#[test]
fn whoever_starts_anew_holds_nothing_of_before() {
    let mut timeline = Timeline::of_friends();
    timeline.lease(1.0, ONE, "notifier", 71, true);
    timeline.lease(6.0, ("chat-1", 2), "notifier", 73, true);
    timeline.end(20.0);
    assert!(timeline.judge("leases").holds());
}
