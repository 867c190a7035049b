//! The operations, by what they are about.

mod actors;
mod apart;
mod audit;
mod calls;
mod catalogue;
mod changes;
mod clients;
mod endpoint;
mod events;
mod exceptions;
mod exchanges;
mod findings;
mod incident_journey;
mod incidents;
mod journeys;
mod kept;
mod keys;
mod learned;
mod login_locks;
mod openapi;
mod overview;
mod reference;
mod relations;
mod server;
mod servicemap;
mod session;
mod tokens;
mod users;
mod webhooks;

use super::operation::Operation;

/// All operations.
pub(super) fn all() -> Vec<Operation> {
    [
        session::operations(),
        users::operations(),
        tokens::operations(),
        catalogue::operations(),
        calls::operations(),
        learned::operations(),
        changes::operations(),
        servicemap::operations(),
        endpoint::operations(),
        apart::operations(),
        findings::operations(),
        incidents::operations(),
        journeys::operations(),
        incident_journey::operations(),
        exchanges::operations(),
        actors::operations(),
        clients::operations(),
        keys::operations(),
        login_locks::operations(),
        audit::operations(),
        overview::operations(),
        kept::operations(),
        server::operations(),
        exceptions::operations(),
        relations::operations(),
        webhooks::operations(),
        events::operations(),
        reference::operations(),
        openapi::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
