//! Ids, keys and labels of callers, derived once instead of for every exchange.
//!
//! Everything here is a function of what it is looked up by, so that forgetting costs time and never
//! changes a result. Not saved with the state.

use std::{hash::Hash, net::IpAddr};

use bartizan_model::{
    ActorId, ActorKind, ActorRef, KeyedHash, PrincipalId, PrincipalKind, SessionId,
};
use hashbrown::{Equivalent, HashMap};
use smol_str::{SmolStr, format_smolstr};

use super::{Agent, Named, resolve};
use crate::snapshot::Snapshot;

/// Most entries of each table. A full one is emptied: what is still in use comes back at once.
const MAX_ENTRIES: usize = 16_384;

/// Longest fingerprint or user agent that is kept as a key; longer ones are derived anew.
const MAX_NAME_BYTES: usize = 512;

/// What a client without a believed name is known by.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) address_key: Option<KeyedHash>,
    pub(super) fingerprint_key: Option<KeyedHash>,
    pub(super) client_key: Option<KeyedHash>,
    pub(super) agent: Option<Agent>,
    pub(super) product_key: Option<KeyedHash>,
    pub(super) actor_key: KeyedHash,
    pub(super) actor: ActorRef,
}

/// What a client is told by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClientName<'a> {
    pub(super) ip: Option<IpAddr>,
    pub(super) ja4: Option<&'a str>,
    pub(super) agent: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OwnedName {
    ip: Option<IpAddr>,
    ja4: Option<Box<str>>,
    agent: Option<Box<str>>,
}

impl Equivalent<OwnedName> for ClientName<'_> {
    fn equivalent(&self, key: &OwnedName) -> bool {
        self.ip == key.ip && self.ja4 == key.ja4.as_deref() && self.agent == key.agent.as_deref()
    }
}

/// Ids and label of a principal.
#[derive(Clone, Debug)]
pub(super) struct PrincipalNames {
    pub(super) id: PrincipalId,
    pub(super) actor: ActorId,
    pub(super) label: SmolStr,
}

/// Ids and label of a session.
#[derive(Clone, Debug)]
pub(super) struct SessionNames {
    pub(super) id: SessionId,
    pub(super) actor: ActorId,
    pub(super) label: SmolStr,
}

/// The tables, all for one snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    /// What the entries depend on beside their keys.
    made_for: Option<(u64, bool)>,
    clients: HashMap<OwnedName, Client>,
    principals: HashMap<(PrincipalKind, KeyedHash), PrincipalNames>,
    sessions: HashMap<KeyedHash, SessionNames>,
}

impl Memo {
    /// Empties the tables when the snapshot has another key or shows addresses otherwise.
    pub(super) fn prepare(&mut self, snapshot: &Snapshot) {
        let wanted = Some((snapshot.seed, snapshot.clear_addresses));
        if self.made_for != wanted {
            *self = Self { made_for: wanted, ..Self::default() };
        }
    }

    /// Keys and actor of a client.
    pub(super) fn client(&mut self, name: ClientName<'_>, snapshot: &Snapshot) -> Client {
        if let Some(known) = self.clients.get(&name) {
            return known.clone();
        }
        let client = resolve::derive_client(name, snapshot);
        let bytes = name.ja4.map_or(0, str::len) + name.agent.map_or(0, str::len);
        if bytes <= MAX_NAME_BYTES {
            let owned = OwnedName {
                ip: name.ip,
                ja4: name.ja4.map(Into::into),
                agent: name.agent.map(Into::into),
            };
            insert(&mut self.clients, owned, client.clone());
        }
        client
    }

    /// Ids and label of the principal that a credential names.
    pub(super) fn principal(&mut self, named: &Named, snapshot: &Snapshot) -> PrincipalNames {
        let key = (named.kind, named.hash);
        if let Some(known) = self.principals.get(&key) {
            return known.clone();
        }
        let text = named.hash.to_string();
        let kind = resolve::kind_word(named.kind);
        let names = PrincipalNames {
            id: PrincipalId::derive(&snapshot.scope, &[&text]),
            actor: ActorId::derive(&snapshot.scope, &[ActorKind::Principal.as_str(), &text]),
            label: format_smolstr!("{kind} {} #{}", named.shape, named.hash.short()),
        };
        insert(&mut self.principals, key, names.clone());
        names
    }

    /// Ids and label of the session of a token.
    pub(super) fn session(&mut self, token: KeyedHash, snapshot: &Snapshot) -> SessionNames {
        if let Some(known) = self.sessions.get(&token) {
            return known.clone();
        }
        let text = token.to_string();
        let names = SessionNames {
            id: SessionId::derive(&snapshot.scope, &[&text]),
            actor: ActorId::derive(&snapshot.scope, &[ActorKind::Session.as_str(), &text]),
            label: format_smolstr!("session #{}", token.short()),
        };
        insert(&mut self.sessions, token, names.clone());
        names
    }
}

fn insert<K: Eq + Hash, V>(table: &mut HashMap<K, V>, key: K, value: V) {
    if table.len() >= MAX_ENTRIES {
        table.clear();
    }
    table.insert(key, value);
}
