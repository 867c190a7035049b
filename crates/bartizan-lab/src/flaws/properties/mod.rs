//! Broken object property level authorization.

pub(crate) mod cost_assignment;
pub(crate) mod graphql_api_key;
pub(crate) mod grpc_pin;
pub(crate) mod jsonrpc_credit;
pub(crate) mod quote_amount;
pub(crate) mod role_assignment;
pub(crate) mod shipment_margin;
pub(crate) mod user_secrets;
