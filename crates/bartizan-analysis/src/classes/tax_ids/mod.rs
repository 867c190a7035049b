//! Numbers of tax payers, by scheme.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod cnpj;
pub mod ein;
pub mod gstin;
pub mod itin;
pub mod vat_number;

/// What members of the family of `tax_id` have in common.
const MEMBER: ClassItem = ClassItem::member_of(DataClass("tax_id"), DataGroup::Financial, false);
