use hubbub_history::{
    History, Index,
    checkers::{all, check_all, check_named},
};

use crate::{
    story::{DIRECT, GROUP, Story},
    timeline::Timeline,
};

#[test]
fn checkers_have_the_names_that_scenarios_use() {
    let names: Vec<&str> = all().iter().map(|checker| checker.name()).collect();
    let expected = [
        "accepted-lost",
        "duplicated",
        "order",
        "real-time",
        "causality",
        "converged",
        "ids",
        "unauthorised",
        "group-limit",
        "status",
        "push",
        "reassigned",
        "liveness",
        "leases",
    ];
    assert_eq!(names, expected);
    assert!(all().iter().all(|checker| checker.holds_when().len() > 20));
}

#[test]
fn a_finding_carries_its_checkers_name() {
    let findings = check_all(&History::default());
    for (checker, finding) in all().iter().zip(&findings) {
        assert_eq!(finding.checker, checker.name());
    }
}

#[test]
fn an_empty_history_leaves_every_checker_undecided() {
    for finding in check_all(&History::default()) {
        assert!(finding.undecided() && !finding.holds() && !finding.is_violated(), "{finding:?}");
    }
}

#[test]
fn a_correct_history_holds_for_every_checker_that_it_has_something_for() {
    let mut story = Story::of_a_group();
    story.say(11, DIRECT, "hello");
    story.say(21, DIRECT, "hello yourself");
    story.say(21, GROUP, "hello all");
    story.end();
    let index = Index::new(story.history());
    for finding in check_all(story.history()) {
        assert_eq!(finding.holds(), finding.applies, "{finding:?}");
        assert!(!finding.is_violated(), "{finding:?}");
    }
    let services = all().iter().filter(|checker| !checker.applies(&index));
    let names: Vec<&str> = services.map(|checker| checker.name()).collect();
    assert_eq!(names, ["status", "push", "reassigned", "leases"]);
}

#[test]
fn a_checker_applies_where_there_is_what_it_is_for() {
    let mut timeline = Timeline::of_friends();
    timeline.capacity(0.0, "chat-1", 1);
    timeline.lease(1.0, ("chat-1", 1), "notifier", 1, true);
    let index = Index::new(timeline.history());
    let applying = all().iter().filter(|checker| checker.applies(&index));
    let names: Vec<&str> = applying.map(|checker| checker.name()).collect();
    assert!(names.ends_with(&["status", "push", "reassigned", "liveness", "leases"]), "{names:?}");
}

#[test]
fn named_checkers_come_in_the_order_of_their_names() {
    let findings = check_named(&History::default(), &["order", "duplicated"]).unwrap();
    let names: Vec<&str> = findings.iter().map(|finding| finding.checker.as_str()).collect();
    assert_eq!(names, ["order", "duplicated"]);
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let error = check_named(&History::default(), &["order", "ordr"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no checker `ordr`: expected one of `accepted-lost`, `duplicated`, `order`, \
         `real-time`, `causality`, `converged`, `ids`, `unauthorised`, `group-limit`, `status`, \
         `push`, `reassigned`, `liveness`, `leases`"
    );
}

#[test]
fn a_finding_keeps_a_hundred_violations_and_counts_all() {
    let mut story = Story::of_two_friends();
    for number in 0..150 {
        story.say_except(11, DIRECT, &format!("text {number}"), &[21]);
    }
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(
        (finding.judged, finding.violations_total, finding.violations.len()),
        (150, 150, 100)
    );
}
