//! Each checker catches what it is for, in planted histories, and lets correct histories pass.

mod accepted_lost;
mod causality;
mod converged;
mod duplicated;
mod explanation;
mod figures;
mod group_limit;
mod ids;
mod late_devices;
mod leases;
mod liveness;
mod log_rolled_back;
mod order;
mod other_ids;
mod push;
mod random_histories;
mod real_time;
mod reassigned;
mod registry;
mod status;
mod story;
mod timeline;
mod truncated;
mod unauthorised;
