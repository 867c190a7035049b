//! Names of headers, parameters and cookies that carry credentials. General conventions, not a list
//! of products; a name is split into words first, so that `apikey` in `monkapikeyhole` is nothing.

/// Splits a name into lower-case words: at separators, at case changes and between letters and
/// digits stays together. `X-ApiKey` → `x`, `api`, `key`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for ch in name.chars().take(128) {
        if !ch.is_ascii_alphanumeric() || (ch.is_ascii_uppercase() && previous_lower) {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            if !ch.is_ascii_alphanumeric() {
                previous_lower = false;
                continue;
            }
        }
        previous_lower = ch.is_ascii_lowercase() || ch.is_ascii_digit();
        word.push(ch.to_ascii_lowercase());
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Words that make a token something else than a credential of the caller.
const OTHER_TOKENS: &[&str] = &[
    "csrf",
    "xsrf",
    "push",
    "device",
    "page",
    "next",
    "continuation",
    "sync",
    "captcha",
    "recaptcha",
    "idempotency",
    "cancel",
    "reset",
    "refresh",
];

/// Whether a header or parameter of that name carries an API key or token of the caller.
pub(super) fn is_key_name(name: &str) -> bool {
    let words = words(name);
    let has = |w: &str| words.iter().any(|x| x == w);
    if OTHER_TOKENS.iter().any(|w| has(w)) {
        return false;
    }
    let compact: String = words.iter().filter(|w| *w != "x").map(String::as_str).collect();
    has("apikey")
        || has("accesskey")
        || has("appkey")
        || has("authtoken")
        || has("accesstoken")
        || has("authorization")
        || (has("key")
            && ["api", "access", "app", "auth", "subscription", "client", "secret"]
                .iter()
                .any(|w| has(w)))
        || (has("token")
            && [
                "auth", "access", "api", "bearer", "private", "session", "security", "id", "user",
                "jwt",
            ]
            .iter()
            .any(|w| has(w)))
        || matches!(compact.as_str(), "token" | "jwt" | "auth" | "sessionid" | "sid")
}

/// Words of cookie names that are no session: analytics, consent, preferences, anti-forgery.
const OTHER_COOKIES: &[&str] = &[
    "csrf",
    "xsrf",
    "csrftoken",
    "consent",
    "ga",
    "gid",
    "utm",
    "lang",
    "locale",
    "theme",
    "tz",
    "timezone",
    "visitor",
    "ab",
    "test",
    "ads",
    "analytics",
    "amplitude",
    "mp",
    "optimizely",
    "cfduid",
    "cf",
];

/// Whether a cookie of that name carries a session.
pub(super) fn is_session_cookie(name: &str) -> bool {
    let words = words(name);
    if words.iter().any(|w| OTHER_COOKIES.contains(&w.as_str())) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    words.iter().any(|w| {
        matches!(
            w.as_str(),
            "sid"
                | "sess"
                | "session"
                | "sessionid"
                | "ssid"
                | "auth"
                | "jwt"
                | "token"
                | "sso"
                | "login"
                | "remember"
        )
    }) || lower.ends_with("sessid")
        || lower.ends_with("sessionid")
        || lower.ends_with("_session")
        || lower.starts_with("aspxauth")
        || lower.starts_with(".aspnet")
}

/// Whether a value could be a secret: long enough and not a plain word, so that `token=true` or
/// `auth=1` is nothing.
pub(super) fn is_secret_like(value: &str) -> bool {
    let value = value.trim();
    if value.len() < 8 || value.len() > 16 * 1024 || value.contains(char::is_whitespace) {
        return false;
    }
    value.len() >= 16 || value.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a value under a name that surely is that of a credential could be one: anything but
/// switches and empty values.
pub(super) fn is_credential_like(value: &str) -> bool {
    let value = value.trim();
    let switch = ["true", "false", "null", "none", "undefined", "deleted"];
    value.len() >= 4
        && value.len() <= 16 * 1024
        && !switch.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_names_are_told_from_other_tokens() {
        for name in [
            "x-api-key",
            "apikey",
            "api_key",
            "X-ApiKey",
            "access_token",
            "accessToken",
            "x-auth-token",
            "private-token",
            "ocp-apim-subscription-key",
            "token",
            "x-amz-security-token",
            "id_token",
        ] {
            assert!(is_key_name(name), "{name}");
        }
        for name in [
            "x-csrf-token",
            "page_token",
            "nextPageToken",
            "key",
            "keyword",
            "monkey",
            "push_token",
            "idempotency-key",
            "sort_key",
            "content-type",
            "tokenize",
        ] {
            assert!(!is_key_name(name), "{name}");
        }
    }

    #[test]
    fn session_cookies_are_told_from_others() {
        for name in [
            "sid",
            "PHPSESSID",
            "JSESSIONID",
            "connect.sid",
            "ASP.NET_SessionId",
            "my_app_session",
            "authToken",
            "__Host-session",
            "laravel_session",
        ] {
            assert!(is_session_cookie(name), "{name}");
        }
        for name in [
            "_ga",
            "_gid",
            "csrftoken",
            "XSRF-TOKEN",
            "lang",
            "cookie_consent",
            "theme",
            "assessment",
            "visitor_id",
        ] {
            assert!(!is_session_cookie(name), "{name}");
        }
    }
}
