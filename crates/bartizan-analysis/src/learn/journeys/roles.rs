//! The role of a caller, as the claims of the token say that names them.

use std::collections::BTreeSet;

use bartizan_protocols::{NodeRef, Value};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{checks::token::Token, facts::Facts, identity::Credential};
use bartizan_model::journey::{ANONYMOUS, AUTHENTICATED, RoleTold};

/// Most different roles; callers with further ones are *authenticated*, and counted.
pub(super) const MAX_ROLES: usize = 64;
/// Most words of one role.
const MAX_WORDS: usize = 4;
/// Most values of a claim that are read.
const MAX_VALUES: usize = 32;
/// Longest word of a role, in bytes.
const MAX_WORD_BYTES: usize = 40;
/// Most digits in a word: more are an id.
const MAX_DIGITS: usize = 3;

/// Claims that name roles, the most telling first; scopes (RFC 8693, section 4.2) only where nothing else does.
/// A name that is a URL counts by its last segment, as the private claims of identity providers have it.
const CLAIMS: [&str; 11] = [
    "role",
    "roles",
    "user_role",
    "userrole",
    "authorities",
    "realm_access",
    "cognito:groups",
    "groups",
    "scope",
    "scp",
    "permissions",
];

/// A role, by its number in [`Roles`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoleId(u8);

impl RoleId {
    /// Callers without an accepted credential.
    pub const ANONYMOUS: Self = Self(0);
    /// Callers whose credential says no role.
    pub const AUTHENTICATED: Self = Self(1);
}

/// The roles that were seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Roles {
    /// From number 2 on.
    named: Vec<SmolStr>,
    /// How often there was no room for one.
    pub(super) more: u64,
}

impl Roles {
    /// The role of the caller whom this credential names and the API accepted.
    pub(super) fn of(&mut self, credential: &Credential, facts: &Facts<'_>) -> RoleId {
        let token = credential.jwt.and_then(|node| Token::of(facts.decoded.view.node(node)?));
        let Some(role) = token.and_then(role) else { return RoleId::AUTHENTICATED };
        let at = match self.named.iter().position(|known| *known == role) {
            Some(at) => at,
            None if self.named.len() >= MAX_ROLES => {
                self.more += 1;
                return RoleId::AUTHENTICATED;
            }
            None => {
                self.named.push(role);
                self.named.len() - 1
            }
        };
        RoleId(u8::try_from(at + 2).unwrap_or(1))
    }

    pub(super) fn name(&self, role: RoleId) -> (SmolStr, RoleTold) {
        let named = role.0.checked_sub(2).and_then(|at| self.named.get(usize::from(at)));
        match (role, named) {
            (_, Some(name)) => (name.clone(), RoleTold::Claim),
            (RoleId::ANONYMOUS, _) => (ANONYMOUS.into(), RoleTold::Nothing),
            _ => (AUTHENTICATED.into(), RoleTold::Credential),
        }
    }
}

/// The role that the claims of a token name: its words in order, of which each is a plain word.
fn role(token: Token<'_>) -> Option<SmolStr> {
    let rank = |claim: &NodeRef<'_>| {
        let name = claim.key().rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        CLAIMS.iter().position(|known| *known == name)
    };
    let mut claims: Vec<_> = token.claims().filter_map(|one| Some((rank(&one)?, one))).collect();
    claims.sort_by_key(|(rank, _)| *rank);
    claims.iter().find_map(|(_, claim)| label(*claim))
}

fn label(claim: NodeRef<'_>) -> Option<SmolStr> {
    let values = std::iter::once(claim).chain(claim.descendants());
    let texts = values.take(MAX_VALUES).filter_map(|node| match node.value() {
        Value::Text(text) => Some(text),
        _ => None,
    });
    let words: BTreeSet<String> = texts
        .flat_map(|text| text.split([' ', ',']).take(MAX_VALUES))
        .filter(|word| is_word(word))
        .map(str::to_ascii_lowercase)
        .collect();
    let first: Vec<&str> = words.iter().take(MAX_WORDS).map(String::as_str).collect();
    match words.len().saturating_sub(MAX_WORDS) {
        _ if first.is_empty() => None,
        0 => Some(first.join(" ").into()),
        more => Some(format!("{} +{more}", first.join(" ")).into()),
    }
}

/// Whether it can be the name of a role and not an id, an address or a secret.
fn is_word(word: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:/".contains(&b);
    word.len() <= MAX_WORD_BYTES
        && word.bytes().all(is_plain)
        && word.bytes().any(|b| b.is_ascii_alphabetic())
        && word.bytes().filter(u8::is_ascii_digit).count() <= MAX_DIGITS
}

#[cfg(test)]
mod tests {
    use bartizan_model::{HashKey, Scope};
    use base64::Engine as _;

    use super::*;
    use crate::{checks::example::get, judge, snapshot::Snapshot};

    fn role_of(claims: &str) -> (SmolStr, RoleTold) {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.c2ln", encode(r#"{"alg":"HS256"}"#), encode(claims));
        let exchange = get("https://api.example.com/a")
            .header("authorization", &format!("Bearer {token}"))
            .json(200, "{}")
            .build();
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let prepared = judge::prepare(&exchange, &snapshot);
        let mut roles = Roles::default();
        let role = roles.of(&prepared.credentials[0], &prepared.facts(&exchange, &snapshot));
        roles.name(role)
    }

    #[test]
    fn claims_of_common_issuers_name_roles() {
        for (claims, expected) in [
            (r#"{"sub":"1","role":"Admin"}"#, "admin"),
            (r#"{"sub":"1","scope":"read:orders","roles":["writer","reader"]}"#, "reader writer"),
            (r#"{"sub":"1","realm_access":{"roles":["clerk"]}}"#, "clerk"),
            (r#"{"sub":"1","https://example.com/roles":["clerk"]}"#, "clerk"),
            (r#"{"sub":"1","scope":"write:orders read:orders"}"#, "read:orders write:orders"),
            (r#"{"sub":"1","roles":["f","e","d","c","b","a"]}"#, "a b c d +2"),
        ] {
            assert_eq!(role_of(claims), (expected.into(), RoleTold::Claim), "{claims}");
        }
    }

    #[test]
    fn values_that_are_no_words_name_none() {
        for claims in [
            r#"{"sub":"1"}"#,
            r#"{"sub":"1","role":""}"#,
            r#"{"sub":"1","role":7}"#,
            r#"{"sub":"1","groups":["0b0e2c1c-5b0e-4a55-8f0a-6a1f0d9a7c11"]}"#,
            r#"{"sub":"1","role":"ann@example.com"}"#,
            r#"{"sub":"1","role":"<script>"}"#,
        ] {
            assert_eq!(role_of(claims).1, RoleTold::Credential, "{claims}");
        }
        let long = format!(r#"{{"sub":"1","role":"{}"}}"#, "a".repeat(41));
        assert_eq!(role_of(&long).1, RoleTold::Credential);
    }
}
