//! What was accepted is there.

use hubbub_chat::DeviceId;

use super::{Checker, Finding, Violation, words};
use crate::index::{Index, Moment, SentMessage};

/// `accepted-lost`: one case per accepted message that somebody should hold.
#[derive(Debug, Clone, Copy)]
pub struct AcceptedLost;

impl Checker for AcceptedLost {
    fn name(&self) -> &'static str {
        "accepted-lost"
    }

    fn holds_when(&self) -> &'static str {
        "at the end every accepted message is held by every device of its audience, or a \
         truncation that the device was told of covers it"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        for send in index.sends() {
            if let Some(accepted) = send.accepted {
                check_send(index, send, accepted, &mut finding);
            }
        }
        finding
    }
}

fn check_send(index: &Index<'_>, send: &SentMessage, accepted: Moment, finding: &mut Finding) {
    let due = match send.place {
        Some(place) => index.due_at(send.channel, place),
        None => devices_of_members(index, send),
    };
    let in_no_log = index.has_entries() && send.place.is_none();
    if due.is_empty() && !in_no_log {
        return;
    }
    finding.judged += 1;
    let holders = index.holders(send.channel, send.body_hash);
    let had: Vec<DeviceId> = holders.iter().map(|one| one.device).collect();
    let missing: Vec<DeviceId> =
        due.into_iter().filter(|device| had.binary_search(device).is_err()).collect();
    if missing.is_empty() && !in_no_log {
        return;
    }
    finding.add(|| {
        let message = words::message(send);
        let lost = if in_no_log { "is in no log" } else { "is lost" };
        let (have, lack) = (words::devices(&had), words::devices(&missing));
        let verb = words::has(&had);
        let summary = format!(
            "{message} was accepted and {lost}: {have} {verb} it, and it is missing on {lack}"
        );
        Violation::new(accepted.seq, send.channel, summary)
            .of(send.place.or(send.told), send.body_hash)
            .between(had, missing)
    });
}

/// Without a place nobody can tell the audience; who is in the channel at the end comes closest.
fn devices_of_members(index: &Index<'_>, send: &SentMessage) -> Vec<DeviceId> {
    let members = index.channel(send.channel).into_iter().flat_map(|log| log.members());
    let mut devices: Vec<DeviceId> =
        members.flat_map(|user| index.devices_of(user).iter().copied()).collect();
    devices.sort_unstable();
    devices
}
