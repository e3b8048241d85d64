//! The ledger agrees with a reference that keeps everything and compares all with all.

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};
use hubbub_loadgen::{Delivery, Ledger, RegisteredSend};
use proptest::prelude::*;

const DEVICES: u64 = 4;
const LATE_AFTER_NS: u64 = 500;

fn channel(group: bool) -> ChannelId {
    if group { ChannelId::group(UserId(1), 1) } else { ChannelId::direct(UserId(1), UserId(2)) }
}

/// A send: its author, and whether it goes to the group of four or to the pair 1 and 2.
fn sends() -> impl Strategy<Value = Vec<(u64, bool)>> {
    let pair = (1..=2_u64, Just(false));
    let group = (1..=DEVICES, Just(true));
    prop::collection::vec(prop_oneof![pair, group], 1..12)
}

/// A delivery: the device, the place in the log, the number and the time.
fn deliveries() -> impl Strategy<Value = Vec<(u64, u64, u64, u64)>> {
    prop::collection::vec((1..=DEVICES + 1, 1..8_u64, 0..13_u64, 0..1000_u64), 0..60)
}

fn registered(number: u64, author: u64, group: bool) -> RegisteredSend {
    let members = if group { 1..=DEVICES } else { 1..=2 };
    let recipients: Vec<DeviceId> =
        members.filter(|member| *member != author).map(DeviceId).collect();
    RegisteredSend {
        number,
        author: DeviceId(author),
        channel: channel(group),
        intended_ns: 0,
        recipients: recipients.into(),
    }
}

proptest! {
    #[test]
    fn counts_are_those_of_the_reference(sends in sends(), deliveries in deliveries(), accepted: u16) {
        let mut ledger = Ledger::new(LATE_AFTER_NS);
        let rows: Vec<RegisteredSend> = sends
            .iter()
            .zip(0..)
            .map(|((author, group), number)| registered(number, *author, *group))
            .collect();
        for row in &rows {
            prop_assert!(ledger.register(row.clone()));
        }
        let is_accepted = |number: u64| accepted & (1 << number) != 0;
        for row in rows.iter().filter(|row| is_accepted(row.number)) {
            prop_assert!(ledger.note_accepted(row.number, 1).is_some());
        }

        let (mut duplicate, mut reordered, mut unexpected, mut unknown, mut late) = (0, 0, 0, 0, 0);
        let mut firsts: Vec<(u64, u64, &RegisteredSend)> = Vec::new();
        for (device, place, number, at_ns) in deliveries {
            ledger.note_delivery(DeviceId(device), MessageId(place), number, at_ns);
            let Some(row) = rows.get(number as usize) else {
                unknown += 1;
                continue;
            };
            if !row.recipients.contains(&DeviceId(device)) {
                unexpected += u64::from(DeviceId(device) != row.author);
                continue;
            }
            if firsts.iter().any(|(at, _, first)| *at == device && first.number == number) {
                duplicate += 1;
                continue;
            }
            let overtaken = firsts.iter().filter(|(at, _, first)| *at == device && first.channel == row.channel).any(
                |(_, earlier, first)| *earlier >= place || (first.author == row.author && first.number > number),
            );
            reordered += u64::from(overtaken);
            late += u64::from(at_ns > LATE_AFTER_NS);
            firsts.push((device, place, row));
        }
        let missing: Vec<(u64, DeviceId)> = rows
            .iter()
            .filter(|row| is_accepted(row.number))
            .flat_map(|row| row.recipients.iter().map(move |device| (row.number, *device)))
            .filter(|(number, device)| !firsts.iter().any(|(at, _, first)| (first.number, DeviceId(*at)) == (*number, *device)))
            .collect();

        let counts = ledger.counts();
        prop_assert_eq!(counts.duplicate, duplicate);
        prop_assert_eq!(counts.reordered, reordered);
        prop_assert_eq!(counts.unexpected, unexpected);
        prop_assert_eq!(counts.unknown, unknown);
        prop_assert_eq!(counts.late, late);
        prop_assert_eq!(counts.delivered, firsts.len() as u64);
        prop_assert_eq!(counts.missing, missing.len() as u64);
        let unanswered = rows.iter().filter(|row| !is_accepted(row.number)).count() as u64;
        prop_assert_eq!(counts.unanswered, unanswered);
        prop_assert_eq!(ledger.is_settled(), unanswered == 0 && missing.is_empty());
        let named: Vec<(u64, DeviceId)> = ledger.missing().map(|(row, device)| (row.send.number, device)).collect();
        prop_assert_eq!(named, missing);
    }
}

#[test]
fn the_last_recipient_completes_a_send() {
    let mut ledger = Ledger::new(LATE_AFTER_NS);
    ledger.register(registered(0, 1, true));
    let mut complete_after =
        |device, at_ns| match ledger.note_delivery(DeviceId(device), MessageId(1), 0, at_ns) {
            Delivery::First { row, complete } => (complete, row.latest_delivery_ns),
            other => panic!("{other:?}"),
        };
    assert_eq!(complete_after(3, 30), (false, 30));
    assert_eq!(complete_after(2, 90), (false, 90));
    // Observations may come in another order than they happened.
    assert_eq!(complete_after(4, 40), (true, 90));
}

#[test]
fn a_refused_send_owes_nothing_but_must_not_arrive() {
    let mut ledger = Ledger::new(LATE_AFTER_NS);
    ledger.register(registered(0, 1, true));
    assert!(ledger.note_refused(0, "not_member").is_some());
    assert!(ledger.note_accepted(0, 5).is_none(), "the first answer stands");
    assert!(ledger.is_settled());
    let counts = ledger.counts();
    assert_eq!(
        (counts.refused, counts.missing, counts.is_violated(), counts.is_clean()),
        (1, 0, false, false)
    );
    assert_eq!(counts.first_refusal.as_deref(), Some("not_member"));
    ledger.note_delivery(DeviceId(2), MessageId(1), 0, 6);
    assert_eq!(ledger.counts().unexpected, 1);
}

#[test]
fn a_send_that_was_given_up_owes_nothing_and_may_arrive() {
    let mut ledger = Ledger::new(LATE_AFTER_NS);
    ledger.register(registered(0, 1, true));
    ledger.note_given_up(0);
    ledger.note_given_up(0);
    assert!(ledger.is_settled(), "nobody waits for it");
    ledger.note_delivery(DeviceId(2), MessageId(1), 0, 6);
    let counts = ledger.counts();
    assert_eq!((counts.unanswered, counts.refused, counts.accepted), (1, 0, 0));
    assert_eq!((counts.delivered, counts.unexpected, counts.missing), (1, 0, 0));
    assert!(!counts.is_violated() && !counts.is_clean());
}

#[test]
fn a_number_is_registered_once() {
    let mut ledger = Ledger::new(LATE_AFTER_NS);
    assert!(ledger.register(registered(0, 1, true)));
    assert!(!ledger.register(registered(0, 2, false)));
    assert_eq!(ledger.counts().sends, 1);
    assert_eq!(ledger.rows().next().unwrap().send.author, DeviceId(1));
}
