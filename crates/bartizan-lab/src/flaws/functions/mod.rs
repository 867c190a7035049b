//! Broken function level authorization.

pub(crate) mod admin_users;
pub(crate) mod graphql_set_role;
pub(crate) mod grpc_release;
pub(crate) mod invoice_refund;
pub(crate) mod method_override;
pub(crate) mod path_case;
pub(crate) mod soap_void;
pub(crate) mod websocket_broadcast;
pub(crate) mod xmlrpc_close_depot;
