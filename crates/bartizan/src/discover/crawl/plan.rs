//! What to ask next, and what becomes of the answers. No sockets and no clock.
//!
//! First `robots.txt`, then two paths that nobody has (what a server answers there says nothing anywhere),
//! the lists of [`super::paths`], the page that was named, and then what answers name: sitemaps, scripts,
//! source maps, pages. Everything that is kept has a limit; what is beyond is counted by reason.

mod alike;
mod ask;
mod kept;
mod reading;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::Arc,
};

use bartizan_analysis::Snapshot;

use self::{alike::Likeness, kept::Kept};
pub use self::{
    ask::{Ask, Options, Reach, Role},
    reading::{ReadAnswer, Reading},
};
use super::{
    Answer, Crawled, DocumentKind, Limit, MAX_REFERENCE, Origin, ReadReflection, Reflected,
    Resolved, SeenIn, Summary, paths,
    read::{self, Finds, Patience},
    robots::{self, Rules},
};

/// Most bytes of one body that are read; the rest is left out and counted (`max_body_bytes`).
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of all bodies together at which a crawl ends (`max_bytes`).
pub const MAX_TOTAL_BYTES: usize = 64 * 1024 * 1024;
/// Most things that wait to be asked; more are counted (`queue`).
pub const MAX_QUEUE: usize = 10_000;
/// Most routes that are kept; more are counted (`routes`).
pub const MAX_ROUTES: usize = 20_000;
/// Requests in a row without an answer at which a crawl ends.
pub const MAX_FAILURES: u32 = 5;
/// Most targets that are remembered, so that none is asked twice.
const MAX_SEEN: usize = 500_000;
/// Most queries that are asked of one path: calendars and lists have no end.
const MAX_QUERIES: u8 = 4;
/// Most redirects that are followed one after the other (RFC 9309 §2.3.1.2 asks for five at least).
const MAX_REDIRECTS: u8 = 5;

/// What to ask next, and what was found.
#[derive(Debug)]
pub struct Plan {
    origin: Origin,
    target: String,
    options: Options,
    queue: BTreeMap<(Role, u64), Ask>,
    number: u64,
    seen: BTreeSet<u64>,
    queries: BTreeMap<u64, u8>,
    rules: Rules,
    /// What is answered below a path that does not exist.
    nothing: Vec<(&'static str, Likeness)>,
    /// Bodies that were read: the page of an application stands for many paths.
    bodies: BTreeSet<u64>,
    patience: Patience,
    /// Limits and key for the search of secrets; `None` where none are looked for.
    snapshot: Option<Arc<Snapshot>>,
    /// Answers that are being read.
    readings: u64,
    failures: u32,
    ended: Option<Limit>,
    summary: Summary,
    kept: Kept,
}

impl Plan {
    /// A plan for an origin, which begins at `begin`, a path and query of it.
    #[must_use]
    pub fn new(origin: Origin, begin: &str, options: Options) -> Self {
        let mut out = Self {
            target: origin.url(begin),
            kept: Kept::new(origin.clone()),
            origin,
            options,
            queue: BTreeMap::new(),
            number: 0,
            seen: BTreeSet::new(),
            queries: BTreeMap::new(),
            rules: Rules::default(),
            nothing: Vec::new(),
            bodies: BTreeSet::new(),
            patience: Patience::default(),
            snapshot: None,
            readings: 0,
            failures: 0,
            ended: None,
            summary: Summary::default(),
        };
        let name = out.options.probe.clone();
        let probes = [format!("/{name}"), format!("/api/{name}")];
        out.guess(Role::Robots, ["/robots.txt"]);
        out.guess(Role::Probe, probes.iter().map(String::as_str));
        let is_site = out.options.reach == Reach::Site;
        if is_site {
            // What was named is asked as such, also when it is in one of the lists.
            out.queue(Ask::root(begin));
            out.guess(Role::Sitemap, ["/sitemap.xml"]);
        }
        for (role, list) in [
            (Role::WellKnown, paths::WELL_KNOWN),
            (Role::Specification, paths::SPECIFICATIONS),
            (Role::Documentation, paths::DOCUMENTATION),
        ] {
            let is_wanted = |path: &&str| is_site || paths::FEW.contains(path);
            out.guess(role, list.iter().copied().filter(is_wanted));
        }
        out
    }

