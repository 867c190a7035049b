//! Clients as the inventory shows them: what they were granted against what they used.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bartizan_model::{
    ClientDetail, ClientSummary, ClientTold, Direction, EndpointId, KeyedHash, ScopeUse,
    analysis::NamedCount,
    client::{AllowedOperation, ClientData, ClientOperation, ClientScope, MOST_ALLOWED},
    ids::ClientId,
};

use smol_str::SmolStr;

use super::{State, calls};
use crate::{
    endpoints::{LeafId, Template},
    governance::GovernedClient,
    learn::clients::Row,
    snapshot::Snapshot,
    specs::{Compared, Scopes},
};

/// Most pairs of a client and an operation that its scopes may allow which are looked at. Of clients beyond it
/// is not said what they left unused.
const MAX_COMPARED: usize = 1_000_000;

/// All clients, busiest first, and what rules about clients ask of them: nothing when there are no such rules.
pub(super) fn clients(
    state: &State,
    snapshot: &Snapshot,
    specs: Option<&Compared<'_>>,
) -> (Vec<ClientDetail>, Handled) {
    let mut rows = state.core.clients.rows();
    let joined = join(&mut rows);
    let handled = match snapshot.governance.asks_for_clients() {
        true => handled(&rows, state, snapshot),
        false => Handled::new(),
    };
    (details(&rows, &joined, (state, snapshot), specs), handled)
}

fn details(
    rows: &BTreeMap<KeyedHash, Row>,
    joined: &BTreeMap<KeyedHash, KeyedHash>,
    (state, snapshot): (&State, &Snapshot),
    specs: Option<&Compared<'_>>,
) -> Vec<ClientDetail> {
    let scopes = specs.map(|specs| (specs, specs.scopes()));
    let mut room = MAX_COMPARED;
    let id = |key: &KeyedHash| ClientId::derive(&snapshot.scope, &[&key.to_string()]);
    let mut out: Vec<ClientDetail> = rows
        .iter()
        .map(|(key, row)| {
            let absorbed = joined.get(key).map(id).into_iter().collect();
            detail(id(key), absorbed, row, state, scopes.as_ref(), &mut room)
        })
        .collect();
    out.sort_by(|a, b| {
        let (a, b) = (&a.summary, &b.summary);
        b.requests.cmp(&a.requests).then_with(|| a.id.cmp(&b.id))
    });
    out
}

/// Which clients sent or got which class of data at which endpoint.
pub(super) type Handled = BTreeMap<EndpointId, Vec<(GovernedClient, Direction, SmolStr)>>;

/// What each client handles where.
fn handled(rows: &BTreeMap<KeyedHash, Row>, state: &State, snapshot: &Snapshot) -> Handled {
    let mut out = Handled::new();
    for (key, row) in rows {
        let id = ClientId::derive(&snapshot.scope, &[&key.to_string()]);
        let client = GovernedClient { label: row.label.clone(), id, kind: row.kind() };
        for (leaf, direction, class) in row.carried() {
            let Some(at) = state.core.resolver.final_endpoint(LeafId(*leaf)) else { continue };
            let here = out.entry(at.id.clone()).or_default();
            here.push((client.clone(), *direction, class.clone()));
        }
    }
    for here in out.values_mut() {
        here.sort_unstable();
        here.dedup();
    }
    out
}

/// A request for a token does not say who will issue it: its client is that of the tokens with the same client id,
/// when they all have one issuer. Which keys took in which.
fn join(rows: &mut BTreeMap<KeyedHash, Row>) -> BTreeMap<KeyedHash, KeyedHash> {
    let mut issued: BTreeMap<u64, Vec<KeyedHash>> = BTreeMap::new();
    for (key, row) in rows.iter().filter(|(_, row)| row.told_by() == ClientTold::Token) {
        issued.entry(row.name_key).or_default().push(*key);
    }
    let asked: Vec<(KeyedHash, u64)> = rows
        .iter()
        .filter(|(_, row)| row.told_by() == ClientTold::TokenRequest)
        .map(|(key, row)| (*key, row.name_key))
        .collect();
    let mut joined = BTreeMap::new();
    for (key, name) in asked {
        let Some([into]) = issued.get(&name).map(Vec::as_slice) else { continue };
        let Some(row) = rows.remove(&key) else { continue };
        if let Some(known) = rows.get_mut(into) {
            known.absorb(&row);
            joined.insert(*into, key);
        }
    }
    joined
}

/// What of its grants a client used.
#[derive(Default)]
struct Used<'a> {
    operations: Vec<ClientOperation>,
    /// Scopes that were needed.
    scopes: BTreeSet<&'a str>,
    /// Documented operations that were called.
    called: BTreeSet<usize>,
}

