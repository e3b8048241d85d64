//! The measured window and what happened in each second of it.

use serde::{Deserialize, Serialize};

const SECOND_NS: u64 = 1_000_000_000;

/// The time that is measured: from `start_ns` on and before `end_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When it begins, in nanoseconds of the run's clock.
    pub start_ns: u64,
    /// When it ends, in nanoseconds of the run's clock.
    pub end_ns: u64,
}

/// What happened in each second of the window, by the time at which it happened. The last second
/// is cut short when the window is no whole number of seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The window.
    pub window: Window,
    /// Its seconds, in order.
    pub seconds: Vec<Second>,
}

/// What happened in one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Sends that the generator began.
    pub sends: u64,
    /// Acceptances that came in.
    pub acceptances: u64,
    /// Deliveries that came in.
    pub deliveries: u64,
    /// The longest latency among those deliveries, in nanoseconds from the intended time.
    pub slowest_delivery_ns: u64,
}

impl Window {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn contains(self, at_ns: u64) -> bool {
        (self.start_ns..self.end_ns).contains(&at_ns)
    }

    /// How long it is, in nanoseconds.
    #[must_use]
    pub fn length_ns(self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// How long it is, in seconds.
    #[must_use]
    pub fn length_s(self) -> f64 {
        self.length_ns() as f64 / 1e9
    }
}

impl Series {
    /// A window in which nothing happened yet.
    #[must_use]
    pub fn new(window: Window) -> Self {
        let count = window.length_ns().div_ceil(SECOND_NS) as usize;
        Self { window, seconds: vec![Second::default(); count] }
    }

    /// A send was begun. What lies outside the window is not counted, here and below.
    pub fn note_send(&mut self, at_ns: u64) {
        if let Some(second) = self.second(at_ns) {
            second.sends += 1;
        }
    }

    /// An acceptance came in.
    pub fn note_acceptance(&mut self, at_ns: u64) {
        if let Some(second) = self.second(at_ns) {
            second.acceptances += 1;
        }
    }

    /// A delivery came in, so long after the intended time.
    pub fn note_delivery(&mut self, at_ns: u64, latency_ns: u64) {
        if let Some(second) = self.second(at_ns) {
            second.deliveries += 1;
            second.slowest_delivery_ns = second.slowest_delivery_ns.max(latency_ns);
        }
    }

    /// The window as one: sums, and the longest latency.
    #[must_use]
    pub fn total(&self) -> Second {
        self.seconds.iter().fold(Second::default(), |total, second| Second {
            sends: total.sends + second.sends,
            acceptances: total.acceptances + second.acceptances,
            deliveries: total.deliveries + second.deliveries,
            slowest_delivery_ns: total.slowest_delivery_ns.max(second.slowest_delivery_ns),
        })
    }

    fn second(&mut self, at_ns: u64) -> Option<&mut Second> {
        if !self.window.contains(at_ns) {
            return None;
        }
        self.seconds.get_mut(((at_ns - self.window.start_ns) / SECOND_NS) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_counts_in_its_own_second_and_only_within_the_window() {
        let window = Window { start_ns: SECOND_NS, end_ns: SECOND_NS * 7 / 2 };
        let mut series = Series::new(window);
        assert_eq!(series.seconds.len(), 3);
        for at_ns in [
            0,
            SECOND_NS - 1,
            SECOND_NS,
            2 * SECOND_NS - 1,
            2 * SECOND_NS,
            3_499_999_999,
            3_500_000_000,
        ] {
            series.note_send(at_ns);
            series.note_acceptance(at_ns);
            series.note_delivery(at_ns, at_ns / 100);
        }
        let sends: Vec<u64> = series.seconds.iter().map(|second| second.sends).collect();
        assert_eq!(sends, [2, 1, 1]);
        let total = series.total();
        assert_eq!((total.sends, total.acceptances, total.deliveries), (4, 4, 4));
        assert_eq!(series.seconds[0].slowest_delivery_ns, 19_999_999);
        assert_eq!(total.slowest_delivery_ns, 34_999_999);
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_empty() {
        let window = Window { start_ns: 5, end_ns: 3 };
        assert_eq!((window.length_ns(), Series::new(window).seconds.len()), (0, 0));
        assert!(!window.contains(4));
    }
}
