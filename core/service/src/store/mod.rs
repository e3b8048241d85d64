//! The durable backend of the `Store` port: rows in fjall, group commit, and an
//! answer only once the disk has it.
//!
//! What a request comes to is decided by the types of the chat core ([`ChannelState`] and
//! [`SendWindow`]), which the pure model uses too. This folder adds where the rows are, and when
//! an answer may be given.
//!
//! [`ChannelState`]: hubbub_chat::ports::store::ChannelState
//! [`SendWindow`]: hubbub_chat::ports::store::SendWindow

mod error;
mod fjall;
pub mod group_commit;
mod row;

pub use self::{
    error::StoreError,
    fjall::{FjallConfig, FjallStore, JournalWrapper, Observer},
    row::{Row, Table},
};
