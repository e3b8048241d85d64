//! A trace or a history as one page: a lane per host and device, messages as arrows between them.
//!
//! [`Drawing`] is worked out here and embedded as JSON; the scripts under `page/` only draw it.

mod derived;
mod drawing;
mod families;
mod faults;
mod lanes;
mod marks;
mod page;
mod shown;

pub use drawing::{Drawing, Fault, Lane, LaneKind, Mark, Moment, Shown};

use hubbub_history::{checkers::Finding, trace::Recording};

/// A trace or a history as an HTML page that needs nothing from elsewhere. `name` is that of the
/// file, and `findings` are what the checkers say of it.
#[must_use]
pub fn render_view(name: &str, recording: &Recording, findings: &[Finding]) -> String {
    page::render(&Drawing::of(name, recording, findings))
}
