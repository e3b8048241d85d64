//! Ports in another process, and the serving of them.

use std::sync::Arc;

use hubbub_chat::{
    ports::{Answer, Outcome, Request},
    time::Monotonic,
};
use tokio::sync::watch;

use super::{Backend, PortAnswer, PortRequest, Reply};
use crate::{
    net::{Listener, Net},
    rpc::{self, CallError, Link, LinkConfig, ServeConfig},
};

/// Ports behind a connection to the store's process.
pub struct RemoteBackend {
    link: Link<PortRequest, PortAnswer>,
}

impl RemoteBackend {
    /// Opens the connection; it is kept open in the background.
    #[must_use]
    pub fn open(net: &Arc<dyn Net>, config: LinkConfig) -> Self {
        Self { link: Link::open(net, config) }
    }
}

impl Backend for RemoteBackend {
    fn submit(&self, request: PortRequest, reply: Reply) {
        let failed = Failed::of(&request);
        self.link.call(request, move |answer| {
            reply(answer.unwrap_or_else(|error| failed.answer(error)));
        });
    }

    fn submit_by(&self, deadline: Monotonic, request: PortRequest, reply: Reply) {
        let failed = Failed::of(&request);
        self.link.call_by(deadline, request, move |answer| {
            reply(answer.unwrap_or_else(|error| failed.answer(error)));
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
    let handler: rpc::Handler<PortRequest, PortAnswer> =
        Arc::new(move |request, reply| backend.submit(request, reply));
    rpc::serve(net, listener, handler, ServeConfig::default(), shutdown).await;
}

/// Which port a failed request was for.
#[derive(Clone, Copy)]
enum Failed {
    Store,
    Routing,
    Directory,
}

impl Failed {
    fn of(request: &PortRequest) -> Self {
        match request {
            PortRequest::Core(Request::Store(_)) => Self::Store,
            PortRequest::Core(Request::Routing(_)) => Self::Routing,
            PortRequest::Directory(_) => Self::Directory,
        }
    }

    fn answer(self, error: CallError) -> PortAnswer {
        match self {
            Self::Store => PortAnswer::Core(Answer::Store(outcome(error))),
            Self::Routing => PortAnswer::Core(Answer::Routing(outcome(error))),
            Self::Directory => PortAnswer::Directory(outcome(error)),
        }
    }
}

fn outcome<T>(error: CallError) -> Outcome<T> {
    match error {
        CallError::Refused => Outcome::Refused,
        CallError::Unknown => Outcome::Unknown,
    }
}
