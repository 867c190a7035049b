//! Routers that mount each other, with what is to be asked of each route once its path is known.
//!
//! [`crate::graph::Graph`] holds guards that are known where they are attached. Here whether one
//! stands may depend on the path, method and endpoint of the request, as with middleware that
//! exempts some of them.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use super::{request::Request, value::Value, world::World};
use crate::{
    limits::Limits,
    route::{Authorization, Effect, Guard, Level, Route, short},
    syntax::Piece,
};

/// How something that may be a guard is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A dependency of `FastAPI`.
    Dependency,
    /// One whose value nobody takes: it is there for what it does.
    Listed,
    /// A decorator.
    Decorator,
    /// A function before requests, or a middleware.
    Before,
    /// It is known what it does.
    Known(Effect),
}

/// Something that may be a guard.
#[derive(Clone, Debug)]
pub(super) struct Ask<'f> {
    pub(super) kind: Kind,
    pub(super) value: Value,
    pub(super) written: Piece<'f>,
    pub(super) level: Level,
}

impl<'f> Ask<'f> {
    /// The guard that it is for a request.
    pub(super) fn guard(&self, world: &mut World<'f>, request: &Rc<Request>) -> Option<Guard> {
        let (value, written, level) = (&self.value, self.written, self.level);
        match self.kind {
            Kind::Dependency => world.dependency(value, written, level, request),
            Kind::Listed => world.listed_dependency(value, written, level, request),
            Kind::Decorator => world.decorator(value, written, level, request),
            Kind::Before => world.stands_before(value, written, level, request),
            Kind::Known(effect) => {
                Some(Guard { name: short(written.text()), effect, level, place: written.place() })
            }
        }
    }
}

/// A route below its router.
#[derive(Clone, Debug)]
pub(super) struct Declared<'f> {
    pub(super) methods: Vec<String>,
    pub(super) path: String,
    pub(super) handler: Option<Value>,
    pub(super) endpoint: String,
    pub(super) written: Piece<'f>,
    pub(super) asks: Vec<Ask<'f>>,
    /// Whether it opens a WebSocket. Middleware is given requests, and often nothing else.
    pub(super) is_socket: bool,
}

/// A router that is mounted.
#[derive(Clone, Debug)]
pub(super) struct Mount<'f> {
    pub(super) child: usize,
    pub(super) prefix: String,
    /// Whether `prefix` stands in place of the child's own.
    pub(super) replaces: bool,
    /// Whether it is an application of its own, which dependencies do not reach.
    pub(super) is_apart: bool,
    pub(super) asks: Vec<Ask<'f>>,
}

/// A router, blueprint or application.
#[derive(Clone, Debug, Default)]
pub(super) struct Router<'f> {
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) is_application: bool,
    pub(super) asks: Vec<Ask<'f>>,
    pub(super) routes: Vec<Declared<'f>>,
    pub(super) mounts: Vec<Mount<'f>>,
}

/// All routers, by the objects that they are.
pub(super) struct Tree<'f> {
    pub(super) framework: &'static str,
    pub(super) routers: BTreeMap<usize, Router<'f>>,
    /// Whether something was mounted of which it is not known what.
    pub(super) is_unclear: bool,
    /// Puts a path behind a prefix.
    pub(super) join: fn(&str, &str) -> String,
    /// Routers that are still visited: those that mount each other have no end of them.
    visits: Cell<usize>,
}

/// Where a walk through routers is.
struct At<'f> {
    prefix: String,
    name: String,
    asks: Vec<Ask<'f>>,
    depth: usize,
}

/// Routers that mount each other are followed so far.
const MAX_DEPTH: usize = 12;

/// Routers that are visited at most.
const MAX_VISITS: usize = 20_000;

impl<'f> Tree<'f> {
    /// A tree without routers.
    pub(super) fn new(framework: &'static str, join: fn(&str, &str) -> String) -> Self {
        Self {
            framework,
            routers: BTreeMap::new(),
            is_unclear: false,
            join,
            visits: Cell::new(MAX_VISITS),
        }
    }

