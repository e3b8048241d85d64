//! `hubbub serve`: the chat core behind real WebSockets, in one process or in several.

mod roles;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use hubbub_chat::{Design, ServerId, ports::store::StoreRules};
use hubbub_scenario::BASE;
use hubbub_service::{
    backend::{Holders, LocalBackend, RegistryConfig},
    net::{Net, RealNet},
    store::FjallConfig,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{io::AsyncReadExt, sync::watch};

use crate::{
    exit::{Exit, Failure, print, tell},
    interrupt::Interrupt,
    scenario_file::{Overrides, read, variant},
};

/// Serve the chat core over real WebSockets
///
/// HTTP and WebSocket share one port; docs/protocol.md describes both. Messages are on disk before
/// their senders are told. Ctrl-C hands sessions over to other chat servers, if there are any, then
/// stops. The ports between the processes have no authentication: keep them private.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub serve
  hubbub serve --listen 127.0.0.1:0 --data /tmp/chat --provision
  hubbub serve --webhook http://127.0.0.1:8080/push

  In several processes, which find each other in the registry of the store's process:
  hubbub serve --role store --listen 127.0.0.1:7790
  hubbub serve --role chat --server 1 --store 127.0.0.1:7790 --listen 127.0.0.1:7701
  hubbub serve --role chat --server 2 --store 127.0.0.1:7790 --listen 127.0.0.1:7702
  hubbub serve --role presence --server 1 --store 127.0.0.1:7790 --listen 127.0.0.1:7711
  hubbub serve --role api --store 127.0.0.1:7790 --listen 127.0.0.1:7700
  hubbub serve --role notify --store 127.0.0.1:7790 --webhook http://127.0.0.1:8080/push")]
pub(crate) struct Serve {
    /// What this process does
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7700")]
    listen: String,
    /// The folder of the data, for the roles all and store
    #[arg(long, value_name = "DIR", default_value = "hubbub-data")]
    data: PathBuf,
    /// The store's process, which has the registry and the directory too; for the other roles of a
    /// deployment in several processes
    #[arg(
        long,
        value_name = "HOST:PORT",
        visible_alias = "registry",
        required_if_eq_any([
            ("role", "chat"), ("role", "api"), ("role", "presence"), ("role", "notify")
        ])
    )]
    store: Option<String>,
    /// The number of this chat or presence server among the others of its role, from 1
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        required_if_eq_any([("role", "chat"), ("role", "presence")])
    )]
    server: Option<u32>,
    /// The region of this chat server: discovery sends devices to a server of their own
    #[arg(long, value_name = "NAME", default_value = "")]
    region: String,
    /// Sessions that this chat server takes; the design's session_limit bounds it too
    #[arg(long, value_name = "N")]
    capacity: Option<u32>,
    /// Where clients reach this chat server, when that is not where it listens, and other addresses
    /// that a login may name after it; may be repeated. For a presence server: where chat servers
    /// reach it
    #[arg(long = "advertise", value_name = "HOST:PORT")]
    advertised: Vec<String>,
    /// Where this chat server listens for the other servers; by default a free port of the host on
    /// which it listens for clients
    #[arg(long, value_name = "HOST:PORT")]
    listen_peers: Option<String>,
    /// Where the other servers reach this chat server, when that is not where it listens for them
    #[arg(long, value_name = "HOST:PORT")]
    advertise_peers: Option<String>,
    /// Another chat server and where it listens for peers, for a deployment without a registry; may be
    /// repeated. Presence and discovery need the registry
    #[arg(long = "peer", value_name = "N=HOST:PORT", value_parser = parse_peer)]
    peers: Vec<(ServerId, String)>,
    /// Push what no device has received with a POST to this URL, for the roles all and notify
    #[arg(long, value_name = "URL", required_if_eq("role", "notify"))]
    webhook: Option<String>,
    /// Where GET /v1/health says what a presence server or a notifier has done; the other roles say
    /// it where they listen
    #[arg(long, value_name = "HOST:PORT")]
    health: Option<String>,
    /// Take the design from this scenario file
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Take the design of this variant of the scenario
    #[arg(long, value_name = "NAME", default_value = BASE, requires = "scenario")]
    variant: String,
    #[command(flatten)]
    overrides: Overrides,
    /// Allow users to be provisioned in bulk, without passwords; for load tests
    #[arg(long)]
    provision: bool,
    /// Stop when the standard input ends, as it does when the starting process dies
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Everything in one process
    All,
    /// HTTP and discovery, without sessions
    Api,
    /// A chat server: sessions of devices, and HTTP
    Chat,
    /// Who is online
    Presence,
    /// Pushes what no device has received
    Notify,
    /// The history store, the directory, routing and the registry, for the other roles
    Store,
}

impl Role {
    fn has_data(self) -> bool {
        matches!(self, Self::All | Self::Store)
    }
}

