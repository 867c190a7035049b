//! Routers that hold routes and mount each other, as most frameworks have them.
//!
//! A framework puts in what it reads, in the order of the code; [`Graph::resolve`] walks from the
//! routers that nobody mounts and gives each route its whole path and all guards on its way.

use crate::{
    limits::Limits,
    paths,
    route::{Authorization, Guard, Place, Route},
};

/// A router, group, blueprint, scope or application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouterId(usize);

/// For which routes of its router a guard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// For all, wherever it is declared.
    All,
    /// For what is declared after it, as where middleware runs in order.
    Later,
}

/// A route as it is declared.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Method in upper case, or `ANY`.
    pub method: String,
    /// Path below its router, parameters as `{name}`.
    pub path: String,
    /// What answers.
    pub handler: Option<String>,
    /// Where it is declared.
    pub place: Place,
    /// Guards of the route itself, outermost first.
    pub guards: Vec<Guard>,
}

#[derive(Debug)]
enum Entry {
    Route(Declared),
    /// A guard for paths below a prefix; an empty one is for all.
    Guard {
        prefix: String,
        guard: Guard,
        reach: Reach,
    },
    Mount {
        prefix: String,
        child: RouterId,
        guards: Vec<Guard>,
    },
}

/// All routers of a project, for one framework.
#[derive(Debug)]
pub struct Graph {
    framework: &'static str,
    keeps_slash: bool,
    routers: Vec<Vec<Entry>>,
}

/// Entries that are looked at in all: routers that mount each other without any route have no other end.
const MAX_STEPS: usize = 50_000_000;
/// Most guards of one route; the innermost ones decide and are kept.
const MAX_GUARDS: usize = 64;

/// A walk through routers.
struct Walk<'l> {
    limits: &'l Limits,
    steps: usize,
    out: Vec<Route>,
}

/// Leaves the last [`MAX_GUARDS`].
fn keep_last<T>(guards: &mut Vec<T>) {
    guards.drain(..guards.len().saturating_sub(MAX_GUARDS));
}

/// Routers that mount each other are followed so far.
const MAX_DEPTH: usize = 16;

impl Graph {
    /// An empty one; for `keeps_slash` see [`paths::join`].
    #[must_use]
    pub fn new(framework: &'static str, keeps_slash: bool) -> Self {
        Self { framework, keeps_slash, routers: Vec::new() }
    }

    /// A new router.
    pub fn router(&mut self) -> RouterId {
        self.routers.push(Vec::new());
        RouterId(self.routers.len() - 1)
    }

    /// Declares a route.
    pub fn route(&mut self, router: RouterId, declared: Declared) {
        self.push(router, Entry::Route(declared));
    }

    /// Puts a guard before what a router has below `prefix` (empty: all of it).
    pub fn guard(&mut self, router: RouterId, prefix: &str, guard: Guard, reach: Reach) {
        self.push(router, Entry::Guard { prefix: prefix.to_owned(), guard, reach });
    }

    /// Mounts `child` below `prefix`, behind `guards`.
    pub fn mount(&mut self, parent: RouterId, prefix: &str, child: RouterId, guards: Vec<Guard>) {
        if parent != child {
            self.push(parent, Entry::Mount { prefix: prefix.to_owned(), child, guards });
        }
    }

    fn push(&mut self, router: RouterId, entry: Entry) {
        if let Some(entries) = self.routers.get_mut(router.0) {
            entries.push(entry);
        }
    }

    /// Every route with its whole path and its guards. A router that nobody mounts counts as one
    /// that is served.
    #[must_use]
    pub fn resolve(&self, limits: &Limits) -> Vec<Route> {
        let mut is_mounted = vec![false; self.routers.len()];
        for (parent, entries) in self.routers.iter().enumerate() {
            for entry in entries {
                if let Entry::Mount { child, .. } = entry
                    && child.0 != parent
                    && let Some(is_mounted) = is_mounted.get_mut(child.0)
                {
                    *is_mounted = true;
                }
            }
        }
        let mut walk = Walk { limits, steps: 0, out: Vec::new() };
        for (at, _) in is_mounted.iter().enumerate().filter(|(_, is_mounted)| !**is_mounted) {
            self.walk(RouterId(at), "", &[], 0, &mut walk);
        }
        walk.out
    }

