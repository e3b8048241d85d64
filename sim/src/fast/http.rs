//! HTTP calls of devices: the connections that carry them and what becomes of them.
//!
//! Each lane of a device has a connection of its own with one call at a time. A new one costs a
//! round trip before its first request goes out. A connection that was closed, or whose process has
//! died, fails its call; one on which something was lost is silent, and the device's transport has
//! deadlines.

use std::sync::Arc;

use hubbub_chat::{
    DeviceId,
    transport::{Call, CallBody, CallId, ClientInput, Lane as CallLane, PollAnswer},
};

use super::{Engine, Payload, bytes::json_bytes};
use crate::links::Link;

/// The connections of a device's two lanes.
#[derive(Debug, Default)]
pub(super) struct HttpLanes {
    receive: Option<Connection>,
    send: Option<Connection>,
}

/// What a call is answered with.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// A poll: HTTP 200.
    Poll(Arc<PollAnswer>),
    /// Frames that were taken in: HTTP 204.
    Taken,
    /// The session is not known: HTTP 404.
    Unknown,
    /// Any other status.
    Refused,
}

#[derive(Debug)]
struct Connection {
    stream: u64,
    /// The call under way on it.
    call: Option<CallId>,
    /// What that call says, until the connection is open.
    waiting: Option<CallBody>,
}

impl HttpLanes {
    /// Whether this is a connection of one of them.
    pub(super) fn has(&self, stream: u64) -> bool {
        self.both().any(|connection| connection.stream == stream)
    }

    /// The connections of both.
    pub(super) fn streams(&self) -> impl Iterator<Item = u64> {
        self.both().map(|connection| connection.stream)
    }

    /// The connection of the lane on which the device is told things.
    pub(super) fn receiving(&self) -> Option<u64> {
        self.receive.as_ref().map(|connection| connection.stream)
    }

    /// Forgets the connections of both, and says which they were.
    pub(super) fn take(&mut self) -> Vec<u64> {
        let both = [self.receive.take(), self.send.take()];
        both.into_iter().flatten().map(|connection| connection.stream).collect()
    }

    fn both(&self) -> impl Iterator<Item = &Connection> {
        self.receive.iter().chain(&self.send)
    }

    fn lane(&mut self, lane: CallLane) -> &mut Option<Connection> {
        match lane {
            CallLane::Receive => &mut self.receive,
            CallLane::Send => &mut self.send,
        }
    }

    fn find(&mut self, is_it: impl Fn(&Connection) -> bool) -> Option<&mut Option<Connection>> {
        let lanes = [&mut self.receive, &mut self.send];
        lanes.into_iter().find(|lane| lane.as_ref().is_some_and(&is_it))
    }
}

impl Engine<'_> {
    pub(super) fn make_call(&mut self, device: DeviceId, call: Call) {
        let Call { id, lane, new_connection, body } = call;
        if new_connection {
            return self.open_connection(device, lane, id, body);
        }
        let node = self.devices.get_mut(&device);
        let connection = node.and_then(|node| node.transport.lanes.lane(lane).as_mut());
        let Some(connection) = connection else {
            // The server has closed it since its last answer.
            return self.client_input(device, ClientInput::Failed(id));
        };
        connection.call = Some(id);
        let stream = connection.stream;
        self.send_call(device, stream, id, body);
    }

    /// The lane's former connection, if it is open still, is of no use any more.
    fn open_connection(&mut self, device: DeviceId, lane: CallLane, id: CallId, body: CallBody) {
        let Some(stream) = self.new_stream(device) else {
            return self.client_input(device, ClientInput::Failed(id));
        };
        let Some(node) = self.devices.get_mut(&device) else { return };
        let connection = Connection { stream, call: Some(id), waiting: Some(body) };
        let former = node.transport.lanes.lane(lane).replace(connection);
        if let Some(Connection { stream, .. }) = former {
            self.send_to_server(stream, Payload::CloseServer { stream });
        }
        self.dial(device, stream, Payload::Connect { stream });
        self.renew_link(device);
    }

    fn send_call(&mut self, device: DeviceId, stream: u64, call: CallId, body: CallBody) {
        let body_bytes = match &body {
            CallBody::Poll(body) => json_bytes(body),
            CallBody::Frames(body) => json_bytes(body),
        };
        self.client_input(device, ClientInput::Sent { call, body_bytes });
        self.send_to_server(stream, Payload::Call { stream, call, body });
    }

    /// Nobody waits for the call's answer: its connection is closed.
    pub(super) fn abandon_call(&mut self, device: DeviceId, call: CallId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let lane = node.transport.lanes.find(|connection| connection.call == Some(call));
        if let Some(Connection { stream, .. }) = lane.and_then(Option::take) {
            self.send_to_server(stream, Payload::CloseServer { stream });
            self.renew_link(device);
        }
    }

    /// A device that has given a connection up on which something was lost has a network again, if
    /// nothing else is wrong with it.
    pub(super) fn renew_link(&mut self, device: DeviceId) {
        if self.devices.get(&device).is_some_and(|node| node.link != Link::default()) {
            self.record_link(device);
        }
    }

    /// The device closes the connections of both lanes.
    pub(super) fn close_lanes(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let open = node.transport.lanes.take();
        for stream in &open {
            self.send_to_server(*stream, Payload::CloseServer { stream: *stream });
        }
        if !open.is_empty() {
            self.renew_link(device);
        }
    }

    /// A connection is open: what waited for it goes out.
    pub(super) fn connection_opened(&mut self, stream: u64) {
        let Some(device) = self.streams.get(&stream).map(|state| state.device) else { return };
        let Some(node) = self.devices.get_mut(&device) else { return };
        let lane = node.transport.lanes.find(|connection| connection.stream == stream);
        if let Some(connection) = lane.and_then(|lane| lane.as_mut())
            && let Some((call, body)) = connection.call.zip(connection.waiting.take())
        {
            self.send_call(device, stream, call, body);
        }
    }

    /// An answer arrives. Without keep-alive its connection has done its work.
    pub(super) fn reply_arrives(&mut self, stream: u64, call: CallId, reply: Reply, bytes: u64) {
        let Some(device) = self.streams.get(&stream).map(|state| state.device) else { return };
        let keep_alive = self.setup.design.keep_alive;
        let Some(node) = self.devices.get_mut(&device) else { return };
        let is_it =
            |connection: &Connection| (connection.stream, connection.call) == (stream, Some(call));
        let Some(lane) = node.transport.lanes.find(is_it) else { return };
        match lane {
            Some(connection) if keep_alive => connection.call = None,
            lane => *lane = None,
        }
        if !keep_alive {
            self.send_to_server(stream, Payload::CloseServer { stream });
        }
        self.client_input(
            device,
            match reply {
                Reply::Poll(answer) => {
                    let answer = Arc::unwrap_or_clone(answer);
                    ClientInput::Answered { call, answer, body_bytes: bytes }
                }
                Reply::Taken => ClientInput::Taken(call),
                Reply::Unknown => ClientInput::UnknownSession(call),
                Reply::Refused => ClientInput::Failed(call),
            },
        );
        self.drain_device(device, None);
    }

    /// The server has closed a lane's connection, or none could be opened.
    pub(super) fn lane_closed(&mut self, device: DeviceId, stream: u64) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let lane = node.transport.lanes.find(|connection| connection.stream == stream);
        let call = lane.and_then(Option::take).and_then(|connection| connection.call);
        if let Some(call) = call {
            self.client_input(device, ClientInput::Failed(call));
            self.drain_device(device, None);
        }
    }
}
