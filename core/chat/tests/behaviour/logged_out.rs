//! A device whose token is not taken any more is done with.

use std::time::Duration;

use hubbub_chat::{
    Design,
    device::{DetachCause, DeviceEvent, DeviceInput, LocalRefusal},
    frame::{CutReason, SendRefusal},
};

use crate::support::{phone::Phone, *};

const UNKNOWN: DeviceEvent = DeviceEvent::Detached(DetachCause::Cut(CutReason::UnknownDevice));

type Stands = fn(&mut Phone);

/// Where the phone stands when it is told, and whether it has anything to close then.
const STANDINGS: [(&str, Stands, usize); 4] = [
    ("it opens a connection", |_| {}, 1),
    ("it has a connection", |phone| phone.sync(), 1),
    ("it waits for its next attempt", |phone| phone.input(DeviceInput::Unreachable), 0),
    ("it was put off", |phone| phone.input(DeviceInput::PutOff(seconds(16))), 0),
];

fn phone(stands: Stands) -> Phone {
    let mut phone = Phone::new(Design::default(), 1);
    stands(&mut phone);
    phone.events.clear();
    phone
}

fn send() -> DeviceInput {
    DeviceInput::Send { channel: direct(), body: "hello".into() }
}

#[test]
fn it_says_so_once_and_never_opens_a_connection_again() {
    for (standing, stands, closes) in STANDINGS {
        let mut phone = phone(stands);
        phone.input(DeviceInput::LoggedOut);
        assert_eq!(phone.events, [UNKNOWN], "{standing}");
        assert_eq!(phone.closes, closes, "{standing}");
        for late in [DeviceInput::LoggedOut, DeviceInput::Closed, DeviceInput::Unreachable] {
            phone.input(late);
        }
        phone.input(DeviceInput::PutOff(Duration::ZERO));
        phone.pass(Design::default().device_expiry);
        assert_eq!((phone.events.len(), phone.opens.len()), (1, 1), "{standing}");
        assert_eq!(phone.device.poll_timeout(), None, "{standing}");
    }
}

#[test]
fn nothing_waits_any_more_and_nothing_more_is_taken_on() {
    for (standing, stands, _) in STANDINGS {
        let mut phone = phone(stands);
        phone.input(send());
        phone.input(DeviceInput::LoggedOut);
        let is_failed = |event: &DeviceEvent| match event {
            DeviceEvent::Failed { reason, .. } => *reason == SendRefusal::UnknownDevice,
            // With a connection it went out, and may be stored.
            DeviceEvent::GivenUp { .. } => standing == "it has a connection",
            _ => false,
        };
        assert!(phone.events.iter().any(is_failed), "{standing}: {:?}", phone.events);
        assert_eq!(phone.device.disk().pending(), 0, "{standing}");
        phone.events.clear();
        phone.input(send());
        let [DeviceEvent::Refused { reason: LocalRefusal::LoggedOut, .. }] = phone.events[..]
        else {
            panic!("{standing}: {:?}", phone.events)
        };
        assert_eq!(phone.device.poll_timeout(), None, "{standing}");
    }
}
