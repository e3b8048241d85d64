//! How long deliveries took, read off a history.

use std::collections::BTreeMap;

use hubbub_chat::time::nanoseconds;
use hubbub_history::{EventBody, EventType, FaultState, History};
use serde::{Deserialize, Serialize};

use crate::{custom::CUSTOM_KIND, faults::ActiveFault, setup::Setup};

/// Times from send to acceptance, and to apply on every other device, apart by whether the two could reach each other
/// throughout: whether a fault was under way in between, or had left connections behind that are
/// dead and not yet noticed to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryTimes {
    /// From the intended send to the apply, for those who could.
    pub deliver: Percentiles,
    /// From the end of the last such fault to the apply, for the others; zero when it came before.
    pub recover: Percentiles,
    /// From the intended send to its author's being told that it is accepted, whatever was under way.
    pub accept: Percentiles,
}

/// Percentiles of a set of times (nearest rank).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many times there were.
    pub count: u64,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 90th percentile, in milliseconds.
    pub p90_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,
}

impl DeliveryTimes {
    /// Reads the times off a history.
    #[must_use]
    pub fn of(history: &History, setup: &Setup) -> Self {
        let faults = setup.faults.iter().filter(|fault| fault.is_on_message_path(&setup.hosts));
        let scheduled = faults.map(|fault| Span::of(fault, setup));
        let spans: Vec<Span> = scheduled.chain(custom_spans(history, setup)).collect();
        let mut sent = BTreeMap::new();
        let (mut deliver, mut recover, mut accept) = (Vec::new(), Vec::new(), Vec::new());
        for event in history.events() {
            match &event.body {
                EventBody::Send {
                    r#type: EventType::Invoke,
                    body_hash,
                    device,
                    intended_ns,
                    ..
                } => {
                    sent.insert(*body_hash, (*device, intended_ns.unwrap_or(event.t_ns)));
                }
                EventBody::Send { r#type: EventType::Ok, body_hash, .. } => {
                    let sent = sent.get(body_hash);
                    accept.extend(sent.map(|(_, from)| event.t_ns.saturating_sub(*from)));
                }
                EventBody::Apply { body_hash, device, .. } => {
                    let Some((author, from)) = sent.get(body_hash) else { continue };
                    if author != device {
                        let under_way =
                            |span: &&Span| span.at < event.t_ns && *from < span.noticed_by;
                        let healed = spans.iter().filter(under_way).map(|span| span.until).max();
                        match healed {
                            None => deliver.push(event.t_ns - from),
                            Some(healed) => recover.push(event.t_ns.saturating_sub(healed)),
                        }
                    }
                }
                _ => {}
            }
        }
        Self {
            deliver: Percentiles::of(deliver),
            recover: Percentiles::of(recover),
            accept: Percentiles::of(accept),
        }
    }
}

/// When a fault keeps devices from reaching each other, in nanoseconds.
struct Span {
    at: u64,
    until: u64,
    noticed_by: u64,
}

/// When custom faults were under way, as the history has it. They may strike anything.
fn custom_spans<'run>(
    history: &'run History,
    setup: &'run Setup,
) -> impl Iterator<Item = Span> + 'run {
    let is_noticed_after = nanoseconds(setup.design.silence_limit());
    let mut begun = BTreeMap::new();
    history.events().iter().filter_map(move |event| match &event.body {
        EventBody::Fault { id, kind, state, .. } if kind == CUSTOM_KIND => match state {
            FaultState::On => {
                begun.insert(*id, event.t_ns);
                None
            }
            FaultState::Off => {
                let (at, until) = (begun.remove(id)?, event.t_ns);
                Some(Span { at, until, noticed_by: until + is_noticed_after })
            }
        },
        _ => None,
    })
}

impl Span {
    fn of(fault: &ActiveFault, setup: &Setup) -> Self {
        let noticed_by = fault.until + fault.notice_within(&setup.hosts, &setup.design);
        Self {
            at: nanoseconds(fault.at),
            until: nanoseconds(fault.until),
            noticed_by: nanoseconds(noticed_by),
        }
    }
}

impl Percentiles {
    /// The percentiles of times in nanoseconds.
    #[must_use]
    pub fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            let time = times.get(rank.saturating_sub(1)).copied().unwrap_or_default();
            time as f64 / 1e6
        };
        Self {
            count: times.len() as u64,
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            max_ms: at(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times = (1..=100).map(|milliseconds| milliseconds * 1_000_000).collect();
        let percentiles = Percentiles::of(times);
        assert_eq!(
            (percentiles.p50_ms, percentiles.p99_ms, percentiles.max_ms),
            (50.0, 99.0, 100.0)
        );
        assert_eq!(Percentiles::of(Vec::new()), Percentiles::default());
    }
}
