//! Who is calling: principal, session, actor, with a grade of how far that is believed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    ids::{ActorId, PrincipalId, SessionId},
    time::Timestamp,
};

/// How far a principal's name is believed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Anything the caller says. Never counts as a distinct actor, never triggers a block of that
    /// name.
    Claimed,
    /// The API answered with success on an operation not known to answer anonymous callers.
    Accepted,
    /// We checked the credential.
    Verified,
}

impl Grade {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Accepted => "accepted",
            Self::Verified => "verified",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What names a principal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// Subject of a token or the user of basic authentication.
    Subject,
    /// OAuth client id.
    Client,
    /// API key.
    ApiKey,
    /// Client certificate.
    Certificate,
    /// An opaque bearer token that names nobody: the token itself.
    Token,
}

/// Who is calling.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Principal {
    /// Derived from the keyed hash of the name and its issuer.
    pub id: PrincipalId,
    /// What names it.
    pub kind: PrincipalKind,
    /// How far that is believed.
    pub grade: Grade,
    /// Shape and short hash of the name, for people.
    pub label: SmolStr,
}

/// What ties one principal's exchanges together.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Session {
    /// Derived from the keyed hash of the session token.
    pub id: SessionId,
}

/// What an actor was told by.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A principal.
    Principal,
    /// A session without a known principal.
    Session,
    /// An address (IPv6 by /64) and a client fingerprint.
    Address,
    /// Several actors with one aim.
    Campaign,
    /// The source names nobody.
    Unknown,
}

impl ActorKind {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Session => "session",
            Self::Address => "address",
            Self::Campaign => "campaign",
            Self::Unknown => "unknown",
        }
    }
}

/// An actor: principal, else session, else address and fingerprint.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ActorRef {
    /// Opaque.
    pub id: ActorId,
    /// What it was told by.
    pub kind: ActorKind,
    /// For people: shape and hash, or network.
    pub label: SmolStr,
}

/// What ties two actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkReason {
    /// Both were seen at one address (IPv6 by /64) with one fingerprint.
    SameClient,
    /// Both were seen with one session.
    SameSession,
}

impl LinkReason {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameClient => "same address and client",
            Self::SameSession => "same session",
        }
    }
}

/// A link between two actors, bounded in time. It makes them one story, never one actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActorLink {
    /// The other actor.
    pub actor: ActorRef,
    /// What ties them.
    pub reason: LinkReason,
    /// First exchange in which both were seen.
    pub first: Option<Timestamp>,
    /// Last one.
    pub last: Option<Timestamp>,
    /// How many there were.
    pub exchanges: u64,
}
