//! What a crawl found so far.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::Scope;

use super::{
    super::{
        Crawled, Document, DocumentKind, Elsewhere, Hint, Limit, MAX_ELSEWHERE, Origin, Role,
        Route, SeenIn, Summary, read::route::key_of,
    },
    Ask, MAX_ROUTES,
};

use crate::discover::{
    checks::{self, CodeFinding},
    secrets::{MAX_SECRETS, Secret},
};

/// Longest path of a specification that is kept, in bytes.
const MAX_PATH: usize = 4 * 1024;
/// Longest method that is kept, in bytes.
const MAX_METHOD: usize = 32;

/// What is kept.
#[derive(Debug)]
pub(super) struct Kept {
    origin: Origin,
    /// By path without names of parameters, and method.
    pub(super) routes: BTreeMap<(String, String), Route>,
    documents: BTreeSet<Document>,
    hints: Vec<Hint>,
    secrets: Vec<Secret>,
    elsewhere: BTreeSet<String>,
    named_elsewhere: u64,
    left_out: BTreeMap<&'static str, u64>,
    /// Paths that are pages for people, and therefore no routes for having been linked to.
    pages: BTreeSet<String>,
}

impl Kept {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            routes: BTreeMap::new(),
            documents: BTreeSet::new(),
            hints: Vec::new(),
            secrets: Vec::new(),
            elsewhere: BTreeSet::new(),
            named_elsewhere: 0,
            left_out: BTreeMap::new(),
            pages: BTreeSet::new(),
        }
    }

    /// Counts what was left out.
    pub(super) fn left(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.left_out.entry(reason).or_default() += count;
        }
    }

    pub(super) fn document(&mut self, kind: DocumentKind, target: &str, operations: Option<u64>) {
        self.documents.insert(Document { kind, url: self.origin.url(target), operations });
    }

    /// Takes note of another origin.
    pub(super) fn elsewhere(&mut self, origin: String) {
        self.named_elsewhere += 1;
        if self.elsewhere.len() < MAX_ELSEWHERE {
            self.elsewhere.insert(origin);
        }
    }

    /// Keeps [`MAX_SECRETS`] in all.
    pub(super) fn secrets(&mut self, secrets: Vec<Secret>) {
        let room = MAX_SECRETS.saturating_sub(self.secrets.len());
        self.left("secrets", secrets.len().saturating_sub(room) as u64);
        self.secrets.extend(secrets.into_iter().take(room));
    }

    /// What the secrets say, as findings of source code do.
    pub(super) fn findings(&self, scope: &Scope) -> Vec<CodeFinding> {
        checks::run(&[], &self.secrets, scope)
    }

    pub(super) fn hint(&mut self, allows: bool, path: String) {
        let rule = if allows { "allow" } else { "disallow" };
        self.hints.push(Hint { rule, path });
    }

    /// Takes a route, found in the answer to `target`.
    pub(super) fn route(&mut self, method: &str, path: &str, by: SeenIn, target: &str) {
        if path.len() > MAX_PATH || method.len() > MAX_METHOD {
            return self.left("too_long", 1);
        }
        let key = (key_of(path), method.to_owned());
        let is_linked = method == "GET" && matches!(by, SeenIn::Page | SeenIn::Sitemap);
        if is_linked && self.pages.contains(&key.0) {
            return;
        }
        let is_full = self.routes.len() >= MAX_ROUTES;
        match self.routes.get_mut(&key) {
            Some(route) => add(&mut route.known_by, by),
            None if is_full => self.left("routes", 1),
            None => {
                let route = Route {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    known_by: vec![by],
                    status: None,
                    found_at: self.origin.url(target),
                };
                self.routes.insert(key, route);
            }
        }
    }

    /// Takes note that something answered there which is neither a page nor a document.
    pub(super) fn answered(&mut self, ask: &Ask, path: &str, status: u16) {
        let is_asset = matches!(ask.role, Role::Script | Role::SourceMap | Role::Sitemap);
        if !matches!(status, 404 | 410) && path != "/" && !is_asset {
            self.route(ask.method(), path, SeenIn::Answer, &ask.target);
        }
        self.status(ask, path, status);
    }

    /// Takes note of the status of a route, if it is one.
    pub(super) fn status(&mut self, ask: &Ask, path: &str, status: u16) {
        if let Some(route) = self.routes.get_mut(&(key_of(path), ask.method().to_owned())) {
            route.status = Some(status);
        }
    }

    /// Takes note that a path is a page for people. Its routes go, unless more than a link knows them.
    pub(super) fn page(&mut self, path: &str) {
        let key = (key_of(path), "GET".to_owned());
        let is_only_linked = |route: &Route| {
            route.known_by.iter().all(|by| matches!(by, SeenIn::Page | SeenIn::Sitemap))
        };
        if self.routes.get(&key).is_some_and(is_only_linked) {
            self.routes.remove(&key);
        }
        self.pages.insert(key.0);
    }

    /// The result.
    pub(super) fn finish(
        self,
        target: String,
        summary: Summary,
        ended_by: Option<Limit>,
    ) -> Crawled {
        let (mut unknown, mut known) = (BTreeMap::new(), BTreeMap::new());
        for ((key, method), route) in self.routes {
            if method == "?" {
                unknown.insert(key, route);
            } else {
                known.insert((key, method), route);
            }
        }
        // Where a method is known, the path alone says no more than where else it is known from.
        let mut told = BTreeSet::new();
        for ((key, _), route) in &mut known {
            if let Some(same) = unknown.get(key) {
                same.known_by.iter().for_each(|by| add(&mut route.known_by, *by));
                told.insert(key.clone());
            }
        }
        unknown.retain(|key, _| !told.contains(key));
        let mut routes: Vec<Route> = known.into_values().chain(unknown.into_values()).collect();
        routes.iter_mut().for_each(|route| route.known_by.sort());
        routes.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        let elsewhere = Elsewhere {
            count: self.named_elsewhere,
            origins: self.elsewhere.into_iter().collect(),
        };
        Crawled {
            target,
            summary,
            ended_by,
            left_out: self.left_out,
            documents: self.documents.into_iter().collect(),
            routes,
            findings: Vec::new(),
            hints: self.hints,
            elsewhere,
        }
    }
}

fn add(known_by: &mut Vec<SeenIn>, by: SeenIn) {
    if !known_by.contains(&by) {
        known_by.push(by);
    }
}
