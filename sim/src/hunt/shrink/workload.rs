//! Less of a workload: fewer people who do less, for a shorter time.

use std::time::Duration;

use hubbub_scenario::{Fault, Groups, Period, Rate, Workload};

use super::{Search, Seeds};
use crate::setup::LEAD;

/// Below this a workload is not made shorter: devices attach first.
const SHORT: Duration = Duration::from_secs(5);

/// What is tried at once: each leaves something out.
const WITHOUT: [fn(&mut Workload); 8] = [
    |workload| workload.joins = Rate::default(),
    |workload| workload.member_changes = Rate::default(),
    |workload| {
        (workload.groups, workload.group_share) = (Groups::default(), 0.0);
        (workload.joins, workload.member_changes) = (Rate::default(), Rate::default());
    },
    |workload| workload.looks_per_user = Rate::default(),
    |workload| {
        workload.friends = 0;
        if workload.groups.count == 0 {
            workload.looks_per_user = Rate::default();
        }
    },
    |workload| workload.muted = 0.0,
    |workload| (workload.push, workload.muted) = (0.0, 0.0),
    |workload| workload.devices_per_user = 1.0,
];

/// What is tried as often as it goes: each makes something smaller.
const LESS: [fn(&mut Workload); 8] = [
    |workload| fewer_users(workload, workload.users / 2),
    |workload| fewer_users(workload, workload.users - 1),
    |workload| workload.groups.count = half(workload.groups.count),
    |workload| {
        let [least, most] = workload.groups.size;
        if most > 2 {
            workload.groups.size = [least.min(2), most - 1];
        }
    },
    |workload| workload.contacts = half(workload.contacts),
    |workload| workload.friends = half(workload.friends),
    |workload| halve(&mut workload.sends_per_user),
    |workload| halve(&mut workload.member_changes),
];

impl Search<'_> {
    pub(super) fn less_workload(&mut self) {
        self.shorter();
        for change in WITHOUT {
            self.takes_workload(change);
        }
        for change in LESS {
            while self.takes_workload(change) {}
        }
    }

    /// Ends earlier, down to the end of the last fault.
    pub(super) fn shorter(&mut self) {
        for part in [1, 2, 4, 8] {
            while self.takes(Seeds::Same, |scenario| {
                let last = scenario.faults.iter().map(Fault::until).max().unwrap_or(LEAD);
                let least = last.max(SHORT);
                if let Some(workload) = &mut scenario.workload {
                    let spare = workload.duration.0.saturating_sub(least);
                    let shorter = workload.duration.0 - spare / part;
                    workload.duration = whole_seconds(shorter).min(workload.duration);
                }
            }) {}
        }
    }

    fn takes_workload(&mut self, change: fn(&mut Workload)) -> bool {
        let is_less = |workload: &Workload| {
            let mut less = workload.clone();
            change(&mut less);
            less != *workload
        };
        self.best.scenario.workload.as_ref().is_some_and(is_less)
            && self.takes(Seeds::Others, |scenario| {
                if let Some(workload) = &mut scenario.workload {
                    change(workload);
                }
            })
    }
}

/// So many users, with no more contacts, friends and members than that allows.
fn fewer_users(workload: &mut Workload, users: u32) {
    let users = users.max(2);
    workload.users = users;
    workload.contacts = workload.contacts.min(users - 1);
    workload.friends = workload.friends.min(users - 1);
    if workload.groups.count > 0 {
        // With joins, somebody must be left to join.
        let most = if workload.joins.per_second > 0.0 { users - 1 } else { users };
        workload.groups.size = workload.groups.size.map(|size| size.min(most));
    }
}

/// Half of them; one stays, since none is another thing, and tried by itself.
fn half(count: u32) -> u32 {
    if count > 1 { count / 2 } else { count }
}

/// Half as often, in whole times a minute, which is how people write it; at least once.
fn halve(rate: &mut Rate) {
    let per_minute = (rate.per_second * 60.0 / 2.0).floor();
    if per_minute >= 1.0 {
        *rate = Rate::per_second(per_minute / 60.0);
    }
}

fn whole_seconds(duration: Duration) -> Period {
    Period::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}
