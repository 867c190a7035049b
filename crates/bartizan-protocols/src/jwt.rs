//! JSON Web Tokens (RFC 7519), decoded and never trusted: no signature is checked here.

use bartizan_model::LimitName;
use base64::Engine as _;

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    embedded::URL_SAFE,
    json::{Mode, Outcome},
    view::{Codec, NodeId, Step, Value},
};

impl Decoder<'_> {
    /// A token below `id`: `header` and `payload` with their members, `signature` as the number of
    /// its bytes. Of an encrypted token (five parts, RFC 7516) the header, and the rest opaque.
    pub(crate) fn jwt(&mut self, id: NodeId, token: &str) {
        if token.len() > self.limits.jwt_bytes as usize {
            return self.view.limit(self.side, LimitName::JwtBytes);
        }
        let mark = self.view.mark();
        let Some(node) = self.view.open(id, Step::Decoded(Codec::Jwt), Value::Object) else {
            return;
        };
        let encrypted = token.split('.').count() == 5;
        let mut parts = token.trim().split('.');
        let header = parts.next().unwrap_or("");
        let good = self.jwt_part(node, "header", header)
            && if encrypted {
                let length = parts.map(str::len).sum::<usize>();
                self.view.leaf(node, Step::Key("payload"), Value::Opaque(length as u64));
                true
            } else {
                let payload = parts.next().unwrap_or("");
                let signature = parts.next().unwrap_or("");
                self.jwt_payload(node, payload) && self.jwt_signature(node, signature)
            };
        if good {
            self.view.close(node);
        } else {
            self.view.rollback(mark);
            self.view.anomaly(self.side, AnomalyKind::JwtMalformed);
        }
    }

    fn jwt_part(&mut self, node: NodeId, name: &str, part: &str) -> bool {
        let Ok(bytes) = URL_SAFE.decode(part) else { return false };
        let Ok(text) = std::str::from_utf8(&bytes) else { return false };
        if !text.trim_start().starts_with('{') {
            return false;
        }
        let Some(child) = self.view.open(node, Step::Key(name), Value::Object) else { return true };
        let outcome = self.json(child, text, Mode::Embedded);
        self.view.close(child);
        matches!(outcome, Outcome::Whole | Outcome::Limited)
    }

    /// The payload of a JWS may be any bytes (RFC 7515 §3); of a JWT it is an object.
    fn jwt_payload(&mut self, node: NodeId, part: &str) -> bool {
        // RFC 7797: a detached payload is empty.
        if part.is_empty() {
            return self.view.leaf(node, Step::Key("payload"), Value::Opaque(0)).is_some();
        }
        self.jwt_part(node, "payload", part)
    }

    fn jwt_signature(&mut self, node: NodeId, part: &str) -> bool {
        let Ok(bytes) = URL_SAFE.decode(part) else { return false };
        self.view.leaf(node, Step::Key("signature"), Value::Opaque(bytes.len() as u64));
        true
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Root, Side};

    use super::*;
    use crate::decode::{Decoded, decode};

    fn token(header: &str, payload: &str, signature: &[u8]) -> String {
        let part = |bytes: &[u8]| URL_SAFE.encode(bytes).trim_end_matches('=').to_owned();
        format!("{}.{}.{}", part(header.as_bytes()), part(payload.as_bytes()), part(signature))
    }

    fn decoded(authorization: &str) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.headers.push("Authorization", authorization);
        decode(&exchange, &Limits::default(), 1)
    }

    fn places(decoded: &Decoded) -> Vec<(String, Value<'_>)> {
        let root = decoded.view.root(Side::Request, Root::Header).expect("headers");
        let scalar = root.descendants().filter(|n| n.codec().is_none() && n.value().is_scalar());
        scalar.skip(1).map(|n| (n.instance().to_string(), n.value())).collect()
    }

    #[test]
    fn claims_are_nodes() {
        let token = token(r#"{"alg":"none"}"#, r#"{"sub":"u1","exp":1,"aud":["a"]}"#, b"");
        let seen = decoded(&format!("Bearer {token}"));
        let expected = [
            ("header.authorization!jwt/header/alg", Value::Text("none")),
            ("header.authorization!jwt/payload/sub", Value::Text("u1")),
            ("header.authorization!jwt/payload/exp", Value::Integer(1)),
            ("header.authorization!jwt/payload/aud/0", Value::Text("a")),
            ("header.authorization!jwt/signature", Value::Opaque(0)),
        ];
        assert_eq!(places(&seen), expected.map(|(a, b)| (a.to_owned(), b)));
        assert!(seen.view.anomalies().is_empty());
    }

    #[test]
    fn malformed_tokens_are_noted_and_leave_nothing() {
        let good = token(r#"{"alg":"HS256"}"#, r#"{"sub":"u1"}"#, b"xx");
        let header = good.split('.').next().expect("header");
        for bad in [
            format!("{header}.%%%.x").replace('%', "_"),
            format!("{header}.bm90IGpzb24.eA"),
            token(r#"{"alg":"HS256""#, r#"{"sub":"u1"}"#, b"xx"),
        ] {
            let seen = decoded(&format!("Bearer {bad}"));
            assert_eq!(
                seen.view.anomalies(),
                [(Side::Request, AnomalyKind::JwtMalformed)],
                "{bad}"
            );
            assert_eq!(places(&seen), [], "{bad}");
        }
    }

    #[test]
    fn encrypted_tokens_show_their_header() {
        let token = token(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, "x", b"y");
        let header = token.split('.').next().expect("header");
        let seen = decoded(&format!("Bearer {header}.aaaa.bbbb.cccc.dddd"));
        assert_eq!(places(&seen)[0].1, Value::Text("RSA-OAEP"));
        assert_eq!(places(&seen)[2].1, Value::Opaque(16));
    }
}
