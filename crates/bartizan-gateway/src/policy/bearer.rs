//! The token in a field: which one it is, before anybody asks whether it is good.

use bartizan_model::api_key::is_ours;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::authentication::credentials;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// No token.
    Nothing,
    /// More than one credential.
    Several,
    /// What has to be a token.
    Token {
        /// The token.
        text: &'a str,
        /// Whether it comes by the scheme that goes with a proof (RFC 9449 §7.1).
        is_proven: bool,
    },
}

impl<'a> Presented<'a> {
    /// What the field of that name holds.
    pub(crate) fn of(name: &HeaderName, fields: &'a HeaderMap) -> Self {
        let is_authorization = *name == header::AUTHORIZATION;
        let mut values = fields.get_all(name).iter();
        let Some(value) = values.next() else { return Self::Nothing };
        if values.next().is_some() {
            // Two readers would take different ones (RFC 6750 §2, RFC 9110 §5.3).
            let is_ours = !is_authorization || fields.get_all(name).iter().any(is_for_tokens);
            return if is_ours { Self::Several } else { Self::Nothing };
        }
        let (text, is_proven) = match credentials(value) {
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("bearer") => (text, false),
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("dpop") => (text, true),
            _ if is_authorization && !is_for_tokens(value) => return Self::Nothing,
            _ => (value.to_str().unwrap_or_default().trim(), false),
        };
        if is_ours(text) { Self::Nothing } else { Self::Token { text, is_proven } }
    }
}

/// Whether a value begins as the schemes of tokens do, whatever comes then.
fn is_for_tokens(value: &HeaderValue) -> bool {
    let begins = |scheme: &[u8]| {
        value.as_bytes().get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    };
    begins(b"bearer") || begins(b"dpop")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(name: &'static str, fields: &[(&'static str, &'static str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_static(value));
        }
        match Presented::of(&HeaderName::from_static(name), &map) {
            Presented::Nothing => "nothing".to_owned(),
            Presented::Several => "several".to_owned(),
            Presented::Token { text, is_proven: false } => text.to_owned(),
            Presented::Token { text, is_proven: true } => format!("proven {text}"),
        }
    }

    #[test]
    fn fields_are_read_one_way_only() {
        for (value, expected) in [
            ("Bearer a.b.c", "a.b.c"),
            ("bEaReR   a.b.c  ", "a.b.c"),
            ("Bearer\ta.b.c", "a.b.c"),
            ("Bearer", "Bearer"),
            ("Bearer a.b.c d", "a.b.c d"),
            ("Bearer opaque", "opaque"),
            ("Bearer btz_x", "nothing"),
            ("Basic YTpi", "nothing"),
            ("DPoP a.b.c", "proven a.b.c"),
            ("dpop", "dpop"),
            ("", "nothing"),
        ] {
            assert_eq!(
                presented("authorization", &[("authorization", value)]),
                expected,
                "{value}"
            );
        }
        let twice = [("authorization", "Bearer a.b.c"), ("authorization", "Basic x")];
        assert_eq!(presented("authorization", &twice), "several");
        let twice = [("authorization", "Basic x"), ("authorization", "DPoP a.b.c")];
        assert_eq!(presented("authorization", &twice), "several");
        let twice = [("authorization", "Basic x"), ("authorization", "Basic y")];
        assert_eq!(presented("authorization", &twice), "nothing");
        assert_eq!(presented("authorization", &[]), "nothing");
        let own = |fields: &[(&'static str, &'static str)]| presented("x-token", fields);
        assert_eq!(own(&[("x-token", "a.b.c"), ("authorization", "Bearer d")]), "a.b.c");
        assert_eq!(own(&[("x-token", "Bearer a.b.c")]), "a.b.c");
        assert_eq!(own(&[("x-token", "a"), ("x-token", "a")]), "several");
    }
}
