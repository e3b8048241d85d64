//! Sync by ids that are no places of a log: what is found, and what never is.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Content, Design, MessageId,
    design::{Accept, Ids, WorkerIds},
    device::DeviceOutput,
    frame::{ClientFrame, ServerFrame},
};

use crate::support::{
    alone::{Alone, applied, text},
    *,
};

/// Ann's append is under way for a second, while Ben's goes through and Cat comes back.
fn slow_append(design: Design) -> World {
    let mut world = trio_with(2, design);
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    world.send(PHONE, group(), "slow");
    world.run_for(INSTANT);
    world.rule(|_| Fate::Pass);
    world.send(BENS, group(), "fast");
    world.run_for(INSTANT);
    world.reconnect(CATS);
    world.heal();
    world.run_for(seconds(120));
    world
}

#[test]
fn a_slow_append_commits_below_a_cursor_and_is_never_fetched() {
    let world = slow_append(snowflake());
    assert_eq!(world.accepted(PHONE).len(), 1, "it was accepted");
    assert_eq!(world.log_texts(group()), ["(created)", "slow", "fast"]);
    assert_eq!(world.texts(CATS, group()), ["(created)", "fast"]);
    assert!(world.cursor(CATS, group()) > world.accepted(PHONE)[0].1);
}

#[test]
fn a_slow_append_is_no_loss_where_the_append_gives_the_place() {
    let world = slow_append(Design::default());
    assert_eq!(world.log_texts(group()), ["(created)", "fast", "slow"]);
    assert_eq!(world.texts(CATS, group()), ["(created)", "fast", "slow"]);
}

/// The clock of Cat's server is behind by this much. Ann writes, everybody syncs, and Cat answers.
fn skewed(design: Design, skew_ms: i64) -> World {
    let mut world = trio_with(2, design);
    world.servers[1].skew_ms = -skew_ms;
    world.crash_server(1);
    world.start_server(1);
    world.run_for(seconds(10));
    world.send(PHONE, group(), "question");
    world.run_for(INSTANT);
    world.reconnect(BENS);
    world.send(CATS, group(), "answer");
    world.run_for(seconds(120));
    world
}

#[test]
fn a_clock_that_is_behind_puts_an_answer_below_the_cursors_and_before_its_question() {
    let world = skewed(snowflake(), 60_000);
    assert_eq!(world.accepted(CATS).len(), 1);
    assert_eq!(world.log_texts(group()), ["answer", "(created)", "question"]);
    assert_eq!(world.texts(BENS, group()), ["(created)", "question"]);
}

#[test]
fn without_skew_or_with_places_of_a_log_the_answer_arrives() {
    for (design, skew_ms) in [(snowflake(), 0), (Design::default(), 60_000)] {
        let world = skewed(design, skew_ms);
        assert_eq!(world.texts(BENS, group()), ["(created)", "question", "answer"]);
        assert_eq!(world.texts(CATS, group()), ["(created)", "question", "answer"]);
    }
}

#[test]
fn a_live_delivery_leaves_the_cursor_and_the_next_comparison_moves_it() {
    let mut world = trio_with(2, snowflake());
    world.run_for(seconds(20));
    let before = world.cursor(CATS, group());
    world.send(PHONE, group(), "hello");
    world.run_for(INSTANT);
    assert_eq!(world.texts(CATS, group()), ["(created)", "hello"]);
    assert_eq!(world.cursor(CATS, group()), before);
    assert_eq!(world.node(CATS).disk.ids_ahead(group()), 1);
    world.run_for(seconds(20));
    assert_eq!(world.cursor(CATS, group()), world.accepted(PHONE)[0].1);
    assert_eq!(world.node(CATS).disk.ids_ahead(group()), 0);
    assert_eq!(world.texts(CATS, group()), ["(created)", "hello"], "and it was applied once");
}

#[test]
fn a_lost_hint_is_found_by_the_next_comparison_though_a_later_one_came() {
    let mut world = trio_with(2, snowflake());
    world.run_for(seconds(20));
    world.lose_first(Message::is_peer);
    world.send(PHONE, group(), "lost");
    world.run_for(INSTANT);
    world.send(PHONE, group(), "behind it");
    world.run_for(INSTANT);
    assert_eq!(world.texts(CATS, group()), ["(created)", "behind it"], "no hole shows");
    world.run_for(seconds(20));
    assert_eq!(world.texts(CATS, group()), ["(created)", "behind it", "lost"]);
}

#[test]
fn the_author_has_its_message_with_the_acceptance_and_is_not_sent_it_again() {
    for design in [snowflake(), global()] {
        let mut world = pair_with(design);
        world.send(PHONE, direct(), "hello");
        world.run_for(INSTANT);
        assert_eq!(world.texts(PHONE, direct()), ["hello"]);
        let live = world.frames_to(PHONE).filter(|f| matches!(f, ServerFrame::Entry { .. }));
        assert_eq!(live.count(), 0);
        world.run_for(seconds(40));
        assert_eq!(world.texts(PHONE, direct()), ["hello"]);
    }
}

