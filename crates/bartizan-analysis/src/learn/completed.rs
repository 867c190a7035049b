//! What was accepted and ends later: an answer 202 joined to where its end is asked for, and a request that names an
//! address to be called joined to the call.
//!
//! Where the end is asked for is the server's to say: `Location` and its like (RFC 9110 §15.3.3), an address or a link
//! in the body (RFC 8288, HAL), the id of what was accepted, which is asked for below where it was asked for, or the name
//! of a long-running operation (AIP-151). A callback is taken for one only when another address calls than the one that named it: a client alone
//! cannot make two endpoints look as if one ended at the other.

use std::collections::BTreeMap;

use bartizan_model::{CompletedBy, Exchange, HashKey, Root, Side};
use bartizan_protocols::{NodeRef, Value};
use serde::{Deserialize, Serialize};

use crate::{endpoints::is_version, facts::Facts, recent::RecentMap};

/// Most addresses that are waited for; the one not used for longest is forgotten for another.
const MAX_WAITING: usize = 16_384;
/// Most pairs of an endpoint and where it ends.
const MAX_PAIRS: usize = 20_000;
/// Longest address that is waited for, in bytes.
const MAX_URL: usize = 2_048;
/// Most values of a body that are looked at for an address.
const MAX_VALUES: usize = 256;
/// How deep they may be.
const MAX_DEPTH: u16 = 3;

/// Fields of an answer that say where its end is asked for, the surest first.
const MONITORS: [&str; 4] =
    ["operation-location", "azure-asyncoperation", "location", "content-location"];
/// Names of the same in a body, in lower case and without what divides words.
const STATUS_NAMES: [&str; 11] = [
    "statusurl",
    "statusuri",
    "statuslink",
    "pollurl",
    "pollingurl",
    "monitorurl",
    "operationurl",
    "joburl",
    "resulturl",
    "statusqueryurl",
    "statushref",
];
/// Names of the links that lead to the end: `{"_links": {"self": {"href": "/jobs/7"}}}`.
const LINKS: [&str; 6] = ["self", "status", "monitor", "operation", "job", "poll"];
/// Names of what was accepted.
const ID_NAMES: [&str; 7] =
    ["id", "jobid", "taskid", "requestid", "operationid", "exportid", "reportid"];
/// Longest id that is waited for, in bytes.
const MAX_ID: usize = 128;
/// Names of an address to be called.
const CALLBACK_NAMES: [&str; 10] = [
    "callback",
    "callbackurl",
    "callbackuri",
    "webhook",
    "webhookurl",
    "notifyurl",
    "notificationurl",
    "replyto",
    "replyurl",
    "completionurl",
];

/// Which endpoints end where.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Completions {
    waiting: RecentMap<u64, Waiting>,
    /// By leaf of what was accepted, leaf of its end, and how.
    pairs: BTreeMap<(u32, u32, CompletedBy), u64>,
    /// Pairs that there was no room for.
    more: u64,
}

/// What waits at an address.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Waiting {
    leaf: u32,
    by: CompletedBy,
    /// Hash of the address that named it; 0 when it is not known.
    asker: u64,
}

impl Completions {
    /// Learns from an exchange of the endpoint with this leaf.
    pub fn observe(&mut self, facts: &Facts<'_>, leaf: u32) {
        let exchange = facts.exchange;
        if facts.is_success() {
            let key = &facts.snapshot.key;
            self.complete(exchange, leaf, key);
            self.wait(facts, leaf, key);
        }
    }

    /// Joins a request to what waits at its address.
    fn complete(&mut self, exchange: &Exchange, leaf: u32, key: &HashKey) {
        if self.waiting.is_empty() {
            return;
        }
        let request = &exchange.request;
        let place = address(key, request.host(), request.path());
        let Some(waiting) = self.waiting.get(&place) else { return };
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        let caller = asker(exchange, key);
        let fits = match waiting.by {
            CompletedBy::Poll => is_read,
            CompletedBy::Callback => {
                !is_read && caller != 0 && waiting.asker != 0 && caller != waiting.asker
            }
        };
        if !fits || waiting.leaf == leaf {
            return;
        }
        let pair = (waiting.leaf, leaf, waiting.by);
        if self.pairs.len() >= MAX_PAIRS && !self.pairs.contains_key(&pair) {
            self.more += 1;
        } else {
            *self.pairs.entry(pair).or_default() += 1;
        }
    }

