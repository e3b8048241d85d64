//! From the figures of a run to what they say about the scenario's claim.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_loadgen::LoadResult;
use hubbub_report::{ClaimCrossing, ClaimFigure, ClaimLine, ClaimPoint, ClaimReport};
use hubbub_scenario::{
    Figure, Scenario,
    claim::{Finding, Meeting, SeriesFinding, evaluate},
};

use crate::{manifest::quote, simulate::Simulated};

/// The figures of each variant that ran, by its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// In the order in which they ran.
    names: Vec<String>,
    values: BTreeMap<(String, Figure), f64>,
    /// The seeds that were simulated.
    seeds: BTreeSet<u64>,
}

impl Figures {
    /// Those of a simulation: the mean over all seeds in which a figure was measured.
    pub(crate) fn of_runs(runs: &[Simulated]) -> Self {
        let mut figures = Self::default();
        let mut sums: BTreeMap<(String, Figure), (f64, u32)> = BTreeMap::new();
        for run in runs {
            let name = &run.judged.variant;
            figures.name(name);
            figures.seeds.insert(run.judged.seed);
            for (figure, value) in &run.judged.figures {
                let (sum, count) = sums.entry((name.clone(), *figure)).or_default();
                *sum += value;
                *count += 1;
            }
        }
        let mean = |(key, (sum, count)): (_, (f64, u32))| (key, sum / f64::from(count));
        figures.values = sums.into_iter().map(mean).collect();
        figures
    }

    /// Adds what a load on a real server cost under a variant.
    pub(crate) fn add_load(&mut self, variant: &str, result: &LoadResult) {
        let costs = result.calibration();
        let us_per_delivery = costs.server_cpu_s_per_delivery.map(|seconds| seconds * 1e6);
        let memory_bytes = result.server_connected_bytes().map(|bytes| bytes as f64);
        for (figure, value) in [
            (Figure::ServerCpuUsPerDelivery, us_per_delivery),
            (Figure::BytesPerConnection, costs.server_resident_bytes_per_connection),
            (Figure::KernelBytesPerConnection, costs.server_kernel_bytes_per_connection),
            (Figure::ServerMemoryBytes, memory_bytes),
        ] {
            self.add(variant, figure, value);
        }
    }

    /// Adds a figure of a variant, where it was measured.
    pub(crate) fn add(&mut self, variant: &str, figure: Figure, value: Option<f64>) {
        self.name(variant);
        if let Some(value) = value {
            self.values.insert((variant.to_owned(), figure), value);
        }
    }

    fn name(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}

/// What was found about the scenario's claim; `None` when it makes none. `file` is the scenario's,
/// for the command that finds it again.
pub(crate) fn claim_report(
    scenario: &Scenario,
    file: &str,
    figures: &Figures,
    confirmed: bool,
) -> Option<ClaimReport> {
    let claim = scenario.claim.as_ref()?;
    let names: Vec<&str> = figures.names.iter().map(String::as_str).collect();
    let value = |name: &str, figure| figures.values.get(&(name.to_owned(), figure)).copied();
    let finding = evaluate(claim, &names, value);
    let Finding { text, verdict, sentence, table, series, crossings } = finding;
    let rows = table.rows.into_iter().map(|row| ClaimFigure {
        name: row.figure.name().to_owned(),
        unit: row.figure.unit().to_owned(),
        description: row.figure.doc().to_owned(),
        values: row.values,
    });
    let crossing = |crossing: hubbub_scenario::claim::CrossingFinding| {
        let (at, projected) = match crossing.meeting {
            Meeting::At(level) => (Some(level), false),
            Meeting::Projected(level) => (Some(level), true),
            Meeting::Nowhere | Meeting::NotMeasured => (None, false),
        };
        ClaimCrossing { name: crossing.name, of: crossing.of, at, projected }
    };
    Some(ClaimReport {
        text,
        verdict: verdict.as_str().to_owned(),
        confirmed,
        sentence,
        seeds: figures.seeds.len() as u64,
        command: format!("hubbub run {}", quote(file)),
        variants: table.variants,
        figures: rows.collect(),
        lines: series.into_iter().map(line).collect(),
        crossings: crossings.into_iter().map(crossing).collect(),
    })
}

fn line(series: SeriesFinding) -> ClaimLine {
    let points =
        series.points.iter().map(|point| ClaimPoint { level: point.level, value: point.value });
    ClaimLine {
        name: series.name,
        figure: series.figure.name().to_owned(),
        points: points.collect(),
        slope: series.line.map(|line| line.slope),
        intercept: series.line.map(|line| line.intercept),
        r_squared: series.line.map(|line| line.r_squared),
        projected_at: series.projection.map(|projection| projection.at),
        projected: series.projection.and_then(|projection| projection.value),
    }
}
