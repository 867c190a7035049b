//! Values in requests that are URLs: where they may lead.

mod destination;
mod guessed;

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::{Places, Value, View};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::destination::{Destination, Host};

use self::{
    destination::is_url,
    guessed::{Guessed, guess, unwrapped},
};
use super::{
    PolicyItem,
    config::Problem,
    detectors::{OVER_BUDGET, OnGap},
    place::{Held, Place},
    reading::{Checked, NOT_HELD, NOT_READABLE, Within, cut, is_plain_but_for_names},
    readings::Readings,
    record::Refusal,
    time::Time,
};
use crate::phases::BodyView;

/// Most places, schemes and hosts of a policy.
const MOST: usize = 256;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "url_values",
    title: "URLs in requests",
    mode: Mode::Monitor,
    documentation: "\
Checks values of requests that are URLs before a service fetches them (server-side request forgery): those in the places \
that `at` names, each of which must be a URL or empty, or, without `at`, all values of query and body that libraries \
would take for a URL, those within encoded values among them: also within `<…>` and behind `url:` or another word with \
a colon, and without a scheme what leads inside, where a port or a path is behind an address or an inner name \
(`127.0.0.1:8080/x`, `localhost/x`, `redis:6379/0`). A host alone is no URL, and other names without a scheme are only \
compared with `hosts`, where they have a port: name the places in `at`. Of several URLs in one value, with spaces, commas, \
semicolons or bars between them, each is checked.

A URL must have one of `schemes`. Its host must be one of `hosts`, where there are some; else it must not be of the \
inside: an address that is not of the public internet (RFC 6890: private, loopback, link-local and the others), one at \
which clouds answer their machines, a name without a dot, or one below `localhost`, `local`, `internal`, \
`home.arpa` and the like. What is in `hosts` may be inside. An entry is a name or an address, `*.` in front for one \
more label, a port behind it where only that is meant, and a beginning of the path where only what is below it is meant: \
`partner.example:8443/hooks/`.

Libraries read odd URLs differently, so that these are refused whatever they may lead to: addresses in other than the \
usual form (decimal, octal, hexadecimal, with parts missing), names of users, backslashes, tabs and line ends, missing \
or additional slashes, percent signs in hosts, hosts with letters beyond ASCII (they can be written as `xn--`), zones \
of IPv6 addresses. An IPv6-mapped address counts as the IPv4 address in it; a dot at the end of a name is left out.

Names are not resolved here: a public name that leads to a private address, and an answer that redirects to one, are not \
covered. They are where the connection is made: by the network that the service may reach.

