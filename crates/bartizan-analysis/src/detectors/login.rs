//! Recognises login attempts by their shape, whatever the API calls them.

use bartizan_model::{AuthType, Root, Side};
use bartizan_protocols::{NodeRef, Value};

use super::{
    names::Plain,
    objects::{text_hash, value_hash},
};
use crate::{
    facts::Enriched,
    state::{pair, table_key},
};

/// Path words of operations that check a credential.
const LOGIN_WORDS: [&str; 14] = [
    "login",
    "signin",
    "logon",
    "auth",
    "authenticate",
    "authentication",
    "authorize",
    "token",
    "session",
    "sessions",
    "oauth",
    "sso",
    "otp",
    "mfa",
];
/// Path words of operations that take a password for another reason.
const OTHER_WORDS: [&str; 9] = [
    "register",
    "signup",
    "registration",
    "reset",
    "forgot",
    "change",
    "invite",
    "logout",
    "revoke",
];
const SECRETS: [&str; 13] = [
    "password",
    "passwd",
    "pwd",
    "pass",
    "passcode",
    "pin",
    "secret",
    "otp",
    "userpassword",
    "passphrase",
    "clientsecret",
    "loginpassword",
    "motdepasse",
];
const ACCOUNTS: [&str; 20] = [
    "login",
    "username",
    "user",
    "email",
    "mail",
    "emailaddress",
    "useremail",
    "phone",
    "mobile",
    "phonenumber",
    "account",
    "accountid",
    "identifier",
    "userid",
    "loginid",
    "handle",
    "userlogin",
    "clientid",
    "usernameoremail",
    "nickname",
];

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Let in.
    Success,
    /// Refused.
    Failure,
    /// The answer does not tell (redirect, server error).
    Unclear,
}

/// One login attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// Hash of the account; `None` when the body is not there.
    pub account: Option<u64>,
    /// Hash of the secret; `None` when it is masked or absent.
    pub secret: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

/// The login attempt that an exchange is, if it is one.
pub(crate) fn attempt(exchange: &Enriched<'_>) -> Option<Attempt> {
    let facts = &exchange.facts;
    let status = exchange.status()?;
    let basic = facts.credentials.iter().find(|c| c.auth_type == AuthType::Basic);
    if let Some(basic) = basic {
        let outcome = match status {
            401 => Outcome::Failure,
            200..=299 => Outcome::Success,
            _ => Outcome::Unclear,
        };
        let account = basic.names.as_ref().map(|named| table_key(named.hash));
        return Some(Attempt { account, secret: Some(table_key(basic.token)), outcome });
    }
    let request = &facts.exchange.request;
    if !matches!(request.method.as_str(), "POST" | "PUT" | "GET") {
        return None;
    }
    let LoginFields { account, secret, has_secret } = exchange.objects.login;
    let by_fields = account.is_some() && has_secret;
    let by_path_alone = request.method == "POST" && (account.is_some() || blind(facts));
    if !by_fields && !by_path_alone {
        return None;
    }
    let (by_path, other) = path_words(request.path());
    let called = facts.decoded.call.as_ref().map_or("", |call| call.operation.as_str());
    let (by_name, other_name) = path_words(called);
    let (by_path, other) = (by_path || by_name, other || other_name);
    if other || (!by_path && (request.method == "GET" || !by_fields)) {
        return None;
    }
    let outcome = match status {
        200..=299 if says_failed(facts) => Outcome::Failure,
        200..=299 => Outcome::Success,
        401 | 403 | 423 | 429 => Outcome::Failure,
        400 | 404 | 422 if by_fields => Outcome::Failure,
        _ => Outcome::Unclear,
    };
    Some(Attempt { account, secret, outcome })
}

/// Whether the source did not record the body.
fn blind(facts: &crate::facts::Facts<'_>) -> bool {
    facts.exchange.request.body_state != bartizan_model::BodyState::Complete
}

