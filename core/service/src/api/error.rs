//! Errors as JSON: a stable code and a sentence for people.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{codec::Malformed, password::PasswordError};

/// An answer that is not the one asked for.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<String>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// A field of the body, or a part of the path, that is not as it should be.
    pub(super) fn field(field: impl Into<String>, reason: &str) -> Self {
        let field = field.into();
        Self { field: Some(field.clone()), ..Self::bad_request(format!("{field}: {reason}")) }
    }

    pub(super) fn unauthorised(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// The same for a foreign channel and for one that does not exist.
    pub(super) fn not_member() -> Self {
        let detail = "there is no such channel for you";
        Self::new(StatusCode::NOT_FOUND, "not_member", detail)
    }

    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        let detail = "this path takes another method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// What is named is longer than it may be.
    pub(super) fn too_large(what: &str, bytes_max: usize) -> Self {
        let detail = format!("{what} longer than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// Whether it is about something that could not be read.
    pub(super) fn is_malformed(&self) -> bool {
        self.status == StatusCode::BAD_REQUEST
    }

    pub(super) fn unavailable() -> Self {
        let detail = "the store does not answer: try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.code, "detail": self.detail });
        if let Some(field) = self.field {
            body["field"] = Value::String(field);
        }
        (self.status, Json(body)).into_response()
    }
}

impl From<Malformed> for ApiError {
    fn from(Malformed { field, reason }: Malformed) -> Self {
        Self::field(field, &reason)
    }
}

/// A password that was not hashed.
impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", error.to_string())
    }
}
