//! What is behind the ports of a chat server: a store on disk, the models, or another process.

mod local;
mod models;
mod port_map;
mod registry;
mod registry_file;
mod remote;

use hubbub_chat::ports::{
    Answer, Outcome, Request,
    directory::{DirectoryAnswer, DirectoryRequest},
    store::{StoreAnswer, StoreRequest},
};
use hubbub_chat::time::Monotonic;
use tokio::sync::oneshot;

pub use local::{LocalBackend, OpenError, RegistryConfig};
pub use models::{Committed, ModelBackend, Models};
pub use port_map::PortMap;
pub use registry::{Holders, RegistryKept};
pub use remote::{RemoteBackend, serve_ports};

/// Called once with the answer.
pub type Reply = Box<dyn FnOnce(Answer) + Send>;

/// Carries out requests. Those of one caller are carried out in their order.
pub trait Backend: Send + Sync {
    /// Takes on a request; `reply` may be called at once.
    fn submit(&self, request: Request, reply: Reply);

    /// The same for a request that nobody waits for after the deadline. A backend may refuse it
    /// then; one that answers at once has no reason to.
    fn submit_by(&self, deadline: Monotonic, request: Request, reply: Reply) {
        let _ = deadline;
        self.submit(request, reply);
    }
}

/// Asks the directory and waits.
pub async fn ask_directory(
    backend: &dyn Backend,
    request: DirectoryRequest,
) -> Outcome<DirectoryAnswer> {
    match ask(backend, Request::Directory(request)).await {
        Some(Answer::Directory(outcome)) => outcome,
        _ => Outcome::Unknown,
    }
}

/// Asks the store and waits.
pub async fn ask_store(backend: &dyn Backend, request: StoreRequest) -> Outcome<StoreAnswer> {
    match ask(backend, Request::Store(request)).await {
        Some(Answer::Store(outcome)) => outcome,
        _ => Outcome::Unknown,
    }
}

async fn ask(backend: &dyn Backend, request: Request) -> Option<Answer> {
    let (sender, receiver) = oneshot::channel();
    backend.submit(request, Box::new(move |answer| drop(sender.send(answer))));
    receiver.await.ok()
}
