//! What a user shows of themselves, and what their programs keep for them.

use axum::{Json, extract::State, http::StatusCode};
use hubbub_chat::ports::{
    Outcome,
    directory::{
        ABOUT_BYTES_MAX, DISPLAY_NAME_BYTES_MAX, DirectoryAnswer, DirectoryRequest, Profile,
        SETTINGS_BYTES_MAX,
    },
};
use serde_json::{Map, Value};

use super::{
    Api, ApiError, SharedApi,
    extract::{Body, Caller},
};
use crate::backend::ask_directory;

pub(super) async fn profile(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
) -> Result<Json<Profile>, ApiError> {
    match ask_directory(&*api.backend, DirectoryRequest::Profile { user }).await {
        Outcome::Ok(DirectoryAnswer::Profile(profile)) => Ok(Json(profile)),
        _ => Err(ApiError::unavailable()),
    }
}

pub(super) async fn write_profile(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
    Body(profile): Body<Profile>,
) -> Result<StatusCode, ApiError> {
    let Profile { display_name, about } = &profile;
    for (field, text, bytes_max) in
        [("display_name", display_name, DISPLAY_NAME_BYTES_MAX), ("about", about, ABOUT_BYTES_MAX)]
    {
        if text.len() > bytes_max {
            return Err(ApiError::field(field, &format!("expected at most {bytes_max} bytes")));
        }
    }
    write(&api, DirectoryRequest::WriteProfile { user, profile }).await
}

pub(super) async fn settings(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
) -> Result<Json<Map<String, Value>>, ApiError> {
    match ask_directory(&*api.backend, DirectoryRequest::Settings { user }).await {
        Outcome::Ok(DirectoryAnswer::Settings(settings)) => {
            serde_json::from_str(&settings).map(Json).map_err(|_| ApiError::unavailable())
        }
        _ => Err(ApiError::unavailable()),
    }
}

pub(super) async fn write_settings(
    State(api): SharedApi,
    Caller { user, .. }: Caller,
    Body(settings): Body<Map<String, Value>>,
) -> Result<StatusCode, ApiError> {
    let settings = Value::Object(settings).to_string();
    if settings.len() > SETTINGS_BYTES_MAX {
        return Err(ApiError::too_large("the settings are", SETTINGS_BYTES_MAX));
    }
    write(&api, DirectoryRequest::WriteSettings { user, settings }).await
}

async fn write(api: &Api, request: DirectoryRequest) -> Result<StatusCode, ApiError> {
    match ask_directory(&*api.backend, request).await {
        Outcome::Ok(DirectoryAnswer::Written) => Ok(StatusCode::NO_CONTENT),
        _ => Err(ApiError::unavailable()),
    }
}
