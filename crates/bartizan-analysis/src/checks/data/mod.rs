//! What answers carry and where copies of them stay.

pub mod cacheable_sensitive_answer;
pub mod class_against_governance;
pub mod full_card_number_in_response;
pub mod secret_in_response;
