//! Accounts, devices and session tokens as rows.

use hubbub_chat::{
    DeviceId, UserId,
    ports::directory::{DirectoryAnswer, TokenHash},
};
use sqlx::{Error, SqliteConnection, query, query_as, query_scalar};

/// An id as SQLite keeps it. Ids beyond its range were never given, and no row has −1.
pub(super) fn key(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(-1)
}

/// An id as a row has it.
pub(super) fn id(key: i64) -> u64 {
    u64::try_from(key).unwrap_or_default()
}

pub(super) async fn exists(rows: &mut SqliteConnection, user: UserId) -> Result<bool, Error> {
    let found = query_scalar::<_, i64>("SELECT 1 FROM users WHERE id = ?");
    Ok(found.bind(key(user.0)).fetch_optional(rows).await?.is_some())
}

/// The search comes before the number: an insertion that fails could use one up.
pub(super) async fn sign_up(
    rows: &mut SqliteConnection,
    name: &str,
    password_hash: &str,
) -> Result<DirectoryAnswer, Error> {
    let written = query(
        "INSERT INTO users (name, password_hash) SELECT ?1, ?2 \
         WHERE NOT EXISTS (SELECT 1 FROM users WHERE name = ?1)",
    )
    .bind(name)
    .bind(password_hash)
    .execute(rows)
    .await?;
    Ok(match written.rows_affected() {
        0 => DirectoryAnswer::NameTaken,
        _ => DirectoryAnswer::SignedUp(UserId(id(written.last_insert_rowid()))),
    })
}

pub(super) async fn credentials(
    rows: &mut SqliteConnection,
    name: &str,
) -> Result<DirectoryAnswer, Error> {
    let found = query_as::<_, (i64, String)>("SELECT id, password_hash FROM users WHERE name = ?");
    Ok(match found.bind(name).fetch_optional(rows).await? {
        Some((user, password_hash)) => {
            DirectoryAnswer::Credentials { user: UserId(id(user)), password_hash }
        }
        None => DirectoryAnswer::NotFound,
    })
}

/// A token that a later login brings again belongs to the later device alone.
pub(super) async fn log_in(
    rows: &mut SqliteConnection,
    user: UserId,
    token: TokenHash,
) -> Result<DirectoryAnswer, Error> {
    let written = query(
        "INSERT OR REPLACE INTO devices (user, token) SELECT ?1, ?2 \
         WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1)",
    )
    .bind(key(user.0))
    .bind(token.as_slice())
    .execute(rows)
    .await?;
    Ok(match written.rows_affected() {
        0 => DirectoryAnswer::NotFound,
        _ => DirectoryAnswer::LoggedIn(DeviceId(id(written.last_insert_rowid()))),
    })
}

pub(super) async fn authenticate(
    rows: &mut SqliteConnection,
    token: TokenHash,
) -> Result<DirectoryAnswer, Error> {
    let found = query_as::<_, (i64, i64)>("SELECT user, id FROM devices WHERE token = ?");
    Ok(match found.bind(token.as_slice()).fetch_optional(rows).await? {
        Some((user, device)) => {
            let (user, device) = (UserId(id(user)), DeviceId(id(device)));
            DirectoryAnswer::Authenticated { user, device }
        }
        None => DirectoryAnswer::NotFound,
    })
}

pub(super) async fn log_out(
    rows: &mut SqliteConnection,
    device: DeviceId,
) -> Result<DirectoryAnswer, Error> {
    query("DELETE FROM devices WHERE id = ?").bind(key(device.0)).execute(rows).await?;
    Ok(DirectoryAnswer::LoggedOut)
}

pub(super) async fn devices(
    rows: &mut SqliteConnection,
    user: UserId,
) -> Result<DirectoryAnswer, Error> {
    let found = query_scalar::<_, i64>("SELECT id FROM devices WHERE user = ? ORDER BY id");
    let found = found.bind(key(user.0)).fetch_all(rows).await?;
    Ok(DirectoryAnswer::Devices(found.into_iter().map(|device| DeviceId(id(device))).collect()))
}
