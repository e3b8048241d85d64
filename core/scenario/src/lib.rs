//! The scenario file: its schema, how it is read and refused, and the templates of new ones.
//!
//! [`Scenario::read`] judges a file in four steps: syntax, version, form (the keys and kinds of
//! value that the types ask for) and sense ([`Scenario::problems`]). Each step reports everything
//! it finds, with file, line, column and what to do.

mod applicable;
mod brief;
mod changes;
pub mod claim;
mod cluster;
mod duration;
mod engine;
mod error;
mod expect;
mod fault;
mod figure;
mod form;
mod hunt;
mod library;
mod load;
mod nearest;
mod offset;
mod overrides;
mod percent;
pub mod plan;
mod rate;
mod read;
mod reference;
mod schema;
mod shape;
mod source;
mod store_probe;
mod template;
mod validate;
mod variants;
mod workload;

pub use claim::Claim;
pub use cluster::{Cluster, Role};
pub use duration::Period;
pub use engine::Engine;
pub use error::{LocatedProblem, Location, Problem, ScenarioError};
pub use expect::{Expect, FigureBound, ViolationName};
pub use fault::{Fault, FaultKind, Parameter, Target};
pub use figure::Figure;
pub use hunt::Hunt;
pub use library::{Listed, Summary, list};
pub use load::Load;
pub use offset::Offset;
pub use percent::Percent;
pub use plan::{Plan, Spread};
pub use rate::Rate;
pub use read::Document;
pub use reference::{
    FaultEntry, FigureEntry, Knob, faults, figures, knobs, schema_json, schema_markdown,
};
pub use schema::{Kind, Run, SCENARIO_VERSION, Scenario, Variant};
pub use source::Position;
pub use store_probe::{StoreEngine, StoreProbe};
pub use template::template;
pub use variants::{BASE, Resolved};
pub use workload::{Groups, Workload};
