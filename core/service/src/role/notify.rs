//! The role `notify`.

use std::sync::Arc;

use hubbub_chat::notifier::NotifierConfig;
use tokio::sync::watch;

use super::{Ports, ServiceError, tell_health};
use crate::{
    net::Net,
    notify::{Gateway, NotifyFigures, run_notifier},
};

/// The role `notify`. Of several, the one that holds the lease pushes.
pub struct NotifyRole {
    /// The machine's own configuration.
    pub notifier: NotifierConfig,
    /// The ports.
    pub ports: Ports,
    /// Where pushes go.
    pub gateway: Arc<dyn Gateway>,
    /// Counts what it does.
    pub figures: Arc<NotifyFigures>,
    /// Where it tells operators what it counts, as `host:port`; `None` for nowhere.
    pub health: Option<String>,
}

/// No client comes to it, so nobody is told that it is ready.
pub(super) async fn run(
    net: Arc<dyn Net>,
    role: NotifyRole,
    shutdown: watch::Receiver<bool>,
) -> Result<(), ServiceError> {
    let NotifyRole { notifier, ports, gateway, figures, health } = role;
    let counted = figures.clone();
    tell_health(&net, health, move || counted.page(), &shutdown).await?;
    let backend = ports.backend(&net, notifier.design.request_timeout);
    run_notifier(net, notifier, backend, gateway, figures, shutdown).await;
    Ok(())
}
