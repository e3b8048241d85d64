//! Copies and entries are kept for a time, and a device that comes later is told what is gone.

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, MessageId,
    design::{Fanout, WriteOrder},
    frame::Change,
};

use crate::support::{
    archive::{Archive, ids_of, texts_of},
    *,
};

fn design() -> Design {
    Design { retention: seconds(10), history_retention: seconds(100), ..Design::default() }
}

fn archive_of(design: Design) -> Archive {
    let mut archive = Archive::new(design);
    for (user, device) in [(ANN, PHONE), (BEN, BENS), (CAT, CATS)] {
        archive.login(user, device);
    }
    archive
}

fn archive() -> Archive {
    archive_of(design())
}

#[test]
fn a_copy_goes_at_the_end_of_its_time_and_its_entry_is_read_from_the_log() {
    let mut archive = archive();
    archive.send(PHONE, direct(), "one");
    archive.pass(seconds(6));
    archive.send(PHONE, direct(), "two");
    assert_eq!(archive.inbox_rows(), 4);
    archive.pass(seconds(4));
    assert_eq!(archive.inbox_rows(), 2, "exactly at the end of its time");
    archive.pass(seconds(6));
    assert_eq!(archive.inbox_rows(), 0);
    let ranges = archive.sync(BENS, &[]);
    assert_eq!(texts_of(&ranges[0]), ["one", "two"]);
    assert_eq!(ranges[0].truncated, MessageId::ZERO);
    assert_reached(archive.model.situations(), Situation::InboxTrimmed);
}

#[test]
fn a_device_below_the_floor_of_the_log_is_told_up_to_where_everything_is_gone() {
    for fanout in [Fanout::Inbox, Fanout::ChannelLog, Fanout::SharedQueue] {
        let mut archive = archive_of(Design { fanout, ..design() });
        for text in ["one", "two", "three"] {
            archive.send(PHONE, direct(), text);
        }
        archive.pass(seconds(99));
        archive.send(PHONE, direct(), "four");
        assert_eq!(archive.texts(BENS, direct(), 0), ["one", "two", "three", "four"]);
        archive.pass(seconds(1));
        let ranges = archive.sync(BENS, &[(direct(), 1)]);
        let range = &ranges[0];
        assert_eq!((range.from.0, range.truncated.0, range.to.0), (1, 3, 4), "{fanout}");
        assert_eq!(texts_of(range), ["four"]);
        // A device that has it all is told nothing.
        let ranges = archive.sync(BENS, &[(direct(), 3)]);
        assert_eq!((ranges[0].truncated.0, ids_of(&ranges[0])), (0, vec![4]), "{fanout}");
        assert_eq!(archive.sync(BENS, &[(direct(), 4)]), []);
    }
}

#[test]
fn a_channel_of_which_nothing_is_left_keeps_its_places_and_its_members() {
    let mut archive = archive();
    archive.change(PHONE, group(), Change::Create(vec![BEN])).unwrap();
    archive.send(PHONE, group(), "one");
    archive.pass(seconds(100));
    let ranges = archive.sync(BENS, &[(group(), 1)]);
    assert_eq!((ranges[0].from.0, ranges[0].truncated.0, ranges[0].to.0), (1, 2, 2));
    assert_eq!((ranges[0].membership, ids_of(&ranges[0])), (Some(MessageId(1)), vec![]));
    assert_eq!(archive.stored(group()), [""; 0]);
    assert_eq!(archive.send(BENS, group(), "two"), 3, "the next place follows the last one");
    assert_eq!(archive.change(CATS, group(), Change::Join), Ok(4));
    let heads = archive.model.heads(&[ANN]);
    assert_eq!(heads, [(ANN, vec![(group(), MessageId(4))])]);
}

