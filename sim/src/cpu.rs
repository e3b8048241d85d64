//! Processor time.

use rustix::time::{ClockId, clock_gettime};

/// What the calling thread has used of a processor so far, in seconds.
pub(crate) fn thread_cpu_s() -> f64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
