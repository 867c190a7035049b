//! Secrets of machines anywhere in a text.

use bartizan_model::DataClass;

use super::{
    Shape,
    placeholder::{entropy, is_placeholder, is_sequence, is_varied},
    published::is_published,
    runs::Alphabet,
    secret_forms, secrets,
};

/// The kind of the first secret of a known form, private key, URL with a password or header line
/// with credentials in the text. `shape` is that of the text: what it lacks is not looked for.
pub(super) fn kind_of(text: &str, shape: &Shape) -> Option<DataClass> {
    if let Some((kind, ..)) = secret_forms::find(text, shape) {
        Some(kind)
    } else if (shape.dashes >= 5 && has_private_key(text)) || has_putty_key(text, shape) {
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
    } else if shape.dashes > 0 && shape.len >= 36 && has_mail_key(text, shape) {
        Some(secrets::messaging_token::CLASS.class)
    } else if shape.colons > 0 && shape.lower >= 12 && has_credential(text) {
        Some(secrets::access_token::CLASS.class)
    } else if shape.other > 1 && shape.upper > 0 && shape.lower >= 8 && has_registry_token(text) {
        Some(secrets::source_hosting_token::CLASS.class)
    } else {
        keyed_kind(text, shape)
    }
}

/// Keys of services that send mail.
fn has_mail_key(text: &str, shape: &Shape) -> bool {
    (text.contains("-us") && has_mailchimp_key(text))
        || (shape.dashes >= 2 && shape.len >= 50 && has_mailgun_key(text))
}

/// Keys of Microsoft and Meta, told by marks within.
fn keyed_kind(text: &str, shape: &Shape) -> Option<DataClass> {
    if shape.len < 40 || shape.letters() < 8 {
        None
    } else if shape.upper > 3 && has_azure_key(text)
        || shape.other >= 4 && has_shared_signature(text)
    {
        Some(secrets::cloud_key::CLASS.class)
    } else if shape.digits >= 15 && shape.other > 0 && has_app_token(text) {
        Some(secrets::service_key::CLASS.class)
    } else {
        None
    }
}

/// Longest credential that is looked at, in bytes; longer ones are cut.
const MAX_CREDENTIAL: usize = 512;
/// Longest address of a registry of packages, in bytes.
const MAX_REGISTRY: usize = 256;
/// Longest signature of a shared access signature as written, in bytes: 32 bytes in Base64, with signs
/// that are encoded.
const MAX_SIGNATURE: usize = 80;

/// Bytes of credentials in a header line.
static CREDENTIAL: Alphabet = Alphabet::alphanumeric_and(b"_-.=:+/~");

/// Longest label of a key in PEM form, in bytes.
const MAX_LABEL: usize = 40;
/// Most keys in PEM form that are looked at in one text: certificates come before the key.
const MAX_PEM: usize = 32;

/// Whether a private key in PEM or OpenSSH form stands in `text`, with a body (RFC 7468), or one of SSH as
/// RFC 4716 writes keys, with four hyphens.
fn has_private_key(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"---- BEGIN ")
        .chain(memchr::memmem::find_iter(text.as_bytes(), b"-----BEGIN "))
        .take(MAX_PEM)
        .any(|at| {
            let rest = text.get(at + 11..).unwrap_or("");
            let label = rest.as_bytes().iter().take(MAX_LABEL + 1).position(|b| *b == b'-');
            let Some((label, body)) = label.and_then(|end| rest.split_at_checked(end)) else {
                return false;
            };
            let (label, body) = (label.trim_end(), body.trim_start_matches('-'));
            // Headers of encrypted keys hold single hyphens.
            let end = memchr::memmem::find(body.as_bytes(), b"---").unwrap_or(body.len());
            let body = body.bytes().take(end).filter(u8::is_ascii_alphanumeric);
            (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
                && body.take(64).count() == 64
        })
}

