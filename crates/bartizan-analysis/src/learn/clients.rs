//! Which software calls: applications, add-ons and keys, in two bounded tables.
//!
//! A client that only claims to be one never makes room at the cost of one that the API accepted, and nothing is
//! listed that was never granted: scanners stay out, and nobody alone fills the inventory.

mod plain;
mod row;
mod signs;
mod told;

use std::{collections::BTreeMap, sync::Arc};

use bartizan_model::{AuthType, ClientTold, Exchange, KeyedHash};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use self::told::Told;
use super::forwarded::ForwardedCertificate;
use crate::{
    facts::Facts,
    identity::{Caller, Credential},
    recent::RecentMap,
};

pub use row::{Carried, Row};
pub use signs::Sign;
pub use told::Claim;

/// Most clients that the API accepted; the longest unseen is forgotten first, and counted.
pub const MAX_CLIENTS: usize = 2_048;
/// Most clients that only claim to be one.
pub const MAX_CLAIMED: usize = 512;
/// Most tokens whose claims are remembered. A full memory is emptied: that costs time and changes nothing.
const MAX_TOKENS: usize = 1_024;

/// Clients with what they were granted and did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Clients {
    accepted: RecentMap<KeyedHash, Row>,
    claimed: RecentMap<KeyedHash, Row>,
    /// What tokens tell, by their hash; those that name no client too. For one seed.
    #[serde(skip)]
    tokens: (u64, HashMap<KeyedHash, Option<Arc<Told>>>),
}

/// One exchange, as clients are learned from it.
pub struct Call<'a> {
    /// What it tells.
    pub facts: &'a Facts<'a>,
    /// Who is behind it.
    pub caller: &'a Caller,
    /// Leaf of its endpoint.
    pub leaf: u32,
    /// Whether it proves that the API accepts its credential: a success on an operation not known to answer
    /// anonymous callers.
    pub accepts: bool,
}

/// Which client it is.
struct Who<'a> {
    key: KeyedHash,
    by: ClientTold,
    token: Option<Arc<Told>>,
    /// The credential that names it.
    credential: Option<&'a Credential>,
    /// Its name in the clear, where it has one.
    name: &'a str,
}

impl<'a> Who<'a> {
    const fn named(by: ClientTold, key: KeyedHash, name: &'a str) -> Self {
        Self { key, by, token: None, credential: None, name }
    }
}

impl Clients {
    /// Learns from one exchange.
    pub fn observe(&mut self, call: &Call<'_>) {
        let granted = call.facts.is_success();
        let request = if granted { told::token_request(call.facts) } else { None };
        let Some(who) = self.who(call, request.as_ref()) else { return };
        let proven = match who.by {
            ClientTold::Certificate => granted,
            ClientTold::UserAgent | ClientTold::ForwardedCertificate => false,
            _ => call.accepts,
        };
        let (table, capacity) = if proven || self.accepted.get(&who.key).is_some() {
            (&mut self.accepted, MAX_CLIENTS)
        } else if granted || self.claimed.get(&who.key).is_some() {
            (&mut self.claimed, MAX_CLAIMED)
        } else {
            return;
        };
        let row = table.entry(who.key, capacity, || new_row(&who, call));
        row.accepted |= proven;
        let machine = request.is_some_and(|request| request.machine);
        row.count(call, who.token.as_deref(), signs::of(call, who.token.as_deref(), machine));
        if granted && call.accepts {
            row.users_of(call, &who);
        }
    }