    /// All routes, with whole paths and with the guards that stand before them. A router that
    /// nobody mounts is served by nobody, unless no application was found or something was mounted
    /// that was not understood.
    pub(super) fn resolve(&self, world: &mut World<'f>, limits: &Limits) -> Vec<Route> {
        let mounts = self.routers.values().flat_map(|router| &router.mounts);
        let mounted: HashSet<usize> = mounts.map(|mount| mount.child).collect();
        let has_application = self.routers.values().any(|router| router.is_application);
        let mut out = Vec::new();
        for (at, router) in &self.routers {
            if mounted.contains(at) || !router.is_application && has_application && !self.is_unclear
            {
                continue;
            }
            let start = At {
                prefix: (self.join)("", &router.prefix),
                name: router.name.clone(),
                asks: Vec::new(),
                depth: 0,
            };
            self.walk(*at, &start, world, limits, &mut out);
        }
        out
    }

    fn walk(
        &self,
        at: usize,
        from: &At<'f>,
        world: &mut World<'f>,
        limits: &Limits,
        out: &mut Vec<Route>,
    ) {
        let Some(router) = self.routers.get(&at) else { return };
        let visits = self.visits.get();
        if from.depth > MAX_DEPTH || visits == 0 {
            return;
        }
        self.visits.set(visits - 1);
        let mut asks = from.asks.clone();
        asks.extend(router.asks.iter().cloned());
        for declared in &router.routes {
            if out.len() >= limits.routes {
                return;
            }
            self.route(declared, from, &asks, world, out);
        }
        for mount in &router.mounts {
            let Some(child) = self.routers.get(&mount.child) else { continue };
            let mut all: Vec<Ask<'f>> = match mount.is_apart {
                true => asks.iter().filter(|ask| ask.kind == Kind::Before).cloned().collect(),
                false => asks.clone(),
            };
            all.extend(mount.asks.iter().cloned());
            let mut prefix = (self.join)(&from.prefix, &mount.prefix);
            if !mount.replaces {
                prefix = (self.join)(&prefix, &child.prefix);
            }
            let name = match (from.name.is_empty(), child.name.is_empty()) {
                (true, _) => child.name.clone(),
                (_, true) => from.name.clone(),
                _ => format!("{}.{}", from.name, child.name),
            };
            let next = At { prefix, name, asks: all, depth: from.depth + 1 };
            self.walk(mount.child, &next, world, limits, out);
        }
    }

    fn route(
        &self,
        declared: &Declared<'f>,
        from: &At<'f>,
        asks: &[Ask<'f>],
        world: &mut World<'f>,
        out: &mut Vec<Route>,
    ) {
        let path = (self.join)(&from.prefix, &declared.path);
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let endpoint = match from.name.is_empty() {
            true => declared.endpoint.clone(),
            false => format!("{}.{}", from.name, declared.endpoint),
        };
        for method in &declared.methods {
            let request = Rc::new(Request {
                path: path.clone(),
                method: method.clone(),
                endpoint: endpoint.clone(),
                handler: declared.handler.clone(),
                action: None,
            });
            let all = asks.iter().chain(&declared.asks);
            let guard = |ask: &Ask<'f>| {
                let guard = ask.guard(world, &request)?;
                let is_unclear = declared.is_socket && ask.kind == Kind::Before;
                let effect = if is_unclear { Effect::Unclear } else { guard.effect };
                Some(Guard { effect, ..guard })
            };
            let guards = all.filter_map(guard).collect();
            let handler = declared.handler.as_ref().and_then(|handler| world.name_of(handler));
            out.push(Route {
                path: path.clone(),
                method: method.clone(),
                authorization: Authorization::of(guards),
                framework: self.framework,
                handler: handler.map(short),
                place: declared.written.place(),
                component: None,
            });
        }
    }
}
