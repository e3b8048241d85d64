//! Hints between chat servers. They may be lost: whoever misses one syncs.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    ServerId,
    frame::PeerFrame,
    ports::registry::{LeaseKey, Member},
};
use tokio::sync::watch;

use super::ChatHandle;
use crate::{
    net::{Listener, Net},
    rpc::{self, Link, LinkConfig, ServeConfig},
};

/// Frames that wait for one other server at most; more are lost.
const FRAMES_MAX: usize = 4096;

/// Connections to chat servers. Each frame is acknowledged, so that a connection that is dead
/// without knowing it is noticed.
pub struct PeerLinks {
    net: Arc<dyn Net>,
    answer_timeout: Duration,
    links: BTreeMap<ServerId, PeerLink>,
    lost: Arc<AtomicU64>,
}

struct PeerLink {
    address: String,
    link: Link<PeerFrame, ()>,
}

impl PeerLinks {
    /// No connection yet. Frames that are lost are counted in `lost`.
    #[must_use]
    pub fn new(net: Arc<dyn Net>, answer_timeout: Duration, lost: Arc<AtomicU64>) -> Self {
        Self { net, answer_timeout, links: BTreeMap::new(), lost }
    }

    /// Opens connections to these servers, given as `host:port` of their peer ports, and drops those
    /// to others.
    pub fn connect(&mut self, peers: &BTreeMap<ServerId, String>) {
        self.links.retain(|server, peer| peers.get(server) == Some(&peer.address));
        for (server, address) in peers {
            self.links.entry(*server).or_insert_with(|| {
                let config = LinkConfig {
                    address: address.clone(),
                    queue_max: FRAMES_MAX,
                    answer_timeout: self.answer_timeout,
                    reconnect_after: Duration::from_millis(250),
                };
                PeerLink { address: address.clone(), link: Link::open(&self.net, config) }
            });
        }
    }

    /// Whether there is a connection to this server, or an attempt at one.
    #[must_use]
    pub fn leads_to(&self, server: ServerId) -> bool {
        self.links.contains_key(&server)
    }

    /// Sends a frame, or loses it.
    pub fn send(&self, server: ServerId, frame: PeerFrame) {
        let lost = self.lost.clone();
        let Some(peer) = self.links.get(&server) else {
            lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        peer.link.call(frame, move |confirmed| {
            if confirmed.is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

/// The chat servers among the registry's members that others can reach, but for `own`.
#[must_use]
pub fn peers_among(members: &[Member], own: Option<ServerId>) -> BTreeMap<ServerId, String> {
    let peer = |member: &Member| match member.key {
        LeaseKey::Chat(server) if Some(server) != own && !member.info.peer_address.is_empty() => {
            Some((server, member.info.peer_address.clone()))
        }
        _ => None,
    };
    members.iter().filter_map(peer).collect()
}

/// Takes in the hints of other chat servers, until the shutdown.
pub async fn serve_hints(
    net: Arc<dyn Net>,
    listener: Box<dyn Listener>,
    chat: ChatHandle,
    shutdown: watch::Receiver<bool>,
) {
    let answers_lost = chat.figures().answers_lost.clone();
    let config = ServeConfig { answers_lost, ..ServeConfig::default() };
    let handler: rpc::Handler<PeerFrame, ()> = Arc::new(move |frame, reply| {
        chat.hint(frame);
        reply(());
    });
    rpc::serve(net, listener, handler, config, shutdown).await;
}

#[cfg(test)]
mod tests {
    use hubbub_chat::{
        ChannelId, Content, Design, DeviceId, Entry, MessageId, UserId,
        ports::{
            directory::DirectoryModel,
            routing::RoutingModel,
            store::{StoreModel, StoreRules},
        },
        server::ServerConfig,
    };

    use super::*;
    use crate::{
        backend::{ModelBackend, Models},
        chat::{ChatConfig, INPUTS_MAX},
        net::RealNet,
    };

    fn hint() -> PeerFrame {
        let entry = Entry {
            channel: ChannelId::direct(UserId(1), UserId(2)),
            message_id: MessageId(1),
            user: UserId(1),
            device: DeviceId(1),
            number: 1,
            accepted_at_ms: 0,
            content: Content::Text("hello".into()),
        };
        PeerFrame::Hint { entry: Arc::new(entry), audience: vec![UserId(2)] }
    }

    fn config(peers: BTreeMap<ServerId, String>) -> ChatConfig {
        let (server, design) = (ServerId(1), Design::default());
        let server =
            ServerConfig { server, epoch: 1, has_peers: true, registration: None, design, seed: 1 };
        ChatConfig { server, peers, members: Arc::new(|_| {}), figures: Arc::default() }
    }

    #[tokio::test]
    async fn hints_to_an_unknown_or_unreachable_server_are_counted_as_lost() {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        let lost = Arc::<AtomicU64>::default();
        let mut links = PeerLinks::new(net.clone(), Duration::from_secs(3), lost.clone());
        // Nothing listens on port 1 of this host.
        links.connect(&BTreeMap::from([(ServerId(2), "127.0.0.1:1".into())]));
        links.send(ServerId(3), hint());
        assert_eq!(lost.load(Ordering::Relaxed), 1);
        links.send(ServerId(2), hint());
        let deadline = net.sleep_until(net.now().monotonic.after(Duration::from_secs(60)));
        tokio::select! {
            () = async {
                while lost.load(Ordering::Relaxed) < 2 {
                    tokio::task::yield_now().await;
                }
            } => {}
            () = deadline => panic!("the hint was not counted"),
        }
    }

    #[tokio::test]
    async fn hints_that_the_machine_has_no_room_for_are_counted_as_lost() {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        let models = Models {
            store: StoreModel::new(StoreRules::from(&Design::default())),
            directory: DirectoryModel::default(),
            routing: RoutingModel::default(),
            registry: None,
        };
        let models = Arc::new(std::sync::Mutex::new(models));
        let backend =
            ModelBackend::new(net.clone(), models, Arc::new(|_| {}), Duration::from_secs(6));
        let (_stop, stopped) = watch::channel(false);
        let config = config(BTreeMap::new());
        let chat = ChatHandle::start(&net, config, Arc::new(backend), stopped);
        // The machine's task cannot run before this one waits.
        for _ in 0..INPUTS_MAX + 3 {
            chat.hint(hint());
        }
        assert_eq!(chat.figures().hints_lost(), 3);
    }
}
