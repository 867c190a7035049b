//! Exchanges whose values are replaced by others of the same shape: digits by digits, letters by
//! letters of the same case, everything else stays. Equal values become equal ones under one key, so
//! that traffic keeps its structure and loses its content.
//!
//! Names (fields, parameters, headers), words of paths, media types and protocol fields stay as they
//! are. Bodies that are neither JSON, form nor XML-like text, and encoded ones, are left out. What
//! the values alone tell (check digits, tokens, injections) is lost with them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bartizan_model::{BodyState, Exchange, HashKey, Headers};
use bytes::Bytes;

/// Header fields that say nothing about anybody.
const KEPT_FIELDS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "deprecation",
    "expires",
    "host",
    "pragma",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "server",
    "strict-transport-security",
    "sunset",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
];

/// Replaces the values of exchanges under one key.
#[derive(Clone, Debug)]
pub struct Tokeniser {
    key: HashKey,
}

impl Tokeniser {
    /// Under a key derived from the organisation's.
    #[must_use]
    pub fn new(key: &HashKey) -> Self {
        Self { key: key.derive("tokenised exchanges") }
    }

    /// Replaces every value of an exchange.
    pub fn exchange(&self, exchange: &mut Exchange) {
        let client = &mut exchange.client;
        client.ip = client.ip.map(|ip| self.address(ip));
        client.port = None;
        client.user = client.user.take().map(|user| self.text(&user));
        client.certificate_subject = client.certificate_subject.take().map(|s| self.text(&s));
        let request = &mut exchange.request;
        request.target = self.target(&request.target);
        let media = request.headers.media_type();
        let encoded = request.headers.contains("content-encoding");
        self.headers(&mut request.headers);
        self.body(&media, encoded, &mut request.body, &mut request.body_state);
        if let Some(response) = &mut exchange.response {
            let media = response.headers.media_type();
            let encoded = response.headers.contains("content-encoding");
            self.headers(&mut response.headers);
            self.body(&media, encoded, &mut response.body, &mut response.body_state);
        }
        self.headers(&mut exchange.trailers);
        for message in &mut exchange.messages {
            let mut state = BodyState::Complete;
            self.body(
                if message.text { "text/plain" } else { "" },
                false,
                &mut message.data,
                &mut state,
            );
        }
    }

    /// One value.
    #[must_use]
    pub fn text(&self, value: &str) -> String {
        let mut out = String::with_capacity(value.len());
        self.push(&mut out, value);
        out
    }

    fn push(&self, out: &mut String, value: &str) {
        let mut stream = Stream::of(&self.key, value);
        out.extend(value.chars().map(|ch| stream.replace(ch)));
    }