impl Serve {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let design = self.design()?;
        refuse_simulated(&design)?;
        raise_file_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
        runtime.block_on(self.serve(design))
    }

    fn design(&self) -> Result<Design, Failure> {
        match &self.scenario {
            Some(path) => {
                let document = read(path, &self.overrides)?;
                Ok(variant(&document, &self.variant)?.design.clone())
            }
            None if self.overrides.set.is_empty() => Ok(Design::default()),
            None => Err(Failure::new("--set needs --scenario: it changes a value of that file")),
        }
    }

    async fn serve(self, design: Design) -> Result<Exit, Failure> {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        // Before the data folder is made: an address that is taken, or a URL that is none, shall leave
        // nothing behind.
        if self.role != Role::Notify {
            drop(net.listen(&self.listen).await.map_err(|error| {
                Failure::new(format!("cannot listen on {}: {error}", self.listen))
            })?);
        }
        let gateway = self.gateway(&net)?;
        let local = match self.role.has_data() {
            true => Some(self.open(&net, &design)?),
            false => None,
        };
        let shutdown = self.shutdown();
        let config = self.config(&net, &design, local.clone(), gateway);
        // The first line of the output: programs that start this one read the address here.
        let say = |text: String| {
            let _ = print(text);
        };
        if let (Role::Notify, Some(url)) = (self.role, &self.webhook) {
            say(format!("pushing to {url}\n"));
        }
        let ready = Arc::new(move |address: &str| say(format!("listening on {address}\n")));
        let served = hubbub_service::run(net, config, shutdown, ready).await;
        if let Some(local) = local {
            local.close().await;
        }
        served.map_err(Failure::new)?;
        tell("stopped");
        Ok(Exit::Met)
    }

    fn open(&self, net: &Arc<dyn Net>, design: &Design) -> Result<Arc<LocalBackend>, Failure> {
        let (rules, config) = (StoreRules::from(design), FjallConfig::default());
        let holders = match self.role {
            Role::All => Holders::Here,
            _ => Holders::Elsewhere,
        };
        let registry = RegistryConfig { holders, ttl_max: design.lease_ttl };
        let opened = LocalBackend::open(net.clone(), &self.data, rules, config, registry);
        Ok(Arc::new(opened.map_err(Failure::new)?))
    }

    fn shutdown(&self) -> watch::Receiver<bool> {
        let words =
            "stopping; sessions are handed over or told (press Ctrl-C again to end at once)";
        let mut interrupted = Interrupt::listen_and_say(words).watch();
        let (sender, shutdown) = watch::channel(false);
        let until_stdin_ends = self.until_stdin_ends;
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupted.wait_for(|stop| *stop) => {}
                () = stdin_ended(), if until_stdin_ends => {}
            }
            // The server may have stopped by itself.
            let _ = sender.send(true);
            sender.closed().await;
        });
        shutdown
    }
}

/// The store on disk keeps each message once and under its channel. The layouts that show what
/// happens otherwise are the model's.
fn refuse_simulated(design: &Design) -> Result<(), Failure> {
    use hubbub_chat::design::{DirectKey, DirectQuery, Fanout, WriteOrder};
    let simulated = [
        (
            design.direct_query != DirectQuery::default(),
            "direct_query",
            design.direct_query.to_string(),
        ),
        (design.direct_key != DirectKey::default(), "direct_key", design.direct_key.to_string()),
        (
            design.write_order != WriteOrder::default(),
            "write_order",
            design.write_order.to_string(),
        ),
        (design.fanout == Fanout::SharedQueue, "fanout", design.fanout.to_string()),
    ];
    match simulated.into_iter().find(|(is_simulated, ..)| *is_simulated) {
        Some((_, knob, value)) => Err(Failure::new(format!(
            "design.{knob} = \"{value}\" is for simulation only, the store on disk has no such layout: \
             leave it out here, or use `hubbub sim`"
        ))),
        None => Ok(()),
    }
}

/// Lets this process have as many connections as the system allows it. Where that is refused, the
/// limit stays as it is and connections beyond it wait.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_err() {
        tell("cannot raise the limit of open files; it bounds the connections");
    }
}

async fn stdin_ended() {
    let mut byte = [0];
    while matches!(tokio::io::stdin().read(&mut byte).await, Ok(1..)) {}
}

fn parse_peer(text: &str) -> Result<(ServerId, String), String> {
    let parts = text
        .split_once('=')
        .and_then(|(server, address)| Some((ServerId(server.parse().ok()?), address.to_owned())));
    parts.ok_or_else(|| {
        format!("`{text}` is no peer: write its number and address, as 2=127.0.0.1:7712")
    })
}

#[cfg(test)]
mod tests {
    use hubbub_chat::design::{DirectKey, Fanout};

    use super::*;

    #[test]
    fn what_only_the_model_can_store_is_refused() {
        assert!(refuse_simulated(&Design::default()).is_ok());
        let log = Design { fanout: Fanout::ChannelLog, ..Design::default() };
        assert!(refuse_simulated(&log).is_ok());
        for design in [
            Design { fanout: Fanout::SharedQueue, ..Design::default() },
            Design { direct_key: DirectKey::Id, ..Design::default() },
        ] {
            assert!(refuse_simulated(&design).is_err());
        }
    }
}
