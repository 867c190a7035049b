//! JSON Web Tokens.

pub mod jwt_long_lifetime;
pub mod jwt_without_expiry;
pub mod jwt_without_signature;
pub mod personal_data_in_jwt;
