//! Hunting: what seeds draw, and what shrinking leaves of a failure.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod shrink;
mod situations;
mod support;
mod swarm;
