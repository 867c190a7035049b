//! Many accounts are tried from one place, one account is guessed, or a site-wide wave of failures.

use bartizan_model::{
    ActorId, ActorKind, ActorRef, Attack, Confidence, Cwe, Duration, Evidence, Input, ItemMeta,
    Owasp, Severity, Stage, Status, Timestamp, counters::Completeness,
};
use serde::{Deserialize, Serialize};

use crate::detectors::{
    DetectorExample, DetectorItem, DetectorState, Evaluated, Key, Lane, Signal, StateError,
    login::{Attempt, Outcome, attempt},
    login_sources::{FAILED, GOT_IN, Place, Site, Source, Verdict},
    names,
    traffic::{Call, exchanges},
};
use crate::{
    facts::Enriched,
    state::{Absorb, RecentSet, Table, Trace, codec, pair, table_key},
};

/// The item.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D002",
        name: "credential-stuffing",
        title: "Stolen or guessed credentials are tried at a login",
        severity: Severity::High,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(307), Cwe(287)],
        attack: &[Attack("T1110.004"), Attack("T1110.003")],
        inputs: &[
            Input::RequestHead,
            Input::RequestBody,
            Input::Status,
            Input::Time,
            Input::Identity,
            Input::History,
        ],
        what: "Recognises logins by path words, by an account field next to a secret field, or by \
               HTTP Basic. A failure is healed when the same account gets in from the same place; \
               a place is an address with its client, an address, or a client fingerprint. Fires \
               (a) when one place fails on at least 10 distinct accounts within an hour and 70 % \
               of its attempts fail, or 20 within a day and 80 %; a fingerprint needs 20 accounts \
               within an hour from 5 addresses and 80 %; (b) when one account is tried with 10 \
               distinct secrets within an hour from one place, or fails from 10 addresses within \
               an hour; with masked secrets, 30 failures within 10 minutes at irregular \
               intervals; (c) when the distinct accounts that fail at a login from addresses \
               where they never got in reach 20 within an hour from 10 addresses, three times the \
               95th percentile of at least 12 earlier hours. The same wrong secret again and \
               again (a forgotten client) is one guess. A success during it makes it critical. Each call \
               of a batch is an attempt of its own.",
        why: "Passwords leaked elsewhere open a share of accounts of every service that lets \
              them be tried in bulk.",
        fix: "Limit failures per account, address and fingerprint; refuse leaked passwords; ask \
              for a second factor on new devices; answer alike for unknown and wrong.",
        references: &["https://owasp.org/www-community/attacks/Credential_stuffing", "CWE-307"],
    },
    class: "credential_stuffing",
    key: Key::Campaign,
    stage: Stage::Probing,
    lane: Lane::Calls(|| Box::<State>::default()),
    examples: EXAMPLES,
};

const VERSION: u8 = 1;
/// After this long a new detection begins.
const GAP: Duration = Duration::hours(12);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    /// By address and client, by address, by fingerprint, by account.
    sources: Table<Source>,
    sites: Table<Site>,
    /// `(address, account)` that got in.
    familiar: RecentSet,
}

impl Default for State {
    fn default() -> Self {
        Self {
            sources: Table::new(20_000),
            sites: Table::new(1_024),
            familiar: RecentSet::new(500_000),
        }
    }
}

struct Login<'a> {
    exchange: &'a Enriched<'a>,
    time: Timestamp,
    attempt: Attempt,
    account: u64,
    address: u64,
}

impl DetectorState for State {
    fn observe(&mut self, exchange: &Enriched<'_>, out: &mut Vec<Signal>) -> Evaluated {
        let Some(attempt) = attempt(exchange) else { return Evaluated::NotApplicable };
        let Some(time) = exchange.time else { return Evaluated::No(Input::Time) };
        if attempt.outcome == Outcome::Unclear {
            return Evaluated::NotApplicable;
        }
        let Some(account) = attempt.account else { return Evaluated::No(Input::RequestBody) };
        let Some(address) = exchange.address_key.map(table_key) else {
            return Evaluated::No(Input::Identity);
        };
        let login = Login { exchange, time, attempt, account, address };
        let mut complete = true;
        let mut told = false;
        let fingerprint = exchange.fingerprint_key.map(table_key);
        let places = [
            (Place::Client, exchange.client_key.map(table_key)),
            (Place::Address, Some(address)),
            (Place::Fingerprint, fingerprint),
            (Place::Account, Some(account)),
        ];
        for (place, key) in places {
            let Some(key) = key else { continue };
            let (signal, known) = self.at_place(&login, place, pair(key, place as u64), told);
            complete &= known;
            if let Some(signal) = signal {
                told = true;
                out.push(signal);
            }
        }
        if let Some(signal) = self.at_site(&login, told) {
            out.push(signal);
        }
        if attempt.outcome == Outcome::Success {
            self.familiar.insert(pair(address, account), time);
        }
        if complete { Evaluated::Yes } else { Evaluated::No(Input::History) }
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
        self.sources.absorb(other.sources);
        self.sites.absorb(other.sites);
        self.familiar.absorb(other.familiar);
        Ok(())
    }
}

