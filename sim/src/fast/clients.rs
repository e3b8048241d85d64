//! What stands between a device and the network: its side of the transport, and its connections.

use hubbub_chat::{
    Design, DeviceId,
    device::DeviceInput,
    frame::ClientFrame,
    time::{Monotonic, Now},
    transport::{ClientInput, ClientOutput, TransportClient, TransportCounts},
};

use super::{Engine, Happening, Payload, Stream, bytes::json_bytes, http::HttpLanes};
use crate::transport::{DeviceTotals, TransportTotals};

/// A device's side of the transport.
#[derive(Debug, Default)]
pub(super) struct DeviceTransport {
    /// Gone with the device's process.
    client: Option<TransportClient>,
    /// What those of former processes have cost.
    spent: TransportCounts,
    /// The chat server of its connection, or of the attempt at one.
    pub(super) server: Option<usize>,
    pub(super) lanes: HttpLanes,
    /// What it had cost when devices were attached.
    at_lead: TransportCounts,
    /// Whether the device received something since.
    pub(super) has_received: bool,
}

impl DeviceTransport {
    /// The device's process starts.
    pub(super) fn start(&mut self, design: &Design) {
        self.client = Some(TransportClient::new(design));
    }

    /// The device's process is gone. What was open on its host is for the caller to end.
    pub(super) fn stop(&mut self) {
        self.spent = self.counts();
        self.client = None;
        self.server = None;
    }

    pub(super) fn handle_timeout(&mut self, now: Now) {
        if let Some(client) = &mut self.client {
            client.handle_timeout(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Monotonic> {
        Some(self.client.as_ref()?.poll_timeout()?.0)
    }

    /// What the device's transport has cost since the run began.
    pub(super) fn counts(&self) -> TransportCounts {
        let mut counts = self.spent;
        if let Some(client) = &self.client {
            counts.add(&client.counts());
        }
        counts
    }
}

impl Engine<'_> {
    /// The device is to have a connection to this chat server.
    pub(super) fn connect(&mut self, device: DeviceId, server: usize) {
        if let Some(node) = self.devices.get_mut(&device) {
            node.transport.server = Some(server);
        }
        self.client_input(device, ClientInput::Open);
    }

    /// The device gives up its connection, or the attempt at one.
    pub(super) fn disconnect(&mut self, device: DeviceId) {
        self.client_input(device, ClientInput::Close);
        self.connection_over(device);
    }

    /// Tells a device's transport something, without asking what it wants then.
    pub(super) fn client_input(&mut self, device: DeviceId, input: ClientInput) {
        let Some(host) = self.devices.get(&device).map(|node| node.host) else { return };
        let now = self.clock(host);
        let node = self.devices.get_mut(&device);
        if let Some(client) = node.and_then(|node| node.transport.client.as_mut()) {
            client.handle_input(now, input);
        }
    }

    /// Carries out the next thing that a device's transport wants; false when there is none.
    pub(super) fn step_client(&mut self, device: DeviceId) -> bool {
        let node = self.devices.get_mut(&device);
        let client = node.and_then(|node| node.transport.client.as_mut());
        let Some(output) = client.and_then(TransportClient::poll_output) else { return false };
        match output {
            ClientOutput::Device(input) => self.pass_on(device, input),
            ClientOutput::Call(call) => self.make_call(device, call),
            ClientOutput::Abandon(call) => self.abandon_call(device, call),
            ClientOutput::OpenStream => self.open_stream(device),
            ClientOutput::StreamFrame(frame) => self.send_on_stream(device, frame),
            ClientOutput::CloseStream => self.close_stream(device),
        }
        true
    }

    /// The device hears that a server can't be reached when there is no other to try.
    fn pass_on(&mut self, device: DeviceId, input: DeviceInput) {
        if matches!(input, DeviceInput::Closed | DeviceInput::Unreachable) {
            self.connection_over(device);
        }
        if input == DeviceInput::Unreachable
            && let Some(server) = self.take_fallback(device)
        {
            return self.connect(device, server);
        }
        self.feed_device(device, input);
    }

    /// Something happened on a stream; an older one of the device means nothing.
    pub(super) fn stream_input(&mut self, stream: u64, input: ClientInput) {
        let Some(device) = self.streams.get(&stream).map(|state| state.device) else { return };
        if self.devices.get(&device).is_some_and(|node| node.stream == Some(stream)) {
            self.client_input(device, input);
            self.drain_device(device, None);
        }
    }

    /// A connection is closed for a device.
    pub(super) fn close_at_device(&mut self, stream: u64) {
        self.connection_closed(stream, ClientInput::StreamClosed);
        if let Some(state) = self.streams.remove(&stream) {
            self.network.forget(stream, state.device);
        }
    }

    /// A connection of a device is gone, or could not be opened: `input` says so of a stream.
    pub(super) fn connection_closed(&mut self, stream: u64, input: ClientInput) {
        let Some(device) = self.streams.get(&stream).map(|state| state.device) else { return };
        match self.devices.get(&device) {
            Some(node) if node.transport.lanes.has(stream) => self.lane_closed(device, stream),
            _ => self.stream_input(stream, input),
        }
    }

    /// Devices are attached: what quiet users cost counts from here.
    pub(super) fn begin_quiet(&mut self) {
        for node in self.devices.values_mut() {
            node.transport.at_lead = node.transport.counts();
        }
    }

    /// What the transports of all devices have come to.
    pub(super) fn transport_totals(&self) -> TransportTotals {
        TransportTotals::of(self.setup, self.now as f64 / 1e9, |device| {
            let transport = &self.devices.get(device)?.transport;
            let DeviceTransport { at_lead, has_received, .. } = *transport;
            Some(DeviceTotals { counts: transport.counts(), at_lead, has_received })
        })
    }

    /// What the device had of its connection is of no use to it any more.
    fn connection_over(&mut self, device: DeviceId) {
        self.close_lanes(device);
        self.held_sessions.lose(self.now, device);
    }

    fn open_stream(&mut self, device: DeviceId) {
        let Some(stream) = self.new_stream(device) else { return };
        if let Some(node) = self.devices.get_mut(&device) {
            node.stream = Some(stream);
        }
        self.dial(device, stream, Payload::Open { stream, device });
    }

    fn send_on_stream(&mut self, device: DeviceId, frame: ClientFrame) {
        let Some(stream) = self.devices.get(&device).and_then(|node| node.stream) else { return };
        let payload_bytes = json_bytes(&frame);
        self.client_input(device, ClientInput::StreamSent { payload_bytes });
        self.send_to_server(stream, Payload::ToServer { stream, frame });
    }

    fn close_stream(&mut self, device: DeviceId) {
        let node = self.devices.get_mut(&device);
        if let Some(stream) = node.and_then(|node| node.stream.take()) {
            self.send_to_server(stream, Payload::CloseServer { stream });
            self.renew_link(device);
        }
    }

    /// Asks for a new connection; without a network the device is told so at once.
    pub(super) fn dial(&mut self, device: DeviceId, stream: u64, payload: Payload) {
        if !self.has_no_network(device) {
            return self.send_to_server(stream, payload);
        }
        if let Some(host) = self.devices.get(&device).map(|node| node.host) {
            self.at(self.now, Happening::Arrival(host, Payload::Refused { stream }));
        }
    }

    /// A connection of the device to its chat server, or the attempt at one.
    pub(super) fn new_stream(&mut self, device: DeviceId) -> Option<u64> {
        let server = self.devices.get(&device)?.transport.server?;
        self.last_stream += 1;
        self.streams.insert(self.last_stream, Stream::new(device, server));
        Some(self.last_stream)
    }
}
