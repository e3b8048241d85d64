//! Which checkers have something to judge in a scenario.

use std::collections::BTreeSet;

use hubbub_chat::Design;
use hubbub_chat::design::PresenceMode;

use crate::{FaultKind, Role, Scenario, ViolationName, Workload};

/// Why a checker has nothing to judge, and what would give it something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inapplicable {
    pub(crate) reason: &'static str,
    pub(crate) advice: &'static str,
}

impl Scenario {
    /// The checkers that must find something to judge in a run of this scenario under a design. One
    /// that is not among them may judge nothing. What `not_applicable` in `[expect]` names comes
    /// off in addition.
    #[must_use]
    pub fn applicable(&self, design: &Design) -> BTreeSet<ViolationName> {
        let names = ViolationName::ALL.into_iter();
        names.filter(|name| self.inapplicable(*name, design).is_none()).collect()
    }

    /// Why a checker has nothing to judge, if it has nothing.
    pub(crate) fn inapplicable(
        &self,
        name: ViolationName,
        design: &Design,
    ) -> Option<Inapplicable> {
        let has = |is_so: fn(&Workload) -> bool| self.workload.as_ref().is_some_and(is_so);
        let (applies, reason, advice) = match name {
            ViolationName::GroupLimit => (
                has(|workload| workload.groups.count > 0),
                "there are no groups",
                "add groups: `groups = { count = 4, size = [3, 8] }`",
            ),
            ViolationName::Converged => (
                has(|workload| workload.devices_per_user > 1.0),
                "every user has one device",
                "give some users several: `devices_per_user = 1.5` in [workload]",
            ),
            ViolationName::Status => (
                self.workload.as_ref().is_some_and(|workload| sees_statuses(workload, design)),
                "nobody sees anybody's status",
                "set `friends` or `looks_per_user` in [workload], as `presence` in [design] needs",
            ),
            ViolationName::Push => (
                has(|workload| workload.push > 0.0),
                "nobody has a push token",
                "set the share of the users who have one: `push = 0.5` in [workload]",
            ),
            ViolationName::Reassigned => (
                self.loses_a_chat_server(),
                "no chat server loses its power",
                "add a [[fault]] with `kind = \"power-loss\"` and `host = \"chat-1\"`",
            ),
            _ => (true, "", ""),
        };
        (!applies).then_some(Inapplicable { reason, advice })
    }

    fn loses_a_chat_server(&self) -> bool {
        self.faults.iter().any(|fault| {
            let role = fault.host.as_ref().and_then(|host| self.cluster.role_of(host));
            fault.kind == FaultKind::PowerLoss && role == Some(Role::Chat)
        })
    }
}

/// Whether any device is ever shown a status: it is told of changes, or it asks.
fn sees_statuses(workload: &Workload, design: &Design) -> bool {
    let is_told = match design.presence {
        PresenceMode::Friends => workload.friends > 0,
        PresenceMode::OnDemand => false,
        PresenceMode::Hybrid => (1..=design.presence_fanout_limit).contains(&workload.friends),
    };
    is_told || workload.looks_per_user.per_second > 0.0
}
