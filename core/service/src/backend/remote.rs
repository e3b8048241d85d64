//! Ports in another process, and the serving of them.

use std::sync::Arc;

use hubbub_chat::{
    ports::{Answer, Port, Request},
    time::Monotonic,
};
use tokio::sync::watch;

use super::{Backend, Reply};
use crate::{
    net::{Listener, Net},
    rpc::{self, CallError, Link, LinkConfig, ServeConfig},
};

/// Ports behind a connection to the store's process.
pub struct RemoteBackend {
    link: Link<Request, Answer>,
}

impl RemoteBackend {
    /// Opens the connection; it is kept open in the background.
    #[must_use]
    pub fn open(net: &Arc<dyn Net>, config: LinkConfig) -> Self {
        Self { link: Link::open(net, config) }
    }
}

impl Backend for RemoteBackend {
    fn submit(&self, request: Request, reply: Reply) {
        let port = request.port();
        self.link.call(request, move |answer| {
            reply(answer.unwrap_or_else(|error| failed(port, error)));
        });
    }

    fn submit_by(&self, deadline: Monotonic, request: Request, reply: Reply) {
        let port = request.port();
        self.link.call_by(deadline, request, move |answer| {
            reply(answer.unwrap_or_else(|error| failed(port, error)));
        });
    }
}

/// Serves the ports to other processes, until the shutdown.
pub async fn serve_ports(
    net: Arc<dyn Net>,
    listener: Box<dyn Listener>,
    backend: Arc<dyn Backend>,
    shutdown: watch::Receiver<bool>,
) {
    let handler: rpc::Handler<Request, Answer> =
        Arc::new(move |request, reply| backend.submit(request, reply));
    rpc::serve(net, listener, handler, ServeConfig::default(), shutdown).await;
}

fn failed(port: Port, error: CallError) -> Answer {
    match error {
        CallError::Refused => port.refused(),
        CallError::Unknown => port.unknown(),
    }
}
