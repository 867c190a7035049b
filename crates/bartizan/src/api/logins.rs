//! Logging in.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use bartizan_model::{LoginSecret, Scope, Timestamp, user::is_user_name};
use bartizan_store::{LoginSession, Store};
use zeroize::Zeroizing;

use super::{password::Hasher, problem::Problem, throttle::Throttle};

/// A session ends after so long, however much it is used.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

/// What logging in needs.
#[derive(Debug, Default)]
pub(super) struct LogIns {
    pub(super) hasher: Hasher,
    throttle: Throttle,
}

impl LogIns {
    /// Whether it is the password of this user. Wrong ones slow down those that follow.
    pub(super) async fn prove(
        &self,
        store: &dyn Store,
        scope: &Scope,
        (name, password): (&str, Zeroizing<String>),
        peer: Option<IpAddr>,
    ) -> Result<(), Problem> {
        // What cannot be a name is not remembered as one: it may be long.
        let name = if is_user_name(name) { name } else { "" };
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        if let Some(wait) = self.throttle.begin(name, peer, Instant::now()) {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many log-ins failed");
            return Err(problem.after(wait.as_secs() + 1));
        }
        let found = store.user(scope, name).await?;
        let hash = found.filter(|(user, _)| !user.disabled).map(|(_, hash)| hash);
        if !self.hasher.is_right(password, hash).await? {
            // Whether there is such a user is nobody's business.
            let title = "user and password do not fit together";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, title));
        }
        self.throttle.succeeded(name, peer);
        Ok(())
    }
}

/// Begins a session of a user, and gives its secret and when it ends.
pub(super) async fn begin(
    store: &dyn Store,
    scope: &Scope,
    user: &str,
) -> Result<(LoginSecret, Timestamp), Problem> {
    let (secret, now) = (secret()?, crate::serve::now());
    let longest = i64::try_from(LONGEST.as_micros()).unwrap_or(i64::MAX);
    let expires = Timestamp::from_micros(now.micros().saturating_add(longest));
    let session = LoginSession { user: user.to_owned(), created: now, used: now, expires };
    store.begin_session(scope, &secret.digest(), &session).await?;
    Ok((secret, expires))
}

/// A new secret.
pub(super) fn secret() -> Result<LoginSecret, Problem> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|error| Problem::internal(&error))?;
    Ok(LoginSecret::from_random(*bytes))
}
