use hubbub_chat::{DeviceId, OperationId, UserId};
use hubbub_history::{EventBody, EventType, Phase};

use crate::story::{DEADLINE_NS, DIRECT, GROUP, Story, devices};

#[test]
fn what_is_done_before_the_deadline_holds() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.invoke(11, DIRECT, "two");
    story.invoke(11, DIRECT, "three");
    story.phase(Phase::Heal, None);
    story.phase(Phase::Liveness, Some(DEADLINE_NS));
    story.deliver_to(21, DIRECT, 1);
    story.refuse(11, DIRECT, "two");
    story.give_up(11, DIRECT, "three");
    story.phase(Phase::End, None);
    let finding = story.judge("liveness");
    assert!(finding.holds());
    assert_eq!(finding.judged, 3);
    assert!(story.violated().is_empty());
}

#[test]
fn without_a_liveness_phase_it_is_undecided() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "one");
    story.phase(Phase::End, None);
    assert!(story.judge("liveness").undecided());
}

#[test]
fn a_send_without_an_outcome_is_caught() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    story.end();
    let finding = story.judge("liveness");
    assert_eq!((finding.judged, finding.violations_total), (2, 1));
    assert_eq!(
        finding.violations[0].summary,
        "device 11 was not told by 3600.000000 s what became of its number 2 in direct-1-2"
    );
    assert_eq!(story.violated(), ["liveness"]);
}

#[test]
fn an_outcome_after_the_deadline_is_too_late() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "one");
    story.end();
    story.wait_until(DEADLINE_NS);
    story.refuse(11, DIRECT, "one");
    assert_eq!(story.violated(), ["liveness"]);
}

#[test]
fn a_delivery_after_the_deadline_is_too_late() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[12, 21]);
    story.end();
    story.deliver_to(12, DIRECT, 1);
    story.wait_until(DEADLINE_NS);
    story.deliver_to(21, DIRECT, 1);
    let finding = story.judge("liveness");
    let violation = &finding.violations[0];
    assert_eq!((&violation.had, &violation.missing), (&devices(&[11, 12]), &devices(&[21])));
    assert_eq!(
        violation.summary,
        "message 1 of direct-1-2 was accepted and had not reached device 21 by 3600.000000 s"
    );
    assert_eq!(story.violated(), ["liveness"], "late, but not lost");
}

#[test]
fn what_is_sent_after_the_deadline_is_not_judged() {
    let mut story = Story::of_two_friends();
    story.end();
    story.wait_until(DEADLINE_NS);
    story.invoke(11, DIRECT, "one");
    assert!(story.judge("liveness").undecided());
}

#[test]
fn a_change_without_an_outcome_is_caught() {
    let mut story = Story::of_a_group();
    let member = |r#type| EventBody::Member {
        r#type,
        actor: UserId(2),
        device: DeviceId(21),
        channel: GROUP,
        operation: OperationId(5),
        change: "leave".into(),
        message_id: None,
        reason: None,
    };
    story.write(member(EventType::Invoke));
    story.end();
    let finding = story.judge("liveness");
    assert_eq!(
        finding.violations[0].summary,
        "change 5 that device 21 asked of group-1-1 was not settled by 3600.000000 s"
    );
    story.write(member(EventType::Fail));
    assert!(story.judge("liveness").holds());
}
