//! The device's side of a stream, with and without HTTP for sends.

use std::time::Duration;

use hubbub_chat::{
    Design, Monotonic, Now, Wall,
    design::Transport,
    device::DeviceInput,
    frame::{ClientFrame, ServerFrame},
    transport::{
        Call, CallBody, ClientInput, ClientOutput, FramesBody, TransportClient,
        UPGRADE_ANSWER_BYTES, UPGRADE_REQUEST_BYTES,
    },
};

use crate::transport_link::{heartbeat, hello, notice, send_frame};

const SESSION: u64 = 77;

struct Phone {
    client: TransportClient,
    now: Now,
}

impl Phone {
    fn new(transport: Transport) -> Self {
        let design = Design { transport, ..Design::default() };
        let now = Now { monotonic: Monotonic(0), wall: Wall(0) };
        Self { client: TransportClient::new(&design), now }
    }

    /// Open, and greeted as far as the device knows.
    fn opened(transport: Transport, session: Option<u64>) -> Self {
        let mut phone = Self::new(transport);
        assert_eq!(phone.input(ClientInput::Open), [ClientOutput::OpenStream]);
        let told = phone.input(ClientInput::StreamOpened { session });
        assert_eq!(told, [ClientOutput::Device(DeviceInput::Opened)]);
        assert_eq!(phone.frame(hello()), [ClientOutput::StreamFrame(hello())]);
        phone
    }

    fn input(&mut self, input: ClientInput) -> Vec<ClientOutput> {
        self.client.handle_input(self.now, input);
        self.drain()
    }

    fn frame(&mut self, frame: ClientFrame) -> Vec<ClientOutput> {
        self.input(ClientInput::Frame(frame))
    }

    fn hear(&mut self, frame: ServerFrame) -> Vec<ClientOutput> {
        self.input(ClientInput::StreamFrame { frame, payload_bytes: 200 })
    }

    fn pass(&mut self, duration: Duration) -> Vec<ClientOutput> {
        let end = self.now.monotonic.after(duration);
        let mut outputs = Vec::new();
        while let Some((at, _)) = self.client.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now.monotonic = at;
            self.client.handle_timeout(self.now);
            outputs.extend(self.drain());
        }
        self.now.monotonic = end;
        outputs
    }

    fn drain(&mut self) -> Vec<ClientOutput> {
        std::iter::from_fn(|| self.client.poll_output()).collect()
    }
}

fn calls(outputs: &[ClientOutput]) -> Vec<&Call> {
    let mut calls = Vec::new();
    for output in outputs {
        if let ClientOutput::Call(call) = output {
            calls.push(call);
        }
    }
    calls
}

#[test]
fn a_websocket_carries_everything_and_is_counted() {
    let mut phone = Phone::opened(Transport::Websocket, Some(SESSION));
    for frame in [send_frame(1), heartbeat(1)] {
        assert_eq!(phone.frame(frame.clone()), [ClientOutput::StreamFrame(frame)]);
        phone.input(ClientInput::StreamSent { payload_bytes: 100 });
    }
    let told = phone.hear(notice(1));
    assert_eq!(told, [ClientOutput::Device(DeviceInput::Frame(notice(1)))]);
    let counts = phone.client.counts();
    assert_eq!((counts.requests, counts.connections_opened, counts.wake_ups), (1, 1, 1));
    assert_eq!(counts.bytes_up, UPGRADE_REQUEST_BYTES + 2 * (100 + 6));
    assert_eq!(counts.bytes_down, UPGRADE_ANSWER_BYTES + 200 + 4);
}

#[test]
fn no_send_overtakes_the_greeting() {
    let mut phone = Phone::opened(Transport::HttpSend, Some(SESSION));
    assert_eq!(phone.frame(send_frame(1)), [], "the server may not have read it yet");
    assert_eq!(phone.frame(heartbeat(1)), [ClientOutput::StreamFrame(heartbeat(1))]);
    let outputs = phone.hear(notice(1));
    let [call] = calls(&outputs)[..] else { panic!("{outputs:?}") };
    let frames = vec![send_frame(1)];
    let body = FramesBody { session: SESSION, number: 1, frames };
    assert_eq!(call.body, CallBody::Frames(body));
}

#[test]
fn a_server_that_names_no_session_gets_everything_over_the_stream() {
    let mut phone = Phone::opened(Transport::HttpSend, None);
    assert_eq!(phone.frame(send_frame(1)), [ClientOutput::StreamFrame(send_frame(1))]);
}

#[test]
fn sends_that_do_not_get_through_end_the_stream_too() {
    let design = Design::default();
    let ended = [ClientOutput::CloseStream, ClientOutput::Device(DeviceInput::Closed)];
    let mut phone = Phone::opened(Transport::HttpSend, Some(SESSION));
    phone.hear(notice(1));
    phone.frame(send_frame(1));
    let outputs = phone.pass(3 * design.request_timeout + design.reconnect_base);
    assert_eq!(calls(&outputs).len(), 2, "tried again twice");
    assert!(outputs.ends_with(&ended), "{outputs:?}");
    let mut phone = Phone::opened(Transport::HttpSend, Some(SESSION));
    phone.hear(notice(1));
    let outputs = phone.frame(send_frame(1));
    let call = calls(&outputs)[0].id;
    assert_eq!(phone.input(ClientInput::UnknownSession(call)), ended);
}

#[test]
fn a_stream_that_ends_takes_its_waiting_sends_along() {
    let mut phone = Phone::opened(Transport::HttpSend, Some(SESSION));
    phone.frame(send_frame(1));
    let told = phone.input(ClientInput::StreamClosed);
    assert_eq!(told, [ClientOutput::Device(DeviceInput::Closed)]);
    phone.input(ClientInput::Open);
    phone.input(ClientInput::StreamOpened { session: Some(SESSION + 1) });
    assert_eq!(calls(&phone.hear(notice(1))), [] as [&Call; 0], "the device sends it again");
    let outputs = phone.frame(send_frame(1));
    let CallBody::Frames(body) = &calls(&outputs)[0].body else { panic!("{outputs:?}") };
    assert_eq!((body.session, body.number), (SESSION + 1, 1));
}

#[test]
fn a_stream_that_cannot_be_opened_is_unreachable() {
    for transport in [Transport::Websocket, Transport::HttpSend] {
        let mut phone = Phone::new(transport);
        phone.input(ClientInput::Open);
        let told = phone.input(ClientInput::StreamUnreachable);
        assert_eq!(told, [ClientOutput::Device(DeviceInput::Unreachable)]);
        assert_eq!(phone.input(ClientInput::StreamClosed), [], "it was none");
    }
}

#[test]
fn a_device_that_closes_while_opening_stops_opening() {
    let mut phone = Phone::new(Transport::HttpSend);
    phone.input(ClientInput::Open);
    assert_eq!(phone.input(ClientInput::Close), [ClientOutput::CloseStream]);
    assert_eq!(phone.input(ClientInput::StreamOpened { session: Some(SESSION) }), []);
}
