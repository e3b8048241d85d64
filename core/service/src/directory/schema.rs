//! The file: opening it, and its migrations.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, SqlSafeStr, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::DirectoryError;

/// Every migration that ever was, in order: its number, what it brings, and its statements. One that
/// was released is never changed, only followed by another; the file keeps a checksum of each.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "accounts", include_str!("../../migrations/sqlite/0001_accounts.sql"))];

/// Opens the file, or makes it, and brings it to the form of this build.
pub(super) async fn open(
    path: &Path,
    busy_timeout: Duration,
) -> Result<SqliteConnection, DirectoryError> {
    // The write-ahead log is synced with every commit (`FULL`): with less, an answer would be a
    // promise that a power cut breaks.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .disable_statement_logging();
    let connected = options.connect().await;
    let mut connection =
        connected.map_err(|source| DirectoryError::Engine { path: path.to_owned(), source })?;
    migrator().run(&mut connection).await.map_err(|source| match source {
        MigrateError::VersionMissing(version) | MigrateError::VersionNotPresent(version) => {
            DirectoryError::Newer { path: path.to_owned(), version }
        }
        source => DirectoryError::Migration { path: path.to_owned(), source },
    })?;
    Ok(connection)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, statements)| {
        let (simple, no_transaction) = (MigrationType::Simple, false);
        let statements = statements.into_sql_str();
        Migration::new(version, description.into(), simple, statements, no_transaction)
    });
    Migrator::with_migrations(migrations.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_synced_and_foreign_keys_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("directory.sqlite");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut connection = open(&path, Duration::from_millis(70)).await.unwrap();
            let mode = sqlx::query_scalar::<_, String>("PRAGMA journal_mode");
            assert_eq!(mode.fetch_one(&mut connection).await.unwrap(), "wal");
            for (pragma, expected) in
                [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 70)]
            {
                let value = sqlx::query_scalar::<_, i64>(pragma).fetch_one(&mut connection);
                assert_eq!(value.await.unwrap(), expected, "{pragma}");
            }
        });
    }
}
