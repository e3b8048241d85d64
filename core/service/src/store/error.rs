//! What can go wrong with a store's folder.

use std::path::PathBuf;

use hubbub_chat::design::Fanout;

use super::row::Table;

/// Why a store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has the folder open.
    #[error("{} is in use: stop the other store, or give this one a folder of its own", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written by a build that lays out rows otherwise.
    #[error(
        "{} holds format {found} and this build reads format {expected}: open it with the build that wrote it, or choose an empty folder",
        path.display()
    )]
    OtherFormat {
        /// The folder.
        path: PathBuf,
        /// The format in the folder.
        found: u32,
        /// The format of this build.
        expected: u32,
    },
    /// The folder holds rows but not the row that names their format.
    #[error("{} holds rows of no known format: choose an empty folder", path.display())]
    NoFormat {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written under another fan-out, so inboxes are there or missing.
    #[error(
        "{} was written with fanout {found} and cannot be opened with {wanted}: keep the fanout, or choose an empty folder",
        path.display()
    )]
    OtherFanout {
        /// The folder.
        path: PathBuf,
        /// What the folder was written with.
        found: Fanout,
        /// What it should be opened with.
        wanted: Fanout,
    },
    /// A row is missing or cannot be decoded.
    #[error("the table {table} is damaged ({reason}): restore the folder from a copy")]
    Damaged {
        /// Where.
        table: Table,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine failed.
    #[error("the storage engine failed: {0}")]
    Engine(#[from] fjall::Error),
    /// The operating system failed.
    #[error("the store's file or thread failed: {0}")]
    Io(#[from] std::io::Error),
}
