//! Third parties that ours call: whose access says so, by host.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bartizan_model::{
    Access, Direction, Endpoint, EndpointId, Fact, NodeKind, ServiceGraph, ThirdParty, ToldBy,
    services::{
        CalledOperation, EgressCaller, EgressClass, EgressCredential, MAX_CALLERS, MAX_OPERATIONS,
        MAX_THIRD_PARTIES,
    },
};

use super::{
    Known,
    calls::name,
    services::{self, Served},
};
use crate::specs::Compared;

/// Notes which hosts are somebody else's as far as traffic tells: ours called them at addresses of others, and
/// nothing shows that ours answer there: no caller from elsewhere, no exchange that was recorded where it was
/// answered or that an address of ours answered, no specification.
pub(super) fn note_abroad(
    known: &mut BTreeMap<EndpointId, Known<'_>>,
    specs: Option<&Compared<'_>>,
) {
    let (mut abroad, mut ours) = (BTreeSet::new(), BTreeSet::new());
    for one in known.values() {
        let (seen, host) = (&one.profile.whereabouts, one.template.host.clone());
        let is_documented = specs.is_some_and(|specs| specs.describing(one.template).is_some());
        if seen.public + seen.partner + seen.served > 0 || is_documented {
            ours.insert(host);
        } else if seen.abroad > 0 {
            abroad.insert(host);
        }
    }
    for one in known.values_mut() {
        let host = &one.template.host;
        one.is_abroad = !host.is_empty() && abroad.contains(host) && !ours.contains(host);
    }
}

/// Third parties, busiest first.
pub(super) fn third_parties(
    served: &BTreeMap<EndpointId, Served<'_>>,
    endpoints: &[Endpoint],
    graph: &ServiceGraph,
) -> Vec<ThirdParty> {
    let mut hosts: BTreeMap<&str, Vec<(&Endpoint, &Served<'_>)>> = BTreeMap::new();
    let abroad = |it: &&Endpoint| it.access == Access::ThirdParty && !it.host.is_empty();
    for endpoint in endpoints.iter().filter(abroad) {
        let Some(served) = served.get(&endpoint.id) else { continue };
        hosts.entry(&endpoint.host).or_default().push((endpoint, served));
    }
    let mut out: Vec<ThirdParty> =
        hosts.into_iter().map(|(host, of)| third_party(host, &of, graph)).collect();
    out.sort_by(|a, b| (b.requests, &a.host).cmp(&(a.requests, &b.host)));
    out.truncate(MAX_THIRD_PARTIES);
    out
}

fn third_party(host: &str, of: &[(&Endpoint, &Served<'_>)], graph: &ServiceGraph) -> ThirdParty {
    let told = of.iter().flat_map(|(endpoint, _)| &endpoint.told);
    let told = told.filter(|told| told.fact == Fact::Access).min_by_key(|told| told.by);
    let sum = |count: fn(&Served<'_>) -> u64| of.iter().map(|(_, served)| count(served)).sum();
    let mut operations: Vec<CalledOperation> = of
        .iter()
        .map(|(endpoint, served)| CalledOperation {
            endpoint_id: endpoint.id.clone(),
            name: name(served.template),
            calls: endpoint.requests,
        })
        .collect();
    operations.sort_by(|a, b| (b.calls, &a.name).cmp(&(a.calls, &b.name)));
    operations.truncate(MAX_OPERATIONS);
    let credentials: BTreeSet<EgressCredential> =
        of.iter().flat_map(|(endpoint, _)| &endpoint.auth).map(credential).collect();
    ThirdParty {
        host: host.to_owned(),
        told_by: told.map_or(ToldBy::Traffic, |told| told.by),
        told: told.map(|told| told.what.clone()).unwrap_or_default(),
        requests: of.iter().map(|(endpoint, _)| endpoint.requests).sum(),
        failures: sum(|served| served.failures),
        encrypted: sum(|served| served.encrypted),
        plain: sum(|served| served.plain),
        operations: of.len() as u64,
        top_operations: operations,
        callers: callers(host, graph),
        sent: classes(of, Direction::Request),
        received: classes(of, Direction::Response),
        credentials: credentials.into_iter().collect(),
        first_seen: of.iter().filter_map(|(endpoint, _)| endpoint.first_seen).min(),
        last_seen: of.iter().filter_map(|(endpoint, _)| endpoint.last_seen).max(),
    }
}

fn credential(auth: &bartizan_model::Auth) -> EgressCredential {
    EgressCredential {
        auth_type: auth.auth_type,
        location: auth.location.clone(),
        name: auth.name.clone(),
    }
}

fn callers(host: &str, graph: &ServiceGraph) -> Vec<EgressCaller> {
    let own = services::id(&(NodeKind::ThirdParty, host.to_owned()));
    let mut out: Vec<EgressCaller> = graph
        .links
        .iter()
        .filter(|link| link.callee == own)
        .filter_map(|link| {
            let node = graph.nodes.iter().find(|node| node.id == link.caller)?;
            let (id, kind, name) = (node.id.clone(), node.kind, node.name.clone());
            Some(EgressCaller { id, kind, name, calls: link.calls })
        })
        .collect();
    out.sort_by_key(|caller| Reverse(caller.calls));
    out.truncate(MAX_CALLERS);
    out
}

fn classes(of: &[(&Endpoint, &Served<'_>)], direction: Direction) -> Vec<EgressClass> {
    let mut out: BTreeMap<&str, (u64, BTreeSet<&EndpointId>)> = BTreeMap::new();
    for (endpoint, _) in of {
        for seen in endpoint.data_classes.iter().filter(|seen| seen.direction == direction) {
            let (values, operations) = out.entry(&seen.class).or_default();
            *values += seen.count;
            operations.insert(&endpoint.id);
        }
    }
    out.into_iter()
        .map(|(class, (values, operations))| EgressClass {
            class: class.to_owned(),
            values,
            operations: operations.len() as u64,
        })
        .collect()
}
