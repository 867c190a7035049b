//! Secrets and passwords that a name in the same text tells: settings, header lines, queries and
//! pieces of JSON (`api_key=…`, `X-Api-Key: …`, `"client_secret": "…"`), and credentials on a
//! command line (`curl -u name:password`), of Bundler and of `.netrc`.
//!
//! Texts hold much that only looks so: code that hands a secret on, templates, sentences. So a value
//! must be opaque, with letters and digits mixed, and stand where its name is written as a name.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Candidate, Certainty, Recognised, Shape,
    form::BY_PRIORITY,
    names::FieldName,
    password,
    placeholder::{is_placeholder, is_reference},
    secret,
};

/// Longest name that is looked up, in bytes.
const MAX_NAME: usize = 48;
/// Most names that are looked up in one text.
const MAX_NAMES: usize = 64;
/// Longest value that is looked at, in bytes; longer ones are cut.
const MAX_VALUE: usize = 512;
/// Most bytes between a name, the sign behind it and its value.
const MAX_GAP: usize = 8;
/// Fewest bytes of a run of letters and digits in an opaque value.
const MIN_RUN: usize = 8;
/// Fewest bytes of a password.
const MIN_PASSWORD: usize = 6;
/// Most bytes between the beginning of a tag and the value in it.
const MAX_TAG: usize = 96;

/// What names of files end with.
const FILES: &[&str] = &[
    ".json",
    ".pem",
    ".key",
    ".crt",
    ".yaml",
    ".yml",
    ".txt",
    ".js",
    ".ts",
    ".jar",
    ".xml",
    ".html",
    ".properties",
    ".env",
    ".log",
    ".zip",
];

/// The classes whose names are looked for.
static FAMILIES: u64 = {
    let (mut mask, mut i) = (0, 0);
    while i < BY_PRIORITY.len() {
        let priority = BY_PRIORITY[i].priority;
        if priority == secret::CLASS.priority || priority == password::CLASS.priority {
            mask |= 1 << i;
        }
        i += 1;
    }
    mask
};

/// Reports what names and commands in the text of `candidate` tell.
pub(super) fn search(candidate: &Candidate<'_>, mut report: impl FnMut(Recognised)) {
    let (text, shape) = (candidate.text, &candidate.shape);
    if shape.colons + shape.other == 0 && shape.spaces < 5 {
        return;
    }
    for (name, value) in pairs(text).take(MAX_NAMES) {
        if let Some(recognised) = recognise(candidate, name, value) {
            report(recognised);
        }
    }
    let has = |word: &[u8]| memchr::memmem::find(text.as_bytes(), word).is_some();
    let may_command = shape.spaces >= 2 && shape.dashes > 0 && shape.colons > 0;
    if (may_command && has(b"curl") && has_login(text))
        || (shape.colons > 0 && shape.upper >= 8 && has(b"BUNDLE_") && has_source_login(text))
        || (shape.spaces >= 5 && has(b"machine ") && has_machine_login(text))
    {
        report(Recognised::new(password::CLASS.class, Certainty::Context));
    }
}

/// What a value is under that name.
fn recognise(candidate: &Candidate<'_>, name: &str, value: &str) -> Option<Recognised> {
    // Settings of Docker and npm hold a login in Base64.
    if name.trim_start_matches('_').eq_ignore_ascii_case("auth") {
        let class = password::CLASS.class;
        return is_login_in_base64(value).then(|| Recognised::new(class, Certainty::Context));
    }
    let name = FieldName::new("", name);
    let context = name.context();
    let mask = context.mask & FAMILIES;
    if mask == 0 {
        return None;
    }
    let (scheme, value) = credential_of(value);
    let mut inner = Candidate {
        text: value,
        shape: Shape::of(value),
        name: &name,
        is_identifier: context.is_identifier,
        ..*candidate
    };
    if scheme.eq_ignore_ascii_case("basic") && is_login_in_base64(value) {
        return Some(Recognised::new(secret::CLASS.class, Certainty::Context));
    }
    // Those have a class of their own.
    if value.starts_with("eyJ") && value.contains('.') {
        return None;
    }
    let found = super::recognise(&mut inner, mask, mask)?;
    let is_told = if found.family == password::CLASS.class {
        inner.shape.len >= MIN_PASSWORD
            && inner.shape.digits > 0
            && inner.shape.letters() > 0
            && (is_opaque(value) || !value.contains('.'))
    } else {
        is_opaque(value)
    };
    is_told.then_some(found)
}

