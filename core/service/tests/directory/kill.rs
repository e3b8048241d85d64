//! What was answered survives a kill of the process, and no id is given twice.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use hubbub_chat::{
    DeviceId, UserId,
    ports::directory::{DirectoryAnswer, DirectoryRequest},
};
use hubbub_service::directory::{FILE_NAME, SqliteDirectory};

use crate::support::{block_on, known, sign_up};

/// Names the file to the process that will be killed.
const FILE: &str = "DIRECTORY_TO_BE_KILLED";
/// Accounts that are answered before the kill, at least.
const ACCOUNTS: usize = 50;

/// Signs up, logs in, and says so, until it is killed.
fn write_until_killed(path: &Path) {
    let directory = SqliteDirectory::open(path).unwrap();
    let mut output = std::io::stdout();
    for number in 1_u64.. {
        let answer = known(block_on(directory.call(sign_up(&format!("user-{number}")))));
        assert_eq!(answer, DirectoryAnswer::SignedUp(UserId(number)));
        let token = token(number);
        let login = DirectoryRequest::Login { user: UserId(number), token };
        assert_eq!(
            known(block_on(directory.call(login))),
            DirectoryAnswer::LoggedIn(DeviceId(number))
        );
        // When nobody listens any more, the kill has come.
        if writeln!(output, "answered {number}").and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

fn token(number: u64) -> [u8; 32] {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&number.to_be_bytes());
    token
}

#[test]
fn what_was_answered_survives_a_kill() {
    if let Some(path) = std::env::var_os(FILE) {
        return write_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let last = kill_after(&path, ACCOUNTS);
    let directory = SqliteDirectory::open(&path).unwrap();
    let ask = |request| known(block_on(directory.call(request)));
    for number in 1..=last {
        let (user, device) = (UserId(number), DeviceId(number));
        let authenticated = ask(DirectoryRequest::Authenticate { token: token(number) });
        assert_eq!(authenticated, DirectoryAnswer::Authenticated { user, device });
        assert_eq!(ask(sign_up(&format!("user-{number}"))), DirectoryAnswer::NameTaken);
    }
    let DirectoryAnswer::SignedUp(next) = ask(sign_up("after the kill")) else {
        panic!("no sign-up after the kill")
    };
    assert!(next.0 > last, "{next} was given before");
}

/// Starts this test as a process of its own, kills it after so many answers, and tells the number of
/// the last account that it was seen to have.
fn kill_after(path: &Path, accounts: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::what_was_answered_survives_a_kill", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let answered = |line: std::io::Result<String>| -> Option<u64> {
        line.ok()?.rsplit_once("answered ")?.1.parse().ok()
    };
    let mut seen: Vec<u64> = lines.by_ref().filter_map(answered).take(accounts).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before the kill came counts too.
    seen.extend(lines.filter_map(answered));
    assert!(seen.len() >= accounts, "it ended by itself: {seen:?}");
    seen.pop().unwrap()
}
