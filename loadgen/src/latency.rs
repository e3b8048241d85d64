//! One distribution of latencies, in which a missing delivery is a latency without end.

use std::fmt;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Latencies below this are told apart no further: 1 µs, in nanoseconds.
const SHORTEST_NS: u64 = 1_000;
/// Latencies above this count as this: one hour, in nanoseconds.
const LONGEST_NS: u64 = 3_600_000_000_000;
/// Significant decimal digits that are kept.
const DIGITS: u8 = 3;

/// A distribution of latencies.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    finite: Histogram<u64>,
    missing: u64,
    negative: u64,
}

/// A value of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// There is nothing to read.
    NoSamples,
    /// So many nanoseconds, to three significant digits.
    Nanoseconds(u64),
    /// What was waited for never came: longer than any number.
    Missing,
}

/// A distribution for a person to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// How many there were, the missing ones among them.
    pub samples: u64,
    /// How many never came.
    pub missing: u64,
    /// How many came before they were sent. That cannot be: the clock is broken.
    pub negative: u64,
    /// The mean in nanoseconds; absent when there are no samples or one is missing.
    pub mean_ns: Option<f64>,
    /// The shortest.
    pub min: Reading,
    /// The median.
    pub p50: Reading,
    /// Nine of ten are no longer.
    pub p90: Reading,
    /// 99 of a hundred are no longer.
    pub p99: Reading,
    /// 999 of a thousand are no longer.
    pub p999: Reading,
    /// The longest.
    pub max: Reading,
}

/// A distribution as a run bundle keeps it: reports are drawn from this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyTable {
    /// What a person reads. It follows from the rest.
    pub summary: LatencySummary,
    /// The finite latencies, shortest first, without empty buckets.
    pub buckets: Vec<Bucket>,
}

/// A range of latencies and how many fell into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The longest latency that belongs here, in nanoseconds.
    pub up_to_ns: u64,
    /// How many.
    pub count: u64,
}

impl Default for Latency {
    fn default() -> Self {
        let finite = Histogram::new_with_bounds(SHORTEST_NS, LONGEST_NS, DIGITS)
            .expect("the bounds are constants that a histogram can have");
        Self { finite, missing: 0, negative: 0 }
    }
}

impl Latency {
    /// Counts the time from `from_ns` to `to_ns`.
    pub fn record(&mut self, from_ns: u64, to_ns: u64) {
        match to_ns.checked_sub(from_ns) {
            Some(latency_ns) => self.finite.saturating_record(latency_ns),
            None => self.negative += 1,
        }
    }

    /// Counts `count` latencies that never ended.
    pub fn record_missing(&mut self, count: u64) {
        self.missing += count;
    }

    /// Counts everything that `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.finite.add(&other.finite).expect("all latencies have the same bounds");
        self.missing += other.missing;
        self.negative += other.negative;
    }

    /// How many there were, the missing ones among them.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.finite.len() + self.missing
    }

    /// The finite latencies.
    #[must_use]
    pub fn finite(&self) -> &Histogram<u64> {
        &self.finite
    }

    /// The form that a run bundle keeps.
    #[must_use]
    pub fn table(&self) -> LatencyTable {
        let buckets: Vec<Bucket> = self
            .finite
            .iter_recorded()
            .map(|step| Bucket {
                up_to_ns: step.value_iterated_to(),
                count: step.count_since_last_iteration(),
            })
            .collect();
        let mean_ns = (self.missing == 0 && !self.finite.is_empty()).then(|| self.finite.mean());
        let read = |per_mille| reading(&buckets, self.missing, per_mille);
        let summary = LatencySummary {
            samples: self.samples(),
            missing: self.missing,
            negative: self.negative,
            mean_ns,
            min: read(0),
            p50: read(500),
            p90: read(900),
            p99: read(990),
            p999: read(999),
            max: read(1000),
        };
        LatencyTable { summary, buckets }
    }

    /// The summary alone.
    #[must_use]
    pub fn summary(&self) -> LatencySummary {
        self.table().summary
    }
}

impl LatencyTable {
    /// The latency that `per_mille` of a thousand do not exceed, from the buckets: 990 is the 99th
    /// percentile, 0 the shortest and 1000 the longest. The nearest-rank method.
    #[must_use]
    pub fn reading(&self, per_mille: u32) -> Reading {
        reading(&self.buckets, self.summary.missing, per_mille)
    }
}

impl Reading {
    /// The number, if it is one.
    #[must_use]
    pub fn nanoseconds(self) -> Option<u64> {
        match self {
            Self::Nanoseconds(value_ns) => Some(value_ns),
            Self::NoSamples | Self::Missing => None,
        }
    }

