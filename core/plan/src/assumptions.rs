//! Every parameter of a plan: its unit, where its default comes from, and how good that is.

mod sources;
mod table;

use hubbub_scenario::{Plan, Spread};
use serde::{Deserialize, Serialize};

pub use sources::{Source, sources};
pub(crate) use table::{PARAMETERS, Parameter};

/// A parameter with its range and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// Its key below `plan` in a scenario file.
    pub name: String,
    /// The value that needs least.
    pub low: f64,
    /// The value that is planned with.
    pub base: f64,
    /// The value that needs most.
    pub high: f64,
    /// Its unit; empty for a plain ratio.
    pub unit: String,
    /// Codes of the sources, for the low, base and high value where they differ.
    pub source: String,
    /// How good the base value is.
    pub mark: Mark,
}

/// How good a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Published; the source is named.
    Published,
    /// Derived from published figures.
    Derived,
    /// Assumed.
    Assumption,
    /// Given with the question, or by the scenario file.
    Given,
}

impl Mark {
    /// The letter that tables use: S, D, A or G.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Published => 'S',
            Self::Derived => 'D',
            Self::Assumption => 'A',
            Self::Given => 'G',
        }
    }
}

/// Every parameter of `section`. One that differs from its default is marked as given by the
/// scenario file.
#[must_use]
pub fn assumptions(section: &Plan) -> Vec<Assumption> {
    let (mut section, mut defaults) = (section.clone(), Plan::default());
    let spreads = PARAMETERS.iter().map(|parameter| {
        let value = *(parameter.spread)(&mut section);
        let default = *(parameter.spread)(&mut defaults);
        row(parameter.name, value, default, (parameter.unit, parameter.source, parameter.mark))
    });
    let mut rows: Vec<_> = spreads.collect();
    rows.extend(plain(&section, &defaults));
    rows
}

/// The parameters that have no range. Of the hourly weights the least, their mean and the greatest
/// are shown.
fn plain(section: &Plan, defaults: &Plan) -> Vec<Assumption> {
    let weights = |plan: &Plan| {
        let weights = &plan.time.hourly_weights;
        let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = weights.iter().copied().fold(0.0, f64::max);
        Spread::new(least, weights.iter().sum::<f64>() / 24.0, greatest)
    };
    let quota = |plan: &Plan| Spread::fixed(plan.push.fcm_default_quota_per_s);
    let zones = |plan: &Plan| Spread::fixed(f64::from(plan.reliability.zones));
    let zones_lost = |plan: &Plan| Spread::fixed(f64::from(plan.reliability.zones_lost));
    let known = |name, value: &dyn Fn(&Plan) -> Spread, unit, source, mark| {
        row(name, value(section), value(defaults), (unit, source, mark))
    };
    let hours = "x the average hour; least, mean, greatest";
    vec![
        known("time.hourly_weights", &weights, hours, "A", Mark::Assumption),
        known("push.fcm_default_quota_per_s", &quota, "1/s", "S22", Mark::Published),
        known("reliability.zones", &zones, "zones", "A", Mark::Assumption),
        known("reliability.zones_lost", &zones_lost, "zones", "A", Mark::Assumption),
    ]
}

fn row(
    name: &str,
    value: Spread,
    default: Spread,
    (unit, source, mark): (&str, &str, Mark),
) -> Assumption {
    let is_default = value == default;
    Assumption {
        name: name.to_owned(),
        low: value.low,
        base: value.base,
        high: value.high,
        unit: unit.to_owned(),
        source: if is_default { source } else { "scenario file" }.to_owned(),
        mark: if is_default { mark } else { Mark::Given },
    }
}
