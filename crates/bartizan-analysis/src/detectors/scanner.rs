//! Somebody tries paths that do not exist.

use bartizan_model::{
    Attack, Confidence, Cwe, Duration, Evidence, Input, ItemMeta, Owasp, Severity, Stage, Status,
    Timestamp, counters::Completeness,
};
use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::detectors::{
    DetectorExample, DetectorItem, DetectorState, Evaluated, Key, Lane, Signal, StateError,
    names::{FNV_START, fnv, is_value_segment},
    traffic::{Call, exchanges},
};
use crate::{
    facts::Enriched,
    state::{Absorb, Buckets, Distinct, RecentSet, Table, Trace, Trail, codec, table_key},
};

/// The item.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D003",
        name: "forced-browsing",
        title: "Client tries many paths that do not exist",
        severity: Severity::Medium,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api9),
        cwe: &[Cwe(1059)],
        attack: &[Attack("T1595.003"), Attack("T1595.002")],
        inputs: &[Input::RequestHead, Input::Status, Input::Time, Input::Identity, Input::History],
        what: "Counts, per client (address with fingerprint), distinct paths answered 404, 403, \
               405 or 501 that nobody ever reached with success; identifiers, long and hyphenated \
               segments count as one, and files that browsers ask for by themselves do not count. \
               Fires at 15 distinct such paths within 10 minutes or 40 within a day when at least \
               70 % of the client's requests failed so, or at 5 paths of the shape that \
               vulnerability scanners try (dot files, backups, consoles, other platforms' scripts); \
               3 when the user agent names a scanner. A client that repeats few dead paths and a \
               crawler that mostly finds what it asks for stay silent.",
        why: "Finding forgotten paths, old versions and consoles is how most attacks on APIs begin.",
        fix: "Throttle clients by their rate of unknown paths; take old versions, consoles and \
              backups off the public side.",
        references: &["https://attack.mitre.org/techniques/T1595/003/", "CWE-425"],
    },
    class: "scanner",
    key: Key::Actor,
    stage: Stage::Reconnaissance,
    lane: Lane::History(|| Box::<State>::default()),
    examples: EXAMPLES,
};

const VERSION: u8 = 1;
const UNKNOWN: u8 = 1;
const PROBE: u8 = 2;
const FAST: (usize, Duration) = (15, Duration::minutes(10));
const SLOW: (usize, Duration) = (40, Duration::days(1));
const PROBES: usize = 5;
const PROBES_OF_TOOL: usize = 3;
const GAP: Duration = Duration::hours(6);

/// Parts of paths that scanners try and APIs do not have.
const PROBE_PARTS: [&str; 34] = [
    "/.",
    "..",
    "wp-",
    "phpmyadmin",
    "/cgi-bin",
    "/actuator",
    "/server-status",
    "/manager/html",
    "/console",
    "/solr",
    "/jenkins",
    "/hudson",
    "/jmx",
    "/druid",
    "/nacos",
    "/xmlrpc",
    "/adminer",
    "/vendor/",
    "/phpinfo",
    "/etc/passwd",
    "/swagger",
    "/api-docs",
    "/debug",
    "/backup",
    "/dump",
    "/telescope",
    "/webdav",
    "/owa/",
    "/autodiscover",
    "/boaform",
    "/hnap1",
    "/elmah",
    "/trace.axd",
    "/heapdump",
];
/// Endings of the same.
const PROBE_ENDINGS: [&str; 18] = [
    ".php", ".asp", ".aspx", ".jsp", ".cgi", ".bak", ".old", ".orig", ".sql", ".zip", ".tar.gz",
    ".rar", ".7z", ".swp", ".env", ".log", ".ini", ".pem",
];
/// What browsers, search engines and devices ask every host for.
const ASKED_BY_ITSELF: [&str; 9] = [
    "/favicon.ico",
    "/robots.txt",
    "/sitemap.xml",
    "/apple-touch-icon",
    "/.well-known/",
    "/manifest.json",
    "/browserconfig.xml",
    "/ads.txt",
    "/security.txt",
];
/// Names of scanners in user agents: a hint only, agents are easily changed.
const TOOLS: [&str; 16] = [
    "sqlmap",
    "nikto",
    "nmap",
    "dirbuster",
    "gobuster",
    "ffuf",
    "feroxbuster",
    "nuclei",
    "zgrab",
    "masscan",
    "wpscan",
    "kiterunner",
    "wfuzz",
    "dirsearch",
    "arachni",
    "acunetix",
];

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Client {
    trail: Trail,
    tries: Buckets,
    misses: Buckets,
    paths: Distinct,
    fired: Option<(Timestamp, String)>,
    incomplete: bool,
}

