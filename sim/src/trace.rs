//! The trace of a run. Its form is that of `hubbub_history::trace`; here is how a run begins one, and
//! where two of them part.

use hubbub_history::trace::{TRACE_VERSION, Trace, TraceFault, TraceHeader, TraceHost};
use hubbub_scenario::FaultKind;

use crate::{
    faults::{ActiveFault, Strike},
    hosts::{HostId, Hosts},
    setup::Setup,
};

/// A trace of a run of this engine, in which nothing has happened.
pub(crate) fn trace_of(setup: &Setup, engine: &str) -> Trace {
    let Setup { scenario, variant, seed, hosts, faults, .. } = setup;
    let host = |id: HostId| TraceHost {
        name: hosts.name(id).to_owned(),
        devices: setup
            .devices()
            .filter(|(_, _, index)| hosts.devices(*index) == id)
            .map(|(_, device, _)| device)
            .collect(),
    };
    Trace::new(TraceHeader {
        trace: TRACE_VERSION,
        engine: engine.to_owned(),
        scenario: scenario.clone(),
        variant: variant.clone(),
        seed: *seed,
        hosts: hosts.iter().map(host).collect(),
        faults: faults.iter().map(|fault| schedule(fault, hosts)).collect(),
    })
}

/// The name by which a trace and a history know a device.
pub(crate) fn device_name(device: hubbub_chat::DeviceId) -> String {
    format!("device-{device}")
}

fn schedule(fault: &ActiveFault, hosts: &Hosts) -> TraceFault {
    let ActiveFault { id, kind, .. } = fault;
    TraceFault { id: *id, kind: kind.to_string(), strikes: strikes(fault, hosts) }
}

fn strikes(fault: &ActiveFault, hosts: &Hosts) -> Vec<String> {
    let named = |ids: &mut dyn Iterator<Item = HostId>| {
        let ids: std::collections::BTreeSet<HostId> = ids.collect();
        ids.into_iter().map(|id| hosts.name(id).to_owned()).collect()
    };
    match &fault.strike {
        Strike::Host(host) => named(&mut std::iter::once(*host)),
        Strike::Rolling(rolling) => named(&mut rolling.iter().copied()),
        Strike::Links(links) | Strike::Slow(links, _) => {
            named(&mut links.iter().flat_map(|(one, other)| [*one, *other]))
        }
        Strike::Devices(devices) => devices.iter().copied().map(device_name).collect(),
        Strike::Port
            if matches!(fault.kind, FaultKind::GatewayFailing | FaultKind::GatewaySlow) =>
        {
            vec!["gateway".to_owned()]
        }
        // The registry is part of the store's process.
        Strike::Port => named(&mut std::iter::once(hosts.store())),
    }
}

/// Where two traces part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// What the first trace says there; `None` behind its end.
    pub first: Option<String>,
    /// What the second trace says there; `None` behind its end.
    pub second: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |line: &Option<String>| line.clone().unwrap_or_else(|| "(end)".into());
        writeln!(formatter, "the traces differ at line {}:", self.line)?;
        writeln!(formatter, "  first:  {}", show(&self.first))?;
        write!(formatter, "  second: {}", show(&self.second))
    }
}

/// The first line in which two traces differ as text, if any.
#[must_use]
pub fn first_difference(first: &Trace, second: &Trace) -> Option<Difference> {
    let (first, second) = (first.texts(), second.texts());
    let length = first.len().max(second.len());
    let index = (0..length).find(|index| first.get(*index) != second.get(*index))?;
    Some(Difference {
        line: index + 1,
        first: first.get(index).cloned(),
        second: second.get(index).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Trace {
        Trace::new(TraceHeader {
            trace: TRACE_VERSION,
            engine: "fast".into(),
            scenario: "tunnel".into(),
            variant: String::new(),
            seed: 1,
            hosts: Vec::new(),
            faults: Vec::new(),
        })
    }

    #[test]
    fn the_first_difference_is_found() {
        let (mut one, mut other) = (empty(), empty());
        assert_eq!(first_difference(&one, &other), None);
        one.note(1_500_000_000, "chat-1", "a".into());
        other.note(1_500_000_000, "chat-1", "b".into());
        let difference = first_difference(&one, &other).unwrap();
        assert_eq!(difference.line, 2);
        let expected = r#"{"line":"note","t_ns":1500000000,"at":"chat-1","what":"a"}"#;
        assert_eq!(difference.first.as_deref(), Some(expected));
    }

    #[test]
    fn a_longer_trace_differs_behind_the_end_of_the_other() {
        let (one, mut other) = (empty(), empty());
        other.note(0, "store", "x".into());
        let difference = first_difference(&one, &other).unwrap();
        assert_eq!((difference.line, difference.first), (2, None));
    }
}
