//! What the handlers take from a request: whose it is, what its path names, and its body.

use std::sync::Arc;

use axum::{
    RequestPartsExt,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hubbub_chat::{
    ChannelId, DeviceId, UserId,
    ports::{
        Outcome,
        directory::{DirectoryAnswer, DirectoryRequest},
    },
};
use serde::de::DeserializeOwned;

use super::{Api, ApiError, BODY_BYTES_MAX};
use crate::{backend::ask_directory, codec::decode_body, net::in_time, password::token_hash};

/// Whose token a request carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) user: UserId,
    pub(super) device: DeviceId,
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        authenticate(api, &parts.headers).await
    }
}

/// Whose token it is, as `Authorization: Bearer <token>`.
pub(super) async fn authenticate(api: &Api, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer ")).ok_or_else(|| {
        ApiError::unauthorised("send the token of a login as `Authorization: Bearer <token>`")
    })?;
    let request = DirectoryRequest::Authenticate { token: token_hash(token) };
    match ask_directory(&*api.backend, request).await {
        Outcome::Ok(DirectoryAnswer::Authenticated { user, device }) => Ok(Caller { user, device }),
        Outcome::Ok(_) => Err(ApiError::unauthorised("the token is unknown: log in again")),
        Outcome::Refused | Outcome::Unknown => Err(ApiError::unavailable()),
    }
}

/// The one thing that a path names.
#[derive(Debug, Clone)]
pub(super) struct Named<T>(pub(super) T);

/// What a path can name.
pub(super) trait FromPath: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// When the text is none.
    fn from_path(text: String) -> Result<Self, ApiError>;
}

impl<T: FromPath> FromRequestParts<Arc<Api>> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _api: &Arc<Api>) -> Result<Self, ApiError> {
        let text = parts.extract::<Path<String>>().await;
        let Path(text) =
            text.map_err(|rejection| ApiError::field("path", &rejection.body_text()))?;
        T::from_path(text).map(Self)
    }
}

impl FromPath for String {
    fn from_path(text: String) -> Result<Self, ApiError> {
        Ok(text)
    }
}

impl FromPath for ChannelId {
    fn from_path(text: String) -> Result<Self, ApiError> {
        let channel = text.parse::<Self>();
        channel.map_err(|error| ApiError::field("channel", &error.to_string()))
    }
}

impl FromPath for UserId {
    fn from_path(text: String) -> Result<Self, ApiError> {
        number("user", &text).map(Self)
    }
}

impl FromPath for DeviceId {
    fn from_path(text: String) -> Result<Self, ApiError> {
        number("device", &text).map(Self)
    }
}

fn number(field: &str, text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ApiError::field(field, "expected a whole number"))
}

/// A body of JSON with at most so many bytes, which comes in time.
pub(super) struct Body<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub(super) T);

impl<T: DeserializeOwned, const BYTES_MAX: usize> FromRequest<Arc<Api>> for Body<T, BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, ApiError> {
        read_body(api, request, BYTES_MAX).await.map(Self)
    }
}

/// Reads a body of JSON with at most so many bytes, which comes in time.
pub(super) async fn read_body<T: DeserializeOwned>(
    api: &Api,
    request: Request,
    bytes_max: usize,
) -> Result<T, ApiError> {
    if !is_json(request.headers()) {
        let detail = "send the body with `content-type: application/json`";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_request", detail));
    }
    let reading = Limited::new(request.into_body(), bytes_max).collect();
    let until = api.net.now().monotonic.after(api.limits.body_within);
    let Some(read) = in_time(&*api.net, until, reading).await else {
        let within = api.limits.body_within.as_secs_f64();
        let detail = format!("the body was not there within {within} s");
        return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail));
    };
    match read {
        Ok(body) => Ok(decode_body(&body.to_bytes())?),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ApiError::too_large("the body is", bytes_max))
        }
        Err(error) => Err(ApiError::field("body", &error.to_string())),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let header = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = header.and_then(|header| header.split(';').next()).unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