#[test]
fn acceptance_on_receipt_works_with_given_ids() {
    let mut world = pair_with(Design { accept: Accept::OnReceipt, ..snowflake() });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    assert_eq!(world.accepted(PHONE)[0].1, None);
    assert_eq!(world.texts(PHONE, direct()), ["hello"]);
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
}

#[test]
fn two_servers_with_one_worker_id_collide_and_the_later_takes_another_id() {
    let mut world = trio_with(2, Design { worker_ids: WorkerIds::Fixed, ..snowflake() });
    for number in 0..20 {
        world.send(PHONE, group(), &format!("ann {number}"));
        world.send(CATS, group(), &format!("cat {number}"));
        world.run_for(INSTANT);
    }
    world.run_for(seconds(40));
    let appends = world.count_sent(Message::is_append);
    assert!(appends > 40, "{appends} appends: no id was taken");
    assert_eq!(world.log(group()).len(), 41);
    assert_eq!(world.texts(BENS, group()).len(), 41);
}

#[test]
fn two_devices_that_met_the_same_entries_in_another_order_have_the_same_digest() {
    for design in [snowflake(), global()] {
        let mut world = trio_with(2, design);
        world.login(ANN, LAPTOP, 1);
        world.run_for(seconds(1));
        let mut count = 0_u64;
        world.rule(move |message| {
            let late = message.is_peer();
            count += u64::from(late);
            let by = Duration::from_millis(count * 37 % 400);
            if late { Fate::Delay(by) } else { Fate::Pass }
        });
        for number in 0..20 {
            world.send(BENS, group(), &format!("{number}"));
            world.run_for(Duration::from_millis(50));
        }
        world.run_for(seconds(40));
        let (phone, laptop) = (world.texts(PHONE, group()), world.texts(LAPTOP, group()));
        assert_ne!(phone, laptop, "the hints overtook each other");
        assert_eq!(phone.len(), laptop.len());
        let digest = |device| world.node(device).disk.digests()[&group()];
        assert_eq!(digest(PHONE), digest(LAPTOP));
        assert_eq!(digest(PHONE), digest(CATS));
    }
}

#[test]
fn a_busy_session_is_read_for_before_it_counts_as_slow() {
    let design = Design { session_unconfirmed_max: 8, page_entries_max: 8, ..snowflake() };
    let mut world = pair_with(design);
    for number in 0..60 {
        world.send(PHONE, direct(), &format!("{number}"));
        world.run_for(Duration::from_millis(100));
    }
    assert_eq!(world.cuts(BENS), []);
    assert_eq!(world.texts(BENS, direct()).len(), 60);
}

#[test]
fn two_messages_of_one_millisecond_are_one_where_the_time_is_the_id() {
    let mut world = pair_with(Design { ids: Ids::CreatedAt, ..Design::default() });
    world.send(PHONE, direct(), "one");
    world.send(BENS, direct(), "other");
    world.run_for(seconds(60));
    assert_eq!(world.accepted(PHONE).len() + world.accepted(BENS).len(), 2);
    assert_eq!(world.log(direct()).len(), 1, "both were accepted, and one is gone");
}

#[test]
fn what_is_remembered_ahead_of_the_cursor_is_bounded_and_the_rest_is_left_to_a_page() {
    let design = Design { session_unconfirmed_max: 4, page_entries_max: 4, ..snowflake() };
    let mut alone = Alone::new(design);
    for id in 1..=4 {
        assert_eq!(applied(&alone.hint(id * 10, text(id))), 1);
    }
    let outputs = alone.hint(50, text(5));
    assert_eq!(applied(&outputs), 0);
    let asks =
        |output: &DeviceOutput| matches!(output, DeviceOutput::Frame(ClientFrame::Sync { .. }));
    assert!(outputs.iter().any(asks));
    alone.page(Some(10), 0, 40);
    assert_eq!(alone.0.disk().ids_ahead(group()), 0);
    assert_eq!(applied(&alone.hint(50, text(5))), 1);
    assert_eq!(applied(&alone.hint(35, text(6))), 0, "below the cursor nothing is new");
    assert_reached(alone.0.situations(), Situation::MessageKnownAlready);
}

#[test]
fn the_newest_change_of_ones_own_membership_counts_in_whatever_order_they_come() {
    for design in [snowflake(), global()] {
        let mut alone = Alone::new(design);
        alone.hint(60, Content::Invited(vec![BEN]));
        alone.hint(50, Content::Removed(BEN));
        assert_eq!(alone.membership(), Some(MessageId(60)));
        alone.page(Some(40), 0, 45);
        assert_eq!(alone.membership(), Some(MessageId(60)), "the page was read before");
        alone.page(None, 45, 70);
        assert_eq!(alone.membership(), None);
    }
}
