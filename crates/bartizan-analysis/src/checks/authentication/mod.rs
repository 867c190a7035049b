//! Who may ask: credentials, how they are sent and whether they are asked for.

pub mod anonymous_sensitive_data;
pub mod basic_authentication;
pub mod credentials_in_url;
pub mod mixed_authentication;
