//! Who sends what when, from a seed.
//!
//! A [`Population`] says who there is: users, their devices, whom they talk with and in which
//! groups. A [`Schedule`] says what they do, as a sorted list of [`Action`]s. Both follow from a
//! seed alone and are the same on every platform: nothing here reads a clock, and no function of a
//! platform's mathematics library takes part.
//!
//! Sends follow Poisson processes. Real traffic comes in sessions with heavy-tailed gaps, so a
//! Poisson schedule of the same mean has lower peaks: a result holds for this arrival process.

mod action;
mod arrivals;
mod body;
mod fan_out;
mod load;
mod population;
mod purpose;
mod sampling;
mod schedule;

pub use action::{Action, What};
pub use body::{message_number, numbered_body};
pub use fan_out::mean_fan_out;
pub use load::LoadShape;
pub use population::{Group, Population, PopulationShape, User};
pub use schedule::{ABSENCE, REJOIN_MARGIN, Schedule, ScheduleShape};