    /// How many clients were forgotten for want of room.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.accepted.evicted() + self.claimed.evicted()
    }

    /// How often there was no room to keep which data a client handles.
    #[must_use]
    pub fn data_not_kept(&self) -> u64 {
        self.accepted.iter().chain(self.claimed.iter()).map(|(_, row)| row.more_carried).sum()
    }

    /// All clients by their keys. What was claimed before it was accepted is counted with the rest.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<KeyedHash, Row> {
        let mut rows: BTreeMap<KeyedHash, Row> = BTreeMap::new();
        for (key, row) in self.accepted.iter().chain(self.claimed.iter()) {
            match rows.get_mut(key) {
                Some(known) => known.absorb(row),
                None => drop(rows.insert(*key, row.clone())),
            }
        }
        rows
    }

    /// The strongest of what names a client in an exchange.
    fn who<'a>(
        &mut self,
        call: &Call<'a>,
        request: Option<&told::TokenRequest<'a>>,
    ) -> Option<Who<'a>> {
        let credentials = call.facts.credentials;
        for credential in credentials.iter().filter(|one| one.jwt.is_some()) {
            if let Some(told) = self.token(credential, call.facts) {
                let by = ClientTold::Token;
                let credential = Some(credential);
                return Some(Who { key: told.key, by, token: Some(told), credential, name: "" });
            }
        }
        let of = |kinds: &[AuthType]| {
            credentials.iter().find(|one| one.jwt.is_none() && kinds.contains(&one.auth_type))
        };
        let named = |by: ClientTold, credential: &'a Credential| {
            let key = credential.names.as_ref().map_or(credential.token, |names| names.hash);
            Who { key, by, token: None, credential: Some(credential), name: "" }
        };
        if let Some(key) = of(&[AuthType::ApiKey]) {
            return Some(named(ClientTold::ApiKey, key));
        }
        if let Some(certificate) = of(&[AuthType::Certificate]) {
            return Some(named(ClientTold::Certificate, certificate));
        }
        let key = &call.facts.snapshot.key;
        if let Some(id) = request.and_then(|request| request.client) {
            return Some(Who::named(ClientTold::TokenRequest, told::key_of(key, "", id), id));
        }
        if let Some(basic) = of(&[AuthType::Basic, AuthType::Signature]) {
            return Some(named(ClientTold::Basic, basic));
        }
        if let Some(name) = forwarded(call) {
            // One that is known by its hash alone has no name for people.
            let shown = if name.is_name() { name.text } else { "" };
            return Some(Who::named(ClientTold::ForwardedCertificate, name.key(key), shown));
        }
        let key = call.caller.product_key?;
        let product = user_agent(call.facts.exchange).and_then(crate::identity::product)?;
        Some(Who::named(ClientTold::UserAgent, key, product))
    }

    /// What a token tells of a client, read once for each token.
    fn token(&mut self, credential: &Credential, facts: &Facts<'_>) -> Option<Arc<Told>> {
        let seed = facts.snapshot.seed;
        if self.tokens.0 != seed || self.tokens.1.len() >= MAX_TOKENS {
            self.tokens = (seed, HashMap::new());
        }
        let read = || told::read(credential, facts).map(Arc::new);
        self.tokens.1.entry(credential.token).or_insert_with(read).clone()
    }
}

/// The certificate of the caller that a proxy of ours tells of.
fn forwarded<'a>(call: &Call<'a>) -> Option<ForwardedCertificate<'a>> {
    let exchange = call.facts.exchange;
    let networks = &call.facts.snapshot.catalog.networks;
    ForwardedCertificate::of(exchange, exchange.client.ip.map(|ip| networks.kind(ip)))
}

fn user_agent(exchange: &Exchange) -> Option<&str> {
    exchange.request.headers.get("user-agent")
}

fn new_row(who: &Who<'_>, call: &Call<'_>) -> Row {
    let key = &call.facts.snapshot.key;
    let label = match (&who.token, who.credential.and_then(|one| one.names.as_ref())) {
        (Some(token), _) => token.label.clone(),
        (None, Some(names)) => {
            let what = match who.by {
                ClientTold::ApiKey => "API key",
                ClientTold::Certificate => "certificate",
                _ => "name",
            };
            smol_str::format_smolstr!("{what} {} #{}", names.shape, names.hash.short())
        }
        (None, None) if who.name.is_empty() => {
            smol_str::format_smolstr!("{} #{}", who.by, who.key.short())
        }
        (None, None) => plain::shown(who.name, key),
    };
    let name_key = match who.by {
        ClientTold::Token => who.token.as_ref().map_or(0, |token| token.name_key),
        ClientTold::TokenRequest => told::key_of(key, "", who.name).first8(),
        _ => 0,
    };
    let issuer = who.token.as_ref().and_then(|token| token.issuer.clone());
    Row::new(who.by, label, issuer, name_key, signs::is_device(call, who.by))
}

#[cfg(test)]
mod tests;