/// Whether a key file of PuTTY stands in `text`, with its private lines.
fn has_putty_key(text: &str, shape: &Shape) -> bool {
    shape.len >= 200
        && shape.dashes >= 4
        && memchr::memmem::find(text.as_bytes(), b"PuTTY-User-Key-File-").is_some()
        && memchr::memmem::find(text.as_bytes(), b"Private-Lines: ").is_some_and(|at| {
            let body = text.bytes().skip(at);
            body.filter(u8::is_ascii_alphanumeric).take(64).count() == 64
        })
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

/// Whether a header line `Authorization: scheme credentials` stands in `text`, and what it grants with is
/// no placeholder (RFC 9110 section 11.6.2).
fn has_credential(text: &str) -> bool {
    memchr::memchr_iter(b':', text.as_bytes()).any(|at| {
        let (Some(before), Some(rest)) = (text.get(..at), text.get(at + 1..)) else { return false };
        if !before.ends_with("uthorization") {
            return false;
        }
        let rest = rest.trim_start();
        let (first, behind) = rest.split_at(credential_len(rest));
        let second = behind.trim_start();
        let token = if first.len() <= 8 {
            second.get(..credential_len(second)).unwrap_or("")
        } else {
            first
        };
        is_credential(token)
    })
}

/// Whether a token of a package registry stands in `text` as npm writes it: `//host/:_authToken=…`, or
/// without a registry at the beginning of a word.
fn has_registry_token(text: &str) -> bool {
    memchr::memchr_iter(b'=', text.as_bytes()).any(|at| {
        let (Some(before), Some(rest)) = (text.get(..at), text.get(at + 1..)) else { return false };
        let Some(before) = before.trim_end().strip_suffix("_authToken") else { return false };
        let tail = before.as_bytes().iter().rev().take(MAX_REGISTRY);
        let tail = tail.take_while(|b| !b.is_ascii_whitespace() && !b"\"'".contains(b)).count();
        let Some(registry) = before.get(before.len() - tail..) else { return false };
        let is_scoped = || {
            let host = registry.strip_suffix("/:").and_then(|host| host.strip_prefix("//"));
            host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        let rest = rest.trim_start_matches([' ', '"', '\'']);
        (registry.is_empty() || is_scoped())
            && is_credential(rest.get(..credential_len(rest)).unwrap_or(""))
    })
}

/// Bytes of a credential at the beginning.
fn credential_len(text: &str) -> usize {
    text.bytes().take(MAX_CREDENTIAL).take_while(|b| CREDENTIAL.has(*b)).count()
}

/// Whether it is opaque: long, with digits, varied.
fn is_credential(token: &str) -> bool {
    token.len() >= 16
        && token.bytes().any(|b| b.is_ascii_digit())
        && !is_placeholder(token)
        && !is_sequence(token)
        && entropy(token.get(..256).unwrap_or(token)) >= 2.8
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

/// Mailgun keys: 32, 8 and 8 lower-case hexadecimal digits with dashes between.
fn has_mailgun_key(text: &str) -> bool {
    HYPHENED.runs(text.as_bytes(), 50).any(|(start, end)| {
        let Some(run) = text.get(start..end).filter(|run| run.len() == 50) else { return false };
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-';
        run.split('-').map(str::len).eq([32, 8, 8]) && run.bytes().all(hex) && is_varied(run)
    })
}

/// Bytes of words with hyphens.
static HYPHENED: Alphabet = Alphabet::alphanumeric_and(b"-");

/// Bytes of Base64 (RFC 4648 section 4), padding included.
static BASE64: Alphabet = Alphabet::alphanumeric_and(b"+/=");

/// Signatures that Azure puts into its keys so that they can be told: length of the key in Base64,
/// place, signature (storage, Batch and Cosmos DB accounts; IoT hubs, Service Bus, Event Hubs, Relay;
/// container registries; functions; search).
const AZURE_SIGNATURES: &[(usize, usize, &str)] = &[
    (88, 76, "+ASt"),
    (88, 76, "+ABa"),
    (88, 76, "ACDb"),
    (44, 33, "AIoT"),
    (44, 33, "+ASb"),
    (44, 33, "+AEh"),
    (44, 33, "+ARm"),
    (52, 42, "+ACR"),
    (56, 44, "AzFu"),
    (52, 42, "AzSe"),
    (84, 52, "JQQJ9"),
    (88, 52, "JQQJ9"),
];

/// Whether a key of an Azure service stands in `text`.
fn has_azure_key(text: &str) -> bool {
    BASE64.runs(text.as_bytes(), 44).any(|(start, end)| {
        let Some(run) = text.get(start..end) else { return false };
        // The sign of an assignment before it is none of its bytes.
        let from = run.trim_end_matches('=').rfind('=').map_or(0, |sign| sign + 1);
        let run = run.get(from..).unwrap_or("");
        AZURE_SIGNATURES.iter().any(|(len, at, signature)| {
            run.len() == *len && run.get(*at..).is_some_and(|rest| rest.starts_with(signature))
        }) && is_varied(run)
            && !is_published(run)
    })
}

/// Whether a shared access signature of Azure stands in `text`: a version, an expiry and 32 bytes of
/// signature in Base64, as parameters of a query.
fn has_shared_signature(text: &str) -> bool {
    let is_signature = |at: usize| {
        let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
        let value = text.get(at + 4..).unwrap_or("");
        let signed = value.bytes().take(MAX_SIGNATURE + 1);
        let len = signed.take_while(|b| BASE64.has(*b) || *b == b'%').count();
        before.is_none_or(|b| !b.is_ascii_alphanumeric())
            && (43..=MAX_SIGNATURE).contains(&len)
            && value.get(..len).is_some_and(is_varied)
    };
    text.contains("se=")
        && text.contains("sv=")
        && memchr::memmem::find_iter(text.as_bytes(), b"sig=").any(is_signature)
}

/// Access tokens of Meta's applications: the number of the application, `|`, and 27 or 32 characters.
fn has_app_token(text: &str) -> bool {
    memchr::memchr_iter(b'|', text.as_bytes()).any(|at| {
        let (before, behind) = (text.as_bytes().get(..at), text.get(at + 1..));
        let (Some(before), Some(behind)) = (before, behind) else { return false };
        let digits = before.iter().rev().take(17).take_while(|b| b.is_ascii_digit()).count();
        let word = before.get(..at - digits).and_then(|rest| rest.last());
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"_-".contains(b);
        let body = behind.bytes().take(33).take_while(allowed).count();
        (15..=16).contains(&digits)
            && !word.is_some_and(u8::is_ascii_alphanumeric)
            && matches!(body, 27 | 32)
            && behind.get(..body).is_some_and(is_varied)
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
        let ssh = |label| format!("---- BEGIN SSH2 {label} KEY ----\nComment: x\n{}", token(80));
        assert!(has_private_key(&ssh("ENCRYPTED PRIVATE")) && !has_private_key(&ssh("PUBLIC")));
        let putty = |lines| {
            let head = "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 2\n";
            format!("{head}{}\n{lines}: 2\n{}", token(80), token(80))
        };
        let has_putty = |text: &str| has_putty_key(text, &Shape::of(text));
        assert!(has_putty(&putty("Private-Lines")) && !has_putty(&putty("Other-Lines")));
        assert!(has_url_password("postgres://app:s3cr3t-pw@db.internal:5432/x"));
        assert!(!has_url_password("https://user:password@host/"));
        assert!(!has_url_password("https://host:8000/a@b"));
        assert!(has_azure_secret(&format!("x={}", "abc8Q~".to_owned() + &token(31))));
    }

    #[test]
    fn tokens_of_registries_stand_behind_a_host() {
        let uuid = "743b294a-cd03-11ec-9d64-0242ac120002";
        for (text, found) in [
            (format!("//registry.example.com/:_authToken={uuid}"), true),
            (format!("//registry.example.com/npm/:_authToken = \"{uuid}\""), true),
            (format!("email=x\n_authToken={uuid}"), true),
            (format!("///:_authToken={uuid}"), false),
            (format!("registry.example.com/:_authToken={uuid}"), false),
            ("//registry.example.com/:_authToken=${NPM_TOKEN_1}".to_owned(), false),
        ] {
            assert_eq!(has_registry_token(&text), found, "{text}");
        }
    }

    #[test]
    fn keys_are_told_by_their_marks() {
        let hex = "3a16750dd36341a48ebd035408f7730f";
        assert!(has_mailgun_key(&format!("k={hex}-1a2b3c4d-9f8e7d6c")));
        assert!(!has_mailgun_key(&format!("k={hex}-1a2b3c4d-9f8e")));
        let azure = format!("{}+ASt{}==", token(76), token(6));
        assert!(has_azure_key(&azure) && has_azure_key(&format!("AccountKey={azure}")));
        assert!(!has_azure_key(&format!("{}+ASt{}==", token(75), token(7))));
        let query =
            |sig: &str| format!("https://a.example.com/c?sv=2024-11-04&se=2026-12-01&sig={sig}");
        assert!(has_shared_signature(&query(&format!("{}%3D", token(43)))));
        assert!(!has_shared_signature(&query("short")));
        assert!(has_app_token(&format!("1308742762612587|{}", token(27))));
        assert!(!has_app_token(&format!("1308742762612587|{}", token(28))));
        assert!(!has_app_token(&format!("13087427626|{}", token(27))));
    }
}
