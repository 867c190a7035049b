//! Clients that a rule is about.

use bartizan_model::{ClientKind, ids::ClientId};
use smol_str::SmolStr;

use super::{GovernedEndpoints, Wrong, bounded, wrong};
use crate::catalog::Glob;

/// A client, as rules see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GovernedClient {
    /// What the inventory calls it.
    pub label: SmolStr,
    /// Its id.
    pub id: ClientId,
    /// Where it runs or whose it is.
    pub kind: ClientKind,
}

/// Which clients.
#[derive(Debug)]
pub(super) struct Who {
    names: Vec<Glob>,
    kinds: Vec<ClientKind>,
}

impl Who {
    /// `None` where a rule does not ask for clients.
    pub(super) fn compile(place: &GovernedEndpoints) -> Result<Option<Self>, Wrong> {
        bounded("where.clients", &place.clients)?;
        if place.clients.is_empty() && place.client_kinds.is_empty() {
            return Ok(None);
        }
        let name = |(at, text): (usize, &String)| {
            Glob::new(text).map_err(|message| wrong(format!("where.clients[{at}]"), message))
        };
        let names = place.clients.iter().enumerate().map(name).collect::<Result<_, _>>()?;
        Ok(Some(Self { names, kinds: place.client_kinds.clone() }))
    }

    /// Whether this is one of them.
    pub(super) fn is(&self, client: &GovernedClient) -> bool {
        let named = |name: &Glob| name.fits(&client.label) || name.fits(client.id.as_str());
        (self.names.is_empty() || self.names.iter().any(named))
            && (self.kinds.is_empty() || self.kinds.contains(&client.kind))
    }
}
