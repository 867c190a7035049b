//! Journey graphs as lines of tables.

use std::borrow::Cow;

use bartizan_model::{EndpointId, Journey, JourneySummary, journey::JourneyMove};

use super::Record;
use crate::output::words;

impl Record for JourneySummary {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "host",
        "role",
        "role_told_by",
        "services",
        "sessions",
        "actors",
        "nodes",
        "moves",
        "login_sequence",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let services: Vec<&str> = self.services.iter().map(|id| id.as_str()).collect();
        vec![
            self.id.as_str().into(),
            self.host.as_str().into(),
            self.role.as_str().into(),
            self.role_told_by.as_str().into(),
            services.join("; ").into(),
            self.sessions.to_string().into(),
            self.actors.to_string().into(),
            self.nodes.to_string().into(),
            self.moves.to_string().into(),
            self.login_sequence.as_deref().unwrap_or("").into(),
            self.first_seen.map_or_else(String::new, words::exact).into(),
            self.last_seen.map_or_else(String::new, words::exact).into(),
        ]
    }
}

/// A move with the graph that names its endpoints.
pub struct NamedMove<'j> {
    /// The graph.
    pub journey: &'j Journey,
    /// The move.
    pub one: &'j JourneyMove,
}

impl Record for NamedMove<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "from_id", "from", "to_id", "to", "count", "share", "callers", "p10_ms", "p50_ms", "p90_ms",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let Self { journey, one } = self;
        let name = |id: &EndpointId| journey.node(id).map(|node| node.name()).unwrap_or_default();
        let ms = |ms: Option<f64>| ms.map(|ms| ms.to_string()).unwrap_or_default();
        vec![
            one.from.as_str().into(),
            name(&one.from).into(),
            one.to.as_str().into(),
            name(&one.to).into(),
            one.count.to_string().into(),
            one.share.to_string().into(),
            one.callers.as_str().into(),
            ms(one.p10_ms).into(),
            ms(one.p50_ms).into(),
            ms(one.p90_ms).into(),
        ]
    }
}
