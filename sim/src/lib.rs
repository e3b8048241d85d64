//! The two simulation engines and their faults.
//!
//! Both take the same [`Setup`] and give the same kind of [`Outcome`]: a history for the checkers, a
//! trace that is the same for the same seed, and what every fault did.

#[cfg(all(feature = "full", not(tokio_unstable)))]
compile_error!(
    "the full engine needs `--cfg tokio_unstable`: keep the setting of .cargo/config.toml (a RUSTFLAGS variable replaces it), or build with `--no-default-features`"
);

mod batch;
mod churn;
mod clock;
mod cpu;
mod custom;
mod disk;
mod ending;
pub mod fast;
mod faults;
mod figures;
#[cfg(feature = "full")]
pub mod full;
mod held;
mod hosts;
pub mod hunt;
mod judge;
mod latency;
mod links;
mod outcome;
#[cfg(feature = "planted-bugs")]
pub mod planted_bugs;
mod reach;
mod setup;
mod trace;
mod transport;

pub use batch::{Batch, BatchError, BatchOutcome, SeedRun, on_all_cores};
pub use churn::{Episode, episodes};
pub use custom::{CUSTOM_KIND, CustomFault, Fate, HostStrikes, Message, MessageKind};
pub use faults::{ActiveFault, FaultEffect, Strike};
pub use hosts::{HostId, Hosts};
pub use judge::{Counts, Expectation, Judged, expectations, judge, judge_with};
pub use latency::{DeliveryTimes, Percentiles};
pub use outcome::Outcome;
pub use setup::{LEAD, Setup, SetupError};
pub use trace::{Difference, first_difference};
pub use transport::TransportTotals;
