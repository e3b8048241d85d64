//! The `[expect]` section: what must come out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Figure, Period};

/// What must come out. What is left out is not checked, but for `violations`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The exact set of violations over all seeds; none by default. A naive design names what must
    /// be found.
    pub violations: Vec<ViolationName>,
    /// Checkers that do not apply to this scenario: they may judge nothing. Those that the scenario
    /// itself leaves nothing to, such as `push` without push tokens, need not be named.
    pub not_applicable: Vec<ViolationName>,
    /// Most time from send to apply, at the 99th percentile, for pairs of devices that were
    /// reachable throughout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver_p99: Option<Period>,
    /// Most time from heal to apply, at the 99th percentile, for the other pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recover_p99: Option<Period>,
    /// Most times that a user may be shown as offline for a gap shorter than `offline_after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_flaps: Option<u64>,
    /// Fewest times that a user must be shown as offline for such a gap, in every run: what a naive
    /// design must come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_flaps_min: Option<u64>,
    /// The bound of the checker `reassigned`: from the power loss of a chat server until all its
    /// devices are attached elsewhere and synced. A device that has failed for long waits up to
    /// `reconnect_max` until it tries again, so by default it is half a minute more than that is by
    /// default.
    pub reassign_max: Period,
    /// The bound of the checker `push`: from when a message is owed until a push for it is out.
    pub push_settle_max: Period,
    /// Bounds on figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigureBound>,
    /// Whether a fault may be without effect. By default that fails the run.
    pub faults_may_miss: bool,
}

/// A bound on a figure; at least one of the two. The worst run of all seeds decides: the largest
/// figure is held against `at_most`, the smallest against `at_least`. A run that did not measure it
/// does not meet the bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureBound {
    /// The figure.
    pub figure: Figure,
    /// The least that it may come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The most that it may come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// A checker's name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationName {
    /// An accepted message never reached somebody.
    AcceptedLost,
    /// A message came twice, or stands in the log although its sender was told that it has failed.
    Duplicated,
    /// Devices disagree on the order, or there are holes.
    Order,
    /// A message accepted earlier has a higher id than one sent later.
    RealTime,
    /// A reply has a lower id than what it replies to.
    Causality,
    /// Two devices of one user hold different things.
    Converged,
    /// Two messages have one id, or ids fall where the log goes on.
    Ids,
    /// Somebody received what they may not see.
    Unauthorised,
    /// A group had more members than the limit.
    GroupLimit,
    /// Somebody was shown a status that was not so for longer than the bound.
    Status,
    /// A push was owed and did not come, or came for what was already received.
    Push,
    /// Devices of a chat server that lost its power were not back within the bound.
    Reassigned,
    /// Something was still pending at the deadline.
    Liveness,
    /// Two had one lease at the same time.
    Leases,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            violations: Vec::new(),
            not_applicable: Vec::new(),
            deliver_p99: None,
            recover_p99: None,
            status_flaps: None,
            status_flaps_min: None,
            reassign_max: Period::from_secs(60),
            push_settle_max: Period::from_secs(10),
            figures: Vec::new(),
            faults_may_miss: false,
        }
    }
}

impl FigureBound {
    /// Whether a value keeps to it.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least)
            && self.at_most.is_none_or(|most| value <= most)
    }
}

impl std::fmt::Display for FigureBound {
    /// As people say it: `at least 1, at most 5`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let least = self.at_least.map(|least| format!("at least {least}"));
        let most = self.at_most.map(|most| format!("at most {most}"));
        let bounds: Vec<String> = least.into_iter().chain(most).collect();
        formatter.write_str(&bounds.join(", "))
    }
}

impl ViolationName {
    /// Every checker.
    pub const ALL: [Self; 14] = [
        Self::AcceptedLost,
        Self::Duplicated,
        Self::Order,
        Self::RealTime,
        Self::Causality,
        Self::Converged,
        Self::Ids,
        Self::Unauthorised,
        Self::GroupLimit,
        Self::Status,
        Self::Push,
        Self::Reassigned,
        Self::Liveness,
        Self::Leases,
    ];

    /// The name as scenarios and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedLost => "accepted-lost",
            Self::Duplicated => "duplicated",
            Self::Order => "order",
            Self::RealTime => "real-time",
            Self::Causality => "causality",
            Self::Converged => "converged",
            Self::Ids => "ids",
            Self::Unauthorised => "unauthorised",
            Self::GroupLimit => "group-limit",
            Self::Status => "status",
            Self::Push => "push",
            Self::Reassigned => "reassigned",
            Self::Liveness => "liveness",
            Self::Leases => "leases",
        }
    }
}

impl std::fmt::Display for ViolationName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_is_written_the_same_everywhere() {
        for (place, name) in ViolationName::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
            assert_eq!(name as usize, place);
        }
    }

    #[test]
    fn a_bound_includes_its_ends() {
        let bound = FigureBound { figure: Figure::Logins, at_least: Some(1.0), at_most: Some(5.0) };
        let allowed: Vec<bool> =
            [0.9, 1.0, 3.0, 5.0, 5.1, f64::NAN].map(|value| bound.allows(value)).into();
        assert_eq!(allowed, [false, true, true, true, false, false]);
        assert_eq!(bound.to_string(), "at least 1, at most 5");
        let open = FigureBound { at_most: None, ..bound };
        assert!(open.allows(1e9));
        assert_eq!(open.to_string(), "at least 1");
    }
}
