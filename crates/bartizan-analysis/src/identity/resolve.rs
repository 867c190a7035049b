//! From credentials and addresses to principal, session and actor, with grades.
//!
//! A principal is *accepted* once the API answered it with success on an operation that is not known
//! to answer anonymous callers, and stays so for [`ACCEPTANCE`]. An unaccepted (claimed) name never
//! makes an actor: the actor is the address and client fingerprint then, so that inventing tokens
//! neither hides a caller nor blames another.

use std::net::IpAddr;

use bartizan_model::{
    ActorId, ActorKind, ActorRef, AuthType, Duration, Exchange, Grade, HashKey, KeyedHash,
    Principal, PrincipalKind, SessionId, Timestamp, actor::LinkReason, redact,
};
use serde::{Deserialize, Serialize};
use smol_str::format_smolstr;

use super::{
    Agent, Credential, agent,
    credentials::session_of,
    links::Links,
    memo::{Client, ClientName, Memo},
};
use crate::snapshot::Snapshot;

/// How long an accepted principal or session stays accepted without another success.
pub const ACCEPTANCE: Duration = Duration::hours(24);

/// Most principals and sessions whose acceptance is remembered; the longest unused goes first.
pub const MAX_ACCEPTED: usize = 200_000;

/// Who is calling in one exchange.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal, when a credential names one.
    pub principal: Option<Principal>,
    /// The session, when a credential ties exchanges together.
    pub session: Option<SessionId>,
    /// The actor.
    pub actor: ActorRef,
    /// Key of the actor in tables.
    pub actor_key: KeyedHash,
    /// Key of the address (IPv6 by /64).
    pub address_key: Option<KeyedHash>,
    /// Key of address and fingerprint.
    pub client_key: Option<KeyedHash>,
    /// Key of the fingerprint alone.
    pub fingerprint_key: Option<KeyedHash>,
    /// What the user agent tells.
    pub agent: Option<Agent>,
    /// Key of the product that the user agent names.
    pub product_key: Option<KeyedHash>,
    /// Whether the actor may count as a distinct one: not a merely claimed name.
    pub counts: bool,
}

impl Caller {
    /// Key of the principal, unless it is merely claimed or there is none.
    #[must_use]
    pub fn believed_principal(&self) -> Option<u64> {
        (self.actor.kind == ActorKind::Principal).then(|| self.actor_key.first8())
    }
}

/// What is remembered about principals and sessions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IdentityState {
    accepted: crate::recent::RecentMap<KeyedHash, Option<Timestamp>>,
    links: Links,
    #[serde(skip)]
    memo: Memo,
}

impl IdentityState {
    /// Resolves the caller. `accepts` tells whether this exchange itself proves acceptance: a
    /// success on an operation not known to answer anonymous callers.
    pub fn resolve(
        &mut self,
        exchange: &Exchange,
        credentials: &[Credential],
        snapshot: &Snapshot,
        time: Option<Timestamp>,
        accepts: bool,
    ) -> Caller {
        self.memo.prepare(snapshot);
        let name = ClientName {
            ip: exchange.client.ip,
            ja4: exchange.client.ja4.as_deref(),
            agent: exchange.request.headers.get("user-agent"),
        };
        let client = self.memo.client(name, snapshot);
        let principal = credentials
            .iter()
            .filter(|c| c.location != "cookie" || c.names.is_some())
            .find_map(|c| c.names.as_ref().map(|n| (c, n)))
            .map(|(credential, named)| {
                let verified = credential.auth_type == AuthType::Certificate;
                let accepted = self.accept(named.hash, time, accepts);
                let grade = match (verified, accepted) {
                    (true, _) => Grade::Verified,
                    (false, true) => Grade::Accepted,
                    (false, false) => Grade::Claimed,
                };
                (named, grade, self.memo.principal(named, snapshot))
            });
        let session = session_of(credentials).map(|c| {
            let accepted = self.accept(c.token, time, accepts);
            (c.token, accepted, self.memo.session(c.token, snapshot))
        });
        let believed = match (&principal, &session) {
            (Some((named, grade, names)), _) if *grade > Grade::Claimed => {
                let (id, label) = (names.actor.clone(), names.label.clone());
                Some((ActorRef { id, kind: ActorKind::Principal, label }, named.hash))
            }
            (_, Some((token, true, names))) => {
                let (id, label) = (names.actor.clone(), names.label.clone());
                Some((ActorRef { id, kind: ActorKind::Session, label }, *token))
            }
            _ => None,
        };
        if let Some((actor, _)) = &believed {
            // An address alone, or a user agent alone, is too weak to tie anybody.
            let both = client.address_key.is_some() && client.fingerprint_key.is_some();
            if let Some(key) = client.client_key.filter(|_| both) {
                self.links.note(key, &client.actor.id, LinkReason::SameClient, actor, time);
            }
            if let (ActorKind::Principal, Some((token, true, names))) = (actor.kind, &session) {
                self.links.note(*token, &names.actor, LinkReason::SameSession, actor, time);
            }
        }
        let (actor, actor_key) = believed.unwrap_or((client.actor, client.actor_key));
        Caller {
            principal: principal.map(|(named, grade, names)| Principal {
                id: names.id,
                kind: named.kind,
                grade,
                label: names.label,
            }),
            session: session.map(|(.., names)| names.id),
            counts: actor.kind != ActorKind::Unknown,
            actor,
            actor_key,
            address_key: client.address_key,
            client_key: client.client_key,
            fingerprint_key: client.fingerprint_key,
            agent: client.agent,
            product_key: client.product_key,
        }
    }

