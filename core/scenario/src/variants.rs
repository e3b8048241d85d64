//! Variants: named changes of the base, resolved into whole scenarios.

use hubbub_chat::Design;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::changes::{changed, changes};
use crate::error::Problem;
use crate::{Expect, Scenario, Variant};

/// The name of what the file says without any variant.
pub const BASE: &str = "base";

/// One of the runs side by side: a whole design, and what it must come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// [`BASE`], or the variant's name.
    pub name: String,
    /// Every knob.
    pub design: Design,
    /// Every expectation.
    pub expect: Expect,
    /// The whole scenario as it is for this run: cluster, workload, faults and load with what the
    /// variant sets, and the same design and expectations as above. It has no variants and no claim.
    pub scenario: Scenario,
}

impl Scenario {
    /// The base and every variant, each as a whole.
    ///
    /// # Errors
    /// Where a variant has a key or value that its table does not know. A scenario out of a
    /// [`crate::Document`] has none such.
    pub fn resolve(&self) -> Result<Vec<Resolved>, Vec<Problem>> {
        let (mut resolved, mut problems) = (vec![self.resolve_base()], Vec::new());
        for (index, variant) in self.variants.iter().enumerate() {
            match self.resolve_variant(index, variant) {
                Ok(variant) => resolved.push(variant),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(resolved) } else { Err(problems) }
    }

    pub(crate) fn resolve_base(&self) -> Resolved {
        Resolved {
            name: BASE.into(),
            design: self.design.clone(),
            expect: self.expect.clone(),
            scenario: self.alone(),
        }
    }

    pub(crate) fn resolve_variant(
        &self,
        index: usize,
        variant: &Variant,
    ) -> Result<Resolved, Problem> {
        let at = |table: &str, reason: toml::de::Error| {
            Problem::new(format!("variant.{index}.{table}"), reason.message())
        };
        let mut scenario = self.alone();
        if !variant.set.is_empty() {
            scenario = changed(&scenario, &changes(&variant.set)).map_err(|problem| {
                let place = format!("variant.{index}.set.{}", problem.place);
                Problem { place: place.trim_end_matches('.').to_owned(), ..problem }
            })?;
        }
        scenario.design =
            merged(&scenario.design, &variant.design).map_err(|error| at("design", error))?;
        scenario.expect =
            merged(&scenario.expect, &variant.expect).map_err(|error| at("expect", error))?;
        Ok(Resolved {
            name: variant.name.clone(),
            design: scenario.design.clone(),
            expect: scenario.expect.clone(),
            scenario,
        })
    }

    /// The scenario without what concerns several runs.
    fn alone(&self) -> Self {
        Self { variants: Vec::new(), claim: None, ..self.clone() }
    }
}

/// The base with the keys of `changes` in place of its own.
fn merged<T: Serialize + DeserializeOwned>(
    base: &T,
    changes: &Table,
) -> Result<T, toml::de::Error> {
    let mut table = Table::try_from(base).map_err(|error| {
        <toml::de::Error as serde::de::Error>::custom(format!("the base has no TOML form: {error}"))
    })?;
    table.extend(changes.clone());
    table.try_into()
}
