//! A run from its first send to its last delivery, as a machine.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{ChannelId, DeviceId};
use hubbub_traffic::{Population, What, message_number};

use crate::{
    ledger::RegisteredSend,
    measurement::{Measured, Measurement},
    observation::Observation,
    open_loop::{Due, OpenLoop},
    plan::LoadPlan,
    series::Window,
};

/// How long a run that is cut short waits for what is under way, in nanoseconds: long enough for
/// a healthy server, short enough for whoever pressed Ctrl-C.
const CUT_SHORT_DRAIN_NS: u64 = 2_000_000_000;

/// A run: give out what is due, take in what happened, know when it is over.
///
/// Drive it so: at every wake-up take actions with [`LoadRun::poll_action`] until there are none,
/// give each to its device without waiting for it, and hand every observation to
/// [`LoadRun::handle_observation`]. Sleep until [`LoadRun::poll_timeout`] or the next observation.
/// When [`LoadRun::phase`] is [`RunPhase::Done`], call [`LoadRun::finish`].
#[derive(Debug)]
pub struct LoadRun {
    schedule: OpenLoop,
    measurement: Measurement,
    population: Arc<Population>,
    recipients: BTreeMap<(ChannelId, DeviceId), Arc<[DeviceId]>>,
    window: Window,
    drain_end_ns: u64,
    is_cut_short: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunPhase {
    /// It sends, but what is sent now is not measured.
    WarmUp,
    /// It sends and measures.
    Window,
    /// It waits for what is under way.
    Drain,
    /// Everything came, or waiting has lasted long enough.
    Done,
}

/// Figures for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Where the run stands.
    pub phase: RunPhase,
    /// Sends begun, warm-up included.
    pub sends: u64,
    /// Deliveries seen, warm-up included.
    pub deliveries: u64,
    /// Share of the window that has passed, 0 to 1.
    pub window_share: f64,
}

impl LoadRun {
    /// A run of `plan` whose warm-up begins at `start_ns` of the driver's clock. Begin a little
    /// in the future, so that the first sends are not late before they could be on time.
    #[must_use]
    pub fn new(plan: LoadPlan, start_ns: u64) -> Self {
        let window_start_ns = start_ns.saturating_add(plan.warmup_ns);
        let window = Window {
            start_ns: window_start_ns,
            end_ns: window_start_ns.saturating_add(plan.window_ns),
        };
        Self {
            schedule: OpenLoop::new(plan.actions, start_ns),
            measurement: Measurement::new(window, plan.objective_ns),
            population: plan.population,
            recipients: BTreeMap::new(),
            window,
            drain_end_ns: window.end_ns.saturating_add(plan.drain_ns),
            is_cut_short: false,
        }
    }

    /// The next action whose time has come, for its device to begin now. Read the clock anew for
    /// each call.
    pub fn poll_action(&mut self, now_ns: u64) -> Option<Due> {
        let due = self.schedule.poll_due(now_ns)?;
        if let Some(send) = self.registered(&due) {
            self.measurement.handle_send(send, now_ns);
        }
        Some(due)
    }

    /// Something happened on a connection.
    pub fn handle_observation(&mut self, observation: &Observation) {
        self.measurement.handle_observation(observation);
    }

    /// When to wake up at the latest: for the next action, or because another phase begins.
    /// `None` when the run is done.
    #[must_use]
    pub fn poll_timeout(&self, now_ns: u64) -> Option<u64> {
        let change_ns = match self.phase(now_ns) {
            RunPhase::WarmUp => self.window.start_ns,
            RunPhase::Window => self.window.end_ns,
            RunPhase::Drain => self.drain_end_ns,
            RunPhase::Done => return None,
        };
        Some(self.schedule.next_ns().map_or(change_ns, |next_ns| next_ns.min(change_ns)))
    }

    /// Where the run stands. Take the processes' use of the machine when the window begins and
    /// when it ends.
    #[must_use]
    pub fn phase(&self, now_ns: u64) -> RunPhase {
        let is_over = self.schedule.remaining() == 0 && self.measurement.is_settled();
        match now_ns {
            _ if self.is_cut_short && now_ns < self.drain_end_ns && !is_over => RunPhase::Drain,
            _ if self.is_cut_short => RunPhase::Done,
            _ if now_ns < self.window.start_ns => RunPhase::WarmUp,
            _ if now_ns < self.window.end_ns => RunPhase::Window,
            _ if now_ns < self.drain_end_ns && !is_over => RunPhase::Drain,
            _ => RunPhase::Done,
        }
    }

    /// Gives out no more actions and waits two seconds at most for what is under way. What was
    /// measured until now is kept; the verdict on it is that it says nothing.
    pub fn cut_short(&mut self, now_ns: u64) {
        if self.is_cut_short || self.phase(now_ns) == RunPhase::Done {
            return;
        }
        self.is_cut_short = true;
        self.abandon_rest();
        let end_ns = now_ns.saturating_add(CUT_SHORT_DRAIN_NS);
        self.drain_end_ns = end_ns.min(self.drain_end_ns);
    }

    /// When waiting for what is under way ends at the latest.
    #[must_use]
    pub fn drain_end_ns(&self) -> u64 {
        self.drain_end_ns
    }

    /// The window that is measured.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Figures for a progress bar.
    #[must_use]
    pub fn progress(&self, now_ns: u64) -> Progress {
        let (sends, deliveries) = self.measurement.so_far();
        let passed_ns = now_ns.saturating_sub(self.window.start_ns);
        let window_share = (passed_ns as f64 / self.window.length_ns().max(1) as f64).min(1.0);
        Progress { phase: self.phase(now_ns), sends, deliveries, window_share }
    }

    /// Ends the run. Whatever did not come until now never came, and sends that were not begun
    /// count as an offered rate that was missed.
    #[must_use]
    pub fn finish(mut self) -> Measured {
        self.abandon_rest();
        Measured { is_cut_short: self.is_cut_short, ..self.measurement.finish() }
    }

    fn abandon_rest(&mut self) {
        while let Some(due) = self.schedule.poll_due(u64::MAX) {
            if matches!(due.action.what, What::Send { .. }) {
                self.measurement.handle_abandoned(due.intended_ns);
            }
        }
    }

    /// The ledger's row for a send; `None` for other actions. Membership does not change under
    /// load, so the recipients are those at the beginning.
    fn registered(&mut self, due: &Due) -> Option<RegisteredSend> {
        let What::Send { channel, body } = &due.action.what else { return None };
        let (channel, author) = (*channel, due.action.device);
        let recipients = self
            .recipients
            .entry((channel, author))
            .or_insert_with(|| self.population.recipients(channel, author).into());
        Some(RegisteredSend {
            number: message_number(body)?,
            author,
            channel,
            intended_ns: due.intended_ns,
            recipients: recipients.clone(),
        })
    }
}
