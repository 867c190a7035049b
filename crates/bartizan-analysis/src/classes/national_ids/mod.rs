//! Identity numbers that laws name.

use bartizan_model::{DataClass, data_class::DataGroup};

use super::ClassItem;

pub mod aadhaar;
pub mod bsn;
pub mod canadian_sin;
pub mod chinese_id;
pub mod codice_fiscale;
pub mod cpf;
pub mod curp;
pub mod french_nir;
pub mod german_tax_id;
pub mod indian_pan;
pub mod korean_rrn;
pub mod my_number;
pub mod nhs_number;
pub mod nino;
pub mod nric;
pub mod personnummer;
pub mod pesel;
pub mod rut;
pub mod spanish_id;
pub mod tax_file_number;

/// What members of the family of `national_id` have in common.
const MEMBER: ClassItem =
    ClassItem::member_of(DataClass("national_id"), DataGroup::NationalId, true);
