//! Jobs that know nothing of each other, on all cores.

use std::{
    num::NonZero,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{available_parallelism, scope},
};

/// Does all jobs on all cores, and gives what came of them in the order of the jobs, whatever the
/// order in which they were done. `stop` is asked before each: once it says so, no further one is
/// begun, and those that were give what they have.
///
/// # Panics
/// When `work` does.
pub fn on_all_cores<J: Sync, R: Send>(
    jobs: &[J],
    stop: impl Fn() -> bool + Sync,
    work: impl Fn(&J) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while !stop() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { break };
            done.push((index, work(job)));
        }
        done
    };
    let count = available_parallelism().map_or(1, NonZero::get).min(jobs.len());
    let mut done: Vec<(usize, R)> = scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.flat_map(|done| done.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let jobs: Vec<u64> = (0..1000).collect();
        // The first jobs take longest.
        let work =
            |job: &u64| (0..(1000 - job) * 10).fold(*job, |sum, one| sum ^ (one % 2) ^ (one % 2));
        assert_eq!(on_all_cores(&jobs, || false, work), jobs);
        assert!(on_all_cores(&[] as &[u64], || false, work).is_empty());
    }

    #[test]
    fn what_was_begun_is_given_after_a_stop() {
        let begun = AtomicUsize::new(0);
        let jobs: Vec<usize> = (0..1000).collect();
        let done = on_all_cores(
            &jobs,
            || begun.load(Ordering::SeqCst) >= 10,
            |job| {
                begun.fetch_add(1, Ordering::SeqCst);
                *job
            },
        );
        assert_eq!(done.len(), begun.load(Ordering::SeqCst));
        assert!((10..1000).contains(&done.len()));
        assert_eq!(done, jobs[..done.len()]);
    }
}
