//! One HTTP connection, and how long it may keep its server waiting.

use std::{
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::Router;
use hubbub_chat::time::Monotonic;
use hyper::service::{Service as _, service_fn};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
};

use super::HttpLimits;
use crate::{
    net::{BoxFuture, BoxStream, Net},
    role::stopped,
};

/// Serves a connection until it ends, becomes a session, or has been quiet for too long.
pub(super) async fn serve_connection(
    net: Arc<dyn Net>,
    limits: HttpLimits,
    router: Router,
    stream: BoxStream,
    mut shutdown: watch::Receiver<bool>,
) {
    let activity = Activity::new(net, limits);
    let router = TowerToHyperService::new(router);
    let requests = activity.clone();
    let service = service_fn(move |request| {
        let (under_way, answering) = (UnderWay::begin(&requests), router.call(request));
        async move {
            let _under_way = under_way;
            answering.await
        }
    });
    // The date would be the only thing in an answer that a simulation does not decide.
    let connection = hyper::server::conn::http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(Watched { stream, activity: activity.clone() }), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // A connection that breaks concerns nobody but its client, who knows.
    tokio::select! {
        biased;
        () = activity.watch(connection.as_mut()) => {}
        () = stopped(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            activity.watch(connection).await;
        }
    }
}

/// What a connection is doing, as far as it has to be in time.
#[derive(Clone)]
struct Activity {
    net: Arc<dyn Net>,
    limits: HttpLimits,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Requests that were read and not answered.
    under_way: u32,
    /// When the last of them was answered.
    idle_since: Monotonic,
    /// When the head that is being read began.
    head_since: Option<Monotonic>,
}

impl Activity {
    fn new(net: Arc<dyn Net>, limits: HttpLimits) -> Self {
        let now = net.now().monotonic;
        let state = State { under_way: 0, idle_since: now, head_since: Some(now) };
        Self { net, limits, state: Arc::new(Mutex::new(state)) }
    }

    /// Drives a connection to its end, or until it should have done something. Whatever changes
    /// what is due happens while the connection is polled, so nothing needs to wake this up.
    async fn watch(&self, mut connection: Pin<&mut impl Future>) {
        let mut sleep: Option<(Monotonic, BoxFuture<'static, ()>)> = None;
        std::future::poll_fn(|context| {
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            loop {
                let Some(due) = self.due() else { return Poll::Pending };
                // The sleep is made anew only when it must end earlier, not for each request.
                if sleep.as_ref().is_none_or(|(planned, _)| due < *planned) {
                    sleep = Some((due, self.net.sleep_until(due)));
                }
                if let Some((_, sleep)) = &mut sleep {
                    ready!(sleep.as_mut().poll(context));
                }
                if self.net.now().monotonic >= due {
                    return Poll::Ready(());
                }
                sleep = None;
            }
        })
        .await;
    }

    fn due(&self) -> Option<Monotonic> {
        let state = self.state();
        match state.head_since {
            _ if state.under_way > 0 => None,
            Some(since) => Some(since.after(self.limits.head_within)),
            None => Some(state.idle_since.after(self.limits.idle_within)),
        }
    }

    fn note_read(&self) {
        let mut state = self.state();
        if state.under_way == 0 && state.head_since.is_none() {
            state.head_since = Some(self.net.now().monotonic);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds this.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while a request is under way.
struct UnderWay {
    activity: Activity,
}

impl UnderWay {
    fn begin(activity: &Activity) -> Self {
        let mut state = activity.state();
        state.under_way += 1;
        state.head_since = None;
        drop(state);
        Self { activity: activity.clone() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let now = self.activity.net.now().monotonic;
        let mut state = self.activity.state();
        state.under_way = state.under_way.saturating_sub(1);
        state.idle_since = now;
    }
}

/// A connection that notes when something is read from it.
pub(super) struct Watched {
    stream: BoxStream,
    activity: Activity,
}

impl Watched {
    /// The connection alone, for a session.
    pub(super) fn into_inner(self) -> BoxStream {
        self.stream
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.activity.note_read();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
