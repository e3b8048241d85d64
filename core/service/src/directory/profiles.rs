//! Profiles and settings as rows.

use hubbub_chat::{
    UserId,
    ports::directory::{DirectoryAnswer, NO_SETTINGS, Profile},
};
use sqlx::{Error, SqliteConnection, query, query_as, query_scalar};

use super::accounts::{exists, key};

pub(super) async fn profile(
    rows: &mut SqliteConnection,
    user: UserId,
) -> Result<DirectoryAnswer, Error> {
    let found =
        query_as::<_, (String, String)>("SELECT display_name, about FROM profiles WHERE user = ?");
    Ok(match found.bind(key(user.0)).fetch_optional(&mut *rows).await? {
        Some((display_name, about)) => DirectoryAnswer::Profile(Profile { display_name, about }),
        None if exists(rows, user).await? => DirectoryAnswer::Profile(Profile::default()),
        None => DirectoryAnswer::NotFound,
    })
}

pub(super) async fn write_profile(
    rows: &mut SqliteConnection,
    user: UserId,
    Profile { display_name, about }: Profile,
) -> Result<DirectoryAnswer, Error> {
    if !exists(rows, user).await? {
        return Ok(DirectoryAnswer::NotFound);
    }
    query("INSERT OR REPLACE INTO profiles (user, display_name, about) VALUES (?, ?, ?)")
        .bind(key(user.0))
        .bind(display_name)
        .bind(about)
        .execute(rows)
        .await?;
    Ok(DirectoryAnswer::Written)
}

pub(super) async fn settings(
    rows: &mut SqliteConnection,
    user: UserId,
) -> Result<DirectoryAnswer, Error> {
    let found = query_scalar::<_, String>("SELECT settings FROM settings WHERE user = ?");
    Ok(match found.bind(key(user.0)).fetch_optional(&mut *rows).await? {
        Some(settings) => DirectoryAnswer::Settings(settings),
        None if exists(rows, user).await? => DirectoryAnswer::Settings(NO_SETTINGS.into()),
        None => DirectoryAnswer::NotFound,
    })
}

pub(super) async fn write_settings(
    rows: &mut SqliteConnection,
    user: UserId,
    settings: &str,
) -> Result<DirectoryAnswer, Error> {
    if !exists(rows, user).await? {
        return Ok(DirectoryAnswer::NotFound);
    }
    let write = query("INSERT OR REPLACE INTO settings (user, settings) VALUES (?, ?)");
    write.bind(key(user.0)).bind(settings).execute(rows).await?;
    Ok(DirectoryAnswer::Written)
}
