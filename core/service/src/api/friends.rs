//! Friends: asking, saying yes, and ending it.

use axum::{Json, extract::State, http::StatusCode};
use hubbub_chat::{
    UserId,
    ports::{
        Outcome,
        directory::{DirectoryAnswer, DirectoryRequest, FRIENDS_MAX},
    },
};
use serde_json::{Value, json};

use super::{
    ApiError, SharedApi,
    extract::{Caller, Named},
};
use crate::backend::ask_directory;

pub(super) async fn list(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
) -> Result<Json<Value>, ApiError> {
    match ask_directory(&*api.backend, DirectoryRequest::Friends { user }).await {
        Outcome::Ok(DirectoryAnswer::Friends { friends, asked_by, asked }) => {
            Ok(Json(json!({ "friends": friends, "asked_by": asked_by, "asked": asked })))
        }
        _ => Err(ApiError::unavailable()),
    }
}

pub(super) async fn befriend(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
    Named(other): Named<UserId>,
) -> Result<Json<Value>, ApiError> {
    let state = match ask_directory(&*api.backend, DirectoryRequest::Befriend { user, other }).await
    {
        Outcome::Ok(DirectoryAnswer::Asked) => "asked",
        Outcome::Ok(DirectoryAnswer::Befriended) => "friends",
        Outcome::Ok(DirectoryAnswer::TooManyFriends) => {
            let detail = format!("a user has at most {FRIENDS_MAX} friends and requests");
            return Err(ApiError::conflict("too_many_friends", detail));
        }
        Outcome::Ok(_) => return Err(ApiError::not_found("there is no such other user")),
        _ => return Err(ApiError::unavailable()),
    };
    Ok(Json(json!({ "state": state })))
}

pub(super) async fn unfriend(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
    Named(other): Named<UserId>,
) -> Result<StatusCode, ApiError> {
    match ask_directory(&*api.backend, DirectoryRequest::Unfriend { user, other }).await {
        Outcome::Ok(_) => Ok(StatusCode::NO_CONTENT),
        _ => Err(ApiError::unavailable()),
    }
}
