//! Errors as RFC 9457 problem details, without internals. What an operator has to look into has an
//! incident id, which the server's own output names too.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bartizan_store::StoreError;
use schemars::JsonSchema;
use serde::Serialize;

/// Why a request was not answered as wished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// The status code.
    pub(super) status: u16,
    /// What is wrong, for people.
    pub(super) title: String,
    /// What in particular; `null` when there is nothing to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
    /// Names the failure in the server's own output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) incident: Option<String>,
    /// Seconds after which it may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, title: &str) -> Self {
        Self {
            status: status.as_u16(),
            title: title.to_owned(),
            detail: None,
            incident: None,
            retry_after: None,
        }
    }

    pub(super) fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "log in, or send a token")
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "you may not do this").because(detail)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such thing")
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "this cannot be done").because(detail)
    }

    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping").after(5)
    }

    /// Something that should not happen. The cause goes to the server's own output only.
    pub(super) fn internal(cause: &dyn std::fmt::Display) -> Self {
        let mut bytes = [0; 6];
        // Without randomness the moment has to do.
        let id = match getrandom::fill(&mut bytes) {
            Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Err(_) => crate::serve::now().micros().to_string(),
        };
        anstream::eprintln!("error: administration API: {cause} (incident {id})");
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here");
        Self { incident: Some(id), ..problem }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { .. } => Self::not_found(),
            StoreError::InvalidChange { .. } => Self::invalid(error.to_string()),
            StoreError::InvalidCursor => {
                Self::invalid("this is not where the list can go on: begin again without `after`")
            }
            StoreError::Full { .. } | StoreError::ReadOnly { .. } | StoreError::Busy { .. } => {
                let internal = Self::internal(&error);
                Self { status: 503, ..internal }.after(10)
            }
            _ => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"bartizan\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
