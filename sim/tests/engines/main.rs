//! Both engines, as those who use them see them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod determinism;
mod drawn_faults;
#[cfg(feature = "full")]
mod engines_agree;
mod fast_engine;
mod faults_fast;
#[cfg(feature = "full")]
mod figures_agree;
#[cfg(feature = "full")]
mod full_engine;
#[cfg(feature = "full")]
mod full_kinds;
#[cfg(feature = "full")]
mod kinds;
mod planted_machines;
mod random_faults;
mod support;
#[cfg(feature = "full")]
mod switched_networks;
mod torn_writes;
mod transports;
