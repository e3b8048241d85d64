//! Variants: named changes of the base, resolved into whole designs.

use hubbub_chat::Design;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

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
}

impl Scenario {
    /// The base and every variant, each with its whole design and expectation.
    ///
    /// # Errors
    /// Where a variant has a key or value that its table does not know. A scenario out of a
    /// [`crate::Document`] has none such.
    pub fn resolve(&self) -> Result<Vec<Resolved>, Vec<Problem>> {
        let base = Resolved {
            name: BASE.into(),
            design: self.design.clone(),
            expect: self.expect.clone(),
        };
        let (mut resolved, mut problems) = (vec![base], Vec::new());
        for (index, variant) in self.variants.iter().enumerate() {
            match self.resolve_variant(index, variant) {
                Ok(variant) => resolved.push(variant),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(resolved) } else { Err(problems) }
    }

    pub(crate) fn resolve_variant(
        &self,
        index: usize,
        variant: &Variant,
    ) -> Result<Resolved, Problem> {
        let at = |table: &str, reason: toml::de::Error| {
            Problem::new(format!("variant.{index}.{table}"), reason.message())
        };
        Ok(Resolved {
            name: variant.name.clone(),
            design: changed(&self.design, &variant.design).map_err(|error| at("design", error))?,
            expect: changed(&self.expect, &variant.expect).map_err(|error| at("expect", error))?,
        })
    }
}

/// The base with the keys of `changes` in place of its own.
fn changed<T: Serialize + DeserializeOwned>(
    base: &T,
    changes: &Table,
) -> Result<T, toml::de::Error> {
    let mut table = Table::try_from(base).map_err(|error| {
        <toml::de::Error as serde::de::Error>::custom(format!("the base has no TOML form: {error}"))
    })?;
    table.extend(changes.clone());
    table.try_into()
}
