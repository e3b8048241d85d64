//! The async shell: real connections that do what a [`LoadRun`] says.

mod clock;
mod connections;
mod crowd;
mod error;
mod limits;
mod meter;
mod progress;
mod recording;
mod target;

use std::{sync::Arc, time::Duration};

use hubbub_chat::Design;
use hubbub_history::{EventBody, History, Phase};
use hubbub_scenario::Load;
use hubbub_service::net::Net;
use tokio::sync::watch;

pub use error::LoadError;
pub use limits::raise_file_limit;
pub use progress::{LoadProgress, ProgressObserver, Stage};
pub use recording::HistoryHeader;
pub use target::{Target, TargetError};

use crate::{
    observer::Observer,
    plan::{LoadPlan, LoadSettings},
    result::LoadResult,
    run::{LoadRun, RunPhase},
    verdict::VerdictLimits,
};
use clock::Clock;
use connections::Connections;
use crowd::Crowd;
use meter::Meter;
use progress::Announcer;
use recording::{Header, Recording};

/// How far ahead of its beginning a run is set up, in nanoseconds, so that the first sends are not
/// late before they could be on time.
const LEAD_NS: u64 = 50_000_000;

/// How long observations wait at most until they are taken in, in nanoseconds. Their times are
/// read where they happen, so this adds nothing to a latency; waking up for each of them would
/// cost more than everything else that the generator does.
const GATHER_NS: u64 = 10_000_000;

/// What to do.
#[derive(Debug, Clone)]
pub struct LoadOrder {
    /// How many connections, how much load and for how long.
    pub load: Load,
    /// The design that the server was started with; the devices follow it.
    pub design: Design,
    /// The server.
    pub target: Target,
    /// The seed of population and schedule.
    pub seed: u64,
    /// How long opening all connections may take; [`LoadOrder::CONNECT_WITHIN`] if unsure.
    pub connect_within: Duration,
    /// What the history says about the run; `None` keeps no history. It takes about 200 bytes of
    /// memory per line, and a delivery is two lines.
    pub history: Option<HistoryHeader>,
}

/// What a run leaves behind.
#[derive(Debug, Clone)]
pub struct LoadOutcome {
    /// The result with its verdict.
    pub result: LoadResult,
    /// The history, when one was asked for. Its checkers decide nothing about a run that was cut
    /// short while messages were under way.
    pub history: Option<History>,
    /// The distributions as an interval log (`.hlog`).
    pub interval_log: Vec<u8>,
    /// Whether the run was cancelled.
    pub is_cut_short: bool,
}

impl LoadOrder {
    /// How long opening all connections may take by default: 20,000 of them at a few hundred a
    /// second.
    pub const CONNECT_WITHIN: Duration = Duration::from_secs(60);
}

/// Runs a load against a server that was started with `--provision`.
///
/// It provisions users and groups, opens all connections, sends what the schedule says, waits for
/// what is under way and closes. When `cancelled` turns true while it sends, it stops sending,
/// waits two seconds at most and gives back what there is; the verdict then is invalid.
///
/// # Errors
/// When the machine allows too few connections, the server cannot be reached or refuses, not all
/// connections opened in time, or `cancelled` turned true before anything was sent.
pub async fn run_load(
    net: Arc<dyn Net>,
    order: &LoadOrder,
    progress: &dyn ProgressObserver,
    mut cancelled: watch::Receiver<bool>,
) -> Result<LoadOutcome, LoadError> {
    limits::check(order.load.connections)?;
    let plan = LoadPlan::generate(order.seed, &order.load, &order.design);
    let settings = LoadSettings::new(order.seed, &order.load, &plan.population);
    let objective_ns = plan.objective_ns;
    let mut announcer = Announcer::new(progress, order.load.connections);

    announcer.stage(Stage::Provision);
    let provisioning = Crowd::provision(&*net, &order.target.address, &plan.population);
    let crowd = tokio::select! {
        crowd = provisioning => crowd?,
        () = turned_true(&mut cancelled) => return Err(LoadError::Cancelled),
    };

    let clock = Clock::start(net.clone());
    let header = order.history.as_ref().map(|header| Header::new(header, order, &crowd));
    let recording = Recording::new(clock.clone(), Observer::new(&plan.actions), header);
    let recording = Arc::new(recording);
    let mut meter = Meter::start(order.target.server_pid);
    let mut connections = Connections::new(net, order, crowd, recording.clone());
    tokio::select! {
        opened = connections.open_all(&clock, order.connect_within, &mut announcer) => opened?,
        () = turned_true(&mut cancelled) => return Err(LoadError::Cancelled),
    }
    meter.note_connected();

    let run = LoadRun::new(plan, clock.now_ns().saturating_add(LEAD_NS));
    let mut driver = Driver { run, clock, recording, connections, meter, announcer };
    driver.drive(&mut cancelled).await;
    driver.finish(settings, objective_ns).await
}