    /// An address of the same network (IPv4 /24, IPv6 /48); different ones stay different.
    fn address(&self, ip: IpAddr) -> IpAddr {
        let network = bartizan_model::redact::network_of(ip);
        let mask = self.key.hash("address", network.to_string().as_bytes()).0;
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                Ipv4Addr::new(a, b, c, d ^ mask[0]).into()
            }
            IpAddr::V6(v6) => {
                let mut octets = v6.octets();
                octets[6..].iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
                Ipv6Addr::from(octets).into()
            }
        }
    }

    /// Words of the path stay; segments that look like values, and values of the query, do not.
    fn target(&self, target: &str) -> String {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut out = String::with_capacity(target.len());
        for (i, segment) in path.split('/').enumerate() {
            if i > 0 {
                out.push('/');
            }
            if is_word(segment) { out.push_str(segment) } else { self.push(&mut out, segment) }
        }
        if let Some(query) = query {
            out.push('?');
            self.pairs(&mut out, query);
        }
        out
    }

    fn pairs(&self, out: &mut String, pairs: &str) {
        for (i, pair) in pairs.split('&').enumerate() {
            if i > 0 {
                out.push('&');
            }
            match pair.split_once('=') {
                Some((name, value)) => {
                    out.push_str(name);
                    out.push('=');
                    self.push(out, value);
                }
                None => self.push(out, pair),
            }
        }
    }

    fn headers(&self, headers: &mut Headers) {
        let replaced = headers.iter().map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            let value = match lower.as_str() {
                kept if KEPT_FIELDS.binary_search(&kept).is_ok() => value.to_owned(),
                "cookie" => self.cookies(value),
                "set-cookie" => self.set_cookie(value),
                "location" | "content-location" | "referer" => self.target(value),
                "authorization" | "proxy-authorization" => match value.split_once(' ') {
                    Some((scheme, rest)) => format!("{scheme} {}", self.text(rest)),
                    None => self.text(value),
                },
                _ => self.text(value),
            };
            (name.to_owned(), value)
        });
        *headers = replaced.collect();
    }

    fn cookies(&self, value: &str) -> String {
        let one = |pair: &str| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", self.text(value)),
            None => self.text(pair),
        };
        value.split(';').map(one).collect::<Vec<_>>().join(";")
    }

    fn set_cookie(&self, value: &str) -> String {
        let (pair, attributes) = match value.split_once(';') {
            Some((pair, rest)) => (pair, format!(";{rest}")),
            None => (value, String::new()),
        };
        self.cookies(pair) + &attributes
    }

    fn body(&self, media: &str, encoded: bool, body: &mut Bytes, state: &mut BodyState) {
        if body.is_empty() {
            return;
        }
        let text = std::str::from_utf8(body).ok().filter(|_| !encoded);
        let replaced = text.and_then(|text| {
            let start = text.trim_start();
            if start.starts_with(['{', '[', '"']) {
                Some(self.json(text))
            } else if media == "application/x-www-form-urlencoded" {
                let mut out = String::with_capacity(text.len());
                self.pairs(&mut out, text);
                Some(out)
            } else if start.starts_with('<') {
                Some(self.markup(text))
            } else if media.starts_with("text/") {
                Some(self.text(text))
            } else {
                None
            }
        });
        match replaced {
            Some(text) => *body = text.into_bytes().into(),
            None => {
                *body = Bytes::new();
                *state = BodyState::NotCaptured;
            }
        }
    }

    /// Strings that are no keys, and numbers. A number keeps a first digit other than 0 and its
    /// exponent, so that it stays one.
    fn json(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(ch) = rest.chars().next() {
            if ch == '"' {
                let end = string_end(rest);
                let (string, behind) = rest.split_at(end);
                if behind.trim_start().starts_with(':') {
                    out.push_str(string);
                } else {
                    self.json_string(&mut out, string);
                }
                rest = behind;
            } else if ch.is_ascii_digit() {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let mut stream = Stream::of(&self.key, &rest[..end]);
                out.extend(rest[..end].chars().enumerate().map(
                    |(i, ch)| match stream.replace(ch) {
                        '0' if i == 0 && ch != '0' => '1',
                        _ if i == 0 && ch == '0' => '0',
                        replaced => replaced,
                    },
                ));
                rest = &rest[end..];
            } else {
                out.push(ch);
                rest = &rest[ch.len_utf8()..];
            }
        }
        out
    }

    /// A string with its quotes. Escapes stay, but those that stand for a character become `x`.
    fn json_string(&self, out: &mut String, string: &str) {
        let mut stream = Stream::of(&self.key, string);
        let mut chars = string.chars();
        while let Some(ch) = chars.next() {
            match ch {
                '\\' => match chars.next() {
                    Some('u') => {
                        out.push('x');
                        chars.by_ref().take(4).for_each(drop);
                    }
                    Some(next) => out.extend([ch, next]),
                    None => {}
                },
                _ => out.push(stream.replace(ch)),
            }
        }
    }

    /// Text between tags, and values of attributes.
    fn markup(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let tag = rest.find('<').unwrap_or(rest.len());
            self.push(&mut out, &rest[..tag]);
            rest = &rest[tag..];
            let end = rest.find('>').map_or(rest.len(), |at| at + 1);
            let mut quoted = rest[..end].split('"');
            out.push_str(quoted.next().unwrap_or(""));
            for (i, part) in quoted.enumerate() {
                out.push('"');
                if i % 2 == 0 && !part.starts_with("http") {
                    self.push(&mut out, part);
                } else {
                    out.push_str(part);
                }
            }
            rest = &rest[end..];
        }
        out
    }
}

/// Length of a JSON string at the beginning of `text`, its quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether a segment of a path is fixed text rather than a value: no digits but a version's, at most
/// 32 characters, and nothing encoded.
fn is_word(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let version = segment.len() <= 4 && segment.starts_with(['v', 'V']);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    segment.len() <= 32 && segment.bytes().all(plain) && (digits == 0 || version)
}

/// Characters in place of others, decided by key and value.
struct Stream(u64);

