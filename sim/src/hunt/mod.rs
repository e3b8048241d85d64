//! Hunting: schedules of faults drawn from seeds, and what is found made small.
//!
//! Nothing here starts a thread or reads a clock: [`draw`] gives a scenario for a seed, [`Case`] runs
//! it on the fast engine, and [`shrink`] looks for a smaller one that fails in the same way. The
//! caller says on which threads, and for how long.

mod aim;
mod case;
mod swarm;

pub use case::{Case, PANIC, Ran};
pub use swarm::draw;
