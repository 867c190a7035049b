//! One token is used by several clients at once.

use bartizan_model::{
    Attack, AuthType, Confidence, Cwe, Duration, Evidence, Grade, Input, ItemMeta, Owasp, Severity,
    Stage, Status, Timestamp, counters::Completeness,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::net::IpAddr;

use crate::detectors::{
    DetectorExample, DetectorItem, DetectorState, Evaluated, Key, Lane, Signal, StateError,
    names::{FNV_START, fnv},
    traffic::{Call, exchanges, shop},
};
use crate::{
    facts::Enriched,
    state::{Absorb, RecentSet, Table, Trace, Trail, codec, pair, table_key},
};

/// The item.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D005",
        name: "token-used-by-several-clients",
        title: "One token is used by several clients at once",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(613), Cwe(384)],
        attack: &[Attack("T1550.001"), Attack("T1539")],
        inputs: &[Input::RequestHead, Input::Status, Input::Time, Input::Identity, Input::History],
        what: "Follows, per bearer token or session cookie that the API accepts, the clients that \
               use it: network (IPv4 /16, IPv6 /32) and fingerprint (JA4, else the user agent \
               without version numbers). A change of network alone is roaming and a change of \
               fingerprint alone an update. Fires when a client whose fingerprint the caller never \
               used before shares the token from another network and the two alternate at least 4 \
               times with at most 10 minutes between, or when 4 networks and 3 fingerprints use it \
               within a day. Silent where more than 2 % of at least 20 tokens do so (apps and \
               web pages that share tokens; 10 % when the new client is a script). API keys, \
               client certificates and signatures, which servers use from many places, are left \
               out.",
        why: "A stolen token works for whoever holds it; use from two places at once is what \
              shows it.",
        fix: "End the session; bind tokens to the client (DPoP, mTLS), shorten their life, rotate \
              refresh tokens and refuse reuse.",
        references: &["RFC 9700", "RFC 9449", "CWE-613"],
    },
    class: "stolen_token",
    key: Key::Credential,
    stage: Stage::Exploitation,
    lane: Lane::History(|| Box::<State>::default()),
    examples: EXAMPLES,
};

const VERSION: u8 = 1;
const CLIENTS: usize = 8;
const SWITCH_WITHIN: Duration = Duration::minutes(10);
const LEAST_SWITCHES: u8 = 4;
const DAY: Duration = Duration::days(1);
const LEAST_TOKENS: u32 = 20;
const GAP: Duration = Duration::hours(12);

/// One client of a token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Client {
    network: u64,
    fingerprint: u64,
    last: Timestamp,
    /// Its fingerprint was new to the caller when it first used the token.
    novel: bool,
    script: bool,
    /// How often use changed between it and a client that differs in both, quickly.
    switches: u8,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Token {
    clients: SmallVec<[Client; 1]>,
    /// Index of the client that used it last.
    last: u8,
    shared: bool,
    trail: Trail,
    fired: Option<(Timestamp, String)>,
    incomplete: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    tokens: Table<Token>,
    /// `(actor, fingerprint)` that were seen.
    used: RecentSet,
    /// Tokens seen, and those that alternated between clients.
    seen: u32,
    shared: u32,
}

impl Default for State {
    fn default() -> Self {
        Self { tokens: Table::new(50_000), used: RecentSet::new(200_000), seen: 0, shared: 0 }
    }
}

