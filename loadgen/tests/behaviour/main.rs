//! What the load generator does, one file per behaviour.

mod ledger;
mod model;
mod planted_faults;
mod result;
mod run;
mod verdict;
