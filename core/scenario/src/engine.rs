//! The simulation engines, and what they cannot do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::{Document, Scenario, ScenarioError};

/// A simulation engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// An event queue over the machines: thousands of seeds.
    Fast,
    /// The whole service in a simulated network.
    #[default]
    Full,
}

impl Engine {
    /// The name as scenarios and the command line write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Scenario {
    /// The faults that an engine cannot do, each with the engine that can.
    #[must_use]
    pub fn engine_problems(&self, engine: Engine) -> Vec<Problem> {
        let beyond =
            self.faults.iter().enumerate().filter(|(_, it)| !it.kind.engines().contains(&engine));
        beyond
            .map(|(index, fault)| {
                let able: Vec<String> = fault
                    .kind
                    .engines()
                    .iter()
                    .map(|able| format!("`--engine {able}`, or `engine = \"{able}\"` in [run]"))
                    .collect();
                Problem::new(
                    format!("fault.{index}.kind"),
                    format!("the {engine} engine cannot do `{}`", fault.kind),
                )
                .advise(format!("use {}", able.join(", or ")))
            })
            .collect()
    }
}

impl Document {
    /// Refuses the scenario when an engine cannot do a fault of the base or of a variant.
    ///
    /// # Errors
    /// With every such fault, and the engine that can do it. What only a variant brings about is
    /// shown at the variant.
    pub fn check_engine(&self, engine: Engine) -> Result<(), ScenarioError> {
        let mut problems = self.scenario().engine_problems(engine);
        let of_base = problems.clone();
        // The base comes first, and then the variants in the order of the file.
        for (index, variant) in self.variants().iter().skip(1).enumerate() {
            let found = variant.scenario.engine_problems(engine).into_iter();
            problems.extend(found.filter(|problem| !of_base.contains(problem)).map(|problem| {
                let message = format!("{} in the variant `{}`", problem.message, variant.name);
                Problem {
                    place: format!("variant.{index}.set.{}", problem.place),
                    message,
                    ..problem
                }
            }));
        }
        if problems.is_empty() { Ok(()) } else { Err(self.refuse_all(problems)) }
    }
}
