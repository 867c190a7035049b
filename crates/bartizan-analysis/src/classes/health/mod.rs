//! Health of people and those who look after it.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod blood_group;
pub mod dea_number;
pub mod diagnosis;
pub mod genetic_data;
pub mod health_measurement;
pub mod medical_record_number;
pub mod medicare_number;
pub mod medication;
pub mod npi;

/// What members of the family of `health_id` have in common.
const MEMBER: ClassItem = ClassItem::member_of(DataClass("health_id"), DataGroup::Health, true);
