//! The directory in SQLite, and that the model and it answer alike.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod contract;
mod differential;
mod file;
mod kill;
mod support;
