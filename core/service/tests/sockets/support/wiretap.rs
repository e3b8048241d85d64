//! A client's network on which everything that goes out is written down, and whose connections can
//! be broken.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use hubbub_chat::{Monotonic, Now};
use hubbub_service::net::{BoxFuture, BoxStream, Listener, Net};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A tapped network.
pub(crate) struct Wiretap {
    inner: Arc<dyn Net>,
    lines: Mutex<Vec<Arc<Line>>>,
}

#[derive(Default)]
struct Line {
    sent: Mutex<Vec<u8>>,
    is_broken: AtomicBool,
}

impl Line {
    fn text(&self) -> String {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&sent).into_owned()
    }
}

impl Wiretap {
    pub(crate) fn on(inner: &Arc<dyn Net>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), lines: Mutex::default() })
    }

    /// What was sent over each connection so far that began with these words.
    pub(crate) fn connections(&self, beginning: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let texts = lines.iter().map(|line| line.text());
        texts.filter(|text| text.starts_with(beginning)).collect()
    }

    /// Breaks the connections that began with these words: what is done with them next fails.
    pub(crate) fn cut(&self, beginning: &str) {
        for line in self.lines.lock().unwrap().iter() {
            if line.text().starts_with(beginning) {
                line.is_broken.store(true, Ordering::SeqCst);
            }
        }
    }
}

impl Net for Wiretap {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        self.inner.listen(address)
    }

    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = self.inner.connect(address).await?;
            let line = Arc::<Line>::default();
            self.lines.lock().unwrap().push(line.clone());
            Ok(Box::new(Tapped { stream, line }) as BoxStream)
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.inner.spawn(task);
    }

    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()> {
        self.inner.sleep_until(at)
    }

    fn now(&self) -> Now {
        self.inner.now()
    }

    fn random(&self) -> u64 {
        self.inner.random()
    }
}

struct Tapped {
    stream: BoxStream,
    line: Arc<Line>,
}

impl Tapped {
    fn check(&self) -> io::Result<()> {
        match self.line.is_broken.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::ConnectionReset.into()),
            false => Ok(()),
        }
    }
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            let mut sent = self.line.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.extend_from_slice(&bytes[..*count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