/// Names of secrets and the values behind them, in order.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    memchr::memchr2_iter(b'=', b':', text.as_bytes()).filter_map(|at| {
        let name = name_before(text, at).or_else(|| key_before(text, at))?;
        Some((name, value_behind(text, at + 1)?))
    })
}

/// The name that ends before the sign at `at`, if it may be that of a secret.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let before = text.as_bytes().get(..at)?;
    let gap = before.iter().rev().take(MAX_GAP).take_while(|b| b" \t\"'\\]".contains(b)).count();
    let before = before.get(..at - gap)?;
    if !ends_as_secret(before) {
        return None;
    }
    let in_name = |b: &&u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let len = before.iter().rev().take(MAX_NAME + 1).take_while(in_name).count();
    let start = before.len() - len;
    let name = text.get(start..before.len()).filter(|_| len <= MAX_NAME)?;
    match start.checked_sub(1).and_then(|i| before.get(i)) {
        // Addresses of files and pages are full of tokens that pass.
        Some(b'?' | b'&') if name.eq_ignore_ascii_case("token") => None,
        Some(b) if !b.is_ascii_whitespace() && !b"\"'`\\?&;,{([<$@|".contains(b) => None,
        _ => Some(name),
    }
}

/// The name in `<add key="NAME" value=…`, as settings of .NET are written.
fn key_before(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at)?.strip_suffix("value")?.trim_end();
    let from = before.ceil_char_boundary(before.len().saturating_sub(MAX_TAG));
    let (_, tag) = before.get(from..)?.rsplit_once('<')?;
    let (_, rest) = tag.split_once(" key=\"")?;
    let (name, _) = rest.split_once('"')?;
    (name.len() <= MAX_NAME && ends_as_secret(name.as_bytes())).then_some(name)
}

/// Whether a name ends as those of secrets and passwords do; a cheap test of its last letters.
fn ends_as_secret(name: &[u8]) -> bool {
    let [.., a, b, c] = name else { return false };
    // key, token, secret, password, passwd, pwd, pass, passphrase, credential, authorization, auth
    matches!(
        &[a | 32, b | 32, c | 32],
        b"key"
            | b"ken"
            | b"ret"
            | b"ord"
            | b"swd"
            | b"pwd"
            | b"ass"
            | b"ase"
            | b"ial"
            | b"ion"
            | b"uth"
    )
}

/// The value from `from` on: what stands in quotation marks, or up to white space or punctuation.
fn value_behind(text: &str, from: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let rest = bytes.get(from..)?;
    let sign = from.checked_sub(1).and_then(|i| bytes.get(i))?;
    let before = from.checked_sub(2).and_then(|i| bytes.get(i));
    let gap = match (sign, rest.first()) {
        // `!=` and the second half of `==` and `::`.
        _ if before.is_some_and(|b| b"=!<>:".contains(b)) => return None,
        (b'=', Some(b'=')) | (b':', Some(b':')) => return None,
        (b'=', Some(b'>')) | (b':', Some(b'=')) => 1 + blanks(rest.get(1..).unwrap_or_default()),
        _ => blanks(rest),
    };
    let start = from + gap;
    let before = bytes.get(start - 1).copied().filter(|b| b"\"'".contains(b));
    let value = bytes.get(start..)?.iter().take(MAX_VALUE);
    let len = match before {
        Some(mark) => {
            value.take_while(|b| b.is_ascii_graphic() && **b != mark && **b != b'\\').count()
        }
        None => {
            // A scheme of authentication stands before the credential.
            let scheme = scheme_len(bytes.get(start..)?);
            let is_end = |b: u8| !b.is_ascii_graphic() || b"\"'`,;&<>(){}[]|\\".contains(&b);
            scheme + value.skip(scheme).take_while(|b| !is_end(**b)).count()
        }
    };
    // A function that is called.
    if bytes.get(start + len) == Some(&b'(') {
        return None;
    }
    text.get(start..start + len).filter(|value| value.len() >= MIN_PASSWORD)
}

