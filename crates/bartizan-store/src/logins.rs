//! Who may use the administration API: users, their sessions, and their tokens.

use async_trait::async_trait;
use bartizan_model::{LoginDigest, Role, Scope, Timestamp, User, user::is_user_name};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, StoreError};

/// Most users of a scope.
pub const MAX_USERS: u64 = 10_000;
/// Most tokens of a scope.
pub const MAX_TOKENS: u64 = 10_000;
/// Most sessions of a user; a new one ends the oldest.
pub const MAX_SESSIONS: u32 = 32;
/// Longest name of a token, in bytes.
const NAME_BYTES: usize = 128;

/// What to change about a user. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Which user.
    pub name: String,
    /// Their new role.
    pub role: Option<Role>,
    /// Whether they are shut out.
    pub disabled: Option<bool>,
    /// Their new password.
    pub password: Option<NewPassword>,
    /// A session that goes on when the others end.
    pub keep_session: Option<LoginDigest>,
    /// Who decided.
    pub who: String,
    /// When.
    pub now: Timestamp,
}

/// A password, hashed.
#[derive(Clone)]
pub struct NewPassword {
    /// A slow hash in PHC string form.
    pub hash: String,
    /// Whether it only serves to choose another one.
    pub must_change: bool,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPassword(…, must change: {})", self.must_change)
    }
}

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    /// Name of the user.
    pub user: String,
    /// When they logged in.
    pub created: Timestamp,
    /// When it was last used, to a minute or so.
    pub used: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
}

/// A token that a program presents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessToken {
    /// Opaque; shows nothing of the secret.
    pub id: String,
    /// For people.
    pub name: String,
    /// For whom it acts. It can never do more than they can.
    pub user: String,
    /// What it may do at most.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was last used, to a minute or so.
    pub used: Option<Timestamp>,
}

/// Users, sessions and tokens. A secret is looked up by its digest in all scopes: it is what tells the
/// scope of who presents it.
#[async_trait]
pub trait Logins: Send + Sync + std::fmt::Debug {
    /// Adds a user. Audited.
    ///
    /// # Errors
    /// [`StoreError::InvalidChange`] when the name is none or taken, or there are [`MAX_USERS`].
    async fn add_user(
        &self,
        scope: &Scope,
        name: &str,
        role: Role,
        password: &NewPassword,
        who: &str,
        now: Timestamp,
    ) -> Result<User>;
    /// All users by name.
    async fn users(&self, scope: &Scope) -> Result<Vec<User>>;
    /// A user, and the hash of their password.
    async fn user(&self, scope: &Scope, name: &str) -> Result<Option<(User, String)>>;
    /// Changes a user. Audited. Sessions end, but for the one that is kept; tokens end with a password
    /// and when the user is shut out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InvalidChange`] when nobody who can administer would be
    /// left.
    async fn change_user(&self, scope: &Scope, change: &UserChange) -> Result<User>;

    /// Begins a session of a user. Audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    async fn begin_session(
        &self,
        scope: &Scope,
        digest: &LoginDigest,
        session: &LoginSession,
    ) -> Result<()>;
    /// The session with this digest, unless it has ended; with its user, who may be disabled.
    async fn session(
        &self,
        digest: &LoginDigest,
        now: Timestamp,
    ) -> Result<Option<(Scope, LoginSession, User)>>;
    /// Writes down that a session was used.
    async fn touch_session(&self, digest: &LoginDigest, now: Timestamp) -> Result<()>;
    /// Ends a session.
    async fn end_session(&self, digest: &LoginDigest) -> Result<()>;
    /// Forgets, in all scopes, sessions that ended before `now` or were last used before `idle_since`.
    async fn forget_sessions(&self, now: Timestamp, idle_since: Timestamp) -> Result<u64>;

    /// Adds a token. Audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user; [`StoreError::InvalidChange`] when it is
    /// there already, may do more than its user, has no name, ends before it begins, or there are
    /// [`MAX_TOKENS`].
    async fn add_token(
        &self,
        scope: &Scope,
        digest: &LoginDigest,
        token: &AccessToken,
    ) -> Result<()>;
    /// All tokens, oldest first, ended ones among them.
    async fn tokens(&self, scope: &Scope) -> Result<Vec<AccessToken>>;
    /// The token with this digest, unless it has ended; with its user, who may be disabled.
    async fn token(
        &self,
        digest: &LoginDigest,
        now: Timestamp,
    ) -> Result<Option<(Scope, AccessToken, User)>>;
    /// Writes down that a token was used.
    async fn touch_token(&self, digest: &LoginDigest, now: Timestamp) -> Result<()>;
    /// Removes a token. Audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn remove_token(&self, scope: &Scope, id: &str, who: &str, now: Timestamp) -> Result<()>;
}

/// Refuses what cannot be a user.
pub(crate) fn check_new_user(name: &str, count: u64) -> Result<()> {
    if !is_user_name(name) {
        return refuse(
            "user",
            name,
            "a name has 1 to 64 characters of a-z, 0-9, '.', '_', '@', '-'",
        );
    }
    if count >= MAX_USERS {
        return refuse("user", name, "there are as many users as may be");
    }
    Ok(())
}

/// Refuses a change after which nobody could administer.
pub(crate) fn check_change(change: &UserChange, users: &[User]) -> Result<()> {
    let stays_admin = |user: &User| {
        let is_changed = user.name == change.name;
        let role = change.role.filter(|_| is_changed).unwrap_or(user.role);
        let disabled = change.disabled.filter(|_| is_changed).unwrap_or(user.disabled);
        role == Role::Admin && !disabled
    };
    if users.iter().any(stays_admin) {
        return Ok(());
    }
    refuse("user", &change.name, "nobody would be left who can administer")
}

/// Refuses what cannot be a token of this user.
pub(crate) fn check_new_token(token: &AccessToken, user: &User, count: u64) -> Result<()> {
    let refuse = |reason| refuse("token", &token.name, reason);
    let name = &token.name;
    if name.trim().is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        return refuse("its name needs 1 to 128 bytes without control characters");
    }
    if token.role > user.role {
        return refuse("it may not do more than its user");
    }
    if token.expires <= token.created {
        return refuse("its end is not in the future");
    }
    if count >= MAX_TOKENS {
        return refuse("there are as many tokens as may be");
    }
    Ok(())
}

pub(crate) fn refuse<T>(what: &str, name: &str, reason: &'static str) -> Result<T> {
    Err(StoreError::InvalidChange { subject: format!("{what} {name}"), reason })
}
