//! What changes in a message on its way through.

pub(crate) mod client;
pub(crate) mod fields;
pub(crate) mod ids;
pub(crate) mod own_keys;
