//! Sign-up, login and logout.

use axum::{Json, extract::State, http::StatusCode};
use hubbub_chat::{
    DeviceId,
    ports::{
        Outcome,
        directory::{DirectoryAnswer, DirectoryRequest, NAME_BYTES_MAX},
        store::{StoreAnswer, StoreRequest},
    },
    server::Input,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Api, ApiError, SharedApi,
    extract::{Body, Caller, Named},
    servers::servers_of_login,
};
use crate::{
    backend::{ask_directory, ask_store},
    password::{NO_PASSWORD, new_token, token_hash},
};

/// Bytes of a password at most: hashing more would be work for nothing.
const PASSWORD_BYTES_MAX: usize = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    name: String,
    password: String,
}

pub(super) async fn sign_up(
    State(api): SharedApi,
    Body(Account { name, password }): Body<Account>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    check(&name, &password)?;
    let password_hash = api.passwords.hash(&*api.net, password).await?;
    let request = DirectoryRequest::SignUp { name, password_hash };
    let user = match ask_directory(&*api.backend, request).await {
        Outcome::Ok(DirectoryAnswer::SignedUp(user)) => user,
        Outcome::Ok(DirectoryAnswer::NameTaken) => {
            let detail = "somebody has this name: choose another";
            return Err(ApiError::conflict("name_taken", detail));
        }
        _ => return Err(ApiError::unavailable()),
    };
    // A sign-up that ends here is made good by the first login.
    register(&api, StoreRequest::Register { user, device: None }).await?;
    Ok((StatusCode::CREATED, Json(json!({ "user": user }))))
}

pub(super) async fn log_in(
    State(api): SharedApi,
    Body(Account { name, password }): Body<Account>,
) -> Result<Json<Value>, ApiError> {
    check(&name, &password)?;
    // An unknown name takes as long as a wrong password.
    let (user, kept) =
        match ask_directory(&*api.backend, DirectoryRequest::Credentials { name }).await {
            Outcome::Ok(DirectoryAnswer::Credentials { user, password_hash }) => {
                (Some(user), password_hash)
            }
            Outcome::Ok(_) => (None, NO_PASSWORD.to_owned()),
            _ => return Err(ApiError::unavailable()),
        };
    let is_right = api.passwords.verify(password, kept).await?;
    let Some(user) = user.filter(|_| is_right) else {
        return Err(ApiError::unauthorised("the name or the password is wrong"));
    };
    let token = new_token(&*api.net);
    let request = DirectoryRequest::Login { user, token: token_hash(&token) };
    let Outcome::Ok(DirectoryAnswer::LoggedIn(device)) =
        ask_directory(&*api.backend, request).await
    else {
        return Err(ApiError::unavailable());
    };
    register(&api, StoreRequest::Register { user, device: Some(device) }).await?;
    let servers = servers_of_login(&api, device).await;
    Ok(Json(json!({ "user": user, "device": device, "token": token, "servers": servers })))
}

pub(super) async fn log_out(
    State(api): SharedApi,
    Caller { device, .. }: Caller,
) -> Result<StatusCode, ApiError> {
    end_login(&api, device).await
}

/// The store forgets the device first: when the second step fails, the token opens sessions that
/// the store refuses, and logging out again completes it.
pub(super) async fn end_login(api: &Api, device: DeviceId) -> Result<StatusCode, ApiError> {
    register(api, StoreRequest::Forget { device }).await?;
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
    _: Caller,
    Named(name): Named<String>,
) -> Result<Json<Value>, ApiError> {
    let nobody = || ApiError::not_found("nobody has this name");
    if name.len() > NAME_BYTES_MAX {
        return Err(nobody());
    }
    match ask_directory(&*api.backend, DirectoryRequest::Credentials { name }).await {
        Outcome::Ok(DirectoryAnswer::Credentials { user, .. }) => Ok(Json(json!({ "user": user }))),
        Outcome::Ok(_) => Err(nobody()),
        _ => Err(ApiError::unavailable()),
    }
}

fn check(name: &str, password: &str) -> Result<(), ApiError> {
    for (field, text, bytes_max) in
        [("name", name, NAME_BYTES_MAX), ("password", password, PASSWORD_BYTES_MAX)]
    {
        if text.is_empty() || text.len() > bytes_max {
            return Err(ApiError::field(field, &format!("expected 1 to {bytes_max} bytes")));
        }
    }
    Ok(())
}

async fn register(api: &Api, request: StoreRequest) -> Result<(), ApiError> {
    match ask_store(&*api.backend, request).await {
        Outcome::Ok(StoreAnswer::Done) => Ok(()),
        _ => Err(ApiError::unavailable()),
    }
}
