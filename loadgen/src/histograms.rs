//! All distributions of a run, and the files they go to.

use std::{
    io::{self, Write},
    time::Duration,
};

use hdrhistogram::serialization::{
    V2DeflateSerializeError, V2DeflateSerializer,
    interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError, Tag},
};
use hubbub_chat::ChannelId;
use serde::{Deserialize, Serialize};

use crate::{
    latency::{Latency, LatencyTable},
    series::Window,
};

/// The distributions of a run, over the sends that were intended within the window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histograms {
    /// From the intended time to when the sending device took the message on: the generator's own
    /// delay, waiting for one of its threads included.
    pub schedule_lag: Latency,
    /// From the intended time to the acceptance.
    pub acceptance: ByKind,
    /// From the intended time to each delivery.
    pub delivery: ByKind,
    /// From the intended time to the delivery to the last recipient.
    pub last_recipient: ByKind,
    /// From the actual send to each delivery: what a generator that forgets how long a message
    /// waited to be sent would report. For comparison only.
    pub delivery_uncorrected: ByKind,
}

/// A distribution split by the kind of conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ByKind {
    /// Direct conversations.
    pub direct: Latency,
    /// Groups.
    pub group: Latency,
}

/// All distributions as a run bundle keeps them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyTables {
    /// From the intended time to when the generator acted.
    pub schedule_lag: LatencyTable,
    /// From the intended time to the acceptance.
    pub acceptance: KindTables,
    /// From the intended time to each delivery.
    pub delivery: KindTables,
    /// From the intended time to the delivery to the last recipient.
    pub last_recipient: KindTables,
    /// From the actual send to each delivery.
    pub delivery_uncorrected: KindTables,
}

/// A distribution as a whole and split by the kind of conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindTables {
    /// Both kinds together.
    pub all: LatencyTable,
    /// Direct conversations.
    pub direct: LatencyTable,
    /// Groups.
    pub group: LatencyTable,
}

/// Why an interval log was not written.
#[derive(Debug, thiserror::Error)]
pub enum IntervalLogError {
    /// The writer failed.
    #[error("the interval log cannot be written: {0}")]
    Io(#[from] io::Error),
    /// A histogram cannot be encoded.
    #[error("a histogram cannot be encoded: {0:?}")]
    Encode(V2DeflateSerializeError),
}

impl ByKind {
    /// The distribution that a conversation belongs to.
    pub fn of(&mut self, channel: ChannelId) -> &mut Latency {
        match channel {
            ChannelId::Direct(..) => &mut self.direct,
            ChannelId::Group(..) => &mut self.group,
        }
    }

    /// Both kinds together.
    #[must_use]
    pub fn all(&self) -> Latency {
        let mut all = self.direct.clone();
        all.add(&self.group);
        all
    }

    fn tables(&self) -> KindTables {
        let all = self.all().table();
        KindTables { all, direct: self.direct.table(), group: self.group.table() }
    }
}

impl Histograms {
    /// The form that a run bundle keeps.
    #[must_use]
    pub fn tables(&self) -> LatencyTables {
        LatencyTables {
            schedule_lag: self.schedule_lag.table(),
            acceptance: self.acceptance.tables(),
            delivery: self.delivery.tables(),
            last_recipient: self.last_recipient.tables(),
            delivery_uncorrected: self.delivery_uncorrected.tables(),
        }
    }

    /// Writes an interval log (`.hlog`) as the HdrHistogram tools read it: one line per
    /// distribution, tagged, in the compressed V2 format. It covers the window; its times count
    /// from the clock's beginning. Missing deliveries have no place in that format: a comment
    /// gives their number.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_interval_log(
        &self,
        window: Window,
        writer: &mut impl Write,
    ) -> Result<(), IntervalLogError> {
        let mut serializer = V2DeflateSerializer::new();
        let mut log = IntervalLogWriterBuilder::new()
            .add_comment("values are nanoseconds; the maximum column is milliseconds")
            .with_max_value_divisor(1e6)
            .begin_log_with(writer, &mut serializer)?;
        let start = Duration::from_nanos(window.start_ns);
        let duration = Duration::from_nanos(window.length_ns());
        for (name, latency) in self.named() {
            let missing = latency.samples() - latency.finite().len();
            log.write_comment(&format!("{name}: {missing} missing"))?;
            log.write_histogram(latency.finite(), start, duration, Tag::new(name))
                .map_err(IntervalLogError::from_writer)?;
        }
        Ok(())
    }

    fn named(&self) -> [(&'static str, &Latency); 9] {
        [
            ("schedule-lag", &self.schedule_lag),
            ("acceptance-direct", &self.acceptance.direct),
            ("acceptance-group", &self.acceptance.group),
            ("delivery-direct", &self.delivery.direct),
            ("delivery-group", &self.delivery.group),
            ("last-recipient-direct", &self.last_recipient.direct),
            ("last-recipient-group", &self.last_recipient.group),
            ("delivery-uncorrected-direct", &self.delivery_uncorrected.direct),
            ("delivery-uncorrected-group", &self.delivery_uncorrected.group),
        ]
    }
}

impl IntervalLogError {
    fn from_writer(error: IntervalLogWriterError<V2DeflateSerializeError>) -> Self {
        match error {
            IntervalLogWriterError::SerializeError(error) => Self::Encode(error),
            IntervalLogWriterError::IoError(error) => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use hubbub_chat::UserId;

    use super::*;

    #[test]
    fn kinds_are_kept_apart_and_add_up() {
        let mut latencies = ByKind::default();
        latencies.of(ChannelId::direct(UserId(1), UserId(2))).record(0, 1_000_000);
        latencies.of(ChannelId::group(UserId(1), 1)).record(0, 9_000_000);
        latencies.of(ChannelId::group(UserId(1), 1)).record_missing(1);
        let tables = latencies.tables();
        assert_eq!(tables.direct.summary.samples, 1);
        assert_eq!(tables.group.summary.samples, 2);
        assert_eq!((tables.all.summary.samples, tables.all.summary.missing), (3, 1));
    }

    #[test]
    fn the_interval_log_can_be_read_back() {
        let mut histograms = Histograms::default();
        histograms.delivery.direct.record(0, 5_000_000);
        histograms.delivery.direct.record_missing(7);
        let window = Window { start_ns: 3_000_000_000, end_ns: 13_000_000_000 };
        let mut bytes = Vec::new();
        histograms.write_interval_log(window, &mut bytes).unwrap();
        let entries: Vec<_> = IntervalLogIterator::new(&bytes).map(Result::unwrap).collect();
        let delivery = entries.iter().find_map(|entry| match entry {
            LogEntry::Interval(row) if row.tag()?.as_str() == "delivery-direct" => Some(row),
            _ => None,
        });
        let row = delivery.expect("the tag is there");
        assert_eq!(row.start_timestamp(), Duration::from_secs(3));
        assert_eq!(row.duration(), Duration::from_secs(10));
        assert!((row.max() - 5.0).abs() < 0.01, "{}", row.max());
        assert_eq!(entries.len(), 9);
        assert!(String::from_utf8(bytes).unwrap().contains("delivery-direct: 7 missing"));
    }
}
