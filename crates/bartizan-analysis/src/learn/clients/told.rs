//! What a token and a request for one tell of the client. Claims are only read here, never checked.

use bartizan_model::{HashKey, KeyedHash, PrincipalKind, Root, Side, client::MOST_SCOPES};
use bartizan_protocols::{NodeRef, Value};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::plain;
use crate::{facts::Facts, identity::Credential};

/// Claims with the id of a client: RFC 9068 §2.2, OpenID Connect Core §2, and two in wide use.
const CLIENT_IDS: [&str; 4] = ["client_id", "azp", "appid", "cid"];
/// Longest client id or issuer that is read.
const MOST_NAME: usize = 512;
/// Most members of a body that are looked at for a token request.
const MOST_FIELDS: usize = 16;

/// A claim that grants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Claim {
    /// `scope`, with spaces between (RFC 8693 §4.2).
    Scope,
    /// `scp`, a list or with spaces between.
    Scp,
    /// `roles` (RFC 9068 §2.2.3.1).
    Roles,
    /// `permissions`.
    Permissions,
}

impl Claim {
    const ALL: [Self; 4] = [Self::Scope, Self::Scp, Self::Roles, Self::Permissions];

    /// Its name in a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Scp => "scp",
            Self::Roles => "roles",
            Self::Permissions => "permissions",
        }
    }
}

/// What a token tells of a client.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Of the client within its issuer.
    pub(super) key: KeyedHash,
    /// Of its id alone.
    pub(super) name_key: u64,
    /// Of the token.
    pub(super) hash: u64,
    pub(super) label: SmolStr,
    pub(super) issuer: Option<SmolStr>,
    /// Key of the subject, when it is another than the client.
    pub(super) subject: Option<u64>,
    /// Whether the client has it for itself.
    pub(super) own: bool,
    /// Whether it is one of delegation (RFC 8693 §4.1).
    pub(super) acts: bool,
    /// Sorted; at most [`MOST_SCOPES`].
    pub(super) scopes: Vec<(Claim, SmolStr)>,
    /// Those that there was no room for.
    pub(super) more_scopes: u64,
}

/// Key of a client within its issuer.
pub(super) fn key_of(key: &HashKey, issuer: &str, id: &str) -> KeyedHash {
    let mut value = Vec::with_capacity(issuer.len() + id.len() + 1);
    value.extend_from_slice(issuer.as_bytes());
    value.push(0);
    value.extend_from_slice(id.as_bytes());
    key.hash("client-id", &value)
}

/// Reads the claims of a JWT; `None` when it names no client.
pub(super) fn read(credential: &Credential, facts: &Facts<'_>) -> Option<Told> {
    let jwt = facts.decoded.view.node(credential.jwt?)?;
    let payload = jwt.children().find(|child| child.key() == "payload")?;
    let key = &facts.snapshot.key;
    let text = |name: &str| text(payload.children().find(|claim| claim.key() == name)?);
    let id = CLIENT_IDS.iter().find_map(|name| text(name))?;
    let issuer = text("iss").unwrap_or("");
    let subject = text("sub");
    let own = text("gty") == Some("client-credentials")
        || text("idtyp") == Some("app")
        || subject.is_some_and(|sub| sub == id || sub.strip_suffix("@clients") == Some(id));
    let names = credential.names.as_ref();
    let named = names.filter(|names| names.kind == PrincipalKind::Subject && !own);
    let mut scopes = Vec::new();
    for claim in payload.children() {
        let granting = Claim::ALL.into_iter().find(|one| one.as_str() == claim.key());
        if let Some(granting) = granting {
            granted(granting, claim, key, &mut scopes);
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    let more_scopes = scopes.len().saturating_sub(MOST_SCOPES) as u64;
    scopes.truncate(MOST_SCOPES);
    Some(Told {
        key: key_of(key, issuer, id),
        name_key: key_of(key, "", id).first8(),
        hash: credential.token.first8(),
        label: plain::shown(id, key),
        issuer: (!issuer.is_empty()).then(|| plain::shown(issuer, key)),
        subject: named.map(|names| names.hash.first8()),
        own,
        acts: payload.children().any(|claim| claim.key() == "act" && !is_scalar(claim)),
        scopes,
        more_scopes,
    })
}

fn text(node: NodeRef<'_>) -> Option<&str> {
    match node.value() {
        Value::Text(text) if !text.is_empty() && text.len() <= MOST_NAME => Some(text),
        _ => None,
    }
}

fn is_scalar(node: NodeRef<'_>) -> bool {
    node.value().is_scalar()
}

/// Scopes of one claim: a text with spaces between, or a list of texts. Twice what is kept at most, so that a
/// hostile token costs no more; what is beyond is not even counted.
fn granted(claim: Claim, node: NodeRef<'_>, key: &HashKey, out: &mut Vec<(Claim, SmolStr)>) {
    let mut add = |text: &str| {
        if out.len() < 2 * MOST_SCOPES && !text.is_empty() {
            out.push((claim, plain::shown(text, key)));
        }
    };
    match node.value() {
        Value::Text(text) => text.split(' ').take(2 * MOST_SCOPES).for_each(&mut add),
        value if !value.is_scalar() => {
            let items = node.children().take(2 * MOST_SCOPES);
            items
                .filter_map(|item| match item.value() {
                    Value::Text(text) => Some(text),
                    _ => None,
                })
                .for_each(&mut add);
        }
        _ => {}
    }
}

/// A request for a token (RFC 6749 §4).
pub(super) struct TokenRequest<'a> {
    /// The client that asks, as far as the body says.
    pub(super) client: Option<&'a str>,
    /// Whether it asks for itself (RFC 6749 §4.4).
    pub(super) machine: bool,
}

/// The token request that an exchange is; `None` for anything else.
pub(super) fn token_request<'a>(facts: &Facts<'a>) -> Option<TokenRequest<'a>> {
    let body = facts.decoded.view.root(Side::Request, Root::Body)?;
    let field = |name: &str| {
        body.children().take(MOST_FIELDS).find(|one| one.key() == name).map(|one| one.raw())
    };
    let grant = field("grant_type")?;
    let client = field("client_id").filter(|id| !id.is_empty() && id.len() <= MOST_NAME);
    Some(TokenRequest { client, machine: grant == "client_credentials" })
}