/// White space and marks of quotation at the beginning.
fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take(MAX_GAP).take_while(|b| b" \t\"'\\".contains(b)).count()
}

/// Bytes of a scheme of authentication and the space behind it (RFC 9110 section 11.1).
fn scheme_len(bytes: &[u8]) -> usize {
    ["basic ", "bearer ", "token ", "apikey "]
        .iter()
        .find(|scheme| {
            bytes.get(..scheme.len()).is_some_and(|b| b.eq_ignore_ascii_case(scheme.as_bytes()))
        })
        .map_or(0, |scheme| scheme.len())
}

/// Scheme and credential: `Bearer x`; no scheme where there is none.
fn credential_of(value: &str) -> (&str, &str) {
    value.split_once(' ').map_or(("", value), |(scheme, rest)| (scheme, rest.trim_start()))
}

/// Whether letters and digits are mixed in one run of them, so that no word of a language or code is
/// meant, and it is no path.
fn is_opaque(value: &str) -> bool {
    let is_path = value.strip_prefix('/').is_some_and(|rest| rest.contains('/'));
    let is_file = FILES.iter().any(|ending| value.ends_with(ending));
    !is_path
        && !is_file
        && value.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
            run.len() >= MIN_RUN
                && run.bytes().filter(u8::is_ascii_digit).count() >= 2
                && run.bytes().any(|b| b.is_ascii_alphabetic())
        })
}

/// Whether a name and a password in Base64 (RFC 7617).
fn is_login_in_base64(value: &str) -> bool {
    STANDARD
        .decode(value)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|login| is_login(&login))
}

/// Whether `-u name:password` or `--user name:password` stands in a command.
fn has_login(text: &str) -> bool {
    let short = text.match_indices(" -u").map(|(at, sign)| at + sign.len());
    let long = text.match_indices(" --user").map(|(at, sign)| at + sign.len());
    let long = long.filter(|at| text.as_bytes().get(*at).is_some_and(|b| b" ='\"".contains(b)));
    short.chain(long).any(|at| {
        let rest = text.get(at..).unwrap_or("").trim_start_matches([' ', '=']);
        let mark = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let login = match mark {
            Some(mark) => rest.get(1..).and_then(|rest| rest.split(mark).next()),
            None => rest.split_ascii_whitespace().next(),
        };
        login.is_some_and(is_login)
    })
}

/// Whether a login for a source of gems stands in settings of Bundler: `BUNDLE_HOST__EXAMPLE=name:password`,
/// with two underscores for each dot of the host.
fn has_source_login(text: &str) -> bool {
    text.match_indices("BUNDLE_").take(MAX_NAMES).any(|(at, _)| {
        let rest = text.get(at..).unwrap_or("");
        let in_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let (name, rest) = rest.split_at(rest.find(|c: char| !in_name(c)).unwrap_or(rest.len()));
        let value = rest.get(..rest.len().min(MAX_VALUE)).unwrap_or("");
        let value = value.trim_start_matches([' ', '=', ':', '"', '\'']);
        let end = value.find(|c: char| c.is_whitespace() || "\"'`;".contains(c));
        name.contains("__") && is_login(value.get(..end.unwrap_or(value.len())).unwrap_or(""))
    })
}

/// Whether `machine … login … password …` stands in a text as in a file `.netrc`.
fn has_machine_login(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word != "login" {
            continue;
        }
        if let (Some(name), Some("password"), Some(password)) =
            (words.next(), words.next(), words.next())
        {
            let is_given = |part: &str| !is_reference(part) && !is_placeholder(part);
            if password.len() >= MIN_PASSWORD && is_given(name) && is_given(password) {
                return true;
            }
        }
    }
    false
}

