//! The generator of ids on the host of an API server, where the fast engine has it too: chat servers
//! ask it for ids, and the store for everything else.

use std::sync::Arc;

use hubbub_chat::{
    ports::{Port, Request},
    time::Monotonic,
};
use hubbub_service::backend::{Backend, Reply};

/// Ports of which the generator's is in another process than the others.
pub(super) struct SplitPorts {
    pub(super) generator: Arc<dyn Backend>,
    pub(super) others: Arc<dyn Backend>,
}

impl SplitPorts {
    fn of(&self, request: &Request) -> &Arc<dyn Backend> {
        match request.port() {
            Port::Generator => &self.generator,
            _ => &self.others,
        }
    }
}

impl Backend for SplitPorts {
    fn submit(&self, request: Request, reply: Reply) {
        self.of(&request).submit(request, reply);
    }

    fn submit_by(&self, deadline: Monotonic, request: Request, reply: Reply) {
        self.of(&request).submit_by(deadline, request, reply);
    }
}

/// A process with the generator and nothing else.
pub(super) struct GeneratorAlone(pub(super) Arc<dyn Backend>);

impl Backend for GeneratorAlone {
    fn submit(&self, request: Request, reply: Reply) {
        match request.port() {
            Port::Generator => self.0.submit(request, reply),
            other => reply(other.refused()),
        }
    }
}