/// What specifications say about scopes.
type Asked<'c, 'a> = (&'c Compared<'a>, Scopes<'a>);

fn detail(
    id: ClientId,
    absorbed: Vec<ClientId>,
    row: &Row,
    state: &State,
    asked: Option<&Asked<'_, '_>>,
    room: &mut usize,
) -> ClientDetail {
    let held: BTreeSet<&str> = row.scopes().iter().map(|(_, name)| name.as_str()).collect();
    let used = used(row, &held, state, asked);
    let unused = asked.and_then(|(_, scopes)| unused(scopes, &held, &used.called, room));
    let usage = |name: &str| match asked {
        Some(_) if used.scopes.contains(name) => ScopeUse::Used,
        Some((_, scopes)) if scopes.knows(name) => ScopeUse::Unused,
        _ => ScopeUse::Unknown,
    };
    let mut listed: Vec<ClientScope> = row
        .scopes()
        .iter()
        .map(|(claim, name)| ClientScope {
            name: name.clone(),
            claim: claim.as_str().into(),
            usage: usage(name),
        })
        .collect();
    listed.sort_unstable();
    let count = |usage| listed.iter().filter(|one| one.usage == usage).count() as u64;
    let summary = ClientSummary {
        id,
        label: row.label.clone(),
        form: row.form(),
        told_by: row.told_by(),
        grade: row.grade(),
        issuer: row.issuer.clone(),
        kind: row.kind(),
        kind_evidence: row.kind_evidence(),
        users: row.users(),
        sources: row.sources(),
        requests: row.requests,
        granted: row.granted,
        refused: row.refused,
        operations_used: used.operations.len() as u64,
        operations_unused: unused.as_ref().map(|unused| unused.len() as u64),
        scopes_granted: listed.len() as u64 + row.more_scopes,
        scopes_used: count(ScopeUse::Used),
        scopes_unused: count(ScopeUse::Unused),
        first_seen: row.first_seen,
        last_seen: row.last_seen,
    };
    let counted = |seen: Vec<(String, u64)>| {
        seen.into_iter().map(|(name, count)| NamedCount { name, count }).collect()
    };
    ClientDetail {
        summary,
        scopes: listed,
        operations: used.operations,
        operations_not_kept: row.more_operations,
        allowed: unused.unwrap_or_default().into_iter().take(MOST_ALLOWED).collect(),
        fingerprints: counted(row.fingerprints.listed(String::clone)),
        tls_versions: counted(row.tls.listed(String::clone)),
        absorbed,
    }
}

/// Operations that a client was granted, by their final endpoints. What is noise is none.
fn used<'a>(
    row: &Row,
    held: &BTreeSet<&str>,
    state: &State,
    asked: Option<&Asked<'_, 'a>>,
) -> Used<'a> {
    let mut endpoints: BTreeMap<&EndpointId, (&Template, u64)> = BTreeMap::new();
    for (leaf, count) in row.operations() {
        let Some(template) = state.core.resolver.final_endpoint(LeafId(*leaf)) else { continue };
        endpoints.entry(&template.id).or_insert((&**template, 0)).1 += count;
    }
    // What a token did not say, or said beyond what is kept, may be what an operation asks for.
    let tells_all = row.told_by() == ClientTold::Token && !held.is_empty() && row.more_scopes == 0;
    let mut carried: BTreeMap<&EndpointId, BTreeSet<ClientData>> = BTreeMap::new();
    for (leaf, direction, class) in row.carried() {
        let Some(template) = state.core.resolver.final_endpoint(LeafId(*leaf)) else { continue };
        let data = ClientData { class: class.clone(), direction: *direction };
        carried.entry(&template.id).or_default().insert(data);
    }
    let mut used = Used::default();
    for (template, requests) in endpoints.into_values() {
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        let mut lacking: BTreeSet<&str> = BTreeSet::new();
        if let Some((specs, scopes)) = asked {
            for number in specs.secured(scopes, template) {
                used.called.insert(number);
                let Some(secured) = scopes.get(number) else { continue };
                needed.extend(secured.fulfilled(held));
                lacking.extend(secured.lacking(held).into_iter().filter(|_| tells_all));
            }
        }
        used.scopes.extend(needed.iter().copied());
        used.operations.push(ClientOperation {
            endpoint_id: template.id.clone(),
            name: calls::name(template),
            requests,
            needed: needed.into_iter().map(str::to_owned).collect(),
            lacking: lacking.into_iter().map(str::to_owned).collect(),
            data: carried.remove(&template.id).into_iter().flatten().collect(),
        });
    }
    used.operations.sort_by_key(|operation| Reverse(operation.requests));
    used
}

/// Documented operations that scopes allow and that were not called, by path; `None` when no specification knows
/// the scopes, or there is no room to compare.
fn unused(
    scopes: &Scopes<'_>,
    held: &BTreeSet<&str>,
    called: &BTreeSet<usize>,
    room: &mut usize,
) -> Option<Vec<AllowedOperation>> {
    if !held.iter().any(|scope| scopes.knows(scope)) {
        return None;
    }
    let candidates = held.iter().map(|scope| scopes.asking(scope));
    *room = room.checked_sub(candidates.clone().map(<[usize]>::len).sum())?;
    let candidates: BTreeSet<usize> = candidates.flatten().copied().collect();
    let mut unused = Vec::new();
    for number in candidates.difference(called) {
        let Some(secured) = scopes.get(*number) else { continue };
        let by = secured.fulfilled(held);
        if !by.is_empty() {
            unused.push(AllowedOperation {
                path: secured.path.to_owned(),
                method: secured.method.to_owned(),
                scopes: by.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    unused.sort_unstable();
    Some(unused)
}

#[cfg(test)]
mod tests;
