//! What can go wrong with the directory's file.

use std::path::PathBuf;

/// Why a directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A build with later migrations has written the file.
    #[error(
        "{} has migration {version}, which this build does not know: open it with the build that wrote it, or choose an empty folder",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The migration.
        version: i64,
    },
    /// The file cannot be brought to the form of this build.
    #[error("{} cannot be migrated: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// The engine failed.
    #[error("{} cannot be opened as a directory: {source}", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: sqlx::Error,
    },
    /// The operating system failed.
    #[error("the folder or the thread of {} failed: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
}
