//! The administration API, `/api/v1`: what the dashboard shows and what other programs ask for.
//!
//! An operation is declared once ([`operation::Operation`]): its path, who may call it, what it takes
//! and what it answers, with the function that does it. Routes, the check of who calls, the OpenAPI
//! document and the tests of authorization all come from these declarations, so that none can be
//! forgotten.

mod access;
mod call;
mod document;
mod first_user;
mod list;
mod logins;
mod operation;
mod operations;
mod password;
mod problem;
mod reply;
mod table;
#[cfg(test)]
mod tests;
mod throttle;

use std::sync::{Arc, Weak};

use axum::{Router, http::StatusCode, routing::any};
use bartizan_gateway::Running;
use bartizan_model::{Scope, Timestamp, analysis::NamedCount};
use bartizan_pipeline::{live::Counters, sinks::Couriers, sources::receivers::Receivers};
use bartizan_store::{DataDirectory, Store};
use tokio::sync::Mutex;

pub(crate) use document::document;
pub(crate) use first_user::ensure as ensure_first_user;
pub use first_user::{FirstPassword, FirstUserError};
use problem::Problem;

use crate::serve::{Closed, Figures, InForce, Judging, Watch, limits};

/// Where everything is.
const BASE: &str = "/api/v1";

/// What every operation can reach.
#[derive(Clone, Debug)]
pub(crate) struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Held weakly: it closes with the judgement, which keeps its last results in it.
    directory: Weak<DataDirectory>,
    /// What this server is about. Who belongs to another scope sees their own data, never the server's.
    scope: Scope,
    /// Operations run where the judgement does, behind the traffic.
    behind: tokio::runtime::Handle,
    logins: logins::LogIns,
    server: Server,
}

/// The server that the API is about.
#[derive(Debug)]
pub(crate) struct Server {
    /// When it began.
    pub(crate) started: Timestamp,
    /// Held weakly: it ends before the API does.
    pub(crate) gateway: Weak<Running>,
    /// What it counts.
    pub(crate) counters: Arc<Counters>,
    /// Its policies.
    pub(crate) in_force: Arc<Mutex<InForce>>,
    /// By what it judges.
    pub(crate) judging: Arc<Judging>,
    /// Tells of exchanges.
    pub(crate) watch: Watch,
    /// What carries events to sinks.
    pub(crate) couriers: Arc<Couriers>,
    /// Where what others saw is taken.
    pub(crate) receivers: Arc<Receivers>,
    /// Connections to the administration listener that were closed for a limit.
    pub(crate) closed: Arc<Closed>,
    /// What the gateway runs on.
    pub(crate) traffic: tokio::runtime::Handle,
    /// Told when somebody asks for a replay of a delivery.
    pub(crate) replays: Arc<tokio::sync::Notify>,
}

impl Api {
    /// An API over a store.
    pub(crate) fn new(
        directory: &Arc<DataDirectory>,
        scope: Scope,
        behind: tokio::runtime::Handle,
        server: Server,
    ) -> Self {
        let (directory, logins) = (Arc::downgrade(directory), logins::LogIns::default());
        Self(Arc::new(Inner { directory, scope, behind, logins, server }))
    }

    /// The routes of all operations.
    pub(crate) fn router(&self) -> Router {
        operations::all()
            .into_iter()
            .fold(Router::new(), |router, operation| {
                router.route(&format!("{BASE}{}", operation.path), operation.route)
            })
            .route(&format!("{BASE}/{{*rest}}"), any(async || Problem::not_found()))
            .method_not_allowed_fallback(async || {
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this cannot be done here")
            })
            .with_state(self.clone())
    }

    fn figures(&self) -> Result<Figures, Problem> {
        let server = &self.0.server;
        let gateway = server.gateway.upgrade().ok_or_else(Problem::stopping)?;
        Ok(Figures::of(&gateway, &server.counters, &server.couriers, &server.receivers))
    }

    fn limits_reached(&self) -> Result<Vec<NamedCount>, Problem> {
        let server = &self.0.server;
        let gateway = server.gateway.upgrade().ok_or_else(Problem::stopping)?;
        Ok(limits::reached(&gateway, &server.counters, &server.closed, &server.receivers))
    }

    fn store(&self) -> Result<Arc<dyn Store>, Problem> {
        let directory = self.0.directory.upgrade().ok_or_else(Problem::stopping)?;
        Ok(directory.shared_store())
    }
}