#[test]
fn nobody_is_told_of_the_loss_of_what_they_could_not_see() {
    let mut archive = archive();
    archive.change(PHONE, group(), Change::Create(vec![BEN])).unwrap();
    archive.send(PHONE, group(), "before");
    archive.change(PHONE, group(), Change::Remove(BEN)).unwrap();
    archive.send(PHONE, group(), "without Ben");
    archive.pass(seconds(60));
    archive.change(PHONE, group(), Change::Invite(vec![CAT])).unwrap();
    archive.send(PHONE, group(), "with Cat");
    archive.pass(seconds(50));
    let cats = &archive.sync(CATS, &[])[0];
    assert_eq!((cats.truncated.0, ids_of(cats)), (0, vec![5, 6]));
    let bens = &archive.sync(BENS, &[(group(), 1)])[0];
    assert_eq!((bens.truncated.0, bens.to.0), (3, 3), "no further than where he went");
    let anns = &archive.sync(PHONE, &[(group(), 1)])[0];
    assert_eq!((anns.truncated.0, ids_of(anns)), (4, vec![5, 6]));
    archive.change(PHONE, group(), Change::Invite(vec![BEN])).unwrap();
    let bens = &archive.sync(BENS, &[(group(), 1)])[0];
    assert_eq!((bens.truncated.0, ids_of(bens)), (3, vec![7]), "4 was not for him");
}

#[test]
fn a_new_device_is_not_told_of_loss_and_still_learns_of_every_channel() {
    let mut archive = archive();
    archive.change(PHONE, group(), Change::Create(vec![BEN])).unwrap();
    archive.send(PHONE, direct(), "old");
    archive.pass(seconds(100));
    archive.send(PHONE, direct(), "new");
    archive.login(BEN, LAPTOP);
    let ranges = archive.sync(LAPTOP, &[]);
    let told: Vec<_> = ranges.iter().map(|range| (range.channel, range.membership)).collect();
    let joined = |place| Some(MessageId(place));
    assert_eq!(told, [(direct(), joined(0)), (group(), joined(1))]);
    assert_eq!((ids_of(&ranges[0]), ranges[0].truncated.0), (vec![2], 0));
}

#[test]
fn what_waited_long_goes_in_bounded_parts() {
    let mut archive = archive();
    for _ in 0..1000 {
        archive.send(PHONE, direct(), "one of many");
    }
    archive.pass(seconds(100));
    let kept = archive.model.entries().count();
    assert_eq!(kept, 1000, "nothing goes by itself");
    let mut lowest = 0;
    for _ in 0..10 {
        let (ranges, _) = archive.page(BENS, &[(direct(), 0)], 0, 1).unwrap();
        let removed = ranges[0].truncated.0;
        assert!(removed >= lowest && removed - lowest <= 256, "{lowest}, then {removed}");
        lowest = removed;
    }
    assert_eq!(lowest, 1000);
}

#[test]
fn a_copy_that_outlived_its_entry_is_not_shown() {
    let mut archive = archive();
    for _ in 0..1000 {
        archive.send(PHONE, direct(), "one of many");
    }
    archive.pass(seconds(100));
    for _ in 0..4 {
        archive.page(PHONE, &[(direct(), 0)], 0, 1).unwrap();
    }
    let bens = &archive.sync(BENS, &[(direct(), 0)])[0];
    assert!(archive.model.inbox_rows() > 0, "his copies go in bounded parts too");
    assert_eq!((bens.truncated.0, ids_of(bens)), (1000, vec![]));
}

#[test]
fn a_clock_that_steps_back_brings_nothing_back_and_removes_nothing() {
    let mut archive = archive();
    archive.send(PHONE, direct(), "one");
    archive.pass(seconds(100));
    let ahead = archive.now;
    archive.send(PHONE, direct(), "two, by a clock that was ahead");
    archive.now.0 -= seconds(90).as_nanos() as u64;
    archive.send(PHONE, direct(), "three");
    let ranges = archive.sync(BENS, &[(direct(), 0)]);
    assert_eq!((ranges[0].truncated.0, ids_of(&ranges[0])), (1, vec![2, 3]));
    // What is behind a younger entry waits for it: what is gone is always one stretch.
    archive.now = ahead;
    archive.pass(seconds(10));
    assert_eq!(archive.texts(BENS, direct(), 1).len(), 2);
    archive.pass(seconds(90));
    assert_eq!(archive.sync(BENS, &[(direct(), 1)])[0].truncated.0, 3);
}

#[test]
fn an_entry_that_is_not_written_yet_is_not_removed() {
    let write_lag = seconds(500);
    let mut archive =
        archive_of(Design { write_order: WriteOrder::InboxFirst, write_lag, ..design() });
    archive.send(PHONE, direct(), "one");
    archive.pass(seconds(200));
    assert_eq!(archive.texts(BENS, direct(), 0), ["one"]);
    archive.pass(seconds(300));
    assert_eq!(archive.sync(BENS, &[(direct(), 0)])[0].truncated.0, 1);
}
