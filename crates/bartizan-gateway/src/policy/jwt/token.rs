//! Reading a JWT in the compact form (RFC 7515 §3.1), strictly: what two readers could understand
//! differently is refused before any key is looked for.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

/// Most bytes of a token.
pub(crate) const TOKEN_BYTES: usize = 16 * 1024;
/// Most bytes of its header.
const HEAD_BYTES: usize = 2 * 1024;
/// Most members of its claims.
const CLAIMS: usize = 256;
/// The last second of the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// A token, read but not verified.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    /// What was signed.
    pub(crate) signed: &'a str,
    /// The signature, still encoded.
    pub(crate) signature: &'a str,
    pub(crate) algorithm: String,
    pub(crate) key: Option<String>,
    /// Whether it says that it is one of the profile of RFC 9068.
    pub(crate) is_access_token: bool,
    pub(crate) claims: Claims,
}

/// The header. Places of keys that it may name (`jku`, `x5u`, `jwk`, `x5c`) are not even read.
#[derive(Debug, Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<IgnoredAny>,
    #[serde(default)]
    zip: Option<IgnoredAny>,
}

/// Claims by name; no name twice.
#[derive(Debug)]
pub(crate) struct Claims(BTreeMap<String, Value>);

impl<'a> Token<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// A short name of what is wrong.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > TOKEN_BYTES {
            return Err("jwt-too-large");
        }
        let (head, claims, signature) = parts(text)?;
        let head: Head = read(head)?;
        if head.crit.is_some() || head.zip.is_some() {
            // RFC 7515 §4.1.11: what must be understood and is not, makes the token invalid.
            return Err("jwt-critical");
        }
        if head.typ.as_deref().is_some_and(|typ| !is_known_type(typ)) {
            return Err("jwt-type");
        }
        if signature.is_empty() {
            return Err("jwt-unsigned");
        }
        let claims: Claims = read(claims)?;
        if OTHER_KINDS.iter().any(|name| claims.has(name)) {
            return Err("jwt-type");
        }
        let signed = &text[..text.len() - signature.len() - 1];
        let is_access_token = head.typ.as_deref().is_some_and(is_access_token);
        let (algorithm, key) = (head.alg, head.kid);
        Ok(Self { signed, signature, algorithm, key, is_access_token, claims })
    }
}

/// The three parts of a token, still encoded.
///
/// # Errors
/// There are more or fewer, or one is missing or too long.
pub(crate) fn parts(text: &str) -> Result<(&str, &str, &str), &'static str> {
    let mut parts = text.split('.');
    let (Some(head), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("jwt-malformed");
    };
    if head.is_empty() || claims.is_empty() || head.len() > HEAD_BYTES {
        return Err("jwt-malformed");
    }
    Ok((head, claims, signature))
}

/// Claims that only other kinds of JWT make: ID tokens (OpenID Connect Core §3.1.3.6 and §3.3.2.11) and security events,
/// logout tokens among them (RFC 8417 §2.2).
const OTHER_KINDS: [&str; 3] = ["at_hash", "c_hash", "events"];

/// Types that a token may state (RFC 7519 §5.1, RFC 9068 §2.1): proofs, logout tokens and
/// other kinds of JWT are signed by the same keys and must not pass as one (RFC 8725 §3.11).
fn is_known_type(typ: &str) -> bool {
    let is = |known: &str| known.eq_ignore_ascii_case(typ);
    is("JWT") || is("application/jwt") || is_access_token(typ)
}

/// Types of the profile of RFC 9068 (§4).
fn is_access_token(typ: &str) -> bool {
    let is = |known: &str| known.eq_ignore_ascii_case(typ);
    is("at+jwt") || is("application/at+jwt")
}

/// Reads what one part holds.
///
/// # Errors
/// It is no base 64 without padding (RFC 7515 §2), or not what is expected in it.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "jwt-malformed")?;
    serde_json::from_slice(&bytes).map_err(|_| "jwt-malformed")
}

