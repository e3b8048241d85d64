//! Friends and the requests that wait as rows: one for each of the two users.

use hubbub_chat::{
    UserId,
    ports::directory::{DirectoryAnswer, FRIENDS_MAX},
};
use sqlx::{Error, SqliteConnection, query, query_as, query_scalar};

use super::accounts::{exists, id, key};

const FRIEND: &str = "friend";
const ASKED: &str = "asked";
const ASKED_BY: &str = "asked_by";

pub(super) async fn befriend(
    rows: &mut SqliteConnection,
    user: UserId,
    other: UserId,
) -> Result<DirectoryAnswer, Error> {
    if user == other || !exists(rows, user).await? || !exists(rows, other).await? {
        return Ok(DirectoryAnswer::NotFound);
    }
    let tie = query_scalar::<_, String>("SELECT tie FROM ties WHERE user = ? AND other = ?");
    let tie = tie.bind(key(user.0)).bind(key(other.0)).fetch_optional(&mut *rows).await?;
    match tie.as_deref() {
        Some(ASKED) => Ok(DirectoryAnswer::Asked),
        Some(ASKED_BY) => {
            write(rows, user, other, FRIEND).await?;
            write(rows, other, user, FRIEND).await?;
            Ok(DirectoryAnswer::Befriended)
        }
        Some(_) => Ok(DirectoryAnswer::Befriended),
        None if is_full(rows, user).await? || is_full(rows, other).await? => {
            Ok(DirectoryAnswer::TooManyFriends)
        }
        None => {
            write(rows, user, other, ASKED).await?;
            write(rows, other, user, ASKED_BY).await?;
            Ok(DirectoryAnswer::Asked)
        }
    }
}

pub(super) async fn unfriend(
    rows: &mut SqliteConnection,
    user: UserId,
    other: UserId,
) -> Result<DirectoryAnswer, Error> {
    for (one, other) in [(user, other), (other, user)] {
        let delete = query("DELETE FROM ties WHERE user = ? AND other = ?");
        delete.bind(key(one.0)).bind(key(other.0)).execute(&mut *rows).await?;
    }
    Ok(DirectoryAnswer::Unfriended)
}

pub(super) async fn friends(
    rows: &mut SqliteConnection,
    user: UserId,
) -> Result<DirectoryAnswer, Error> {
    let found =
        query_as::<_, (i64, String)>("SELECT other, tie FROM ties WHERE user = ? ORDER BY other");
    let (mut friends, mut asked_by, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for (other, tie) in found.bind(key(user.0)).fetch_all(rows).await? {
        let list = match tie.as_str() {
            ASKED => &mut asked,
            ASKED_BY => &mut asked_by,
            _ => &mut friends,
        };
        list.push(UserId(id(other)));
    }
    Ok(DirectoryAnswer::Friends { friends, asked_by, asked })
}

async fn is_full(rows: &mut SqliteConnection, user: UserId) -> Result<bool, Error> {
    let count = query_scalar::<_, i64>("SELECT count(*) FROM ties WHERE user = ?");
    let count = count.bind(key(user.0)).fetch_one(rows).await?;
    Ok(usize::try_from(count).unwrap_or_default() >= FRIENDS_MAX)
}

async fn write(
    rows: &mut SqliteConnection,
    user: UserId,
    other: UserId,
    tie: &str,
) -> Result<(), Error> {
    let write = query("INSERT OR REPLACE INTO ties (user, other, tie) VALUES (?, ?, ?)");
    write.bind(key(user.0)).bind(key(other.0)).bind(tie).execute(rows).await?;
    Ok(())
}
