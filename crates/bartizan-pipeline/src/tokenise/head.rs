//! Targets and header fields.

use bartizan_model::Headers;

use super::{
    Tokeniser,
    words::{is_call_name, is_route},
};

/// Header fields that say nothing about anybody.
const KEPT_FIELDS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
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
    "content-type",
    "date",
    "deprecation",
    "expires",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-status",
    "grpc-timeout",
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
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
];

/// Those of them that hold lengths and times: longer numbers stay.
const NUMBER_FIELDS: &[&str] = &[
    "access-control-max-age",
    "age",
    "cache-control",
    "content-length",
    "retry-after",
    "strict-transport-security",
];
/// Fields that hold an address.
const TARGET_FIELDS: &[&str] = &["content-location", "location", "referer"];
/// Fields that name hosts or schemes of ours and others.
const WORD_FIELDS: &[&str] = &["access-control-allow-origin", "host", "www-authenticate"];
/// Attributes of cookies (RFC 6265 §4.1, and those that browsers know beside them).
const ATTRIBUTES: &[&str] = &[
    "domain",
    "expires",
    "httponly",
    "max-age",
    "partitioned",
    "path",
    "priority",
    "samesite",
    "secure",
];
/// Schemes of authentication that stay readable.
const SCHEMES: &[&str] = &[
    "apikey",
    "aws4-hmac-sha256",
    "basic",
    "bearer",
    "digest",
    "dpop",
    "hawk",
    "hmac",
    "key",
    "negotiate",
    "token",
];

impl Tokeniser {
    /// Names of routes stay, and names of parameters; all other segments, and values, do not. Also for
    /// whole URLs.
    pub(super) fn target(&self, target: &str) -> String {
        self.target_but(target, |_, segment| is_route(segment))
    }

    /// The same for the target of a call of gRPC: its path is made of names alone.
    pub(super) fn call_target(&self, target: &str) -> String {
        let path = target.split('?').next().unwrap_or_default();
        let is_call = path.bytes().filter(|b| *b == b'/').count() == 2;
        self.target_but(target, |place, segment| {
            is_route(segment) || is_call && is_call_name(place, segment)
        })
    }

    /// A target of which those segments of the path stay that are names by their place (the first
    /// behind the slash is 1) and spelling.
    fn target_but(&self, target: &str, is_name: impl Fn(usize, &str) -> bool) -> String {
        let mut out = String::with_capacity(target.len());
        let mut rest = target;
        if let Some((scheme, behind)) = target.split_once("://")
            && matches!(scheme, "http" | "https" | "ws" | "wss")
        {
            let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
            let (host, path) = behind.split_at(end);
            out.push_str(scheme);
            out.push_str("://");
            out.push_str(&self.words(host));
            rest = path;
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        for (i, segment) in path.split('/').enumerate() {
            if i > 0 {
                out.push('/');
            }
            if is_name(i, segment) {
                out.push_str(segment);
            } else {
                self.encoded(&mut out, segment);
            }
        }
        if let Some(query) = query {
            out.push('?');
            self.pairs(&mut out, query);
        }
        out
    }

    /// Parameters of a query or a form.
    pub(super) fn pairs(&self, out: &mut String, pairs: &str) {
        for (i, pair) in pairs.split('&').enumerate() {
            if i > 0 {
                out.push('&');
            }
            match pair.split_once('=') {
                Some((name, value)) => {
                    if super::words::is_name(name) {
                        out.push_str(name);
                    } else {
                        self.encoded(out, name);
                    }
                    out.push('=');
                    self.encoded(out, value);
                }
                None => self.encoded(out, pair),
            }
        }
    }

    /// A percent-encoded value, which stays one: what stands for a letter or a digit is replaced by
    /// one, what stands for a sign of ASCII stays, bytes of other characters become `x`.
    pub(super) fn encoded(&self, out: &mut String, value: &str) {
        let mut stream = super::Stream::of(&self.key, value);
        let bytes = value.as_bytes();
        let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        let mut chars = value.char_indices().peekable();
        while let Some((at, ch)) = chars.next() {
            let byte = match (ch, digit(at + 1), digit(at + 2)) {
                ('%', Some(high), Some(low)) => high << 4 | low,
                _ => {
                    out.push(stream.replace(ch));
                    continue;
                }
            };
            // Two ASCII digits.
            chars.next();
            chars.next();
            match char::from_u32(byte).filter(char::is_ascii) {
                Some(sign) if !sign.is_ascii_alphanumeric() => {
                    out.push_str(&format!("%{byte:02X}"));
                }
                Some(ch) => out.push(stream.replace(ch)),
                None => out.push('x'),
            }
        }
    }

    /// Values of fields, and names that are none.
    pub(super) fn headers(&self, headers: &mut Headers) {
        let replaced = headers.iter().map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            let is_in = |list: &[&str]| list.binary_search(&lower.as_str()).is_ok();
            let value = match lower.as_str() {
                _ if is_in(NUMBER_FIELDS) => self.words_and_numbers(value),
                _ if is_in(KEPT_FIELDS) || is_in(WORD_FIELDS) => self.words(value),
                _ if is_in(TARGET_FIELDS) => self.target(value),
                "cookie" => self.cookies(value),
                "set-cookie" => self.set_cookie(value),
                "authorization" | "proxy-authorization" => self.credentials(value),
                _ => self.text(value),
            };
            let mut shown = String::with_capacity(name.len());
            self.push_name(&mut shown, name);
            (shown, value)
        });
        *headers = replaced.collect();
    }

    fn credentials(&self, value: &str) -> String {
        let known = |scheme: &str| SCHEMES.contains(&scheme.to_ascii_lowercase().as_str());
        match value.split_once(' ') {
            Some((scheme, rest)) if known(scheme) => format!("{scheme} {}", self.text(rest)),
            _ => self.text(value),
        }
    }

    fn cookies(&self, value: &str) -> String {
        let one = |pair: &str| match pair.split_once('=') {
            Some((name, value)) => {
                let mut out = String::with_capacity(pair.len());
                let bare = name.trim_start();
                out.push_str(if bare.len() < name.len() { " " } else { "" });
                self.push_name(&mut out, bare);
                out.push('=');
                self.push(&mut out, value);
                out
            }
            None => self.text(pair),
        };
        value.split(';').map(one).collect::<Vec<_>>().join(";")
    }

    fn set_cookie(&self, value: &str) -> String {
        let mut parts = value.split(';');
        let mut out = self.cookies(parts.next().unwrap_or_default());
        for attribute in parts {
            out.push(';');
            let (name, value) = match attribute.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (attribute, None),
            };
            let lower = name.trim().to_ascii_lowercase();
            if !ATTRIBUTES.contains(&lower.as_str()) {
                self.push(&mut out, attribute);
                continue;
            }
            out.push_str(name);
            if let Some(value) = value {
                out.push('=');
                let is_path = lower == "path";
                out.push_str(&if is_path { self.target(value) } else { self.words(value) });
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_fields_are_sorted() {
        assert!(
            [KEPT_FIELDS, NUMBER_FIELDS, TARGET_FIELDS, WORD_FIELDS]
                .iter()
                .all(|list| list.is_sorted())
        );
    }
}
