//! Clients of the APIs: applications, add-ons and keys, what they were granted and what they used of it.
//!
//! A *client* is the software that calls, an [actor](crate::actor) is who is behind it: one application has many
//! users, and one user several applications.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    actor::Grade,
    analysis::NamedCount,
    data_class::Direction,
    ids::{ClientId, EndpointId},
    time::Timestamp,
    words::words,
};

words!(
    /// What a client is.
    ClientForm {
        /// Software that is known by a client id, or by what it calls itself.
        Application = "application",
        /// Software that acts for somebody by delegation: its tokens have the claim `act` (RFC 8693 §4.1).
        AddOn = "add_on",
        /// A credential of its own: an API key, a name of Basic authentication, a certificate.
        Key = "key",
    }
);

words!(
    /// Where a client runs or whose it is.
    ClientKind {
        /// In a browser.
        Browser = "browser",
        /// As an app on a phone.
        Mobile = "mobile",
        /// On a server: a program without a user.
        Server = "server",
        /// On a device.
        Device = "device",
        /// In a network that the configuration says is a partner's.
        Partner = "partner",
        /// Nothing tells.
        Unknown = "unknown",
    }
);

words!(
    /// What a client was told by, the strongest first; what was added later stands behind, as they are saved by
    /// their numbers.
    ClientTold {
        /// The client id of a JWT, within its issuer: `client_id`, `azp`, `appid` or `cid`.
        Token = "token",
        /// An API key.
        ApiKey = "api_key",
        /// A client certificate.
        Certificate = "certificate",
        /// The `client_id` of a granted OAuth token request (RFC 6749 §3.2.1).
        TokenRequest = "token_request",
        /// The name of Basic authentication, or the key id of signed requests.
        Basic = "basic",
        /// What the user agent calls itself. Anybody can send any.
        UserAgent = "user_agent",
        /// The certificate that a proxy saw and tells of in `X-Forwarded-Client-Cert`; nothing here checked it.
        ForwardedCertificate = "forwarded_certificate",
    }
);

words!(
    /// Whether a client needs a scope that it was granted.
    ScopeUse {
        /// A specification asks for it at an operation that the client called.
        Used = "used",
        /// Specifications ask for it, and at none of the operations that the client called.
        Unused = "unused",
        /// No specification says what it is for.
        Unknown = "unknown",
    }
);

/// A client in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientSummary {
    /// Opaque.
    pub id: ClientId,
    /// For people: its client id or product where that is a plain name, else a shape and a short hash.
    pub label: SmolStr,
    /// What it is.
    pub form: ClientForm,
    /// What it was told by.
    pub told_by: ClientTold,
    /// How far that is believed.
    pub grade: Grade,
    /// Who issued its tokens.
    pub issuer: Option<SmolStr>,
    /// Where it runs or whose it is.
    pub kind: ClientKind,
    /// What tells the kind, and what else would tell one: in how many granted exchanges.
    pub kind_evidence: Vec<NamedCount>,
    /// Distinct subjects behind it. Estimated beyond 32.
    pub users: u64,
    /// Distinct addresses that it came from (IPv6 by /64). Estimated beyond 32.
    pub sources: u64,
    /// Exchanges.
    pub requests: u64,
    /// Of these, granted.
    pub granted: u64,
    /// Of these, refused with 401 or 403.
    pub refused: u64,
    /// Distinct endpoints that it was granted.
    pub operations_used: u64,
    /// Documented operations that its scopes allow and that it never called; `null` when no scope of it is in a
    /// specification, or it was not compared.
    pub operations_unused: Option<u64>,
    /// Scopes that its tokens had, those that are not listed included.
    pub scopes_granted: u64,
    /// Of these, [`ScopeUse::Used`].
    pub scopes_used: u64,
    /// Of these, [`ScopeUse::Unused`].
    pub scopes_unused: u64,
    /// First exchange.
    pub first_seen: Option<Timestamp>,
    /// Last exchange.
    pub last_seen: Option<Timestamp>,
}

/// A client with what it was granted and what it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientDetail {
    /// The client.
    #[serde(flatten)]
    pub summary: ClientSummary,
    /// Scopes that its tokens had, by name; at most [`MOST_SCOPES`].
    pub scopes: Vec<ClientScope>,
    /// Operations that it was granted, busiest first; at most [`MOST_OPERATIONS`].
    pub operations: Vec<ClientOperation>,
    /// Granted exchanges of operations that there was no room for.
    pub operations_not_kept: u64,
    /// Documented operations that its scopes allow and that it never called, by path; at most
    /// [`MOST_ALLOWED`].
    pub allowed: Vec<AllowedOperation>,
    /// JA4 fingerprints of its TLS, most frequent first.
    pub fingerprints: Vec<NamedCount>,
    /// Versions of TLS.
    pub tls_versions: Vec<NamedCount>,
    /// Ids under which it was known before it turned out to be this client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<ClientId>,
}

/// Most scopes of a client that are told apart.
pub const MOST_SCOPES: usize = 64;
/// Most operations of a client that are told apart.
pub const MOST_OPERATIONS: usize = 128;
/// Most operations that are listed as allowed and never called.
pub const MOST_ALLOWED: usize = 50;

/// A scope, role or permission that a client was granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ClientScope {
    /// As it stands in the token; a shape and a short hash when it is no plain name.
    pub name: SmolStr,
    /// The claim: `scope`, `scp`, `roles` or `permissions`.
    pub claim: SmolStr,
    /// Whether the client needs it.
    pub usage: ScopeUse,
}

/// An operation that a client was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientOperation {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// Method, host and path.
    pub name: String,
    /// Granted exchanges.
    pub requests: u64,
    /// Scopes of the client that a specification asks for here.
    pub needed: Vec<String>,
    /// Scopes that a specification asks for here, of the alternative that lacks fewest, and that none of its
    /// tokens had: it was granted all the same.
    pub lacking: Vec<String>,
    /// Data classes that the client sent or was answered here, by name; those of its first operations where there
    /// are very many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<ClientData>,
}

/// A data class that a client sent or was answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ClientData {
    /// Name of the class.
    pub class: SmolStr,
    /// Sent or answered.
    pub direction: Direction,
}

/// A documented operation that a client may call by its scopes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AllowedOperation {
    /// Path template with its base path.
    pub path: String,
    /// Method.
    pub method: String,
    /// Scopes that allow it.
    pub scopes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(ClientForm::ALL.iter().all(|one| ClientForm::parse(one.as_str()) == Some(*one)));
        assert!(ClientKind::ALL.iter().all(|one| ClientKind::parse(one.as_str()) == Some(*one)));
        assert_eq!(ClientTold::parse("token_request"), Some(ClientTold::TokenRequest));
        assert_eq!(ScopeUse::parse("maybe"), None);
    }
}
