//! Do the faults strike something that is there, while the run lasts?

use super::none_at_all;
use crate::error::Problem;
use crate::nearest::nearest;
use crate::{Fault, FaultKind, Period, Scenario};

pub(super) fn problems(scenario: &Scenario) -> Vec<Problem> {
    let hosts = scenario.cluster.hosts();
    let mut problems = Vec::new();
    for (index, fault) in scenario.faults.iter().enumerate() {
        let place = format!("fault.{index}");
        problems.extend(target_problems(&place, fault));
        problems.extend(host_problems(&place, fault, &hosts));
        problems.extend(latency_problem(&place, fault));
        problems.extend(none_at_all(&format!("{place}.for"), fault.r#for));
        if let Some(workload) = &scenario.workload {
            problems.extend(time_problem(&place, fault, workload.duration));
        }
        problems.extend(overlap_problem(&place, fault, &scenario.faults[..index]));
    }
    problems
}

/// Each kind strikes a host, or what lies between two groups of hosts, or either.
fn target_problems(place: &str, fault: &Fault) -> Option<Problem> {
    let kind = fault.kind;
    let at_kind =
        |message: &str| Problem::new(format!("{place}.kind"), format!("`{kind}` {message}"));
    let host_example = "write which: `host = \"chat-1\"`";
    let between_example = "write which: `between = [[\"chat-1\"], [\"store\"]]`";
    match (kind.target(), &fault.host, &fault.between) {
        (Target::Host, None, _) => Some(at_kind("strikes one host").advise(host_example)),
        (Target::Host, Some(_), Some(_)) => Some(
            Problem::new(format!("{place}.between"), format!("`{kind}` strikes one host"))
                .advise("remove `between`"),
        ),
        (Target::Between, _, None) => {
            Some(at_kind("strikes between two groups of hosts").advise(between_example))
        }
        (Target::Between, Some(_), Some(_)) => Some(
            Problem::new(
                format!("{place}.host"),
                format!("`{kind}` strikes between two groups of hosts"),
            )
            .advise("remove `host`"),
        ),
        (Target::Either, None, None) => Some(
            at_kind("strikes a host, or between two groups of hosts")
                .advise("write `host = \"chat-1\"` or `between = [[\"chat-1\"], [\"store\"]]`"),
        ),
        (Target::Either, Some(_), Some(_)) => Some(
            Problem::new(format!("{place}.host"), "a fault has `host` or `between`, not both")
                .advise("remove one; `host` means this host against all others"),
        ),
        _ => None,
    }
}

fn host_problems(place: &str, fault: &Fault, hosts: &[String]) -> Vec<Problem> {
    let mut named: Vec<(String, &str)> =
        fault.host.iter().map(|host| (format!("{place}.host"), host.as_str())).collect();
    let mut problems = Vec::new();
    for (side, group) in fault.between.iter().flatten().enumerate() {
        let place = format!("{place}.between.{side}");
        if group.is_empty() {
            problems.push(
                Problem::new(&place, "an empty group of hosts").advise("name at least one host"),
            );
        }
        for (index, host) in group.iter().enumerate() {
            let place = format!("{place}.{index}");
            if named.iter().any(|(_, other)| other == host) {
                let message = format!("the host `{host}` comes twice");
                problems.push(
                    Problem::new(&place, message).advise("a host belongs to one group, once"),
                );
            }
            named.push((place, host));
        }
    }
    let unknown = named.into_iter().filter(|(_, host)| !hosts.iter().any(|known| known == host));
    problems.extend(unknown.map(|(place, host)| {
        let near = nearest(host, hosts.iter().map(String::as_str));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        Problem::new(place, format!("unknown host `{host}`"))
            .advise(format!("{near}this cluster has {}", hosts.join(", ")))
    }));
    problems
}

fn latency_problem(place: &str, fault: &Fault) -> Option<Problem> {
    match (fault.kind, fault.latency) {
        (FaultKind::Latency, None) => Some(
            Problem::new(format!("{place}.kind"), "`latency` needs to know how much")
                .advise("write the least time that a message takes: `latency = \"300ms\"`"),
        ),
        (FaultKind::Latency, Some(latency)) => none_at_all(&format!("{place}.latency"), latency),
        (kind, Some(_)) => Some(
            Problem::new(format!("{place}.latency"), format!("`{kind}` has no latency"))
                .advise("remove it, or use `kind = \"latency\"`"),
        ),
        (_, None) => None,
    }
}

fn time_problem(place: &str, fault: &Fault, duration: Period) -> Option<Problem> {
    // Two durations near the most that the type holds have no sum; that is late enough.
    let end = fault.at.0.checked_add(fault.r#for.0);
    if end.is_some_and(|end| end <= duration.0) {
        return None;
    }
    let ends = end.map_or("never".into(), |end| Period(end).to_string());
    let key = if fault.at >= duration { "at" } else { "for" };
    Some(
        Problem::new(
            format!("{place}.{key}"),
            format!("the fault ends after the workload: {ends}, and it lasts {duration}"),
        )
        .advise("end it earlier, or make `duration` in [workload] longer"),
    )
}

/// A host that is down cannot die again: the second fault would be without effect.
fn overlap_problem(place: &str, fault: &Fault, earlier: &[Fault]) -> Option<Problem> {
    let host = fault.host.as_ref().filter(|_| fault.kind.target() == Target::Host)?;
    let is_down = |other: &&Fault| {
        let end = |fault: &Fault| fault.at.0.saturating_add(fault.r#for.0);
        other.kind.target() == Target::Host
            && other.host.as_ref() == Some(host)
            && fault.at.0 < end(other)
            && other.at.0 < end(fault)
    };
    let other = earlier.iter().find(is_down)?;
    Some(
        Problem::new(
            format!("{place}.at"),
            format!("`{host}` is down already, since {} for {}", other.at, other.r#for),
        )
        .advise("let it start again first, or strike another host"),
    )
}

/// What a kind of fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// One host.
    Host,
    /// What lies between two groups of hosts.
    Between,
    /// Either; a host stands for it against all others.
    Either,
}

impl FaultKind {
    fn target(self) -> Target {
        match self {
            Self::Crash | Self::PowerLoss => Target::Host,
            Self::PartitionOneWay => Target::Between,
            Self::Partition | Self::Blip | Self::Latency => Target::Either,
        }
    }
}
