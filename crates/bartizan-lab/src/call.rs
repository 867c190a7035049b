//! One request to the lab, read, and the answers that handlers give.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    db::{DbError, Row, int, text},
    seed::Role,
};

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Row number of the user.
    pub id: i64,
    /// Tenant of the user.
    pub tenant: i64,
    /// Role of the user.
    pub role: Role,
    /// Login of the user.
    pub login: String,
}

impl Caller {
    /// The caller that a row of `users` is.
    pub(crate) fn of(row: &Row) -> Self {
        Self {
            id: int(row, "id"),
            tenant: int(row, "tenant"),
            role: Role::named(text(row, "role")),
            login: text(row, "login").to_owned(),
        }
    }

    /// Whether the caller may see a row: the owner may, and everybody who works for its tenant.
    #[must_use]
    pub(crate) fn may_see(&self, row: &Row) -> bool {
        let same_tenant = int(row, "tenant") == self.tenant;
        same_tenant && (self.role >= Role::Clerk || int(row, "owner") == self.id)
    }
}

/// A request whose body was read.
#[derive(Debug)]
pub(crate) struct Call {
    /// Method as sent.
    pub method: Method,
    /// Path as sent.
    pub path: String,
    /// What the route's `{name}` parts stand for, in order of the path.
    pub parts: Vec<(String, String)>,
    /// Query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Header fields.
    pub headers: HeaderMap,
    /// Body, at most [`crate::server::MAX_BODY`] bytes.
    pub body: Bytes,
    /// Who calls, when the request says so credibly.
    pub caller: Option<Caller>,
}

/// What a handler answers.
pub(crate) type Answer = Result<Response<Body>, Problem>;

impl Call {
    /// The caller, or 401.
    ///
    /// # Errors
    /// 401 for an anonymous request.
    pub(crate) fn user(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(Problem::anonymous)
    }

    /// The caller when of that role or above.
    ///
    /// # Errors
    /// 401 for an anonymous request, 403 for too low a role.
    pub(crate) fn need(&self, role: Role) -> Result<&Caller, Problem> {
        let caller = self.user()?;
        if caller.role < role { Err(Problem::forbidden()) } else { Ok(caller) }
    }

    /// A part of the path; empty when the route has no such part.
    #[must_use]
    pub(crate) fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// A part of the path that has to be a whole number.
    ///
    /// # Errors
    /// 404 when it is none.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Problem> {
        self.part(name).parse().map_err(|_| Problem::missing())
    }

    /// A query parameter; empty when it is not there.
    #[must_use]
    pub(crate) fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// A header field; empty when it is not there or no text.
    #[must_use]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(crate) fn json(&self) -> Result<Map<String, Value>, Problem> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Problem::bad("the body has to be a JSON object")),
            Err(error) => Err(Problem::bad("the body is not JSON").because(error.to_string())),
        }
    }

    /// The body as text.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// An answer that says what is wrong (RFC 9457).
#[derive(Debug)]
pub(crate) struct Problem {
    /// Status code.
    pub status: StatusCode,
    /// For the caller.
    pub detail: String,
    /// What only the operator should see.
    pub internals: String,
}

impl Problem {
    /// A problem.
    #[must_use]
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), internals: String::new() }
    }

    /// 400.
    #[must_use]
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401.
    #[must_use]
    pub(crate) fn anonymous() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication is needed")
    }

    /// 403.
    #[must_use]
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not allowed")
    }

    /// 404: also for what exists and belongs to somebody else.
    #[must_use]
    pub(crate) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found")
    }

    /// 409.
    #[must_use]
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 429.
    #[must_use]
    pub(crate) fn slow_down() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests")
    }

    /// Adds what only the operator should see.
    #[must_use]
    pub(crate) fn because(mut self, internals: impl Into<String>) -> Self {
        self.internals = internals.into();
        self
    }

    /// The answer, with internals only where a flaw shows them.
    #[must_use]
    pub(crate) fn answer(self, with_internals: bool) -> Response<Body> {
        let mut body = json!({
            "type": "about:blank", "status": self.status.as_u16(), "title": self.status.canonical_reason(),
            "detail": self.detail,
        });
        if with_internals && !self.internals.is_empty() {
            body["trace"] = json!(format!(
                "{}\n  at quayside::db::run (src/db.rs:88)\n  at quayside::server::serve (src/server.rs:41)",
                self.internals
            ));
        }
        let mut answer = content(self.status, "application/problem+json", body.to_string());
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
        }
        answer
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong")
            .because(format!("{} in `{}`", error.message, error.sql))
    }
}

/// An answer of any kind of content.
pub(crate) fn content(status: StatusCode, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    answer
}

/// 200 with JSON.
///
/// # Errors
/// Never; it has the shape of a handler's answer.
pub(crate) fn ok(value: impl Into<Value>) -> Answer {
    Ok(content(StatusCode::OK, "application/json", value.into().to_string()))
}

/// 201 with JSON.
///
/// # Errors
/// Never; it has the shape of a handler's answer.
pub(crate) fn created(value: impl Into<Value>) -> Answer {
    Ok(content(StatusCode::CREATED, "application/json", value.into().to_string()))
}

/// 204.
///
/// # Errors
/// Never; it has the shape of a handler's answer.
pub(crate) fn nothing() -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}
