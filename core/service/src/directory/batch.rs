//! The thread that owns the file, and the transactions in which requests are carried out.

use std::path::PathBuf;

use hubbub_chat::ports::{
    Outcome,
    directory::{DirectoryAnswer, DirectoryRequest},
};
use sqlx::{Connection, SqliteConnection, Transaction};
use tokio::runtime::Runtime;

use super::{DirectoryError, SqliteConfig, accounts, friends, io, profiles, schema};
use crate::disk::{Reply, Requests};

/// The thread's state.
pub(super) struct Worker {
    path: PathBuf,
    config: SqliteConfig,
    runtime: Runtime,
    /// Absent once the directory cannot go on: then everything is refused.
    connection: Option<SqliteConnection>,
}

/// A request that was begun, and where its answer goes.
type Begun = (DirectoryRequest, Reply<DirectoryAnswer>);

/// Why a batch did not become durable.
enum Failure {
    /// Nothing of it has reached the disk.
    Undone(sqlx::Error),
    /// Nobody knows.
    Commit(sqlx::Error),
}

impl Worker {
    pub(super) fn open(path: PathBuf, config: SqliteConfig) -> Result<Self, DirectoryError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|source| io(&path, source))?;
        let connection = runtime.block_on(schema::open(&path, config.busy_timeout))?;
        Ok(Self { path, config, runtime, connection: Some(connection) })
    }

    /// Serves until it is told to close or nobody can ask any more.
    pub(super) fn run(mut self, mut requests: Requests<DirectoryRequest, DirectoryAnswer>) {
        while let Some(first) = requests.next() {
            let mut batch = vec![first];
            // Those that wait behind it, as many as share a transaction.
            while batch.len() < self.config.batch_max
                && let Some(next) = requests.next_waiting()
            {
                batch.push(next);
            }
            self.carry_out(batch);
        }
        self.disconnect();
        requests.end();
    }

    fn carry_out(&mut self, batch: Vec<Begun>) {
        let requests: Vec<_> = batch.iter().map(|(request, _)| request.clone()).collect();
        let Some(connection) = &mut self.connection else {
            return batch.into_iter().for_each(|(_, reply)| reply(Outcome::Refused));
        };
        match self.runtime.block_on(transact(connection, requests)) {
            Ok(answers) => {
                let answered = batch.into_iter().zip(answers);
                answered.for_each(|((_, reply), answer)| reply(Outcome::Ok(answer)));
            }
            Err(Failure::Undone(error)) => {
                tracing::error!(%error, "the directory failed: a batch of requests is refused");
                batch.into_iter().for_each(|(_, reply)| reply(Outcome::Refused));
            }
            Err(Failure::Commit(error)) => {
                self.recover(&error);
                for (request, reply) in batch {
                    // A read saw rows that may not be there, but it has done nothing.
                    reply(if request.is_read() { Outcome::Refused } else { Outcome::Unknown });
                }
            }
        }
    }

    /// After a failed commit the file says what is true, unless the disk itself failed: then what is
    /// read back proves nothing, and only a person can say that the disk is sound.
    fn recover(&mut self, error: &sqlx::Error) {
        tracing::error!(%error, "a commit of the directory failed");
        self.disconnect();
        if is_disk_failure(error) {
            tracing::error!("the directory refuses everything from here on");
            return;
        }
        match self.runtime.block_on(schema::open(&self.path, self.config.busy_timeout)) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => {
                tracing::error!(%error, "the directory cannot be read: everything is refused");
            }
        }
    }

    fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = self.runtime.block_on(connection.close())
        {
            tracing::warn!(%error, "the directory's file was not closed properly");
        }
    }
}

/// Carries out requests in one transaction, all or none.
async fn transact(
    connection: &mut SqliteConnection,
    requests: Vec<DirectoryRequest>,
) -> Result<Vec<DirectoryAnswer>, Failure> {
    // A transaction that begins as a writer need not become one later, which another program could
    // prevent.
    let writes = requests.iter().any(|request| !request.is_read());
    let begun = match writes {
        true => connection.begin_with("BEGIN IMMEDIATE").await,
        false => connection.begin().await,
    };
    let mut transaction = begun.map_err(Failure::Undone)?;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        match handle(&mut transaction, request).await {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                undo(transaction).await;
                return Err(Failure::Undone(error));
            }
        }
    }
    transaction.commit().await.map_err(Failure::Commit)?;
    Ok(answers)
}

async fn undo(transaction: Transaction<'_, sqlx::Sqlite>) {
    // It is undone in any case: at the latest when the connection is closed.
    if let Err(error) = transaction.rollback().await {
        tracing::warn!(%error, "a transaction of the directory was not rolled back at once");
    }
}

/// Carries out one request.
async fn handle(
    rows: &mut SqliteConnection,
    request: DirectoryRequest,
) -> Result<DirectoryAnswer, sqlx::Error> {
    match request {
        DirectoryRequest::SignUp { name, password_hash } => {
            accounts::sign_up(rows, &name, &password_hash).await
        }
        DirectoryRequest::Credentials { name } => accounts::credentials(rows, &name).await,
        DirectoryRequest::Login { user, token } => accounts::log_in(rows, user, token).await,
        DirectoryRequest::Authenticate { token } => accounts::authenticate(rows, token).await,
        DirectoryRequest::Logout { device } => accounts::log_out(rows, device).await,
        DirectoryRequest::Devices { user } => accounts::devices(rows, user).await,
        DirectoryRequest::Befriend { user, other } => friends::befriend(rows, user, other).await,
        DirectoryRequest::Unfriend { user, other } => friends::unfriend(rows, user, other).await,
        DirectoryRequest::Friends { user } => friends::friends(rows, user).await,
        DirectoryRequest::Profile { user } => profiles::profile(rows, user).await,
        DirectoryRequest::WriteProfile { user, profile } => {
            profiles::write_profile(rows, user, profile).await
        }
        DirectoryRequest::Settings { user } => profiles::settings(rows, user).await,
        DirectoryRequest::WriteSettings { user, settings } => {
            profiles::write_settings(rows, user, &settings).await
        }
    }
}

/// Whether SQLite reports an input or output error or a damaged file (its primary codes 10 and 11).
fn is_disk_failure(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let primary = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    matches!(primary, Some(10 | 11))
}
