//! Parts of postal addresses.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod postal_code;

/// What members of the family of `postal_address` have in common.
const MEMBER: ClassItem =
    ClassItem::member_of(DataClass("postal_address"), DataGroup::Contact, false);
