//! Broken authentication.

pub(crate) mod default_account;
pub(crate) mod expired_token;
pub(crate) mod graphql_unverified_token;
pub(crate) mod key_in_query;
pub(crate) mod login_tells_accounts;
pub(crate) mod login_without_throttle;
pub(crate) mod logout_keeps_session;
pub(crate) mod password_without_old;
pub(crate) mod refresh_reuse;
pub(crate) mod reset_code_in_answer;
pub(crate) mod throttle_forwarded_address;
pub(crate) mod unsigned_token;
pub(crate) mod weak_secret;
pub(crate) mod websocket_anonymous;
pub(crate) mod websocket_foreign_origin;
