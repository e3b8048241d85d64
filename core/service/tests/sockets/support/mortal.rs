//! A network whose process can be killed: its tasks end where they are, and with them their
//! connections and listeners.

use std::{
    io,
    sync::{Arc, Mutex},
};

use futures_util::{
    FutureExt,
    future::{AbortHandle, abortable},
};
use hubbub_chat::{Monotonic, Now};
use hubbub_service::net::{BoxFuture, BoxStream, Listener, Net};

/// A process of its own on another network.
pub(crate) struct Mortal {
    inner: Arc<dyn Net>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Mortal {
    pub(crate) fn on(inner: &Arc<dyn Net>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), tasks: Mutex::default() })
    }

    /// Ends everything at once. Nobody is told anything.
    pub(crate) fn kill(&self) {
        for task in self.tasks.lock().unwrap().drain(..) {
            task.abort();
        }
    }
}

impl Net for Mortal {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        self.inner.listen(address)
    }

    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        self.inner.connect(address)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let (task, handle) = abortable(task);
        self.tasks.lock().unwrap().push(handle);
        self.inner.spawn(Box::pin(task.map(|_| ())));
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
