//! What can go wrong with a store's folder.

use std::path::PathBuf;

use hubbub_chat::design::{Fanout, Ids};

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
    /// The folder was written under other ids, so what names its entries does not fit.
    #[error(
        "{} was written with ids {found} and cannot be opened with {wanted}: keep the ids, or choose an empty folder",
        path.display()
    )]
    OtherIds {
        /// The folder.
        path: PathBuf,
        /// What the folder was written with.
        found: Ids,
        /// What it should be opened with.
        wanted: Ids,
    },
    /// A choice of the design that only the pure model carries out.
    #[error(
        "{knob} = {value} can be simulated only: choose another value for a store on disk, or simulate"
    )]
    SimulatedOnly {
        /// The choice, as a scenario spells it.
        knob: &'static str,
        /// Its value.
        value: String,
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
