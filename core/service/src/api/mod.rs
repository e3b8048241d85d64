//! HTTP and WebSocket on one port: accounts, devices, friends, groups, health, and the upgrade to a
//! session.

mod accounts;
mod channels;
mod connection;
mod devices;
mod error;
mod extract;
mod friends;
mod health;
mod polls;
mod profiles;
mod provision;
mod servers;
mod serving;
mod upgrade;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    routing::{delete, get, post, put},
};
use hubbub_chat::{Design, design::Transport};
use tokio::sync::watch;

use crate::{
    backend::Backend,
    chat::{ChatHandle, HttpSessions},
    discovery::DiscoveryHandle,
    net::{Listener, Net},
    password::PasswordDesk,
    presence::PresenceHandle,
};
use error::ApiError;
use serving::serve_router;

pub(crate) use health::{presence_page, serve_health};

pub use provision::{ProvisionRequest, Provisioned, ProvisionedDevice};

/// Bytes of a request's body at most, but for `/v1/provision`.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of the body of `/v1/provision` at most.
const PROVISION_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the handlers work with.
pub struct Api {
    /// Network, clock and randomness.
    pub net: Arc<dyn Net>,
    /// The chat server of this process.
    pub chat: ChatHandle,
    /// Its sessions; `None` when it takes none.
    pub sessions: Option<Arc<HttpSessions>>,
    /// Where devices are sent, where there is a registry.
    pub discovery: Option<DiscoveryHandle>,
    /// The presence server of this process, if it has one.
    pub presence: Option<PresenceHandle>,
    /// The ports.
    pub backend: Arc<dyn Backend>,
    /// Where passwords are hashed.
    pub passwords: PasswordDesk,
    /// Addresses of the deployment's chat servers, this one first; those that a login names where
    /// there is no discovery, or it knows of no server.
    pub servers: Vec<String>,
    /// Whether users may be provisioned in bulk without a password.
    pub provision: bool,
    /// Bytes of a message at most; bounds the frames that are read.
    pub message_bytes_max: u32,
    /// Bounds of connections.
    pub limits: HttpLimits,
}

/// Bounds of the connections that are not sessions, so that whoever opens many and says nothing
/// does not keep others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at most; more are closed at once. A connection that became a session does not
    /// count.
    pub connections_max: usize,
    /// How long the head of a request may take from its first byte to its last, and that of the
    /// first request from the opening of the connection.
    pub head_within: Duration,
    /// How long the body of a request may take; one that takes longer is answered with 408.
    pub body_within: Duration,
    /// How long a connection is kept for the next request.
    pub idle_within: Duration,
}

impl HttpLimits {
    /// The bounds that a design needs. A connection that polls stays one for as long as its session,
    /// and so does the one beside it that sends.
    #[must_use]
    pub fn of(design: &Design) -> Self {
        let default = Self::default();
        let of_sessions = match design.transport {
            Transport::Websocket => 0,
            Transport::HttpSend => design.session_limit as usize,
            Transport::LongPolling | Transport::Polling => 2 * design.session_limit as usize,
        };
        Self {
            connections_max: default.connections_max + of_sessions,
            // One poll may be late by as much again.
            idle_within: default.idle_within.max(2 * design.poll_interval),
            ..default
        }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            head_within: Duration::from_secs(10),
            body_within: Duration::from_secs(30),
            idle_within: Duration::from_secs(60),
        }
    }
}

type SharedApi = State<Arc<Api>>;

/// Takes in connections until the shutdown, then waits until they have ended, but not for ever.
pub async fn serve_api(
    api: Arc<Api>,
    listener: Box<dyn Listener>,
    shutdown: watch::Receiver<bool>,
) {
    let (net, limits, chat) = (api.net.clone(), api.limits, api.chat.clone());
    let refused = || {
        chat.figures().connections_refused.fetch_add(1, Ordering::Relaxed);
    };
    serve_router(net, limits, router(api), listener, refused, shutdown).await;
}

fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/health", get(health::health))
        .route("/v1/users", post(accounts::sign_up))
        .route("/v1/users/{name}", get(accounts::find))
        .route("/v1/login", post(accounts::log_in))
        .route("/v1/logout", post(accounts::log_out))
        .route("/v1/devices", get(devices::list))
        .route("/v1/devices/{device}", delete(devices::log_out))
        .route(
            "/v1/devices/{device}/push",
            put(devices::set_push_token).delete(devices::drop_push_token),
        )
        .route("/v1/friends", get(friends::list))
        .route("/v1/friends/{user}", put(friends::befriend).delete(friends::unfriend))
        .route("/v1/profile", get(profiles::profile).put(profiles::write_profile))
        .route("/v1/settings", get(profiles::settings).put(profiles::write_settings))
        .route("/v1/channels", post(channels::create))
        .route("/v1/channels/{channel}/changes", post(channels::change))
        .route("/v1/channels/{channel}/mute", put(channels::mute).delete(channels::unmute))
        .route("/v1/provision", post(provision::provision))
        .route("/v1/servers", get(servers::assign))
        .route("/v1/session", get(upgrade::open_session))
        .route("/v1/poll", post(polls::poll))
        .route("/v1/frames", post(polls::frames))
        .fallback(|| async { ApiError::not_found("there is nothing at this path") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .with_state(api)
}
