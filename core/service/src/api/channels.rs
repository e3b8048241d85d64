//! Groups and their members over HTTP. A session can do the same with a `change` frame.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode},
};
use hubbub_chat::{
    ChannelId, DeviceId, OperationId, UserId,
    frame::{Change, ChangeFrame, ChangeOutcome, ChangeRefusal},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, ApiError, SharedApi, authenticate};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The creator's own number for the group: asking twice makes one group.
    number: u64,
    members: Vec<UserId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeBody {
    operation: OperationId,
    change: Change,
}

pub(super) async fn create(
    State(api): SharedApi,
    headers: HeaderMap,
    body: Result<Json<Create>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (user, device) = authenticate(&api, &headers).await?;
    let Json(Create { number, members }) = body?;
    let channel = ChannelId::group(user, number);
    // A repeat is recognised, and the device's own changes count from 1 as in any other channel.
    let frame = ChangeFrame { channel, operation: OperationId(0), change: Change::Create(members) };
    let answer = make_change(&api, user, device, frame).await?;
    Ok((StatusCode::CREATED, answer))
}

pub(super) async fn change(
    State(api): SharedApi,
    headers: HeaderMap,
    channel: Result<Path<String>, PathRejection>,
    body: Result<Json<ChangeBody>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    let (user, device) = authenticate(&api, &headers).await?;
    let Json(ChangeBody { operation, change }) = body?;
    let Path(channel) = channel?;
    let channel = channel.parse().map_err(|error: hubbub_chat::ids::ChannelIdError| {
        ApiError::bad_request(error.to_string())
    })?;
    make_change(&api, user, device, ChangeFrame { channel, operation, change }).await
}

async fn make_change(
    api: &Api,
    user: UserId,
    device: DeviceId,
    frame: ChangeFrame,
) -> Result<Json<Value>, ApiError> {
    let channel = frame.channel;
    match api.chat.change(user, device, frame).await {
        Some(ChangeOutcome::Accepted(message_id)) => {
            Ok(Json(json!({ "channel": channel, "message_id": message_id })))
        }
        Some(ChangeOutcome::Refused(reason)) => Err(refused(reason)),
        None => Err(ApiError::unavailable()),
    }
}

fn refused(reason: ChangeRefusal) -> ApiError {
    let conflict = |code, detail: &str| ApiError::new(StatusCode::CONFLICT, code, detail);
    match reason {
        ChangeRefusal::NotMember => {
            let detail = "there is no such channel for you";
            ApiError::new(StatusCode::NOT_FOUND, "not_member", detail)
        }
        ChangeRefusal::NotOwner => {
            let detail = "only the owner of the group may do this";
            ApiError::new(StatusCode::FORBIDDEN, "not_owner", detail)
        }
        ChangeRefusal::GroupLimit { limit } => {
            conflict("group_limit", &format!("a group has at most {limit} members"))
        }
        ChangeRefusal::TooOld => conflict("too_old", "a later operation of this device was made"),
        ChangeRefusal::Exists => conflict("exists", "you have a group of this number already"),
        ChangeRefusal::Invalid => {
            ApiError::bad_request("change: it names an unknown user or makes no sense here")
        }
        ChangeRefusal::Busy | ChangeRefusal::Unavailable => ApiError::unavailable(),
        ChangeRefusal::UnknownDevice => ApiError::unauthorised("log in again"),
    }
}
