//! What `hubbub sim` prints: text for people, and what build servers read.

mod github;
mod human;
mod junit;

pub use github::github;
pub use human::human;
pub(crate) use human::violation_lines;
pub use junit::junit;
