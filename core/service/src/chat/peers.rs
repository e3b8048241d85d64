//! Hints between chat servers. They may be lost: whoever misses one syncs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hubbub_chat::{ServerId, frame::PeerFrame, server::Input};
use tokio::sync::watch;

use super::{ChatConfig, ChatFigures, ChatHandle};
use crate::{
    net::{Listener, Net},
    rpc::{self, Link, LinkConfig, ServeConfig},
};

/// Hints that wait for one other server at most; more are lost.
const HINTS_MAX: usize = 4096;

/// Connections to the other chat servers. Each hint is acknowledged, so that a connection that is
/// dead without knowing it is noticed.
pub struct PeerLinks {
    links: BTreeMap<ServerId, Link<PeerFrame, ()>>,
    figures: Arc<ChatFigures>,
}

impl PeerLinks {
    /// Opens the connections. Hints that are lost are counted in `figures`.
    #[must_use]
    pub fn open(net: &Arc<dyn Net>, config: &ChatConfig, figures: Arc<ChatFigures>) -> Self {
        let open = |(server, address): (&ServerId, &String)| {
            let link = LinkConfig {
                address: address.clone(),
                queue_max: HINTS_MAX,
                answer_timeout: config.server.design.request_timeout,
                reconnect_after: Duration::from_millis(250),
            };
            (*server, Link::open(net, link))
        };
        Self { links: config.peers.iter().map(open).collect(), figures }
    }

    /// Sends a hint, or loses it.
    pub fn send(&self, server: ServerId, frame: PeerFrame) {
        let Some(link) = self.links.get(&server) else { return self.figures.lose_hint() };
        let figures = self.figures.clone();
        link.call(frame, move |confirmed| {
            if confirmed.is_err() {
                figures.lose_hint();
            }
        });
    }
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
        chat.hint(Input::Peer(frame));
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
        chat::INPUTS_MAX,
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
        let server = ServerConfig { server, epoch: 1, has_peers: true, design, seed: 1 };
        ChatConfig { server, peers }
    }

    #[tokio::test]
    async fn hints_to_an_unknown_or_unreachable_server_are_counted_as_lost() {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        let figures = Arc::<ChatFigures>::default();
        // Nothing listens on port 1 of this host.
        let config = config(BTreeMap::from([(ServerId(2), "127.0.0.1:1".into())]));
        let links = PeerLinks::open(&net, &config, figures.clone());
        links.send(ServerId(3), hint());
        assert_eq!(figures.hints_lost(), 1);
        links.send(ServerId(2), hint());
        let deadline = net.sleep_until(net.now().monotonic.after(Duration::from_secs(60)));
        tokio::select! {
            () = async {
                while figures.hints_lost() < 2 {
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
        };
        let models = Arc::new(std::sync::Mutex::new(models));
        let backend = ModelBackend::new(net.clone(), models, Arc::new(|_| {}));
        let (_stop, stopped) = watch::channel(false);
        let config = config(BTreeMap::new());
        let chat = ChatHandle::start(&net, config, Arc::new(backend), stopped);
        // The machine's task cannot run before this one waits.
        for _ in 0..INPUTS_MAX + 3 {
            chat.hint(Input::Peer(hint()));
        }
        assert_eq!(chat.figures().hints_lost(), 3);
    }
}
