//! A relational database as a design without a key-value store would have it: one table of
//! messages, and an index for what a user wrote.

use std::path::{Path, PathBuf};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, query, query_as, query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::runtime::Runtime;

use super::{CACHE_BYTES, Engine, ProbeEngine, ProbeError, messages::Message};

/// Rows of one statement: five values each, of the 32,766 that SQLite takes.
const STATEMENT_ROWS: usize = 100;

/// The rows stand in the tree of the primary key, as rows of the key-value store stand in the order
/// of theirs; the index is what a page about a user needs, and what each write pays for.
const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS messages (
        channel INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        user INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (channel, message_id)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS messages_of_user ON messages (user, created_at)",
];

pub(super) struct Relational {
    path: PathBuf,
    seed: u64,
    runtime: Runtime,
    connection: Option<SqliteConnection>,
}

impl Relational {
    pub(super) fn open(folder: &Path, seed: u64) -> Result<Self, ProbeError> {
        std::fs::create_dir_all(folder)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let path = folder.join("messages.sqlite");
        let mut engine = Self { path, seed, runtime, connection: None };
        engine.reopen()?;
        Ok(engine)
    }
}

impl Engine for Relational {
    fn append(&mut self, messages: &[Message]) -> Result<(), ProbeError> {
        let Self { runtime, connection, seed, .. } = self;
        let connection = opened(connection)?;
        runtime.block_on(async {
            let mut transaction = connection.begin().await?;
            for rows in messages.chunks(STATEMENT_ROWS) {
                insert(&mut transaction, rows, *seed).await?;
            }
            Ok(transaction.commit().await?)
        })
    }

    fn page(&mut self, conversation: u32, from: u32, to: u32) -> Result<Vec<u64>, ProbeError> {
        let rows = query_as::<_, (i64, i64, i64, String)>(
            "SELECT message_id, user, created_at, body FROM messages \
             WHERE channel = ?1 AND message_id <= ?2 ORDER BY message_id DESC LIMIT ?3",
        )
        .bind(conversation)
        .bind(to)
        .bind(to - from);
        let rows = self.runtime.block_on(rows.fetch_all(opened(&mut self.connection)?))?;
        rows.iter().rev().map(|(message_id, ..)| place(*message_id)).collect()
    }

    fn search(
        &mut self,
        conversation: u32,
        length: u32,
        word: &str,
    ) -> Result<Vec<u64>, ProbeError> {
        let rows = query_scalar::<_, i64>(
            "SELECT message_id FROM messages \
             WHERE channel = ?1 AND message_id <= ?2 AND body LIKE '%' || ?3 || '%' \
             ORDER BY message_id",
        )
        .bind(conversation)
        .bind(length)
        .bind(word);
        let rows = self.runtime.block_on(rows.fetch_all(opened(&mut self.connection)?))?;
        rows.into_iter().map(place).collect()
    }

    fn close(&mut self) -> Result<(), ProbeError> {
        match self.connection.take() {
            Some(connection) => Ok(self.runtime.block_on(connection.close())?),
            None => Ok(()),
        }
    }

    fn reopen(&mut self) -> Result<(), ProbeError> {
        self.close()?;
        // Synced with every commit, as the store of the messages is.
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Negative: in units of 1,024 bytes instead of pages.
            .pragma("cache_size", format!("-{}", CACHE_BYTES / 1024))
            .disable_statement_logging();
        let connection = self.runtime.block_on(async {
            let mut connection = options.connect().await?;
            for statement in SCHEMA {
                query(statement).execute(&mut connection).await?;
            }
            Ok::<_, sqlx::Error>(connection)
        })?;
        self.connection = Some(connection);
        Ok(())
    }
}

impl Drop for Relational {
    /// The file is free when the value is gone, so that its folder can be removed.
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the probe's database was not closed properly");
        }
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    messages: &[Message],
    seed: u64,
) -> Result<(), ProbeError> {
    let values = vec!["(?, ?, ?, ?, ?)"; messages.len()].join(", ");
    let statement = format!(
        "INSERT INTO messages (channel, message_id, user, created_at, body) VALUES {values}"
    );
    // Nothing but question marks was put into it.
    let mut insertion = query(AssertSqlSafe(statement));
    for message in messages {
        insertion = insertion
            .bind(message.conversation)
            .bind(message.place)
            .bind(i64::try_from(message.author().0).unwrap_or(i64::MAX))
            .bind(i64::try_from(message.written_ms()).unwrap_or(i64::MAX))
            .bind(message.body(seed));
    }
    let written = insertion.execute(connection).await?.rows_affected();
    if written == messages.len() as u64 {
        return Ok(());
    }
    Err(unexpected(&format!("{written} of {} rows were written", messages.len())))
}

fn opened(connection: &mut Option<SqliteConnection>) -> Result<&mut SqliteConnection, ProbeError> {
    connection.as_mut().ok_or_else(|| unexpected("the file is closed"))
}

fn place(message_id: i64) -> Result<u64, ProbeError> {
    u64::try_from(message_id).map_err(|_| unexpected("a place is negative"))
}

fn unexpected(what: &str) -> ProbeError {
    ProbeError::Answer { engine: ProbeEngine::Relational, what: what.to_owned() }
}
