//! What is described and what is not.

pub mod deprecated_operation_in_use;
pub mod undocumented_endpoint;
