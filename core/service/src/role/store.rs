//! The role `store`: the ports, for other processes.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Ready, ServiceError, listen};
use crate::{
    backend::{Backend, serve_ports},
    net::Net,
};

/// The role `store`.
pub struct StoreRole {
    /// Where the other roles reach it, as `host:port`.
    pub listen: String,
    /// What it serves.
    pub backend: Arc<dyn Backend>,
}

pub(super) async fn run(
    net: Arc<dyn Net>,
    role: StoreRole,
    shutdown: watch::Receiver<bool>,
    ready: Ready,
) -> Result<(), ServiceError> {
    let listener = listen(&net, &role.listen).await?;
    ready(&listener.address());
    serve_ports(net, listener, role.backend, shutdown).await;
    Ok(())
}
