//! Fewer, shorter and earlier faults, with rounder numbers.

use std::time::Duration;

use hubbub_scenario::{Fault, Period};

use super::{Search, Seeds};
use crate::setup::LEAD;

/// Below this a fault is not made shorter.
const SHORT: Duration = Duration::from_millis(200);
/// What times are rounded to, the coarsest first.
const ROUND_MS: [u64; 3] = [5_000, 1_000, 100];

impl Search<'_> {
    /// Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input",
    /// 2002): drops parts of the schedule, the large ones first.
    pub(super) fn fewer_faults(&mut self) {
        if self.takes(Seeds::Others, |scenario| scenario.faults.clear()) {
            return;
        }
        let mut part = self.best.scenario.faults.len().div_ceil(2);
        while part > 0 {
            let mut at = 0;
            while at < self.best.scenario.faults.len() {
                let dropped = self.takes(seeds(part), |scenario| {
                    let end = (at + part).min(scenario.faults.len());
                    scenario.faults.drain(at..end);
                });
                // What follows has moved to where the part was.
                at += if dropped { 0 } else { part };
            }
            part /= 2;
        }
    }

    /// Halves how long each fault lasts, and drops hosts of its sides.
    pub(super) fn shorter_faults(&mut self) {
        for index in 0..self.best.scenario.faults.len() {
            while self.best.scenario.faults[index].r#for.0 > SHORT
                && self.takes_fault(index, |fault| fault.r#for.0 = milliseconds(fault.r#for.0 / 2))
            {
            }
            for side in 0..2 {
                while self.takes_fault(index, |fault| {
                    let side = fault.between.as_mut().map(|sides| &mut sides[side]);
                    side.filter(|side| side.len() > 1).map(Vec::pop);
                }) {}
            }
        }
    }

    /// Lets the whole schedule begin earlier, and then each fault alone.
    pub(super) fn earlier_faults(&mut self) {
        let first = self.best.scenario.faults.iter().map(|fault| fault.at.0).min();
        let early = first.unwrap_or(LEAD).saturating_sub(LEAD);
        for by in [early, early / 2] {
            let moved = self.takes(Seeds::Same, |scenario| {
                for fault in &mut scenario.faults {
                    fault.at.0 = milliseconds(fault.at.0.saturating_sub(by));
                }
            });
            if moved {
                break;
            }
        }
        for index in 0..self.best.scenario.faults.len() {
            for part in [1, 2, 4] {
                let earlier = |fault: &mut Fault| {
                    let early = fault.at.0.saturating_sub(LEAD) / part;
                    fault.at.0 = milliseconds(fault.at.0.saturating_sub(early));
                };
                if self.takes_fault(index, earlier) {
                    break;
                }
            }
        }
    }

    /// Rounds times, so that people can remember them.
    pub(super) fn rounder_faults(&mut self) {
        for index in 0..self.best.scenario.faults.len() {
            for to in ROUND_MS {
                self.takes_fault(index, |fault| fault.at = rounded(fault.at, to));
            }
            for to in ROUND_MS {
                self.takes_fault(index, |fault| fault.r#for = rounded(fault.r#for, to));
            }
            for to in ROUND_MS {
                self.takes_fault(index, |fault| {
                    fault.latency = fault.latency.map(|latency| rounded(latency, to));
                });
            }
        }
    }

    fn takes_fault(&mut self, index: usize, change: impl FnOnce(&mut Fault)) -> bool {
        self.takes(Seeds::Same, |scenario| change(&mut scenario.faults[index]))
    }
}

/// Whom a fault strikes depends on its place in the schedule, so dropping one changes more than that:
/// where single ones are dropped, other seeds are worth a try.
fn seeds(part: usize) -> Seeds {
    if part == 1 { Seeds::Others } else { Seeds::Same }
}

/// Rounded down; left as it is where nothing would remain, or where it is round already.
fn rounded(period: Period, step_ms: u64) -> Period {
    let ms = u64::try_from(period.0.as_millis()).unwrap_or(u64::MAX);
    if ms < step_ms || ms.is_multiple_of(step_ms) {
        return period;
    }
    Period::from_millis(ms / step_ms * step_ms)
}

/// Files have whole milliseconds.
fn milliseconds(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