impl DetectorState for State {
    fn observe(&mut self, exchange: &Enriched<'_>, out: &mut Vec<Signal>) -> Evaluated {
        let credential = exchange.facts.credentials.iter().find(|c| {
            matches!(c.auth_type, AuthType::Bearer | AuthType::Jwt | AuthType::SessionCookie)
        });
        let Some(credential) = credential else { return Evaluated::NotApplicable };
        // A claimed token proves nothing: anybody can send somebody's name.
        let claimed = exchange.principal.is_some_and(|p| p.grade == Grade::Claimed);
        if claimed || !exchange.is_success() {
            return Evaluated::NotApplicable;
        }
        let Some(time) = exchange.time else { return Evaluated::No(Input::Time) };
        let request = &exchange.facts.exchange;
        let Some(network) = request.client.ip.map(network) else {
            return Evaluated::No(Input::Identity);
        };
        let fingerprint = match (&request.client.ja4, exchange.agent) {
            (Some(ja4), _) => fnv(FNV_START, ja4.as_bytes()),
            (None, Some(agent)) => agent.family,
            (None, None) => return Evaluated::No(Input::Identity),
        };
        let actor = table_key(exchange.actor_key);
        let novel = self.used.insert(pair(actor, fingerprint), time);
        let (token, completeness) =
            self.tokens.entry(table_key(credential.token), time, Token::default);
        token.incomplete |= completeness == Completeness::Incomplete;
        let client = Client {
            network,
            fingerprint,
            last: time,
            novel,
            script: exchange.agent.is_some_and(|agent| agent.is_script),
            switches: 0,
        };
        let is_first = token.clients.is_empty();
        let at = token.seen_by(client);
        if is_first {
            self.seen = self.seen.saturating_add(1);
        }
        if token.has_alternated() && !token.shared {
            token.shared = true;
            self.shared = self.shared.saturating_add(1);
        }
        let population = (self.shared, self.seen);
        let key = table_key(credential.token);
        let Some(token) = self.tokens.get_mut(key) else { return Evaluated::Yes };
        out.extend(token.signal(exchange, at, population, time, key));
        let incomplete = token.incomplete || exchange.lossy;
        if incomplete { Evaluated::No(Input::History) } else { Evaluated::Yes }
    }

    fn save(&self) -> Vec<u8> {
        codec::save(VERSION, self)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        *self = codec::load(VERSION, bytes)?;
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let other: Self = codec::load(VERSION, bytes)?;
        self.tokens.absorb(other.tokens);
        self.used.absorb(other.used);
        self.seen = self.seen.saturating_add(other.seen);
        self.shared = self.shared.saturating_add(other.shared);
        Ok(())
    }
}

impl Token {
    /// Finds or adds the client and counts a quick change from the one before. Returns its index.
    fn seen_by(&mut self, client: Client) -> usize {
        let time = client.last;
        let same = |c: &Client| c.network == client.network && c.fingerprint == client.fingerprint;
        let at = match self.clients.iter().position(same) {
            Some(at) => at,
            None if self.clients.len() < CLIENTS => {
                // A known fingerprint on another network keeps what was known about it.
                let sibling = self.clients.iter().find(|c| c.fingerprint == client.fingerprint);
                let novel = sibling.map_or(client.novel && !self.clients.is_empty(), |c| c.novel);
                self.clients.push(Client { novel, ..client });
                self.clients.len() - 1
            }
            // Full: the client that was silent longest makes room, never the first one.
            None => {
                let oldest = (1..self.clients.len())
                    .min_by_key(|i| self.clients.get(*i).map(|c| c.last))
                    .unwrap_or(0);
                if let Some(slot) = self.clients.get_mut(oldest) {
                    *slot = client;
                }
                oldest
            }
        };
        let before = self.clients.get(usize::from(self.last)).cloned().unwrap_or_default();
        let Some(now) = self.clients.get_mut(at) else { return at };
        let differs = now.network != before.network && now.fingerprint != before.fingerprint;
        if usize::from(self.last) != at && differs && time.since(before.last) <= SWITCH_WITHIN {
            now.switches = now.switches.saturating_add(1);
            if let Some(other) = self.clients.get_mut(usize::from(self.last)) {
                other.switches = other.switches.saturating_add(1);
            }
        }
        if let Some(now) = self.clients.get_mut(at) {
            now.last = time;
        }
        self.last = at as u8;
        at
    }

    fn has_alternated(&self) -> bool {
        self.clients.iter().filter(|c| c.switches >= LEAST_SWITCHES).count() >= 2
    }

