//! The task that owns a device's machine and that of its transport.

use std::sync::{Arc, PoisonError};

use hubbub_chat::{
    Device,
    device::{DeviceEvent, DeviceInput, DeviceOutput},
    situation::Situations,
    transport::{ClientInput, ClientOutput, TransportClient, TransportCounts},
};
use tokio::sync::mpsc;

use super::{
    Command, DeviceConfig, TransportEvent,
    lanes::Lanes,
    route::{Reply, Route},
    stream::Stream,
};
use crate::net::{Alarm, Net};

/// Drives a device until nobody can send it commands any more.
pub async fn drive_device(
    net: Arc<dyn Net>,
    config: DeviceConfig,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut driver = Driver::new(net, config);
    loop {
        driver.set_alarm();
        let happened = tokio::select! {
            biased;
            event = driver.stream.next() => Happened::Transport(event),
            event = driver.lanes.next() => Happened::Transport(event),
            reply = driver.route.reply() => Happened::Reply(reply),
            command = commands.recv() => match command {
                Some(command) => Happened::Command(command),
                None => break,
            },
            () = driver.alarm.ring() => Happened::Timeout,
        };
        driver.happen(happened).await;
    }
    driver.stream.close().await;
}

enum Happened {
    Transport(TransportEvent),
    Reply(Reply),
    Command(Command),
    Timeout,
}

struct Driver {
    net: Arc<dyn Net>,
    config: DeviceConfig,
    device: Device,
    client: TransportClient,
    /// The chat server of the connection, or of the attempt at one.
    server: String,
    route: Route,
    stream: Stream,
    lanes: Lanes,
    alarm: Alarm,
    /// What was counted before this device was driven.
    counted: TransportCounts,
    /// What the observer was told of.
    situations: Situations,
}

impl Driver {
    fn new(net: Arc<dyn Net>, config: DeviceConfig) -> Self {
        let disk = config.disk.lock().map(|disk| disk.clone()).unwrap_or_default();
        let counted = config.counts.as_ref().map(|counts| {
            let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts
        });
        let DeviceConfig { user, device, design, seed, token, .. } = &config;
        Self {
            device: Device::restore(*user, *device, design.clone(), disk, *seed),
            client: TransportClient::new(design),
            server: String::new(),
            route: Route::new(net.clone(), *device, design.connect_timeout),
            stream: Stream::new(net.clone()),
            lanes: Lanes::new(net.clone(), token.clone(), design.keep_alive),
            alarm: Alarm::default(),
            counted: counted.unwrap_or_default(),
            situations: Situations::default(),
            net,
            config,
        }
    }

    async fn happen(&mut self, happened: Happened) {
        let mut intended_ns = None;
        match happened {
            Happened::Timeout => self.wake(),
            Happened::Command(command) => {
                intended_ns = command.intended_ns;
                self.tell_device(command.input);
            }
            Happened::Reply(reply) => self.follow(&reply),
            Happened::Transport(TransportEvent::Input(input)) => self.tell_client(input),
            Happened::Transport(TransportEvent::LoggedOut(input)) => {
                self.log_out();
                self.tell_client(input);
            }
        }
        self.drain(intended_ns).await;
        self.publish_counts();
    }

    fn wake(&mut self) {
        let (now, id) = (self.net.now(), self.device.id());
        if let Some((at, timer)) = self.device.poll_timeout().filter(|due| due.0 <= now.monotonic) {
            self.net.note(&|| format!("device {id} timer {at:?} {timer:?}"));
            self.device.handle_timeout(now);
        }
        if let Some((at, timer)) = self.client.poll_timeout().filter(|due| due.0 <= now.monotonic) {
            self.net.note(&|| format!("device {id} transport timer {at:?} {timer:?}"));
            self.client.handle_timeout(now);
        }
        if self.route.limit().is_some_and(|limit| limit <= now.monotonic) {
            self.tell_client(ClientInput::Close);
            self.try_next();
        }
    }

    fn tell_device(&mut self, input: DeviceInput) {
        self.net.note(&|| format!("device {} input {input:?}", self.device.id()));
        self.device.handle_input(self.net.now(), input);
    }

    /// Frames are noted where the device is told of them.
    fn tell_client(&mut self, input: ClientInput) {
        if !is_frame(&input) {
            self.net.note(&|| format!("device {} transport {}", self.device.id(), about(&input)));
        }
        self.client.handle_input(self.net.now(), input);
    }

    /// Whatever the device wants comes before the next thing that its transport wants, so that a
    /// call takes along everything that waits; what goes over the stream is flushed once, at the
    /// end.
    async fn drain(&mut self, intended_ns: Option<u64>) {
        loop {
            while let Some(output) = self.device.poll_output() {
                self.obey_device(output, intended_ns);
            }
            let Some(output) = self.client.poll_output() else {
                match self.stream.flush().await {
                    Some(lost) => self.tell_client(lost),
                    None => return,
                }
                continue;
            };
            self.obey_client(output).await;
        }
    }

