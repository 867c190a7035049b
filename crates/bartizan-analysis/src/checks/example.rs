//! Builds the exchanges of examples.

use bartizan_model::{
    BodyState, Exchange, ExchangeId, HeaderState, Headers, Request, Response, Timestamp,
};

use super::{CheckExample, Expected};
use crate::governance::GovernanceRule;

/// An example whose outcome needs no specification.
pub(crate) const fn example(
    name: &'static str,
    expected: Expected,
    exchanges: fn() -> Vec<Exchange>,
) -> CheckExample {
    CheckExample { name, expected, documented: None, rules: None, exchanges }
}

/// An example for an operation about which a specification says `documented`.
pub(crate) const fn specified(
    name: &'static str,
    expected: Expected,
    documented: Option<bool>,
    exchanges: fn() -> Vec<Exchange>,
) -> CheckExample {
    CheckExample { name, expected, documented: Some(documented), rules: None, exchanges }
}

/// An example under rules of the operator.
pub(crate) const fn governed(
    name: &'static str,
    expected: Expected,
    rules: fn() -> Vec<GovernanceRule>,
    exchanges: fn() -> Vec<Exchange>,
) -> CheckExample {
    CheckExample { name, expected, documented: None, rules: Some(rules), exchanges }
}

/// An exchange under construction.
pub(crate) struct Builder(Exchange);

/// A request without a body, for example `get("https://api.example.com/v1/orders?page=2")`.
pub(crate) fn get(url: &str) -> Builder {
    send("GET", url)
}

/// A request with a JSON body.
pub(crate) fn post(url: &str, json: &str) -> Builder {
    let mut builder = send("POST", url).header("content-type", "application/json");
    builder.0.request.body = json.as_bytes().to_vec().into();
    builder
}

/// A request with any method.
pub(crate) fn send(method: &str, url: &str) -> Builder {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, target) = rest.split_at(at);
    Builder(Exchange {
        id: ExchangeId::from_text("1"),
        time: Some(Timestamp::from_seconds(1_795_341_600)),
        request: Request {
            method: method.to_owned(),
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            target: target.to_owned(),
            headers: Headers::from_iter([("host", authority)]),
            ..Request::default()
        },
        ..Exchange::default()
    })
}

impl Builder {
    /// Adds a request header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.0.request.headers.push(name, value);
        self
    }

    /// Adds a bearer token that is no JWT.
    pub(crate) fn bearer(self) -> Self {
        self.header("authorization", "Bearer c4ed6c219dd54a058e3fc56d1151cce8")
    }

    /// Answers with a body of that media type.
    pub(crate) fn answer(mut self, status: u16, media_type: &str, body: &str) -> Self {
        let mut headers = Headers::new();
        if !media_type.is_empty() {
            headers.push("content-type", media_type);
        }
        self.0.response = Some(Response {
            status,
            headers,
            headers_captured: true,
            body: body.as_bytes().to_vec().into(),
            ..Response::default()
        });
        self
    }

    /// Answers with JSON.
    pub(crate) fn json(self, status: u16, body: &str) -> Self {
        self.answer(status, "application/json", body)
    }

    /// Adds a response header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Some(response) = &mut self.0.response {
            response.headers.push(name, value);
        }
        self
    }

    /// Does not record request headers beyond those given so far.
    pub(crate) fn without_head(mut self) -> Self {
        self.0.request.header_state = HeaderState::Incomplete;
        self
    }

    /// Answers as an access log records it: status and size only.
    pub(crate) fn logged(mut self, status: u16) -> Self {
        self.0.request.header_state = HeaderState::Incomplete;
        self.0.request.body_state = BodyState::NotCaptured;
        self.0.response = Some(Response {
            status,
            body_state: BodyState::NotCaptured,
            body_bytes: Some(512),
            ..Response::default()
        });
        self
    }

    /// The exchange.
    pub(crate) fn build(self) -> Exchange {
        self.0
    }

    /// The exchange alone in a list.
    pub(crate) fn one(self) -> Vec<Exchange> {
        vec![self.0]
    }
}

/// An unsecured or signed JWT from header and payload. The signature is not valid.
pub(crate) fn jwt(header: &str, payload: &str, signature: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{signature}", part(header), part(payload))
}

/// A signature for [`jwt`].
pub(crate) const SIGNATURE: &str = "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
