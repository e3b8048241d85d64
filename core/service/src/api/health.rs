//! What a process has done since it started, for operators and probes.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use hubbub_chat::{discovery::DiscoveryCounts, presence::PresenceCounts};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{ApiError, HttpLimits, SharedApi, serving::serve_router};
use crate::{
    discovery::DiscoveryHandle,
    net::{Listener, Net},
    presence::{PresenceFigures, PresenceHandle},
};

/// Connections at most of a process that serves nothing else over HTTP.
const CONNECTIONS_MAX: usize = 100;

pub(super) async fn health(State(api): SharedApi) -> Json<Value> {
    let figures = api.chat.figures();
    let counts = figures.counts();
    Json(json!({
        "status": "ok",
        "sessions": figures.sessions(),
        "appends": counts.appends,
        "repeats": counts.repeats,
        "deliveries": counts.deliveries,
        "pages": counts.pages,
        "hints_sent": counts.hints_sent,
        "hints_received": counts.hints_received,
        "hints_lost": figures.hints_lost(),
        "answers_lost": figures.answers_lost(),
        "holes": counts.holes,
        "slow_consumers": counts.slow_consumers,
        "connections_refused": figures.connections_refused(),
        "promises_broken": counts.promises_broken,
        "late_published": counts.late_published,
        "late_forgotten": counts.late_forgotten,
        "turned_away": counts.turned_away,
        "handed_over": counts.handed_over,
        "beats_sent": counts.beats_sent,
        "statuses_sent": counts.statuses_sent,
        "watches": counts.watches,
        "presence_forgotten": counts.presence_forgotten,
        "without_id": counts.without_id,
        "frames_encoded": figures.encoder.encoded(),
        "frames_malformed": figures.malformed(),
        "discovery": api.discovery.as_ref().map(discovery_page),
        "presence": api.presence.as_ref().map(presence_page),
    }))
}

/// What discovery has done.
fn discovery_page(discovery: &DiscoveryHandle) -> Value {
    let DiscoveryCounts { asked, asked_again, assigned, put_off, without_server, per_server } =
        discovery.counts();
    json!({
        "asked": asked,
        "asked_again": asked_again,
        "assigned": assigned,
        "put_off": put_off,
        "without_server": without_server,
        "overflowed": discovery.overflowed(),
        "per_server": per_server,
    })
}

/// What a presence server has done, and what it holds now.
pub(crate) fn presence_page(presence: &PresenceHandle) -> Value {
    let PresenceFigures { has_place, users, watched, requests_overflowed, counts, .. } =
        presence.figures();
    let PresenceCounts {
        beats,
        changes,
        publications,
        statuses_answered,
        watches,
        lapsed,
        overflowed,
        refused,
    } = counts;
    json!({
        "status": "ok",
        "has_place": has_place,
        "users": users,
        "watched": watched,
        "beats": beats,
        "changes": changes,
        "publications": publications,
        "publications_lost": presence.publications_lost(),
        "statuses_answered": statuses_answered,
        "watches": watches,
        "lapsed": lapsed,
        "overflowed": overflowed,
        "refused": refused,
        "requests_overflowed": requests_overflowed,
    })
}

/// Serves the page of a process that serves nothing else over HTTP, until the shutdown.
pub(crate) async fn serve_health(
    net: Arc<dyn Net>,
    listener: Box<dyn Listener>,
    page: impl Fn() -> Value + Clone + Send + Sync + 'static,
    shutdown: watch::Receiver<bool>,
) {
    let router = Router::new()
        .route("/v1/health", get(async move || Json(page())))
        .fallback(|| async { ApiError::not_found("there is nothing at this path") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() });
    let limits = HttpLimits { connections_max: CONNECTIONS_MAX, ..HttpLimits::default() };
    // One that is too many is a probe that will come again.
    serve_router(net, limits, router, listener, || {}, shutdown).await;
}
