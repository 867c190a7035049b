//! Whom to tell about weaknesses: `security.txt` (RFC 9116).

use bartizan_model::{Mode, Timestamp};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyItem, config::Problem};
use crate::phases::Reply;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "security_txt",
    title: "Whom to tell about weaknesses",
    mode: Mode::Monitor,
    documentation: "\
Answers GET and HEAD of `/.well-known/security.txt`, and of `/security.txt`, by a document that says whom to tell about \
weaknesses (RFC 9116), before any credential is asked for. It needs at least one way of contact and a time at which what \
it says is stale; from that time on the document is not given any more, the request goes on to the upstream and counts as \
not evaluated (`expired`), and `bartizan config check` says so. In monitor mode, and where the scope may only be meant, \
the request goes on to the upstream, too.",
    examples: &["\
name: security-contact
mode: enforce
security_txt:
  contacts: [mailto:security@api.example, https://api.example/report]
  expires: 2030-01-31T00:00:00Z
  preferred_languages: [en, de]
"],
};

/// Most values of one field.
const MOST: usize = 16;
/// Longest value, in bytes.
const VALUE_BYTES: usize = 2_048;
/// How long clients may keep it.
const AGE: &str = "max-age=3600";

/// Settings of a `security.txt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityTxtConfig {
    /// Whom to tell: `mailto:`, `tel:` or `https:` addresses, the preferred one first.
    pub contacts: Vec<String>,
    /// When what it says is stale (RFC 3339); less than a year ahead is recommended.
    pub expires: Timestamp,
    /// Where keys for encryption are: `https:`, `dns:` or `openpgp4fpr:`.
    #[serde(default)]
    pub encryption: Vec<String>,
    /// Pages that thank those who told, by https.
    #[serde(default)]
    pub acknowledgments: Vec<String>,
    /// Languages that are understood, by their tags (RFC 5646).
    #[serde(default)]
    pub preferred_languages: Vec<String>,
    /// Where this document is, by https.
    #[serde(default)]
    pub canonical: Vec<String>,
    /// The policy about telling, by https.
    #[serde(default)]
    pub policy: Vec<String>,
    /// Where jobs in security are, by https.
    #[serde(default)]
    pub hiring: Vec<String>,
}

/// A compiled document.
#[derive(Debug)]
pub(crate) struct SecurityTxt {
    document: Bytes,
    expires: Timestamp,
}

