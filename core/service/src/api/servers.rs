//! Which chat server a device goes to.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hubbub_chat::{DeviceId, discovery::Assignment};
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, SharedApi, extract::Caller};
use crate::discovery::Ask;

/// Bytes of a region's name at most.
const REGION_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    region: String,
    #[serde(default)]
    background: bool,
    #[serde(default)]
    attempt: u32,
}

pub(super) async fn assign(
    State(api): SharedApi,
    Caller { device, .. }: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(Asked { region, background, attempt }) =
        asked.map_err(|rejection| ApiError::field("query", &rejection.body_text()))?;
    if region.len() > REGION_BYTES_MAX {
        return Err(ApiError::field("region", &format!("at most {REGION_BYTES_MAX} bytes")));
    }
    let Some(discovery) = &api.discovery else { return as_configured(&api) };
    let ask = Ask { device, region, background, attempt };
    match discovery.assign(ask).await {
        Some(Assignment::Server { address, fallback, .. }) => {
            Ok(Json(json!({ "server": address, "fallback": fallback })).into_response())
        }
        Some(Assignment::Wait(wait)) => Ok(come_again(wait)),
        Some(Assignment::None) | None => Err(no_server()),
    }
}

/// The addresses for the answer to a login, the best first. None when the device is to ask again.
pub(super) async fn servers_of_login(api: &Api, device: DeviceId) -> Vec<String> {
    let Some(discovery) = &api.discovery else { return api.servers.clone() };
    let ask = Ask { device, region: String::new(), background: false, attempt: 0 };
    match discovery.assign(ask).await {
        Some(Assignment::Server { address, fallback, .. }) => {
            [Some(address), fallback].into_iter().flatten().collect()
        }
        Some(Assignment::Wait(_)) => Vec::new(),
        Some(Assignment::None) | None => api.servers.clone(),
    }
}

/// Without a registry there is nobody to choose among.
fn as_configured(api: &Api) -> Result<Response, ApiError> {
    let server = api.servers.first().ok_or_else(no_server)?;
    Ok(Json(json!({ "server": server, "fallback": api.servers.get(1) })).into_response())
}

fn come_again(wait: Duration) -> Response {
    let seconds = wait.as_millis().div_ceil(1000);
    let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let body = Json(json!({
        "error": "wait",
        "detail": "many devices come back at once: ask again after this time",
        "retry_after_ms": milliseconds,
    }));
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

fn no_server() -> ApiError {
    let detail = "no chat server is open and has room: try again later";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_server", detail)
}
