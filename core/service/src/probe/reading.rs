//! The reads of one level, in turns.
#![expect(
    clippy::disallowed_types,
    reason = "a probe measures this machine by its own clock: no simulation runs it"
)]

use std::time::{Duration, Instant};

use super::{
    ProbeError, ProbeRow, Surroundings,
    filled::Filled,
    messages::{Read, Traffic},
};

/// Messages of the page that a jump reads.
const PAGE: u32 = 50;

/// A store under measurement.
struct Subject<'a> {
    filled: &'a mut Filled,
    reads: Vec<Read>,
    jumps: Times,
    searches: Times,
    /// Reads of as many messages as those of the smallest store.
    reads_as_long: Vec<Read>,
    searches_as_long: Times,
    /// Messages that its searches looked through.
    searched: u64,
}

/// How long reads took, in microseconds.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

/// Measures the stores of a level, opened again, in turns with the smallest ones; `None` when it was
/// stopped. Without stores the smallest ones are the level.
pub(super) fn read_level(
    stores: &mut [Filled],
    smallest: &mut [Filled],
    traffic: &Traffic,
    reads: u32,
    surroundings: &Surroundings<'_>,
) -> Result<Option<Vec<ProbeRow>>, ProbeError> {
    let opened = |filled| Subject::open(filled, traffic, reads);
    let mut stores = stores.iter_mut().map(opened).collect::<Result<Vec<_>, _>>()?;
    let mut smallest = smallest.iter_mut().map(opened).collect::<Result<Vec<_>, _>>()?;
    for subject in &mut stores {
        let like = smallest.first().map_or(&[][..], |smallest| &smallest.reads);
        subject.reads_as_long = traffic.reads_as_long(&subject.filled.lengths, like);
    }
    for ask in [Ask::Jump, Ask::Search] {
        for read in 0..reads as usize {
            if (surroundings.is_cancelled)() {
                return Ok(None);
            }
            take_turn(&mut stores, read, surroundings, ask)?;
            if matches!(ask, Ask::Search) {
                take_turn(&mut stores, read, surroundings, Ask::SearchAsLong)?;
            }
            take_turn(&mut smallest, read, surroundings, ask)?;
        }
    }
    let rows = match stores.as_slice() {
        [] => smallest.iter().map(|subject| subject.row(subject)).collect(),
        _ => {
            stores.iter().zip(&smallest).map(|(subject, smallest)| subject.row(smallest)).collect()
        }
    };
    stores.iter_mut().chain(&mut smallest).try_for_each(|subject| subject.filled.store.close())?;
    Ok(Some(rows))
}

/// A sort of read.
#[derive(Clone, Copy)]
enum Ask {
    /// The page that ends at a place.
    Jump,
    /// A word in a whole conversation.
    Search,
    /// The same in as many messages as the smallest store's.
    SearchAsLong,
}

