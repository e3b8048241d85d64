//! Is there anything that the fault could strike?

use crate::error::Problem;
use crate::{Fault, FaultKind, Role, Scenario};

/// A fault without effect fails the run: better to say so before.
pub(super) fn problem(place: &str, fault: &Fault, scenario: &Scenario) -> Option<Problem> {
    match fault.kind {
        FaultKind::GatewayFailing | FaultKind::GatewaySlow => push_problem(place, fault, scenario),
        FaultKind::HintLoss | FaultKind::HintDuplication => hint_problem(place, fault, scenario),
        FaultKind::RollingRestart => (scenario.cluster.chat == 0).then(|| {
            Problem::new(format!("{place}.kind"), "there is no chat server to restart")
                .advise("write `chat = 1` or more in [cluster]")
        }),
        FaultKind::BlackHole | FaultKind::LeaseLost | FaultKind::ReconnectStorm => {
            host_problem(place, fault, scenario)
        }
        _ => None,
    }
}

fn push_problem(place: &str, fault: &Fault, scenario: &Scenario) -> Option<Problem> {
    let nobody_is_pushed = scenario.workload.as_ref().is_some_and(|workload| workload.push <= 0.0);
    nobody_is_pushed.then(|| {
        Problem::new(
            format!("{place}.kind"),
            format!("`{}` strikes pushes, and nobody gets any", fault.kind),
        )
        .advise("give users a push token: `push = 0.5` in [workload]")
    })
}

fn hint_problem(place: &str, fault: &Fault, scenario: &Scenario) -> Option<Problem> {
    (scenario.cluster.chat < 2).then(|| {
        Problem::new(
            format!("{place}.kind"),
            format!("`{}` strikes hints between chat servers, and there is one alone", fault.kind),
        )
        .advise("write `chat = 2` or more in [cluster]")
    })
}

/// Kinds whose effect depends on what the host does.
fn host_problem(place: &str, fault: &Fault, scenario: &Scenario) -> Option<Problem> {
    let host = fault.host.as_ref()?;
    let role = scenario.cluster.role_of(host)?;
    let (has_it, message, advice) = match fault.kind {
        FaultKind::BlackHole => (
            role != Role::Devices,
            format!("nobody connects to `{host}`"),
            "strike a host of servers, such as `chat-1`",
        ),
        FaultKind::LeaseLost => (
            role != Role::Devices,
            format!("`{host}` holds no lease"),
            "strike a host of servers, such as `chat-1`",
        ),
        _ => (
            role == Role::Devices || role == Role::Chat,
            format!("`{host}` has no connections of devices"),
            "strike a chat server, a host of devices, or a share of the users",
        ),
    };
    (!has_it).then(|| Problem::new(format!("{place}.host"), message).advise(advice))
}
