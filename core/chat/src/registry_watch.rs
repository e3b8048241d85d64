//! Knowing who there is: a part of the machines that ask the registry for its members.

use crate::{
    design::Design,
    lease::RENEWALS_PER_TTL,
    ports::{
        Outcome,
        registry::{Member, RegistryAnswer},
    },
    time::{Monotonic, Now},
};

/// What is known of the registry's members, and whether they are being asked for.
#[derive(Debug, Default)]
pub(crate) struct RegistryWatch {
    is_open: bool,
    version: Option<u64>,
}

/// The registry's members, as it told them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    pub(crate) members: Vec<Member>,
    /// Whether the version is another than that of the last one.
    pub(crate) is_new: bool,
}

impl RegistryWatch {
    /// When the members are asked for again: as often as leases are renewed, so that whoever watches
    /// knows before a lease could end.
    pub(crate) fn again(now: Now, design: &Design) -> Monotonic {
        now.monotonic.after(design.lease_ttl / RENEWALS_PER_TTL)
    }

    /// Whether they are to be asked for now: one question at a time, so that no older answer comes
    /// after a newer one.
    pub(crate) fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.is_open, true)
    }

    /// Whether there is a question that was not answered.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The question was answered, or its deadline is over.
    pub(crate) fn settle(&mut self, outcome: Outcome<RegistryAnswer>) -> Option<Snapshot> {
        self.is_open = false;
        let Outcome::Ok(RegistryAnswer::Snapshot { version, members }) = outcome else {
            return None;
        };
        let is_new = self.version.replace(version) != Some(version);
        Some(Snapshot { version, members, is_new })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: u64) -> Outcome<RegistryAnswer> {
        Outcome::Ok(RegistryAnswer::Snapshot { version, members: Vec::new() })
    }

    #[test]
    fn one_question_is_open_at_a_time_and_an_unanswered_one_is_over_too() {
        let mut watch = RegistryWatch::default();
        assert!(watch.begin());
        assert!(!watch.begin());
        assert_eq!(watch.settle(Outcome::Unknown), None);
        assert!(watch.begin());
    }

    #[test]
    fn a_snapshot_is_new_when_its_version_is_another_one() {
        let mut watch = RegistryWatch::default();
        // A registry that lost its record begins anew.
        for (version, is_new) in [(0, true), (0, false), (7, true), (7, false), (3, true)] {
            let snapshot = watch.settle(told(version)).unwrap();
            assert_eq!((snapshot.version, snapshot.is_new), (version, is_new));
        }
    }
}