    fn walk(
        &self,
        router: RouterId,
        prefix: &str,
        guards: &[(String, Guard)],
        depth: usize,
        walk: &mut Walk<'_>,
    ) {
        let Some(entries) = self.routers.get(router.0) else { return };
        if depth > MAX_DEPTH {
            return;
        }
        for (at, entry) in entries.iter().enumerate() {
            walk.steps += 1;
            if walk.out.len() >= walk.limits.routes || walk.steps > MAX_STEPS {
                return;
            }
            match entry {
                Entry::Guard { .. } => {}
                Entry::Route(declared) => {
                    walk.steps += at;
                    let path = paths::join(prefix, &declared.path, self.keeps_slash);
                    let mut all: Vec<Guard> = guards
                        .iter()
                        .cloned()
                        .chain(self.standing(entries, at, prefix))
                        .filter(|(below, _)| is_below(&path, below))
                        .map(|(_, guard)| guard)
                        .collect();
                    all.extend(declared.guards.iter().cloned());
                    keep_last(&mut all);
                    walk.out.push(Route {
                        path,
                        method: declared.method.clone(),
                        authorization: Authorization::of(all),
                        framework: self.framework,
                        handler: declared.handler.clone(),
                        place: declared.place.clone(),
                        component: None,
                    });
                }
                Entry::Mount { prefix: below, child, guards: own } => {
                    // Guards of deeper paths go along: what is mounted may have these paths.
                    walk.steps += at + MAX_GUARDS;
                    let mut all = guards.to_vec();
                    all.extend(self.standing(entries, at, prefix));
                    let path = self.below(prefix, below);
                    all.extend(own.iter().map(|guard| (path.clone(), guard.clone())));
                    keep_last(&mut all);
                    self.walk(*child, &path, &all, depth + 1, walk);
                }
            }
        }
    }

    fn below(&self, prefix: &str, path: &str) -> String {
        match path.is_empty() {
            true => prefix.to_owned(),
            false => paths::join(prefix, path, self.keeps_slash),
        }
    }

    /// The guards of a router that stand before its entry at `at`, with the whole paths below
    /// which they do.
    fn standing<'e>(
        &'e self,
        entries: &'e [Entry],
        at: usize,
        prefix: &'e str,
    ) -> impl Iterator<Item = (String, Guard)> + 'e {
        entries.iter().enumerate().filter_map(move |(place, entry)| match entry {
            Entry::Guard { prefix: own, guard, reach } if *reach == Reach::All || place < at => {
                Some((self.below(prefix, own), guard.clone()))
            }
            _ => None,
        })
    }
}

/// Whether `path` is `prefix` or below it, segment by segment; a parameter of the prefix takes any.
fn is_below(path: &str, prefix: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    prefix
        .split('/')
        .filter(|segment| !segment.is_empty() && *segment != "{rest}")
        .all(|wanted| segments.next().is_some_and(|has| has == wanted || wanted.starts_with('{')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Demand, Effect, Level};

    fn guard(name: &str) -> Guard {
        Guard {
            name: name.to_owned(),
            effect: Effect::Demands,
            level: Level::Group,
            place: Place::default(),
        }
    }

    fn get(path: &str) -> Declared {
        Declared {
            method: "GET".to_owned(),
            path: path.to_owned(),
            handler: None,
            place: Place::default(),
            guards: Vec::new(),
        }
    }

    #[test]
    fn mounts_join_paths_and_guards() {
        let mut graph = Graph::new("test", false);
        let (app, api, users) = (graph.router(), graph.router(), graph.router());
        graph.route(users, get("/"));
        graph.route(users, get("/{id}"));
        graph.mount(api, "/users", users, vec![guard("mounted")]);
        graph.route(app, get("/early"));
        graph.guard(app, "", guard("later"), Reach::Later);
        graph.guard(app, "/admin", guard("admin"), Reach::Later);
        graph.mount(app, "/api", api, Vec::new());
        graph.route(app, get("/admin/x"));
        let routes = graph.resolve(&Limits::default());
        let told: Vec<_> = routes
            .iter()
            .map(|route| (route.path.as_str(), route.authorization.guards.len()))
            .collect();
        assert_eq!(
            told,
            [("/early", 0), ("/api/users", 2), ("/api/users/{id}", 2), ("/admin/x", 2)]
        );
        assert_eq!(routes[0].authorization.state, Demand::None);
    }

    #[test]
    fn guards_of_deeper_paths_reach_what_is_mounted() {
        let mut graph = Graph::new("test", false);
        let (app, api) = (graph.router(), graph.router());
        graph.guard(app, "/api/admin", guard("admin"), Reach::Later);
        graph.mount(app, "/api", api, Vec::new());
        graph.route(api, get("/admin/users"));
        graph.route(api, get("/status"));
        let routes = graph.resolve(&Limits::default());
        let told: Vec<_> = routes.iter().map(|route| route.authorization.guards.len()).collect();
        assert_eq!(told, [1, 0]);
    }

    #[test]
    fn routers_that_mount_each_other_end() {
        let mut graph = Graph::new("test", false);
        let (app, a, b) = (graph.router(), graph.router(), graph.router());
        graph.mount(app, "/a", a, Vec::new());
        graph.mount(a, "/b", b, Vec::new());
        graph.mount(b, "/a", a, Vec::new());
        graph.route(a, get("/x"));
        let limits = Limits { routes: 10, ..Limits::default() };
        assert!(graph.resolve(&limits).len() <= 10);
        // Eight that mount each other all, without a route: paths of them are beyond counting.
        let mut graph = Graph::new("test", false);
        let all: Vec<RouterId> = (0..9).map(|_| graph.router()).collect();
        for parent in &all {
            all.iter().skip(1).for_each(|child| graph.mount(*parent, "/x", *child, Vec::new()));
        }
        assert!(graph.resolve(&Limits::default()).is_empty());
    }
}
