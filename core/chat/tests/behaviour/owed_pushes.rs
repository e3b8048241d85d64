//! What is owed to a user as a push, from the append until it is settled.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, DeviceId, MessageId,
    design::{Ids, PushWhen},
    frame::Change,
    ports::store::{StoreAnswer, StoreRequest},
};

use crate::support::{archive::Archive, *};

/// Ann's second device, which is as new as she needs it.
const TABLET: DeviceId = DeviceId(13);

fn archive_of(design: Design) -> Archive {
    let mut archive = Archive::new(design);
    for (user, device) in [(ANN, PHONE), (BEN, BENS), (CAT, CATS)] {
        archive.login(user, device);
        archive.give_token(device, &format!("token of {user}"));
    }
    archive
}

type Happens = fn(&mut Archive);

fn archive() -> Archive {
    archive_of(Design { push_grace: seconds(10), ..Design::default() })
}

fn mute(archive: &mut Archive, muted: bool) {
    archive.ask(StoreRequest::Mute { user: BEN, channel: direct(), muted });
}

#[test]
fn a_message_is_owed_to_all_but_its_author_when_its_grace_is_over() {
    let mut archive = archive();
    archive.change(PHONE, group(), Change::Create(vec![BEN, CAT])).unwrap();
    archive.send(PHONE, group(), "hello");
    archive.pass(seconds(9));
    archive.send(PHONE, group(), "still there?");
    assert_eq!(archive.owed(), []);
    archive.pass(seconds(1));
    let rows = archive.due();
    assert_eq!(rows[0].tokens, [(BENS, "token of 2".to_owned())]);
    assert_eq!(archive.owed(), [(BEN, group(), 3), (CAT, group(), 3)], "newer ones are included");
}

#[test]
fn what_is_due_stays_until_it_is_settled() {
    let mut archive = archive();
    archive.send(PHONE, direct(), "one");
    archive.send(PHONE, direct(), "two");
    archive.pass(seconds(10));
    assert_eq!(archive.owed(), [(BEN, direct(), 2)]);
    assert_eq!(archive.owed(), [(BEN, direct(), 2)]);
    archive.settle(BEN, direct(), 1);
    assert_eq!(archive.owed(), [(BEN, direct(), 2)]);
    archive.settle(BEN, direct(), 2);
    assert_eq!(archive.owed(), []);
}

#[test]
fn a_cursor_of_any_device_settles_what_it_passes_and_nothing_more() {
    let mut archive = archive();
    archive.login(BEN, LAPTOP);
    archive.send(PHONE, direct(), "one");
    archive.pass(seconds(5));
    archive.send(PHONE, direct(), "two");
    archive.report(LAPTOP, direct(), 1);
    archive.pass(seconds(5));
    assert_eq!(archive.owed(), [], "the second one has its own grace");
    archive.pass(seconds(5));
    assert_eq!(archive.owed(), [(BEN, direct(), 2)]);
    archive.report(BENS, direct(), 2);
    assert_eq!(archive.owed(), []);
    assert_reached(archive.model.situations(), Situation::PushCancelled);
}

#[test]
fn the_oldest_comes_first_and_no_more_than_asked_for() {
    let mut archive = archive();
    archive.change(PHONE, group(), Change::Create(vec![BEN, CAT])).unwrap();
    archive.send(BENS, direct(), "for Ann");
    archive.pass(seconds(1));
    archive.send(PHONE, group(), "for Ben and Cat");
    archive.send(BENS, direct(), "for Ann again");
    archive.pass(seconds(10));
    let expected = [(ANN, direct(), 2), (BEN, group(), 2), (CAT, group(), 2)];
    assert_eq!(archive.owed(), expected);
    let rows = archive.ask(StoreRequest::PushDue { rows_max: 2 });
    let StoreAnswer::PushDue(rows) = rows else { panic!("{rows:?}") };
    assert_eq!(rows.iter().map(|row| row.user).collect::<Vec<_>>(), [ANN, BEN]);
}

#[test]
fn changes_of_membership_are_not_pushed_and_nothing_after_the_leave() {
    let mut archive = archive();
    archive.change(PHONE, group(), Change::Create(vec![BEN, CAT])).unwrap();
    archive.change(PHONE, group(), Change::Rename("tea".into())).unwrap();
    archive.send(PHONE, group(), "while Ben is in");
    archive.change(BENS, group(), Change::Leave).unwrap();
    archive.send(PHONE, group(), "without Ben");
    archive.pass(seconds(10));
    assert_eq!(archive.owed(), [(BEN, group(), 3), (CAT, group(), 5)]);
}

