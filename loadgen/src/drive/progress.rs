//! Figures for a progress bar while a load runs.

use crate::run::{LoadRun, RunPhase};

/// How often progress is announced, in nanoseconds: five times a second.
const INTERVAL_NS: u64 = 200_000_000;

/// Is told how far a load is, about five times a second and whenever a stage begins. It is called
/// by the task that gives out the sends, so it must be quick.
pub trait ProgressObserver: Send + Sync {
    /// How far it is now.
    fn progress(&self, progress: &LoadProgress);
}

impl<F: Fn(&LoadProgress) + Send + Sync> ProgressObserver for F {
    fn progress(&self, progress: &LoadProgress) {
        self(progress);
    }
}

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadProgress {
    /// What is under way.
    pub stage: Stage,
    /// Share of this stage that is over, 0 to 1; 0 where nobody can tell.
    pub share: f64,
    /// Connections that are open and synced, or were.
    pub connected: u32,
    /// Sends begun, warm-up included.
    pub sends: u64,
    /// Deliveries seen, warm-up included.
    pub deliveries: u64,
}

/// What a load does, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The server makes users and groups.
    Provision,
    /// Connections are opened.
    Connect,
    /// Messages are sent and not measured.
    WarmUp,
    /// Messages are sent and measured.
    Window,
    /// Waiting for what is under way.
    Drain,
    /// Connections are closed.
    Close,
}

/// Decides when to tell the observer.
pub(super) struct Announcer<'a> {
    observer: &'a dyn ProgressObserver,
    now: LoadProgress,
    wanted: u32,
    start_ns: Option<u64>,
    next_ns: u64,
}

impl<'a> Announcer<'a> {
    pub(super) fn new(observer: &'a dyn ProgressObserver, wanted: u32) -> Self {
        let stage = Stage::Provision;
        let now = LoadProgress { stage, share: 0.0, connected: 0, sends: 0, deliveries: 0 };
        Self { observer, now, wanted, start_ns: None, next_ns: 0 }
    }

    /// A stage begins of whose length nothing is known.
    pub(super) fn stage(&mut self, stage: Stage) {
        self.now = LoadProgress { stage, share: 0.0, ..self.now };
        self.observer.progress(&self.now);
    }

    pub(super) fn connecting(&mut self, connected: u32, now_ns: u64) {
        let share = f64::from(connected) / f64::from(self.wanted.max(1));
        // Kept even when it is not announced: later stages repeat it.
        self.now.connected = connected;
        self.announce(LoadProgress { stage: Stage::Connect, share, ..self.now }, now_ns);
    }

    pub(super) fn running(&mut self, run: &LoadRun, now_ns: u64) {
        let start_ns = *self.start_ns.get_or_insert(now_ns);
        let progress = run.progress(now_ns);
        let (stage, share) = match progress.phase {
            RunPhase::WarmUp => {
                let length_ns = run.window().start_ns.saturating_sub(start_ns);
                let passed_ns = now_ns.saturating_sub(start_ns);
                (Stage::WarmUp, (passed_ns as f64 / length_ns.max(1) as f64).min(1.0))
            }
            RunPhase::Window => (Stage::Window, progress.window_share),
            RunPhase::Drain | RunPhase::Done => (Stage::Drain, 0.0),
        };
        let (sends, deliveries) = (progress.sends, progress.deliveries);
        self.announce(LoadProgress { stage, share, sends, deliveries, ..self.now }, now_ns);
    }

    fn announce(&mut self, progress: LoadProgress, now_ns: u64) {
        if progress.stage != self.now.stage || now_ns >= self.next_ns {
            self.next_ns = now_ns.saturating_add(INTERVAL_NS);
            self.now = progress;
            self.observer.progress(&progress);
        }
    }
}
