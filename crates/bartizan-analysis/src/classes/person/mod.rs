//! What describes a person or names them.

pub mod age;
pub mod biometric_template;
pub mod disability;
pub mod employee_number;
pub mod ethnicity;
pub mod gender;
pub mod loyalty_number;
pub mod marital_status;
pub mod nationality;
pub mod place_of_birth;
pub mod political_affiliation;
pub mod religion;
pub mod sexual_orientation;
pub mod social_handle;
pub mod student_number;
pub mod union_membership;
pub mod username;
