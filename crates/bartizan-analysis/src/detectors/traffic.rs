//! Short notation for the exchanges of detectors' examples.

use bartizan_model::{Client, Exchange, ExchangeId, Headers, Request, Response, Timestamp};

/// One call of an example.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    /// Seconds after the beginning of the example.
    pub at: i64,
    /// Subject of the bearer token; empty for none.
    pub subject: &'a str,
    /// Client address.
    pub ip: [u8; 4],
    /// User agent.
    pub agent: &'a str,
    /// Method and target.
    pub request: (&'a str, &'a str),
    /// JSON body of the request; empty for none.
    pub body: &'a str,
    /// Status and JSON body of the response.
    pub answer: (u16, &'a str),
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            at: 0,
            subject: "",
            ip: [203, 0, 113, 7],
            agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0",
            request: ("GET", "/"),
            body: "",
            answer: (200, "{}"),
        }
    }
}

/// The exchanges of calls, in order of time.
pub(crate) fn exchanges(mut calls: Vec<Call<'_>>) -> Vec<Exchange> {
    calls.sort_by_key(|call| call.at);
    calls.iter().enumerate().map(|(number, call)| exchange(number, call)).collect()
}

fn exchange(number: usize, call: &Call<'_>) -> Exchange {
    let json = || ("content-type".to_owned(), "application/json".to_owned());
    let mut headers = vec![("user-agent".to_owned(), call.agent.to_owned())];
    if !call.body.is_empty() {
        headers.push(json());
    }
    if !call.subject.is_empty() {
        headers.push(("authorization".to_owned(), format!("Bearer {}", token(call.subject))));
    }
    Exchange {
        id: ExchangeId::from_text(format!("{number}")),
        // 2026-11-22T00:00:00Z
        time: Some(Timestamp::from_seconds(1_795_305_600 + call.at)),
        client: Client { ip: Some(call.ip.into()), ..Client::default() },
        request: Request {
            method: call.request.0.to_owned(),
            scheme: "https".to_owned(),
            authority: "api.example.com".to_owned(),
            target: call.request.1.to_owned(),
            headers: Headers::from_iter(headers),
            body: call.body.as_bytes().to_vec().into(),
            ..Request::default()
        },
        response: Some(Response {
            status: call.answer.0,
            headers: Headers::from_iter([json()]),
            headers_captured: true,
            body: call.answer.1.as_bytes().to_vec().into(),
            ..Response::default()
        }),
        ..Exchange::default()
    }
}

/// A JWT whose payload names the subject; its signature is a dummy.
fn token(subject: &str) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let payload = base64url(format!(r#"{{"sub":"{subject}"}}"#).as_bytes());
    format!("{header}.{payload}.{}", base64url(b"not a real signature, 32 bytes!!"))
}

/// RFC 4648 §5 without padding.
fn base64url(bytes: &[u8]) -> String {
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
