//! A failed delivery of a webhook as it is shown: what is known of it, and the request with its values replaced by others
//! of the same shape. Whoever signs deliveries puts secrets into them.

use bartizan_model::{
    BodyState, Client, Exchange, HashKey, Request, Timestamp,
    webhook::{Delivered, KeptDelivery},
};
use bartizan_pipeline::tokenise::Tokeniser;
use schemars::JsonSchema;
use serde::Serialize;

/// Most bytes of a body that are shown.
const BODY_BYTES: usize = 16 * 1024;

/// A failed delivery.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownDelivery {
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) delivery: KeptDelivery,
    /// The delivery, its values replaced; `null` where it is not kept whole.
    pub(crate) request: Option<ShownRequest>,
}

/// The request that a delivery was.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownRequest {
    /// When it came.
    pub(crate) time: Timestamp,
    /// Its method.
    pub(crate) method: String,
    /// Host and port that it names.
    pub(crate) host: String,
    /// Path and query.
    pub(crate) target: String,
    /// Its fields, names and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The beginning of its body; `null` where it is encoded or no text.
    pub(crate) body: Option<String>,
}

impl ShownDelivery {
    /// Replaces the values under the key of the organisation.
    pub(crate) fn of(delivery: KeptDelivery, content: Option<Delivered>, key: &HashKey) -> Self {
        Self { delivery, request: content.map(|content| ShownRequest::of(content, key)) }
    }
}

impl ShownRequest {
    fn of(delivered: Delivered, key: &HashKey) -> Self {
        let Delivered { time, peer, method, target, authority, fields, body, .. } = delivered;
        let value = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let mut exchange = Exchange {
            client: Client { ip: Some(peer), ..Client::default() },
            request: Request {
                method,
                authority,
                target,
                headers: fields.into_iter().map(|(name, bytes)| (name, value(bytes))).collect(),
                body: body.into(),
                body_state: BodyState::Complete,
                ..Request::default()
            },
            ..Exchange::default()
        };
        Tokeniser::new(key).exchange(&mut exchange);
        let request = exchange.request;
        let text = std::str::from_utf8(&request.body).ok();
        let is_shown = request.body_state == BodyState::Complete;
        let body = text.filter(|_| is_shown).map(|text| {
            let end = text.floor_char_boundary(BODY_BYTES);
            text[..end].to_owned()
        });
        let headers = request.headers.iter();
        Self {
            time,
            method: request.method,
            host: request.authority,
            target: request.target,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_shown() {
        let delivered = Delivered {
            time: Timestamp::from_seconds(1),
            peer: "203.0.113.7".parse().expect("an address"),
            is_secure: true,
            method: "POST".to_owned(),
            target: "/hooks/carrier?token=Hunter2Hunter2".to_owned(),
            authority: "api.example.com".to_owned(),
            fields: vec![
                ("content-type".to_owned(), b"application/json".to_vec()),
                ("x-signature".to_owned(), b"Hunter2Hunter2".to_vec()),
                ("authorization".to_owned(), b"Bearer Hunter2Hunter2".to_vec()),
            ],
            body: br#"{"card":"Hunter2Hunter2","amount":7}"#.to_vec(),
        };
        let shown = ShownRequest::of(delivered, &HashKey::new([1; 32]));
        let text = serde_json::to_string(&shown).expect("JSON");
        assert!(!text.contains("Hunter2"), "{text}");
        assert!(text.contains("/hooks/carrier?token="), "{text}");
        let names: Vec<_> = shown.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["content-type", "x-signature", "authorization"]);
        let body: serde_json::Value =
            serde_json::from_str(&shown.body.expect("a body")).expect("its structure stays");
        assert!(body["card"].is_string() && body["amount"].is_number(), "{body}");
    }
}
