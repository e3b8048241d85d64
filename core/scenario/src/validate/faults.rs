//! Do the faults strike while the run lasts, and with what they need?

use super::{fault_target, none_at_all, without_effect};
use crate::error::Problem;
use crate::fault::State;
use crate::{Cluster, Fault, FaultKind, Parameter, Period, Role, Scenario};

pub(super) fn problems(scenario: &Scenario) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, fault) in scenario.faults.iter().enumerate() {
        let place = format!("fault.{index}");
        problems.extend(fault_target::problems(&place, fault, &scenario.cluster));
        problems.extend(latency_problem(&place, fault));
        problems.extend(offset_problem(&place, fault));
        problems.extend(share_problem(&place, fault));
        problems.extend(none_at_all(&format!("{place}.for"), fault.r#for));
        problems.extend(without_effect::problem(&place, fault, scenario));
        if let Some(workload) = &scenario.workload {
            problems.extend(time_problem(&place, fault, workload.duration));
        }
        let earlier = &scenario.faults[..index];
        problems.extend(overlap_problem(&place, fault, earlier));
        problems.extend(rolling_problem(&place, fault, earlier, &scenario.cluster));
        problems.extend(slow_problem(&place, fault, earlier));
    }
    problems
}

fn latency_problem(place: &str, fault: &Fault) -> Option<Problem> {
    let kind = fault.kind;
    match (kind.parameter() == Parameter::Latency, fault.latency) {
        (true, None) => Some(
            Problem::new(format!("{place}.kind"), format!("`{kind}` needs to know how much"))
                .advise("write a time: `latency = \"300ms\"`"),
        ),
        (true, Some(latency)) => none_at_all(&format!("{place}.latency"), latency),
        (false, Some(_)) => Some(
            Problem::new(format!("{place}.latency"), format!("`{kind}` has no latency"))
                .advise(format!("remove it, or use {}", takers(Parameter::Latency))),
        ),
        (false, None) => None,
    }
}

fn share_problem(place: &str, fault: &Fault) -> Option<Problem> {
    let (kind, share, at) = (fault.kind, fault.share?, format!("{place}.share"));
    if kind.parameter() != Parameter::Share {
        let advice = format!("remove it, or use {}", takers(Parameter::Share));
        return Some(Problem::new(at, format!("`{kind}` strikes all or nothing")).advise(advice));
    }
    let is_none = share.share() <= 0.0;
    is_none.then(|| Problem::new(at, "`share` must be more than 0%: it would strike nothing"))
}

/// The kinds that take a parameter, in words.
fn takers(parameter: Parameter) -> String {
    let takers = FaultKind::ALL.iter().filter(|kind| kind.parameter() == parameter);
    takers.map(|kind| format!("`kind = \"{kind}\"`")).collect::<Vec<_>>().join(" or ")
}

fn offset_problem(place: &str, fault: &Fault) -> Option<Problem> {
    let kind = fault.kind;
    let at = format!("{place}.by");
    let (true, by) = (kind.parameter() == Parameter::By, fault.by) else {
        return fault.by.map(|_| {
            Problem::new(at, format!("`{kind}` moves no clock"))
                .advise(format!("remove it, or use {}", takers(Parameter::By)))
        });
    };
    let Some(by) = by else {
        return Some(
            Problem::new(format!("{place}.kind"), format!("`{kind}` needs to know by how much"))
                .advise("write by how much the clock is off: `by = \"2s\"`, or `by = \"-2s\"` for behind"),
        );
    };
    if by.nanoseconds == 0 {
        return Some(Problem::new(at, "`by` must not be 0: the clock would be right"));
    }
    let is_too_short = kind == FaultKind::Skew && fault.r#for.0 <= by.magnitude();
    is_too_short.then(|| {
        Problem::new(
            format!("{place}.for"),
            format!(
                "a skewed clock stands still for {}, which is all of it",
                Period(by.magnitude())
            ),
        )
        .advise("make `for` longer than `by`, or use `kind = \"clock-step\"`, which jumps")
    })
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

/// A host that is down cannot die again, and a clock that is off has no right time to be off from:
/// the second fault would be without effect, or do something else than it says.
fn overlap_problem(place: &str, fault: &Fault, earlier: &[Fault]) -> Option<Problem> {
    let (host, state) = (fault.host.as_ref()?, fault.kind.state()?);
    let overlaps = |other: &&Fault| {
        other.kind.state().is_some_and(|other| other.excludes(state))
            && other.host.as_ref() == Some(host)
            && meet(fault, other)
    };
    let other = earlier.iter().find(overlaps)?;
    let words = other.kind.state()?.words();
    let advice = match state {
        State::Off => "let it be right again first, or strike another host",
        State::Down | State::Paused => "let it start again first, or strike another host",
    };
    let message = format!("`{host}` {words} already, since {} for {}", other.at, other.r#for);
    Some(Problem::new(format!("{place}.at"), message).advise(advice))
}

/// Whether both are under way at the same time.
fn meet(one: &Fault, other: &Fault) -> bool {
    one.at.0 < other.until() && other.at.0 < one.until()
}

/// Each chat server is stopped and started in its turn: none can be stopped otherwise meanwhile.
fn rolling_problem(
    place: &str,
    fault: &Fault,
    earlier: &[Fault],
    cluster: &Cluster,
) -> Option<Problem> {
    let is_rolling = |fault: &Fault| fault.kind == FaultKind::RollingRestart;
    let stops_chat = |fault: &Fault| {
        let is_chat = |host: &String| cluster.role_of(host) == Some(Role::Chat);
        let stops = fault.kind.state().is_some_and(|state| state != State::Off);
        is_rolling(fault) || stops && fault.host.as_ref().is_some_and(is_chat)
    };
    if !stops_chat(fault) {
        return None;
    }
    let excludes = |other: &&Fault| {
        (is_rolling(fault) || is_rolling(other)) && stops_chat(other) && meet(fault, other)
    };
    let other = earlier.iter().find(excludes)?;
    let (kind, at, r#for) = (other.kind, other.at, other.r#for);
    let message = format!("`{kind}` stops chat servers already, since {at} for {}", r#for);
    let advice = "`rolling-restart` stops each chat server in its turn: let one begin when the other is over";
    Some(Problem::new(format!("{place}.at"), message).advise(advice))
}

/// A host that does nothing is not slow.
fn slow_problem(place: &str, fault: &Fault, earlier: &[Fault]) -> Option<Problem> {
    let host = fault.host.as_ref()?;
    let pair = |other: &Fault| match (fault.kind, other.kind) {
        (FaultKind::Slow, FaultKind::Pause) => Some("is paused"),
        (FaultKind::Pause, FaultKind::Slow) => Some("is slow"),
        _ => None,
    };
    let other = earlier.iter().find(|other| {
        pair(other).is_some() && other.host.as_ref() == Some(host) && meet(fault, other)
    })?;
    let (words, at, r#for) = (pair(other)?, other.at, other.r#for);
    let message = format!("`{host}` {words} already, since {at} for {}", r#for);
    let advice = "let the one begin when the other is over, or strike another host";
    Some(Problem::new(format!("{place}.at"), message).advise(advice))
}
