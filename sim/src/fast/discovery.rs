//! The API servers, as far as they are discovery, and devices that ask them for a chat server.

use std::collections::BTreeMap;

use hubbub_chat::{
    DeviceId, Discovery, RequestId,
    device::DeviceInput,
    discovery::{Assignment, DiscoveryInput, DiscoveryOutput},
    ports::Answer,
    time::nanoseconds,
    transport::ClientInput,
};
use hubbub_history::{EventBody, Source};

use super::{Asker, Engine, Happening, Lane, Payload, Seat};

/// The discovery of an API server.
#[derive(Debug)]
pub(super) struct ApiNode {
    pub(super) discovery: Discovery,
    /// Who waits for the answer to which question.
    asks: BTreeMap<u64, DeviceId>,
}

/// A device asks for a chat server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    number: u64,
    device: DeviceId,
    /// The API server that it asks.
    api: usize,
    attempt: u32,
    background: bool,
}

/// The number of a question whose answer will not arrive. Others begin with 1.
const MISSED: u64 = 0;

/// What a device knows of where it may connect.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// The question that is open.
    asking: Option<u64>,
    /// The last question was not answered in time: the next attempt goes without.
    unanswered: bool,
    /// The servers that discovery named last.
    known: Vec<usize>,
    /// Where to go when the server that it connects to can't be reached.
    fallback: Option<usize>,
    /// The server that has just turned the device away. Discovery may not know yet, so it is tried
    /// last the next time.
    turned_away_by: Option<usize>,
    /// When the attempt under way began.
    since: u64,
    /// Names the last try at a server that another may follow.
    last_try: u64,
}

impl Route {
    /// The device gives its attempt up.
    pub(super) fn give_up(&mut self) {
        self.unanswered = self.asking.take().is_some();
        self.fallback = None;
    }

    /// The attempt is over: there is a session, or was one.
    pub(super) fn arrive(&mut self) {
        self.fallback = None;
    }

    /// A server took the connection and not the device: it is full, or hands its sessions over.
    pub(super) fn turn_away(&mut self, by: Option<usize>) {
        self.turned_away_by = by;
    }

    /// Which of two servers to try first, and which after it.
    fn order(&mut self, server: usize, fallback: Option<usize>) -> (usize, Option<usize>) {
        match (self.turned_away_by.take(), fallback) {
            (Some(by), Some(fallback)) if by == server => (fallback, Some(server)),
            _ => (server, fallback),
        }
    }

    pub(super) fn restart(&mut self) {
        *self = Self { last_try: self.last_try, ..Self::default() };
    }

    /// The question that waits for its answer.
    pub(super) fn asking(&self) -> Option<u64> {
        self.asking
    }

    /// The answer to the question that is open, if one is, will not arrive.
    pub(super) fn miss_answer(&mut self) -> bool {
        let misses = self.asking.is_some_and(|number| number != MISSED);
        if misses {
            self.asking = Some(MISSED);
        }
        misses
    }
}

