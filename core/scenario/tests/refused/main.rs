//! Files that are no scenarios, and scenarios that make no sense, are refused with their place.

mod claim;
mod cluster;
mod expectations;
mod fault_kinds;
mod faults;
mod form;
mod load;
mod population;
mod store_probe;
mod support;
mod variants;
mod whole;
mod workload;
