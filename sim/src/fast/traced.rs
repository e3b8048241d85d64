//! What the fast engine writes into a trace, when one is kept.

use std::collections::BTreeMap;

use hubbub_chat::{ChatServer, Device, DeviceId, RequestId};
use hubbub_history::trace::{
    About, Trace, TraceLine, TraceMessage, Transit, answer, client_frame, peer_frame, request,
    server_frame,
};

use hubbub_chat::transport::CallBody;

use super::{Asker, Engine, Fate, Lane, Payload, Seat, http::Reply};
use crate::{
    hosts::HostId,
    setup::Setup,
    trace::{device_name, trace_of},
};

/// A trace, and what is needed to say what an answer is about.
pub(super) struct Tracing {
    trace: Trace,
    /// What the requests were about that are not answered.
    asked: BTreeMap<(Asker, RequestId), About>,
}

impl Tracing {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { trace: trace_of(setup, "fast"), asked: BTreeMap::new() }
    }

    pub(super) fn into_trace(self) -> Trace {
        self.trace
    }

    /// The kind of a message, and what it is about.
    fn describe(&mut self, payload: &Payload) -> (&'static str, About) {
        match payload {
            Payload::ToServer { frame, .. } => client_frame(frame),
            Payload::ToDevice { frame, .. } => server_frame(frame),
            Payload::Peer { frame, .. } => peer_frame(frame),
            Payload::Call { body, .. } => described_call(body),
            Payload::Reply { reply, .. } => described_reply(reply),
            Payload::Request { asker, id, request: asked } => {
                let (kind, about) = request(asked);
                self.asked.insert((*asker, *id), about.clone());
                (kind, about)
            }
            Payload::Answer { asker, id, answer: told } => {
                let (kind, about) = answer(told);
                (kind, completed(about, self.asked.get(&(*asker, *id))))
            }
            Payload::Open { .. } => ("open", About::default()),
            Payload::Opened { .. } => ("opened", About::default()),
            Payload::Refused { .. } => ("connection refused", About::default()),
            Payload::CloseServer { .. } | Payload::CloseDevice { .. } => {
                ("close", About::default())
            }
            Payload::Connect { .. } => ("connect", About::default()),
            Payload::Connected { .. } => ("connected", About::default()),
            Payload::Ask(_) => ("which server?", About::default()),
            Payload::Told { .. } => ("assignment", About::default()),
            Payload::PushAnswer { .. } => ("push answer", About::default()),
        }
    }
}

impl Engine<'_> {
    /// A message and what the network does with it.
    pub(super) fn trace_message(
        &mut self,
        (from, to): (HostId, HostId),
        lane: Lane,
        payload: &Payload,
        fate: &Fate,
    ) {
        let Some(tracing) = &mut self.trace else { return };
        let hosts = &self.setup.hosts;
        // Of the two ends, a lane of a device names the device instead of its host.
        let name = |host: HostId, is_device: bool| match lane.device().filter(|_| is_device) {
            Some(device) => device_name(device),
            None => hosts.name(host).to_owned(),
        };
        let is_up = matches!(lane, Lane::Stream(_, _, true) | Lane::Api(_, true));
        let (kind, mut about) = tracing.describe(payload);
        if let (None, Some(device)) = (about.device, lane.device()) {
            about.device = Some(device);
            about.user = self.devices.get(&device).map(|node| node.user);
        }
        let (arrives_ns, transit) = match fate {
            Fate::Arrives(at) => (Some(*at), Transit::Passes),
            Fate::Dropped => (None, Transit::Lost),
            Fate::Held => (None, Transit::Held),
        };
        tracing.trace.push(TraceLine::Message(Box::new(TraceMessage {
            sent_ns: self.now,
            arrives_ns,
            transit,
            from: name(from, is_up),
            to: name(to, !is_up),
            kind: kind.to_owned(),
            bytes: None,
            about,
            says: format!("{payload:?}"),
        })));
    }

    /// The line that the history has just been given.
    pub(super) fn trace_event(&mut self) {
        if let (Some(tracing), Some(event)) = (&mut self.trace, self.history.events().last()) {
            tracing.trace.push(TraceLine::Event(Box::new(event.clone())));
        }
    }

    /// A machine of a role is about to be woken, if the call was not overtaken by another.
    pub(super) fn trace_wake(&mut self, seat: Seat, at: u64) {
        if self.trace.is_none() {
            return;
        }
        let timer = match seat {
            Seat::Chat(index) => {
                let due = self.servers[index].due(at);
                due.map(|it| format!("timer {:?}", ChatServer::poll_timeout(it)))
            }
            Seat::Presence(index) => self.presence[index].due(at).map(|_| "timer".to_owned()),
            Seat::Notify(index) => self.notifiers[index].due(at).map(|_| "timer".to_owned()),
            Seat::Api(index) => self.apis[index].due(at).map(|_| "timer".to_owned()),
            Seat::Generator => self.generator.due(at).map(|_| "timer".to_owned()),
        };
        let host = self.host_of(seat);
        if let (Some(tracing), Some(timer)) = (&mut self.trace, timer) {
            tracing.trace.note(self.now, self.setup.hosts.name(host), timer);
        }
    }

    /// The same for a device.
    pub(super) fn trace_wake_device(&mut self, device: DeviceId, at: u64) {
        let Some(tracing) = &mut self.trace else { return };
        let Some(node) = self.devices.get(&device) else { return };
        if let Some(machine) = node.process.due(at) {
            let timer = format!("timer {:?}", Device::poll_timeout(machine));
            tracing.trace.note(self.now, &node.name.0, timer);
        }
    }
}

/// An answer says little of what was asked.
fn completed(answer: About, asked: Option<&About>) -> About {
    let Some(asked) = asked else { return answer };
    let own_stretches = !answer.stretches.is_empty();
    About {
        channel: answer.channel.or(asked.channel.filter(|_| !own_stretches)),
        user: answer.user.or(asked.user),
        device: answer.device.or(asked.device),
        message_id: answer.message_id.or(asked.message_id),
        client_id: answer.client_id.or(asked.client_id),
        body_hash: answer.body_hash.or(asked.body_hash),
        stretches: answer.stretches,
    }
}

/// A call is named after the first frame that it carries.
fn described_call(body: &CallBody) -> (&'static str, About) {
    match body {
        CallBody::Poll(body) => {
            body.frames.first().map_or(("poll", About::default()), client_frame)
        }
        CallBody::Frames(body) => {
            body.frames.first().map_or(("frames", About::default()), client_frame)
        }
    }
}

fn described_reply(reply: &Reply) -> (&'static str, About) {
    match reply {
        Reply::Poll(answer) => {
            answer.frames.first().map_or(("poll answer", About::default()), server_frame)
        }
        Reply::Taken => ("taken", About::default()),
        Reply::Unknown => ("session unknown", About::default()),
        Reply::Refused => ("call refused", About::default()),
    }
}
