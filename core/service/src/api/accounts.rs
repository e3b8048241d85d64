//! Sign-up, login and logout.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode},
};
use hubbub_chat::ports::{
    Outcome,
    directory::{DirectoryAnswer, DirectoryRequest, NAME_BYTES_MAX},
    store::{StoreAnswer, StoreRequest},
};
use hubbub_chat::server::Input;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, SharedApi, authenticate};
use crate::{
    backend::{ask_directory, ask_store},
    password::{new_token, token_hash},
};

/// Bytes of a password at most: hashing more would be work for nothing.
const PASSWORD_BYTES_MAX: usize = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    name: String,
    password: String,
}

type Body = Result<Json<Account>, JsonRejection>;

pub(super) async fn sign_up(
    State(api): SharedApi,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let Json(Account { name, password }) = body?;
    check(&name, &password)?;
    let hashed = api.passwords.hash(&*api.net, password).await;
    let password_hash = hashed.map_err(|error| ApiError::password(&error))?;
    let request = DirectoryRequest::SignUp { name, password_hash };
    let user = match ask_directory(&*api.backend, request).await {
        Outcome::Ok(DirectoryAnswer::SignedUp(user)) => user,
        Outcome::Ok(DirectoryAnswer::NameTaken) => {
            let detail = "somebody has this name: choose another";
            return Err(ApiError::new(StatusCode::CONFLICT, "name_taken", detail));
        }
        _ => return Err(ApiError::unavailable()),
    };
    register(&api, StoreRequest::Register { user, device: None }).await?;
    Ok((StatusCode::CREATED, Json(json!({ "user": user }))))
}

pub(super) async fn log_in(State(api): SharedApi, body: Body) -> Result<Json<Value>, ApiError> {
    let Json(Account { name, password }) = body?;
    check(&name, &password)?;
    let wrong = || ApiError::unauthorised("the name or the password is wrong");
    let (user, kept) = match ask_directory(&*api.backend, DirectoryRequest::Credentials { name })
        .await
    {
        Outcome::Ok(DirectoryAnswer::Credentials { user, password_hash }) => (user, password_hash),
        Outcome::Ok(_) => return Err(wrong()),
        _ => return Err(ApiError::unavailable()),
    };
    let verified = api.passwords.verify(password, kept).await;
    if !verified.map_err(|error| ApiError::password(&error))? {
        return Err(wrong());
    }
    let token = new_token(&*api.net);
    let request = DirectoryRequest::Login { user, token: token_hash(&token) };
    let Outcome::Ok(DirectoryAnswer::LoggedIn(device)) =
        ask_directory(&*api.backend, request).await
    else {
        return Err(ApiError::unavailable());
    };
    register(&api, StoreRequest::Register { user, device: Some(device) }).await?;
    let servers = &api.servers;
    Ok(Json(json!({ "user": user, "device": device, "token": token, "servers": servers })))
}

/// The store forgets the device first: when the second step fails, the token opens sessions that
/// the store refuses, and logging out again completes it.
pub(super) async fn log_out(
    State(api): SharedApi,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let (_, device) = authenticate(&api, &headers).await?;
    register(&api, StoreRequest::Forget { device }).await?;
    match ask_directory(&*api.backend, DirectoryRequest::Logout { device }).await {
        Outcome::Ok(_) => {
            // Another chat server finds the device gone when it compares its sessions with the
            // store, and ends the session then.
            api.chat.input(Input::LoggedOut(device)).await;
            Ok(StatusCode::NO_CONTENT)
        }
        Outcome::Refused | Outcome::Unknown => Err(ApiError::unavailable()),
    }
}

pub(super) async fn find(
    State(api): SharedApi,
    headers: HeaderMap,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    authenticate(&api, &headers).await?;
    let Path(name) = name?;
    match ask_directory(&*api.backend, DirectoryRequest::Credentials { name }).await {
        Outcome::Ok(DirectoryAnswer::Credentials { user, .. }) => Ok(Json(json!({ "user": user }))),
        Outcome::Ok(_) => Err(ApiError::not_found("nobody has this name")),
        _ => Err(ApiError::unavailable()),
    }
}

fn check(name: &str, password: &str) -> Result<(), ApiError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        let detail = format!("name: expected 1 to {NAME_BYTES_MAX} bytes");
        return Err(ApiError::bad_request(detail));
    }
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        let detail = format!("password: expected 1 to {PASSWORD_BYTES_MAX} bytes");
        return Err(ApiError::bad_request(detail));
    }
    Ok(())
}

async fn register(api: &super::Api, request: StoreRequest) -> Result<(), ApiError> {
    match ask_store(&*api.backend, request).await {
        Outcome::Ok(StoreAnswer::Done) => Ok(()),
        _ => Err(ApiError::unavailable()),
    }
}
