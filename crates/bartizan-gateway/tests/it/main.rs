//! The gateway on real sockets: what clients send, what they get, what upstreams saw.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod harness;

mod aborts;
mod amounts;
mod answers;
mod bodies;
mod bounds;
mod budget;
mod certificates;
mod conditions;
mod contract;
mod deadlines;
mod detectors;
mod differential;
mod edge;
mod egress;
mod enforcement;
mod framing_http1;
mod grpc;
mod heads_http1;
mod heads_http2;
mod identity;
mod keep_alive;
mod oidc;
mod operation;
mod passwords;
mod policies;
mod proxy_protocol;
mod redelivered;
mod reload;
mod retries;
mod retries_http2;
mod revoked;
mod rights;
mod schema;
mod scopes;
mod set_aside;
mod signed;
mod soap_security;
mod spoken;
mod streams;
#[allow(dead_code, reason = "the example uses more of it")]
#[path = "../differential/mod.rs"]
mod table;
mod tls;
mod tokens;
mod upstreams;
mod url_values;
mod visible;
mod websocket;
