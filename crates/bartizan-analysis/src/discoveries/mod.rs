//! What code, crawls and perimeters know, put together with what traffic and specifications know: one inventory
//! that says which source knew what.
//!
//! `/users/:id` of Express, `/users/<int:id>` of Flask, `/users/{user_id}` of a specification and a learned
//! `/users/{id}` are one endpoint: names of parameters do not count. An endpoint that has text where a route
//! has a parameter (`/users/me`, which traffic did not show to be one) is the route with the fewest parameters
//! that it fits. Code does not know its host, nor always what stands before its paths (`mounts`); a crawl and
//! a perimeter know their host, and are compared with what is there. Whatever is no known endpoint is listed as
//! one of its own, never called and without a state: *shadow* and *orphan* are about calls and specifications.

mod mounts;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    Discovered, Endpoint, EndpointId, Fact, InventoryState, KnownBy, Method, Scope, Told, ToldBy,
    discovered::MAX_DISCOVERED, host::is_among,
};

use self::{
    mounts::{Asked, Mount, Mounts},
    routes::{Fit, LOOSEST, MAX_SEGMENTS, Routes, segments},
};
use crate::{catalog::Catalog, learn::Whereabouts};

/// Most routes that are compared; further ones are counted ([`Discoveries::left_out`]).
pub const MAX_ROUTES: usize = 50_000;
/// Most endpoints that are listed without traffic or a specification knowing them; the rest is counted.
pub const MAX_LISTED: usize = 10_000;

/// A route that something else than traffic and specifications found.
#[derive(Clone, Debug)]
pub struct FoundRoute {
    /// Host that it is on, as endpoints have it; `None` where the source does not know.
    pub host: Option<String>,
    /// What belongs together, so that it is mounted together: a component of code, a server.
    pub group: String,
    /// What is known. `prefix` and `matched` are filled in.
    pub discovered: Discovered,
}

/// Routes of all sources, indexed.
#[derive(Clone, Debug, Default)]
pub struct Discoveries {
    /// Those that know their host.
    placed: Indexed,
    /// Those of code.
    code: Indexed,
    left_out: u64,
}

/// What belongs together.
#[derive(Clone, Debug)]
struct Group {
    host: Option<String>,
    routes: usize,
}

impl Group {
    fn is_on(&self, host: &str) -> bool {
        self.host.as_ref().is_none_or(|own| is_among(own, host))
    }
}

#[derive(Clone, Debug)]
struct Route {
    group: u32,
    discovered: Discovered,
    /// Segments that are no parameters.
    texts: usize,
}

#[derive(Clone, Debug, Default)]
struct Indexed {
    routes: Routes,
    list: Vec<Route>,
    groups: Vec<Group>,
}

impl Indexed {
    fn route(&self, number: u32) -> Option<(&Route, &Group)> {
        let route = self.list.get(number as usize)?;
        Some((route, self.groups.get(route.group as usize)?))
    }
}

/// Whether a method of a source is that of an endpoint: 0 for the same, 1 for one that takes it as well.
fn method_fits(own: &str, asked: &str) -> Option<u32> {
    match (own, asked) {
        (own, asked) if own == asked => Some(0),
        // Whoever answers GET answers HEAD (RFC 9110 §9.3.2).
        ("ANY" | "?", _) | (_, "ANY" | "?") | ("GET", "HEAD") => Some(1),
        _ => None,
    }
}

impl Discoveries {
    /// Indexes routes.
    #[must_use]
    pub fn new(found: Vec<FoundRoute>) -> Self {
        let mut out = Self::default();
        let mut groups: BTreeMap<(bool, Option<String>, String), u32> = BTreeMap::new();
        for FoundRoute { host, group, discovered } in found {
            let path = segments(&discovered.path);
            if out.placed.list.len() + out.code.list.len() >= MAX_ROUTES
                || path.len() > MAX_SEGMENTS
            {
                out.left_out += 1;
                continue;
            }
            let index = if host.is_some() { &mut out.placed } else { &mut out.code };
            let key = (host.is_some(), host.clone(), group);
            let number = *groups.entry(key).or_insert_with(|| {
                index.groups.push(Group { host, routes: 0 });
                // At most as many as routes.
                u32::try_from(index.groups.len() - 1).unwrap_or(u32::MAX)
            });
            if let Some(group) = index.groups.get_mut(number as usize) {
                group.routes += 1;
            }
            let texts = path.iter().filter(|segment| !routes::is_parameter(segment)).count();
            index.routes.add(&path, u32::try_from(index.list.len()).unwrap_or(u32::MAX));
            index.list.push(Route { group: number, discovered, texts });
        }
        out
    }

