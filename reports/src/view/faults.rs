//! When faults were on, and which lanes they strike.

use hubbub_history::{Event, EventBody, FaultState, trace::TraceHeader};

use super::{drawing::Fault, lanes::Lanes};

/// Every fault of the history. One that never ended lasts to the end.
pub(super) fn faults(
    header: Option<&TraceHeader>,
    events: &[&Event],
    lanes: &Lanes,
    end_ns: u64,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for event in events {
        let EventBody::Fault { id, kind, state, target, affected } = &event.body else { continue };
        match state {
            FaultState::On => faults.push(Fault {
                id: *id,
                kind: kind.clone(),
                target: target.clone(),
                from: event.t_ns,
                to: end_ns,
                affected: None,
                lanes: struck(header, lanes, *id, target),
            }),
            FaultState::Off => {
                if let Some(fault) = faults.iter_mut().rfind(|fault| fault.id == *id) {
                    (fault.to, fault.affected) = (event.t_ns, *affected);
                }
            }
        }
    }
    faults
}

/// A trace names the lanes. A history has a text for people, and what it does not name is shown on
/// the harness's lane.
fn struck(header: Option<&TraceHeader>, lanes: &Lanes, id: u32, target: &str) -> Vec<usize> {
    let scheduled = header.and_then(|it| it.faults.iter().find(|fault| fault.id == id));
    let mut struck: Vec<usize> = match scheduled {
        Some(fault) => fault.strikes.iter().flat_map(|name| lanes.struck(name)).collect(),
        None => lanes.named_in(target),
    };
    struck.push(0);
    struck.sort_unstable();
    struck.dedup();
    struck
}
