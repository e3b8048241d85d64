//! Hints between chat servers. They may be lost: whoever misses one syncs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hubbub_chat::{ServerId, frame::PeerFrame, server::Input};
use tokio::sync::watch;

use super::{ChatConfig, ChatHandle};
use crate::{
    net::{Listener, Net},
    rpc::{self, Link, LinkConfig},
};

/// Hints that wait for one other server at most; more are lost.
const HINTS_MAX: usize = 4096;

/// Connections to the other chat servers. Each hint is acknowledged, so that a connection that is
/// dead without knowing it is noticed.
pub struct PeerLinks {
    links: BTreeMap<ServerId, Link<PeerFrame, ()>>,
}

impl PeerLinks {
    /// Opens the connections.
    #[must_use]
    pub fn open(net: &Arc<dyn Net>, config: &ChatConfig) -> Self {
        let open = |(server, address): (&ServerId, &String)| {
            let link = LinkConfig {
                address: address.clone(),
                queue_max: HINTS_MAX,
                answer_timeout: config.server.design.request_timeout,
                reconnect_after: Duration::from_millis(250),
            };
            (*server, Link::open(net, link))
        };
        Self { links: config.peers.iter().map(open).collect() }
    }

    /// Sends a hint, or loses it.
    pub fn send(&self, server: ServerId, frame: PeerFrame) {
        if let Some(link) = self.links.get(&server) {
            link.call(frame, |_| {});
        }
    }
}

/// Takes in the hints of other chat servers, until the shutdown.
pub async fn serve_hints(
    net: Arc<dyn Net>,
    listener: Box<dyn Listener>,
    chat: ChatHandle,
    shutdown: watch::Receiver<bool>,
) {
    let handler: rpc::Handler<PeerFrame, ()> = Arc::new(move |frame, reply| {
        chat.hint(Input::Peer(frame));
        reply(());
    });
    rpc::serve(net, listener, handler, shutdown).await;
}