    fn wait(&mut self, facts: &Facts<'_>, leaf: u32, key: &HashKey) {
        let exchange = facts.exchange;
        let asker = asker(exchange, key);
        let request = &exchange.request;
        let is_accepted = exchange.response.as_ref().is_some_and(|r| r.status == 202);
        let place_of = |url: String| place(key, &url, request.host());
        let end = match is_accepted {
            true => monitor(facts).or_else(|| below(facts)),
            false => operation(facts),
        };
        if let Some(place) = end.and_then(place_of) {
            let waiting = Waiting { leaf, by: CompletedBy::Poll, asker };
            *self.waiting.entry(place, MAX_WAITING, || waiting) = waiting;
        }
        if matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
            return;
        }
        let roots =
            [Root::Query, Root::Body].map(|root| facts.decoded.view.root(Side::Request, root));
        for url in roots.into_iter().flatten().filter_map(|root| named(root, &CALLBACK_NAMES)) {
            // Only a whole address tells whom to call.
            if let Some(place) = place(key, url, "") {
                let waiting = Waiting { leaf, by: CompletedBy::Callback, asker };
                *self.waiting.entry(place, MAX_WAITING, || waiting) = waiting;
            }
        }
    }

    /// Each endpoint with where it ends and how, by leaf, and how often.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32, CompletedBy, u64)> {
        self.pairs.iter().map(|((from, to, by), count)| (*from, *to, *by, *count))
    }

    /// Pairs that there was no room for.
    #[must_use]
    pub const fn more(&self) -> u64 {
        self.more
    }
}

/// Where the answer says that its end is asked for.
fn monitor(facts: &Facts<'_>) -> Option<String> {
    let headers = &facts.exchange.response.as_ref()?.headers;
    let told = MONITORS.iter().find_map(|name| headers.get(name));
    let told = told.map(str::trim).filter(|url| !url.is_empty()).or_else(|| {
        let body = facts.decoded.view.root(Side::Response, Root::Body)?;
        named(body, &STATUS_NAMES).or_else(|| linked(body))
    });
    told.map(str::to_owned)
}

/// The address of a link with one of the names that lead to the end.
fn linked(body: NodeRef<'_>) -> Option<&str> {
    let links = body.children().filter(|node| is_named(node.key(), &["links"]));
    let mut hrefs = links.flat_map(|links| links.children()).take(MAX_VALUES).filter_map(|link| {
        let is_end = is_named(link.key(), &LINKS);
        let mut targets = link.children().filter(|node| is_named(node.key(), &["href"]));
        match (link.value(), targets.next().map(|href| href.value())) {
            (Value::Text(url), _) | (_, Some(Value::Text(url))) if is_end => Some(url),
            _ => None,
        }
    });
    hrefs.next()
}

/// Below where it was asked for, by the id of what was accepted: `/exports/7` for `/exports` and `{"id": 7}`.
fn below(facts: &Facts<'_>) -> Option<String> {
    let body = facts.decoded.view.root(Side::Response, Root::Body)?;
    let mut ids = body.children().take(MAX_VALUES).filter(|node| is_named(node.key(), &ID_NAMES));
    let id = ids.next()?.raw();
    let is_segment = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    let is_id = !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(is_segment);
    let path = facts.exchange.request.path().trim_end_matches('/');
    (is_id && facts.exchange.request.method == "POST").then(|| format!("{path}/{id}"))
}

/// Where a long-running operation is asked for that has not ended: `{"name": "operations/7", "done": false}`, behind
/// the version that the path begins with. `done` may be left out.
fn operation(facts: &Facts<'_>) -> Option<String> {
    let body = facts.decoded.view.root(Side::Response, Root::Body)?;
    let of = |name: &str| body.children().take(MAX_VALUES).find(|node| node.key() == name);
    let Value::Text(name) = of("name")?.value() else { return None };
    let is_operation = name.starts_with("operations/") || name.contains("/operations/");
    let is_open = of("done").is_none_or(|done| done.value() == Value::Bool(false));
    let mut segments = facts.exchange.request.path().split('/').filter(|s| !s.is_empty());
    let version = segments.next().filter(|first| is_version(first));
    (is_operation && is_open).then(|| match version {
        Some(version) => format!("/{version}/{name}"),
        None => format!("/{name}"),
    })
}

/// The first text below a node whose name is one of these.
fn named<'a>(root: NodeRef<'a>, names: &[&str]) -> Option<&'a str> {
    let near = root.descendants().take(MAX_VALUES).filter(|node| node.depth() <= MAX_DEPTH);
    let mut texts = near.filter_map(|node| match node.value() {
        Value::Text(text) if is_named(node.key(), names) => Some(text),
        _ => None,
    });
    texts.next()
}

fn is_named(key: &str, names: &[&str]) -> bool {
    let letters = || key.bytes().filter(|b| !b"_-. ".contains(b)).map(|b| b.to_ascii_lowercase());
    names.iter().any(|name| letters().eq(name.bytes()))
}

/// Hash of the place that an address leads to. One without a host is at `host`; `None` when there is none, and for
/// what is no address of HTTP.
fn place(key: &HashKey, url: &str, host: &str) -> Option<u64> {
    if url.is_empty() || url.len() > MAX_URL {
        return None;
    }
    let bare = url.split(['?', '#']).next().unwrap_or("");
    if let Some((scheme, rest)) = bare.split_once("://") {
        let is_http = ["http", "https"].iter().any(|one| scheme.eq_ignore_ascii_case(one));
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let named = bartizan_model::Request {
            authority: authority.to_owned(),
            ..bartizan_model::Request::default()
        };
        return (is_http && !named.host().is_empty()).then(|| address(key, named.host(), path));
    }
    (bare.starts_with('/') && !bare.starts_with("//") && !host.is_empty())
        .then(|| address(key, host, bare))
}

