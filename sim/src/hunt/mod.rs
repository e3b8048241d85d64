//! Hunting: schedules of faults drawn from seeds, and what is found made small.
//!
//! Nothing here starts a thread or reads a clock: [`draw`] gives a scenario for a seed, [`Case`] runs
//! it on the fast engine, [`shrink`] looks for a smaller one that fails in the same way ([`Failure`]), [`Shape`]
//! says whether it was found before, and [`Reproduction`] writes it down. The caller says on which
//! threads, and for how long.

mod aim;
mod case;
mod failure;
mod reproduction;
mod shape;
mod shrink;
mod swarm;

pub use case::{Case, Ran};
pub use failure::{Failure, PANIC, Panic, note_panic};
pub use reproduction::Reproduction;
pub use shape::Shape;
pub use shrink::{SHRINK_RUNS_MAX, Shrunk, Size, shrink};
pub use swarm::draw;
