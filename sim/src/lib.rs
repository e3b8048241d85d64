//! The two simulation engines and their faults.
