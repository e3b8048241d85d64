//! The program as a person or a CI job meets it.

mod bad_input;
mod exit_status;
mod help;
mod kill;
mod lists;
mod program;
mod readme;
mod reports;
mod traces;
