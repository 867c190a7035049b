//! National forms of bank accounts.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod clabe;
pub mod routing_number;
pub mod sort_code;

/// What members of the family of `bank_account` have in common.
const MEMBER: ClassItem =
    ClassItem::member_of(DataClass("bank_account"), DataGroup::Financial, true);