impl Engine<'_> {
    pub(super) fn start_api(&mut self, index: usize) {
        let here = self.setup.hosts.api(index);
        let incarnation = self.incarnations[here.0];
        // Several would draw the same servers under one seed.
        let seed = self.setup.seed ^ ((index as u64) << 32);
        let discovery = Discovery::new(self.setup.design.clone(), seed);
        self.apis[index].start(incarnation, ApiNode { discovery, asks: BTreeMap::new() });
        self.plan_api(index);
    }

    /// The device wants a connection: it asks discovery where to, and goes to the servers that it
    /// was told last when that does not answer.
    pub(super) fn seek_server(&mut self, device: DeviceId, attempt: u32, background: bool) {
        let now = self.now;
        let Some(node) = self.devices.get_mut(&device) else { return };
        node.route.since = now;
        node.route.fallback = None;
        if std::mem::take(&mut node.route.unanswered) && !node.route.known.is_empty() {
            return self.go_to_known(device, attempt);
        }
        self.last_ask += 1;
        node.route.asking = Some(self.last_ask);
        let apis = self.apis.len() as u64;
        let api = (device.0.wrapping_add(u64::from(attempt)) % apis) as usize;
        let ask = Ask { number: self.last_ask, device, api, attempt, background };
        let (here, there) = (node.host, self.setup.hosts.api(api));
        if self.has_no_network(device) {
            let told = Payload::Told { number: ask.number, device, assignment: None };
            return self.at(self.now, Happening::Arrival(here, told));
        }
        self.transmit(here, there, Lane::Api(device, true), Payload::Ask(ask));
    }

    pub(super) fn ask_arrives(&mut self, ask: Ask) {
        let Ask { number, device, api, attempt, background } = ask;
        if self.vanishes(self.setup.hosts.api(api)) {
            return;
        }
        let Some(region) = self.devices.get(&device).map(|it| self.setup.hosts.region(it.host))
        else {
            return;
        };
        let Some(node) = &mut self.apis[api].machine else {
            if self.refuses(self.setup.hosts.api(api)) {
                self.tell_device(ask, None);
            }
            return;
        };
        node.asks.insert(number, device);
        let region = region.to_owned();
        let input = DiscoveryInput::Ask { call: number, device, region, background, attempt };
        self.discovery_input(api, input);
    }

    /// What discovery says, or that its host refuses connections.
    fn tell_device(&mut self, ask: Ask, assignment: Option<Assignment>) {
        let Some(there) = self.devices.get(&ask.device).map(|node| node.host) else { return };
        let here = self.setup.hosts.api(ask.api);
        let Ask { number, device, .. } = ask;
        let payload = Payload::Told { number, device, assignment };
        self.transmit(here, there, Lane::Api(device, false), payload);
    }

    /// The answer reaches the device, which may have given up meanwhile.
    pub(super) fn told(&mut self, number: u64, device: DeviceId, assignment: Option<Assignment>) {
        let node = self.devices.get_mut(&device);
        let Some(node) = node.filter(|node| node.route.asking == Some(number)) else { return };
        node.route.asking = None;
        self.follow(device, assignment);
        self.drain_device(device, None);
    }

    fn follow(&mut self, device: DeviceId, assignment: Option<Assignment>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let has_known = !node.route.known.is_empty();
        match assignment {
            Some(Assignment::Server { address, fallback, .. }) => {
                let hosts = &self.setup.hosts;
                let fallback = fallback.and_then(|address| hosts.chat_named(&address));
                let Some(server) = hosts.chat_named(&address) else {
                    return self.feed_device(device, DeviceInput::Unreachable);
                };
                let (server, fallback) = node.route.order(server, fallback);
                node.route.known = std::iter::once(server).chain(fallback).collect();
                self.record_assigned(device, Some(address), None);
                self.try_server(device, server, fallback);
            }
            Some(Assignment::Wait(wait)) => {
                self.record_assigned(device, None, Some(wait));
                self.feed_device(device, DeviceInput::PutOff(wait));
            }
            Some(Assignment::None) => {
                self.record_assigned(device, None, None);
                self.feed_device(device, DeviceInput::Unreachable);
            }
            None if has_known => self.go_to_known(device, 0),
            None => self.feed_device(device, DeviceInput::Unreachable),
        }
    }

    /// The server refused the connection: there may be another to go to.
    pub(super) fn refused(&mut self, stream: u64) {
        let Some(device) = self.streams.get(&stream).map(|state| state.device) else { return };
        if !self.devices.get(&device).is_some_and(|node| node.uses(stream)) {
            return;
        }
        if !self.go_to_fallback(device) {
            self.connection_closed(stream, ClientInput::StreamUnreachable);
        }
    }

    /// Goes to a server. One that is gone without a word must not use up the attempt: where there is
    /// a fallback, that is tried after half of the rest, as the service's client does.
    fn try_server(&mut self, device: DeviceId, server: usize, fallback: Option<usize>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        node.route.fallback = fallback;
        if fallback.is_some() {
            node.route.last_try += 1;
            let until = node.route.since + nanoseconds(self.setup.design.connect_timeout);
            let halfway = self.now + until.saturating_sub(self.now) / 2;
            let number = node.route.last_try;
            self.at(halfway, Happening::Fallback(device, number));
        }
        self.connect(device, server);
    }

    /// The server that was tried first has had its time.
    pub(super) fn fallback_turn(&mut self, device: DeviceId, number: u64) {
        let node = self.devices.get(&device);
        if node.is_some_and(|node| node.route.last_try == number) {
            self.go_to_fallback(device);
        }
    }

    /// False when there is none, or when it is not needed any more.
    fn go_to_fallback(&mut self, device: DeviceId) -> bool {
        let Some(node) = self.devices.get_mut(&device) else { return false };
        let fallback = node.route.fallback.take().filter(|_| !node.attached);
        let Some(server) = fallback else { return false };
        self.disconnect(device);
        self.connect(device, server);
        self.drain_device(device, None);
        true
    }

    fn go_to_known(&mut self, device: DeviceId, attempt: u32) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let count = node.route.known.len().max(1);
        let turn = attempt as usize;
        let at = |turn: usize| node.route.known.get(turn % count).copied();
        let (Some(server), other) = (at(turn), at(turn + 1)) else { return };
        self.try_server(device, server, other.filter(|other| *other != server));
    }

    pub(super) fn discovery_answer(&mut self, index: usize, id: RequestId, answer: Answer) {
        self.discovery_input(index, DiscoveryInput::Answer(id, answer));
    }

    pub(super) fn wake_api(&mut self, index: usize, at: u64) {
        let now = self.clock(self.setup.hosts.api(index));
        let Some(node) = self.apis[index].wake(at) else { return };
        self.machine_events += 1;
        node.discovery.handle_timeout(now);
        self.drain_api(index);
    }

    fn discovery_input(&mut self, index: usize, input: DiscoveryInput) {
        let now = self.clock(self.setup.hosts.api(index));
        self.machine_events += 1;
        if let Some(node) = &mut self.apis[index].machine {
            node.discovery.handle_input(now, input);
            self.drain_api(index);
        }
    }

    fn drain_api(&mut self, index: usize) {
        let incarnation = self.apis[index].incarnation;
        while let Some(node) = &mut self.apis[index].machine {
            match node.discovery.poll_output() {
                Some(DiscoveryOutput::Request { id, request, .. }) => {
                    let asker = Asker { seat: Seat::Api(index), incarnation, is_place: false };
                    self.ask(asker, id, request);
                }
                Some(DiscoveryOutput::Assign(number, assignment)) => {
                    let Some(device) = node.asks.remove(&number) else { continue };
                    let assignment = match &mut self.planted {
                        None => assignment,
                        Some(planted) => planted.assignment(assignment),
                    };
                    let ask = Ask { number, device, api: index, attempt: 0, background: false };
                    self.tell_device(ask, Some(assignment));
                }
                None => break,
            }
        }
        self.plan_api(index);
    }

    fn plan_api(&mut self, index: usize) {
        let process = &mut self.apis[index];
        let due = process.machine.as_ref().and_then(|node| node.discovery.poll_timeout());
        if let Some(at) = process.plan(self.now, due.map(|(due, _)| due)) {
            self.wake_at(Seat::Api(index), at);
        }
    }

    fn record_assigned(
        &mut self,
        device: DeviceId,
        server: Option<String>,
        wait: Option<std::time::Duration>,
    ) {
        let wait_ns = wait.map(hubbub_chat::time::nanoseconds);
        let body = EventBody::Assigned { device, server, wait_ns };
        self.record_of_device(Source::Device, device, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_turned_the_device_away_is_tried_last_the_next_time() {
        let mut route = Route::default();
        assert_eq!(route.order(1, Some(2)), (1, Some(2)));
        route.turn_away(Some(1));
        assert_eq!(route.order(1, Some(2)), (2, Some(1)));
        assert_eq!(route.order(1, Some(2)), (1, Some(2)), "only the next time");
        route.turn_away(Some(1));
        assert_eq!(route.order(1, None), (1, None), "there is no other");
        route.turn_away(Some(1));
        assert_eq!(route.order(3, Some(1)), (3, Some(1)));
    }
}
