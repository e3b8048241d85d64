//! How results are printed.

use clap::ValueEnum;
use serde::Serialize;

use crate::exit::{Failure, print};

/// How most verbs print their results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For programs; names stay the same between versions
    Json,
}

/// Prints a result for programs.
pub(crate) fn print_json(result: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    print(json(result)?)
}

/// A result for programs, as text.
pub(crate) fn json(result: &(impl Serialize + ?Sized)) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(result).map_err(Failure::new)?;
    Ok(json + "\n")
}
