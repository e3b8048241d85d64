//! A live delivery may be lost; what it would have brought is found.

use std::{sync::Arc, time::Duration};

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Content, Design, Device, Entry, MessageId, Monotonic, Now, Wall,
    device::{DeviceDisk, DeviceInput, DeviceOutput},
    frame::{ClientFrame, ServerFrame},
};

use crate::support::*;

/// The comparison is jittered by a fifth; then come a read and a page.
fn bound(design: &Design) -> Duration {
    design.resync_interval.mul_f64(1.2) + Duration::from_millis(100)
}

#[test]
fn a_lost_hint_between_servers_is_found_within_the_resync_interval() {
    for resync in [2, 15] {
        let design = Design { resync_interval: seconds(resync), ..Design::default() };
        let mut world = trio_with(2, design.clone());
        world.rule(|message| if message.is_peer() { Fate::Drop } else { Fate::Pass });
        for round in 1..=5 {
            world.send(PHONE, group(), "hello");
            world.run_for(bound(&design));
            assert_eq!(world.texts(CATS, group()).len(), 1 + round);
        }
        assert_reached(world.situations(), Situation::FoundByComparison);
    }
}

#[test]
fn a_hint_behind_a_lost_one_leads_to_a_sync_at_once() {
    let mut world = trio_with(2, Design::default());
    world.lose_first(Message::is_peer);
    world.send(PHONE, group(), "lost");
    world.run_for(Duration::from_millis(200));
    assert_eq!(world.texts(CATS, group()), ["(created)"]);
    world.send(PHONE, group(), "behind it");
    world.run_for(Duration::from_millis(200));
    assert_eq!(world.texts(CATS, group()), ["(created)", "lost", "behind it"]);
    assert_reached(world.situations(), Situation::HoleFilled);
}

#[test]
fn a_hole_on_the_device_makes_it_ask_for_a_sync() {
    let mut world = pair();
    world.send(PHONE, direct(), "first");
    world.run_for(seconds(1));
    world.lose_first(|message| message.is_entry_for(BENS));
    world.send(PHONE, direct(), "lost");
    world.send(PHONE, direct(), "behind it");
    world.run_for(seconds(1));
    assert!(world.frames_from(BENS).any(|frame| matches!(frame, ClientFrame::Sync { .. })));
    assert_eq!(world.texts(BENS, direct()), ["first", "lost", "behind it"]);
}

#[test]
fn a_hole_at_the_very_beginning_of_a_channel_is_filled_too() {
    let mut world = pair();
    world.lose_first(|message| message.is_entry_for(BENS));
    world.send(PHONE, direct(), "lost");
    world.send(PHONE, direct(), "behind it");
    world.run_for(seconds(1));
    assert_eq!(world.texts(BENS, direct()), ["lost", "behind it"]);
}

#[test]
fn hints_that_come_twice_or_late_are_applied_once() {
    let mut world = trio_with(2, Design::default());
    let mut count = 0_u64;
    world.rule(move |message| {
        if !message.is_peer() {
            return Fate::Pass;
        }
        count += 1;
        match count % 3 {
            0 => Fate::Twice,
            1 => Fate::Delay(Duration::from_millis(count * 37 % 400)),
            _ => Fate::Pass,
        }
    });
    for number in 0..40 {
        world.send(PHONE, group(), &format!("{number}"));
        world.run_for(Duration::from_millis(50));
    }
    world.run_for(seconds(20));
    assert_eq!(world.texts(CATS, group()), world.log_texts(group()));
}

#[test]
fn a_comparison_that_fails_is_followed_by_another() {
    use hubbub_chat::ports::store::StoreRequest;
    let mut world = trio_with(2, Design::default());
    let mut failed = 0;
    world.rule(move |message| match message {
        Message::Peer { .. } => Fate::Drop,
        _ if matches!(message.store_request(), Some(StoreRequest::Heads { .. })) && failed < 4 => {
            failed += 1;
            Fate::Drop
        }
        _ => Fate::Pass,
    });
    world.send(PHONE, group(), "hello");
    world.run_for(seconds(18));
    assert_eq!(world.texts(CATS, group()), ["(created)"]);
    world.run_for(seconds(40));
    assert_eq!(world.texts(CATS, group()), ["(created)", "hello"]);
}

#[test]
fn a_read_that_the_store_does_not_answer_is_repeated() {
    let mut world = pair();
    world.stop_device(BENS);
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    let mut lost = 0;
    world.rule(move |message| {
        if message.is_sync_read() && lost < 2 {
            lost += 1;
            return Fate::Drop;
        }
        Fate::Pass
    });
    world.start_device(BENS);
    world.run_for(seconds(14));
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
    assert!(world.detached(BENS).is_empty(), "without a new connection");
    assert_reached(world.situations(), Situation::SyncRepeated);
}

#[test]
fn a_device_asks_for_one_sync_however_many_entries_come_behind_a_hole() {
    let now = Now { monotonic: Monotonic(0), wall: Wall(0) };
    let mut device = Device::restore(BEN, BENS, Design::default(), DeviceDisk::default(), 1);
    let mut drain = |input: Option<DeviceInput>| {
        match input {
            Some(input) => device.handle_input(now, input),
            None => device.handle_timeout(now),
        }
        let outputs = std::iter::from_fn(|| device.poll_output());
        outputs
            .filter(|output| matches!(output, DeviceOutput::Frame(ClientFrame::Sync { .. })))
            .count()
    };
    let entry = |place| {
        let (channel, message_id) = (direct(), MessageId(place));
        let content = Content::Text("hello".into());
        let (user, device, number, accepted_at_ms) = (ANN, PHONE, place, 5);
        let entry = Entry { channel, message_id, user, device, number, accepted_at_ms, content };
        Some(DeviceInput::Frame(ServerFrame::Entry { entry: Arc::new(entry) }))
    };
    let empty = ServerFrame::Page { ranges: vec![], more: false };
    drain(None);
    drain(Some(DeviceInput::Opened));
    assert_eq!([3, 4, 5].map(|place| drain(entry(place))), [1, 0, 0]);
    drain(Some(DeviceInput::Frame(empty)));
    assert_eq!([6, 7].map(|place| drain(entry(place))), [1, 0], "a page may not have filled it");
    drain(Some(DeviceInput::Closed));
    assert_eq!(drain(entry(8)), 0, "there is nobody to ask");
}
