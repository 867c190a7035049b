//! `X-Forwarded-Client-Cert`: the certificate that a proxy saw, as it tells those behind it.
//!
//! Clients can write that field too where no proxy removes it: from an address that is not private it is not
//! believed.

use bartizan_model::{Exchange, HashKey, KeyedHash};

use crate::catalog::NetworkKind;

/// Most bytes of the field that are read, from its end.
const MAX_FIELD: usize = 8 * 1024;
/// Longest identity of a certificate, in bytes; a longer one is none. A SPIFFE ID has at most 2,048 bytes
/// (SPIFFE-ID specification, section 2.3), and names in use are far shorter.
const MAX_IDENTITY: usize = 1_024;
/// Hexadecimal digits of the SHA-256 of a certificate.
const HASH_DIGITS: usize = 64;

/// The certificate of a caller, as the proxy nearest to the server tells it. Told by its first URI of a subject
/// alternative name (a SPIFFE ID in a mesh), else by its subject: both stay when the certificate is renewed, and its
/// hash, which tells it where neither is there, does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForwardedCertificate<'e> {
    member: &'static str,
    pub(super) text: &'e str,
}

impl<'e> ForwardedCertificate<'e> {
    /// That of the caller of an exchange; `from` is whose network the address of the client is of.
    pub(super) fn of(exchange: &'e Exchange, from: Option<NetworkKind>) -> Option<Self> {
        ["uri", "subject", "hash"].into_iter().find_map(|name| {
            let text = member(exchange, from, name)?;
            let is_hash = text.len() == HASH_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
            let fits = !text.is_empty() && text.len() <= MAX_IDENTITY;
            (fits && (name != "hash" || is_hash)).then_some(Self { member: name, text })
        })
    }

    /// Whether it has a name, and not only a hash.
    pub(super) fn is_name(self) -> bool {
        self.member != "hash"
    }

    /// Different identities have different keys.
    pub(super) fn key(self, key: &HashKey) -> KeyedHash {
        let text = format!("{}\0{}", self.member, self.text);
        key.hash("forwarded-certificate", text.as_bytes())
    }
}

/// The value of a member of the field, where it is believed.
pub(super) fn member<'e>(
    exchange: &'e Exchange,
    from: Option<NetworkKind>,
    member: &str,
) -> Option<&'e str> {
    let is_inner = matches!(from, None | Some(NetworkKind::Private));
    let field = exchange.request.headers.get("x-forwarded-client-cert").filter(|_| is_inner)?;
    last_member(field, member)
}

/// The value of a member in the last element, which the proxy nearest to the server wrote: elements are
/// separated by commas, members by semicolons, and quoted values may hold both (Envoy, HTTP header
/// manipulation, "x-forwarded-client-cert").
fn last_member<'f>(field: &'f str, member: &str) -> Option<&'f str> {
    let begin = field.ceil_char_boundary(field.len().saturating_sub(MAX_FIELD));
    let field = field.get(begin..)?;
    let mut found = None;
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, byte) in field.bytes().chain([b',']).enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' | b';' if !is_quoted || at == field.len() => {
                let part = field.get(start..at).unwrap_or_default();
                if let Some((name, value)) = part.split_once('=')
                    && name.trim().eq_ignore_ascii_case(member)
                {
                    // Of several URIs the first.
                    found = found.or(Some(value.trim().trim_matches('"')));
                }
                // What an earlier proxy wrote is not about this call.
                if byte == b',' && at < field.len() {
                    found = None;
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use bartizan_model::Request;

    use super::*;

    const HASH: &str = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";

    fn told(field: &str, from: Option<NetworkKind>) -> Option<String> {
        let request = Request {
            headers: [("X-Forwarded-Client-Cert", field)].into_iter().collect(),
            ..Request::default()
        };
        let exchange = Exchange { request, ..Exchange::default() };
        let told = ForwardedCertificate::of(&exchange, from)?;
        Some(format!("{} {}", told.member, told.text))
    }

    #[test]
    fn a_certificate_is_told_by_what_stays_when_it_is_renewed() {
        let subject = r#"Subject="CN=a;b,O=\"x\"""#;
        let all =
            format!("By=spiffe://a/b;Hash={HASH};{subject};URI=spiffe://a/c;URI=spiffe://a/d");
        let told = |field: &str| told(field, Some(NetworkKind::Private)).unwrap_or_default();
        assert_eq!(told(&all), "uri spiffe://a/c");
        let plain = format!("Hash={HASH};{subject};DNS=x");
        assert!(told(&plain).starts_with("subject CN=a;b,O="), "{}", told(&plain));
        assert_eq!(told(&format!("URI=spiffe://edge/x,hash={HASH};URI=")), format!("hash {HASH}"));
        for nothing in ["", "Hash=12", "By=spiffe://a/b", "URI=", "Subject=\"\""] {
            assert_eq!(told(nothing), "", "{nothing}");
        }
        assert_eq!(told(&format!("URI=spiffe://a/{}", "b".repeat(MAX_IDENTITY))), "");
    }

    #[test]
    fn from_outside_it_is_not_believed() {
        let field = "URI=spiffe://a/c";
        assert!(told(field, None).is_some());
        assert_eq!(told(field, Some(NetworkKind::Public)), None);
        assert_eq!(told(field, Some(NetworkKind::Partner)), None);
    }

    #[test]
    fn whatever_is_written_there_panics_nowhere() {
        let long = format!("é{}", "é".repeat(MAX_FIELD));
        for field in ["", ",", ";", "\"", "\\", "URI", "URI=", "URI=\"", "=;=,=", "é", &long] {
            assert!(last_member(field, "uri").is_none_or(str::is_empty), "{field:.20}");
        }
        assert_eq!(last_member("URI=spiffe://a/b,", "uri"), None, "of an element before");
    }
}