    /// Routes beyond [`MAX_ROUTES`], or of more segments than are compared.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The template of code that a request fits by method and path, where that is sure: it has text, and no
    /// remainder. Of several the one with the fewest parameters.
    #[must_use]
    pub fn path_of(&self, method: &str, path: &[&str]) -> Option<&str> {
        let fits = self.code.routes.find(path).into_iter().filter_map(|fit| {
            let (route, _) = self.code.route(fit.route)?;
            let method = method_fits(&route.discovered.method, method)?;
            let is_sure = route.texts > 0 && fit.loose < LOOSEST;
            is_sure.then_some(((fit.loose, method, fit.route), route))
        });
        let (_, route) = fits.min_by_key(|(key, _)| *key)?;
        Some(&route.discovered.path)
    }

    /// Says of endpoints what is known of them here, and adds those that are not among them. How many were not
    /// listed for want of room.
    pub fn note(&self, endpoints: &mut Vec<Endpoint>, scope: &Scope, catalog: &Catalog) -> u64 {
        let before = endpoints.len();
        // What a crawl found first: code may be mounted there.
        let mut left = reconcile(&self.placed, endpoints, scope, before + MAX_LISTED);
        left += reconcile(&self.code, endpoints, scope, before + MAX_LISTED);
        for (at, endpoint) in endpoints.iter_mut().enumerate() {
            if at >= before {
                catalog.place(endpoint, None, &Whereabouts::default(), false);
            }
            own(endpoint);
        }
        left
    }
}

/// Says which sources know an endpoint.
pub fn say_known_by(endpoint: &mut Endpoint) {
    let is_written = endpoint.written.is_some()
        || matches!(
            endpoint.inventory_state,
            InventoryState::Documented
                | InventoryState::Zombie
                | InventoryState::Deprecated
                | InventoryState::Orphan
        );
    let is_known = |by: &KnownBy| match by {
        KnownBy::Traffic => endpoint.requests > 0,
        KnownBy::Specification => is_written,
        KnownBy::Code | KnownBy::Crawl | KnownBy::Perimeter => {
            endpoint.discovered.iter().any(|one| one.by == *by)
        }
    };
    endpoint.known_by = KnownBy::ALL.iter().copied().filter(is_known).collect();
}

/// The owner of the file that declares it, where nothing else tells one.
fn own(endpoint: &mut Endpoint) {
    if endpoint.owner.is_some() {
        return;
    }
    let code = endpoint.discovered.iter().filter_map(|one| one.code.as_ref());
    let owned = code.filter_map(|code| Some((code.owner.clone()?, code)));
    let Some((owner, code)) = owned.into_iter().next() else { return };
    let what = format!("of {}, line {}", code.file, code.line);
    endpoint.owner = Some(owner);
    endpoint.told.push(Told { fact: Fact::Owner, by: ToldBy::Codeowners, what });
}

/// Finds the endpoints that routes are, and lists the other routes as endpoints, up to `most` in all.
fn reconcile(index: &Indexed, endpoints: &mut Vec<Endpoint>, scope: &Scope, most: usize) -> u64 {
    if index.list.is_empty() {
        return 0;
    }
    let asked: Vec<Asked<'_>> = endpoints.iter().map(asked).collect();
    let mounts = Mounts::learn(index, &asked);
    let hosts: BTreeSet<&str> = asked.iter().map(|endpoint| endpoint.host).collect();
    let is_one_host = hosts.len() == 1;
    let found: Vec<_> =
        asked.iter().map(|endpoint| find(index, &mounts, endpoint, is_one_host)).collect();
    drop(asked);
    let mut known = vec![false; index.list.len()];
    for (endpoint, found) in endpoints.iter_mut().zip(found) {
        for (number, discovered) in found {
            if let Some(known) = known.get_mut(number as usize) {
                *known = true;
            }
            add(endpoint, discovered);
        }
    }
    let unknown = index.list.iter().zip(known).filter(|(_, known)| !known);
    list(index, &mounts, unknown.map(|(route, _)| route), endpoints, scope, most)
}

fn asked(endpoint: &Endpoint) -> Asked<'_> {
    Asked { host: &endpoint.host, method: &endpoint.method.0, segments: segments(&endpoint.path) }
}

