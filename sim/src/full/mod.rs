//! The full engine: the whole service, roles, sockets, framing and all, inside turmoil's simulated
//! network. A host's body does nothing but call `hubbub_service::run`.

mod capture;
mod counters;
mod device_net;
mod devices;
mod envelopes;
mod faults;
mod gate;
mod gated_stream;
mod gateway;
mod generator;
mod group;
mod hosts;
mod net;
mod port_faults;
mod recording;
mod struck;
mod transport;
mod truth;

use std::{sync::Arc, time::Duration, time::SystemTime};

use hubbub_chat::time::nanoseconds;
use hubbub_history::Phase;
use turmoil::Sim;

use crate::{
    cpu::thread_cpu_s,
    ending::{SETTLE_CHECK, Settling, phase},
    outcome::Outcome,
    setup::{LEAD, Setup, WALL_START_NS},
};
use capture::Capture;
use faults::{FaultState, World};
use hosts::Deployment;
use recording::{Recorded, Recording, Shared};
use transport::Lead;
use truth::DeviceTruth;

pub use devices::DeviceSeat;
pub use hosts::Arrange;

/// The step of the simulated clock. Hosts see each other's messages at its ends only, so it is the
/// grain of every latency. Each step costs about a microsecond for each host, busy or idle, which is
/// nearly all that a quiet run costs.
const TICK: Duration = Duration::from_millis(4);

/// Segments in flight on one connection, and connections that wait to be accepted, at most.
const TCP_CAPACITY: usize = 16_384;

/// Why a run could not be finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FullError {
    /// A host's program ended or panicked.
    #[error("a simulated host failed: {reason}")]
    Host {
        /// What turmoil says.
        reason: String,
    },
    /// The thread of the run panicked.
    #[error("the simulation panicked: {reason}")]
    Panicked {
        /// The panic's message.
        reason: String,
    },
}

/// Runs a setup to its end.
///
/// # Errors
/// When a host fails, which a defect in the service can make it do.
pub fn run(setup: &Setup, traced: bool) -> Result<Outcome, FullError> {
    run_arranged(setup, traced, Arc::new(|seats| seats))
}

/// Runs a setup whose hosts start their devices in the order that `arrange` gives. Only the test of
/// determinism has a use for it.
///
/// # Errors
/// As [`run`].
pub fn run_arranged(setup: &Setup, traced: bool, arrange: Arrange) -> Result<Outcome, FullError> {
    let setup = setup.clone();
    // A thread of its own: what the runtime keeps per thread must not come from an earlier run.
    let thread = std::thread::spawn(move || Engine::run(&setup, traced, arrange));
    thread.join().unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(FullError::Panicked { reason: text.unwrap_or("no message").to_owned() })
    })
}

struct Engine<'run> {
    setup: &'run Setup,
    sim: Sim<'static>,
    shared: Shared,
    deployment: Arc<Deployment>,
    faults: FaultState,
    lead: Option<Lead>,
    settling: Settling,
    ended: bool,
    next_check: Duration,
}