impl State {
    fn is_familiar(&self, login: &Login<'_>) -> bool {
        self.familiar.contains(pair(login.address, login.account))
    }

    fn at_place(
        &mut self,
        login: &Login<'_>,
        place: Place,
        key: u64,
        told: bool,
    ) -> (Option<Signal>, bool) {
        let familiar = self.is_familiar(login);
        let (source, completeness) = self.sources.entry(key, login.time, Source::default);
        source.incomplete |= completeness == Completeness::Incomplete;
        let success = login.attempt.outcome == Outcome::Success;
        let trace = Trace {
            time: login.time,
            object: if place == Place::Account { login.address } else { login.account },
            group: match place {
                Place::Client | Place::Address => login.attempt.secret.unwrap_or(0),
                Place::Fingerprint | Place::Account => login.address,
            },
            class: if success { GOT_IN } else { FAILED },
            mark: login.exchange.mark(),
        };
        let verdict = source.observe(place, trace, familiar, login.exchange.lossy);
        let complete = !source.incomplete && !login.exchange.lossy;
        let Verdict::Hostile { exchanges, note, hits } = verdict else { return (None, complete) };
        if told || source.incomplete || exchanges.is_empty() {
            return (None, complete);
        }
        let actor = match place {
            Place::Client | Place::Address => login.exchange.actor.clone(),
            Place::Fingerprint | Place::Account => campaign(login, place.word(), key),
        };
        let note = format!("{}: {note}", place.word());
        (Some(signal(key, actor, exchanges, note, hits)), complete)
    }

    fn at_site(&mut self, login: &Login<'_>, told: bool) -> Option<Signal> {
        if self.is_familiar(login) {
            return None;
        }
        let endpoint = login.exchange.endpoint.id.as_str();
        let key = names::fnv(names::FNV_START, endpoint.as_bytes());
        let site = self.sites.entry(key, login.time, Site::default).0;
        let success = login.attempt.outcome == Outcome::Success;
        let trace = Trace {
            time: login.time,
            object: login.account,
            group: login.address,
            class: if success { GOT_IN } else { FAILED },
            mark: login.exchange.mark(),
        };
        let Verdict::Hostile { exchanges, note, hits } =
            site.observe(trace, told || login.exchange.lossy)
        else {
            return None;
        };
        if exchanges.is_empty() {
            return None;
        }
        Some(signal(pair(key, 9), campaign(login, "wave", key), exchanges, note, hits))
    }
}

fn campaign(login: &Login<'_>, kind: &str, key: u64) -> ActorRef {
    let scope = &login.exchange.facts.snapshot.scope;
    ActorRef {
        id: ActorId::derive(scope, &["login campaign", kind, &format!("{key:016x}")]),
        kind: ActorKind::Campaign,
        label: format!("login campaign ({kind})").into(),
    }
}

fn signal(
    group: u64,
    actor: ActorRef,
    exchanges: Vec<crate::facts::ExchangeMark>,
    note: String,
    hits: u64,
) -> Signal {
    let (severity, stage) = if hits > 0 {
        (Severity::Critical, Stage::Exploitation)
    } else {
        (Severity::High, Stage::Probing)
    };
    Signal {
        group,
        actor,
        one_endpoint: true,
        severity,
        confidence: Confidence::High,
        stage,
        exchanges,
        evidence: vec![
            Evidence::note(note),
            Evidence::note(match hits {
                1 => "1 account was opened during the attack".to_owned(),
                _ => format!("{hits} accounts were opened during the attack"),
            }),
        ],
        gap: GAP,
    }
}

static EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "thirty leaked accounts from one address, one of them fits",
        fires: true,
        exchanges: || {
            let calls = (0..30).map(|n| Call {
                agent: "python-requests/2.31",
                ..Call::login(n * 2, &format!("leak{n}@example.net"), "s3cret", n == 25)
            });
            exchanges(calls.collect())
        },
    },
    DetectorExample {
        name: "one account is tried with many secrets",
        fires: true,
        exchanges: || {
            let calls =
                (0..15).map(|n| Call::login(n * 7, "a@example.com", &format!("p{n}"), false));
            exchanges(calls.collect())
        },
    },
    DetectorExample {
        name: "forty people behind one address, every fourth mistypes once",
        fires: false,
        exchanges: || {
            let calls = (0..40).flat_map(|n| {
                let account = format!("user{n}@example.com");
                let wrong = (n % 4 == 0).then(|| Call::login(n * 60, &account, "typo", false));
                let right = Call::login(n * 60 + 9, &account, "right", true);
                wrong.into_iter().chain([right])
            });
            exchanges(calls.collect())
        },
    },
    DetectorExample {
        name: "a forgotten client repeats one wrong password every minute",
        fires: false,
        exchanges: || {
            let calls = (0..500).map(|n| Call {
                agent: "monitor/1.0",
                ..Call::login(n * 60, "probe@example.com", "old", false)
            });
            exchanges(calls.collect())
        },
    },
];