/// Whether a path, or the name of what is called there, has a word of logins, and one of other operations with passwords.
#[must_use]
pub fn path_words(path: &str) -> (bool, bool) {
    let (mut login, mut other) = (false, false);
    for segment in path.split('/').filter(|s| !s.is_empty() && s.len() < 40) {
        let plain = Plain::of(segment);
        let is = |words: &[&str], text: &str| words.contains(&text);
        login |= is(&LOGIN_WORDS, plain.text());
        other |= is(&OTHER_WORDS, plain.text());
        for word in segment.split(['-', '_', '.', ':', ' ', '+']) {
            let plain = Plain::of(word);
            login |= is(&LOGIN_WORDS, plain.text());
            other |= is(&OTHER_WORDS, plain.text());
        }
    }
    (login, other)
}

/// Words of operations by which somebody who has lost a password gets another one.
const RESET_WORDS: [&str; 6] = ["reset", "forgot", "forgotten", "recover", "recovery", "lost"];

/// Whether a path names such an operation.
#[must_use]
pub fn is_reset(path: &str) -> bool {
    let words = path.split(['/', '-', '_', '.', ':', ' ', '+']);
    words.filter(|word| word.len() < 40).any(|word| {
        let plain = Plain::of(word);
        RESET_WORDS.contains(&plain.text())
    })
}

/// What a field is in a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldRole {
    /// Nothing.
    #[default]
    None,
    /// It names the account.
    Account,
    /// It holds the secret.
    Secret,
}

/// The role of a field of that name.
#[must_use]
pub fn role_of(key: &str) -> FieldRole {
    let name = Plain::of(key);
    if ACCOUNTS.contains(&name.text()) {
        FieldRole::Account
    } else if SECRETS.contains(&name.text()) {
        FieldRole::Secret
    } else {
        FieldRole::None
    }
}

/// Account and secret among the fields of a request: the first of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoginFields {
    /// Hash of the account.
    pub(crate) account: Option<u64>,
    /// Hash of the secret; `None` when it is masked.
    pub(crate) secret: Option<u64>,
    /// Whether there is a field for a secret at all.
    pub(crate) has_secret: bool,
}

impl LoginFields {
    /// Looks at one scalar field.
    pub(crate) fn take(&mut self, role: FieldRole, node: NodeRef<'_>, seed: u64) {
        if role == FieldRole::None || (self.account.is_some() && self.has_secret) {
            return;
        }
        if role == FieldRole::Account {
            self.account = self.account.or_else(|| value_hash(node, seed));
        } else {
            self.has_secret = true;
            self.secret = self.secret.or_else(|| unmasked(node, seed));
        }
    }
}

fn unmasked(node: NodeRef<'_>, seed: u64) -> Option<u64> {
    match node.value() {
        Value::Text(text) => {
            let masked = text.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'#'))
                || text.eq_ignore_ascii_case("redacted")
                || text.starts_with(['[', '<']);
            if masked { None } else { text_hash(text, seed).map(|h| pair(h, 1)) }
        }
        _ => value_hash(node, seed),
    }
}

/// Whether a success status comes with a body that says otherwise.
fn says_failed(facts: &crate::facts::Facts<'_>) -> bool {
    let Some(body) = facts.decoded.view.root(Side::Response, Root::Body) else { return false };
    body.children().any(|child| match (child.key(), child.value()) {
        ("success" | "ok" | "authenticated" | "valid", Value::Bool(false)) => true,
        ("error", Value::Text(text)) => !text.is_empty(),
        ("error", Value::Object) => child.children().next().is_some(),
        ("errors", Value::Array) => child.children().next().is_some(),
        ("status" | "result", Value::Text(text)) => {
            let plain = Plain::of(text);
            matches!(plain.text(), "error" | "failed" | "failure" | "denied" | "invalid")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_paths() {
        for path in ["/api/v1/auth/login", "/sign-in", "/oauth/token", "/user_login", "/sessions"] {
            assert_eq!(path_words(path), (true, false), "{path}");
        }
        for path in ["/auth/register", "/auth/password/reset", "/auth/logout"] {
            assert!(path_words(path).1, "{path}");
        }
        assert_eq!(path_words("/authors/7"), (false, false));
        assert!(is_reset("/auth/password/reset") && is_reset("/v1/forgot-password"));
        assert!(!is_reset("/auth/login") && !is_reset("/presets/7"));
        assert_eq!(path_words("mutation login"), (true, false));
        assert_eq!(path_words("user.register"), (false, true));
    }
}
