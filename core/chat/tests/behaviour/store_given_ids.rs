//! Ids that the chat server gives before the append: Snowflakes and creation times.

use hubbub_chat::{
    ClientId, Design, MessageId,
    design::{Fanout, Ids},
    frame::Change,
    ports::store::{Append, StoreAnswer, StoreRequest},
};

use crate::support::{
    archive::{Archive, ids_of, texts_of},
    *,
};

fn archive_of(ids: Ids, fanout: Fanout) -> Archive {
    let mut archive = Archive::new(Design { ids, fanout, ..Design::default() });
    for (user, device) in [(ANN, PHONE), (BEN, BENS), (CAT, CATS)] {
        archive.login(user, device);
    }
    archive
}

const LAYOUTS: [Fanout; 3] = [Fanout::Inbox, Fanout::ChannelLog, Fanout::SharedQueue];

#[test]
fn entries_are_read_by_their_given_ids_in_their_order() {
    for fanout in LAYOUTS {
        let mut archive = archive_of(Ids::Snowflake, fanout);
        for (id, text) in [(7_000, "one"), (9_000, "three"), (8_000, "two")] {
            assert_eq!(archive.send_as(PHONE, direct(), text, id).message_id.0, id);
        }
        let ranges = archive.sync(BENS, &[(direct(), 0)]);
        assert_eq!(texts_of(&ranges[0]), ["one", "two", "three"], "{fanout}");
        assert_eq!((ranges[0].to.0, ranges[0].truncated.0), (9_000, 0));
        assert_eq!(archive.texts(BENS, direct(), 7_500), ["two", "three"]);
        let (ranges, more) = archive.page(BENS, &[(direct(), 0)], 0, 2).unwrap();
        assert_eq!((ranges[0].to.0, more), (8_000, true), "{fanout}");
        let (ranges, more) = archive.page(BENS, &[(direct(), 8_000)], 0, 2).unwrap();
        assert_eq!((ids_of(&ranges[0]), more), (vec![9_000], false), "{fanout}");
    }
}

#[test]
fn an_id_that_commits_below_a_cursor_is_never_fetched() {
    for fanout in LAYOUTS {
        let mut archive = archive_of(Ids::Snowflake, fanout);
        archive.send_as(PHONE, direct(), "in time", 200);
        archive.report(BENS, direct(), 200);
        archive.send_as(PHONE, direct(), "slow", 100);
        assert_eq!(archive.sync(BENS, &[(direct(), 200)]), [], "{fanout}");
        assert_eq!(archive.model.heads(&[BEN]), [(BEN, vec![(direct(), MessageId(200))])]);
        // It is in the log all the same: a sequence of its own would have shown it.
        assert_eq!(archive.stored(direct()), ["slow", "in time"], "{fanout}");
        if fanout == Fanout::Inbox {
            assert_eq!(
                archive.model.inbox_rows(),
                2,
                "no copy for Ben, who has passed it; two for Ann"
            );
        }
    }
}

#[test]
fn a_snowflake_that_exists_in_the_channel_is_not_stored_twice() {
    let mut archive = archive_of(Ids::Snowflake, Fanout::Inbox);
    archive.send_as(PHONE, direct(), "first", 100);
    assert_eq!(archive.append(BENS, direct(), "second", 100), StoreAnswer::IdTaken);
    assert_eq!(archive.append(BENS, direct(), "no id", 0), StoreAnswer::IdTaken);
    assert_eq!(archive.stored(direct()), ["first"]);
    // Nothing was remembered: the same number goes through with another id.
    assert!(!archive.send_as(BENS, direct(), "second", 101).repeat);
    let create = Change::Create(vec![BEN]);
    assert_eq!(archive.change_as(PHONE, group(), create.clone(), 0), StoreAnswer::IdTaken);
    let created = archive.change_as(PHONE, group(), create, 100);
    assert!(matches!(created, StoreAnswer::Changed(_)), "another channel: {created:?}");
    let rename = archive.change_as(PHONE, group(), Change::Rename("tea".into()), 100);
    assert_eq!(rename, StoreAnswer::IdTaken);
}

