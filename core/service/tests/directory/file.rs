//! The file: what it refuses to be, who else may hold it, and how much may wait for it.

use std::{fs, sync::mpsc, time::Duration};

use hubbub_chat::{
    UserId,
    ports::{
        Outcome,
        directory::{
            ABOUT_BYTES_MAX, DISPLAY_NAME_BYTES_MAX, DirectoryAnswer, DirectoryRequest,
            NAME_BYTES_MAX, Profile, SETTINGS_BYTES_MAX,
        },
    },
};
use hubbub_service::directory::{DirectoryError, FILE_NAME, SqliteConfig, SqliteDirectory};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Runtime;

use crate::support::{OnDisk, block_on, known, sign_up};

/// Another program that has the file open.
struct Intruder {
    runtime: Runtime,
    connection: SqliteConnection,
}

impl Intruder {
    fn open(directory: &OnDisk) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let options = SqliteConnectOptions::new().filename(&directory.path);
        let connection = runtime.block_on(options.connect()).unwrap();
        Self { runtime, connection }
    }

    fn execute(&mut self, statement: &'static str) {
        self.runtime.block_on(sqlx::query(statement).execute(&mut self.connection)).unwrap();
    }

    fn number(&mut self, statement: &'static str) -> i64 {
        let number = sqlx::query_scalar(statement).fetch_one(&mut self.connection);
        self.runtime.block_on(number).unwrap()
    }

    fn close(self) {
        self.runtime.block_on(self.connection.close()).unwrap();
    }
}

#[test]
fn accounts_outlive_a_restart() {
    let mut directory = OnDisk::new(SqliteConfig::default());
    assert_eq!(directory.ask(sign_up("ann")), DirectoryAnswer::SignedUp(UserId(1)));
    directory.reopen();
    assert_eq!(directory.ask(sign_up("ann")), DirectoryAnswer::NameTaken);
    assert_eq!(directory.ask(sign_up("ben")), DirectoryAnswer::SignedUp(UserId(2)));
}

#[test]
fn texts_beyond_their_bounds_are_refused_and_change_nothing() {
    let directory = OnDisk::new(SqliteConfig::default());
    directory.ask(sign_up("ann"));
    let user = UserId(1);
    let profile = |display_name, about| DirectoryRequest::WriteProfile {
        user,
        profile: Profile { display_name: "n".repeat(display_name), about: "a".repeat(about) },
    };
    let settings = |bytes| DirectoryRequest::WriteSettings { user, settings: "s".repeat(bytes) };
    for request in [
        sign_up(&"x".repeat(NAME_BYTES_MAX + 1)),
        DirectoryRequest::Credentials { name: "x".repeat(NAME_BYTES_MAX + 1) },
        profile(DISPLAY_NAME_BYTES_MAX + 1, 0),
        profile(0, ABOUT_BYTES_MAX + 1),
        settings(SETTINGS_BYTES_MAX + 1),
    ] {
        assert_eq!(directory.outcome(request.clone()), Outcome::Refused, "{request:?}");
    }
    let unwritten = DirectoryAnswer::Profile(Profile::default());
    assert_eq!(directory.ask(DirectoryRequest::Profile { user }), unwritten);
    assert_eq!(
        directory.ask(sign_up(&"é".repeat(NAME_BYTES_MAX / 2))),
        DirectoryAnswer::SignedUp(UserId(2))
    );
    let longest = profile(DISPLAY_NAME_BYTES_MAX, ABOUT_BYTES_MAX);
    assert_eq!(directory.ask(longest), DirectoryAnswer::Written);
    assert_eq!(directory.ask(settings(SETTINGS_BYTES_MAX)), DirectoryAnswer::Written);
}

#[test]
fn the_file_keeps_its_own_bounds_whoever_writes_to_it() {
    let directory = OnDisk::new(SqliteConfig::default());
    directory.ask(sign_up("ann"));
    let mut intruder = Intruder::open(&directory);
    for statement in [
        "INSERT INTO users (name, password_hash) VALUES (printf('%.65c', 'x'), '')",
        "INSERT INTO devices (user, token) VALUES (1, x'00')",
        "INSERT INTO devices (user, token) VALUES (2, zeroblob(32))",
        "INSERT INTO ties (user, other, tie) VALUES (1, 1, 'friend')",
        "INSERT INTO profiles (user, display_name, about) VALUES (1, printf('%.129c', 'x'), '')",
        "INSERT INTO settings (user, settings) VALUES (1, printf('%.8193c', 'x'))",
    ] {
        let insert = sqlx::query(statement).execute(&mut intruder.connection);
        let error = intruder.runtime.block_on(insert).unwrap_err();
        assert!(error.to_string().contains("constraint failed"), "{statement}: {error}");
    }
}