impl Default for Client {
    fn default() -> Self {
        let day = || Buckets::new(Duration::hours(2), 12);
        Self {
            trail: Trail::default(),
            tries: day(),
            misses: day(),
            paths: Distinct::default(),
            fired: None,
            incomplete: false,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    clients: Table<Client>,
    /// Paths that were reached with success, without their identifiers.
    reached: RecentSet,
}

impl Default for State {
    fn default() -> Self {
        Self { clients: Table::new(20_000), reached: RecentSet::new(100_000) }
    }
}

impl DetectorState for State {
    fn observe(&mut self, exchange: &Enriched<'_>, out: &mut Vec<Signal>) -> Evaluated {
        let Some(time) = exchange.time else { return Evaluated::No(Input::Time) };
        let Some(status) = exchange.status() else { return Evaluated::No(Input::Status) };
        let request = &exchange.facts.exchange.request;
        let path = request.path();
        let shape = path_shape(request.host(), path);
        if status < 400 {
            if exchange.is_success() {
                self.reached.insert(shape, time);
            }
        } else if !matches!(status, 403 | 404 | 405 | 501) {
            return Evaluated::NotApplicable;
        }
        let key = table_key(exchange.client_key.unwrap_or(exchange.actor_key));
        let known = status < 400 || self.reached.contains(shape) || is_asked_by_itself(path);
        if known && self.clients.peek(key).is_none() {
            return Evaluated::Yes;
        }
        let (client, completeness) = self.clients.entry(key, time, Client::default);
        client.incomplete |= completeness == Completeness::Incomplete;
        client.tries.add(time, 1);
        client.misses.add(time, u64::from(!known));
        if !known {
            let class = if is_probe(path) { UNKNOWN | PROBE } else { UNKNOWN };
            let trace = Trace { time, object: shape, group: 0, class, mark: exchange.mark() };
            client.trail.push(trace, time.minus(SLOW.1));
            let tool = request.headers.get("user-agent").is_some_and(names_tool);
            out.extend(client.signal(exchange, key, tool, time));
        }
        let incomplete = client.incomplete || exchange.lossy;
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
        self.clients.absorb(other.clients);
        self.reached.absorb(other.reached);
        Ok(())
    }
}

impl Client {
    fn signal(
        &mut self,
        exchange: &Enriched<'_>,
        key: u64,
        tool: bool,
        time: Timestamp,
    ) -> Option<Signal> {
        if self.fired.as_ref().is_some_and(|(last, _)| time.since(*last) > GAP) {
            self.fired = None;
            self.paths = Distinct::default();
        }
        if self.fired.is_none() {
            if self.incomplete || exchange.lossy {
                return None;
            }
            self.fired = Some((time, self.rule(tool, time)?));
        }
        let (last, note) = self.fired.as_mut()?;
        *last = time;
        for trace in self.trail.iter() {
            self.paths.insert(trace.object);
        }
        Some(Signal {
            group: key,
            actor: exchange.actor.clone(),
            one_endpoint: false,
            severity: Severity::Medium,
            confidence: Confidence::High,
            stage: Stage::Reconnaissance,
            exchanges: self.trail.take(|_| true),
            evidence: vec![
                Evidence::note(note.clone()),
                Evidence::note(format!("{} distinct unknown paths so far", self.paths.count())),
            ],
            gap: GAP,
        })
    }

    fn rule(&self, tool: bool, time: Timestamp) -> Option<String> {
        if self.trail.len() < PROBES_OF_TOOL {
            return None;
        }
        let (misses, tries) = (self.misses.sum(), self.tries.sum());
        if misses * 10 < tries * 7 {
            return None;
        }
        let since = time.minus(FAST.1);
        let fast = self.trail.objects(|t| t.time >= since);
        let slow = self.trail.objects(|_| true);
        let probes = self.trail.objects(|t| t.class & PROBE != 0);
        let least_probes = if tool { PROBES_OF_TOOL } else { PROBES };
        if fast < FAST.0 && slow < SLOW.0 && probes < least_probes {
            return None;
        }
        let hint = if tool { "; the user agent names a scanner" } else { "" };
        Some(format!(
            "{fast} distinct unknown paths within 10 minutes, {slow} within a day, {probes} of \
             them of a shape that scanners try (thresholds {}, {}, {least_probes}); {misses} of \
             {tries} requests of this client failed so (threshold 70 %){hint}",
            FAST.0, SLOW.0
        ))
    }
}

/// Host and path without what looks like an identifier or a title.
fn path_shape(host: &str, path: &str) -> u64 {
    let mut hash = fnv(FNV_START, host.as_bytes());
    for segment in path.split('/').filter(|s| !s.is_empty()).take(32) {
        let varies = is_value_segment(segment)
            || segment.len() > 32
            || segment.bytes().filter(|b| *b == b'-').count() >= 2;
        hash = fnv(hash, b"/");
        hash = if varies { fnv(hash, b"{}") } else { fnv(hash, segment.as_bytes()) };
    }
    // FNV alone is not keyed, so clients could aim at collisions; what they would gain is to hide
    // one path behind another.
    hash
}

fn is_asked_by_itself(path: &str) -> bool {
    ASKED_BY_ITSELF.iter().any(|start| path.starts_with(start))
}

fn is_probe(path: &str) -> bool {
    let lower: Vec<u8> = path.bytes().take(512).map(|b| b.to_ascii_lowercase()).collect();
    PROBE_PARTS.iter().any(|part| memmem::find(&lower, part.as_bytes()).is_some())
        || PROBE_ENDINGS.iter().any(|end| lower.ends_with(end.as_bytes()))
}

fn names_tool(agent: &str) -> bool {
    let lower: Vec<u8> = agent.bytes().take(256).map(|b| b.to_ascii_lowercase()).collect();
    TOOLS.iter().any(|tool| memmem::find(&lower, tool.as_bytes()).is_some())
}

impl Absorb for Client {
    fn absorb(&mut self, other: Self) {
        self.trail.absorb(other.trail);
        self.tries.absorb(other.tries);
        self.misses.absorb(other.misses);
        self.paths.absorb(other.paths);
        self.fired = self.fired.take().max(other.fired);
        self.incomplete |= other.incomplete;
    }
}

static EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "a word list of paths that do not exist",
        fires: true,
        exchanges: || {
            let words = "admin test old private internal beta config users2 upload staging tmp \
                         secret keys data export root system";
            let calls = words
                .split_whitespace()
                .enumerate()
                .map(|(n, word)| Call::get(n as i64, format!("/{word}"), "{}").status(404));
            exchanges(calls.collect())
        },
    },
    DetectorExample {
        name: "a few paths that vulnerability scanners try",
        fires: true,
        exchanges: || {
            let paths = ["/.env", "/.git/config", "/wp-login.php", "/actuator/env", "/db.sql"];
            let calls = paths
                .iter()
                .enumerate()
                .map(|(n, path)| Call::get(n as i64 * 50, *path, "{}").status(404));
            exchanges(calls.collect())
        },
    },
    DetectorExample {
        name: "a crawler follows links, one of five is dead",
        fires: false,
        exchanges: || {
            let calls = (0..200).map(|n| {
                let dead = n % 5 == 0;
                let target =
                    if dead { format!("/pages/dead{n}") } else { format!("/products/{n}") };
                Call::get(n * 3, target, "{}").status(if dead { 404 } else { 200 })
            });
            exchanges(calls.collect())
        },
    },
    DetectorExample {
        name: "an old app asks for four paths that are gone, all day",
        fires: false,
        exchanges: || {
            let calls = (0..400).map(|n| {
                let path = ["/v0/feed", "/v0/me", "/v0/inbox", "/v0/stats"][n as usize % 4];
                Call::get(n * 60, path, "{}").status(410 - 6 * u16::from(n % 2 == 0))
            });
            exchanges(calls.collect())
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_titles_do_not_make_paths_distinct() {
        let shape = |path| path_shape("h", path);
        assert_eq!(shape("/orders/17"), shape("/orders/18"));
        assert_eq!(shape("/blog/ten-ways-to-cook"), shape("/blog/why-we-like-tea"));
        assert_ne!(shape("/orders/17"), shape("/users/17"));
        assert_ne!(shape("/admin"), shape("/backup"));
    }

    #[test]
    fn probe_shapes() {
        for path in ["/.env", "/wp-login.php", "/api/.git/config", "/db.sql", "/actuator/health"] {
            assert!(is_probe(path), "{path}");
        }
        for path in ["/api/v1/orders", "/users/me", "/v2/catalogue/items.json"] {
            assert!(!is_probe(path), "{path}");
        }
    }
}
