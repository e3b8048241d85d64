//! The separate generator of ids: a Snowflake worker of its own, under a leased worker id.

use hubbub_chat::{
    RequestId,
    ports::{Answer, Outcome, Port, Request},
    snowflake::LeasedWorker,
};

use super::{Asker, Engine, Seat};

impl Engine<'_> {
    /// It is there when the design has a use for it.
    pub(super) fn start_generator(&mut self) {
        let here = self.setup.hosts.generator();
        let incarnation = self.incarnations[here.0];
        let generator = LeasedWorker::new(self.holder(Seat::Generator), &self.setup.design);
        self.generator.start(incarnation, generator);
        self.drain_generator();
    }

    pub(super) fn next_id(&mut self) -> Answer {
        let now = self.clock(self.setup.hosts.generator());
        self.machine_events += 1;
        let generator = self.generator.machine.as_mut();
        match generator.and_then(|generator| generator.issue(now).ok()) {
            Some(id) => Answer::NextId(Outcome::Ok(id)),
            None => Port::Generator.refused(),
        }
    }

    pub(super) fn generator_answer(&mut self, id: RequestId, answer: Answer) {
        let now = self.clock(self.setup.hosts.generator());
        self.machine_events += 1;
        let Some(generator) = &mut self.generator.machine else { return };
        if let Answer::Registry(outcome) = answer {
            generator.handle_answer(now, id.0, outcome);
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
        let incarnation = self.generator.incarnation;
        let asker = Asker { seat: Seat::Generator, incarnation, is_place: false };
        let next = |engine: &mut Self| engine.generator.machine.as_mut()?.poll_request();
        while let Some((number, request)) = next(self) {
            self.ask(asker, RequestId(number), Request::Registry(request));
        }
        let due = self.generator.machine.as_ref().and_then(LeasedWorker::poll_timeout);
        if let Some(at) = self.generator.plan(self.now, due) {
            self.wake_at(Seat::Generator, at);
        }
    }
}
