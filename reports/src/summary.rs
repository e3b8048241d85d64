//! `report.json`: the report for programs, in a form that stays the same.

use serde::Serialize;
use serde_json::Value;

use crate::{
    bundle::{Bundle, Manifest, Part},
    headline::headlines,
    simulation::{SimRun, SimTotals},
    verdict::{Overall, PartVerdict, Verdict},
};

/// The version of the form of `report.json`.
pub const REPORT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    verdict: Verdict,
    exit_status: u8,
    judged: Vec<PartVerdict>,
    manifest: &'a Manifest,
    headlines: Vec<Figure>,
    sections: Sections<'a>,
}

/// A figure with its place and both its forms.
#[derive(Serialize)]
struct Figure {
    id: &'static str,
    name: &'static str,
    from: String,
    per: Option<String>,
    unit: &'static str,
    value: Option<Value>,
    printed: String,
}

/// Null where the run has no such part.
#[derive(Serialize)]
struct Sections<'a> {
    simulation: Option<Simulation>,
    load: Option<Value>,
    calibration: Option<&'a Value>,
    plan: Option<&'a Value>,
    probe: Option<&'a Value>,
    claim: Option<&'a Value>,
    histories: &'a [String],
}

#[derive(Serialize)]
struct Simulation {
    engine: String,
    verdict: Verdict,
    totals: SimTotals,
    runs: Vec<Run>,
}

/// A run without its series, which stay in `sim.json`.
#[derive(Serialize)]
struct Run {
    variant: String,
    seed: u64,
    verdict: Verdict,
    reasons: Vec<String>,
    deliver_p99_ms: Option<f64>,
    recover_p99_ms: Option<f64>,
    violations: u64,
    reproduce: String,
}

/// A bundle as `report.json`.
#[must_use]
pub fn render_json(bundle: &Bundle) -> String {
    let overall = Overall::of(bundle);
    let report = Report {
        version: REPORT_VERSION,
        verdict: overall.verdict,
        exit_status: overall.verdict.exit_status(),
        judged: overall.parts,
        manifest: bundle.manifest(),
        headlines: figures(bundle),
        sections: Sections {
            simulation: simulation(bundle),
            load: bundle.document(Part::Load).map(without_curves),
            calibration: bundle.document(Part::Calibration),
            plan: bundle.document(Part::Plan),
            probe: bundle.document(Part::Probe),
            claim: bundle.document(Part::Claim),
            histories: bundle.histories(),
        },
    };
    // Everything in it came out of JSON or has a plain form, so it can always be JSON.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn figures(bundle: &Bundle) -> Vec<Figure> {
    let headlines = headlines(bundle).into_iter();
    headlines
        .map(|headline| Figure {
            id: headline.id,
            name: headline.name,
            from: headline.place.to_string(),
            per: headline.per.as_ref().map(ToString::to_string),
            unit: headline.unit.name(),
            value: headline.value(),
            printed: headline.printed(),
        })
        .collect()
}

fn simulation(bundle: &Bundle) -> Option<Simulation> {
    let report = bundle.sim()?;
    let runs = report.runs.into_iter().map(run).collect();
    Some(Simulation { engine: report.engine, verdict: report.verdict, totals: report.totals, runs })
}

/// Leaves out what only plots need; `load.json` has it.
fn without_curves(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept =
                object.iter().filter(|(key, _)| !["buckets", "series"].contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), without_curves(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_curves).collect(),
        other => other.clone(),
    }
}

fn run(run: SimRun) -> Run {
    Run {
        reasons: run.reasons(),
        violations: run.checkers.iter().map(|checker| checker.violations).sum(),
        variant: run.variant,
        seed: run.seed,
        verdict: run.verdict,
        deliver_p99_ms: run.deliver_p99_ms,
        recover_p99_ms: run.recover_p99_ms,
        reproduce: run.reproduce,
    }
}