#[test]
fn a_file_of_a_newer_build_is_refused() {
    let mut directory = OnDisk::new(SqliteConfig::default());
    directory.close();
    let mut intruder = Intruder::open(&directory);
    assert_eq!(intruder.number("SELECT count(*) FROM _sqlx_migrations"), 1);
    intruder.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'later', true, x'00', 0)",
    );
    intruder.close();
    let error = SqliteDirectory::open(&directory.path).err().unwrap();
    assert!(matches!(error, DirectoryError::Newer { version: 99, .. }), "{error:?}");
    assert!(error.to_string().contains("open it with the build that wrote it"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let text = "these are not the rows you are looking for".repeat(100);
    fs::write(&path, &text).unwrap();
    let error = SqliteDirectory::open(&path).err().unwrap();
    assert!(error.to_string().contains(FILE_NAME), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn while_another_program_writes_requests_are_refused_and_reads_are_answered() {
    let busy_timeout = Duration::from_millis(20);
    let directory = OnDisk::new(SqliteConfig { busy_timeout, ..SqliteConfig::default() });
    directory.ask(sign_up("ann"));
    let mut intruder = Intruder::open(&directory);
    intruder.execute("BEGIN IMMEDIATE");
    assert_eq!(directory.outcome(sign_up("ben")), Outcome::Refused);
    let read = directory.ask(DirectoryRequest::Credentials { name: "ann".into() });
    assert!(matches!(read, DirectoryAnswer::Credentials { .. }), "{read:?}");
    intruder.execute("ROLLBACK");
    assert_eq!(directory.ask(sign_up("ben")), DirectoryAnswer::SignedUp(UserId(2)));
}

#[test]
fn requests_beyond_the_queue_are_refused_at_once_and_the_others_are_carried_out() {
    // Long after the end of the test: the first transaction waits until the intruder is done.
    let busy_timeout = Duration::from_secs(600);
    let config = SqliteConfig { batch_max: 1, queue_max: 1, busy_timeout };
    let directory = OnDisk::new(config);
    let mut intruder = Intruder::open(&directory);
    intruder.execute("BEGIN IMMEDIATE");
    let (sender, outcomes) = mpsc::channel();
    for number in 0..10 {
        let sender = sender.clone();
        directory.directory().submit(sign_up(&format!("user-{number}")), move |outcome| {
            sender.send(outcome).unwrap();
        });
    }
    // One is under way and one waits, at most.
    let refused: Vec<_> = outcomes.try_iter().collect();
    assert!((8..10).contains(&refused.len()), "{refused:?}");
    assert!(refused.iter().all(|outcome| *outcome == Outcome::Refused), "{refused:?}");
    intruder.execute("ROLLBACK");
    for number in 1..=10 - refused.len() as u64 {
        let answer = known(outcomes.recv().unwrap());
        assert_eq!(answer, DirectoryAnswer::SignedUp(UserId(number)));
    }
}

#[test]
fn a_closed_directory_has_finished_and_refuses() {
    let directory = OnDisk::new(SqliteConfig::default());
    let (sender, outcomes) = mpsc::channel();
    for number in 0..100 {
        let sender = sender.clone();
        directory.directory().submit(sign_up(&format!("user-{number}")), move |outcome| {
            sender.send(outcome).unwrap();
        });
    }
    block_on(directory.directory().close());
    let finished: Vec<_> = outcomes.try_iter().map(known).collect();
    assert_eq!(finished.len(), 100);
    assert_eq!(directory.outcome(sign_up("late")), Outcome::Refused);
    let again = SqliteDirectory::open(&directory.path).unwrap();
    let answer = known(block_on(again.call(sign_up("late"))));
    assert_eq!(answer, DirectoryAnswer::SignedUp(UserId(101)));
}