#[test]
fn nothing_is_owed_to_whoever_has_no_token_or_has_muted_the_channel() {
    let mut archive = archive();
    mute(&mut archive, true);
    archive.send(PHONE, direct(), "muted");
    archive.pass(seconds(10));
    assert_eq!(archive.owed(), []);
    mute(&mut archive, false);
    archive.pass(seconds(10));
    assert_eq!(archive.owed(), [], "not what was said meanwhile");
    archive.send(PHONE, direct(), "heard");
    archive.pass(seconds(10));
    assert_eq!(archive.owed(), [(BEN, direct(), 2)]);
    mute(&mut archive, true);
    assert_eq!(archive.owed(), [], "muting takes back what was owed");
}

#[test]
fn a_token_goes_with_the_logout_the_expiry_or_the_gateways_word() {
    let ends: [(&str, Happens); 3] = [
        ("logout", |archive| {
            archive.ask(StoreRequest::Forget { device: BENS });
        }),
        ("expiry", |archive| archive.pass(Design::default().device_expiry)),
        ("dead token", |archive| {
            let (user, device, token) = (BEN, BENS, None);
            archive.ask(StoreRequest::PushToken { user, device, token });
        }),
    ];
    for (name, end) in ends {
        let mut archive = archive();
        archive.send(PHONE, direct(), "one");
        end(&mut archive);
        archive.pass(seconds(10));
        assert_eq!(archive.owed(), [], "{name}");
        // The laptop's token owes nobody what was said before.
        archive.login(ANN, TABLET);
        archive.login(BEN, LAPTOP);
        archive.give_token(LAPTOP, "laptop");
        archive.send(TABLET, direct(), "two");
        archive.pass(seconds(10));
        let rows = archive.due();
        assert_eq!(rows.len(), 1, "{name}");
        assert_eq!(rows[0].tokens, [(LAPTOP, "laptop".to_owned())], "{name}");
    }
}

#[test]
fn a_device_of_somebody_else_gives_no_token() {
    let mut archive = archive();
    let stolen = Some("stolen".to_owned());
    archive.ask(StoreRequest::PushToken { user: BEN, device: PHONE, token: stolen });
    archive.send(PHONE, direct(), "for Ben");
    archive.pass(seconds(10));
    assert_eq!(archive.due()[0].tokens, [(BENS, "token of 2".to_owned())]);
}

#[test]
fn with_very_many_messages_a_push_may_come_early_and_never_late() {
    let mut archive = archive();
    for _ in 0..40 {
        archive.send(PHONE, direct(), "more");
        archive.pass(Duration::from_millis(100));
    }
    // The first 31 are told apart; the 32nd and all later ones are one stretch.
    archive.report(BENS, direct(), 31);
    archive.pass(seconds(6));
    assert_eq!(archive.owed(), []);
    archive.report(BENS, direct(), 39);
    archive.pass(Duration::from_millis(3200));
    assert_eq!(archive.owed(), [(BEN, direct(), 40)], "ten seconds after the 32nd");
    archive.report(BENS, direct(), 40);
    assert_eq!(archive.owed(), []);
}

#[test]
fn a_push_by_presence_goes_at_once_whatever_the_devices_have() {
    let mut archive =
        archive_of(Design { push_when: PushWhen::PresenceOffline, ..Design::default() });
    archive.send(PHONE, direct(), "one");
    archive.pass(seconds(1000));
    assert_eq!(archive.owed(), [], "an append owes nothing");
    let (channel, message_id) = (direct(), MessageId(1));
    archive.ask(StoreRequest::PushNow { channel, message_id, users: vec![BEN, CAT] });
    assert_eq!(archive.owed(), [(BEN, direct(), 1)], "Cat may not see it");
    archive.report(BENS, direct(), 1);
    assert_eq!(archive.owed(), [(BEN, direct(), 1)], "a cursor does not settle it");
    archive.settle(BEN, direct(), 1);
    assert_eq!(archive.owed(), []);
}

#[test]
fn a_push_by_presence_is_owed_only_for_what_the_channel_has() {
    let mut archive =
        archive_of(Design { push_when: PushWhen::PresenceOffline, ..Design::default() });
    archive.send(PHONE, direct(), "one");
    let channel = direct();
    for message_id in [MessageId::ZERO, MessageId(2), MessageId(u64::MAX)] {
        archive.ask(StoreRequest::PushNow { channel, message_id, users: vec![BEN] });
        assert_eq!(archive.owed(), [], "{message_id}");
    }
}

#[test]
fn an_id_below_a_cursor_is_not_owed() {
    let mut archive = archive_of(Design { ids: Ids::Snowflake, ..Design::default() });
    archive.send_as(PHONE, direct(), "in time", 200);
    archive.report(BENS, direct(), 200);
    archive.send_as(PHONE, direct(), "slow", 100);
    archive.pass(seconds(100));
    assert_eq!(archive.owed(), []);
}
