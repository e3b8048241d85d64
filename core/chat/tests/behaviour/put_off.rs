//! A device that is put off, handed over or not taken comes back, as soon as it makes sense.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::{
    Design,
    design::Transport,
    device::{DetachCause, DeviceEvent, DeviceInput},
    frame::CutReason,
};

use crate::support::{phone::Phone, *};

#[test]
fn a_device_that_is_put_off_asks_again_then_and_has_not_failed() {
    let mut pauses = BTreeSet::new();
    for seed in 0..100 {
        let mut phone = Phone::new(Design::default(), seed);
        for _ in 0..5 {
            phone.input(DeviceInput::PutOff(seconds(16)));
            let pause = phone.pause();
            assert!(pause >= seconds(16) && pause < seconds(18), "{pause:?}");
            pauses.insert(pause);
            phone.pass(pause);
        }
        let attempts: Vec<u32> = phone.opens.iter().map(|(_, attempt, _)| *attempt).collect();
        assert_eq!(attempts, [0; 6]);
        assert_eq!(phone.closes, 0);
        phone.input(DeviceInput::Unreachable);
        assert!(phone.pause() < Design::default().reconnect_base);
    }
    assert!(pauses.len() > 450, "spread");
}

#[test]
fn what_comes_for_an_attempt_that_is_over_means_nothing() {
    let mut phone = Phone::new(Design::default(), 1);
    phone.input(DeviceInput::PutOff(seconds(16)));
    phone.input(DeviceInput::Opened);
    phone.input(DeviceInput::PutOff(seconds(1000)));
    assert!(phone.pause() < seconds(18));
    phone.pass(seconds(18));
    phone.sync();
    phone.input(DeviceInput::PutOff(seconds(16)));
    assert!(phone.device.is_synced());
}

#[test]
fn a_device_says_whether_it_has_something_to_send() {
    let mut phone = Phone::new(Design::default(), 1);
    assert_eq!(phone.opens, [(Duration::ZERO, 0, true)]);
    phone.input(DeviceInput::Unreachable);
    phone.input(DeviceInput::Send { channel: direct(), body: "are you there?".into() });
    phone.pass(seconds(1));
    let (_, attempt, background) = phone.opens[1];
    assert_eq!((attempt, background), (1, false));
}

#[test]
fn a_device_with_something_new_to_send_does_not_wait_for_its_turn() {
    let mut phone = Phone::new(Design::default(), 1);
    phone.input(DeviceInput::PutOff(seconds(40)));
    phone.pass(seconds(5));
    phone.input(DeviceInput::Send { channel: direct(), body: "now!".into() });
    phone.pass(Design::default().reconnect_base);
    assert_eq!(phone.opens.len(), 2);
    // Once: now discovery knows that it has something to send.
    phone.input(DeviceInput::PutOff(seconds(40)));
    phone.input(DeviceInput::Send { channel: direct(), body: "now!!".into() });
    assert!(phone.pause() >= seconds(40));
}

#[test]
fn a_device_that_is_handed_over_comes_back_soon() {
    let base = Design::default().reconnect_base;
    let mut pauses = BTreeSet::new();
    for seed in 0..100 {
        let mut phone = Phone::new(Design::default(), seed);
        for _ in 0..3 {
            phone.input(DeviceInput::Unreachable);
            phone.pass(phone.pause());
        }
        phone.sync();
        phone.cut(CutReason::Draining);
        assert!(phone.pause() < base);
        pauses.insert(phone.pause());
    }
    assert!(pauses.len() > 90, "not all at once");
}

#[test]
fn a_server_that_does_not_take_the_device_is_a_failed_attempt() {
    for reason in [CutReason::Full, CutReason::Draining] {
        let longest = |failures: usize| {
            let pause = |seed| {
                let mut phone = Phone::new(Design::default(), seed);
                for _ in 0..failures {
                    phone.input(DeviceInput::Opened);
                    phone.cut(reason);
                    phone.pass(phone.pause());
                }
                phone.input(DeviceInput::Opened);
                phone.cut(reason);
                phone.pause()
            };
            (0..50).map(pause).max().unwrap()
        };
        let base = Design::default().reconnect_base;
        assert!(longest(0) < base);
        assert!(longest(4) > 8 * base, "the back-off grows");
    }
}

#[test]
fn without_jitter_all_that_lost_a_server_come_back_at_once() {
    let design = Design { reconnect_jitter: false, ..Design::default() };
    for seed in 0..20 {
        let mut phone = Phone::new(design.clone(), seed);
        phone.sync();
        phone.input(DeviceInput::Closed);
        assert_eq!(phone.pause(), Duration::ZERO);
        for doubled in [1, 2, 4, 8] {
            phone.pass(phone.pause());
            phone.input(DeviceInput::Unreachable);
            assert_eq!(phone.pause(), doubled * design.reconnect_base);
        }
        phone.pass(phone.pause());
        phone.input(DeviceInput::PutOff(seconds(3)));
        assert_eq!(phone.pause(), seconds(3));
    }
}

#[test]
fn a_poll_that_is_held_is_no_silence() {
    let design = Design { transport: Transport::LongPolling, ..Design::default() };
    let limit = design.silence_limit();
    assert!(limit > design.silence_after);
    let mut phone = Phone::new(design, 1);
    phone.sync();
    phone.pass(limit - Duration::from_millis(1));
    assert!(phone.device.is_synced());
    phone.pass(Duration::from_millis(1));
    assert_eq!(phone.closes, 1);
}

#[test]
fn what_a_server_that_drains_has_not_answered_is_sent_to_the_next() {
    let mut world = World::new(2, Design::default());
    world.login(ANN, PHONE, 0);
    world.login(BEN, BENS, 1);
    world.run_for(seconds(1));
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.move_device(PHONE, 1);
    world.server_input(0, hubbub_chat::server::Input::Drain);
    world.run_for(seconds(8));
    let draining = DetachCause::Cut(CutReason::Draining);
    assert_eq!(world.detached(PHONE), [draining]);
    world.heal();
    world.run_for(seconds(10));
    assert_eq!(world.log(direct()).len(), 1);
    let accepted = world
        .node(PHONE)
        .events
        .iter()
        .filter(|(_, event)| matches!(event, DeviceEvent::Accepted { .. }));
    assert_eq!(accepted.count(), 1);
}
