//! What is shown that nobody should see.

pub mod debug_endpoint_exposed;
pub mod directory_listing;
pub mod error_details_exposed;
mod frames;
pub mod graphql_introspection_enabled;
pub mod version_disclosure;
