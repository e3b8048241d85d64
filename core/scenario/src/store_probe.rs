//! The `[store_probe]` section: what reading old messages costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Random reads of stored messages, measured on this machine's disk at several numbers of them:
/// jumps to a message by its id, and searches for a text in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreProbe {
    /// Numbers of stored messages to measure at, rising.
    pub levels: Vec<u64>,
    /// The engines to measure.
    pub engines: Vec<StoreEngine>,
    /// Reads of each sort at each level.
    pub reads: u32,
}

/// An engine that can keep messages.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StoreEngine {
    /// The store of the messages: ordered keys and values.
    KeyValue,
    /// A table with indexes in a relational database.
    Relational,
}

impl Default for StoreProbe {
    fn default() -> Self {
        Self {
            levels: vec![10_000, 100_000, 1_000_000],
            engines: vec![StoreEngine::KeyValue, StoreEngine::Relational],
            reads: 200,
        }
    }
}

impl StoreProbe {
    /// What a claim calls an engine at a level, such as `relational-10000`.
    #[must_use]
    pub fn column(engine: StoreEngine, level: u64) -> String {
        format!("{engine}-{level}")
    }

    /// Every engine at every level, as a claim calls them.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let levels =
            |engine: StoreEngine| self.levels.iter().map(move |level| Self::column(engine, *level));
        self.engines.iter().copied().flat_map(levels).collect()
    }
}

impl StoreEngine {
    /// The name as scenarios and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyValue => "key-value",
            Self::Relational => "relational",
        }
    }
}

impl std::fmt::Display for StoreEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