/// The same read of every engine, which must find the same. Who comes first changes.
fn take_turn(
    group: &mut [Subject<'_>],
    read: usize,
    surroundings: &Surroundings<'_>,
    ask: Ask,
) -> Result<(), ProbeError> {
    let count = group.len();
    let mut first: Option<(usize, Vec<u64>)> = None;
    for turn in 0..count {
        let place = (read + turn) % count;
        let found = match ask {
            Ask::Jump => group[place].jump(read, surroundings)?,
            Ask::Search => group[place].search(read, surroundings)?,
            Ask::SearchAsLong => group[place].search_as_long(read, surroundings)?,
        };
        match &first {
            None => first = Some((place, found)),
            Some((other, expected)) if *expected != found => {
                return Err(ProbeError::Disagreement {
                    engine: group[place].filled.engine,
                    other: group[*other].filled.engine,
                    conversation: group[place].read_of(ask, read).conversation,
                });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

impl<'a> Subject<'a> {
    fn open(filled: &'a mut Filled, traffic: &Traffic, reads: u32) -> Result<Self, ProbeError> {
        filled.store.reopen()?;
        let reads = traffic.reads(filled.messages(), &filled.lengths, reads).collect();
        Ok(Self {
            filled,
            reads,
            jumps: Times::default(),
            searches: Times::default(),
            reads_as_long: Vec::new(),
            searches_as_long: Times::default(),
            searched: 0,
        })
    }

    fn jump(
        &mut self,
        read: usize,
        surroundings: &Surroundings<'_>,
    ) -> Result<Vec<u64>, ProbeError> {
        let Read { conversation, place, .. } = self.reads[read];
        let from = place.saturating_sub(PAGE);
        let Self { filled, jumps, .. } = self;
        let found = jumps.time(surroundings, || filled.store.page(conversation, from, place))?;
        let expected = u64::from(from) + 1..=u64::from(place);
        if found.iter().copied().eq(expected) {
            return Ok(found);
        }
        let what = format!("the page up to {place} of conversation {conversation} is {found:?}");
        Err(ProbeError::Answer { engine: filled.engine, what })
    }

    fn search(
        &mut self,
        read: usize,
        surroundings: &Surroundings<'_>,
    ) -> Result<Vec<u64>, ProbeError> {
        let Read { conversation, length, word, .. } = self.reads[read];
        self.searched += u64::from(length);
        let Self { filled, searches, .. } = self;
        searches.time(surroundings, || filled.store.search(conversation, length, word))
    }

    /// Where a read of that sort goes.
    fn read_of(&self, ask: Ask, read: usize) -> Read {
        match ask {
            Ask::Jump | Ask::Search => self.reads[read],
            Ask::SearchAsLong => self.reads_as_long[read],
        }
    }

    fn search_as_long(
        &mut self,
        read: usize,
        surroundings: &Surroundings<'_>,
    ) -> Result<Vec<u64>, ProbeError> {
        let Read { conversation, length, word, .. } = self.reads_as_long[read];
        let Self { filled, searches_as_long, .. } = self;
        searches_as_long.time(surroundings, || filled.store.search(conversation, length, word))
    }

    fn row(&self, smallest: &Self) -> ProbeRow {
        let as_long = match self.searches_as_long.wall.as_slice() {
            // It is the smallest itself.
            [] => &self.searches.wall,
            wall => wall,
        };
        let search_growth = ratio(percentile(as_long, 50), percentile(&smallest.searches.wall, 50));
        ProbeRow {
            engine: self.filled.engine,
            messages: self.filled.messages(),
            jump_p50_us: percentile(&self.jumps.wall, 50),
            jump_p99_us: percentile(&self.jumps.wall, 99),
            jump_mean_us: mean(&self.jumps.wall),
            jump_cpu_p50_us: self.jumps.cpu_p50(),
            jump_growth: ratio(
                percentile(&self.jumps.wall, 50),
                percentile(&smallest.jumps.wall, 50),
            ),
            search_p50_us: percentile(&self.searches.wall, 50),
            search_p99_us: percentile(&self.searches.wall, 99),
            search_mean_us: mean(&self.searches.wall),
            search_cpu_p50_us: self.searches.cpu_p50(),
            search_messages: self.searched as f64 / self.reads.len().max(1) as f64,
            search_growth,
            bytes_per_message: self.filled.bytes_per_message(),
            fill_per_s: self.filled.fill_per_s,
        }
    }
}

impl Times {
    /// Times one read.
    fn time<T>(&mut self, surroundings: &Surroundings<'_>, read: impl FnOnce() -> T) -> T {
        let cpu_before = (surroundings.cpu_time)();
        let started = Instant::now();
        let found = read();
        self.wall.push(microseconds(started.elapsed()));
        if let (Some(before), Some(after)) = (cpu_before, (surroundings.cpu_time)()) {
            self.cpu.push(microseconds(after.saturating_sub(before)));
        }
        found
    }

    fn cpu_p50(&self) -> Option<f64> {
        (!self.cpu.is_empty()).then(|| percentile(&self.cpu, 50))
    }
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The smallest value that at least so many per cent of all do not exceed; 0 of none.
fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The first in terms of the second, which is a time and takes some.
fn ratio(value: f64, base: f64) -> f64 {
    if base > 0.0 { value / base } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 50), 100.0);
        assert_eq!(percentile(&values, 99), 198.0);
        assert_eq!(percentile(&values[..1], 1), 200.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
