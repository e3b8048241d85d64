//! Turns due actions and observations into an account and its distributions.

use hubbub_chat::DeviceId;
use serde::{Deserialize, Serialize};

use crate::{
    histograms::Histograms,
    ledger::{Delivery, Ledger, LedgerCounts, RegisteredSend, SendRow},
    observation::Observation,
    series::{Series, Window},
};

/// The measurement of a run while it goes on.
///
/// The ledger accounts for every send, warm-up included. The distributions are over the sends
/// that were *intended* within the window, whenever they ended; the series is over what *happened*
/// within it.
#[derive(Debug, Clone)]
pub struct Measurement {
    window: Window,
    ledger: Ledger,
    histograms: Histograms,
    series: Series,
    intended_in_window: u64,
    begun: u64,
    deliveries: u64,
    detached: u64,
}

/// A run that is over.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The window that was measured.
    pub window: Window,
    /// What happened within it.
    pub counts: Counts,
    /// The account of every send, warm-up included.
    pub ledger: LedgerCounts,
    /// The first deliveries that never came, at most [`Measured::EXAMPLES`].
    pub missing_examples: Vec<MissingDelivery>,
    /// The distributions.
    pub histograms: Histograms,
    /// The window second by second.
    pub series: Series,
    /// Whether it was ended before its time. Then nobody waited for what was still under way.
    pub is_cut_short: bool,
}

/// A delivery of an accepted message that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingDelivery {
    /// The message's number, as its text carries it.
    pub number: u64,
    /// Who did not get it.
    pub device: DeviceId,
}

/// Totals of the window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Sends that the schedule wanted within the window.
    pub sends_scheduled: u64,
    /// Sends that the generator began within the window.
    pub sends_begun: u64,
    /// Acceptances that came in within the window.
    pub acceptances: u64,
    /// Deliveries that came in within the window.
    pub deliveries: u64,
    /// Connections, or attempts at one, that ended within the window.
    pub connections_ended: u64,
}

impl Measurement {
    /// A measurement of `window`. A delivery more than `late_after_ns` after its intended time
    /// counts as late.
    #[must_use]
    pub fn new(window: Window, late_after_ns: u64) -> Self {
        Self {
            window,
            ledger: Ledger::new(late_after_ns),
            histograms: Histograms::default(),
            series: Series::new(window),
            intended_in_window: 0,
            begun: 0,
            deliveries: 0,
            detached: 0,
        }
    }

    /// A send is given to its device at `now_ns`.
    pub fn handle_send(&mut self, send: RegisteredSend, now_ns: u64) {
        self.begun += 1;
        self.series.note_send(now_ns);
        self.note_scheduled(send.intended_ns);
        self.ledger.register(send);
    }

    /// A send was due at `intended_ns` and will never be begun: the run was cut short.
    pub fn handle_abandoned(&mut self, intended_ns: u64) {
        self.note_scheduled(intended_ns);
    }

    /// Something happened on a connection.
    pub fn handle_observation(&mut self, observation: &Observation) {
        match observation {
            &Observation::Begun { number, at_ns } => self.handle_begun(number, at_ns),
            &Observation::Sent { number, at_ns } => self.ledger.note_sent(number, at_ns),
            &Observation::Accepted { number, at_ns, .. } => self.handle_accepted(number, at_ns),
            Observation::Refused { number, reason, .. } => {
                self.ledger.note_refused(*number, reason);
            }
            &Observation::GivenUp { number, .. } => self.ledger.note_given_up(number),
            &Observation::Delivered { device, message_id, number, at_ns } => {
                let delivery = self.ledger.note_delivery(device, message_id, number, at_ns);
                if let Delivery::First { row, complete } = delivery {
                    self.deliveries += 1;
                    let latency_ns = at_ns.saturating_sub(row.send.intended_ns);
                    self.series.note_delivery(at_ns, latency_ns);
                    record_delivery(&mut self.histograms, self.window, row, at_ns, complete);
                }
            }
            &Observation::Detached { at_ns, .. } => {
                self.detached += u64::from(self.window.contains(at_ns));
            }
        }
    }

    /// Whether every send so far is answered and delivered to all.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ledger.is_settled()
    }

    /// Sends begun and deliveries seen so far, warm-up included.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64) {
        (self.begun, self.deliveries)
    }

    /// Ends the measurement: what did not come until now never came.
    #[must_use]
    pub fn finish(mut self) -> Measured {
        for row in self.ledger.rows().filter(|row| self.window.contains(row.send.intended_ns)) {
            record_missing(&mut self.histograms, row);
        }
        let total = self.series.total();
        let counts = Counts {
            sends_scheduled: self.intended_in_window,
            sends_begun: total.sends,
            acceptances: total.acceptances,
            deliveries: total.deliveries,
            connections_ended: self.detached,
        };
        let missing = self
            .ledger
            .missing()
            .map(|(row, device)| MissingDelivery { number: row.send.number, device });
        Measured {
            window: self.window,
            counts,
            ledger: self.ledger.counts(),
            missing_examples: missing.take(Measured::EXAMPLES).collect(),
            histograms: self.histograms,
            series: self.series,
            is_cut_short: false,
        }
    }

    fn note_scheduled(&mut self, intended_ns: u64) {
        self.intended_in_window += u64::from(self.window.contains(intended_ns));
    }

    fn handle_begun(&mut self, number: u64, at_ns: u64) {
        let Some(row) = self.ledger.row(number) else { return };
        if self.window.contains(row.send.intended_ns) {
            self.histograms.schedule_lag.record(row.send.intended_ns, at_ns);
        }
    }

    fn handle_accepted(&mut self, number: u64, at_ns: u64) {
        let Some(row) = self.ledger.note_accepted(number, at_ns) else { return };
        self.series.note_acceptance(at_ns);
        if self.window.contains(row.send.intended_ns) {
            let acceptance = self.histograms.acceptance.of(row.send.channel);
            acceptance.record(row.send.intended_ns, at_ns);
        }
    }
}

impl Measured {
    /// How many missing deliveries are kept by name.
    pub const EXAMPLES: usize = 20;
}

fn record_delivery(
    histograms: &mut Histograms,
    window: Window,
    row: &SendRow,
    at_ns: u64,
    complete: bool,
) {
    let RegisteredSend { channel, intended_ns, .. } = row.send;
    if !window.contains(intended_ns) {
        return;
    }
    histograms.delivery.of(channel).record(intended_ns, at_ns);
    let sent_ns = row.sent_ns.unwrap_or(intended_ns);
    histograms.delivery_uncorrected.of(channel).record(sent_ns, at_ns);
    if complete {
        let last_recipient = histograms.last_recipient.of(channel);
        last_recipient.record(intended_ns, row.latest_delivery_ns);
    }
}

/// What never came is a latency without end, whoever is to blame. A send that was refused or not
/// answered has no acceptance, and its missing recipients wait in vain too.
fn record_missing(histograms: &mut Histograms, row: &SendRow) {
    let channel = row.send.channel;
    let undelivered = row.undelivered();
    histograms.acceptance.of(channel).record_missing(u64::from(row.accepted_ns.is_none()));
    histograms.delivery.of(channel).record_missing(undelivered);
    histograms.delivery_uncorrected.of(channel).record_missing(undelivered);
    histograms.last_recipient.of(channel).record_missing(u64::from(undelivered > 0));
}
