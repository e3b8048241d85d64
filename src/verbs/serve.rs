//! `hubbub serve`: the chat core behind real WebSockets.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, ValueEnum};
use hubbub_chat::{Design, ServerId, ports::store::StoreRules, server::ServerConfig};
use hubbub_service::{
    ChatRole, Config, Ports, StoreRole,
    backend::{Backend, LocalBackend},
    net::{Net, RealNet},
    password::Passwords,
    store::FjallConfig,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{io::AsyncReadExt, sync::watch};

use crate::{
    exit::{Exit, Failure, print, tell},
    interrupt::Interrupt,
    scenario_file::{Overrides, read},
};

/// Serve the chat core over real WebSockets
///
/// HTTP and WebSocket share one port; docs/protocol.md describes both. Messages are on disk before
/// their senders are told. Ctrl-C tells every session, then stops. The ports of the store and
/// between chat servers have no authentication: keep them private.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub serve
  hubbub serve --listen 127.0.0.1:0 --data /tmp/chat --provision
  hubbub serve --role store --listen 127.0.0.1:7790
  hubbub serve --role chat --server 1 --store 127.0.0.1:7790 --listen 127.0.0.1:7701 \\
      --listen-peers 127.0.0.1:7711 --peer 2=127.0.0.1:7712")]
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
    /// The store's process, for the role chat
    #[arg(long, value_name = "HOST:PORT", required_if_eq("role", "chat"))]
    store: Option<String>,
    /// The number of this chat server among the others; each needs its own
    #[arg(long, value_name = "N", required_if_eq("role", "chat"))]
    server: Option<u32>,
    /// An address that a login names for clients to connect to, this server's first; may be
    /// repeated. By default the address it listens on
    #[arg(long = "advertise", value_name = "HOST:PORT")]
    advertised: Vec<String>,
    /// Where the other chat servers reach this one
    #[arg(long, value_name = "HOST:PORT")]
    listen_peers: Option<String>,
    /// Another chat server and where it listens for peers; may be repeated
    #[arg(long = "peer", value_name = "N=HOST:PORT", value_parser = parse_peer)]
    peers: Vec<(ServerId, String)>,
    /// Take the design from this scenario file
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
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
    /// The history store and the directory, for chat servers in other processes
    Store,
    /// A chat server whose store is another process
    Chat,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let design = self.design()?;
        raise_file_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
        runtime.block_on(self.serve(design))
    }

    fn design(&self) -> Result<Design, Failure> {
        match &self.scenario {
            Some(path) => Ok(read(path, &self.overrides)?.scenario().design.clone()),
            None if self.overrides.set.is_empty() => Ok(Design::default()),
            None => Err(Failure::new("--set needs --scenario: it changes a value of that file")),
        }
    }

    async fn serve(self, design: Design) -> Result<Exit, Failure> {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        // Before the data folder is made: an address that is taken shall leave nothing behind.
        drop(
            net.listen(&self.listen).await.map_err(|error| {
                Failure::new(format!("cannot listen on {}: {error}", self.listen))
            })?,
        );
        let local = if self.role == Role::Chat { None } else { Some(self.open(&net, &design)?) };
        let shutdown = self.shutdown();
        let config = self.config(&net, design, local.clone());
        let ready = |address: &str| {
            // The first line of the output: programs that start this one read the address here.
            let _ = print(format!("listening on {address}\n"));
        };
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
        let opened = LocalBackend::open(net.clone(), &self.data, rules, config);
        Ok(Arc::new(opened.map_err(Failure::new)?))
    }

    fn config(
        &self,
        net: &Arc<dyn Net>,
        design: Design,
        local: Option<Arc<LocalBackend>>,
    ) -> Config {
        let backend = local.map(|local| local as Arc<dyn Backend>);
        if let (Role::Store, Some(backend)) = (self.role, &backend) {
            return Config::Store(StoreRole {
                listen: self.listen.clone(),
                backend: backend.clone(),
            });
        }
        let store = self.store.clone().unwrap_or_default();
        Config::Chat(ChatRole {
            listen: self.listen.clone(),
            listen_peers: self.listen_peers.clone(),
            server: ServerConfig {
                server: ServerId(self.server.unwrap_or(1)),
                epoch: epoch(),
                has_peers: !self.peers.is_empty(),
                design,
                seed: net.random(),
            },
            peers: self.peers.iter().cloned().collect::<BTreeMap<_, _>>(),
            servers: self.advertised.clone(),
            ports: backend.map_or(Ports::Remote(store), Ports::Local),
            passwords: Passwords::default(),
            provision: self.provision,
        })
    }

    fn shutdown(&self) -> watch::Receiver<bool> {
        let words = "stopping; sessions are told (press Ctrl-C again to end at once)";
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

/// Lets this process have as many connections as the system allows it. Where that is refused, the
/// limit stays as it is and connections beyond it wait.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_err() {
        tell("cannot raise the limit of open files; it bounds the connections");
    }
}

/// Larger after every restart, as long as the clock does not go back by more than a restart takes.
fn epoch() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
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
