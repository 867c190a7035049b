//! From credentials and addresses to principal, session and actor, with grades.
//!
//! A principal is *accepted* once the API answered it with success on an operation that is not known
//! to answer anonymous callers, and stays so for [`ACCEPTANCE`]. An unaccepted (claimed) name never
//! makes an actor: the actor is the address and client fingerprint then, so that inventing tokens
//! neither hides a caller nor blames another.

use std::net::IpAddr;

use bartizan_model::{
    ActorId, ActorKind, ActorRef, AuthType, Duration, Exchange, Grade, HashKey, KeyedHash,
    Principal, PrincipalId, PrincipalKind, SessionId, Timestamp, redact,
};
use serde::{Deserialize, Serialize};

use super::{Credential, credentials::session_of};
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
    /// Whether the actor may count as a distinct one: not a merely claimed name.
    pub counts: bool,
}

/// What is remembered about principals and sessions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IdentityState {
    accepted: crate::recent::RecentMap<KeyedHash, Option<Timestamp>>,
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
        let key = &snapshot.key;
        let address_key = exchange.client.ip.map(|ip| address_key(key, ip));
        let fingerprint = fingerprint(exchange);
        let fingerprint_key = fingerprint.map(|f| key.hash("fingerprint", f.as_bytes()));
        let client_key = client_key(key, address_key, fingerprint_key);

        let principal = credentials
            .iter()
            .filter(|c| c.location != "cookie" || c.names.is_some())
            .find_map(|c| c.names.as_ref().map(|n| (c, n)))
            .map(|(credential, names)| {
                let verified = credential.auth_type == AuthType::Certificate;
                let accepted = self.accept(names.hash, time, accepts);
                let grade = match (verified, accepted) {
                    (true, _) => Grade::Verified,
                    (false, true) => Grade::Accepted,
                    (false, false) => Grade::Claimed,
                };
                let id = PrincipalId::derive(&snapshot.scope, &[&names.hash.to_string()]);
                let label =
                    format!("{} {} #{}", kind_word(names.kind), names.shape, names.hash.short());
                (Principal { id, kind: names.kind, grade, label }, names.hash)
            });
        let session = session_of(credentials).map(|c| {
            let accepted = self.accept(c.token, time, accepts);
            (SessionId::derive(&snapshot.scope, &[&c.token.to_string()]), c.token, accepted)
        });

        let (kind, actor_key, label) = match (&principal, &session) {
            (Some((principal, hash)), _) if principal.grade > Grade::Claimed => {
                (ActorKind::Principal, *hash, principal.label.clone())
            }
            (_, Some((_, token, true))) => {
                (ActorKind::Session, *token, format!("session #{}", token.short()))
            }
            _ => anonymous(exchange, client_key, snapshot),
        };
        let id = ActorId::derive(&snapshot.scope, &[kind.as_str(), &actor_key.to_string()]);
        Caller {
            principal: principal.map(|(principal, _)| principal),
            session: session.map(|(id, ..)| id),
            actor: ActorRef { id, kind, label },
            actor_key,
            address_key,
            client_key,
            fingerprint_key,
            counts: kind != ActorKind::Unknown,
        }
    }

    /// Whether `hash` is accepted now; remembers it when this exchange proves it.
    fn accept(&mut self, hash: KeyedHash, time: Option<Timestamp>, accepts: bool) -> bool {
        if accepts {
            self.accepted.insert(hash, time, MAX_ACCEPTED);
            return true;
        }
        match (self.accepted.get(&hash), time) {
            (Some(Some(last)), Some(now)) => now.since(*last) <= ACCEPTANCE,
            (Some(_), _) => true,
            (None, _) => false,
        }
    }
}

fn kind_word(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Subject => "subject",
        PrincipalKind::Client => "client",
        PrincipalKind::ApiKey => "api_key",
        PrincipalKind::Certificate => "certificate",
        PrincipalKind::Token => "token",
    }
}

fn anonymous(
    exchange: &Exchange,
    client_key: Option<KeyedHash>,
    snapshot: &Snapshot,
) -> (ActorKind, KeyedHash, String) {
    match (exchange.client.ip, client_key) {
        (Some(ip), Some(client)) => {
            let shown = if snapshot.clear_addresses { ip.to_string() } else { redact::network(ip) };
            (ActorKind::Address, client, format!("address in {shown} #{}", client.short()))
        }
        (None, Some(client)) => {
            (ActorKind::Unknown, client, format!("client without address #{}", client.short()))
        }
        _ => (ActorKind::Unknown, snapshot.key.hash("unknown", b""), "unknown caller".to_owned()),
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

/// What tells clients behind one address apart: JA4, else the user agent.
fn fingerprint(exchange: &Exchange) -> Option<&str> {
    exchange.client.ja4.as_deref().or_else(|| exchange.request.headers.get("user-agent"))
}
