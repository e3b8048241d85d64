//! The presence servers.

use std::collections::BTreeMap;

use hubbub_chat::{
    Now, PresenceServer, RequestId,
    frame::PeerFrame,
    membership::{Membership, MembershipConfig, MembershipOutput},
    ports::{
        Answer, Outcome,
        presence::PresenceRequest,
        registry::{LeaseInfo, LeaseKey},
    },
    presence::{
        CallId, PresenceConfig, PresenceInput, PresenceLimits, PresenceOutput, PresenceView,
    },
};

use super::{Asker, Engine, Seat};
use crate::hosts::server_id;

/// A presence server and its place in the registry.
#[derive(Debug)]
pub(super) struct PresenceNode {
    pub(super) server: PresenceServer,
    pub(super) place: Membership,
    /// Who waits for which answer.
    calls: BTreeMap<CallId, (Asker, RequestId)>,
    last_call: u64,
}

impl Engine<'_> {
    pub(super) fn start_presence(&mut self, index: usize) {
        let here = self.setup.hosts.presence(index);
        let (now, incarnation) = (self.clock(here), self.incarnations[here.0]);
        let (design, seed, server) = (&self.setup.design, self.setup.seed, server_id(index));
        let limits = PresenceLimits::default();
        let config = PresenceConfig { server, design: design.clone(), seed, limits };
        let place = MembershipConfig {
            key: Some(LeaseKey::Presence(server)),
            holder: self.holder(Seat::Presence(index)),
            info: LeaseInfo { open: true, ..LeaseInfo::default() },
            design: design.clone(),
        };
        let node = PresenceNode {
            server: PresenceServer::new(config, now),
            place: Membership::new(place, now),
            calls: BTreeMap::new(),
            last_call: 0,
        };
        self.presence[index].start(incarnation, node);
        self.plan_presence(index);
    }

    /// What a machine asks of a presence server.
    pub(super) fn presence_request(
        &mut self,
        index: usize,
        from: (Asker, RequestId),
        request: PresenceRequest,
    ) {
        let Some(node) = self.presence.get_mut(index).and_then(|it| it.machine.as_mut()) else {
            return;
        };
        node.last_call += 1;
        let call = CallId(node.last_call);
        node.calls.insert(call, from);
        self.presence_input(index, PresenceInput::Request { from: call, request });
    }

    pub(super) fn presence_input(&mut self, index: usize, input: PresenceInput) {
        self.drive_presence(index, |node, now| node.server.handle_input(now, input));
    }

    /// Has the presence server's place in the registry do something.
    pub(super) fn presence_place(&mut self, index: usize, act: impl FnOnce(&mut Membership, Now)) {
        self.drive_presence(index, |node, now| act(&mut node.place, now));
    }

    pub(super) fn wake_presence(&mut self, index: usize, at: u64) {
        if self.presence[index].wake(at).is_some() {
            self.drive_presence(index, |node, now| {
                node.place.handle_timeout(now);
                node.server.handle_timeout(now);
            });
            self.watch_leases(Seat::Presence(index));
        }
    }

    fn drive_presence(&mut self, index: usize, act: impl FnOnce(&mut PresenceNode, Now)) {
        let now = self.clock(self.setup.hosts.presence(index));
        let Some(node) = &mut self.presence[index].machine else { return };
        self.machine_events += 1;
        act(node, now);
        self.drain_presence(index);
    }

    fn drain_presence(&mut self, index: usize) {
        let incarnation = self.presence[index].incarnation;
        let asker = |is_place| Asker { seat: Seat::Presence(index), incarnation, is_place };
        loop {
            let now = self.clock(self.setup.hosts.presence(index));
            let Some(node) = &mut self.presence[index].machine else { return };
            match node.place.poll_output() {
                Some(MembershipOutput::Request { id, request, .. }) => {
                    self.ask(asker(true), id, request);
                }
                Some(MembershipOutput::Members { version, members }) => {
                    let view = PresenceView::of_snapshot(version, &members);
                    node.server.handle_input(now, PresenceInput::View(view));
                }
                Some(MembershipOutput::Held { epoch, until }) => {
                    node.server.handle_input(now, PresenceInput::Held { epoch, until });
                }
                Some(MembershipOutput::Lost) => node.server.handle_input(now, PresenceInput::Lost),
                None => break,
            }
        }
        while let Some(output) =
            self.presence[index].machine.as_mut().and_then(|node| node.server.poll_output())
        {
            let outputs = match &mut self.planted {
                None => vec![output],
                Some(planted) => planted.presence_output(output),
            };
            for output in outputs {
                self.presence_output(index, asker(false), output);
            }
        }
        self.plan_presence(index);
    }

    fn presence_output(&mut self, index: usize, asker: Asker, output: PresenceOutput) {
        let here = self.setup.hosts.presence(index);
        match output {
            PresenceOutput::Answer(call, answer) => {
                let node = self.presence[index].machine.as_mut();
                if let Some((from, id)) = node.and_then(|node| node.calls.remove(&call)) {
                    self.answer(here, from, id, Answer::Presence(Outcome::Ok(answer)));
                }
            }
            PresenceOutput::Publish(server, statuses) => {
                self.send_to_server_peer(here, server, PeerFrame::Statuses(statuses));
            }
            PresenceOutput::Request { id, request, .. } => self.ask(asker, id, request),
        }
    }

    fn plan_presence(&mut self, index: usize) {
        let process = &mut self.presence[index];
        let due = process.machine.as_ref().and_then(|node| {
            let of_place = node.place.poll_timeout().map(|(due, _)| due);
            let of_server = node.server.poll_timeout().map(|(due, _)| due);
            of_place.into_iter().chain(of_server).min()
        });
        if let Some(at) = process.plan(self.now, due) {
            self.wake_at(Seat::Presence(index), at);
        }
    }
}
