//! Improper inventory management.

pub(crate) mod beta_search;
pub(crate) mod internal_document;
pub(crate) mod old_login;
pub(crate) mod old_version;