    fn obey_device(&mut self, output: DeviceOutput, intended_ns: Option<u64>) {
        match output {
            DeviceOutput::Persist(write) => {
                if let Ok(mut disk) = self.config.disk.lock() {
                    disk.write(&write);
                }
            }
            DeviceOutput::Open { attempt, background } => self.open(attempt, background),
            DeviceOutput::Frame(frame) => self.tell_client(ClientInput::Frame(frame)),
            DeviceOutput::Close => {
                self.route.end();
                self.lanes.close_kept();
                self.tell_client(ClientInput::Close);
            }
            DeviceOutput::Event(event) => {
                if event.turns_away() {
                    self.route.turn_away(&self.server);
                }
                self.observe(intended_ns, &event);
            }
        }
    }

    async fn obey_client(&mut self, output: ClientOutput) {
        match output {
            ClientOutput::Device(input) => self.pass_on(input),
            ClientOutput::Call(call) => {
                let (id, lane) = (call.id, call.lane);
                self.net.note(&|| format!("device {} call {id:?} {lane:?}", self.device.id()));
                self.lanes.start(&self.server, call);
            }
            ClientOutput::Abandon(call) => self.lanes.abandon(call),
            ClientOutput::OpenStream => self.stream.open(&self.server, &self.config.token),
            ClientOutput::StreamFrame(frame) => {
                if let Some(input) = self.stream.feed(&frame).await {
                    self.tell_client(input);
                }
            }
            ClientOutput::CloseStream => self.stream.close().await,
        }
    }

    /// The device hears that a server can't be reached when there is no other to try.
    fn pass_on(&mut self, input: DeviceInput) {
        match input {
            DeviceInput::Unreachable if self.route.has_next() => return self.try_next(),
            DeviceInput::Opened => self.route.end(),
            DeviceInput::Unreachable | DeviceInput::Closed => self.lanes.close_kept(),
            _ => {}
        }
        self.tell_device(input);
    }

    fn open(&mut self, attempt: u32, background: bool) {
        let DeviceConfig { discovery, token, .. } = &self.config;
        self.server.clear();
        self.route.begin(discovery, token, attempt, background);
        self.try_next();
    }

    fn follow(&mut self, reply: &Reply) {
        let DeviceConfig { user, device, observer, .. } = &self.config;
        let (server, wait) = match reply {
            Reply::Assigned(servers) => (servers.first().map(String::as_str), None),
            Reply::Wait(wait) => (None, Some(*wait)),
            Reply::NoServer | Reply::Silence => (None, None),
            Reply::LoggedOut => return self.log_out(),
        };
        if *reply != Reply::Silence {
            observer.observe_assignment(*user, *device, server, wait);
        }
        self.route.take(reply);
        match reply {
            Reply::Wait(wait) => self.tell_device(DeviceInput::PutOff(*wait)),
            _ if self.route.has_next() => self.try_next(),
            _ => self.tell_device(DeviceInput::Unreachable),
        }
    }

    /// No other server would take the token either.
    fn log_out(&mut self) {
        self.route.end();
        self.tell_device(DeviceInput::LoggedOut);
    }

    fn try_next(&mut self) {
        if let Some(server) = self.route.advance() {
            self.server = server;
            self.tell_client(ClientInput::Open);
        }
    }

    fn observe(&self, intended_ns: Option<u64>, event: &DeviceEvent) {
        let DeviceConfig { user, device, observer, .. } = &self.config;
        observer.observe(*user, *device, &self.server, intended_ns, event);
    }

    fn publish_counts(&mut self) {
        let situations = self.device.situations();
        if std::mem::replace(&mut self.situations, situations) != situations {
            self.config.observer.observe_situations(self.device.id(), situations);
        }
        if let Some(counts) = &self.config.counts {
            let mut sum = self.counted;
            sum.add(&self.client.counts());
            *counts.lock().unwrap_or_else(PoisonError::into_inner) = sum;
        }
    }

    fn set_alarm(&mut self) {
        let device = self.device.poll_timeout().map(|(at, _)| at);
        let client = self.client.poll_timeout().map(|(at, _)| at);
        let due = device.into_iter().chain(client).chain(self.route.limit()).min();
        self.alarm.set(&*self.net, due);
    }
}

fn is_frame(input: &ClientInput) -> bool {
    matches!(
        input,
        ClientInput::Frame(_)
            | ClientInput::Sent { .. }
            | ClientInput::StreamSent { .. }
            | ClientInput::StreamFrame { .. }
    )
}

/// What a trace says of it.
fn about(input: &ClientInput) -> String {
    match input {
        ClientInput::Answered { call, answer, .. } => {
            format!("Answered({call:?}, {} frames)", answer.frames.len())
        }
        input => format!("{input:?}"),
    }
}
