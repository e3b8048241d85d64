//! What a crash leaves behind. The folder is copied while the store has it open, which is what a
//! killed process leaves: everything handed to the operating system and nothing else.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use hubbub_chat::{
    design::Fanout,
    frame::Change,
    ids::{DeviceId, MessageId, UserId},
    ports::store::{StoreAnswer, StoreRequest, StoreRules},
    time::Wall,
};
use hubbub_service::store::{FjallConfig, Row, StoreError, group_commit::Journal};
use store_fixture::*;

/// Copies the folder between a commit and its sync, once it is armed.
struct CopyingJournal {
    inner: Box<dyn Journal>,
    from: PathBuf,
    to: PathBuf,
    is_armed: Arc<AtomicBool>,
}

impl Journal for CopyingJournal {
    fn commit(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        self.inner.commit(rows)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.is_armed.swap(false, SeqCst) {
            copy_folder(&self.from, &self.to);
        }
        self.inner.sync()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_folder(&item.path(), &to);
        } else {
            fs::copy(item.path(), &to).unwrap();
        }
    }
}

fn newest_journal(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    let journals = files.filter(|file| file.extension().is_some_and(|end| end == "jnl"));
    let number = |file: &PathBuf| file.file_stem()?.to_str()?.parse::<u64>().ok();
    journals.max_by_key(number).unwrap()
}

/// Where the journal's records end; zeros that were reserved follow.
fn end_of_records(folder: &Path) -> u64 {
    let bytes = fs::read(newest_journal(folder)).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
}

/// What follows a torn tail.
#[derive(Debug, Clone, Copy)]
enum Tail {
    /// The end of the file.
    Nothing,
    /// Zeros that were reserved for later.
    Zeros,
}

fn tear(folder: &Path, length: u64, tail: Tail) {
    let journal = OpenOptions::new().write(true).open(newest_journal(folder)).unwrap();
    journal.set_len(length).unwrap();
    if let Tail::Zeros = tail {
        journal.set_len(length + 65_536).unwrap();
    }
}

fn open(path: &Path) -> Subject {
    Subject::at(path, Fanout::Inbox, FjallConfig::default()).unwrap()
}

/// A group of three that holds its creation and `count` messages of user 1.
fn fill(subject: &Subject, count: u64) {
    (1..=3).for_each(|user| drop(subject.ask(register(user))));
    subject.ask(create(1, &[2, 3]));
    (1..=count).for_each(|number| drop(subject.ask(append(1, group(1), 1, number))));
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    fill(&subject, 20);
    subject.ask(cursor(2, 2, group(1), 15));
    subject.ask(change(3, group(1), 1, Change::Leave));

    let copy = folder.path().join("copy");
    copy_folder(&subject.path, &copy);
    let restored = open(&copy);
    let everything: Vec<u64> = (1..=22).collect();
    assert_eq!(places(restored.ask(sync(1, &[], 99)), group(1)), everything);
    assert_eq!(places(restored.ask(sync(2, &[], 99)), group(1)), everything[15..]);
    assert_eq!(places(restored.ask(sync(3, &[], 99)), group(1)), everything);
    assert_eq!(restored.ask(append(1, group(1), 1, 20)), appended(21, &[], true));
    let heads = heads(&[3]);
    assert_eq!(restored.ask(heads.clone()), subject.ask(heads));
}

/// A store that was killed between the commit of its last batch and the sync, and what is in it.
struct Killed {
    copy: PathBuf,
    /// Where the journal ended when everything in it was synced.
    synced: u64,
    /// Where it ended with the last batch.
    written: u64,
    _folder: tempfile::TempDir,
}