struct Driver<'a> {
    run: LoadRun,
    clock: Clock,
    recording: Arc<Recording>,
    connections: Connections,
    meter: Meter,
    announcer: Announcer<'a>,
}

impl Driver<'_> {
    async fn drive(&mut self, cancelled: &mut watch::Receiver<bool>) {
        let mut phase = RunPhase::WarmUp;
        let mut is_cancelled = false;
        self.recording.harness(EventBody::Phase { phase: Phase::WarmUp, deadline_ns: None });
        while phase != RunPhase::Done {
            self.give_out();
            self.take_in();
            let now_ns = self.clock.now_ns();
            let next = self.run.phase(now_ns);
            if next != phase {
                self.enter(next, is_cancelled);
                phase = next;
            }
            self.announcer.running(&self.run, now_ns);
            let Some(timeout_ns) = self.run.poll_timeout(now_ns) else { continue };
            let wake_ns = timeout_ns.min(now_ns.saturating_add(GATHER_NS));
            tokio::select! {
                () = turned_true(cancelled), if !is_cancelled => {
                    is_cancelled = true;
                    self.run.cut_short(self.clock.now_ns());
                }
                () = self.clock.sleep_until(wake_ns) => {}
            }
        }
    }

    async fn finish(
        mut self,
        settings: LoadSettings,
        objective_ns: u64,
    ) -> Result<LoadOutcome, LoadError> {
        self.take_in();
        self.announcer.stage(Stage::Close);
        // Closed first: what a device holds must not grow while it is written down.
        let finals = self.connections.close(&self.clock).await;
        finals.into_iter().for_each(|body| self.recording.harness(body));
        self.recording.harness(EventBody::Phase { phase: Phase::End, deadline_ns: None });

        let measured = self.run.finish();
        let costs = self.meter.costs(&measured.counts);
        let is_cut_short = measured.is_cut_short;
        let mut interval_log = Vec::new();
        measured.histograms.write_interval_log(measured.window, &mut interval_log)?;
        let limits = VerdictLimits::default();
        let result = LoadResult::new(settings, objective_ns, measured, costs, &limits);
        let history = self.recording.take_history();
        Ok(LoadOutcome { result, history, interval_log, is_cut_short })
    }

    fn give_out(&mut self) {
        while let Some(due) = self.run.poll_action(self.clock.now_ns()) {
            if let Err(refused) = self.connections.begin(due, self.clock.now_ns()) {
                self.run.handle_observation(&refused);
            }
        }
    }

    fn take_in(&mut self) {
        let observations = self.recording.take_observations();
        observations.iter().for_each(|observation| self.run.handle_observation(observation));
        self.recording.give_back(observations);
    }

    fn enter(&mut self, phase: RunPhase, is_cancelled: bool) {
        match phase {
            RunPhase::WarmUp => {}
            RunPhase::Window => {
                self.meter.note_window_start();
                let phase = Phase::Safety;
                self.recording.harness(EventBody::Phase { phase, deadline_ns: None });
            }
            RunPhase::Drain | RunPhase::Done => self.end_window(is_cancelled),
        }
    }

    /// Called again when the drain is over, if there was one.
    fn end_window(&mut self, is_cancelled: bool) {
        // Whoever cut the run short does not wait for everything to come.
        if self.meter.note_window_end() && !is_cancelled {
            let deadline_ns = Some(self.run.drain_end_ns());
            self.recording.harness(EventBody::Phase { phase: Phase::Liveness, deadline_ns });
        }
    }
}

/// Waits until somebody cancels; for ever when nobody is left who could.
async fn turned_true(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        std::future::pending::<()>().await;
    }
}
