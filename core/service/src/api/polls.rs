//! Sessions over HTTP: polls, and requests that send.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use hubbub_chat::transport::{CallRefusal, FramesBody, PollAnswer, PollBody, REQUEST_FRAMES_MAX};
use serde::de::DeserializeOwned;

use super::{
    Api, ApiError, SharedApi,
    extract::{Caller, read_body},
};
use crate::{
    chat::{HttpSessions, NotTaken},
    socket::body_bytes_max,
};

pub(super) async fn poll(
    State(api): SharedApi,
    Caller { user, device }: Caller,
    request: Request,
) -> Result<Json<Arc<PollAnswer>>, ApiError> {
    let sessions = sessions(&api)?;
    let body = read::<PollBody>(&api, sessions, request).await?;
    Ok(Json(sessions.poll(user, device, body).await.map_err(not_taken)?))
}

pub(super) async fn frames(
    State(api): SharedApi,
    Caller { device, .. }: Caller,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let sessions = sessions(&api)?;
    let body = read::<FramesBody>(&api, sessions, request).await?;
    sessions.frames(device, body).await.map_err(not_taken)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sessions of this process, if it has any.
pub(super) fn sessions(api: &Api) -> Result<&Arc<HttpSessions>, ApiError> {
    api.sessions.as_ref().ok_or_else(|| {
        ApiError::not_found("this server has no sessions: ask /v1/servers for one that has")
    })
}

async fn read<T: DeserializeOwned>(
    api: &Api,
    sessions: &HttpSessions,
    request: Request,
) -> Result<T, ApiError> {
    let read = read_body(api, request, body_bytes_max(api.message_bytes_max)).await;
    if read.as_ref().is_err_and(ApiError::is_malformed) {
        sessions.chat().figures().count_malformed();
    }
    read
}

fn not_taken(reason: NotTaken) -> ApiError {
    match reason {
        NotTaken::UnknownSession => {
            let detail = "this device has no such session here: open one with a poll";
            ApiError::new(StatusCode::NOT_FOUND, "unknown_session", detail)
        }
        NotTaken::Busy => {
            let detail = "too many requests of this session wait: try again later";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
        }
        NotTaken::Full => {
            let detail = "there are as many sessions here as there may be: ask for another server";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "full", detail)
        }
        NotTaken::Stopping => {
            let detail = "the server stops: ask for another";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail)
        }
        NotTaken::Refused(CallRefusal::Superseded) => {
            ApiError::conflict("superseded", "a later poll has taken the place of this one")
        }
        NotTaken::Refused(CallRefusal::OutOfOrder) => {
            let detail = "number or seen: it does not follow what came before";
            ApiError::new(StatusCode::BAD_REQUEST, "out_of_order", detail)
        }
        NotTaken::Refused(CallRefusal::TooManyFrames) => {
            let detail = format!("frames: a request has at most {REQUEST_FRAMES_MAX}");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_frames", detail)
        }
    }
}
