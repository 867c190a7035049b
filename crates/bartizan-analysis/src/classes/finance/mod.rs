//! Money of people and companies.

pub mod bic;
pub mod card_expiry;
pub mod card_track;
pub mod credit_score;
pub mod crypto_address;
pub mod income;
pub mod lei;
pub mod securities_id;
