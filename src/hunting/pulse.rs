//! When it is time for another line.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Beats once per so much time at most, whoever asks.
pub(super) struct Pulse {
    every: Duration,
    last: Mutex<Instant>,
}

impl Pulse {
    pub(super) fn new(every: Duration, now: Instant) -> Self {
        Self { every, last: Mutex::new(now) }
    }

    /// Whether so much time has passed since the last beat; then this is one.
    pub(super) fn beats(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = now.saturating_duration_since(*last) >= self.every;
        if is_due {
            *last = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_beats_once_per_time() {
        let began = Instant::now();
        let pulse = Pulse::new(Duration::from_secs(30), began);
        let beats = [0, 29, 30, 31, 59, 60, 200, 201, 229, 230]
            .map(|after_s| pulse.beats(began + Duration::from_secs(after_s)));
        let (yes, no) = (true, false);
        assert_eq!(beats, [no, no, yes, no, no, yes, yes, no, no, yes]);
    }
}
