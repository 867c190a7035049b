//! Kinds of passwords and codes.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod card_verification;
pub mod one_time_code;
pub mod password_hash;
pub mod pin;
pub mod recovery_code;
pub mod security_answer;

/// What members of the family of `password` have in common.
const MEMBER: ClassItem = ClassItem::member_of(DataClass("password"), DataGroup::Credential, true);
