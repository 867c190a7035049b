//! What a certificate says (RFC 5280).

use std::net::IpAddr;

use bartizan_model::Timestamp;
use serde::Serialize;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _, x509::X509Name,
};

/// Most names of one certificate that are kept; more are counted.
pub const MAX_NAMES: usize = 200;
/// Longest name of a host (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
/// Longest subject or issuer that is kept, in characters.
const MAX_SUBJECT: usize = 400;

/// A certificate, as its server shows it. That it is believed by nobody here, and that its signatures are not
/// verified, is meant: it is read, not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Whom it is for, as a distinguished name.
    pub subject: String,
    /// Who says so.
    pub issuer: String,
    /// Hosts that it is for, in lower case: its alternative names, or its common name where it has none.
    pub names: Vec<String>,
    /// Names beyond [`MAX_NAMES`], and ones that are no names.
    pub names_left_out: u64,
    /// From when on.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// How that is to the time of the reading.
    pub validity: Validity,
    /// Whether subject and issuer are one.
    pub self_signed: bool,
    /// Whether the host that was asked for is one of its names (RFC 6125 §6.4.3).
    pub is_for_host: bool,
}

/// Whether it is time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Now.
    Valid,
    /// Later.
    NotYet,
    /// No more.
    Expired,
}

impl Certificate {
    /// Reads the DER of a certificate that was shown for `host`; `None` when it is none.
    pub(super) fn read(der: &[u8], host: &str, now: Timestamp) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let (names, names_left_out) = names(&certificate);
        let validity = certificate.validity();
        let not_before = Timestamp::from_seconds(validity.not_before.timestamp());
        let not_after = Timestamp::from_seconds(validity.not_after.timestamp());
        Some(Self {
            subject: told(certificate.subject()),
            issuer: told(certificate.issuer()),
            is_for_host: names.iter().any(|name| is_for(name, host)),
            names,
            names_left_out,
            not_before,
            not_after,
            validity: if now > not_after {
                Validity::Expired
            } else if now < not_before {
                Validity::NotYet
            } else {
                Validity::Valid
            },
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        })
    }
}

fn told(name: &X509Name<'_>) -> String {
    name.to_string().chars().take(MAX_SUBJECT).collect()
}

/// Hosts that a certificate is for, in its order, and how many were left out.
fn names(certificate: &X509Certificate<'_>) -> (Vec<String>, u64) {
    let (mut out, mut left_out) = (Vec::new(), 0);
    let mut take = |name: Option<String>| match name {
        Some(name) if out.contains(&name) => {}
        Some(name) if out.len() < MAX_NAMES => out.push(name),
        _ => left_out += 1,
    };
    match certificate.subject_alternative_name() {
        Ok(Some(alternatives)) => {
            for name in &alternatives.value.general_names {
                match name {
                    GeneralName::DNSName(name) => take(host_name(name)),
                    GeneralName::IPAddress(bytes) => take(address(bytes)),
                    GeneralName::Invalid(..) => take(None),
                    // Mail addresses, URIs and directories name no hosts.
                    _ => {}
                }
            }
        }
        // Old ones name the host there alone; other ones whatever they like.
        Ok(None) => {
            let common = certificate.subject().iter_common_name();
            common
                .filter_map(|name| host_name(name.as_str().ok()?))
                .for_each(|name| take(Some(name)));
        }
        Err(_) => take(None),
    }
    (out, left_out)
}

/// A name of a host, also with `*` as its first part.
fn host_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let rest = name.strip_prefix("*.").unwrap_or(&name);
    let is_of_names = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_name = name.len() <= MAX_NAME
        && rest.split('.').all(|label| !label.is_empty() && label.bytes().all(is_of_names));
    is_name.then_some(name)
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(address.to_string())
}

/// Whether a name of a certificate is for a host; `*` stands for one part.
fn is_for(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(_, behind)| behind == rest),
        None => name == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str], host: &str, now: &str) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut made = rcgen::CertificateParams::new(names).expect("names");
        made.not_before = rcgen::date_time_ymd(2026, 1, 1);
        made.not_after = rcgen::date_time_ymd(2027, 1, 1);
        made.distinguished_name.push(rcgen::DnType::CommonName, "Shop \u{1b}[2J");
        let made = made.self_signed(&key).expect("made");
        let now = Timestamp::parse(now).expect("a time");
        Certificate::read(made.der(), host, now).expect("read")
    }

    #[test]
    fn names_and_times_are_read() {
        let found = read(
            &["api.example.com", "*.shop.example", "192.0.2.7"],
            "a.shop.example",
            "2026-06-01T00:00:00Z",
        );
        assert_eq!(found.names, ["api.example.com", "*.shop.example", "192.0.2.7"]);
        assert!(found.subject.contains("Shop") && found.subject == found.issuer);
        assert!(found.self_signed && found.is_for_host);
        assert_eq!(found.not_before.to_string(), "2026-01-01T00:00:00.000000Z");
        assert_eq!((found.validity, found.names_left_out), (Validity::Valid, 0));
        let late = read(&["api.example.com"], "other.example", "2027-06-01T00:00:00Z");
        assert_eq!((late.validity, late.is_for_host), (Validity::Expired, false));
        assert_eq!(read(&["a"], "a", "2025-06-01T00:00:00Z").validity, Validity::NotYet);
    }

    #[test]
    fn many_names_are_counted_and_damaged_bytes_are_no_certificate() {
        let many: Vec<String> = (0..300).map(|i| format!("h{i}.example")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let found = read(&many, "x", "2026-06-01T00:00:00Z");
        assert_eq!((found.names.len(), found.names_left_out), (MAX_NAMES, 100));
        let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).expect("made");
        let der = made.cert.der();
        let now = Timestamp::from_seconds(0);
        for at in 0..der.len() {
            // Whatever is cut or changed: something is read, or nothing.
            assert!(Certificate::read(der.get(..at).expect("shorter"), "a", now).is_none());
            let mut bytes = der.to_vec();
            bytes[at] ^= 0x55;
            let _ = Certificate::read(&bytes, "a", now);
        }
        assert!(Certificate::read(b"", "a", now).is_none());
    }

    #[test]
    fn a_star_stands_for_one_part() {
        assert!(is_for("*.a.example", "x.a.example") && is_for("a.example", "a.example"));
        assert!(!is_for("*.a.example", "a.example") && !is_for("*.a.example", "x.y.a.example"));
        for odd in ["", "a b", "a..b", "*", "a\u{0}b", "xn--\u{202e}", "*.*.a"] {
            assert_eq!(host_name(odd), None, "{odd:?}");
        }
    }
}
