//! Broken object level authorization.

pub(crate) mod document_delete;
pub(crate) mod document_read;
pub(crate) mod events_follow;
pub(crate) mod graphql_shipment;
pub(crate) mod grpc_container;
pub(crate) mod hook_deliveries;
pub(crate) mod hook_foreign_events;
pub(crate) mod invoice_read;
pub(crate) mod jsonrpc_contract;
pub(crate) mod quote_accept;
pub(crate) mod shipment_read;
pub(crate) mod shipment_update;
pub(crate) mod soap_declaration;
pub(crate) mod tenant_header;
pub(crate) mod websocket_subscribe;