impl Engine<'_> {
    fn run(setup: &Setup, traced: bool, arrange: Arrange) -> Result<Outcome, FullError> {
        let shared = Shared::new(Recording::new(setup, traced));
        let capture = Capture::new(shared.clone());
        tracing::subscriber::with_default(capture, || {
            let mut engine = Engine::start(setup, shared, arrange);
            engine.drive()?;
            Ok(engine.finish())
        })
    }

    fn start(setup: &Setup, shared: Shared, arrange: Arrange) -> Engine<'_> {
        let epoch = SystemTime::UNIX_EPOCH + Duration::from_nanos(WALL_START_NS);
        let mut sim = turmoil::Builder::new()
            .epoch(epoch)
            .simulation_duration(Duration::from_secs(u64::from(u32::MAX)))
            .tick_duration(TICK)
            .tcp_capacity(TCP_CAPACITY)
            .min_message_latency(setup.cluster.latency_min.0)
            .max_message_latency(setup.cluster.latency_max.0)
            .rng_seed(setup.seed)
            .build();
        let deployment = Arc::new(Deployment::new(setup, shared.clone(), arrange));
        shared.with(|recording| {
            for seat in &deployment.seats {
                let host = setup.hosts.devices(seat.host);
                let truth = DeviceTruth::new(host, seat.gate.clone());
                recording.devices.insert(seat.device, truth);
            }
            recording.begin(setup, &deployment.seeded_entries());
        });
        hosts::add_hosts(&mut sim, setup, &deployment);
        shared.with(|recording| {
            for host in setup.hosts.iter() {
                recording.name_address(sim.lookup(setup.hosts.name(host)), host);
            }
        });
        let next_check = setup.heal_at() + SETTLE_CHECK;
        let faults = FaultState::new(setup);
        Engine {
            setup,
            sim,
            shared,
            deployment,
            faults,
            lead: None,
            settling: Settling::default(),
            ended: false,
            next_check,
        }
    }

    fn drive(&mut self) -> Result<(), FullError> {
        let mut healed = false;
        while !self.ended {
            let now = self.sim.elapsed();
            self.shared.with(|recording| {
                recording.set_now(nanoseconds(now));
                recording.deliver_pushes();
            });
            let Self { setup, sim, shared, deployment, .. } = self;
            self.faults.apply_due(now, World { setup, sim, shared, deployment });
            if self.lead.is_none() && now >= LEAD {
                self.lead = Some(Lead::of(&self.deployment.seats));
            }
            if !healed && now >= self.setup.heal_at() {
                healed = true;
                self.heal();
            }
            if now >= self.next_check {
                self.check_settled(now);
            }
            let failed =
                |error: Box<dyn std::error::Error>| FullError::Host { reason: error.to_string() };
            self.sim.step().map_err(failed)?;
        }
        Ok(())
    }

    fn heal(&mut self) {
        let deadline = nanoseconds(self.setup.deadline());
        self.shared.with(|recording| {
            recording.harness(phase(Phase::Heal, None));
            recording.harness(phase(Phase::Liveness, Some(deadline)));
        });
    }

    fn check_settled(&mut self, now: Duration) {
        self.next_check = now + SETTLE_CHECK;
        let is_settled = self.is_settled();
        if !self.settling.look(is_settled, &self.setup.design) && now < self.setup.deadline() {
            return;
        }
        self.shared.with(|recording| {
            for event in self.deployment.final_events() {
                recording.harness(event);
            }
            recording.harness(phase(Phase::End, None));
        });
        self.ended = true;
    }

    /// Every device is attached, has nothing pending, and has what the store has for its user.
    fn is_settled(&self) -> bool {
        self.shared.with(|recording| recording.is_everybody_synced())
            && self.deployment.is_settled()
    }

    fn finish(self) -> Outcome {
        let simulated_s = self.sim.elapsed().as_secs_f64();
        // Before the hosts go, since their devices' connections end with them.
        let (machines, situations) = (self.deployment.counted(), self.deployment.situations());
        // The hosts' futures hold the recording too, and go with the simulation.
        drop(self.sim);
        let lead = self.lead.unwrap_or_default();
        let transport = self.shared.with(|recording| {
            lead.totals(self.setup, &self.deployment.seats, recording, simulated_s)
        });
        let recorded = self.shared.with(Recording::take);
        let Recorded { history, trace, envelopes, affected } = recorded;
        let effect = |fault: &crate::faults::ActiveFault| {
            fault.effect(affected.get(&fault.id).copied().unwrap_or_default())
        };
        Outcome {
            history,
            trace,
            effects: self.setup.faults.iter().map(effect).collect(),
            simulated_s,
            // The run has its thread for itself.
            cpu_s: thread_cpu_s(),
            envelopes,
            machine_events: 0,
            machines,
            situations,
            transport,
        }
    }
}
