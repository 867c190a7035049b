//! Short notation for the exchanges of detectors' examples.

use bartizan_model::{Client, Exchange, ExchangeId, Headers, Request, Response, Timestamp};

/// One call of an example.
#[derive(Clone)]
pub(crate) struct Call {
    /// Seconds after the beginning of the example.
    pub at: i64,
    /// Subject of the bearer token; empty for none.
    pub subject: String,
    /// Role that the token claims; empty for none.
    pub role: &'static str,
    /// Client address.
    pub ip: [u8; 4],
    /// User agent.
    pub agent: &'static str,
    /// Method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// JSON body of the request; empty for none.
    pub body: String,
    /// Status of the response.
    pub status: u16,
    /// JSON body of the response.
    pub answer: String,
}

/// A browser.
pub(crate) const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0";

impl Call {
    /// A successful GET without credentials.
    pub(crate) fn get(at: i64, target: impl Into<String>, answer: impl Into<String>) -> Self {
        Self {
            at,
            subject: String::new(),
            role: "",
            ip: [203, 0, 113, 7],
            agent: BROWSER,
            method: "GET",
            target: target.into(),
            body: String::new(),
            status: 200,
            answer: answer.into(),
        }
    }

    /// With the bearer token of a subject, from an address of its own.
    pub(crate) fn by(self, subject: u32) -> Self {
        let [_, _, high, low] = subject.to_be_bytes();
        Self { subject: subject.to_string(), ip: [198, 18, high, low], ..self }
    }

    /// With a role in the token.
    pub(crate) fn role(self, role: &'static str) -> Self {
        Self { role, ..self }
    }

    /// With another status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// As a POST with a body.
    pub(crate) fn post(self, body: impl Into<String>) -> Self {
        Self { method: "POST", body: body.into(), ..self }
    }

    /// A login of an account with a secret.
    pub(crate) fn login(at: i64, account: &str, secret: &str, success: bool) -> Self {
        let answer = if success { r#"{"token":"opaque"}"# } else { r#"{"error":"invalid"}"# };
        Self::get(at, "/v1/auth/login", answer)
            .post(format!(r#"{{"email":"{account}","password":"{secret}"}}"#))
            .status(if success { 200 } else { 401 })
    }
}

/// A shop: 30 customers list their three orders and open one, within an hour.
pub(crate) fn shop() -> Vec<Call> {
    let mut calls = Vec::new();
    for user in 1..=30u32 {
        let (at, subject) = (i64::from(user) * 100, 4_000 + user);
        let ids = (0..3).map(|i| format!(r#"{{"id":{}}}"#, order_of(user, i)));
        let list = ids.collect::<Vec<_>>().join(",");
        calls.push(Call::get(at, "/v1/orders", format!(r#"{{"items":[{list}]}}"#)).by(subject));
        calls.push(open_order(at + 9, subject, user, 1));
    }
    calls
}

/// Id of the n-th order of a customer of [`shop`].
pub(crate) fn order_of(user: u32, n: u32) -> u32 {
    70_000 + user * 17 + n
}

/// A caller opens an order of a customer of [`shop`].
pub(crate) fn open_order(at: i64, subject: u32, user: u32, n: u32) -> Call {
    let (id, owner) = (order_of(user, n), 4_000 + user);
    Call::get(at, format!("/v1/orders/{id}"), format!(r#"{{"id":{id},"owner_id":{owner}}}"#))
        .by(subject)
}

/// The exchanges of calls, in order of time.
pub(crate) fn exchanges(mut calls: Vec<Call>) -> Vec<Exchange> {
    calls.sort_by_key(|call| call.at);
    calls.into_iter().enumerate().map(|(number, call)| exchange(number, call)).collect()
}

fn exchange(number: usize, call: Call) -> Exchange {
    let json = || ("content-type".to_owned(), "application/json".to_owned());
    let mut headers = vec![("user-agent".to_owned(), call.agent.to_owned())];
    if !call.body.is_empty() {
        headers.push(json());
    }
    if !call.subject.is_empty() {
        headers.push((
            "authorization".to_owned(),
            format!("Bearer {}", token(&call.subject, call.role)),
        ));
    }
    Exchange {
        id: ExchangeId::from_text(format!("{number}")),
        // 2026-11-22T00:00:00Z
        time: Some(Timestamp::from_seconds(1_795_305_600 + call.at)),
        client: Client { ip: Some(call.ip.into()), ..Client::default() },
        request: Request {
            method: call.method.to_owned(),
            scheme: "https".to_owned(),
            authority: "api.example.com".to_owned(),
            target: call.target,
            headers: Headers::from_iter(headers),
            body: call.body.into_bytes().into(),
            ..Request::default()
        },
        response: Some(Response {
            status: call.status,
            headers: Headers::from_iter([json()]),
            headers_captured: true,
            body: call.answer.into_bytes().into(),
            ..Response::default()
        }),
        ..Exchange::default()
    }
}

/// A JWT whose payload names the subject, and a role if there is one; its signature is a dummy.
fn token(subject: &str, role: &str) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = match role {
        "" => format!(r#"{{"sub":"{subject}"}}"#),
        role => format!(r#"{{"sub":"{subject}","role":"{role}"}}"#),
    };
    let payload = base64url(claims.as_bytes());
    format!("{header}.{payload}.{}", base64url(b"not a real signature, 32 bytes!!"))
}

/// RFC 4648 §5 without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3)
            .fold(0u32, |bits, i| (bits << 8) | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..=chunk.len() {
            let digit = (bits >> (18 - 6 * i)) & 63;
            out.push(char::from(ALPHABET[digit as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_rfc_4648() {
        for (plain, coded) in [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64url(plain.as_bytes()), coded);
        }
    }
}
