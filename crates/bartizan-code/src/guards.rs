//! Tells guards from other things that stand before a handler.
//!
//! What a function does says more than how it is called: one whose body refuses with 401 or 403 is
//! a guard. Where the body is not in the folder that was read (it comes from a package), the words
//! of its name decide.

use crate::route::Effect;

/// Words that say *credentials are asked for*, as part of a name split at case and punctuation.
const DEMANDS: &[&str] = &[
    "acl",
    "admin",
    "admins",
    "auth",
    "authed",
    "authenticate",
    "authenticated",
    "authentication",
    "authn",
    "authorization",
    "authorize",
    "authorized",
    "authz",
    "bearer",
    "entitled",
    "guard",
    "jwt",
    "jwtauth",
    "keycloak",
    "loggedin",
    "login",
    "member",
    "oauth",
    "oauth2",
    "oidc",
    "passport",
    "permission",
    "permissions",
    "permit",
    "policy",
    "protect",
    "protected",
    "rbac",
    "role",
    "roles",
    "scope",
    "scopes",
    "secured",
    "signedin",
    "staff",
    "superuser",
    "token",
    "verified",
    "apikey",
    "authorise",
    "authorised",
    "authorisation",
    "sanctum",
];

/// Words that take it back: the name is of something else, or of a guard that lets everybody in.
const DEMANDS_NOT: &[&str] = &[
    "anonymous",
    "csrf",
    "xsrf",
    "guest",
    "guests",
    "log",
    "logger",
    "logging",
    "maybe",
    "optional",
    "optionally",
    "public",
    "rate",
    "limit",
    "limiter",
    "stats",
    "throttle",
    "unauthenticated",
    "cors",
    "load",
    "attach",
    "cache",
    "metrics",
];

/// Pairs of neighbouring words that say *credentials are asked for* only together.
const DEMANDS_TOGETHER: &[(&str, &str)] = &[
    ("api", "key"),
    ("logged", "in"),
    ("signed", "in"),
    ("current", "user"),
    ("require", "user"),
    ("requires", "user"),
    ("require", "session"),
    ("verify", "user"),
    ("active", "user"),
    ("check", "user"),
    ("check", "session"),
    ("valid", "session"),
    ("ensure", "user"),
    ("sign", "in"),
];

/// What a name alone says about the effect on a caller without credentials; `None` when it does
/// not look like a guard.
#[must_use]
pub fn by_name(name: &str) -> Option<Effect> {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(DEMANDS_NOT) {
        return None;
    }
    let together = words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        DEMANDS_TOGETHER.contains(&(first.as_str(), second.as_str()))
    });
    (together || has(DEMANDS)).then_some(Effect::Demands)
}

/// First words of names of what asks for credentials, and does not answer a caller who gives them.
const ASKS: &[&str] = &[
    "assert",
    "authenticate",
    "authenticated",
    "authorise",
    "authorize",
    "check",
    "enforce",
    "ensure",
    "has",
    "must",
    "need",
    "needs",
    "protect",
    "require",
    "required",
    "requires",
    "secure",
    "validate",
    "verify",
];

/// Last words of names of what asks.
const ASKED: &[&str] = &["guard", "middleware", "only", "protected", "required"];

/// Words of names of what answers or helps, and asks for nothing.
const HELPS: &[&str] = &[
    "backend",
    "config",
    "controller",
    "factory",
    "handler",
    "handlers",
    "manager",
    "page",
    "provider",
    "repository",
    "service",
    "store",
    "url",
];

/// Whether something of that name, which is not in the folder, asks for credentials when it is put around a handler
/// that is not in the folder either. [`by_name`] alone would take `auth.Login(users)`, a handler made of what it
/// needs, for a guard: here the name has to say what is done, too.
#[must_use]
pub fn asks_by_name(name: &str) -> bool {
    let words = words(name);
    let own = words_of_last(name);
    let is_in = |word: Option<&String>, list: &[&str]| {
        word.is_some_and(|word| list.contains(&word.as_str()))
    };
    let is_with = own.first().is_some_and(|word| word == "with") && own.len() > 1;
    by_name(name).is_some()
        && !words.iter().any(|word| HELPS.contains(&word.as_str()))
        && (is_with || is_in(own.first(), ASKS) || is_in(own.last(), ASKED))
}

