//! Once everything is healed, everything pending comes to its end.

use hubbub_chat::DeviceId;

use super::{Checker, Finding, Violation, words};
use crate::{
    explain::seconds,
    index::{AskedChange, Index, Moment, SentMessage},
};

/// `liveness`: one case per message sent and per change of membership asked for.
///
/// A send is settled when its device has been told what became of it, or has given it up.
///
/// A message that was accepted and is in no log cannot come any more: it is not late but lost, and
/// `accepted-lost` says so.
#[derive(Debug, Clone, Copy)]
pub struct Liveness;

impl Checker for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn holds_when(&self) -> &'static str {
        "by the deadline of the liveness phase every send and every change is settled, and every \
         accepted message is held by its whole audience"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let Some(deadline_ns) = index.deadline_ns() else { return finding };
        let begun = |moment: &Moment| moment.t_ns <= deadline_ns;
        for change in index.changes() {
            if let Some(invoked) = change.invoked.filter(begun) {
                finding.judged += 1;
                check_change(change, invoked, deadline_ns, &mut finding);
            }
        }
        for send in index.sends() {
            if let Some(invoked) = send.invoked.filter(begun) {
                finding.judged += 1;
                check_outcome(send, invoked, deadline_ns, &mut finding);
                check_delivery(index, send, deadline_ns, &mut finding);
            }
        }
        finding
    }
}

fn check_change(change: &AskedChange, invoked: Moment, deadline_ns: u64, finding: &mut Finding) {
    if change.settled.is_some_and(|settled| settled.t_ns <= deadline_ns) {
        return;
    }
    finding.add(|| {
        let AskedChange { device, channel, operation, .. } = *change;
        let summary = format!(
            "change {operation} that device {device} asked of {channel} was not settled by {}",
            seconds(deadline_ns),
        );
        Violation::new(invoked.seq, channel, summary).between(Vec::new(), vec![device])
    });
}

fn check_outcome(send: &SentMessage, invoked: Moment, deadline_ns: u64, finding: &mut Finding) {
    let mut settled = [send.accepted, send.failed, send.given_up].into_iter().flatten();
    if settled.any(|settled| settled.t_ns <= deadline_ns) {
        return;
    }
    finding.add(|| {
        let SentMessage { device, channel, client_id, body_hash, place, .. } = *send;
        let summary = format!(
            "device {device} was not told by {} what became of its number {client_id} in {channel}",
            seconds(deadline_ns),
        );
        Violation::new(invoked.seq, channel, summary)
            .of(place, body_hash)
            .between(Vec::new(), vec![device])
    });
}

fn check_delivery(index: &Index<'_>, send: &SentMessage, deadline_ns: u64, finding: &mut Finding) {
    let (Some(accepted), Some(place)) = (send.accepted, send.place) else { return };
    let holders = index.holders(send.channel, send.body_hash);
    let in_time = |device: &DeviceId| {
        let at = holders.binary_search_by_key(device, |one| one.device);
        at.is_ok_and(|at| holders[at].t_ns <= deadline_ns)
    };
    let (had, missing): (Vec<DeviceId>, Vec<DeviceId>) =
        index.due_at(send.channel, place).into_iter().partition(in_time);
    if missing.is_empty() {
        return;
    }
    finding.add(|| {
        let summary = format!(
            "{} was accepted and had not reached {} by {}",
            words::message(send),
            words::devices(&missing),
            seconds(deadline_ns),
        );
        Violation::new(accepted.seq, send.channel, summary)
            .of(place, send.body_hash)
            .between(had, missing)
    });
}
