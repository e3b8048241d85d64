//! Each checker catches what it is for, in planted histories, and lets correct histories pass.

mod accepted_lost;
mod causality;
mod converged;
mod duplicated;
mod explanation;
mod late_devices;
mod liveness;
mod log_rolled_back;
mod order;
mod random_histories;
mod real_time;
mod registry;
mod story;
mod unauthorised;