#[test]
fn a_repeat_gets_the_first_answer_whatever_id_it_brings() {
    let mut archive = archive_of(Ids::Snowflake, Fanout::Inbox);
    let append = |given_id| {
        StoreRequest::Append(Append {
            user: ANN,
            device: PHONE,
            channel: direct(),
            membership: MessageId::ZERO,
            client_id: ClientId(1),
            oldest_pending: ClientId(1),
            body: "once".into(),
            given_id: MessageId(given_id),
        })
    };
    let StoreAnswer::Appended(first) = archive.ask(append(100)) else { panic!("not appended") };
    let StoreAnswer::Appended(again) = archive.ask(append(200)) else { panic!("not repeated") };
    assert_eq!((first.repeat, again.repeat, again.message_id), (false, true, MessageId(100)));
    assert_eq!(archive.stored(direct()), ["once"]);
}

#[test]
fn of_two_entries_created_in_the_same_millisecond_the_later_one_stays() {
    for fanout in LAYOUTS {
        let mut archive = archive_of(Ids::CreatedAt, fanout);
        archive.send_as(PHONE, direct(), "first", 100);
        let second = archive.send_as(BENS, direct(), "second", 100);
        assert_eq!((second.message_id.0, second.repeat), (100, false), "a plain acceptance");
        assert_eq!(archive.texts(BENS, direct(), 0), ["second"], "{fanout}");
        assert_eq!(archive.stored(direct()), ["second"]);
    }
}

#[test]
fn visibility_goes_by_ids() {
    for fanout in LAYOUTS {
        let mut archive = archive_of(Ids::Snowflake, fanout);
        archive.change_as(PHONE, group(), Change::Create(vec![BEN]), 100);
        archive.change_as(PHONE, group(), Change::Invite(vec![CAT]), 300);
        let slow = archive.send_as(PHONE, group(), "slow", 200);
        assert_eq!(slow.audience, [ANN, BEN], "by its id it was said before Cat came");
        archive.send_as(PHONE, group(), "for all", 400);
        archive.change_as(PHONE, group(), Change::Remove(BEN), 500);
        archive.send_as(PHONE, group(), "without Ben", 600);
        assert_eq!(ids_of(&archive.sync(CATS, &[])[0]), [300, 400, 500, 600], "{fanout}");
        let bens = &archive.sync(BENS, &[])[0];
        assert_eq!((ids_of(bens), bens.to.0), (vec![100, 200, 300, 400, 500], 500), "{fanout}");
    }
}

#[test]
fn a_new_device_starts_with_the_newest_entries_by_number() {
    let initial_history = 2;
    let mut archive =
        Archive::new(Design { ids: Ids::Snowflake, initial_history, ..Design::default() });
    archive.login(ANN, PHONE);
    archive.login(BEN, BENS);
    for id in [1_000, 50_000, 900_000, 7_000_000] {
        archive.send_as(PHONE, direct(), "text", id);
    }
    archive.login(BEN, LAPTOP);
    assert_eq!(ids_of(&archive.sync(LAPTOP, &[])[0]), [900_000, 7_000_000]);
}

#[test]
fn what_was_removed_counts_as_used() {
    let (retention, history_retention) = (seconds(10), seconds(10));
    let design = Design { retention, history_retention, ..Design::default() };
    for (ids, is_taken) in [(Ids::Snowflake, true), (Ids::CreatedAt, false)] {
        let mut archive = Archive::new(Design { ids, ..design.clone() });
        archive.login(ANN, PHONE);
        archive.login(BEN, BENS);
        archive.send_as(PHONE, direct(), "old", 100);
        archive.pass(seconds(10));
        archive.send_as(PHONE, direct(), "new", 200);
        let answer = archive.append(PHONE, direct(), "below what is gone", 90);
        assert_eq!(answer == StoreAnswer::IdTaken, is_taken, "{answer:?}");
        let ranges = archive.sync(BENS, &[(direct(), 50)]);
        let told = (ranges[0].truncated.0, ids_of(&ranges[0]));
        assert_eq!(told, (100, vec![200]), "a blind insert is stored and never shown");
    }
}

#[test]
fn what_the_append_itself_removes_counts_as_used() {
    let (retention, history_retention) = (seconds(10), seconds(10));
    let ids = Ids::Snowflake;
    let mut archive =
        Archive::new(Design { ids, retention, history_retention, ..Design::default() });
    archive.login(ANN, PHONE);
    archive.login(BEN, BENS);
    archive.send_as(PHONE, direct(), "old", 100);
    archive.pass(seconds(10));
    for id in [90, 100] {
        let answer = archive.append(PHONE, direct(), "where nobody would see it", id);
        assert_eq!(answer, StoreAnswer::IdTaken, "{id}");
    }
    archive.send_as(PHONE, direct(), "new", 101);
    assert_eq!(archive.texts(BENS, direct(), 0), ["new"]);
}
