//! A thread that owns something on disk, and the bounded queue to it.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use hubbub_chat::ports::Outcome;
use tokio::sync::oneshot;

/// Answers one request.
pub(crate) type Reply<A> = Box<dyn FnOnce(Outcome<A>) + Send>;

/// The way to a thread. Requests are carried out in the order in which they were submitted.
pub(crate) struct DiskThread<W, A> {
    queue: SyncSender<Message<W, A>>,
    is_closing: AtomicBool,
    thread: Option<JoinHandle<()>>,
}

/// The thread's end of the queue.
pub(crate) struct Requests<W, A> {
    queue: Receiver<Message<W, A>>,
    is_closing: bool,
    closers: Vec<oneshot::Sender<()>>,
}

enum Message<W, A> {
    /// A request and where its answer goes.
    Request(W, Waiting<A>),
    /// Finish what was asked before, then stop. The sender is told once the disk is free.
    Close(Option<oneshot::Sender<()>>),
}

/// The reply to a request that nobody has begun: dropped unbegun, it refuses.
struct Waiting<A>(Option<Reply<A>>);

/// Waits for the answer to what `submit` asks. Unknown when a thread ended in the middle of it.
pub(crate) async fn answer<A: Send + 'static>(submit: impl FnOnce(Reply<A>)) -> Outcome<A> {
    let (sender, receiver) = oneshot::channel();
    submit(Box::new(move |outcome| drop(sender.send(outcome))));
    receiver.await.unwrap_or(Outcome::Unknown)
}

impl<W: Send + 'static, A: Send + 'static> DiskThread<W, A> {
    /// Starts a thread to which `queue_max` requests wait at most. It ends with `work`.
    pub(crate) fn start(
        queue_max: usize,
        work: impl FnOnce(Requests<W, A>) + Send + 'static,
    ) -> Self {
        let (queue, requests) = sync_channel(queue_max.max(1));
        let requests = Requests { queue: requests, is_closing: false, closers: Vec::new() };
        #[expect(
            clippy::disallowed_methods,
            reason = "the disk's thread: a simulated run has the pure model in its place"
        )]
        let thread = std::thread::spawn(move || work(requests));
        Self { queue, is_closing: AtomicBool::new(false), thread: Some(thread) }
    }

    /// Asks without waiting. `reply` is called once, on the thread, or here and now when the request
    /// is refused because the queue is full or closed: then this is false.
    pub(crate) fn submit(&self, work: W, reply: Reply<A>) -> bool {
        // A message that is not taken is dropped, which refuses it.
        let message = Message::Request(work, Waiting(Some(reply)));
        !self.is_closing.load(Relaxed) && self.queue.try_send(message).is_ok()
    }

    /// Finishes what was asked before, frees the disk, and refuses what is asked later.
    pub(crate) async fn close(&self) {
        let (sender, receiver) = oneshot::channel();
        let mut message = Message::Close(Some(sender));
        // From here on the queue only gets emptier.
        self.is_closing.store(true, Relaxed);
        // A full queue must not hold up the runtime's thread: whoever else runs on it may be what
        // this thread waits for.
        while let Err(error) = self.queue.try_send(message) {
            match error {
                TrySendError::Full(back) => message = back,
                TrySendError::Disconnected(_) => return,
            }
            tokio::task::yield_now().await;
        }
        // An error means that the thread is gone, and what it owned is free.
        let _ = receiver.await;
    }
}

impl<W, A> Drop for DiskThread<W, A> {
    /// As [`close`](Self::close), so that whoever drops this can open the disk's files again.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A reply may hold the last handle; the thread that runs it ends once the queue is gone.
        if thread.thread().id() != std::thread::current().id() {
            let _ = self.queue.send(Message::Close(None));
            let _ = thread.join();
        }
    }
}

impl<W, A> Requests<W, A> {
    /// The next request, once there is one; `None` when the thread is to end.
    pub(crate) fn next(&mut self) -> Option<(W, Reply<A>)> {
        let message = if self.is_closing { None } else { self.queue.recv().ok() };
        self.begin(message)
    }

    /// The next request, if one waits already.
    pub(crate) fn next_waiting(&mut self) -> Option<(W, Reply<A>)> {
        let message = if self.is_closing { None } else { self.queue.try_recv().ok() };
        self.begin(message)
    }

    /// Refuses what waits, and tells those who closed the thread that the disk is free.
    pub(crate) fn end(self) {
        // What waits in the queue is refused with the queue.
        drop(self.queue);
        for closer in self.closers {
            // Whoever stopped waiting does not need to know.
            let _ = closer.send(());
        }
    }

    fn begin(&mut self, message: Option<Message<W, A>>) -> Option<(W, Reply<A>)> {
        match message? {
            Message::Request(work, mut waiting) => Some((work, waiting.0.take()?)),
            Message::Close(closer) => {
                self.is_closing = true;
                self.closers.extend(closer);
                None
            }
        }
    }
}

impl<A> Drop for Waiting<A> {
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            reply(Outcome::Refused);
        }
    }
}
