//! The sessions that HTTP requests name: those over polls, and the send lanes of streams.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use hubbub_chat::{
    Design, DeviceId, SessionId, UserId,
    transport::{
        CallRefusal, ExchangeId, FramesBody, PollAnswer, PollBody, REQUEST_FRAMES_MAX, SendIntake,
        session_number,
    },
};
use tokio::sync::{mpsc, oneshot};

use super::{
    ActorInput, ChatHandle, Form, Outgoing,
    polled::{Call, CallAnswer, Polled, Reply, poll_design},
};
use crate::net::Net;

/// Sessions over polls that one device has at most: one that it uses, and some that it has given up
/// and that are not silent for long enough yet. One more ends the oldest.
const POLLED_PER_DEVICE: usize = 4;

/// Requests of one session that wait for it at most. A device has one poll and one request of its
/// send lane under way, and a repeat of each.
const CALLS_MAX: usize = 16;

/// Why a request of a session was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// There is no such session of this device.
    UnknownSession,
    /// Too many requests of the session wait already.
    Busy,
    /// There are as many sessions as there may be.
    Full,
    /// The server stops.
    Stopping,
    /// The session refuses it.
    Refused(CallRefusal),
}

/// The sessions of one chat server, as requests name them.
pub struct HttpSessions {
    net: Arc<dyn Net>,
    chat: ChatHandle,
    design: Design,
    /// Differs from process to process.
    epoch: u64,
    last_exchange: AtomicU64,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    /// By device first: nobody names another device's session.
    named: BTreeMap<(DeviceId, u64), Named>,
    polled: usize,
}

struct Named {
    session: SessionId,
    way: Way,
}

enum Way {
    Polls(mpsc::Sender<Call>),
    Stream(SendIntake),
}

impl HttpSessions {
    /// No session yet.
    #[must_use]
    pub fn new(net: Arc<dyn Net>, chat: ChatHandle, design: &Design) -> Arc<Self> {
        Arc::new(Self {
            epoch: net.random(),
            net,
            chat,
            design: poll_design(design),
            last_exchange: AtomicU64::new(0),
            names: Mutex::default(),
        })
    }

    /// The chat server whose sessions they are.
    #[must_use]
    pub fn chat(&self) -> &ChatHandle {
        &self.chat
    }

    /// Takes in a poll. One that names no session opens one.
    ///
    /// # Errors
    /// Why it is not answered.
    pub async fn poll(
        self: &Arc<Self>,
        user: UserId,
        device: DeviceId,
        body: PollBody,
    ) -> Result<Arc<PollAnswer>, NotTaken> {
        let calls = match body.session {
            Some(number) => self.calls_of(device, number)?,
            None => self.open(user, device, &body).await?,
        };
        let answer =
            self.call(calls, |exchange, reply| Call::Poll { exchange, body, reply }).await?;
        match answer {
            CallAnswer::Poll(answer) => Ok(answer),
            // A session answers a poll with an answer to a poll.
            CallAnswer::Taken => Err(NotTaken::UnknownSession),
        }
    }

    /// Takes in a request of a send lane.
    ///
    /// # Errors
    /// Why it is not taken in.
    pub async fn frames(&self, device: DeviceId, body: FramesBody) -> Result<(), NotTaken> {
        // With room there is no wait between taking the number and handing the frames over: a
        // request whose connection closes in the middle must not count without its frames.
        let room = self.chat.reserve().await.ok_or(NotTaken::Stopping)?;
        let calls = {
            let mut names = self.names();
            let named = names.named.get_mut(&(device, body.session));
            let Named { session, way } = named.ok_or(NotTaken::UnknownSession)?;
            match way {
                Way::Stream(intake) => {
                    let frames = intake.handle_frames(body).map_err(NotTaken::Refused)?;
                    room.send(ActorInput::Frames(*session, frames));
                    return Ok(());
                }
                Way::Polls(calls) => calls.clone(),
            }
        };
        drop(room);
        self.call(calls, |exchange, reply| Call::Frames { exchange, body, reply }).await?;
        Ok(())
    }

    /// A stream that is about to be opened.
    #[must_use]
    pub fn open_stream(self: &Arc<Self>, user: UserId, device: DeviceId) -> Opening {
        let session = self.chat.next_session();
        let number = session_number(self.epoch, session);
        Opening { sessions: self.clone(), session, number, user, device }
    }

