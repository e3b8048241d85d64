//! The separate generator of ids: a Snowflake worker of its own, under a leased worker id.

use hubbub_chat::{
    Now, RequestId,
    design::Design,
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Answer, Outcome, Port, Request,
        registry::{LeaseInfo, LeaseKey, RegistryRequest},
    },
    snowflake::SnowflakeSource,
    time::Monotonic,
};

use super::{Asker, Engine, Seat};

/// The generator.
#[derive(Debug)]
pub(super) struct Generator {
    source: SnowflakeSource,
    keeper: LeaseKeeper,
    held: Option<Held>,
    design: Design,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    worker: u16,
    epoch: u64,
    high_water_ms: u64,
    may_start_at: Monotonic,
}

impl Generator {
    fn new(holder: u64, design: Design) -> Self {
        let info = LeaseInfo::default();
        let keeper = LeaseKeeper::new(LeaseTarget::AnyWorker, holder, &design, info);
        let source = SnowflakeSource::without_lease();
        Self { source, keeper, held: None, design }
    }

    /// The worker id that it holds, and under which epoch.
    pub(super) fn worker(&self, now: Now) -> Option<(u16, u64)> {
        let epoch = self.keeper.epoch(now.monotonic)?;
        self.held.filter(|held| held.epoch == epoch).map(|held| (held.worker, epoch))
    }

    /// A lease that may have ended counts for this one id: the keeper knows its end.
    fn issue(&mut self, now: Now) -> Answer {
        let held = self.held.filter(|held| self.keeper.epoch(now.monotonic) == Some(held.epoch));
        let Some(held) = held else { return Port::Generator.refused() };
        let until = now.monotonic.after(self.design.lease_ttl);
        self.source.lease(held.worker, until, held.high_water_ms, held.may_start_at);
        match self.source.issue(now) {
            Ok(id) => Answer::NextId(Outcome::Ok(id)),
            Err(_) => Port::Generator.refused(),
        }
    }

    fn handle_timeout(&mut self, now: Now) {
        self.keeper.info_mut().high_water_ms = self.source.high_water_ms();
        self.keeper.handle_timeout(now.monotonic);
    }

    /// The requests to the registry that follow, under the keeper's own numbers.
    fn drain(&mut self, now: Now) -> Vec<(RequestId, RegistryRequest)> {
        let mut asked = Vec::new();
        while let Some(output) = self.keeper.poll_output() {
            match output {
                LeaseOutput::Request { number, request } => {
                    asked.push((RequestId(number), request));
                }
                LeaseOutput::Held { key: LeaseKey::Worker(worker), epoch, high_water_ms } => {
                    // Its clock may be behind that of whoever had the id before.
                    let may_start_at = now.monotonic.after(self.design.skew_max);
                    self.held = Some(Held { worker, epoch, high_water_ms, may_start_at });
                }
                LeaseOutput::Lost => {
                    self.held = None;
                    self.source.release();
                }
                LeaseOutput::Held { .. } | LeaseOutput::Released => {}
            }
        }
        asked
    }
}

impl Engine<'_> {
    /// It is there when the design has a use for it.
    pub(super) fn start_generator(&mut self) {
        let here = self.setup.hosts.generator();
        let incarnation = self.incarnations[here.0];
        let generator = Generator::new(self.holder(Seat::Generator), self.setup.design.clone());
        self.generator.start(incarnation, generator);
        self.drain_generator();
    }

    pub(super) fn next_id(&mut self) -> Answer {
        let now = self.clock(self.setup.hosts.generator());
        self.machine_events += 1;
        match &mut self.generator.machine {
            Some(generator) => generator.issue(now),
            None => Port::Generator.refused(),
        }
    }

    pub(super) fn generator_answer(&mut self, id: RequestId, answer: Answer) {
        let now = self.clock(self.setup.hosts.generator());
        self.machine_events += 1;
        let Some(generator) = &mut self.generator.machine else { return };
        if let Answer::Registry(outcome) = answer {
            generator.keeper.handle_answer(now.monotonic, id.0, outcome);
        }
        self.drain_generator();
    }

    pub(super) fn wake_generator(&mut self, at: u64) {
        let now = self.clock(self.setup.hosts.generator());
        let Some(generator) = self.generator.wake(at) else { return };
        self.machine_events += 1;
        generator.handle_timeout(now);
        self.drain_generator();
        self.watch_leases(Seat::Generator);
    }

    fn drain_generator(&mut self) {
        let now = self.clock(self.setup.hosts.generator());
        let incarnation = self.generator.incarnation;
        let Some(generator) = &mut self.generator.machine else { return };
        let asked = generator.drain(now);
        let due = generator.keeper.poll_timeout();
        for (id, request) in asked {
            let asker = Asker { seat: Seat::Generator, incarnation, is_place: false };
            self.ask(asker, id, Request::Registry(request));
        }
        if let Some(at) = self.generator.plan(self.now, due) {
            self.wake_at(Seat::Generator, at);
        }
    }
}
