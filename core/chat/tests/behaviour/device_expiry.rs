//! A device without a sign of life counts as logged out after `device_expiry`.

use hubbub_chat::{
    Design,
    frame::{Change, ChangeRefusal, SendRefusal},
    ports::store::StoreRequest,
};

use crate::support::{archive::Archive, *};

type Happens = fn(&mut Archive);

fn archive() -> Archive {
    let mut archive = Archive::new(Design { device_expiry: seconds(100), ..Design::default() });
    archive.login(ANN, PHONE);
    archive.login(BEN, BENS);
    archive.change(PHONE, group(), Change::Create(vec![BEN])).expect("a new group");
    archive
}

#[test]
fn a_silent_device_is_refused_from_then_on() {
    let mut archive = archive();
    archive.pass(seconds(99));
    assert!(archive.page(BENS, &[], 0, 10).is_some());
    archive.pass(seconds(100));
    assert_eq!(archive.try_send(BENS, direct(), "hello?"), Err(SendRefusal::UnknownDevice));
    assert_eq!(archive.change(BENS, group(), Change::Leave), Err(ChangeRefusal::UnknownDevice));
    assert_eq!(archive.page(BENS, &[], 0, 10), None);
    assert_eq!(archive.logged_out(&[PHONE, BENS]), [PHONE, BENS]);
    // The id never comes back.
    archive.login(BEN, BENS);
    assert_eq!(archive.page(BENS, &[], 0, 10), None);
    archive.login(BEN, LAPTOP);
    assert!(archive.page(LAPTOP, &[], 0, 10).is_some());
}

#[test]
fn every_request_of_a_device_and_every_chat_server_that_has_it_is_a_sign_of_life() {
    let signs: [(&str, Happens); 5] = [
        ("a send", |archive| assert_eq!(archive.send(BENS, direct(), "here"), 1)),
        ("a change", |archive| assert_eq!(archive.change(BENS, group(), Change::Join), Ok(1))),
        ("a sync", |archive| assert!(archive.page(BENS, &[], 0, 10).is_some())),
        ("a cursor", |archive| archive.report(BENS, group(), 1)),
        ("attached", |archive| assert_eq!(archive.logged_out(&[BENS]), [])),
    ];
    for (name, sign) in signs {
        let mut archive = archive();
        archive.pass(seconds(60));
        sign(&mut archive);
        archive.pass(seconds(99));
        assert_eq!(archive.logged_out(&[PHONE, BENS]), [PHONE], "{name}");
    }
}

#[test]
fn nothing_else_is_a_sign_of_life() {
    let mut archive = archive();
    archive.pass(seconds(60));
    archive.send(PHONE, direct(), "are you there?");
    archive.login(BEN, BENS);
    archive.give_token(BENS, "token");
    archive.ask(StoreRequest::Heads { users: vec![BEN], devices: vec![PHONE] });
    archive.pass(seconds(40));
    assert_eq!(archive.logged_out(&[PHONE, BENS]), [BENS]);
}

#[test]
fn an_expired_device_holds_no_copies_back() {
    let mut archive = archive();
    archive.login(ANN, LAPTOP);
    for text in ["one", "two"] {
        archive.send(BENS, direct(), text);
    }
    archive.report(BENS, direct(), 2);
    archive.report(BENS, group(), 1);
    archive.report(PHONE, group(), 1);
    archive.pass(seconds(50));
    archive.report(PHONE, direct(), 2);
    assert_eq!(archive.model.inbox_rows(), 3, "the laptop has none of them");
    archive.pass(seconds(50));
    archive.report(PHONE, direct(), 2);
    assert_eq!(archive.model.inbox_rows(), 0);
}

#[test]
fn a_clock_that_steps_back_expires_nobody() {
    let mut archive = archive();
    archive.pass(seconds(50));
    archive.logged_out(&[PHONE]);
    archive.now.0 -= seconds(40).as_nanos() as u64;
    archive.logged_out(&[PHONE]);
    archive.pass(seconds(139));
    assert_eq!(archive.logged_out(&[PHONE, BENS]), [BENS], "the latest sign of life counts");
}