    /// The same, and secrets are looked for in scripts and in the sources of their maps.
    #[must_use]
    pub fn searching(self, snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot: Some(snapshot), ..self }
    }

    fn guess<'p>(&mut self, role: Role, targets: impl IntoIterator<Item = &'p str>) {
        for target in targets {
            let (target, found_at) = (target.to_owned(), String::new());
            self.queue(Ask { target, role, is_guess: true, found_at, redirects: 0 });
        }
    }

    /// Whether nothing more is asked: because nothing is left, or because a limit is reached.
    pub fn is_at_end(&mut self) -> bool {
        if self.ended.is_some() || self.queue.is_empty() {
            return true;
        }
        if self.failures >= MAX_FAILURES {
            self.ended = Some(Limit::NoAnswer);
        } else if self.summary.requests >= self.options.max_requests {
            self.ended = Some(Limit::MaxRequests);
        } else if self.room() == 0 {
            self.ended = Some(Limit::MaxBytes);
        }
        self.ended.is_some()
    }

    /// What to ask next; `None` at the end.
    pub fn next_ask(&mut self) -> Option<Ask> {
        if self.is_at_end() {
            return None;
        }
        let (_, ask) = self.queue.pop_first()?;
        self.summary.requests += 1;
        Some(ask)
    }

    /// How many bytes of the next body may be read.
    #[must_use]
    pub fn room(&self) -> usize {
        let read = usize::try_from(self.summary.bytes).unwrap_or(usize::MAX);
        MAX_TOTAL_BYTES.saturating_sub(read).min(MAX_BODY_BYTES)
    }

    /// How many requests were sent, and how many routes are known.
    #[must_use]
    pub fn progress(&self) -> (u64, usize) {
        (self.summary.requests, self.kept.routes.len())
    }

    /// Nothing more is asked.
    pub fn end(&mut self, why: Limit) {
        self.ended.get_or_insert(why);
    }

    /// The end: what was found.
    #[must_use]
    pub fn finish(self) -> Crawled {
        let mut summary = self.summary;
        summary.not_asked = self.queue.len() as u64;
        summary.answers_everything = self.nothing.iter().any(|(_, likeness)| likeness.is_answer());
        let mut kept = self.kept;
        kept.left("not_read", self.readings);
        let findings = self.snapshot.map(|snapshot| kept.findings(&snapshot.scope));
        let crawled = kept.finish(self.target, summary, self.ended);
        Crawled { findings: findings.unwrap_or_default(), ..crawled }
    }

    /// Takes note that there was no answer.
    pub fn failed(&mut self, ask: &Ask) {
        self.failures += 1;
        self.kept.left("not_answered", 1);
        if ask.role == Role::Robots {
            self.close();
        }
    }

    /// Rules may be there and cannot be read: then nothing that is found on the way is asked for.
    fn close(&mut self) {
        self.rules = Rules::closed();
        self.kept.left("robots_not_readable", 1);
    }

    /// Takes an answer. What is in it is read apart, as that may take seconds, and given to [`Self::take`].
    #[must_use]
    pub fn answer(&mut self, ask: &Ask, answer: &Answer) -> Option<Reading> {
        self.failures = 0;
        self.summary.answered += 1;
        self.summary.bytes += answer.body.len() as u64;
        self.kept.left("max_body_bytes", u64::from(answer.is_cut));
        if ask.role == Role::Probe {
            let folder = if ask.target.starts_with("/api/") { "/api/" } else { "/" };
            self.nothing.push((folder, Likeness::of(&ask.target, answer)));
            return None;
        }
        if matches!(answer.status, 408 | 429 | 500..) {
            self.kept.left("failing", 1);
            if ask.role == Role::Robots {
                self.close();
            }
            return None;
        }
        if ask.is_guess && ask.role != Role::Robots && self.is_nothing(ask, answer) {
            return None;
        }
        if matches!(answer.status, 300..=399) {
            self.redirected(ask, answer);
            return None;
        }
        if ask.role == Role::Robots {
            self.robots(ask, answer);
            return None;
        }
        self.reading(ask, answer)
    }

    /// Whether a guess led to what a path that does not exist is answered with.
    fn is_nothing(&self, ask: &Ask, answer: &Answer) -> bool {
        if matches!(answer.status, 404 | 410) {
            return true;
        }
        // Of two that fit the longer one.
        let fitting = self.nothing.iter().filter(|(folder, _)| ask.target.starts_with(*folder));
        let nearest = fitting.max_by_key(|(folder, _)| folder.len());
        nearest.is_some_and(|(_, likeness)| *likeness == Likeness::of(&ask.target, answer))
    }

    fn redirected(&mut self, ask: &Ask, answer: &Answer) {
        self.kept.status(ask, paths::path_of(&ask.target), answer.status);
        let Some(location) = answer.headers.get("location") else { return };
        match self.origin.resolve(&ask.target, location) {
            Resolved::Here(_) if ask.redirects >= MAX_REDIRECTS => self.kept.left("redirects", 1),
            Resolved::Here(target) => {
                let (redirects, found_at) = (ask.redirects + 1, ask.target.clone());
                self.queue(Ask { target, redirects, found_at, ..ask.clone() });
            }
            Resolved::Elsewhere(other) => self.kept.elsewhere(other),
            Resolved::Nowhere => {}
        }
    }

    fn robots(&mut self, ask: &Ask, answer: &Answer) {
        if !matches!(answer.status, 200..=299) || read::is_page(answer) {
            return;
        }
        let robots = robots::read(&String::from_utf8_lossy(&answer.body));
        self.rules = robots.rules;
        self.kept.document(DocumentKind::Robots, &ask.target, None);
        for address in robots.sitemaps {
            self.link(ask, "", &address, Role::Sitemap, None);
        }
        for (allows, path) in robots.paths {
            if !path.contains(['*', '$'])
                && let Resolved::Here(target) = self.origin.resolve("/", &path)
            {
                self.kept.route("?", paths::path_of(&target), SeenIn::Robots, &ask.target);
                if self.options.ignore_robots && !allows {
                    self.link(ask, "", &path, Role::Page, None);
                }
            }
            self.kept.hint(allows, path);
        }
    }

    /// What is left to be read of an answer that says something.
    fn reading(&mut self, ask: &Ask, answer: &Answer) -> Option<Reading> {
        let path = paths::path_of(&ask.target);
        if !matches!(answer.status, 200..=299) {
            self.kept.answered(ask, path, answer.status);
            self.graphql(ask, path);
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (ask.role, &answer.body[..]).hash(&mut hasher);
        if !self.bodies.insert(hasher.finish()) {
            // Read before, and it is the same here.
            if read::is_page(answer) {
                self.kept.page(path);
            } else {
                self.kept.answered(ask, path, answer.status);
            }
            return None;
        }
        self.readings += 1;
        Some(Reading::new(&self.origin, ask, answer, self.patience, self.snapshot.clone()))
    }

    /// Takes what an answer holds.
    pub fn take(&mut self, read: ReadAnswer) {
        let ReadAnswer { ask, status, finds, patience } = read;
        self.readings = self.readings.saturating_sub(1);
        self.patience = patience;
        let path = paths::path_of(&ask.target);
        if finds.is_html {
            self.summary.pages += 1;
            self.kept.page(path);
        } else if finds.documents.is_empty() && !matches!(ask.role, Role::Script | Role::SourceMap)
        {
            self.kept.answered(&ask, path, status);
        }
        self.graphql(&ask, path);
        self.finds(&ask, finds);
        self.kept.status(&ask, path, status);
    }

    /// Takes what gRPC tells of itself. Its descriptors are read apart, as that may take seconds, and given to
    /// [`Self::take_reflection`].
    pub fn reflected(&mut self, reflected: &Reflected) {
        if reflected.answered > 0 {
            self.failures = 0;
        }
        self.summary.requests += reflected.requests;
        self.summary.answered += reflected.answered;
        self.summary.bytes += reflected.descriptors.len() as u64;
        for (reason, count) in &reflected.left_out {
            self.kept.left(reason, *count);
        }
        if reflected.method.is_some() {
            self.readings += 1;
        }
    }

    /// Takes what the descriptors say of which [`Self::reflected`] was told.
    pub fn take_reflection(&mut self, read: ReadReflection) {
        let ReadReflection { method: found_at, found } = read;
        self.readings = self.readings.saturating_sub(1);
        let operations = found.as_ref().map(|found| found.operations);
        self.kept.document(DocumentKind::Grpc, found_at, operations);
        for (method, path) in found.into_iter().flat_map(|found| found.routes) {
            self.kept.route(&method, &path, SeenIn::Specification, found_at);
        }
    }

    fn finds(&mut self, ask: &Ask, finds: Finds) {
        for (reason, count) in finds.left_out {
            self.kept.left(reason, count);
        }
        for (kind, operations) in finds.documents {
            self.kept.document(kind, &ask.target, operations);
        }
        for other in finds.elsewhere {
            self.kept.elsewhere(other);
        }
        self.kept.secrets(finds.secrets);
        for (method, path, by) in finds.routes {
            self.kept.route(&method, &path, by, &ask.target);
            if !path.contains('{') {
                self.graphql(ask, &path);
            }
        }
        for link in finds.links {
            self.link(ask, &finds.base, &link.reference, link.role, link.by);
        }
    }

    /// A reference that stands in what was answered. `base`: what it is relative to, if not to that.
    fn link(&mut self, ask: &Ask, base: &str, reference: &str, role: Role, by: Option<SeenIn>) {
        let base = if base.is_empty() { ask.target.as_str() } else { base };
        let target = match self.origin.resolve(base, reference) {
            Resolved::Here(target) => target,
            Resolved::Elsewhere(other) => return self.kept.elsewhere(other),
            Resolved::Nowhere => return,
        };
        // Whether a link leads to a page or to an API is known once it was followed.
        if self.options.reach == Reach::Documents && role != Role::Specification {
            return;
        }
        if role == Role::Page {
            let path = paths::path_of(&target);
            if !paths::is_page(path) {
                return;
            }
            if let Some(by) = by.filter(|_| !paths::is_asset(path) && path != "/") {
                self.kept.route("GET", path, by, &ask.target);
            }
        }
        let found_at = ask.target.clone();
        self.queue(Ask { target, role, is_guess: false, found_at, redirects: 0 });
    }

    /// Asks for the schema where GraphQL is likely to answer.
    fn graphql(&mut self, ask: &Ask, path: &str) {
        if !paths::is_graphql(path) || ask.role == Role::Introspection {
            return;
        }
        if !self.options.graphql {
            if self.is_new("graphql", path) {
                self.kept.left("graphql", 1);
            }
            return;
        }
        let (target, found_at) = (path.to_owned(), ask.target.clone());
        let role = Role::Introspection;
        self.queue(Ask { target, role, is_guess: false, found_at, redirects: 0 });
    }

    /// Lets something wait to be asked, unless it was before, or may not.
    fn queue(&mut self, ask: Ask) {
        if ask.target.len() > MAX_REFERENCE {
            return self.kept.left("too_long", 1);
        }
        if self.seen.len() >= MAX_SEEN {
            return self.kept.left("queue", 1);
        }
        if !self.is_new(ask.method(), &ask.target) {
            return;
        }
        // What was named, and what is of a list, is asked for by somebody and not found by a robot.
        let is_found = (!ask.is_guess && ask.role != Role::Root) || ask.redirects > 0;
        let is_free = ask.role == Role::Robots || self.options.ignore_robots;
        if is_found && !is_free && !self.rules.allow(&ask.target) {
            return self.kept.left("robots", 1);
        }
        // A redirect may lead anywhere, whatever was asked for.
        if (ask.role == Role::Page || ask.redirects > 0) && paths::may_act(&ask.target) {
            return self.kept.left("may_act", 1);
        }
        let has_query = ask.role == Role::Page && ask.target.contains('?');
        if has_query && self.has_many_queries(&ask.target) {
            return self.kept.left("same_path", 1);
        }
        if self.queue.len() >= MAX_QUEUE {
            return self.kept.left("queue", 1);
        }
        self.number += 1;
        self.queue.insert((ask.role, self.number), ask);
    }

    /// Whether this was not there before, as far as there is room to remember it.
    fn is_new(&mut self, method: &str, target: &str) -> bool {
        if self.seen.len() >= MAX_SEEN {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        (method, target).hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    fn has_many_queries(&mut self, target: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        paths::path_of(target).hash(&mut hasher);
        let count = self.queries.entry(hasher.finish()).or_default();
        *count = count.saturating_add(1);
        *count > MAX_QUERIES
    }
}

#[cfg(test)]
mod tests;
