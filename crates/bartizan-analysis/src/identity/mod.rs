//! Who is calling: credentials of a request, principals, sessions and actors.

mod agent;
pub mod credentials;
pub mod links;
mod memo;
mod names;
pub mod resolve;

use bartizan_model::{AuthType, KeyedHash, PrincipalKind};
use bartizan_protocols::NodeId;
use smol_str::SmolStr;

pub use agent::{Agent, Nature, product};
pub use credentials::extract;
pub use resolve::{Caller, IdentityState};

/// One credential that a request carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// What kind.
    pub auth_type: AuthType,
    /// `header`, `cookie`, `query`, `body` or `connection`.
    pub location: &'static str,
    /// Name of the header (lower case), cookie or parameter.
    pub name: SmolStr,
    /// Keyed hash of the secret itself.
    pub token: KeyedHash,
    /// Who it names, hashed, with what to show people.
    pub names: Option<Named>,
    /// The decoded JWT in the view (the node whose children are `header` and `payload`).
    pub jwt: Option<NodeId>,
}

/// Who a credential names.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// What names it.
    pub kind: PrincipalKind,
    /// Keyed hash of issuer and name.
    pub hash: KeyedHash,
    /// Shape of the name.
    pub shape: SmolStr,
}
