//! Security misconfiguration.

pub(crate) mod backup_file;
pub(crate) mod cookie_flags;
pub(crate) mod cors_reflects;
pub(crate) mod debug_variables;
pub(crate) mod error_details;
pub(crate) mod graphql_get_mutation;
pub(crate) mod graphql_introspection;
pub(crate) mod graphql_suggestions;
pub(crate) mod grpc_reflection;
pub(crate) mod missing_headers;
pub(crate) mod reset_link_host;
pub(crate) mod soap_fault_details;
pub(crate) mod trace_method;
pub(crate) mod xmlrpc_introspection;
