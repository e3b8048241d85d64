//! A bundle such as a run leaves behind: a simulation whose naive variant loses messages, a
//! measured load and a plan.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of the sample")]

mod claim;
mod load;
mod simulation;

use std::{collections::BTreeMap, path::Path};

use hubbub_plan::{Calibration, plan};
use hubbub_report::{
    Bundle, BundleWriter, MANIFEST_VERSION, Machine, Manifest, Part, ScenarioOrigin, Tool,
};
use hubbub_scenario::Plan;
use serde_json::Value;

pub(crate) use claim::{claim, probe};
pub(crate) use load::load_result;
pub(crate) use simulation::{
    failing_history, failing_simulation, lost_message, passing_simulation,
};

pub(crate) const SCENARIO: &str = "version = 1\nname = \"partition\"\n# 5 < 6 & \"quoted\"\n";

pub(crate) fn manifest() -> Manifest {
    Manifest {
        version: MANIFEST_VERSION,
        tool: Tool { version: "0.1.0".to_owned(), revision: "3cb4709".to_owned() },
        scenario: ScenarioOrigin {
            name: "partition".to_owned(),
            summary:
                "A chat server is cut off from the store for 20 s. No accepted message may be lost."
                    .to_owned(),
            file: "scenarios/partition.toml".to_owned(),
            hash: "b2:9f04c1d7e6a8".to_owned(),
        },
        seeds: vec![7, 8],
        command_line: "hubbub run scenarios/partition.toml --seeds 7..8".to_owned(),
        machine: Machine {
            cpu: Some("Example 9000 @ 3.0GHz".to_owned()),
            cores: Some(2),
            memory_bytes: Some(16_000_000_000),
            system: "linux 6.1.0".to_owned(),
        },
        started_at: "2025-11-21T20:15:00Z".to_owned(),
        notes: Vec::new(),
    }
}

pub(crate) fn calibration() -> Calibration {
    Calibration {
        version: Calibration::VERSION,
        machine: "Example 9000 @ 3.0GHz, 2 cores, linux 6.1.0".to_owned(),
        revision: "3cb4709".to_owned(),
        scope: "chat and store in one process".to_owned(),
        connections: Some(2_000.0),
        deliveries_per_s: Some(4_001.3),
        cpu_seconds_per_delivery: Some(14.2e-6),
        bytes_per_connection: Some(9_800.0),
        ..Calibration::default()
    }
}

/// The parts of a run in which everything passed.
pub(crate) fn passing_parts() -> BTreeMap<Part, Value> {
    parts(serde_json::to_value(passing_simulation()).unwrap())
}

/// The parts of a run whose simulation failed.
pub(crate) fn failing_parts() -> BTreeMap<Part, Value> {
    parts(serde_json::to_value(failing_simulation()).unwrap())
}

fn parts(simulation: Value) -> BTreeMap<Part, Value> {
    let sizing = plan(&Plan::default(), Some(&calibration()));
    BTreeMap::from([
        (Part::Sim, simulation),
        (Part::Load, load_result()),
        (Part::Calibration, serde_json::to_value(calibration()).unwrap()),
        (Part::Plan, serde_json::to_value(sizing).unwrap()),
        (Part::Probe, probe()),
        (Part::Claim, serde_json::to_value(claim()).unwrap()),
    ])
}

pub(crate) fn in_memory(parts: BTreeMap<Part, Value>) -> Bundle {
    Bundle::in_memory(manifest(), SCENARIO.to_owned(), parts).unwrap()
}

/// Writes the parts and a history into a folder, as a run does.
pub(crate) fn write(folder: &Path, parts: &BTreeMap<Part, Value>) -> BundleWriter {
    let writer = BundleWriter::begin(folder, &manifest(), SCENARIO).unwrap();
    for (part, value) in parts {
        writer.write_part(*part, value).unwrap();
    }
    writer.write_history("naive-7", &failing_history()).unwrap();
    writer.write_histograms("load", b"#[a log]\n").unwrap();
    writer
}
