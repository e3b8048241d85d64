//! A folder is opened by one store at a time, and only as what it was written.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use std::time::Duration;

use hubbub_chat::{
    design::{DirectKey, DirectQuery, Fanout, Ids, WriteOrder},
    ports::{
        Outcome,
        store::{StoreAnswer, StoreRules},
    },
};
use hubbub_service::store::{FjallConfig, StoreError};
use store_fixture::*;

fn open_again(subject: &Subject, fanout: Fanout) -> Result<Subject, StoreError> {
    Subject::at(&subject.path, fanout, FjallConfig::default())
}

/// Changes the rows of one table past the store.
fn tamper(subject: &Subject, table: &str, change: impl FnOnce(&fjall::Keyspace)) {
    let database = fjall::Database::builder(&subject.path).open().unwrap();
    change(&database.keyspace(table, fjall::KeyspaceCreateOptions::default).unwrap());
    database.persist(fjall::PersistMode::SyncAll).unwrap();
}

#[test]
fn a_folder_in_use_is_refused() {
    let mut subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    let error = open_again(&subject, Fanout::Inbox).err().unwrap();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(
        error.to_string().ends_with("stop the other store, or give this one a folder of its own")
    );
    subject.close();
    assert!(open_again(&subject, Fanout::Inbox).is_ok());
}

#[test]
fn a_dropped_store_frees_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let subject = Subject::at(folder.path(), Fanout::Inbox, FjallConfig::default()).unwrap();
        subject.ask(register(1));
    }
}

#[test]
fn another_fanout_is_refused() {
    let mut subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    subject.close();
    let error = open_again(&subject, Fanout::ChannelLog).err().unwrap();
    assert!(matches!(error, StoreError::OtherFanout { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("was written with fanout inbox and cannot be opened with channel-log"),
        "{error}"
    );
}

#[test]
fn other_ids_are_refused() {
    let mut subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    subject.close();
    let rules = StoreRules { ids: Ids::Snowflake, ..subject.rules };
    let open = |rules| Subject::at_with_rules(&subject.path, rules, FjallConfig::default());
    let error = open(rules).err().unwrap();
    assert!(matches!(error, StoreError::OtherIds { .. }), "{error:?}");
    let message = "was written with ids channel-sequence and cannot be opened with snowflake";
    assert!(error.to_string().contains(message), "{error}");
    // Bounds and times may change.
    let other = StoreRules { inbox_rows_max: 3, retention: Duration::ZERO, ..subject.rules };
    assert!(open(other).is_ok());
}

#[test]
fn what_only_the_model_carries_out_is_refused() {
    let rules = rules(Fanout::Inbox);
    for (knob, rules) in [
        ("fanout = shared-queue", StoreRules { fanout: Fanout::SharedQueue, ..rules }),
        ("direct_query = by-id", StoreRules { direct_query: DirectQuery::ById, ..rules }),
        ("direct_key = id", StoreRules { direct_key: DirectKey::Id, ..rules }),
        ("write_order = inbox-first", StoreRules { write_order: WriteOrder::InboxFirst, ..rules }),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let error = Subject::at_with_rules(&path, rules, FjallConfig::default()).err().unwrap();
        assert!(matches!(error, StoreError::SimulatedOnly { .. }), "{error:?}");
        assert!(error.to_string().starts_with(&format!("{knob} can be simulated only")), "{error}");
        assert!(!path.exists(), "nothing was made");
    }
}

#[test]
fn another_format_is_refused() {
    let mut subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    subject.close();
    tamper(&subject, "meta", |meta| meta.insert("format", [9, 0]).unwrap());
    let error = open_again(&subject, Fanout::Inbox).err().unwrap();
    assert!(error.to_string().contains("holds format 9 and this build reads format 5"), "{error}");
}

#[test]
fn rows_without_a_format_are_refused() {
    let mut subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    subject.ask(register(1));
    subject.close();
    tamper(&subject, "meta", |meta| meta.remove("format").unwrap());
    let error = open_again(&subject, Fanout::Inbox).err().unwrap();
    assert!(matches!(error, StoreError::NoFormat { .. }), "{error:?}");
}

#[test]
fn a_damaged_row_refuses_what_needs_it_and_nothing_else() {
    let mut subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    subject.ask(register(1));
    subject.ask(register(2));
    subject.close();
    tamper(&subject, "devices", |devices| {
        devices.insert(1_u64.to_be_bytes(), [0xff; 3]).unwrap();
    });
    subject.open().unwrap();
    assert_eq!(subject.outcome(append(1, direct(1, 2), 0, 1)), Outcome::Refused);
    assert_eq!(subject.counters().failures, 1);
    let answer = subject.ask(append(2, direct(1, 2), 0, 1));
    assert!(matches!(answer, StoreAnswer::Appended(_)), "{answer:?}");
}
