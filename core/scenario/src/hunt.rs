//! The `[hunt]` section: what `hubbub hunt` may vary, and what it must reach.

use std::collections::BTreeMap;

use hubbub_chat::situation::Situation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::changes::{Change, changed, changes};
use crate::error::Problem;
use crate::{FaultKind, Scenario};

/// A search for violations: each seed draws a schedule of faults, and one value for each key that may
/// vary. The faults that the file has itself come in addition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hunt {
    /// The kinds of fault to draw from. Each seed leaves some of them out.
    pub faults: Vec<FaultKind>,
    /// Faults of a schedule at most.
    pub faults_max: u32,
    /// Keys, dotted as with `--set`, each with a list of values of which a seed draws one:
    /// `{ "cluster.chat" = [1, 3], "design.fanout" = ["inbox", "channel-log"] }`. They are of
    /// `cluster`, `design` and `workload`.
    #[serde(skip_serializing_if = "Table::is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>", extend("x-unit" = "alternatives"))]
    pub vary: Table,
    /// Situations that a whole batch of seeds must reach: `hubbub hunt` fails otherwise.
    pub reach: Vec<Situation>,
}

impl Default for Hunt {
    fn default() -> Self {
        Self {
            faults: FaultKind::ALL.to_vec(),
            faults_max: 8,
            vary: Table::new(),
            reach: Vec::new(),
        }
    }
}

impl Hunt {
    /// The keys that may vary, each with how many values it may have.
    #[must_use]
    pub fn alternatives(&self) -> Vec<(String, usize)> {
        let count = |values: &Value| values.as_array().map_or(0, Vec::len);
        self.vary.iter().map(|(key, values)| (key.clone(), count(values))).collect()
    }
}

impl Scenario {
    /// The scenario with one value drawn for each key that its hunt may vary: of a list of so many
    /// values, `draw` says which.
    ///
    /// # Errors
    /// When what comes out is no scenario; whether it makes sense, [`Scenario::problems`] says.
    pub fn varied(&self, mut draw: impl FnMut(usize) -> usize) -> Result<Self, Problem> {
        let Some(hunt) = &self.hunt else { return Ok(self.clone()) };
        let mut drawn = Table::new();
        for (key, values) in &hunt.vary {
            let values = values.as_array().map_or(&[][..], Vec::as_slice);
            if let Some(value) = values.get(draw(values.len())) {
                drawn.insert(key.clone(), value.clone());
            }
        }
        changed(self, &changes(&drawn))
    }

    /// The scenario with dotted keys set to values, read again.
    ///
    /// # Errors
    /// As [`Scenario::varied`].
    pub fn with(&self, key: &str, value: Value) -> Result<Self, Problem> {
        changed(self, &[Change::new(key, value)])
    }
}
