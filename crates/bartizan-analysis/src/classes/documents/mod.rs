//! Documents of identity.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod driving_licence;
pub mod mrz;
pub mod passport;
pub mod voter_id;

/// What members of the family of `identity_document` have in common.
const MEMBER: ClassItem =
    ClassItem::member_of(DataClass("identity_document"), DataGroup::NationalId, true);
