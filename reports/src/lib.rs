//! The run bundle and the reports made from it.
//!
//! A bundle is a folder that holds everything a run produced. Every figure of a report is read
//! from it by file and JSON pointer, and says from where: a report can be made again, offline,
//! at any later time.

mod bundle;
mod claim;
mod figure;
mod findings;
mod format;
mod headline;
mod html;
mod markdown;
mod place;
mod plot;
mod simulation;
mod summary;
mod unit;
mod verdict;
mod view;
mod violation;

pub use bundle::{
    Bundle, BundleError, BundleWriter, MANIFEST_VERSION, Machine, Manifest, Part, ScenarioOrigin,
    Tool,
};
pub use claim::{ClaimCrossing, ClaimFigure, ClaimLine, ClaimPoint, ClaimReport};
pub use findings::render_findings;
pub use format::{github, human, junit};
pub use headline::{Headline, headlines};
pub use html::render_html;
pub use markdown::render_markdown;
pub use place::Place;
pub use simulation::{
    CheckerOutcome, ExpectationOutcome, Expected, FaultOutcome, Series, SimReport, SimRun,
    SimTotals, SituationReached, VariantOutcome,
};
pub use summary::{REPORT_VERSION, render_json};
pub use unit::{NOT_MEASURED, Unit};
pub use verdict::{Overall, PartVerdict, Verdict};
pub use view::{Drawing, Fault, Lane, LaneKind, Mark, Moment, Shown, render_view};
pub use violation::{ContextEvent, ViolationReport};