/// Words of the last part of a dotted name.
fn words_of_last(name: &str) -> Vec<String> {
    words(name.rsplit('.').next().unwrap_or(name))
}

/// Whether the text of a function refuses callers: it answers 401 or 403, or throws what does.
#[must_use]
pub fn refuses(body: &str) -> bool {
    const SIGNS: &[&str] = &[
        "401",
        "403",
        "unauthorized",
        "unauthorised",
        "forbidden",
        "notauthenticated",
        "permissiondenied",
        "permission_denied",
        "accessdenied",
        "authenticationexception",
        "authorizationexception",
        "notauthorized",
        "not_authenticated",
        "not authenticated",
    ];
    let lower = body.to_ascii_lowercase();
    SIGNS.iter().any(|sign| {
        lower.match_indices(sign).any(|(at, _)| {
            // A number must stand alone: 1403 and 4011 are others.
            let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
            let bytes = lower.as_bytes();
            !sign.starts_with('4')
                || !is_digit(at.checked_sub(1).and_then(|at| bytes.get(at)))
                    && !is_digit(bytes.get(at + sign.len()))
        })
    })
}

/// What a guard does by its name and, where they are known, the texts of what has that name.
///
/// A body that refuses demands; one that does not is no guard, unless it hands on to something
/// whose name says so (`return passport.authenticate('jwt')(…)`) and its own name says so too.
pub fn effect<'a>(name: &str, bodies: impl IntoIterator<Item = &'a str>) -> Option<Effect> {
    let mut is_known = false;
    for body in bodies {
        if refuses(body) {
            let words = words(name);
            let is_soft = words.iter().any(|word| matches!(word.as_str(), "optional" | "maybe"));
            return (!is_soft).then_some(Effect::Demands);
        }
        is_known = true;
    }
    let named = by_name(name)?;
    // Known and without a refusal: believed by its name, for it may call what refuses.
    let _ = is_known;
    Some(named)
}

/// Words of a name in lower case, split at punctuation and where case changes.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().take(crate::route::MAX_NAME_BYTES).collect();
    for (at, &c) in chars.iter().enumerate() {
        let is_break = !c.is_alphanumeric();
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let starts = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || chars.get(at + 1).is_some_and(|next| next.is_lowercase()));
        if (is_break || starts) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if !is_break {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_guards_are_told_from_others() {
        for name in [
            "requireAuth",
            "login_required",
            "passport.authenticate('jwt')",
            "JwtAuthGuard",
            "ensureLoggedIn",
            "[Authorize]",
            "get_current_user",
            "IsAuthenticated",
            "auth:sanctum",
            "before_action :authenticate_user!",
            "hasRole('ADMIN')",
            "verifyApiKey",
            "AuthMiddleware()",
        ] {
            assert_eq!(by_name(name), Some(Effect::Demands), "{name}");
        }
        for name in [
            "authorStats",
            "cors()",
            "express.json()",
            "csrfProtection",
            "rateLimit",
            "requestLogger",
            "optionalAuth",
            "helmet",
            "authors",
            "upload.single('file')",
            "validateBody(schema)",
            "guest",
        ] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_put_around_a_handler_asks_where_its_name_says_so() {
        for name in [
            "requireAuth",
            "auth.RequireUser",
            "middleware.VerifyToken",
            "withAuth",
            "adminOnly",
            "authMiddleware",
            "ensureLoggedIn",
            "session.Protect",
            "checkPermission",
        ] {
            assert!(asks_by_name(name), "{name}");
        }
        for name in ["auth.Login", "tokenHandler", "requireJSON", "auth.NewService", "withLogger"] {
            assert!(!asks_by_name(name), "{name}");
        }
    }

    #[test]
    fn a_body_that_refuses_is_a_guard_whatever_it_is_called() {
        let gate =
            "function gate(req, res, next) { if (!req.user) return res.status(401).end(); next() }";
        assert_eq!(effect("gate", [gate]), Some(Effect::Demands));
        assert_eq!(effect("gate", ["function gate(a, b, next) { next() }"]), None);
        assert!(!refuses("const PORT = 14013;"));
    }
}
