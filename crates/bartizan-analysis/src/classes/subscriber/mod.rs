//! Numbers of mobile subscribers.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod iccid;
pub mod imsi;

/// What members of the family of `imei` have in common.
const MEMBER: ClassItem = ClassItem::member_of(DataClass("imei"), DataGroup::Technical, false);
