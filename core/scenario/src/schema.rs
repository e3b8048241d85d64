//! The sections of a scenario file.

use std::collections::BTreeMap;

use hubbub_chat::Design;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Claim, Cluster, Engine, Expect, Fault, Hunt, Load, Plan, StoreProbe, Workload};

/// The version of the form that this program reads.
pub const SCENARIO_VERSION: u32 = 1;

/// A scenario: a deployment, a design, a workload, faults and expectations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of this form: 1.
    pub version: u32,
    /// A short name in lower case with dashes; names the output folder.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub summary: String,
    /// Which hosts there are.
    #[serde(default)]
    pub cluster: Cluster,
    /// The design knobs. The default is the hardened design.
    #[serde(default)]
    pub design: Design,
    /// What users do in the simulation. Without it there is nothing to simulate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// What goes wrong, and when.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What must come out.
    #[serde(default)]
    pub expect: Expect,
    /// Named changes of the base, run beside it.
    #[serde(default, rename = "variant", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Seeds and engine.
    #[serde(default)]
    pub run: Run,
    /// What `hubbub hunt` may vary. Without it, it adds faults and varies nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunt: Option<Hunt>,
    /// What `hubbub load` does with it. Without it there is nothing to measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// What `hubbub plan` does with it. Without it there is nothing to plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What somebody says about the design, and what this scenario finds out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Reads of old messages to measure on this machine. Without it none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_probe: Option<StoreProbe>,
}

/// A named change of the base: of its design, of anything else that it simulates or measures, and
/// of what is expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name, in lower case with dashes; the file without variants is `base`.
    pub name: String,
    /// The knobs that differ from the base.
    #[serde(default)]
    #[schemars(with = "Design")]
    pub design: toml::Table,
    /// Other keys that differ from the base, dotted as with `--set`: `{ "cluster.chat" = 1,
    /// "workload.groups.size" = [10, 10] }`. They are of `cluster`, `design`, `workload`, `fault`,
    /// `expect` and `load`.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>", extend("x-unit" = "changes"))]
    pub set: toml::Table,
    /// The expectations that differ from the base.
    #[serde(default)]
    #[schemars(with = "Expect")]
    pub expect: toml::Table,
}

/// Seeds and engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Every seed is a run of its own; `--seed` and `--seeds` override them.
    pub seeds: Vec<u64>,
    /// The engine that simulates; `--engine` overrides it.
    pub engine: Engine,
}

impl Default for Run {
    fn default() -> Self {
        Self { seeds: vec![1], engine: Engine::Full }
    }
}

/// What a scenario file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It has a workload.
    Simulate,
    /// It has a `[load]` section.
    Measure,
    /// It has a `[plan]` section.
    Plan,
    /// It has a `[store_probe]` section.
    Probe,
}

impl Scenario {
    /// The scenario as a file, every value written out.
    ///
    /// # Errors
    /// When a value has no TOML form, such as a seed above 2^63 - 1.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// What the file asks for, in the order in which `hubbub run` does it.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let asked = [
            (self.workload.is_some(), Kind::Simulate),
            (self.load.is_some(), Kind::Measure),
            (self.plan.is_some(), Kind::Plan),
            (self.store_probe.is_some(), Kind::Probe),
        ];
        asked.into_iter().filter_map(|(asked, kind)| asked.then_some(kind)).collect()
    }
}
