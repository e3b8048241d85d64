//! A user's devices: which they are, logging one out, and how to push to it.

use axum::{Json, extract::State, http::StatusCode};
use hubbub_chat::{
    DeviceId,
    ports::{
        Outcome,
        directory::{DirectoryAnswer, DirectoryRequest},
        store::{StoreAnswer, StoreRequest},
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, ApiError, SharedApi, accounts,
    extract::{Body, Caller, Named},
};
use crate::backend::{ask_directory, ask_store};

/// Bytes of a token at the push gateway at most. Those of the large gateways have a few hundred.
const PUSH_TOKEN_BYTES_MAX: usize = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PushToken {
    token: String,
}

pub(super) async fn list(
    State(api): SharedApi,
    Caller { user, device }: Caller,
) -> Result<Json<Value>, ApiError> {
    match ask_directory(&*api.backend, DirectoryRequest::Devices { user }).await {
        Outcome::Ok(DirectoryAnswer::Devices(devices)) => {
            Ok(Json(json!({ "device": device, "devices": devices })))
        }
        _ => Err(ApiError::unavailable()),
    }
}

pub(super) async fn log_out(
    State(api): SharedApi,
    caller: Caller,
    Named(device): Named<DeviceId>,
) -> Result<StatusCode, ApiError> {
    check_own(&api, caller, device).await?;
    accounts::end_login(&api, device).await
}

pub(super) async fn set_push_token(
    State(api): SharedApi,
    caller: Caller,
    Named(device): Named<DeviceId>,
    Body(PushToken { token }): Body<PushToken>,
) -> Result<StatusCode, ApiError> {
    if token.is_empty() || token.len() > PUSH_TOKEN_BYTES_MAX {
        let reason = format!("expected 1 to {PUSH_TOKEN_BYTES_MAX} bytes");
        return Err(ApiError::field("token", &reason));
    }
    write_push_token(&api, caller, device, Some(token)).await
}

pub(super) async fn drop_push_token(
    State(api): SharedApi,
    caller: Caller,
    Named(device): Named<DeviceId>,
) -> Result<StatusCode, ApiError> {
    write_push_token(&api, caller, device, None).await
}

async fn write_push_token(
    api: &Api,
    caller: Caller,
    device: DeviceId,
    token: Option<String>,
) -> Result<StatusCode, ApiError> {
    check_own(api, caller, device).await?;
    let request = StoreRequest::PushToken { user: caller.user, device, token };
    match ask_store(&*api.backend, request).await {
        Outcome::Ok(StoreAnswer::Done) => Ok(StatusCode::NO_CONTENT),
        _ => Err(ApiError::unavailable()),
    }
}

/// Somebody else's device and one that does not exist get the same answer.
async fn check_own(api: &Api, caller: Caller, device: DeviceId) -> Result<(), ApiError> {
    if device == caller.device {
        return Ok(());
    }
    let request = DirectoryRequest::Devices { user: caller.user };
    match ask_directory(&*api.backend, request).await {
        Outcome::Ok(DirectoryAnswer::Devices(devices)) if devices.contains(&device) => Ok(()),
        Outcome::Ok(_) => Err(ApiError::not_found("you have no such device")),
        _ => Err(ApiError::unavailable()),
    }
}
