//! What is known of one client.

use bartizan_model::{
    ClientForm, ClientKind, ClientTold, Direction, Grade, Timestamp,
    analysis::NamedCount,
    client::{MOST_OPERATIONS, MOST_SCOPES},
};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{
    Call, Claim, Sign, Who, plain,
    signs::{SIGNS, Signs},
    told::Told,
};
use crate::{
    learn::whereabouts::Seen,
    state::{Absorb as _, distinct::Distinct},
};

/// Most pairs of an operation and a data class that are kept of one client.
const MOST_CARRIED: usize = 128;

/// Leaf, which way, and the name of the class.
pub type Carried = (u32, Direction, SmolStr);

/// One client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    by: ClientTold,
    /// For people.
    pub label: SmolStr,
    /// Who issues its tokens.
    pub issuer: Option<SmolStr>,
    /// Key of its client id without an issuer; 0 for what has none.
    pub name_key: u64,
    /// Whether the API accepted what names it.
    pub accepted: bool,
    /// The subject of its certificate names a device.
    device: bool,
    /// Its tokens have the claim `act`.
    acts: bool,
    /// Exchanges.
    pub requests: u64,
    /// Of these, granted.
    pub granted: u64,
    /// Of these, refused with 401 or 403.
    pub refused: u64,
    /// Of granted exchanges: of others anybody can make any.
    signs: [u64; SIGNS],
    users: Distinct,
    sources: Distinct,
    /// Sorted.
    scopes: Vec<(Claim, SmolStr)>,
    /// Scopes that there was no room for, each time that a token had them.
    pub more_scopes: u64,
    /// The token whose scopes were taken in last.
    last_token: u64,
    /// Leaf and granted exchanges, by leaf.
    operations: Vec<(u32, u64)>,
    /// Granted exchanges of operations that there was no room for.
    pub more_operations: u64,
    /// Which data went which way at which leaf, sorted.
    carried: Vec<Carried>,
    /// How often there was no room to keep that.
    pub more_carried: u64,
    /// JA4 fingerprints.
    pub fingerprints: Seen<String>,
    /// Versions of TLS.
    pub tls: Seen<String>,
    /// First exchange.
    pub first_seen: Option<Timestamp>,
    /// Last exchange.
    pub last_seen: Option<Timestamp>,
}

impl Row {
    pub(super) fn new(
        by: ClientTold,
        label: SmolStr,
        issuer: Option<SmolStr>,
        name_key: u64,
        device: bool,
    ) -> Self {
        Self {
            by,
            label,
            issuer,
            name_key,
            accepted: false,
            device,
            acts: false,
            requests: 0,
            granted: 0,
            refused: 0,
            signs: [0; SIGNS],
            users: Distinct::default(),
            sources: Distinct::default(),
            scopes: Vec::new(),
            more_scopes: 0,
            last_token: 0,
            operations: Vec::new(),
            more_operations: 0,
            carried: Vec::new(),
            more_carried: 0,
            fingerprints: Seen::default(),
            tls: Seen::default(),
            first_seen: None,
            last_seen: None,
        }
    }

    /// Counts one exchange.
    pub(super) fn count(&mut self, call: &Call<'_>, token: Option<&Told>, signs: Signs) {
        let exchange = call.facts.exchange;
        self.requests += 1;
        if call.facts.is_success() {
            self.granted += 1;
            self.operation(call.leaf, 1);
            self.carries(call);
            for (count, sign) in self.signs.iter_mut().zip(Sign::ALL) {
                *count += u64::from(signs.has(sign));
            }
        } else if exchange.response.as_ref().is_some_and(|r| matches!(r.status, 401 | 403)) {
            self.refused += 1;
        }
        if let Some(address) = call.caller.address_key {
            self.sources.insert(address.first8());
        }
        if let Some(token) = token {
            self.acts |= token.acts;
            self.scopes_of(token, call);
        }
        let plain = |text: &&str| plain::is_fingerprint(text);
        if let Some(ja4) = exchange.client.ja4.as_deref().filter(plain) {
            self.fingerprints.add(ja4, 1);
        }
        let version = exchange.tls.as_ref().and_then(|tls| tls.version.as_deref());
        if let Some(version) = version.filter(plain) {
            self.tls.add(version, 1);
        }
        if let Some(time) = exchange.time {
            self.first_seen = Some(self.first_seen.map_or(time, |t| t.min(time)));
            self.last_seen = Some(self.last_seen.map_or(time, |t| t.max(time)));
        }
    }

    /// Takes in the scopes of a token, unless it is the one before. Of tokens that nobody accepted there are none:
    /// anybody can write any.
    fn scopes_of(&mut self, token: &Told, call: &Call<'_>) {
        let is_believed = call.facts.is_success() && (call.accepts || !self.accepted);
        if !is_believed || token.hash == self.last_token {
            return;
        }
        self.last_token = token.hash;
        self.more_scopes = self.more_scopes.max(token.more_scopes);
        for scope in &token.scopes {
            self.scope(scope);
        }
    }

    fn scope(&mut self, scope: &(Claim, SmolStr)) {
        if let Err(at) = self.scopes.binary_search(scope) {
            if self.scopes.len() < MOST_SCOPES {
                self.scopes.insert(at, scope.clone());
            } else {
                self.more_scopes = self.more_scopes.max(1);
            }
        }
    }

    fn operation(&mut self, leaf: u32, count: u64) {
        match self.operations.binary_search_by_key(&leaf, |(leaf, _)| *leaf) {
            Ok(at) => {
                if let Some((_, known)) = self.operations.get_mut(at) {
                    *known += count;
                }
            }
            Err(at) if self.operations.len() < MOST_OPERATIONS => {
                self.operations.insert(at, (leaf, count));
            }
            Err(_) => self.more_operations += count,
        }
    }

