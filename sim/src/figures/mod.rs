//! The figures of a run: everything that a simulation can measure.

mod histories;
mod machines;
mod transport;

use std::collections::BTreeMap;

use hubbub_history::HistoryFigures;
use hubbub_scenario::Figure;

use crate::{judge::Counts, latency::DeliveryTimes, outcome::Outcome, setup::Setup};
use histories::{from_history, placement_peak};
use machines::from_machines;
use transport::transport_figures;

/// What the figures are made from, besides the outcome.
pub(crate) struct Measured<'run> {
    pub(crate) history: &'run HistoryFigures,
    pub(crate) times: &'run DeliveryTimes,
    pub(crate) counts: &'run Counts,
}

/// The figures of a run. One for which there was nothing to measure is not among them.
pub(crate) fn figures(
    setup: &Setup,
    outcome: &Outcome,
    measured: &Measured<'_>,
) -> BTreeMap<Figure, f64> {
    let mut figures = BTreeMap::new();
    figures.extend(from_history(setup, outcome, measured));
    figures.extend(
        placement_peak(setup, &outcome.history).map(|share| (Figure::PlacementPeakShare, share)),
    );
    figures.extend(from_machines(&outcome.machines, measured));
    figures.extend(transport_figures(&outcome.transport, measured.counts, outcome.simulated_s));
    figures
}

/// `None` where there is nothing that it would be a share of.
fn ratio(count: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| count / of)
}