/// Whether a name and a password, neither put in from elsewhere nor a word for it.
fn is_login(login: &str) -> bool {
    let Some((name, password)) = login.split_once(':') else { return false };
    let is_given = |part: &str| !part.is_empty() && !is_reference(part);
    login.len() <= MAX_VALUE
        && password.len() >= 3
        && !password.starts_with("//")
        && is_given(name)
        && is_given(password)
        && !is_placeholder(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(&str, &str)> {
        pairs(text).next()
    }

    #[test]
    fn names_and_values_are_found_as_people_write_them() {
        for (text, name, value) in [
            ("API_KEY=abc12345", "API_KEY", "abc12345"),
            ("export API_KEY='abc 12345'", "API_KEY", "abc"),
            (r#"{"token": "abc12345"}"#, "token", "abc12345"),
            (r#"{\"token\": \"abc12345\"}"#, "token", "abc12345"),
            ("secret := \"abc12345\"", "secret", "abc12345"),
            ("'secret' => 'abc12345',", "secret", "abc12345"),
            ("-H 'X-Api-Key: abc12345'", "X-Api-Key", "abc12345"),
            ("Server=db;Password=abc12345;", "Password", "abc12345"),
            ("Authorization: Token abc12345", "Authorization", "Token abc12345"),
        ] {
            let expected = (value.len() >= MIN_PASSWORD).then_some((name, value));
            assert_eq!(first(text), expected, "{text}");
        }
    }

    #[test]
    fn comparisons_calls_and_parts_of_addresses_are_no_values() {
        for text in [
            "if token == 'abc12345'",
            "token != 'abc12345'",
            "Secret::abc12345",
            "token = refresh12(x)",
            "https://files.example.com/a?token=abc12345",
            "registry.example.com/:_authToken=abc12345",
            "key=",
            "monkeys: abc12345",
            "=====",
            ":::::",
            "key=\"",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn names_in_tags_and_logins_of_tools_are_found() {
        let setting = |key: &str| format!(r#"<add key="{key}" value="abc12345" />"#);
        let last = |text: &str| pairs(text).last().map(|(name, _)| name.to_owned());
        assert_eq!(last(&setting("ApiKey")).as_deref(), Some("ApiKey"));
        // What stands behind the word `key`, and no more.
        assert_eq!(last(&setting("Server")).as_deref(), Some("key"));
        assert_eq!(first(r#"<input name="token" value="abc12345">"#), None);
        for text in [
            "BUNDLE_GEMS__EXAMPLE__COM=yqDVtkqP:ECriaLRi",
            "BUNDLE_GEMS__EXAMPLE__COM: \"yqDVtkqP:ECriaLRi\"",
        ] {
            assert!(has_source_login(text), "{text}");
        }
        for text in [
            "BUNDLE_PATH=vendor:bundle",
            "BUNDLE_GEMS__EXAMPLE__COM=$NAME:$PASSWORD",
            "BUNDLE_MIRROR__HTTPS=https://gems.example.com",
            "BUNDLE_",
        ] {
            assert!(!has_source_login(text), "{text}");
        }
        assert!(has_machine_login("machine api.example.com login dev password yqDVtkqP"));
        assert!(!has_machine_login("machine api.example.com login dev password ${PASSWORD}"));
        assert!(!has_machine_login("the machine asks at login for a password or a key"));
    }

    #[test]
    fn opaque_values_mix_letters_and_digits() {
        for value in
            ["c4ed6c21-9dd5-4a05-8e3f-c56d1151cce8", "Zk3v9dK2q2LmX7", "/a7Kq2ZpL9xWm4Rt+8"]
        {
            assert!(is_opaque(value), "{value}");
        }
        for value in [
            "config.OAuth2.accessToken",
            "NEXUS-GPT4-API-KEY",
            "/run/secrets/key20261122",
            "service-account-9f3a21bc7d.json",
            "1234567890",
            "abcdefghijkl",
        ] {
            assert!(!is_opaque(value), "{value}");
        }
    }

    #[test]
    fn logins_of_commands_are_found() {
        for text in [
            "curl -u dev:yqDVtkqP https://x",
            "curl https://x --user 'dev:yqDVtkqP'",
            "curl -udev:yqDVtkqP https://x",
        ] {
            assert!(has_login(text), "{text}");
        }
        for text in [
            "curl -u name:token x",
            "curl -u \"$NAME:$PASSWORD\" x",
            "curl -u ${NAME}:${PASSWORD} x",
            "curl --user-agent a:yqDVtkqP x",
            "curl -u dev x",
            "curl -u",
        ] {
            assert!(!has_login(text), "{text}");
        }
        assert!(is_login_in_base64(&STANDARD.encode("dev:yqDVtkqP")));
        assert!(!is_login_in_base64(&STANDARD.encode("no login here")));
    }
}