    fn signal(
        &mut self,
        exchange: &Enriched<'_>,
        at: usize,
        (shared, seen): (u32, u32),
        time: Timestamp,
        key: u64,
    ) -> Option<Signal> {
        let client = self.clients.get(at)?.clone();
        if !client.novel {
            return None;
        }
        let trace = Trace { time, object: at as u64, group: 0, class: 1, mark: exchange.mark() };
        self.trail.push(trace, time.minus(DAY));
        if self.fired.as_ref().is_some_and(|(last, _)| time.since(*last) > GAP) {
            self.fired = None;
        }
        if self.fired.is_none() {
            if self.incomplete || exchange.lossy {
                return None;
            }
            self.fired = Some((time, self.rule(&client, (shared, seen), time)?));
        }
        let (last, note) = self.fired.as_mut()?;
        *last = time;
        let note = note.clone();
        Some(Signal {
            group: key,
            actor: exchange.actor.clone(),
            one_endpoint: false,
            severity: Severity::High,
            confidence: if client.script { Confidence::High } else { Confidence::Medium },
            stage: Stage::Exploitation,
            exchanges: self.trail.take(|_| true),
            evidence: vec![Evidence::note(note)],
            gap: GAP,
        })
    }

    fn rule(&self, client: &Client, (shared, seen): (u32, u32), time: Timestamp) -> Option<String> {
        let since = time.minus(DAY);
        let recent = || self.clients.iter().filter(move |c| c.last >= since);
        let count = |pick: fn(&Client) -> u64| {
            let mut values: Vec<u64> = recent().map(pick).collect();
            values.sort_unstable();
            values.dedup();
            values.len()
        };
        let (networks, fingerprints) = (count(|c| c.network), count(|c| c.fingerprint));
        let alternates = client.switches >= LEAST_SWITCHES;
        let spread = networks >= 4 && fingerprints >= 3;
        let percent = if client.script { 10 } else { 2 };
        // The token itself and one more do not make a habit of the API.
        let others = shared.saturating_sub(1 + u32::from(self.shared));
        let common = u64::from(others) * 100 > u64::from(seen) * percent;
        if (!alternates && !spread) || seen < LEAST_TOKENS || common {
            return None;
        }
        Some(format!(
            "a client that this caller never used before shares the token from another network and \
             changed places with others {} times within 10 minutes each (threshold \
             {LEAST_SWITCHES}); {networks} networks and {fingerprints} kinds of client within a \
             day (threshold 4 and 3); {shared} of {seen} tokens alternate so (limit {percent} %)",
            client.switches
        ))
    }
}

/// The network that a provider moves a subscriber within.
fn network(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => fnv(FNV_START, ip.octets().get(..2).unwrap_or(&[])),
        IpAddr::V6(ip) => fnv(FNV_START ^ 6, ip.octets().get(..4).unwrap_or(&[])),
    }
}

impl Absorb for Token {
    fn absorb(&mut self, other: Self) {
        for theirs in other.clients {
            let same =
                |c: &Client| c.network == theirs.network && c.fingerprint == theirs.fingerprint;
            let known = self.clients.iter().position(same);
            if let Some(mine) = known.and_then(|at| self.clients.get_mut(at)) {
                mine.last = mine.last.max(theirs.last);
                mine.novel &= theirs.novel;
                mine.switches = mine.switches.saturating_add(theirs.switches);
            } else if self.clients.len() < CLIENTS {
                self.clients.push(theirs);
            } else {
                self.incomplete = true;
            }
        }
        self.shared |= other.shared;
        self.trail.absorb(other.trail);
        self.fired = self.fired.take().max(other.fired);
        self.incomplete |= other.incomplete;
    }
}

/// Subject 4003 of the shop goes on; every other call comes from elsewhere.
fn alternating(other: fn(i64, Call) -> Call) -> Vec<bartizan_model::Exchange> {
    let calls = (0..16).map(|n| {
        let call = Call::get(4_000 + n * 30, "/v1/orders", r#"{"items":[]}"#).by(4_003);
        if n % 2 == 0 { call } else { other(n, call) }
    });
    exchanges(shop().into_iter().chain(calls).collect())
}

static EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "a script elsewhere uses a browser's token at the same time",
        fires: true,
        exchanges: || {
            alternating(|_, call| Call { ip: [192, 0, 2, 66], agent: "curl/8.5.0", ..call })
        },
    },
    DetectorExample {
        name: "a phone moves between networks",
        fires: false,
        exchanges: || alternating(|n, call| Call { ip: [192, (n % 8) as u8, 2, 66], ..call }),
    },
    DetectorExample {
        name: "the browser is updated and another one used at home",
        fires: false,
        exchanges: || {
            alternating(|_, call| Call { agent: "Mozilla/5.0 (X11) Chrome/126.0", ..call })
        },
    },
];