    async fn open(
        self: &Arc<Self>,
        user: UserId,
        device: DeviceId,
        body: &PollBody,
    ) -> Result<mpsc::Sender<Call>, NotTaken> {
        // A session whose first poll is refused would be one that nobody can name.
        if body.number != 1 || body.seen != 0 {
            return Err(NotTaken::Refused(CallRefusal::OutOfOrder));
        }
        if body.frames.len() > REQUEST_FRAMES_MAX {
            return Err(NotTaken::Refused(CallRefusal::TooManyFrames));
        }
        self.make_room(device)?;
        let session = self.chat.next_session();
        let outgoing = self.chat.attach_as(session, user, device, Form::Frames).await;
        let outgoing = outgoing.ok_or(NotTaken::Stopping)?;
        let number = session_number(self.epoch, session);
        let (calls, received) = mpsc::channel(CALLS_MAX);
        let mut names = self.names();
        names.named.insert((device, number), Named { session, way: Way::Polls(calls.clone()) });
        names.polled += 1;
        drop(names);
        let polled = Polled::new(
            self.net.clone(),
            self.chat.clone(),
            (session, number),
            &self.design,
            received,
            outgoing,
        );
        let sessions = Arc::downgrade(self);
        self.net.spawn(Box::pin(async move {
            polled.run().await;
            forget(&sessions, device, number);
        }));
        Ok(calls)
    }

    /// As many sessions again as there may be: some have ended, and their last words wait.
    fn make_room(&self, device: DeviceId) -> Result<(), NotTaken> {
        let mut names = self.names();
        let of_device = (device, 0)..=(device, u64::MAX);
        let polled = names.named.range(of_device).filter_map(|(key, named)| match named.way {
            Way::Polls(_) => Some((named.session, *key)),
            Way::Stream(_) => None,
        });
        let polled: Vec<_> = polled.collect();
        if polled.len() >= POLLED_PER_DEVICE
            && let Some((_, oldest)) = polled.into_iter().min()
        {
            // Without a way in its task ends.
            names.remove(oldest);
        }
        match names.polled < 2 * self.design.session_limit as usize {
            true => Ok(()),
            false => Err(NotTaken::Full),
        }
    }

    fn calls_of(&self, device: DeviceId, number: u64) -> Result<mpsc::Sender<Call>, NotTaken> {
        match self.names().named.get(&(device, number)).map(|named| &named.way) {
            Some(Way::Polls(calls)) => Ok(calls.clone()),
            Some(Way::Stream(_)) | None => Err(NotTaken::UnknownSession),
        }
    }

    /// Hands a request to its session and waits for the answer. Whoever drops this closes the
    /// request's connection.
    async fn call(
        &self,
        calls: mpsc::Sender<Call>,
        call: impl FnOnce(ExchangeId, Reply) -> Call,
    ) -> Result<CallAnswer, NotTaken> {
        let exchange = ExchangeId(self.last_exchange.fetch_add(1, Ordering::Relaxed) + 1);
        let (reply, answer) = oneshot::channel();
        calls.try_send(call(exchange, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Busy,
            mpsc::error::TrySendError::Closed(_) => NotTaken::UnknownSession,
        })?;
        // The session goes on without its requests, and ends without a way in.
        let mut open = OpenCall { calls: calls.downgrade(), exchange, is_open: true };
        drop(calls);
        let answer = answer.await;
        open.is_open = false;
        answer.map_err(|_| NotTaken::UnknownSession)?.map_err(NotTaken::Refused)
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        // Nothing panics while it holds this.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    fn remove(&mut self, key: (DeviceId, u64)) {
        if let Some(Named { way: Way::Polls(_), .. }) = self.named.remove(&key) {
            self.polled -= 1;
        }
    }
}

fn forget(sessions: &Weak<HttpSessions>, device: DeviceId, number: u64) {
    if let Some(sessions) = sessions.upgrade() {
        sessions.names().remove((device, number));
    }
}

/// Tells a session when the connection of a request closes before its answer.
struct OpenCall {
    calls: mpsc::WeakSender<Call>,
    exchange: ExchangeId,
    is_open: bool,
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if self.is_open
            && let Some(calls) = self.calls.upgrade()
        {
            // Without room for it the session takes its client for silent a little later.
            drop(calls.try_send(Call::Closed(self.exchange)));
        }
    }
}

/// A stream that is about to be opened.
pub struct Opening {
    sessions: Arc<HttpSessions>,
    session: SessionId,
    number: u64,
    user: UserId,
    device: DeviceId,
}

/// A stream that is open.
pub(super) struct Stream {
    pub(super) session: SessionId,
    pub(super) outgoing: mpsc::Receiver<Outgoing>,
    /// Requests can name it for as long as this is held.
    pub(super) name: StreamName,
}

pub(super) struct StreamName {
    sessions: Weak<HttpSessions>,
    device: DeviceId,
    number: u64,
}

impl Opening {
    /// The number by which requests name the session.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The chat server.
    #[must_use]
    pub fn chat(&self) -> &ChatHandle {
        &self.sessions.chat
    }

    /// `None` when the server stops.
    pub(super) async fn attach(self) -> Option<Stream> {
        let Self { sessions, session, number, user, device } = self;
        let outgoing = sessions.chat.attach_as(session, user, device, Form::Text).await?;
        let named = Named { session, way: Way::Stream(SendIntake::default()) };
        sessions.names().named.insert((device, number), named);
        let name = StreamName { sessions: Arc::downgrade(&sessions), device, number };
        Some(Stream { session, outgoing, name })
    }
}

impl Drop for StreamName {
    fn drop(&mut self) {
        forget(&self.sessions, self.device, self.number);
    }
}
