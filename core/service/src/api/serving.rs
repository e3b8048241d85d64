//! The taking in of connections, and their end.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router};
use tokio::sync::{Semaphore, mpsc, watch};

use super::{HttpLimits, connection::serve_connection};
use crate::{
    net::{Listener, Net, in_time, pause_accepting},
    role::stopped,
};

/// How long connections may take to end after the shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Held by everything that still talks to a client, so that the end can wait for the last of them.
#[derive(Clone)]
pub(super) struct Busy {
    _busy: mpsc::Sender<()>,
}

/// Takes in connections until the shutdown, then waits until they have ended, but not for ever.
/// `refused` is told of each that was one too many.
pub(super) async fn serve_router(
    net: Arc<dyn Net>,
    limits: HttpLimits,
    router: Router,
    mut listener: Box<dyn Listener>,
    refused: impl Fn(),
    mut shutdown: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let (busy, mut ended) = mpsc::channel(1);
    let router = router.layer(Extension(Busy { _busy: busy }));
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => break,
            stream = listener.accept() => match stream {
                Ok(stream) => {
                    let Ok(place) = room.clone().try_acquire_owned() else {
                        refused();
                        continue;
                    };
                    let (net_there, router) = (net.clone(), router.clone());
                    let shutdown = shutdown.clone();
                    net.spawn(Box::pin(async move {
                        let _place = place;
                        serve_connection(net_there, limits, router, stream, shutdown).await;
                    }));
                }
                Err(_) => pause_accepting(&*net).await,
            },
        }
    }
    drop((listener, router));
    in_time(&*net, net.now().monotonic.after(SHUTDOWN_GRACE), ended.recv()).await;
}