fn address(key: &HashKey, host: &str, path: &str) -> u64 {
    let path = path.trim_end_matches('/');
    let text = format!("{}\0{path}", host.to_ascii_lowercase());
    key.hash("completed-at", text.as_bytes()).first8()
}

fn asker(exchange: &Exchange, key: &HashKey) -> u64 {
    let hash = |ip: std::net::IpAddr| {
        key.hash("completed-asker", ip.to_canonical().to_string().as_bytes()).first8()
    };
    exchange.client.ip.map_or(0, hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::example::{get, post},
        judge,
        snapshot::Snapshot,
    };
    use bartizan_model::Scope;

    fn snapshot() -> Snapshot {
        Snapshot::new(Scope::default(), HashKey::new([1; 32]))
    }

    /// What exchanges add up to: each is one of the endpoint with its place in the list.
    fn pairs(exchanges: &[(Exchange, &str)]) -> Vec<(u32, u32, CompletedBy, u64)> {
        let snapshot = snapshot();
        let mut completions = Completions::default();
        for (leaf, (exchange, ip)) in (0..).zip(exchanges) {
            let mut exchange = exchange.clone();
            exchange.client.ip = ip.parse().ok();
            let prepared = judge::prepare(&exchange, &snapshot);
            completions.observe(&prepared.facts(&exchange, &snapshot), leaf);
        }
        completions.pairs().collect()
    }

    const START: &str = "https://api.example.com/v1/exports";

    #[test]
    fn what_was_accepted_is_joined_to_where_its_end_is_asked_for() {
        let poll = |url: &str| get(url).json(200, r#"{"state":"done"}"#).build();
        let said = [
            post(START, "{}").json(202, "{}").with("location", "/v1/jobs/7?x=1").build(),
            post(START, "{}")
                .json(202, "{}")
                .with("operation-location", "https://API.example.com:443/v1/jobs/7/")
                .build(),
            post(START, "{}")
                .json(202, r#"{"job":{"status_url":"https://api.example.com/v1/jobs/7"}}"#)
                .build(),
        ];
        for start in said {
            let end = poll("https://api.example.com/v1/jobs/7");
            let found = pairs(&[(start, "198.51.100.1"), (end, "198.51.100.1")]);
            assert_eq!(found, [(0, 1, CompletedBy::Poll, 1)]);
        }
        let with_id = post(START, "{}").json(202, r#"{"id":"x-7","state":"queued"}"#).build();
        let linked = r#"{"_links":{"other":{"href":"/no"},"self":{"href":"/v1/exports/x-7"}}}"#;
        let linked = post(START, "{}").json(202, linked).build();
        for start in [with_id, linked] {
            let end = poll("https://api.example.com/v1/exports/x-7");
            let found = pairs(&[(start, "198.51.100.1"), (end, "198.51.100.1")]);
            assert_eq!(found, [(0, 1, CompletedBy::Poll, 1)]);
        }
        let running = r#"{"name":"operations/x-7","done":false}"#;
        for (body, joined) in [(running, 1), (r#"{"name":"operations/x-7","done":true}"#, 0)] {
            let start = post(START, "{}").json(200, body).build();
            let end = poll("https://api.example.com/v1/operations/x-7");
            let found = pairs(&[(start, "198.51.100.1"), (end, "198.51.100.1")]);
            assert_eq!(found.len(), joined, "{body}");
        }
        let created = post(START, "{}").json(201, "{}").with("location", "/v1/jobs/7").build();
        let end = poll("https://api.example.com/v1/jobs/7");
        assert!(pairs(&[(created, "198.51.100.1"), (end, "198.51.100.1")]).is_empty());
    }

    #[test]
    fn a_callback_is_made_by_somebody_else() {
        let start = post(START, r#"{"callbackUrl":"https://shop.example.net/hooks/done"}"#)
            .json(202, "{}")
            .build();
        let call =
            post("https://shop.example.net/hooks/done", r#"{"id":7}"#).json(200, "{}").build();
        let found = pairs(&[(start.clone(), "198.51.100.1"), (call.clone(), "203.0.113.9")]);
        assert_eq!(found, [(0, 1, CompletedBy::Callback, 1)]);
        assert!(pairs(&[(start, "198.51.100.1"), (call, "198.51.100.1")]).is_empty());
    }

    #[test]
    fn what_is_no_address_is_not_waited_for() {
        let key = &HashKey::new([1; 32]);
        for url in ["", "//evil.example/x", "ftp://a.example/x", "relative", "javascript:1"] {
            assert_eq!(place(key, url, "a.example"), None, "{url}");
        }
        assert_eq!(place(key, "/x", ""), None);
        assert_eq!(place(key, "http://a.example", ""), place(key, "/", "a.example"));
    }
}