impl SecurityTxt {
    pub(crate) fn compile(config: &SecurityTxtConfig) -> Result<Self, Problem> {
        if config.contacts.is_empty() {
            return Err(Problem::new("contacts", "at least one is needed"));
        }
        let only_https: &[&str] = &["https"];
        let fields = [
            ("contacts", "Contact", &config.contacts, &["https", "mailto", "tel"][..]),
            ("encryption", "Encryption", &config.encryption, &["https", "dns", "openpgp4fpr"]),
            ("acknowledgments", "Acknowledgments", &config.acknowledgments, only_https),
            ("canonical", "Canonical", &config.canonical, only_https),
            ("policy", "Policy", &config.policy, only_https),
            ("hiring", "Hiring", &config.hiring, only_https),
        ];
        let mut text = String::new();
        for (key, name, values, schemes) in fields {
            if values.len() > MOST {
                return Err(Problem::new(key, "16 are the most"));
            }
            for (at, value) in values.iter().enumerate() {
                if !is_address(value, schemes) {
                    let schemes = schemes.join(":`, `");
                    let problem = format!("expected an address that begins with `{schemes}:`");
                    return Err(Problem::new(format!("{key}.{at}"), problem));
                }
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        let is_tag = |tag: &String| {
            let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            (1..=35).contains(&tag.len()) && tag.bytes().all(is_part)
        };
        let languages = &config.preferred_languages;
        if languages.len() > MOST || !languages.iter().all(is_tag) {
            return Err(Problem::new("preferred_languages", "expected at most 16 tags, as `en`"));
        }
        if !languages.is_empty() {
            text.push_str(&format!("Preferred-Languages: {}\n", languages.join(", ")));
        }
        text.push_str(&format!("Expires: {}\n", config.expires));
        Ok(Self { document: text.into(), expires: config.expires })
    }

    /// Whether this asks for it.
    pub(crate) fn is_asked(method: &Method, uri: &Uri) -> bool {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        is_read && ["/.well-known/security.txt", "/security.txt"].contains(&uri.path())
    }

    /// The document; `None` once it is stale.
    pub(crate) fn answer(&self, now: Timestamp) -> Option<Reply> {
        if self.expires <= now {
            return None;
        }
        let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
        let reply = Reply::body(StatusCode::OK, "security-txt", media_type, self.document.clone());
        Some(reply.with(header::CACHE_CONTROL, HeaderValue::from_static(AGE)))
    }
}

/// Whether a text is an address of one of these schemes, on one line.
fn is_address(text: &str, schemes: &[&str]) -> bool {
    let is_plain = text.len() <= VALUE_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
    let rest = |scheme: &str| text.strip_prefix(scheme)?.strip_prefix(':');
    is_plain
        && schemes.iter().any(|scheme| {
            let least = if *scheme == "https" { "//" } else { "" };
            rest(scheme)
                .and_then(|rest| rest.strip_prefix(least))
                .is_some_and(|rest| !rest.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<SecurityTxt, Problem> {
        SecurityTxt::compile(&serde_saphyr::from_str(text).expect(text))
    }

    const GOOD: &str = "{contacts: ['mailto:a@b.example', 'https://b.example/r'], \
                        expires: 2030-01-31T00:00:00Z, preferred_languages: [en, de-CH], \
                        policy: ['https://b.example/p']}";

    #[test]
    fn the_document_says_what_is_configured_until_it_is_stale() {
        let text = compile(GOOD).expect("compiles");
        let reply = text.answer(Timestamp::from_seconds(0)).expect("good");
        assert_eq!(reply.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let document = "Contact: mailto:a@b.example\nContact: https://b.example/r\n\
                        Policy: https://b.example/p\nPreferred-Languages: en, de-CH\n\
                        Expires: 2030-01-31T00:00:00.000000Z\n";
        assert_eq!(reply.body.as_deref(), Some(document.as_bytes()));
        let end = Timestamp::parse("2030-01-31T00:00:00Z").expect("a time");
        assert!(text.answer(end).is_none());
        for (method, path, is_asked) in [
            (Method::GET, "/.well-known/security.txt", true),
            (Method::HEAD, "/security.txt?x", true),
            (Method::POST, "/security.txt", false),
            (Method::GET, "/a/security.txt", false),
        ] {
            assert_eq!(SecurityTxt::is_asked(&method, &Uri::from_static(path)), is_asked, "{path}");
        }
    }

    #[test]
    fn what_the_document_must_not_hold_is_refused() {
        let good = |change: (&str, &str)| GOOD.replace(change.0, change.1);
        for (text, key) in [
            (good(("'mailto:a@b.example', 'https://b.example/r'", "")), "contacts"),
            (good(("mailto:a@b", "a@b")), "contacts.0"),
            (good(("https://b.example/r", "http://b.example/r")), "contacts.1"),
            (good(("'https://b.example/r'", "\"https://b\\nExpires: never\"")), "contacts.1"),
            (good(("https://b.example/p", "https://")), "policy.0"),
            (good(("de-CH", "'de, fr'")), "preferred_languages"),
        ] {
            assert_eq!(compile(&text).expect_err(&text).key, key, "{text}");
        }
        let without_end = "{contacts: ['mailto:a@b.example']}";
        assert!(serde_saphyr::from_str::<SecurityTxtConfig>(without_end).is_err());
    }
}
