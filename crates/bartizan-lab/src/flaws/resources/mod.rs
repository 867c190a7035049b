//! Unrestricted resource consumption.

pub(crate) mod graphql_batch;
pub(crate) mod graphql_depth;
pub(crate) mod jsonrpc_batch;
pub(crate) mod list_without_limit;
pub(crate) mod otp_cost;
pub(crate) mod preview_size;
pub(crate) mod upload_size;
pub(crate) mod websocket_flood;
pub(crate) mod xml_entities;
