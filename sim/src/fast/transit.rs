//! Messages on their way over the network.

use std::collections::BTreeSet;

use hubbub_chat::{frame::PeerFrame, transport::ClientInput};

use super::{Engine, Fate, Happening, Lane, Payload, network::Hinted};
use crate::hosts::HostId;

impl Engine<'_> {
    pub(super) fn arrive(&mut self, payload: Payload) {
        if self.is_of_former_network(&payload) {
            return;
        }
        match payload {
            Payload::Open { stream, device } => self.open_arrives(stream, device),
            Payload::Opened { stream, number } => {
                self.stream_input(stream, ClientInput::StreamOpened { session: Some(number) });
            }
            Payload::Refused { stream } => self.refused(stream),
            Payload::ToServer { stream, frame } => self.frame_arrives(stream, frame),
            Payload::ToDevice { stream, frame, bytes } => {
                self.stream_input(stream, ClientInput::StreamFrame { frame, payload_bytes: bytes });
            }
            Payload::CloseServer { stream } => self.close_at_server(stream),
            Payload::CloseDevice { stream } => self.close_at_device(stream),
            Payload::Connect { stream } => self.connect_arrives(stream),
            Payload::Connected { stream } => self.connection_opened(stream),
            Payload::Call { stream, call, body } => self.call_arrives(stream, call, body),
            Payload::Reply { stream, call, reply, bytes } => {
                self.reply_arrives(stream, call, reply, bytes);
            }
            Payload::Ask(ask) => self.ask_arrives(ask),
            Payload::Told { number, device, assignment } => self.told(number, device, assignment),
            Payload::Request { asker, id, request } => self.request_arrives(asker, id, request),
            Payload::Answer { asker, id, answer } => self.answer_arrives(asker, id, answer),
            Payload::Peer { server, frame } => self.hint_arrives(server, frame),
            Payload::PushAnswer { notifier, incarnation, id, answer } => {
                self.push_answer_arrives(notifier, incarnation, id, answer);
            }
        }
    }

    /// Sends something over a link, subject to the faults that strike it.
    pub(super) fn transmit(&mut self, from: HostId, to: HostId, lane: Lane, payload: Payload) {
        if from == to {
            self.trace_message((from, to), lane, &payload, &Fate::Arrives(self.now));
            return self.at(self.now, Happening::Arrival(to, payload));
        }
        let mut fate = self.network.send(self.now, from, to, lane);
        if let (Fate::Arrives(at), Payload::Peer { frame: PeerFrame::Hint { .. }, .. }) =
            (&fate, &payload)
        {
            match self.network.hint(from, to) {
                Hinted::Once => {}
                Hinted::Lost => fate = Fate::Dropped,
                Hinted::Again(later) => {
                    self.at(at + later, Happening::Arrival(to, payload.clone()));
                }
            }
        }
        let fate = self.custom_way(fate, (from, to), lane, &payload);
        self.trace_message((from, to), lane, &payload, &fate);
        match fate {
            Fate::Arrives(at) => self.at(at, Happening::Arrival(to, payload)),
            Fate::Held => self.held.push((from, to, lane, payload)),
            Fate::Dropped => {
                if let Lane::Stream(stream, device, to_server) = lane
                    && let Some(stream) = self.streams.get_mut(&stream)
                {
                    stream.wedged[usize::from(!to_server)] = true;
                    stream.broken[usize::from(!to_server)] = true;
                    self.record_link(device);
                }
            }
        }
    }

    /// Whether it comes over a connection that was open when its device changed to another network:
    /// nothing on it arrives any more.
    fn is_of_former_network(&self, payload: &Payload) -> bool {
        !self.former.is_empty() && payload.stream().is_some_and(|it| self.former.contains(&it))
    }

    /// What was held on a link goes out when nothing holds it any more.
    pub(super) fn release(&mut self) {
        let mut heard = BTreeSet::new();
        for (from, to, lane, payload) in std::mem::take(&mut self.held) {
            if !self.is_still_sent(&payload) {
                continue;
            }
            if let Lane::Stream(_, device, true) = lane
                && self.network.is_open(from, to, Some(device))
            {
                heard.insert(device);
            }
            self.transmit(from, to, lane, payload);
        }
        heard.into_iter().for_each(|device| self.record_heard(device));
    }

    /// What a device has sent and the network holds is sent again until it arrives, as long as the
    /// device is there to do so and nothing behind it was lost.
    pub(super) fn is_still_sent(&self, payload: &Payload) -> bool {
        let (Payload::ToServer { stream, .. } | Payload::Call { stream, .. }) = payload else {
            return true;
        };
        let state = self.streams.get(stream);
        let node = state.and_then(|state| self.devices.get(&state.device));
        let is_whole = state.is_some_and(|state| !state.wedged[0]);
        is_whole && node.is_some_and(|node| node.uses(*stream))
    }
}
