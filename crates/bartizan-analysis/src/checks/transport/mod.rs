//! What travels unencrypted.

pub mod credentials_over_plain_http;
pub mod missing_hsts;
pub mod plain_http_api;
