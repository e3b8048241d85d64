//! From what the simulator gives to what the reports read.

use hubbub_history::checkers::Finding;
use hubbub_report::{
    CheckerOutcome, ExpectationOutcome, Expected, FaultOutcome, Series, SimReport, SimRun,
    VariantOutcome, Verdict, ViolationReport,
};
use hubbub_scenario::{Expect, Resolved, Variant};
use hubbub_sim::{Expectation, FaultEffect, Judged, Percentiles, expectations};

use crate::{
    manifest::quote,
    scenario_file::Overrides,
    simulate::{Simulated, Simulation},
};

/// Violations that are explained for each checker of a run; the rest are counted.
const EXPLAINED_MAX: usize = 3;

/// The report on runs of one scenario.
pub(crate) fn sim_report(
    simulation: &Simulation<'_>,
    runs: &[Simulated],
    overrides: &Overrides,
) -> SimReport {
    let document = simulation.document;
    let outcome = |(index, variant): (usize, &Resolved)| {
        let judged: Vec<Judged> =
            runs.iter().filter(|run| run.variant == index).map(|run| run.judged.clone()).collect();
        variant_outcome(simulation, index, variant, &judged)
    };
    let variants = simulation.variants.iter().enumerate().map(outcome).collect();
    let runs = runs.iter().map(|run| sim_run(simulation, run, overrides)).collect();
    SimReport::new(
        document.scenario().name.clone(),
        document.file_name().to_owned(),
        simulation.engine.as_str().to_owned(),
        variants,
        runs,
    )
}

fn variant_outcome(
    simulation: &Simulation<'_>,
    index: usize,
    variant: &Resolved,
    judged: &[Judged],
) -> VariantOutcome {
    let scenario = simulation.document.scenario();
    let written = scenario.variants.iter().find(|written| written.name == variant.name);
    let expectations = expectations(&simulation.variants[index].expect, judged);
    VariantOutcome {
        name: variant.name.clone(),
        changes: written.map(Variant::changes).unwrap_or_default(),
        expectations: expectations.into_iter().map(expectation).collect(),
    }
}

fn expectation(expectation: Expectation) -> ExpectationOutcome {
    let Expectation { what, wanted, got, met } = expectation;
    ExpectationOutcome { what, wanted, got, met }
}

fn sim_run(simulation: &Simulation<'_>, run: &Simulated, overrides: &Overrides) -> SimRun {
    let judged = &run.judged;
    let expect = &simulation.variants[run.variant].expect;
    let p = |percentiles: &Percentiles, value: f64| (percentiles.count > 0).then_some(value);
    let (deliver, recover) = (&judged.times.deliver, &judged.times.recover);
    let mut report = SimRun {
        variant: judged.variant.clone(),
        seed: judged.seed,
        verdict: Verdict::Pass,
        sends: judged.counts.sends,
        accepted: judged.counts.accepted,
        failed: judged.counts.failed,
        deliveries: judged.counts.delivered,
        devices: judged.counts.devices,
        channels: judged.counts.channels,
        deliver_p50_ms: p(deliver, deliver.p50_ms),
        deliver_p99_ms: p(deliver, deliver.p99_ms),
        recover_p99_ms: p(recover, recover.p99_ms),
        checkers: judged.findings.iter().map(|finding| checker(finding, expect, judged)).collect(),
        faults: judged.effects.iter().cloned().map(fault).collect(),
        series: run.history.as_ref().map(Series::of).unwrap_or_default(),
        expectations: Vec::new(),
        violations: violations(run),
        situations: judged.situations.iter().map(|it| it.as_str().to_owned()).collect(),
        healed_at_s: Some(run.healed_at_s),
        simulated_s: judged.simulated_s,
        cpu_s: judged.cpu_s,
        trace_envelopes: judged.envelopes,
        reproduce: reproduce(simulation, run, overrides),
    };
    report.verdict = report.judge();
    report
}

fn checker(finding: &Finding, expect: &Expect, judged: &Judged) -> CheckerOutcome {
    let is_it = |name: &hubbub_scenario::ViolationName| name.as_str() == finding.checker;
    let expected = if expect.violations.iter().any(is_it) {
        Expected::Violated
    } else if !finding.applies || !judged.applicable.iter().any(is_it) {
        Expected::NotApplicable
    } else {
        Expected::Holds
    };
    CheckerOutcome {
        name: finding.checker.clone(),
        judged: finding.judged,
        violations: finding.violations_total,
        expected,
    }
}

fn fault(effect: FaultEffect) -> FaultOutcome {
    let FaultEffect { id, kind, target, from_s, until_s, affected } = effect;
    FaultOutcome { id, kind, target, from_s, until_s, affected }
}

fn violations(run: &Simulated) -> Vec<ViolationReport> {
    let Some(history) = &run.history else { return Vec::new() };
    let findings = run.judged.findings.iter();
    let shown = findings.flat_map(|finding| finding.violations.iter().take(EXPLAINED_MAX));
    shown.map(|violation| ViolationReport::new(violation, history)).collect()
}

/// The one command that makes this run again.
fn reproduce(simulation: &Simulation<'_>, run: &Simulated, overrides: &Overrides) -> String {
    let file = quote(simulation.document.file_name());
    let (seed, engine) = (run.judged.seed, simulation.engine.as_str());
    let mut command = format!("hubbub sim {file} --seed {seed} --engine {engine}");
    if simulation.document.variants().len() > 1 {
        command.push_str(&format!(" --variant {}", quote(&run.judged.variant)));
    }
    for change in &overrides.set {
        command.push_str(&format!(" --set {}", quote(change)));
    }
    command
}
