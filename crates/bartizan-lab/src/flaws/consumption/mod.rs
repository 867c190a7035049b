//! Unsafe consumption of APIs.

pub(crate) mod carrier_markup;
pub(crate) mod carrier_trust;
pub(crate) mod hook_replay;
pub(crate) mod hook_unsigned;
