//! Proxies for what services call outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A proxy for what services call outside: `CONNECT`, and requests that name a whole `http` URL. Name it to them as
/// `HTTPS_PROXY` and `HTTP_PROXY`. A host is resolved once; only when every address that comes of it is one of the public
/// internet, or in `networks`, a connection goes to one of these, so that a name cannot lead elsewhere a moment later.
/// What is asked within a tunnel is not seen. Tunnels are cut when the process ends. Everything is counted in `bartizan_gateway_egress`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EgressConfig {
    /// Address and port. Cannot be changed by a reload.
    #[serde(default = "address")]
    pub address: String,
    /// Hosts that may be asked: names, `*.` in front for one more label, or addresses; with a port, or for 80 and 443.
    pub hosts: Vec<String>,
    /// Private and local networks that may be connected to, for example `10.1.0.0/16`. Addresses at which clouds answer
    /// their machines never may.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Who may ask (`Proxy-Authorization: Basic`). Needed unless only this machine can ask.
    #[serde(default)]
    pub credentials: Vec<EgressCredentialConfig>,
    /// Most connections of clients at one time; more are closed at once.
    #[serde(default = "connections")]
    pub connections: u32,
    /// Most connections of clients from one address (an IPv4 address or an IPv6 /64); more are closed at once. Default:
    /// half of `connections`, so that one client alone leaves room for others, and all of them where only this machine
    /// can ask.
    #[serde(default)]
    pub connections_per_address: Option<u32>,
    /// Most seconds for resolving a name and connecting.
    #[serde(default = "connect")]
    pub connect_seconds: u32,
    /// Most seconds without a byte in either direction. A client that takes nothing of what it asked for is left after
    /// that time, too.
    #[serde(default = "idle")]
    pub idle_seconds: u32,
    /// Most seconds for a whole request or tunnel.
    #[serde(default = "longest")]
    pub longest_seconds: u32,
    /// Most mebibytes that one request or tunnel sends.
    #[serde(default = "mebibytes")]
    pub request_mebibytes: u32,
    /// Most mebibytes that come back.
    #[serde(default = "mebibytes")]
    pub response_mebibytes: u32,
}

/// Somebody who may ask a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EgressCredentialConfig {
    /// The name, without a colon.
    pub name: String,
    /// Where the password is: `env:NAME` or `file:PATH`.
    pub password: String,
}

fn address() -> String {
    "127.0.0.1:3128".to_owned()
}

const fn connections() -> u32 {
    1_000
}

const fn connect() -> u32 {
    5
}

const fn idle() -> u32 {
    60
}

const fn longest() -> u32 {
    3_600
}

const fn mebibytes() -> u32 {
    1_024
}
