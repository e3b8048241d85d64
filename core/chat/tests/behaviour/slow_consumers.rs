//! A session that does not keep up is cut with the reason, and catches up by a sync.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design,
    device::DetachCause,
    frame::{ClientFrame, CutReason},
};

use crate::support::*;

fn small() -> Design {
    Design { session_unconfirmed_max: 8, page_entries_max: 8, ..Design::default() }
}

fn without_reports_from_ben(message: &Message) -> Fate {
    match message.client_frame() {
        Some((BENS, ClientFrame::Cursor { .. } | ClientFrame::Heartbeat { .. })) => Fate::Drop,
        _ => Fate::Pass,
    }
}

#[test]
fn a_session_is_cut_at_the_first_entry_past_its_bound_and_not_before() {
    let mut world = pair_with(small());
    world.rule(without_reports_from_ben);
    for number in 0..8 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(1));
    assert_eq!(world.cuts(BENS), []);
    world.send(PHONE, direct(), "one too many");
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.cuts(BENS), [CutReason::SlowConsumer]);
    assert_eq!(world.detached(BENS), [DetachCause::Cut(CutReason::SlowConsumer)]);
    assert_reached(world.situations(), Situation::SlowConsumerCut);
}

#[test]
fn a_slow_consumer_comes_back_and_has_everything_once() {
    let mut world = pair_with(small());
    world.rule(without_reports_from_ben);
    for number in 0..50 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(10));
    assert!(world.cuts(BENS).contains(&CutReason::SlowConsumer));
    world.heal();
    world.run_for(seconds(60));
    assert_eq!(world.log(direct()).len(), 50);
    assert_eq!(world.texts(BENS, direct()), world.log_texts(direct()));
}

#[test]
fn a_consumer_that_reports_is_never_cut() {
    let mut world = pair_with(small());
    for number in 0..100 {
        world.send(PHONE, direct(), &format!("{number}"));
        world.run_for(Duration::from_millis(250));
    }
    assert_eq!(world.cuts(BENS), []);
    assert_eq!(world.texts(BENS, direct()).len(), 100);
}