/// The routes that an endpoint is, each with how it was matched: several where several components declare the
/// same one.
fn find(
    index: &Indexed,
    mounts: &Mounts,
    endpoint: &Asked<'_>,
    is_one_host: bool,
) -> Vec<(u32, Discovered)> {
    let mut best: Vec<(u32, Discovered)> = Vec::new();
    let (mut least, mut prefix) = ((u32::MAX, u32::MAX), String::new());
    for at in 0..=endpoint.segments.len() {
        for fit in index.routes.find(endpoint.segments.get(at..).unwrap_or_default()) {
            let Some((route, group)) = index.route(fit.route) else { continue };
            let mount = mounts.of(route.group, endpoint.host);
            let is_here = mount.map_or("", |mount| mount.prefix.as_str()) == prefix;
            let method = method_fits(&route.discovered.method, endpoint.method);
            let (Some(method), true, true) = (method, is_here, group.is_on(endpoint.host)) else {
                continue;
            };
            // Of what is a parameter from end to end, or takes everything, nothing else tells that it is here.
            let is_telling = route.texts > 0 && fit.loose < LOOSEST;
            if !is_telling && mount.is_none() && !is_one_host {
                continue;
            }
            let key = (fit.loose, method);
            if key < least {
                (least, best) = (key, Vec::new());
            }
            if key == least {
                let matched = matched(route, endpoint, fit, mount, at);
                let prefix = prefix.clone();
                let discovered = Discovered { prefix, matched, ..route.discovered.clone() };
                best.push((fit.route, discovered));
            }
        }
        let Some(segment) = endpoint.segments.get(at) else { break };
        prefix.push('/');
        prefix.push_str(segment);
    }
    best
}

/// How a route was matched, in words.
fn matched(
    route: &Route,
    endpoint: &Asked<'_>,
    fit: Fit,
    mount: Option<&Mount>,
    at: usize,
) -> String {
    let own = segments(&route.discovered.path);
    let is_same = endpoint.segments.get(at..).is_some_and(|there| *there == own[..]);
    let mut out = match (fit.loose, is_same) {
        (0, true) => "same path".to_owned(),
        (0, false) => "same path, other names of parameters".to_owned(),
        (LOOSEST.., _) => "it takes all paths that begin so".to_owned(),
        (1, _) => "one segment is a value of its parameter".to_owned(),
        (count, _) => format!("{count} segments are values of its parameters"),
    };
    if let Some(mount) = mount.filter(|mount| !mount.prefix.is_empty()) {
        let (count, verb) = (mount.routes, if mount.routes == 1 { "is" } else { "are" });
        let noun = if count == 1 { "route" } else { "routes" };
        out.push_str(&format!("; {count} {noun} beside it {verb} called under {}", mount.prefix));
    }
    out
}

fn add(endpoint: &mut Endpoint, discovered: Discovered) {
    if endpoint.discovered.len() < MAX_DISCOVERED && !endpoint.discovered.contains(&discovered) {
        endpoint.discovered.push(discovered);
    }
}

/// A segment without the name of its parameter.
fn nameless(segment: &str) -> &str {
    if routes::is_parameter(segment) { "{}" } else { segment }
}

/// Lists routes as endpoints of their own: those with the same path are one.
fn list<'r>(
    index: &Indexed,
    mounts: &Mounts,
    routes: impl Iterator<Item = &'r Route>,
    endpoints: &mut Vec<Endpoint>,
    scope: &Scope,
    most: usize,
) -> u64 {
    let mut places: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut left = 0;
    for route in routes {
        let Some(group) = index.groups.get(route.group as usize) else { continue };
        let mut discovered = route.discovered.clone();
        let (host, prefix) = match (&group.host, mounts.only(route.group)) {
            (Some(host), _) => (host.clone(), ""),
            (None, Some((host, mount))) => (host.to_owned(), mount.prefix.as_str()),
            (None, None) => (String::new(), ""),
        };
        if !prefix.is_empty() || (group.host.is_none() && !host.is_empty()) {
            discovered.matched = "other routes beside it are called there".to_owned();
        }
        prefix.clone_into(&mut discovered.prefix);
        let path = format!("{prefix}{}", discovered.path);
        let method = discovered.method.clone();
        let shape: Vec<&str> = segments(&path).into_iter().map(nameless).collect();
        let shape = shape.join("/");
        let key = (host.clone(), method.clone(), shape);
        if let Some(endpoint) = places.get(&key).and_then(|at| endpoints.get_mut(*at)) {
            add(endpoint, discovered);
            continue;
        }
        if endpoints.len() >= most {
            left += 1;
            continue;
        }
        places.insert(key, endpoints.len());
        endpoints.push(Endpoint {
            id: EndpointId::derive(scope, &[&host, &method, &path]),
            host,
            method: Method(method),
            path,
            confirmed: true,
            discovered: vec![discovered],
            ..Endpoint::default()
        });
    }
    left
}
