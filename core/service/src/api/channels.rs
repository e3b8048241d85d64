//! Groups and their members over HTTP, and which channels are muted. A session can make the same
//! changes with a `change` frame.

use axum::{Json, extract::State, http::StatusCode};
use hubbub_chat::{
    ChannelId, DeviceId, OperationId, UserId,
    frame::{Change, ChangeFrame, ChangeOutcome, ChangeRefusal},
    ports::{
        Outcome,
        store::{StoreAnswer, StoreRequest},
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, ApiError, SharedApi,
    extract::{Body, Caller, Named},
};
use crate::backend::ask_store;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The creator's own number for the group: asking twice makes one group.
    number: u64,
    members: Vec<UserId>,
    /// The device's number for this change. A device's first one is 0 unless it says otherwise, so
    /// that a repeat is recognised and its own changes count from 1 as in any other channel.
    #[serde(default)]
    operation: OperationId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeBody {
    operation: OperationId,
    change: Change,
}

pub(super) async fn create(
    State(api): SharedApi,
    Caller { user, device }: Caller,
    Body(Create { number, members, operation }): Body<Create>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = ChannelId::group(user, number);
    let frame = ChangeFrame { channel, operation, change: Change::Create(members) };
    let answer = make_change(&api, user, device, frame, "members").await?;
    Ok((StatusCode::CREATED, answer))
}

pub(super) async fn change(
    State(api): SharedApi,
    Caller { user, device }: Caller,
    Named(channel): Named<ChannelId>,
    Body(ChangeBody { operation, change }): Body<ChangeBody>,
) -> Result<Json<Value>, ApiError> {
    let frame = ChangeFrame { channel, operation, change };
    make_change(&api, user, device, frame, "change").await
}

pub(super) async fn mute(
    State(api): SharedApi,
    caller: Caller,
    Named(channel): Named<ChannelId>,
) -> Result<StatusCode, ApiError> {
    write_mute(&api, caller.user, channel, true).await
}

pub(super) async fn unmute(
    State(api): SharedApi,
    caller: Caller,
    Named(channel): Named<ChannelId>,
) -> Result<StatusCode, ApiError> {
    write_mute(&api, caller.user, channel, false).await
}

async fn write_mute(
    api: &Api,
    user: UserId,
    channel: ChannelId,
    muted: bool,
) -> Result<StatusCode, ApiError> {
    // Only what is in one of the user's channels can be pushed to them, and there are only so many
    // of those.
    let heads = StoreRequest::Heads { users: vec![user], devices: Vec::new() };
    let Outcome::Ok(StoreAnswer::Heads { heads, .. }) = ask_store(&*api.backend, heads).await
    else {
        return Err(ApiError::unavailable());
    };
    let mut channels = heads.iter().flat_map(|(_, channels)| channels);
    if !channels.any(|(known, _)| *known == channel) {
        return Err(ApiError::not_member());
    }
    let request = StoreRequest::Mute { user, channel, muted };
    match ask_store(&*api.backend, request).await {
        Outcome::Ok(StoreAnswer::Done) => Ok(StatusCode::NO_CONTENT),
        _ => Err(ApiError::unavailable()),
    }
}

/// `field` is where the body says what to change.
async fn make_change(
    api: &Api,
    user: UserId,
    device: DeviceId,
    frame: ChangeFrame,
    field: &str,
) -> Result<Json<Value>, ApiError> {
    let channel = frame.channel;
    match api.chat.change(user, device, frame).await {
        Some(ChangeOutcome::Accepted(message_id)) => {
            Ok(Json(json!({ "channel": channel, "message_id": message_id })))
        }
        Some(ChangeOutcome::Refused(reason)) => Err(refused(reason, field)),
        None => Err(ApiError::unavailable()),
    }
}

fn refused(reason: ChangeRefusal, field: &str) -> ApiError {
    match reason {
        ChangeRefusal::NotMember => ApiError::not_member(),
        ChangeRefusal::NotOwner => {
            let detail = "only the owner of the group may do this";
            ApiError::new(StatusCode::FORBIDDEN, "not_owner", detail)
        }
        ChangeRefusal::GroupLimit { limit } => {
            ApiError::conflict("group_limit", format!("a group has at most {limit} members"))
        }
        ChangeRefusal::TooOld => {
            ApiError::conflict("too_old", "a later operation of this device was made")
        }
        ChangeRefusal::Exists => {
            ApiError::conflict("exists", "you have a group of this number already")
        }
        ChangeRefusal::Invalid => {
            ApiError::field(field, "it names an unknown user or makes no sense here")
        }
        ChangeRefusal::Busy | ChangeRefusal::Unavailable => ApiError::unavailable(),
        ChangeRefusal::UnknownDevice => ApiError::unauthorised("log in again"),
    }
}