    /// Notes which data a granted exchange carried.
    fn carries(&mut self, call: &Call<'_>) {
        for hit in call.facts.classes {
            let Some(node) = call.facts.decoded.view.node(hit.node) else { continue };
            let class = SmolStr::new_static(hit.class.as_str());
            self.carry(&(call.leaf, Direction::from(node.side()), class));
        }
    }

    fn carry(&mut self, one: &Carried) {
        if let Err(at) = self.carried.binary_search(one) {
            if self.carried.len() < MOST_CARRIED {
                self.carried.insert(at, one.clone());
            } else {
                self.more_carried += 1;
            }
        }
    }

    /// Notes who is behind an exchange that the API accepted.
    pub(super) fn users_of(&mut self, call: &Call<'_>, who: &Who<'_>) {
        let user = match &who.token {
            Some(token) => token.subject,
            None => call
                .facts
                .credentials
                .iter()
                .filter(|one| !who.credential.is_some_and(|own| own == *one))
                .filter_map(|one| one.names.as_ref())
                .find(|names| names.kind == bartizan_model::PrincipalKind::Subject)
                .map(|names| names.hash.first8()),
        };
        if let Some(user) = user {
            self.users.insert(user);
        }
    }

    /// Takes in what is known of the same client elsewhere. What it was told by stays the stronger one.
    pub fn absorb(&mut self, other: &Self) {
        if other.by < self.by {
            self.by = other.by;
            self.label.clone_from(&other.label);
        }
        if self.issuer.is_none() {
            self.issuer.clone_from(&other.issuer);
        }
        self.accepted |= other.accepted;
        self.device |= other.device;
        self.acts |= other.acts;
        self.requests += other.requests;
        self.granted += other.granted;
        self.refused += other.refused;
        for (count, more) in self.signs.iter_mut().zip(other.signs) {
            *count += more;
        }
        self.users.absorb(other.users.clone());
        self.sources.absorb(other.sources.clone());
        other.scopes.iter().for_each(|scope| self.scope(scope));
        self.more_scopes = self.more_scopes.max(other.more_scopes);
        for (leaf, count) in &other.operations {
            self.operation(*leaf, *count);
        }
        self.more_operations += other.more_operations;
        other.carried.iter().for_each(|one| self.carry(one));
        self.more_carried += other.more_carried;
        self.fingerprints.merge(&other.fingerprints);
        self.tls.merge(&other.tls);
        self.first_seen = [self.first_seen, other.first_seen].into_iter().flatten().min();
        self.last_seen = [self.last_seen, other.last_seen].into_iter().flatten().max();
    }

    /// What it was told by.
    #[must_use]
    pub const fn told_by(&self) -> ClientTold {
        self.by
    }

    /// How far that is believed.
    #[must_use]
    pub fn grade(&self) -> Grade {
        match (self.by, self.accepted) {
            (ClientTold::Certificate, _) => Grade::Verified,
            (ClientTold::UserAgent | ClientTold::ForwardedCertificate, _) | (_, false) => {
                Grade::Claimed
            }
            (_, true) => Grade::Accepted,
        }
    }

    /// What it is.
    #[must_use]
    pub const fn form(&self) -> ClientForm {
        match self.by {
            ClientTold::ApiKey
            | ClientTold::Certificate
            | ClientTold::ForwardedCertificate
            | ClientTold::Basic => ClientForm::Key,
            ClientTold::Token if self.acts => ClientForm::AddOn,
            ClientTold::Token | ClientTold::TokenRequest | ClientTold::UserAgent => {
                ClientForm::Application
            }
        }
    }

    /// Where it runs: by the first sign that at least half of its granted exchanges have. That it asked for a token of
    /// its own counts when no user is behind it.
    #[must_use]
    pub fn kind(&self) -> ClientKind {
        let decides = |(count, sign): &(u64, Sign)| match sign {
            Sign::ClientCredentials => *count > 0 && self.users.count() == 0,
            _ => *count > 0 && count.saturating_mul(2) >= self.granted,
        };
        self.signs().find(decides).map_or(ClientKind::Unknown, |(_, sign)| sign.kind())
    }

    /// What tells its kind, and what else would tell one.
    #[must_use]
    pub fn kind_evidence(&self) -> Vec<NamedCount> {
        let seen = self.signs().filter(|(count, _)| *count > 0);
        seen.map(|(count, sign)| NamedCount {
            name: format!("{}: {}", sign.kind(), sign.reason()),
            count,
        })
        .collect()
    }

    fn signs(&self) -> impl Iterator<Item = (u64, Sign)> {
        self.signs.into_iter().zip(Sign::ALL).map(|(count, sign)| match sign {
            Sign::DeviceSubject if self.device => (self.granted, sign),
            _ => (count, sign),
        })
    }

    /// Distinct subjects behind it.
    #[must_use]
    pub fn users(&self) -> u64 {
        self.users.count()
    }

    /// Distinct addresses.
    #[must_use]
    pub fn sources(&self) -> u64 {
        self.sources.count()
    }

    /// Scopes that its tokens had, sorted.
    #[must_use]
    pub fn scopes(&self) -> &[(Claim, SmolStr)] {
        &self.scopes
    }

    /// Which data went which way at which leaf, sorted.
    #[must_use]
    pub fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// Leaf and granted exchanges, by leaf.
    #[must_use]
    pub fn operations(&self) -> &[(u32, u64)] {
        &self.operations
    }
}
