//! Unrestricted access to sensitive business flows.

pub(crate) mod negative_payment;
pub(crate) mod quote_skips_approval;
pub(crate) mod slot_hoarding;
pub(crate) mod voucher_guessing;
pub(crate) mod voucher_reuse;