    /// Whether it is longer than `limit_ns`. A missing one is longer than any limit; without
    /// samples nothing is longer.
    #[must_use]
    pub fn exceeds(self, limit_ns: u64) -> bool {
        match self {
            Self::NoSamples => false,
            Self::Nanoseconds(value_ns) => value_ns > limit_ns,
            Self::Missing => true,
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSamples => formatter.write_str("no samples"),
            Self::Nanoseconds(value_ns) => formatter.write_str(&readable(*value_ns)),
            Self::Missing => formatter.write_str("never"),
        }
    }
}

/// Nanoseconds for a person, such as `7.12 ms`.
pub(crate) fn readable(value_ns: u64) -> String {
    let value = value_ns as f64;
    match value_ns {
        0..1_000_000 => format!("{} µs", three_digits(value / 1e3)),
        1_000_000..1_000_000_000 => format!("{} ms", three_digits(value / 1e6)),
        _ => format!("{} s", three_digits(value / 1e9)),
    }
}

/// At least three significant digits and no zeros at the end of a fraction.
fn three_digits(value: f64) -> String {
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

fn reading(buckets: &[Bucket], missing: u64, per_mille: u32) -> Reading {
    let finite: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    let samples = u128::from(finite) + u128::from(missing);
    if samples == 0 {
        return Reading::NoSamples;
    }
    let rank = (samples * u128::from(per_mille)).div_ceil(1000).max(1);
    let mut passed = 0;
    let holding = buckets.iter().find(|bucket| {
        passed += u128::from(bucket.count);
        passed >= rank
    });
    holding.map_or(Reading::Missing, |bucket| Reading::Nanoseconds(bucket.up_to_ns))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(latencies_ns: &[u64]) -> Latency {
        let mut latency = Latency::default();
        latencies_ns.iter().for_each(|value_ns| latency.record(1_000, 1_000 + value_ns));
        latency
    }

    proptest! {
        #[test]
        fn percentiles_are_the_nearest_ranks_to_three_digits(
            mut values in prop::collection::vec(1_000..1_000_000_000_u64, 1..300),
            per_mille in 0..=1000_u32,
        ) {
            let table = of(&values).table();
            values.sort_unstable();
            let rank = (values.len() * per_mille as usize).div_ceil(1000).max(1);
            let exact = values[rank - 1];
            let read = table.reading(per_mille).nanoseconds().unwrap();
            // A bucket's upper bound is at most one part in a thousand, or 1 µs, above.
            prop_assert!(read >= exact && read <= exact + exact / 1000 + 1_000, "{read} for {exact}");
        }

        #[test]
        fn a_table_survives_json(values in prop::collection::vec(0..10_000_000_u64, 0..50), missing in 0..3_u64) {
            let mut latency = of(&values);
            latency.record_missing(missing);
            let mut table = latency.table();
            // Whole numbers survive the text exactly; the mean need not.
            table.summary.mean_ns = table.summary.mean_ns.map(f64::round);
            let text = serde_json::to_string(&table).unwrap();
            prop_assert_eq!(serde_json::from_str::<LatencyTable>(&text).unwrap(), table);
        }
    }

    #[test]
    fn a_missing_delivery_is_longer_than_any_other() {
        let mut latency = of(&[1_000_000; 98]);
        latency.record_missing(2);
        let summary = latency.summary();
        assert_eq!((summary.samples, summary.missing), (100, 2));
        assert!(!summary.p90.exceeds(1_100_000));
        assert_eq!((summary.p99, summary.max), (Reading::Missing, Reading::Missing));
        assert!(summary.p99.exceeds(u64::MAX));
        assert_eq!(summary.mean_ns, None);
    }

    #[test]
    fn a_latency_below_zero_is_counted_apart() {
        let mut latency = of(&[5_000]);
        latency.record(10, 9);
        let summary = latency.summary();
        assert_eq!((summary.samples, summary.negative), (1, 1));
    }

    #[test]
    fn without_samples_there_is_nothing_to_read() {
        let summary = Latency::default().summary();
        assert_eq!((summary.p99, summary.mean_ns), (Reading::NoSamples, None));
        assert!(!summary.p99.exceeds(0));
    }

    #[test]
    fn readings_are_readable() {
        for (value_ns, text) in [
            (0, "0 µs"),
            (1_500, "1.5 µs"),
            (7_123_000, "7.12 ms"),
            (250_000_000, "250 ms"),
            (2_000_000_000, "2 s"),
        ] {
            assert_eq!(Reading::Nanoseconds(value_ns).to_string(), text);
        }
    }
}
