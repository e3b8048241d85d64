//! Does the workload make sense?

use hubbub_chat::Design;

use super::{BODY_BYTES_MIN, group_problems, no_share, none_at_all, outside};
use crate::Workload;
use crate::error::Problem;

/// Devices per user at most: beyond a handful it is no person any more.
const DEVICES_PER_USER_MAX: f64 = 5.0;

pub(super) fn problems(workload: &Workload, design: &Design) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(outside("workload.users", workload.users, 2, u32::MAX));
    if !(1.0..=DEVICES_PER_USER_MAX).contains(&workload.devices_per_user) {
        problems.push(Problem::new(
            "workload.devices_per_user",
            format!(
                "`devices_per_user` must be from 1 to {DEVICES_PER_USER_MAX}, not {}",
                workload.devices_per_user
            ),
        ));
    }
    problems.extend(conversation_problems(workload));
    problems.extend(friend_problems(workload));
    problems.extend(group_problems("workload.groups", &workload.groups, workload.users, "users"));
    problems.extend(no_share("workload.group_share", workload.group_share));
    if workload.sends_per_user.per_second <= 0.0 {
        problems.push(
            Problem::new("workload.sends_per_user", "nobody sends anything")
                .advise("write a rate above 0, such as \"6/min\""),
        );
    }
    problems.extend(quiet_problem(workload));
    problems.extend(push_problems(workload));
    problems.extend(outside("workload.body_bytes", workload.body_bytes, BODY_BYTES_MIN, u32::MAX));
    problems.extend(none_at_all("workload.duration", workload.duration));
    problems.extend(none_at_all("workload.settle", workload.settle));
    problems.extend(misfits(workload, design));
    problems
}

/// What the workload asks and the design does not allow.
pub(super) fn misfits(workload: &Workload, design: &Design) -> Vec<Problem> {
    let mut problems = Vec::new();
    if workload.groups.count > 0 && workload.groups.size[1] > design.group_limit {
        problems.push(
            Problem::new(
                "workload.groups.size",
                format!("groups exceed `group_limit` ({})", design.group_limit),
            )
            .advise("make the groups smaller, or raise `group_limit` in [design]"),
        );
    }
    if workload.body_bytes > design.message_bytes_max {
        problems.push(
            Problem::new(
                "workload.body_bytes",
                format!("messages exceed `message_bytes_max` ({})", design.message_bytes_max),
            )
            .advise("make `body_bytes` smaller, or raise `message_bytes_max` in [design]"),
        );
    }
    problems
}

fn conversation_problems(workload: &Workload) -> Vec<Problem> {
    let mut problems = Vec::new();
    if workload.users >= 2 && workload.contacts >= workload.users {
        problems.push(
            Problem::new(
                "workload.contacts",
                format!("{} users cannot have {} contacts each", workload.users, workload.contacts),
            )
            .advise(format!("set `contacts` to {} at most", workload.users - 1)),
        );
    }
    if workload.groups.count == 0 {
        if workload.contacts == 0 {
            problems.push(
                Problem::new("workload.contacts", "nobody has anyone to write to")
                    .advise("set `contacts` to at least 1, or add groups"),
            );
        }
        if workload.member_changes.per_second > 0.0 {
            problems.push(
                Problem::new("workload.member_changes", "there are no groups to leave")
                    .advise("add groups: `groups = { count = 4, size = [3, 8] }`"),
            );
        }
    }
    problems.extend(join_problem(workload));
    problems
}

fn join_problem(workload: &Workload) -> Option<Problem> {
    let place = "workload.joins";
    let groups = &workload.groups;
    match workload.joins.per_second > 0.0 {
        true if groups.count == 0 => Some(
            Problem::new(place, "there are no groups to join")
                .advise("add groups: `groups = { count = 4, size = [3, 8] }`"),
        ),
        true if groups.size[0] >= workload.users => Some(
            Problem::new(place, "everybody is in every group already")
                .advise("make the groups smaller, or add users"),
        ),
        _ => None,
    }
}

fn friend_problems(workload: &Workload) -> Vec<Problem> {
    let mut problems = Vec::new();
    if workload.users >= 2 && workload.friends >= workload.users {
        problems.push(
            Problem::new(
                "workload.friends",
                format!("{} users cannot have {} friends each", workload.users, workload.friends),
            )
            .advise(format!("set `friends` to {} at most", workload.users - 1)),
        );
    }
    let has_lists = workload.friends > 0 || workload.groups.count > 0;
    if workload.looks_per_user.per_second > 0.0 && !has_lists {
        problems.push(
            Problem::new("workload.looks_per_user", "there is nobody to look at")
                .advise("set `friends` to at least 1, or add groups"),
        );
    }
    problems
}

fn quiet_problem(workload: &Workload) -> Option<Problem> {
    let (place, share) = ("workload.quiet_users", workload.quiet_users);
    let problem = no_share(place, share);
    // As the population rounds it.
    let sends = f64::from(workload.users) - (share * f64::from(workload.users)).round();
    problem.or_else(|| {
        (sends < 1.0 && workload.users > 0).then(|| {
            Problem::new(place, "all users are quiet, so nobody sends anything")
                .advise("make `quiet_users` smaller")
        })
    })
}

fn push_problems(workload: &Workload) -> Vec<Problem> {
    let shares = [("workload.push", workload.push), ("workload.muted", workload.muted)];
    let mut problems: Vec<Problem> =
        shares.into_iter().filter_map(|(place, share)| no_share(place, share)).collect();
    if workload.muted > 0.0 && workload.push <= 0.0 {
        problems.push(
            Problem::new("workload.muted", "there are no pushes to mute")
                .advise("set the share of the users who have a push token: `push = 0.5`"),
        );
    }
    problems
}