/// The last batch holds one message of user 1: an entry, three copies and a remembered answer.
fn killed_before_the_sync() -> Killed {
    let folder = tempfile::tempdir().unwrap();
    let (from, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let is_armed = Arc::new(AtomicBool::new(false));
    let wrapper = {
        let (from, to, is_armed) = (from.clone(), copy.clone(), is_armed.clone());
        move |inner| -> Box<dyn Journal> {
            let (from, to, is_armed) = (from.clone(), to.clone(), is_armed.clone());
            Box::new(CopyingJournal { inner, from, to, is_armed })
        }
    };
    let config = FjallConfig { journal: Some(Arc::new(wrapper)), ..FjallConfig::default() };
    let subject = Subject::at(&from, Fanout::Inbox, config).unwrap();
    fill(&subject, 5);
    let synced = end_of_records(&from);
    is_armed.store(true, SeqCst);
    subject.ask(append(1, group(1), 1, 6));
    let written = end_of_records(&copy);
    assert!(synced < written, "the last batch is in the copy");
    // What is reserved behind it need not be copied again and again.
    tear(&copy, written, Tail::Nothing);
    Killed { copy, synced, written, _folder: folder }
}

impl Killed {
    /// The store as it comes up when the journal was torn at `length` bytes.
    fn open_torn_at(&self, length: u64, tail: Tail) -> Subject {
        let torn = self.copy.with_file_name(format!("torn-{length}-{tail:?}"));
        copy_folder(&self.copy, &torn);
        tear(&torn, length, tail);
        open(&torn)
    }
}

#[test]
fn an_unsynced_batch_that_reached_the_disk_is_there_as_a_whole() {
    let killed = killed_before_the_sync();
    for tail in [Tail::Nothing, Tail::Zeros] {
        let restored = killed.open_torn_at(killed.written, tail);
        for user in 1..=3 {
            let found = places(restored.ask(sync(user, &[], 99)), group(1));
            assert_eq!(found, [1, 2, 3, 4, 5, 6, 7], "{tail:?}");
        }
        assert_eq!(restored.ask(append(1, group(1), 1, 6)), appended(7, &[], true));
    }
}

#[test]
fn a_torn_batch_is_gone_as_a_whole_and_all_before_it_is_there() {
    let killed = killed_before_the_sync();
    let length = killed.written - killed.synced;
    for cut in [0, 1, 2, length / 4, length / 2, length * 3 / 4, length - 2, length - 1] {
        for tail in [Tail::Nothing, Tail::Zeros] {
            assert_last_batch_is_gone(killed.open_torn_at(killed.synced + cut, tail));
        }
    }
}

fn assert_last_batch_is_gone(mut restored: Subject) {
    let torn = restored.path.clone();
    for user in 1..=3 {
        let found = places(restored.ask(sync(user, &[], 99)), group(1));
        assert_eq!(found, [1, 2, 3, 4, 5, 6], "{torn:?}, user {user}");
    }
    assert_eq!(restored.ask(append(1, group(1), 1, 5)), appended(6, &[], true), "{torn:?}");
    // It goes on from there, and what it writes now is found again.
    for (number, place) in [(6, 7), (7, 8)] {
        let StoreAnswer::Appended(appended) = restored.ask(append(1, group(1), 1, number)) else {
            panic!("{torn:?}: message {number} was not accepted");
        };
        assert_eq!((appended.message_id, appended.repeat), (MessageId(place), false));
    }
    restored.reopen();
    assert_eq!(places(restored.ask(sync(2, &[], 99)), group(1)), [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// Who is to be pushed, far in the future.
fn due(subject: &mut Subject) -> Vec<(u64, u64)> {
    subject.wall = Wall(u64::MAX / 2);
    let StoreAnswer::PushDue(rows) = subject.ask(StoreRequest::PushDue { rows_max: 99 }) else {
        panic!("nothing is known of what is due");
    };
    rows.iter().map(|row| (row.user.0, row.up_to.0)).collect()
}

#[test]
fn what_is_owed_goes_and_stays_with_its_message() {
    // Devices that never expire, however far the clock is.
    let rules = StoreRules { device_expiry: Duration::MAX, ..rules(Fanout::Inbox) };
    let folder = tempfile::tempdir().unwrap();
    let subject = Subject::with_rules(rules, FjallConfig::default());
    fill(&subject, 5);
    let (user, device) = (UserId(3), DeviceId(3));
    subject.ask(StoreRequest::PushToken { user, device, token: Some("abc".into()) });
    subject.ask(append(1, group(1), 1, 6));
    let synced = end_of_records(&subject.path);
    subject.ask(append(1, group(1), 1, 7));
    let copy = folder.path().join("copy");
    copy_folder(&subject.path, &copy);
    let written = end_of_records(&copy);
    for (length, newest) in [(written, 8), (written - 1, 7), (synced + 1, 7), (synced, 7)] {
        let torn = folder.path().join(format!("torn-{length}"));
        copy_folder(&copy, &torn);
        tear(&torn, length, Tail::Nothing);
        let mut restored = Subject::at_with_rules(&torn, rules, FjallConfig::default()).unwrap();
        let head = places(restored.ask(sync(3, &[], 99)), group(1)).pop();
        assert_eq!(head, Some(newest));
        assert_eq!(due(&mut restored), [(3, newest)]);
        restored.ask(cursor(3, 3, group(1), newest));
        restored.reopen();
        assert_eq!(due(&mut restored), []);
    }
}

#[test]
fn a_damaged_batch_in_the_middle_is_refused_not_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    fill(&subject, 5);
    let copy = folder.path().join("copy");
    copy_folder(&subject.path, &copy);
    let journal = newest_journal(&copy);
    let mut bytes = fs::read(&journal).unwrap();
    let body = b"body 3 of 1";
    let place = bytes.windows(body.len()).position(|window| window == body).unwrap();
    bytes[place] ^= 0x20;
    fs::write(&journal, bytes).unwrap();
    let error = Subject::at(&copy, Fanout::Inbox, FjallConfig::default()).err().unwrap();
    assert!(error.to_string().contains("ChecksumMismatch"), "{error}");
}

#[test]
fn a_forgotten_device_stays_forgotten_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let subject = Subject::new(Fanout::ChannelLog, FjallConfig::default());
    fill(&subject, 5);
    subject.ask(StoreRequest::Forget { device: DeviceId(2) });
    let copy = folder.path().join("copy");
    copy_folder(&subject.path, &copy);
    let restored = Subject::at(&copy, Fanout::ChannelLog, FjallConfig::default()).unwrap();
    assert_eq!(restored.ask(sync(2, &[], 99)), StoreAnswer::UnknownDevice);
}
