//! The program as a person or a CI job meets it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bad_input;
mod claims;
mod exit_status;
mod findings;
mod help;
mod hunt;
mod kill;
mod lists;
mod phone;
mod program;
mod readme;
mod regressions;
mod reports;
mod serve_roles;
mod traces;
mod view;