    /// Which nameless actors are known to have acted under which names.
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// Whether `hash` is accepted now; remembers it when this exchange proves it.
    fn accept(&mut self, hash: KeyedHash, time: Option<Timestamp>, accepts: bool) -> bool {
        if accepts {
            *self.accepted.entry(hash, MAX_ACCEPTED, || time) = time;
            return true;
        }
        match (self.accepted.get(&hash), time) {
            (Some(Some(last)), Some(now)) => now.since(*last) <= ACCEPTANCE,
            (Some(_), _) => true,
            (None, _) => false,
        }
    }
}

pub(super) fn kind_word(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Subject => "subject",
        PrincipalKind::Client => "client",
        PrincipalKind::ApiKey => "api_key",
        PrincipalKind::Certificate => "certificate",
        PrincipalKind::Token => "token",
    }
}

/// Keys and actor of a client without a believed name.
pub(super) fn derive_client(name: ClientName<'_>, snapshot: &Snapshot) -> Client {
    let key = &snapshot.key;
    let address_key = name.ip.map(|ip| address_key(key, ip));
    // What tells clients behind one address apart: JA4, else the user agent.
    let fingerprint = name.ja4.or(name.agent);
    let fingerprint_key = fingerprint.map(|f| key.hash("fingerprint", f.as_bytes()));
    let client_key = client_key(key, address_key, fingerprint_key);
    let (kind, actor_key, label) = match (name.ip, client_key) {
        (Some(ip), Some(client)) => {
            let shown = if snapshot.clear_addresses { ip.to_string() } else { redact::network(ip) };
            let label = format_smolstr!("address in {shown} #{}", client.short());
            (ActorKind::Address, client, label)
        }
        (None, Some(client)) => {
            let label = format_smolstr!("client without address #{}", client.short());
            (ActorKind::Unknown, client, label)
        }
        _ => (ActorKind::Unknown, key.hash("unknown", b""), "unknown caller".into()),
    };
    let id = ActorId::derive(&snapshot.scope, &[kind.as_str(), &actor_key.to_string()]);
    Client {
        address_key,
        fingerprint_key,
        client_key,
        agent: name.agent.map(Agent::of),
        product_key: name
            .agent
            .and_then(agent::product)
            .map(|product| key.hash("product", product.as_bytes())),
        actor_key,
        actor: ActorRef { id, kind, label },
    }
}

fn client_key(
    key: &HashKey,
    address: Option<KeyedHash>,
    fingerprint: Option<KeyedHash>,
) -> Option<KeyedHash> {
    if address.is_none() && fingerprint.is_none() {
        return None;
    }
    let mut both = Vec::with_capacity(20);
    both.extend(address.map_or([0; 10], |a| a.0));
    both.extend(fingerprint.map_or([0; 10], |f| f.0));
    Some(key.hash("client", &both))
}

/// Key of an address: IPv4 whole, IPv6 by /64 (one subscriber's network).
#[must_use]
pub fn address_key(key: &HashKey, ip: IpAddr) -> KeyedHash {
    match ip.to_canonical() {
        IpAddr::V4(v4) => key.hash("address", &v4.octets()),
        IpAddr::V6(v6) => key.hash("address", &v6.octets()[..8]),
    }
}
