//! A device's sends keep their order, with at most `inflight_max` of them under way.

use std::collections::BTreeSet;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ClientId, Design,
    frame::{ClientFrame, SendRefusal, ServerFrame},
};

use crate::support::*;

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("text {number}")).collect()
}

#[test]
fn at_most_sixteen_sends_of_a_channel_are_unanswered_at_a_time() {
    let mut world = pair();
    for body in numbered(50) {
        world.send(PHONE, direct(), &body);
    }
    world.run_for(seconds(5));
    let mut open = BTreeSet::new();
    let mut most = 0;
    for (_, message) in &world.sent {
        if let Some((PHONE, ClientFrame::Send(frame))) = message.client_frame() {
            open.insert(frame.client_id);
        }
        if let Some((PHONE, ServerFrame::Accepted { client_id, .. })) = message.server_frame() {
            open.remove(client_id);
        }
        most = most.max(open.len());
    }
    assert_eq!(most, 16);
    assert_eq!(world.log_texts(direct()), numbered(50));
    assert_eq!(world.texts(BENS, direct()), numbered(50));
}

#[test]
fn no_send_gets_so_far_ahead_of_an_unanswered_one_that_the_store_forgets_its_answer() {
    let mut world = pair();
    let mut lost = false;
    world.rule(move |message| {
        let lose = message.is_append_answer() && !std::mem::replace(&mut lost, true);
        // No read tells the device either.
        if lose || message.is_sync_read() { Fate::Drop } else { Fate::Pass }
    });
    for body in numbered(60) {
        world.send(PHONE, direct(), &body);
    }
    world.run_for(seconds(30));
    world.heal();
    world.run_for(seconds(30));
    assert_eq!(world.failed(PHONE), []);
    assert_eq!(world.accepted(PHONE).len(), 60);
    assert_eq!(world.log_texts(direct()), numbered(60));
}

#[test]
fn two_channels_have_a_window_each() {
    let mut world = trio();
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    for body in numbered(20) {
        world.send(PHONE, direct(), &body);
        world.send(PHONE, group(), &body);
    }
    world.run_for(seconds(1));
    let sent =
        |channel| world.send_frames(PHONE).iter().filter(|frame| frame.channel == channel).count();
    assert_eq!((sent(direct()), sent(group())), (16, 16));
}

#[test]
fn a_lost_append_leaves_a_gap_and_the_device_goes_back_and_keeps_the_order() {
    let mut world = pair();
    let mut seen = 0;
    world.rule(move |message| {
        seen += usize::from(message.is_append());
        if message.is_append() && seen == 3 { Fate::Drop } else { Fate::Pass }
    });
    for body in numbered(12) {
        world.send(PHONE, direct(), &body);
    }
    world.run_for(seconds(15));
    assert!(world.refusals_to(PHONE).contains(&SendRefusal::Gap { expected: ClientId(3) }));
    assert_eq!(world.log_texts(direct()), numbered(12));
    world.run_for(seconds(15));
    assert_eq!(world.texts(BENS, direct()), numbered(12));
    assert_reached(world.situations(), Situation::WentBack);
}

#[test]
fn one_gap_makes_the_device_go_back_once_and_not_once_per_refusal() {
    let mut world = pair();
    let mut seen = 0;
    world.rule(move |message| {
        seen += usize::from(message.is_append());
        if message.is_append() && seen == 1 { Fate::Drop } else { Fate::Pass }
    });
    for body in numbered(16) {
        world.send(PHONE, direct(), &body);
    }
    world.run_for(seconds(10));
    assert_eq!(world.log_texts(direct()), numbered(16));
    // Sixteen, then the same sixteen again, and what the unknown outcome of the first repeats.
    let frames = world.send_frames(PHONE).len();
    assert!(frames <= 3 * 16, "{frames} frames for 16 sends");
}

#[test]
fn appends_that_overtake_each_other_on_the_way_to_the_store_keep_the_devices_order() {
    let mut world = pair();
    let mut seen = 0_u64;
    world.rule(move |message| {
        if !message.is_append() {
            return Fate::Pass;
        }
        seen += 1;
        Fate::Delay(std::time::Duration::from_millis(seen * 7 % 5))
    });
    for body in numbered(30) {
        world.send(PHONE, direct(), &body);
    }
    world.run_for(seconds(60));
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.log_texts(direct()), numbered(30));
    assert_eq!(world.texts(BENS, direct()), numbered(30));
}

#[test]
fn a_send_refused_for_good_leaves_no_gap_behind_it() {
    // The server allows less than the device believes, so only the server refuses.
    let mut world = World::new(1, Design { message_bytes_max: 10, ..Design::default() });
    world.login_with(ANN, PHONE, 0, Design::default());
    world.login(BEN, BENS, 0);
    world.run_for(seconds(1));
    for body in ["one", "far longer than ten bytes", "three", "four"] {
        world.send(PHONE, direct(), body);
    }
    world.run_for(seconds(15));
    assert_eq!(world.failed(PHONE)[0].1, SendRefusal::TooLarge { limit: 10 });
    assert_eq!(world.log_texts(direct()), ["one", "three", "four"]);
    assert_eq!(world.pending(PHONE), 0);
}
