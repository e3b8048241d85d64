//! Ctrl-C: the first one ends the work and keeps the results, the second ends the program.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

use crate::exit::tell;

/// Whether the user wants to stop.
#[derive(Clone)]
pub(crate) struct Interrupt {
    flag: Arc<AtomicBool>,
    watch: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens for Ctrl-C and, on Unix, for SIGTERM, from a thread of its own.
    /// `words` are told to the user then.
    pub(crate) fn listen_and_say(words: &'static str) -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        let (sender, watch) = watch::channel(false);
        let noticed = flag.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                signalled().await;
                noticed.store(true, Ordering::Relaxed);
                // Work that has ended meanwhile does not mind.
                let _ = sender.send(true);
                tell(words);
                signalled().await;
                std::process::exit(130);
            });
        });
        Self { flag, watch }
    }

    /// As [`Self::listen_and_say`], for work whose results so far are kept.
    pub(crate) fn listen() -> Self {
        Self::listen_and_say(
            "stopping; results so far are kept (press Ctrl-C again to end at once)",
        )
    }

    /// For work that nobody can interrupt.
    pub(crate) fn never() -> Self {
        let (_, watch) = watch::channel(false);
        Self { flag: Arc::new(AtomicBool::new(false)), watch }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Turns true when the user wants to stop.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.watch.clone()
    }
}

async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
