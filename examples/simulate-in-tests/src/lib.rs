//! What this crate adds to Hubbub for its tests: a checker and a fault of its own.

mod first_message;
mod slow_answers;

pub use first_message::FirstMessage;
pub use slow_answers::SlowAnswers;
