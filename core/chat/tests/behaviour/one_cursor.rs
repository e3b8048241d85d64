//! One cursor for everything: `cur_max_message_id`. What it skips, and what it does not.

use hubbub_chat::{
    ChannelId, Design, MessageId,
    frame::{Change, ClientFrame},
};

use crate::support::{
    alone::{Alone, applied, text},
    *,
};

/// Ben's message to Ann commits late and its hint is lost, while the group has moved on.
fn late_in_another_channel(design: Design) -> World {
    let mut world = World::new(2, design);
    world.login(ANN, PHONE, 0);
    world.login(BEN, BENS, 1);
    world.login(CAT, CATS, 0);
    world.run_for(seconds(1));
    world.change(PHONE, group(), Change::Create(vec![BEN, CAT]));
    world.run_for(seconds(1));
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    world.send(BENS, direct(), "slow");
    world.run_for(INSTANT);
    world.rule(|_| Fate::Pass);
    world.send(CATS, group(), "fast");
    world.run_for(INSTANT);
    world.rule(|message| if message.is_peer() { Fate::Drop } else { Fate::Pass });
    world.release();
    world.run_for(INSTANT);
    world.heal();
    world.run_for(seconds(120));
    world
}

#[test]
fn one_cursor_for_everything_skips_what_commits_late_in_another_channel() {
    let world = late_in_another_channel(global());
    assert_eq!(world.accepted(BENS).len(), 1);
    assert_eq!(world.log_texts(direct()), ["slow"]);
    assert_eq!(world.texts(PHONE, direct()), [""; 0]);
    assert_eq!(world.texts(PHONE, group()), ["(created)", "fast"]);
}

#[test]
fn a_cursor_per_channel_finds_what_commits_late_in_another_channel() {
    for design in [snowflake(), Design::default()] {
        let world = late_in_another_channel(design);
        assert_eq!(world.texts(PHONE, direct()), ["slow"]);
    }
}

#[test]
fn one_cursor_for_everything_skips_a_lost_hint_below_a_later_one() {
    let mut world = trio_with(2, global());
    world.lose_first(Message::is_peer);
    world.send(PHONE, group(), "lost");
    world.run_for(INSTANT);
    world.send(PHONE, group(), "behind it");
    world.run_for(seconds(120));
    assert_eq!(world.texts(CATS, group()), ["(created)", "behind it"]);
}

#[test]
fn one_cursor_for_everything_goes_with_hello_and_moves_with_live_deliveries() {
    let mut world = trio_with(1, global());
    world.send(PHONE, group(), "hello");
    world.run_for(INSTANT);
    let newest = world.node(CATS).disk.newest();
    assert_eq!(Some(newest), world.accepted(PHONE)[0].1);
    world.reconnect(CATS);
    let hello = world.frames_from(CATS).filter_map(|frame| match frame {
        ClientFrame::Hello { newest, cursors, .. } => Some((*newest, cursors.len())),
        _ => None,
    });
    assert_eq!(hello.collect::<Vec<_>>(), [(MessageId::ZERO, 0), (newest, 0)]);
}

#[test]
fn one_cursor_for_everything_reads_all_channels_page_by_page() {
    let mut world = trio_with(1, Design { page_entries_max: 3, ..global() });
    world.stop_device(CATS);
    let aside = ChannelId::direct(ANN, CAT);
    for number in 0..10 {
        world.send(PHONE, group(), &format!("{number}"));
        world.send(PHONE, aside, &format!("aside {number}"));
        world.run_for(INSTANT);
    }
    world.start_device(CATS);
    world.run_for(seconds(10));
    assert_eq!(world.texts(CATS, group()), world.log_texts(group()));
    assert_eq!(world.texts(CATS, aside), world.log_texts(aside));
}

#[test]
fn with_one_cursor_for_everything_what_is_remembered_is_bounded_by_forgetting_the_lowest() {
    let design = Design { session_unconfirmed_max: 4, page_entries_max: 4, ..global() };
    let mut alone = Alone::new(design);
    for id in 1..=10 {
        assert_eq!(applied(&alone.hint(id * 10, text(id))), 1);
    }
    assert_eq!(alone.0.disk().ids_ahead(group()), 4);
    assert_eq!(applied(&alone.hint(95, text(95))), 1, "late, and not known");
    assert_eq!(applied(&alone.hint(95, text(95))), 0);
    assert_eq!(applied(&alone.hint(15, text(15))), 0, "so far below all counts as known");
    assert_eq!(alone.0.disk().newest(), MessageId(100));
    assert_eq!(alone.0.disk().cursors()[&group()], MessageId(100));
}
