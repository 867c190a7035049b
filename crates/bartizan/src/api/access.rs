//! Who calls, and whether they may.
//!
//! A browser presents the cookie of a session, and for every change also a value that only a page of
//! the dashboard can know: a page of somebody else can make a browser send the cookie, but cannot read
//! that value. A program presents a token (RFC 6750). When both come, the token counts alone.

use std::time::Duration;

use axum::http::{HeaderMap, header, request::Parts, uri::Uri};
use bartizan_model::{LoginDigest, LoginSecret, Role, Scope, Timestamp, User};

use super::{
    Api, BASE,
    operation::{Needs, is_change},
    problem::Problem,
};

/// Name of the cookie of a session.
pub(super) const COOKIE: &str = "bartizan_session";
/// Header of the value that a page has to send with every change.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";
/// A session that is not used for so long ends.
pub(super) const IDLE: Duration = Duration::from_secs(3_600);
/// How exactly it is known when a session or token was last used.
const TOUCH: Duration = Duration::from_secs(60);

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Whose data they see.
    pub(super) scope: Scope,
    pub(super) user: User,
    /// What they may do here: a token may do less than its user.
    pub(super) role: Role,
    /// Their session; a token has none.
    pub(super) session: Option<OpenSession>,
}

/// A session that a call belongs to.
#[derive(Clone, Debug)]
pub(super) struct OpenSession {
    pub(super) digest: LoginDigest,
    pub(super) csrf_token: LoginDigest,
    pub(super) expires: Timestamp,
}

impl Api {
    /// Refuses callers of another organisation or environment than the server's own.
    pub(super) fn own(&self, caller: &Caller) -> Result<(), Problem> {
        if caller.scope == self.0.scope { Ok(()) } else { Err(Problem::not_found()) }
    }
}

/// Finds out who calls, and refuses those who may not do what needs this.
pub(super) async fn admit(
    api: &Api,
    parts: &Parts,
    needs: Needs,
) -> Result<Option<Caller>, Problem> {
    let headers = &parts.headers;
    let changes = is_change(&parts.method);
    if changes && is_foreign(headers) {
        return Err(Problem::forbidden("the page that asks is not of this server"));
    }
    let Needs::Role(least) = needs else { return Ok(None) };
    let caller = if headers.contains_key(header::AUTHORIZATION) {
        by_token(api, headers).await?
    } else {
        let caller = by_session(api, headers).await?;
        let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        let proves = caller.session.as_ref().zip(sent);
        if changes && !proves.is_some_and(|(session, sent)| session.csrf_token.is_text(sent)) {
            let detail =
                format!("every change needs {CSRF_HEADER}, as GET {BASE}/session gives it");
            return Err(Problem::forbidden(detail));
        }
        caller
    };
    if caller.user.must_change_password && !is_about_session(&parts.uri) {
        let detail = format!("choose another password first: PUT {BASE}/session/password");
        return Err(Problem::forbidden(detail));
    }
    if caller.role < least {
        let detail = format!("it takes the role {least}; you are {}", caller.role);
        return Err(Problem::forbidden(detail));
    }
    Ok(Some(caller))
}

/// What somebody can do whose password only serves to choose another one.
fn is_about_session(uri: &Uri) -> bool {
    let below = uri.path().strip_prefix(BASE).unwrap_or_default();
    matches!(below, "/session" | "/session/password")
}

/// Whether a browser says that another site asks. Programs say nothing.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    // The host has been compared with those of this server before.
    let host = text(header::HOST).unwrap_or_default();
    text(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        origin != Some(host)
    })
}

async fn by_session(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let secret = cookie(headers).ok_or_else(Problem::unauthenticated)?;
    let (digest, now) = (secret.digest(), crate::serve::now());
    let store = api.store()?;
    let found = store.session(&digest, now).await?;
    let (scope, session, user) = found.ok_or_else(Problem::unauthenticated)?;
    if user.disabled || before(now, IDLE) > session.used {
        return Err(Problem::unauthenticated());
    }
    if before(now, TOUCH) > session.used {
        // Only tells how long it was idle.
        let _ = store.touch_session(&digest, now).await;
    }
    let session = OpenSession { digest, csrf_token: secret.csrf_token(), expires: session.expires };
    Ok(Caller { scope, role: user.role, user, session: Some(session) })
}

async fn by_token(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).unwrap_or_default();
    let secret = LoginSecret::parse_token(token.trim());
    let secret = secret.filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    let digest = secret.ok_or_else(Problem::unauthenticated)?.digest();
    let (now, store) = (crate::serve::now(), api.store()?);
    let found = store.token(&digest, now).await?;
    let (scope, token, user) = found.ok_or_else(Problem::unauthenticated)?;
    if user.disabled {
        return Err(Problem::unauthenticated());
    }
    if token.used.is_none_or(|used| before(now, TOUCH) > used) {
        let _ = store.touch_token(&digest, now).await;
    }
    Ok(Caller { scope, role: user.role.min(token.role), user, session: None })
}

/// The secret in the cookie. Of several the first counts; a wrong one is none.
pub(super) fn cookie(headers: &HeaderMap) -> Option<LoginSecret> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim() == COOKIE)?;
    LoginSecret::parse(value.trim())
}

pub(super) fn before(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().saturating_sub(micros))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (header::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn pages_of_other_sites_are_told_apart() {
        let host = ("host", "127.0.0.1:9900");
        for own in [
            headers(&[host]),
            headers(&[host, ("origin", "http://127.0.0.1:9900")]),
            headers(&[
                host,
                ("sec-fetch-site", "same-origin"),
                ("origin", "http://127.0.0.1:9900"),
            ]),
            headers(&[host, ("sec-fetch-site", "none")]),
        ] {
            assert!(!is_foreign(&own), "{own:?}");
        }
        for foreign in [
            headers(&[host, ("origin", "http://127.0.0.1:3000")]),
            headers(&[host, ("origin", "http://127.0.0.1")]),
            headers(&[host, ("origin", "null")]),
            headers(&[host, ("origin", "")]),
            headers(&[host, ("origin", "127.0.0.1:9900")]),
            headers(&[host, ("sec-fetch-site", "cross-site")]),
            headers(&[host, ("sec-fetch-site", "same-site")]),
        ] {
            assert!(is_foreign(&foreign), "{foreign:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let value = "ab".repeat(32);
        let line = |text: String| {
            let mut map = HeaderMap::new();
            map.insert(header::COOKIE, HeaderValue::from_str(&text).expect("text"));
            map
        };
        let is_there = |text: String| cookie(&line(text)).is_some();
        assert!(is_there(format!("a=b; {COOKIE}={value}; c")));
        assert!(is_there(format!("{COOKIE}={value}")));
        assert!(!is_there(format!("x{COOKIE}={value}")));
        assert!(!is_there(format!("{COOKIE}=; {COOKIE}={value}")));
        assert!(!is_there(format!("{COOKIE}={value}0")));
    }
}
