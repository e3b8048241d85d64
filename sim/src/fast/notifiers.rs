//! The notifiers, and the push gateway of a third party that they ask.

use hubbub_chat::{
    Notifier,
    notifier::{NotifierConfig, NotifierInput, NotifierOutput},
    ports::push::{PushAnswer, PushRequest},
    time::nanoseconds,
};
use hubbub_history::{Source, push_event};
use hubbub_scenario::FaultKind;

use super::{Asker, Engine, Happening, Payload, Seat};

impl Engine<'_> {
    pub(super) fn start_notifier(&mut self, index: usize) {
        let here = self.setup.hosts.notify(index);
        let incarnation = self.incarnations[here.0];
        let config = NotifierConfig {
            holder: self.holder(Seat::Notify(index)),
            design: self.setup.design.clone(),
            seed: self.setup.seed,
        };
        self.notifiers[index].start(incarnation, Notifier::new(config));
        self.plan_notifier(index);
    }

    pub(super) fn notifier_input(&mut self, index: usize, input: NotifierInput) {
        let now = self.clock(self.setup.hosts.notify(index));
        self.machine_events += 1;
        if let Some(machine) = &mut self.notifiers[index].machine {
            machine.handle_input(now, input);
            self.drain_notifier(index);
        }
    }

    pub(super) fn wake_notifier(&mut self, index: usize, at: u64) {
        let now = self.clock(self.setup.hosts.notify(index));
        let Some(machine) = self.notifiers[index].wake(at) else { return };
        self.machine_events += 1;
        machine.handle_timeout(now);
        self.drain_notifier(index);
        self.watch_leases(Seat::Notify(index));
    }

    /// The gateway takes every push on that it does not fail at: its tokens live. It is outside the
    /// deployment, so no fault keeps a push from it, and what it was asked for it does whatever
    /// becomes of the asker.
    pub(super) fn push_arrives(&mut self, index: usize, push: Push) {
        let Push { incarnation, id, request } = push;
        let fails = self.draws(FaultKind::GatewayFailing);
        let answer = if fails { PushAnswer::Busy } else { PushAnswer::Taken };
        self.record(Source::Gateway, "gateway", 0, push_event(&request, Some(answer)));
        let slow = self.longest(FaultKind::GatewaySlow).map_or(0, nanoseconds);
        let at = self.now + self.network.latency() + slow;
        let payload = Payload::PushAnswer { notifier: index, incarnation, id, answer };
        self.at(at, Happening::Arrival(self.setup.hosts.notify(index), payload));
    }

    pub(super) fn push_answer_arrives(
        &mut self,
        index: usize,
        incarnation: u32,
        id: u64,
        answer: PushAnswer,
    ) {
        if self.notifiers[index].of(incarnation).is_some() {
            self.notifier_input(index, NotifierInput::PushAnswer(id, Some(answer)));
        }
    }

    fn drain_notifier(&mut self, index: usize) {
        while let Some(output) =
            self.notifiers[index].machine.as_mut().and_then(Notifier::poll_output)
        {
            for output in self.planted.notifier_output(output) {
                self.notifier_output(index, output);
            }
        }
        self.plan_notifier(index);
    }

    fn notifier_output(&mut self, index: usize, output: NotifierOutput) {
        let incarnation = self.notifiers[index].incarnation;
        match output {
            NotifierOutput::Request { id, request, .. } => {
                let asker = Asker { seat: Seat::Notify(index), incarnation, is_place: false };
                self.ask(asker, id, request);
            }
            NotifierOutput::Push { id, request, .. } => {
                let name = self.setup.hosts.name(self.setup.hosts.notify(index));
                let event = push_event(&request, None);
                self.record(Source::Notifier, name, incarnation - 1, event);
                let at = self.now + self.network.latency();
                self.at(at, Happening::Push(index, Push { incarnation, id, request }));
            }
            NotifierOutput::Stopped => {}
        }
    }

    fn plan_notifier(&mut self, index: usize) {
        let process = &mut self.notifiers[index];
        let due = process.machine.as_ref().and_then(Notifier::poll_timeout);
        if let Some(at) = process.plan(self.now, due.map(|(due, _)| due)) {
            self.wake_at(Seat::Notify(index), at);
        }
    }
}

/// A push on its way to the gateway.
#[derive(Debug, Clone)]
pub(super) struct Push {
    incarnation: u32,
    id: u64,
    request: PushRequest,
}
