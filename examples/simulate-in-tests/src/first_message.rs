//! A rule that Hubbub does not know.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::DeviceId;
use hubbub_history::{
    Event, EventBody, Index,
    checkers::{Checker, Finding, Violation},
};

/// Who comes back and has missed something sees the first of it soon.
#[derive(Debug, Clone, Copy)]
pub struct FirstMessage {
    /// How long it may take at most from the moment at which a device is attached again.
    pub within: Duration,
}

/// How things stand with a device.
#[derive(Clone, Copy)]
enum Stand {
    /// It lost its connection.
    Away,
    /// It was attached again at this time, and has shown nothing of what it missed.
    Waits(u64),
}

impl Checker for FirstMessage {
    fn name(&self) -> &'static str {
        "first-message"
    }

    fn holds_when(&self) -> &'static str {
        "a device that reconnects has the first message that it missed within the bound"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let mut devices: BTreeMap<DeviceId, Stand> = BTreeMap::new();
        let mut committed = BTreeMap::new();
        for event in index.history().events() {
            match &event.body {
                EventBody::Entry { channel, message_id, .. } => {
                    committed.insert((*channel, *message_id), event.t_ns);
                }
                EventBody::Session { device, attached: false, .. } => {
                    devices.insert(*device, Stand::Away);
                }
                EventBody::Session { device, attached: true, .. } => {
                    if let Some(stand @ Stand::Away) = devices.get_mut(device) {
                        *stand = Stand::Waits(event.t_ns);
                    }
                }
                EventBody::Apply { device, channel, message_id, .. } => {
                    let Some(Stand::Waits(since)) = devices.get(device).copied() else { continue };
                    // What was written later was not missed.
                    let is_missed = |at: &&u64| **at < since;
                    if committed.get(&(*channel, *message_id)).filter(is_missed).is_some() {
                        devices.remove(device);
                        self.judge(&mut finding, event, *device, since);
                    }
                }
                _ => {}
            }
        }
        finding
    }
}

impl FirstMessage {
    fn judge(&self, finding: &mut Finding, event: &Event, device: DeviceId, since: u64) {
        finding.judged += 1;
        let waited = Duration::from_nanos(event.t_ns - since);
        if waited > self.within {
            finding.add(|| {
                let (within, summary) = (self.within, format!("device {device} was attached"));
                let summary = format!("{summary} for {waited:?} before it showed anything of what it missed; {within:?} is the most");
                Violation::outside(event.seq, summary, vec![device])
            });
        }
    }
}
