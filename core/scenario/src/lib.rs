//! The scenario file: its schema, how it is read and refused, and the templates of new ones.
//!
//! [`Scenario::read`] judges a file in four steps: syntax, version, form (the keys and kinds of
//! value that the types ask for) and sense ([`Scenario::problems`]). Each step reports everything
//! it finds, with file, line, column and what to do.

mod duration;
mod error;
mod fault;
mod form;
mod library;
mod load;
mod nearest;
mod overrides;
pub mod plan;
mod rate;
mod read;
mod reference;
mod schema;
mod shape;
mod source;
mod template;
mod validate;
mod variants;

pub use duration::Period;
pub use error::{LocatedProblem, Location, Problem, ScenarioError};
pub use fault::{Fault, FaultKind};
pub use library::{Listed, Summary, list};
pub use load::Load;
pub use plan::{Plan, Spread};
pub use rate::Rate;
pub use read::Document;
pub use reference::{FaultEntry, Knob, faults, knobs, schema_json, schema_markdown};
pub use schema::{
    Cluster, Engine, Expect, Groups, Kind, Run, SCENARIO_VERSION, Scenario, Variant, ViolationName,
    Workload,
};
pub use source::Position;
pub use template::template;
pub use variants::{BASE, Resolved};
