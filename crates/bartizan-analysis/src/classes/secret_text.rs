//! Secrets of machines anywhere in a text.

use bartizan_model::DataClass;

use super::{
    Shape,
    placeholder::{entropy, is_placeholder, is_varied},
    runs::Alphabet,
    secret_forms, secrets,
};

/// The kind of the first secret of a known form, private key, URL with a password or header line
/// with credentials in the text. `shape` is that of the text: what it lacks is not looked for.
pub(super) fn kind_of(text: &str, shape: &Shape) -> Option<DataClass> {
    if let Some((kind, ..)) = secret_forms::find(text, shape) {
        Some(kind)
    } else if shape.dashes >= 5 && has_private_key(text) {
        Some(secrets::private_key::CLASS.class)
    } else if shape.at > 0 && shape.colons >= 2 && has_url_password(text) {
        Some(secrets::connection_string::CLASS.class)
    } else if shape.digits > 0 {
        marked_kind(text, shape)
    } else {
        None
    }
}

/// Secrets that hold a digit and are told by a mark before or behind them.
fn marked_kind(text: &str, shape: &Shape) -> Option<DataClass> {
    if shape.other > 0 && shape.upper > 0 && has_azure_secret(text) {
        Some(secrets::cloud_key::CLASS.class)
    } else if shape.dashes > 0 && shape.len >= 36 && text.contains("-us") && has_mailchimp_key(text)
    {
        Some(secrets::messaging_token::CLASS.class)
    } else if shape.colons > 0 && shape.lower >= 12 && has_credential(text, "uthorization", b':') {
        Some(secrets::access_token::CLASS.class)
    } else if shape.other > 1
        && shape.upper > 0
        && shape.lower >= 8
        && has_credential(text, "_authToken", b'=')
    {
        Some(secrets::source_hosting_token::CLASS.class)
    } else {
        None
    }
}

/// Bytes of credentials in a header line.
static CREDENTIAL: Alphabet = Alphabet::alphanumeric_and(b"_-.=:+/~");

/// Whether a private key in PEM or OpenSSH form stands in `text`, with a body.
fn has_private_key(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("-----BEGIN ") else { return false };
    let Some((label, body)) = rest.split_once("-----") else { return false };
    label.len() <= 40
        && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
        && body.bytes().filter(u8::is_ascii_alphanumeric).take(64).count() == 64
}

/// Whether a URL with a user name and password stands in `text` (RFC 3986 §3.2.1).
fn has_url_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let authority = text.get(at + 3..).unwrap_or("");
        let end =
            authority.find(['/', '?', '#', ' ', '"', '\'', '<', '\n']).unwrap_or(authority.len());
        let Some((user, host)) = authority.get(..end).and_then(|a| a.rsplit_once('@')) else {
            return false;
        };
        let Some((name, password)) = user.split_once(':') else { return false };
        !name.contains(['{', '$', '%'])
            && password.len() >= 3
            && !is_placeholder(password)
            && host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'[')
    })
}

/// Whether a credential that is no placeholder stands behind `mark` and a byte: that of a header line
/// `Authorization: scheme credentials`, or a registry's `_authToken=`.
fn has_credential(text: &str, mark: &str, end: u8) -> bool {
    memchr::memchr_iter(end, text.as_bytes()).any(|at| {
        let (Some(before), Some(rest)) = (text.get(..at), text.get(at + 1..)) else { return false };
        if !before.ends_with(mark) {
            return false;
        }
        let rest = rest.trim_start();
        let end = |t: &str| {
            t.find(|c: char| !c.is_ascii() || !CREDENTIAL.has(c as u8)).unwrap_or(t.len())
        };
        let (first, behind) = rest.split_at(end(rest));
        let second = behind.trim_start();
        let token = if first.len() <= 8 { second.get(..end(second)).unwrap_or("") } else { first };
        token.len() >= 16
            && token.bytes().any(|b| b.is_ascii_digit())
            && !is_placeholder(token)
            && entropy(token.get(..256).unwrap_or(token)) >= 2.8
    })
}

/// Mailchimp keys: 32 lower-case hexadecimal digits, `-us`, the number of a data centre.
fn has_mailchimp_key(text: &str) -> bool {
    text.match_indices("-us").any(|(at, _)| {
        let hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        let head = text.as_bytes().get(..at).unwrap_or_default();
        let digits = head.iter().rev().take(33).take_while(|b| hex(b)).count();
        let before = at.checked_sub(33).and_then(|i| head.get(i));
        let centre = text.bytes().skip(at + 3).take(3).take_while(u8::is_ascii_digit).count();
        digits == 32
            && !before.is_some_and(u8::is_ascii_alphanumeric)
            && (1..=2).contains(&centre)
            && text.get(at - 32..at).is_some_and(is_varied)
    })
}

/// Azure AD client secrets: three characters, a digit, `Q~`, 31 to 34 characters.
fn has_azure_secret(text: &str) -> bool {
    memchr::memchr_iter(b'~', text.as_bytes()).any(|tilde| {
        let Some(at) = tilde.checked_sub(1).filter(|at| text.as_bytes().get(*at) == Some(&b'Q'))
        else {
            return false;
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.~".contains(&b);
        let Some(head) = at.checked_sub(4).and_then(|from| text.as_bytes().get(from..at)) else {
            return false;
        };
        let body = text.bytes().skip(at + 2).take(36).take_while(|b| allowed(*b)).count();
        head.iter().all(|b| allowed(*b))
            && head.last().is_some_and(u8::is_ascii_digit)
            && (31..=34).contains(&body)
            && text.get(at + 2..at + 2 + body).is_some_and(is_varied)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters and digits, assembled here so that scanners of this repository stay quiet.
    fn token(len: usize) -> String {
        "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOoPlQz".chars().cycle().take(len).collect()
    }

    #[test]
    fn keys_and_urls() {
        let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{}", token(80));
        assert!(has_private_key(&pem));
        assert!(!has_private_key(
            "-----BEGIN PRIVATE KEY-----\nanything\n-----END PRIVATE KEY-----"
        ));
        assert!(!has_private_key(&format!("-----BEGIN PUBLIC KEY-----\n{}", token(80))));
        assert!(has_url_password("postgres://app:s3cr3t-pw@db.internal:5432/x"));
        assert!(!has_url_password("https://user:password@host/"));
        assert!(!has_url_password("https://host:8000/a@b"));
        assert!(has_azure_secret(&format!("x={}", "abc8Q~".to_owned() + &token(31))));
    }
}
