//! Does the load make sense?

use hubbub_chat::Design;

use super::{BODY_BYTES_MIN, group_problems, no_share, none_at_all, outside};
use crate::Load;
use crate::error::Problem;

pub(super) fn problems(load: &Load, design: &Design) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(outside("load.connections", load.connections, 2, u32::MAX));
    if load.rate.per_second <= 0.0 {
        problems.push(
            Problem::new("load.rate", "nothing is to be delivered")
                .advise("write a rate above 0, such as \"1000/s\""),
        );
    }
    problems.extend(none_at_all("load.duration", load.duration));
    problems.extend(none_at_all("load.deliver_p99", load.deliver_p99));
    problems.extend(group_problems("load.groups", &load.groups, load.connections, "connections"));
    problems.extend(no_share("load.group_share", load.group_share));
    problems.extend(unused_groups(load));
    problems.extend(outside("load.body_bytes", load.body_bytes, BODY_BYTES_MIN, u32::MAX));
    problems.extend(misfits(load, design));
    problems
}

/// What the load asks and the design does not allow.
pub(super) fn misfits(load: &Load, design: &Design) -> Vec<Problem> {
    let mut problems = Vec::new();
    if load.groups.count > 0 && load.groups.size[1] > design.group_limit {
        problems.push(
            Problem::new(
                "load.groups.size",
                format!("groups exceed `group_limit` ({})", design.group_limit),
            )
            .advise("make the groups smaller, or raise `group_limit` in [design]"),
        );
    }
    if load.body_bytes > design.message_bytes_max {
        problems.push(
            Problem::new(
                "load.body_bytes",
                format!("messages exceed `message_bytes_max` ({})", design.message_bytes_max),
            )
            .advise("make `body_bytes` smaller, or raise `message_bytes_max` in [design]"),
        );
    }
    problems
}

/// Groups without sends, and sends without groups, measure something else than is written.
fn unused_groups(load: &Load) -> Option<Problem> {
    match (load.groups.count, load.group_share > 0.0) {
        (0, true) => Some(
            Problem::new("load.group_share", "there are no groups to send to")
                .advise("add groups: `groups = { count = 4, size = [3, 8] }`"),
        ),
        (1.., false) => Some(
            Problem::new("load.groups", "nothing is sent to the groups")
                .advise("set the share of sends that go to them: `group_share = 0.25`"),
        ),
        _ => None,
    }
}
