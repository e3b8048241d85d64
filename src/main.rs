//! The `hubbub` command line.
fn main() {}