impl Stream {
    fn of(key: &HashKey, value: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = key.hash("value", value.as_bytes()).0;
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    fn next(&mut self, below: u32) -> u32 {
        // SplitMix64 (Steele, Lea, Flood 2014) over a keyed seed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(below)) as u32
    }

    fn replace(&mut self, ch: char) -> char {
        let letter = |first: u8, n: u32| char::from(first + n as u8);
        match ch {
            '0'..='9' => letter(b'0', self.next(10)),
            'a'..='z' => letter(b'a', self.next(26)),
            'A'..='Z' => letter(b'A', self.next(26)),
            c if c.is_ascii() => c,
            c if c.is_alphanumeric() => 'x',
            c => c,
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Client, Request, Response, redact::shape};

    use super::*;

    fn tokeniser() -> Tokeniser {
        Tokeniser::new(&HashKey::new([7; 32]))
    }

    #[test]
    fn values_keep_their_shape_and_equality() {
        let tokeniser = tokeniser();
        for value in ["ada.winter@example.net", "4111 1111 1111 1111", "Zoe", ""] {
            let token = tokeniser.text(value);
            assert_eq!(shape(&token), shape(value), "{value}");
            assert_eq!(token, tokeniser.text(value));
            assert!(value.len() < 4 || token != value);
        }
        assert!(tokeniser.text("Zoë").ends_with('x'));
        assert_ne!(
            tokeniser.text("ada.winter"),
            Tokeniser::new(&HashKey::new([8; 32])).text("ada.winter")
        );
    }

    #[test]
    fn json_stays_json_with_its_keys() {
        let tokeniser = tokeniser();
        let body = r#"{"id": 42, "neg": -0.50e+3, "t": true, "s": "a\"b\u00e9", "n": null, "l": ["x", 0]}"#;
        let token = tokeniser.json(body);
        let value: serde_json::Value = serde_json::from_str(&token).expect("JSON");
        let keys: Vec<_> = value.as_object().expect("object").keys().cloned().collect();
        assert_eq!(keys, ["id", "l", "n", "neg", "s", "t"]);
        assert_eq!((&value["t"], &value["n"]), (&true.into(), &serde_json::Value::Null));
        assert_ne!(value["id"], 42);
        for broken in ["{\"a", "\"", "[1, \"\\", "{\"a\":\"\\u12", "{\"é\":\"é"] {
            let _ = tokeniser.json(broken);
        }
    }

    #[test]
    fn exchanges_lose_their_values_and_keep_their_structure() {
        let mut exchange = Exchange {
            client: Client { ip: Some([203, 0, 113, 7].into()), ..Client::default() },
            request: Request {
                method: "POST".to_owned(),
                target: "/v1/users/ada@example.com/orders?page=2&q=blue%20shoes".to_owned(),
                headers: Headers::from_iter([
                    ("content-type", "application/json"),
                    ("authorization", "Bearer abc.def"),
                    ("cookie", "sid=12345; theme=dark"),
                    ("x-tenant", "acme"),
                ]),
                body: Bytes::from_static(b"{\"email\":\"ada@example.com\"}"),
                ..Request::default()
            },
            response: Some(Response {
                status: 200,
                headers: Headers::from_iter([("content-type", "application/octet-stream")]),
                body: Bytes::from_static(b"\x00\x01secret"),
                ..Response::default()
            }),
            ..Exchange::default()
        };
        tokeniser().exchange(&mut exchange);
        let request = &exchange.request;
        assert!(
            request.target.starts_with("/v1/users/") && request.target.contains("/orders?page=")
        );
        let all = format!("{exchange:?}");
        for gone in ["ada", "blue", "abc.def", "12345", "dark", "acme", "secret", "203.0.113.7\""] {
            assert!(!all.contains(gone), "{gone} in {all}");
        }
        assert!(request.headers.get("authorization").is_some_and(|v| v.starts_with("Bearer ")));
        assert!(request.headers.get("cookie").is_some_and(|v| v.starts_with("sid=")));
        assert!(request.body.starts_with(b"{\"email\":\""));
        assert_eq!(exchange.response.map(|r| r.body_state), Some(BodyState::NotCaptured));
        let ip = exchange.client.ip.expect("address");
        assert!(ip.to_string().starts_with("203.0.113."));
    }

    #[test]
    fn the_list_of_kept_fields_is_sorted() {
        assert!(KEPT_FIELDS.is_sorted());
    }
}
