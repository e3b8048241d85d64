//! Acceptance follows the append; the design that accepts on receipt loses what it promised.

use std::time::Duration;

use hubbub_chat::{
    Design, MessageId,
    design::{Accept, Fanout},
    frame::Change,
};

use crate::support::*;

fn on_receipt() -> Design {
    Design { accept: Accept::OnReceipt, ..Design::default() }
}

/// Ann sends while the store does not hear of it, and the chat server dies.
fn crash_before_the_append(design: Design) -> World {
    let mut world = pair_with(design);
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(Duration::from_millis(500));
    world.crash_server(0);
    world.heal();
    world.start_server(0);
    world.run_for(seconds(60));
    world
}

#[test]
fn nothing_is_accepted_before_the_store_has_it() {
    let mut world = pair();
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(2));
    assert_eq!(world.accepted(PHONE), []);
    world.heal();
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.accepted(PHONE)[0].1, Some(MessageId(1)));
}

#[test]
fn acceptance_on_receipt_tells_before_the_append() {
    let mut world = pair_with(on_receipt());
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(2));
    assert_eq!(world.accepted(PHONE).len(), 1);
    assert_eq!(world.accepted(PHONE)[0].1, None, "it has no place yet");
    assert_eq!(world.log(direct()).len(), 0);
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
    assert_eq!(world.texts(PHONE, direct()), ["hello"], "from a delivery");
}

#[test]
fn acceptance_on_receipt_loses_a_message_when_the_server_crashes() {
    let world = crash_before_the_append(on_receipt());
    assert_eq!(world.accepted(PHONE).len(), 1, "it was promised");
    assert_eq!(world.log(direct()).len(), 0, "and is gone");
    assert_eq!(world.pending(PHONE), 0);
}

#[test]
fn acceptance_after_the_append_loses_nothing_when_the_server_crashes() {
    let world = crash_before_the_append(Design::default());
    assert_eq!(world.accepted(PHONE).len(), 1);
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
}

#[test]
fn acceptance_on_receipt_tries_the_append_again_while_the_server_lives() {
    let mut world = pair_with(on_receipt());
    let mut lost = 0;
    world.rule(move |message| {
        lost += usize::from(message.is_append());
        if message.is_append() && lost <= 2 { Fate::Drop } else { Fate::Pass }
    });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(40));
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
}

/// A conversation with a removal, a late device and a rejoin.
fn conversation(fanout: Fanout) -> World {
    let mut world = trio_with(2, Design { fanout, initial_history: 4, ..Design::default() });
    for number in 0..6 {
        world.send(PHONE, group(), &format!("{number}"));
        world.send(CATS, direct_with_cat(), &format!("aside {number}"));
        world.run_for(Duration::from_millis(200));
    }
    world.change(PHONE, group(), Change::Remove(CAT));
    world.run_for(seconds(1));
    world.stop_device(BENS);
    world.send(PHONE, group(), "without cat");
    world.run_for(seconds(1));
    world.change(CATS, group(), Change::Join);
    world.run_for(seconds(20));
    world.login(BEN, LAPTOP, 0);
    world.start_device(BENS);
    world.send(CATS, group(), "again");
    world.run_for(seconds(20));
    world
}

fn direct_with_cat() -> hubbub_chat::ChannelId {
    hubbub_chat::ChannelId::direct(ANN, CAT)
}

#[test]
fn both_kinds_of_fan_out_deliver_the_same() {
    let (inbox, log) = (conversation(Fanout::Inbox), conversation(Fanout::ChannelLog));
    for device in [PHONE, BENS, LAPTOP, CATS] {
        for channel in [group(), direct_with_cat()] {
            assert_eq!(inbox.texts(device, channel), log.texts(device, channel), "{device}");
        }
    }
    assert_eq!(inbox.texts(CATS, group()).len(), 10);
    assert_eq!(inbox.texts(BENS, group()).len(), 11);
    assert_eq!(inbox.texts(LAPTOP, group()).len(), 5);
}