Refused is with 400 `url-refused`; the reason says what was wrong. At most `body_bytes` of a body are read, for at most \
`budget_micros` of processor time; `on_budget` and `on_unreadable` say what becomes of requests that were not read to \
their end or cannot be read. Messages of WebSockets and of gRPC without a body that is held are not looked at.",
    examples: &[
        "\
name: imports-lead-outside
mode: enforce
scope: {paths: [/v1/imports], methods: [POST]}
url_values: {at: ['body:/url'], schemes: [https]}
",
        "\
name: hooks-of-partners
mode: enforce
scope: {paths: [/v1/webhooks/**]}
url_values: {hosts: [partner.example/hooks/, '*.customers.example']}
",
    ],
};

/// Settings of a policy of URLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UrlValuesConfig {
    /// Where URLs are: `query.NAME`, `body:/NAME/*/NAME`, `xml:/NAME`, `header.NAME` or `cookie.NAME`. Without any, all
    /// values of query and body that are URLs are checked.
    pub at: Vec<String>,
    /// Schemes they may have.
    pub schemes: Vec<String>,
    /// Hosts they may lead to, with a port and the beginning of a path where only that is meant. Without any, all of the
    /// public internet.
    pub hosts: Vec<String>,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a request is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests that were not read to their end.
    pub on_budget: OnGap,
    /// What becomes of requests with a body that cannot be read, or that is not held.
    pub on_unreadable: OnGap,
}

impl Default for UrlValuesConfig {
    fn default() -> Self {
        Self {
            at: Vec::new(),
            schemes: vec!["https".to_owned(), "http".to_owned()],
            hosts: Vec::new(),
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// Places that URLs may lead to.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    host: Host,
    /// Whether it is below the name, by one label.
    is_below: bool,
    port: Option<u16>,
    /// What the path begins with.
    path: Option<String>,
}

/// A compiled policy of URLs.
#[derive(Debug)]
pub(crate) struct UrlValues {
    at: Vec<Place>,
    schemes: Vec<String>,
    hosts: Vec<Listed>,
    pub(super) within: Within,
}

impl UrlValues {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &UrlValuesConfig, seed: u64) -> Result<Self, Problem> {
        for (key, list) in
            [("at", &config.at), ("schemes", &config.schemes), ("hosts", &config.hosts)]
        {
            if list.len() > MOST {
                return Err(Problem::new(key, format!("{MOST} are the most")));
            }
        }
        let at = config.at.iter().enumerate().map(|(at, text)| {
            let place = Place::parse(text).and_then(|place| match place {
                Place::Named(..) | Place::Below(Root::Body | Root::Xml, _) => Ok(place),
                _ => Err("URLs are looked for in query, header, cookie, body and xml".to_owned()),
            });
            place.map_err(|why| Problem::new(format!("at.{at}"), why))
        });
        let is_word = |scheme: &String| {
            scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if config.schemes.is_empty() {
            return Err(Problem::new("schemes", "at least one is needed"));
        }
        if let Some(at) = config.schemes.iter().position(|scheme| !is_word(scheme)) {
            return Err(Problem::new(format!("schemes.{at}"), "expected a word such as `https`"));
        }
        let hosts = config.hosts.iter().enumerate().map(|(at, text)| {
            Listed::parse(text).map_err(|why| Problem::new(format!("hosts.{at}"), why))
        });
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        Ok(Self {
            at: at.collect::<Result<_, _>>()?,
            schemes: config.schemes.clone(),
            hosts: hosts.collect::<Result<_, _>>()?,
            within: Within::compile("url-refused", bounds, gaps, seed)?,
        })
    }

    /// What follows: the request passes, or passes though it was not looked at completely (why), or is refused.
    pub(super) fn check(&self, body: BodyView<'_>, readings: &mut Readings) -> Checked {
        let is_held = matches!(body, BodyView::Whole(_));
        let reading = &*readings.all();
        let view = &reading.decoded().view;
        // What is in the head is there in any case.
        self.check_values(view)?;
        match reading.gap(self.within.amount).or_else(|| gap(view)) {
            _ if !is_held && self.looks_at_bodies() => self.within.gap(NOT_HELD),
            Some(reason) if is_held && self.looks_at_bodies() => self.within.gap(reason),
            _ => Ok(None),
        }
    }

    fn looks_at_bodies(&self) -> bool {
        self.at.is_empty() || self.at.iter().any(|place| place.of_body().is_some())
    }

    fn check_values(&self, view: &View) -> Result<(), Refusal> {
        let time = Time::of_message();
        for held in self.at.iter().flat_map(|place| place.values(view, Side::Request, &time)) {
            match held {
                Held::Text(text) if text.is_empty() => {}
                Held::Text(text) => self.check_list(&text)?,
                Held::Odd => return Err(refusal("not-a-url")),
            }
        }
        if time.is_over() {
            return Err(refusal(OVER_BUDGET));
        }
        if !self.at.is_empty() {
            return Ok(());
        }
        let is_read = |root| {
            matches!(root, Root::Query | Root::Body | Root::Xml | Root::Message | Root::Grpc)
        };
        let nodes = view.nodes().filter(|node| node.side() == Side::Request);
        // Names of namespaces are URLs that nobody fetches.
        let is_namespace = |key: &str| key == "@xmlns" || key.starts_with("@xmlns:");
        let nodes = nodes.filter(|node| is_read(node.root()) && !is_namespace(node.key()));
        for node in nodes {
            if let Value::Text(text) = node.value() {
                self.check_text(text)?;
            }
        }
        Ok(())
    }

    /// Checks a text that may be a URL, or that libraries may make one of.
    fn check_text(&self, text: &str) -> Result<(), Refusal> {
        let text = unwrapped(text).ok_or_else(|| refusal("odd-url"))?;
        if is_url(text) {
            return self.check_list(text);
        }
        let reason = match guess(text) {
            None => return Ok(()),
            Some(Guessed::Outside) if self.hosts.is_empty() => return Ok(()),
            Some(Guessed::Outside) => "host-not-listed",
            Some(Guessed::Inside(reason)) => reason,
        };
        let url = format!("http://{text}");
        let listed = Destination::parse(&url).is_ok_and(|to| self.is_listed(&to));
        if listed { Ok(()) } else { Err(refusal(reason)) }
    }

    fn is_listed(&self, destination: &Destination<'_>) -> bool {
        self.hosts.iter().any(|listed| listed.holds(destination))
    }

    /// Checks a URL, and others behind it: where a service takes several, the first one is not all.
    fn check_list(&self, text: &str) -> Result<(), Refusal> {
        self.check_url(text)?;
        let pieces = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'));
        pieces.skip(1).filter(|piece| is_url(piece)).try_for_each(|piece| self.check_url(piece))
    }

    fn check_url(&self, text: &str) -> Result<(), Refusal> {
        let destination = Destination::parse(text).map_err(refusal)?;
        if !self.schemes.contains(&destination.scheme) {
            return Err(refusal("scheme"));
        }
        if self.hosts.is_empty() {
            return destination.host.inside().map_or(Ok(()), |reason| Err(refusal(reason)));
        }
        match self.is_listed(&destination) {
            true => Ok(()),
            false => Err(refusal(destination.host.inside().unwrap_or("host-not-listed"))),
        }
    }
}

impl Listed {
    /// Reads a host, with `*.` in front, a port and the beginning of a path where they are there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let below = text.strip_prefix("*.");
        let (authority, path) = match below.unwrap_or(text).find('/') {
            Some(at) => {
                let (authority, path) = below.unwrap_or(text).split_at(at);
                (authority, Some(path.to_owned()))
            }
            None => (below.unwrap_or(text), None),
        };
        // Read as what it is compared with.
        let url = format!("none://{authority}{}", path.as_deref().unwrap_or_default());
        let read = Destination::parse(&url);
        let read = read.map_err(|why| format!("{text:?} is no host ({why})"))?;
        if !read.has_plain_path() || url.contains(['?', '#']) {
            return Err(format!("{text:?} has a path that can be read in several ways"));
        }
        if below.is_some() && matches!(read.host, Host::Address(_)) {
            return Err(format!("{text:?}: nothing is below an address"));
        }
        Ok(Self { host: read.host, is_below: below.is_some(), port: read.port, path })
    }

    /// Whether only one port is meant.
    pub(crate) const fn has_port(&self) -> bool {
        self.port.is_some()
    }

    /// Whether it is one of them.
    pub(crate) fn holds(&self, destination: &Destination<'_>) -> bool {
        let is_host = match (&self.host, &destination.host) {
            (Host::Name(listed), Host::Name(name)) if self.is_below => {
                let (label, rest) = name.split_once('.').unwrap_or_default();
                !label.is_empty() && rest == listed
            }
            (listed, host) => listed == host,
        };
        let is_below = |path: &String| {
            destination.path.starts_with(path.as_str()) && destination.has_plain_path()
        };
        is_host
            && self.port.is_none_or(|port| destination.port == Some(port))
            && self.path.as_ref().is_none_or(is_below)
    }
}

/// Why not all of a request was read.
fn gap(view: &View) -> Option<&'static str> {
    cut(view, Places::ALL).or_else(|| {
        let is_read =
            view.is_fully_inspected(Side::Request) && is_plain_but_for_names(view, Places::ALL);
        (!is_read).then_some(NOT_READABLE)
    })
}

fn refusal(reason: &'static str) -> Refusal {
    let title = "an address in this request is none that may be given here";
    Refusal::deny(StatusCode::BAD_REQUEST, "url-refused", title).because(reason)
}

#[cfg(test)]
mod tests;
