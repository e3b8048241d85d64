//! Capacity planning: a population day, sizing and sensitivity.
//!
//! [`plan`] turns the `[plan]` section of a scenario, and the unit costs of a measured run where
//! there is one, into a [`Sizing`]: demand, servers, memory, storage, network, failures, cost and
//! how much each assumption matters. The formulas use the base values; each names its source by a
//! code, which [`sources`] explains. Rates are a second's, sizes are bytes, GB and Gb are decimal.
//!
//! The section must have no [`problems`](hubbub_scenario::Plan::problems) and the calibration no
//! [`problems`](Calibration::problems); otherwise the figures mean nothing, though nothing panics.

mod assumptions;
mod calibration;
mod cost;
mod day;
mod demand;
mod designs;
mod failure;
mod memory;
mod network;
mod sensitivity;
mod servers;
mod sizing;
mod storage;
mod validation;

pub use assumptions::{Assumption, Mark, Source, assumptions, sources};
pub use calibration::{Basis, Calibration, CalibrationProblem, NOT_MEASURED, UnitCost, unit_costs};
pub use cost::{Cost, CostLine};
pub use day::Hour;
pub use demand::{Demand, Levels, PresenceChoice};
pub use designs::{ConnectionDesign, FanOutDesign};
pub use failure::Failure;
pub use memory::Memory;
pub use network::{Network, Traffic};
pub use sensitivity::{Draws, Outcome, Percentiles, Sensitivity, Swing};
pub use servers::{Bound, Resource, Role, Servers};
pub use sizing::{Sizing, plan};
pub use storage::{Growth, Storage};
pub use validation::Comparison;
