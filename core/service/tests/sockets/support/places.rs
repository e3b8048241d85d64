//! A network on which servers have names. A name gets a free port when it is first listened on and
//! keeps it, so that a server comes back where it was.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use hubbub_chat::{Monotonic, Now};
use hubbub_service::net::{BoxFuture, BoxStream, Listener, Net, RealNet};

/// The real network, with names beside addresses.
#[derive(Default)]
pub(crate) struct Places {
    real: RealNet,
    addresses: Mutex<BTreeMap<String, String>>,
}

impl Places {
    pub(crate) fn net() -> Arc<dyn Net> {
        Arc::new(Self::default())
    }

    fn address(&self, name: &str) -> Option<String> {
        if name.contains(':') {
            return Some(name.to_owned());
        }
        self.addresses.lock().unwrap().get(name).cloned()
    }
}

impl Net for Places {
    fn listen<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let address = self.address(name).unwrap_or_else(|| "127.0.0.1:0".into());
            let listener = self.real.listen(&address).await?;
            self.addresses.lock().unwrap().insert(name.to_owned(), listener.address());
            Ok(listener)
        })
    }

    fn connect<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(async move {
            let address = self.address(name).ok_or(io::ErrorKind::ConnectionRefused)?;
            self.real.connect(&address).await
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.real.spawn(task);
    }

    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()> {
        self.real.sleep_until(at)
    }

    fn now(&self) -> Now {
        self.real.now()
    }

    fn random(&self) -> u64 {
        self.real.random()
    }
}
