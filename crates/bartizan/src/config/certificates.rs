//! Certificates: those that we show, to clients and to upstreams, and those that clients show.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Certificates that clients are asked for. A client that shows one has to show a good one: it was signed
/// for clients by one of the authorities, is not expired, not revoked, and names who holds it. What policies
/// then know as the principal is that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientsConfig {
    /// PEM file with the authorities that are believed, of at most 16 MiB.
    pub authorities: PathBuf,
    /// Whether there is no connection without a certificate. Otherwise policies say where one is needed.
    #[serde(default = "yes")]
    pub required: bool,
    /// Files with revocation lists, PEM or DER, of at most 64 MiB each. When any is named, there has to be
    /// a list of every authority that signs a certificate of a chain, and one whose next update is overdue
    /// refuses all clients of that authority until a fresh one was read. Of several of one authority the
    /// newest counts.
    #[serde(default)]
    pub revocation_lists: Vec<PathBuf>,
    /// Names by which a certificate says who holds it; the first kind of which it has any counts. A
    /// certificate with several names of that kind, with a pattern or a malformed one, is refused.
    #[serde(default = "usual_names")]
    pub names: Vec<NameConfig>,
    /// Trust domains of SPIFFE ids that are taken, for example `example.org`. Default: all that the
    /// authorities sign.
    #[serde(default)]
    pub trust_domains: Vec<String>,
}

fn usual_names() -> Vec<NameConfig> {
    vec![NameConfig::Spiffe, NameConfig::Dns]
}

/// A name in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NameConfig {
    /// The SPIFFE id: its one URI, of the scheme `spiffe`, with a path.
    Spiffe,
    /// Its one alternative name that is a host.
    Dns,
    /// The common name of its subject, of which authorities that sign for others take little care.
    CommonName,
}

/// A certificate chain and its key. Both are read again at each reload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// Server names it is for, `*.` allowed for the first label. Without any, for all.
    #[serde(default)]
    pub names: Vec<String>,
    /// PEM file of the chain, leaf first.
    pub chain: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

/// Our own certificate and its key, which upstreams are shown. Both are read again at each reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnCertificateConfig {
    /// PEM file of the chain, leaf first.
    pub chain: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

const fn yes() -> bool {
    true
}