impl Claims {
    /// A claim.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A NumericDate in whole seconds: for *not after* rounded down, as `floor` says, else up.
    ///
    /// # Errors
    /// It is there but no time between 1970 and 9999.
    pub(crate) fn time(&self, name: &str, floor: bool) -> Result<Option<i64>, &'static str> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|s| (0.0..=LAST_SECOND).contains(s));
        let seconds = seconds.ok_or("jwt-claims")?;
        Ok(Some(if floor { seconds.floor() } else { seconds.ceil() } as i64))
    }

    /// The audiences: one text or a list of texts (RFC 7519 §4.1.3).
    pub(crate) fn audiences(&self) -> Vec<&str> {
        match self.0.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The scopes: `scope` with spaces between them (RFC 8693 §4.2), else `scp`, which may be a list.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let split =
            |text: &str| text.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        match self.0.get("scope").or_else(|| self.0.get("scp")) {
            Some(Value::String(text)) => split(text),
            Some(Value::Array(many)) => {
                many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> serde::de::Visitor<'de> for Unique {
            type Value = Claims;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Claims, A::Error> {
                let mut out = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if out.len() == CLAIMS || out.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a name twice, or too many"));
                    }
                }
                Ok(Claims(out))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(head: &str, claims: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims))
    }

    fn parse(head: &str, claims: &str) -> Result<String, &'static str> {
        let text = token(head, claims, "c2ln");
        let token = Token::parse(&text)?;
        assert_eq!(format!("{}.{}", token.signed, token.signature), text);
        Ok(format!("{} {:?} {:?}", token.algorithm, token.key, token.claims.text("sub")))
    }

    #[test]
    fn tokens_are_read() {
        let got = parse(r#"{"alg":"RS256","kid":"a","typ":"AT+jwt","x":1}"#, r#"{"sub":"s"}"#);
        assert_eq!(got, Ok("RS256 Some(\"a\") Some(\"s\")".to_owned()));
    }

    #[test]
    fn ambiguous_tokens_are_refused() {
        for (head, claims, problem) in [
            (r#"{"alg":"RS256","alg":"none"}"#, "{}", "jwt-malformed"),
            (r#"{"alg":"RS256","kid":"a","kid":"b"}"#, "{}", "jwt-malformed"),
            (r#"{"alg":["RS256"]}"#, "{}", "jwt-malformed"),
            (r#"{"kid":"a"}"#, "{}", "jwt-malformed"),
            (r#"{"alg":"RS256","crit":["exp"]}"#, "{}", "jwt-critical"),
            (r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "{}", "jwt-critical"),
            (r#"{"alg":"RS256","zip":"DEF"}"#, "{}", "jwt-critical"),
            (r#"{"alg":"RS256","typ":"dpop+jwt"}"#, "{}", "jwt-type"),
            (r#"{"alg":"RS256","typ":"logout+jwt"}"#, "{}", "jwt-type"),
            (r#"{"alg":"RS256"}"#, r#"{"events":{}}"#, "jwt-type"),
            (r#"{"alg":"RS256"}"#, r#"{"at_hash":"x"}"#, "jwt-type"),
            (r#"{"alg":"RS256"}"#, r#"{"sub":"a","sub":"b"}"#, "jwt-malformed"),
            (r#"{"alg":"RS256"}"#, "[]", "jwt-malformed"),
            (r#"{"alg":"RS256"}"#, "{} x", "jwt-malformed"),
            (r#"{"alg":"RS256"}"#, "", "jwt-malformed"),
            ("", "{}", "jwt-malformed"),
        ] {
            assert_eq!(parse(head, claims).err(), Some(problem), "{head} {claims}");
        }
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(parse(r#"{"alg":"RS256"}"#, &format!("{{\"a\":{deep}}}")).is_err());
        let good = token(r#"{"alg":"RS256"}"#, "{}", "c2ln");
        for text in [
            &good[..good.len() - 4],
            &format!("{good}.x"),
            &format!("{good}="),
            &good.replacen('.', "=.", 1),
            &good.replacen('.', "", 1),
            "",
            "..",
            "a.b.c",
            "é.é.é",
        ] {
            // A padded signature is found out when it is decoded.
            let padded = text.ends_with('=');
            assert_eq!(Token::parse(text).is_err(), !padded, "{text}");
        }
        assert_eq!(Token::parse(&"a".repeat(TOKEN_BYTES + 1)).err(), Some("jwt-too-large"));
    }

    #[test]
    fn claims_are_typed() {
        let claims = |text: &str| serde_json::from_str::<Claims>(text).expect("claims");
        let one = claims(r#"{"aud":"a","exp":12.5,"nbf":-1,"iat":"7","scope":"a  b","x":null}"#);
        assert_eq!(
            (one.audiences(), one.scopes()),
            (vec!["a"], vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!((one.time("exp", true), one.time("exp", false)), (Ok(Some(12)), Ok(Some(13))));
        assert_eq!(
            (one.time("nbf", true), one.time("iat", true)),
            (Err("jwt-claims"), Err("jwt-claims"))
        );
        assert_eq!((one.time("y", true), one.has("x"), one.has("exp")), (Ok(None), false, true));
        let many = claims(r#"{"aud":["a",1,"b"],"exp":1e300,"scp":["a b","c"]}"#);
        assert_eq!((many.audiences(), many.time("exp", true)), (vec!["a", "b"], Err("jwt-claims")));
        assert_eq!(many.scopes(), ["a b", "c"]);
    }
}
