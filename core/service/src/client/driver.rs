//! The task that owns a device's machine.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use hubbub_chat::{
    Device,
    device::{DeviceInput, DeviceOutput},
    frame::ClientFrame,
    time::Monotonic,
};
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message},
};

use super::{Command, DeviceConfig, connect::open_session};
use crate::{
    chat::write,
    codec::{decode_server, encode_client},
    net::{BoxFuture, BoxStream, Net},
};

type Socket = WebSocketStream<BoxStream>;

/// Drives a device until nobody can send it commands any more.
pub async fn drive_device(
    net: Arc<dyn Net>,
    config: DeviceConfig,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut driver = Driver::new(net, config);
    loop {
        driver.set_sleep();
        let happened = tokio::select! {
            biased;
            message = received(&mut driver.socket) => Happened::Message(message),
            opened = done(&mut driver.opening) => Happened::Opened(opened),
            command = commands.recv() => match command {
                Some(command) => Happened::Command(command),
                None => break,
            },
            () = slept(&mut driver.sleep) => Happened::Timeout,
        };
        driver.happen(happened).await;
    }
    driver.close().await;
}

#[expect(clippy::large_enum_variant, reason = "it lives for one turn and is never kept")]
enum Happened {
    Message(Option<Result<Message, Error>>),
    Opened(Result<Socket, Error>),
    Command(Command),
    Timeout,
}

struct Driver {
    net: Arc<dyn Net>,
    config: DeviceConfig,
    device: Device,
    server: String,
    socket: Option<Socket>,
    opening: Option<BoxFuture<'static, Result<Socket, Error>>>,
    sleep: Option<(Monotonic, BoxFuture<'static, ()>)>,
}

impl Driver {
    fn new(net: Arc<dyn Net>, config: DeviceConfig) -> Self {
        let disk = config.disk.lock().map(|disk| disk.clone()).unwrap_or_default();
        let DeviceConfig { user, device, design, seed, .. } = &config;
        let device = Device::restore(*user, *device, design.clone(), disk, *seed);
        let server = String::new();
        Self { net, config, device, server, socket: None, opening: None, sleep: None }
    }

    async fn happen(&mut self, happened: Happened) {
        let mut intended_ns = None;
        match happened {
            Happened::Timeout => {
                let (id, due) = (self.device.id(), self.device.poll_timeout());
                self.net.note(&|| format!("device {id} timer {due:?}"));
                self.device.handle_timeout(self.net.now());
            }
            Happened::Command(command) => {
                intended_ns = command.intended_ns;
                self.input(command.input);
            }
            Happened::Opened(Ok(socket)) => {
                self.socket = Some(socket);
                self.input(DeviceInput::Opened);
            }
            Happened::Opened(Err(_)) => self.input(DeviceInput::Unreachable),
            Happened::Message(Some(Ok(Message::Text(text)))) => {
                // A server that does not speak the protocol is as good as gone.
                match decode_server(&text) {
                    Ok(frame) => self.input(DeviceInput::Frame(frame)),
                    Err(_) => self.lose_socket(),
                }
            }
            Happened::Message(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Happened::Message(_) => self.lose_socket(),
        }
        self.drain(intended_ns).await;
    }

    fn input(&mut self, input: DeviceInput) {
        self.net.note(&|| format!("device {} input {input:?}", self.device.id()));
        self.device.handle_input(self.net.now(), input);
    }

    fn lose_socket(&mut self) {
        self.socket = None;
        self.input(DeviceInput::Closed);
    }

    async fn drain(&mut self, intended_ns: Option<u64>) {
        loop {
            let mut written = false;
            while let Some(output) = self.device.poll_output() {
                match output {
                    DeviceOutput::Persist(write) => {
                        if let Ok(mut disk) = self.config.disk.lock() {
                            disk.write(&write);
                        }
                    }
                    DeviceOutput::Open { attempt, .. } => self.open(attempt),
                    DeviceOutput::Frame(frame) => written |= self.feed(&frame).await,
                    DeviceOutput::Close => self.close().await,
                    DeviceOutput::Event(event) => {
                        let DeviceConfig { user, device, observer, .. } = &self.config;
                        observer.observe(*user, *device, &self.server, intended_ns, &event);
                    }
                }
            }
            if !written || self.flush().await {
                return;
            }
        }
    }

    fn open(&mut self, attempt: u32) {
        let servers = &self.config.servers;
        let turn = self.config.first_server.wrapping_add(attempt as usize);
        let Some(address) = servers.get(turn % servers.len().max(1)) else { return };
        self.server.clone_from(address);
        let (net, token) = (self.net.clone(), self.config.token.clone());
        self.opening = Some(Box::pin(open_session(net, address.clone(), token)));
    }

    /// True when the frame waits to be flushed.
    async fn feed(&mut self, frame: &ClientFrame) -> bool {
        let Some(socket) = &mut self.socket else { return false };
        let message = Message::Text(encode_client(frame));
        let fed = write(&*self.net, socket.feed(message)).await.is_ok();
        if !fed {
            self.lose_socket();
        }
        fed
    }

    /// False when the connection broke and the machine was told.
    async fn flush(&mut self) -> bool {
        let Some(socket) = &mut self.socket else { return true };
        let flushed = write(&*self.net, socket.flush()).await.is_ok();
        if !flushed {
            self.lose_socket();
        }
        flushed
    }

    async fn close(&mut self) {
        self.opening = None;
        if let Some(mut socket) = self.socket.take() {
            // The other end may be unreachable; then there is nobody to tell.
            drop(write(&*self.net, socket.close(None)).await);
        }
    }

    /// The sleep is made anew only when the machine wants to be woken earlier.
    fn set_sleep(&mut self) {
        let Some((due, _)) = self.device.poll_timeout() else { return };
        if self.sleep.as_ref().is_none_or(|(planned, _)| due < *planned) {
            self.sleep = Some((due, self.net.sleep_until(due)));
        }
    }
}

async fn received(socket: &mut Option<Socket>) -> Option<Result<Message, Error>> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

async fn done(
    opening: &mut Option<BoxFuture<'static, Result<Socket, Error>>>,
) -> Result<Socket, Error> {
    let result = match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    };
    *opening = None;
    result
}

async fn slept(sleep: &mut Option<(Monotonic, BoxFuture<'static, ()>)>) {
    match sleep {
        Some((_, future)) => future.await,
        None => std::future::pending().await,
    }
    *sleep = None;
}
