//! Users, sessions and tokens of the administration API.

pub(crate) const ADD_USER: &str = "\
INSERT INTO users (organisation, environment, name, role, disabled, password, must_change, created_at, \
 password_at) \
VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $7) ON CONFLICT DO NOTHING";

pub(crate) const USERS: &str = "\
SELECT name, role, disabled, must_change, created_at, password_at, last_login_at, password FROM users \
WHERE organisation = $1 AND environment = $2 ORDER BY name";

pub(crate) const USER: &str = "\
SELECT name, role, disabled, must_change, created_at, password_at, last_login_at, password FROM users \
WHERE organisation = $1 AND environment = $2 AND name = $3";

pub(crate) const SET_USER: &str = "\
UPDATE users SET role = $4, disabled = $5 \
WHERE organisation = $1 AND environment = $2 AND name = $3";

pub(crate) const SET_PASSWORD: &str = "\
UPDATE users SET password = $4, must_change = $5, password_at = $6 \
WHERE organisation = $1 AND environment = $2 AND name = $3";

pub(crate) const SET_LAST_LOGIN: &str = "\
UPDATE users SET last_login_at = $4 \
WHERE organisation = $1 AND environment = $2 AND name = $3";

pub(crate) const ADD_SESSION: &str = "\
INSERT INTO login_sessions (organisation, environment, digest, user_name, created_at, used_at, \
 expires_at) \
VALUES ($1, $2, $3, $4, $5, $5, $6)";

/// All but the latest `$4` sessions of a user.
pub(crate) const DROP_SURPLUS_SESSIONS: &str = "\
DELETE FROM login_sessions \
WHERE organisation = $1 AND environment = $2 AND user_name = $3 AND digest NOT IN (\
 SELECT digest FROM login_sessions \
 WHERE organisation = $1 AND environment = $2 AND user_name = $3 \
 ORDER BY created_at DESC, digest LIMIT $4)";

/// By its digest alone: it is what tells organisation and environment.
pub(crate) const SESSION: &str = "\
SELECT organisation, environment, user_name, created_at, used_at, expires_at FROM login_sessions \
WHERE digest = $1 AND expires_at > $2";

pub(crate) const SET_SESSION_USED: &str =
    "UPDATE login_sessions SET used_at = $2 WHERE digest = $1 AND used_at < $2";

pub(crate) const END_SESSION: &str = "DELETE FROM login_sessions WHERE digest = $1";

/// All sessions of a user but `$4`.
pub(crate) const END_SESSIONS: &str = "\
DELETE FROM login_sessions \
WHERE organisation = $1 AND environment = $2 AND user_name = $3 AND digest <> $4";

pub(crate) const FORGET_SESSIONS: &str =
    "DELETE FROM login_sessions WHERE expires_at <= $1 OR used_at <= $2";

pub(crate) const ADD_TOKEN: &str = "\
INSERT INTO access_tokens (organisation, environment, id, digest, name, user_name, role, created_at, \
 expires_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

pub(crate) const TOKENS: &str = "\
SELECT organisation, environment, id, name, user_name, role, created_at, expires_at, used_at \
FROM access_tokens WHERE organisation = $1 AND environment = $2 ORDER BY created_at, id";

pub(crate) const TOKEN_COUNT: &str =
    "SELECT COUNT(*) FROM access_tokens WHERE organisation = $1 AND environment = $2";

pub(crate) const TOKEN: &str = "\
SELECT organisation, environment, id, name, user_name, role, created_at, expires_at, used_at \
FROM access_tokens WHERE digest = $1 AND expires_at > $2";

pub(crate) const SET_TOKEN_USED: &str = "\
UPDATE access_tokens SET used_at = $2 \
WHERE digest = $1 AND (used_at IS NULL OR used_at < $2)";

pub(crate) const REMOVE_TOKEN: &str = "\
DELETE FROM access_tokens WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const END_TOKENS: &str = "\
DELETE FROM access_tokens WHERE organisation = $1 AND environment = $2 AND user_name = $3";
