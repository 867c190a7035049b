//! The graph of services, from links that were learned and what the endpoints belong to.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_model::{
    Access, Endpoint, EndpointId, LinkBy, NodeKind, ServiceGraph, ServiceLink, ServiceNode,
    services::{CalledOperation, LinkTold, MAX_LINKS, MAX_NODES, MAX_OPERATIONS},
};

use super::{Known, State, calls::name};
use crate::{
    endpoints::{LeafId, Template},
    learn::services::{Asker, Calls, Network},
};

/// Most hosts that are listed of a service.
const MAX_HOSTS: usize = 16;

/// A node by kind and name.
type Node = (NodeKind, String);

/// What is asked here of what was learned of an endpoint, which is given up when the endpoint is made. Of few: those
/// that a workload answers and those that are somebody else's.
pub(super) struct Served<'s> {
    pub(super) template: &'s Template,
    /// Workloads that answer it, the one that answers most first, with exchanges.
    workloads: Vec<(String, u64)>,
    pub(super) encrypted: u64,
    pub(super) plain: u64,
    /// Exchanges answered with a server error. Status 0 is counted where a source tells of no status too, and
    /// is left out.
    pub(super) failures: u64,
}

impl<'s> Served<'s> {
    /// `None` where nothing of it is asked.
    pub(super) fn of(known: &Known<'s>, access: Access) -> Option<Self> {
        let (seen, statuses) = (&known.profile.whereabouts, known.profile.statuses.iter());
        let is_asked = access == Access::ThirdParty || !seen.workloads.is_empty();
        is_asked.then(|| Self {
            template: known.template,
            workloads: seen.workloads.listed(String::clone),
            encrypted: seen.encrypted,
            plain: seen.plain,
            failures: statuses.filter(|(status, _)| **status >= 500).map(|(_, count)| count).sum(),
        })
    }
}

/// What one kind of evidence tells of a pair of nodes.
#[derive(Default)]
struct Evidence<'s> {
    calls: Calls,
    operations: BTreeMap<&'s EndpointId, (&'s Template, u64)>,
}

/// Which services call which.
pub(super) fn graph(
    state: &State,
    served: &BTreeMap<EndpointId, Served<'_>>,
    endpoints: &[Endpoint],
) -> ServiceGraph {
    let services = &state.core.services;
    let workloads = workloads(served, endpoints);
    let mut pairs: BTreeMap<(Node, Node), BTreeMap<LinkBy, Evidence<'_>>> = BTreeMap::new();
    let of_leaf = |leaf| state.core.resolver.final_endpoint(LeafId(leaf));
    let leaves = services.links().flat_map(|link| [Some(link.leaf), link.asker.leaf()]);
    let linked: BTreeSet<&EndpointId> =
        leaves.flatten().filter_map(|leaf| Some(&of_leaf(leaf)?.id)).collect();
    let of_linked = endpoints.iter().filter(|it| linked.contains(&it.id));
    let nodes: BTreeMap<&EndpointId, Node> =
        of_linked.filter_map(|it| Some((&it.id, node(served, it)?))).collect();
    let node_of = |template: &Arc<Template>| nodes.get(&template.id).cloned();
    for link in services.links() {
        let Some(template) = of_leaf(link.leaf) else { continue };
        let Some(callee) = node_of(template) else { continue };
        let (caller, by) = match &link.asker {
            Asker::Endpoint(leaf) => (of_leaf(*leaf).and_then(node_of), LinkBy::TraceContext),
            Asker::Workload(name) => {
                let node = workloads.get(name.as_str()).cloned();
                let own = || (NodeKind::Workload, name.to_string());
                (Some(node.unwrap_or_else(own)), LinkBy::Workload)
            }
            Asker::Network(network) => (Some(of_network(*network)), LinkBy::Address),
        };
        let Some(caller) = caller.filter(|caller| *caller != callee) else { continue };
        let evidence = pairs.entry((caller, callee)).or_default().entry(by).or_default();
        evidence.calls.merge(&link.calls);
        evidence.operations.entry(&template.id).or_insert((&**template, 0)).1 += link.calls.calls;
    }
    let mut links: Vec<ServiceLink> =
        pairs.iter().filter_map(|((from, to), told)| link(from, to, told)).collect();
    links.sort_by(|a, b| (b.calls, &a.caller, &a.callee).cmp(&(a.calls, &b.caller, &b.callee)));
    let all = links.len();
    links.truncate(MAX_LINKS);
    let described = described(served, endpoints);
    let listed = listed(&links, &pairs, described);
    links.retain(|link| listed.contains_key(&link.caller) && listed.contains_key(&link.callee));
    ServiceGraph {
        links_left_out: (all - links.len()) as u64,
        links,
        nodes: listed.into_values().collect(),
        forgotten: services.forgotten(),
    }
}

pub(super) fn id((kind, name): &Node) -> String {
    format!("{kind}:{name}")
}

fn of_network(network: Network) -> Node {
    let name = match network {
        Network::Public => "public",
        Network::Partner => "partner",
        Network::Private => "private",
    };
    (NodeKind::Network, name.to_owned())
}

/// The node of an endpoint that has a service, workload or host. Made when it is asked for, as a result may have
/// a hundred thousand endpoints.
fn node(served: &BTreeMap<EndpointId, Served<'_>>, endpoint: &Endpoint) -> Option<Node> {
    let workload = || most_seen(served.get(&endpoint.id)?);
    let host = (!endpoint.host.is_empty()).then(|| endpoint.host.clone());
    if endpoint.access == Access::ThirdParty {
        return host.map(|host| (NodeKind::ThirdParty, host));
    }
    let service = endpoint.service.as_ref().map(ToString::to_string);
    Some((NodeKind::Service, service.or_else(workload).or(host)?))
}

/// The workload that answers an endpoint most.
fn most_seen(served: &Served<'_>) -> Option<String> {
    served.workloads.first().map(|(workload, _)| workload.clone())
}

/// Which service each workload is behind: of several the one with the most exchanges.
fn workloads(
    served: &BTreeMap<EndpointId, Served<'_>>,
    endpoints: &[Endpoint],
) -> BTreeMap<String, Node> {
    let mut counts: BTreeMap<String, BTreeMap<Node, u64>> = BTreeMap::new();
    for endpoint in endpoints {
        let Some(told) = served.get(&endpoint.id) else { continue };
        let Some(node) = node(served, endpoint) else { continue };
        for (workload, count) in &told.workloads {
            let nodes = counts.entry(workload.clone()).or_default();
            *nodes.entry(node.clone()).or_default() += count;
        }
    }
    // Of equal ones the last that is looked at: the first by kind and name.
    let most = |nodes: BTreeMap<Node, u64>| -> Option<Node> {
        Some(nodes.into_iter().rev().max_by_key(|(_, count)| *count)?.0)
    };
    counts.into_iter().filter_map(|(name, nodes)| Some((name, most(nodes)?))).collect()
}

/// What is told of a pair. Several kinds of evidence may tell of the same calls: the one that tells of most
/// counts.
fn link(from: &Node, to: &Node, told: &BTreeMap<LinkBy, Evidence<'_>>) -> Option<ServiceLink> {
    let (_, most) = told.iter().max_by_key(|(by, it)| (it.calls.calls, Reverse(**by)))?;
    let mut told_by: Vec<LinkTold> =
        told.iter().map(|(by, it)| LinkTold { by: *by, calls: it.calls.calls }).collect();
    told_by.sort_by_key(|told| Reverse(told.calls));
    let mut operations: Vec<CalledOperation> = most
        .operations
        .iter()
        .map(|(id, (template, calls))| CalledOperation {
            endpoint_id: (*id).clone(),
            name: name(template),
            calls: *calls,
        })
        .collect();
    operations.sort_by(|a, b| (b.calls, &a.name).cmp(&(a.calls, &b.name)));
    let count = operations.len() as u64;
    operations.truncate(MAX_OPERATIONS);
    Some(ServiceLink {
        caller: id(from),
        callee: id(to),
        calls: most.calls.calls,
        failures: most.calls.failures,
        operations: count,
        top_operations: operations,
        median_ms: most.calls.quantile(0.5),
        p90_ms: most.calls.quantile(0.9),
        first_seen: most.calls.first_seen,
        last_seen: most.calls.last_seen,
        told_by,
    })
}

/// Nodes with what the inventory knows of them, without what they call.
fn described(
    served: &BTreeMap<EndpointId, Served<'_>>,
    endpoints: &[Endpoint],
) -> BTreeMap<String, ServiceNode> {
    let mut out: BTreeMap<String, ServiceNode> = BTreeMap::new();
    for endpoint in endpoints {
        let Some(node) = node(served, endpoint) else { continue };
        let entry = out.entry(id(&node)).or_insert_with(|| bare(&node));
        entry.endpoints += 1;
        entry.composite_endpoints += u64::from(endpoint.composite);
        if !endpoint.host.is_empty() && !entry.hosts.contains(&endpoint.host) {
            entry.hosts.push(endpoint.host.clone());
        }
    }
    for node in out.values_mut() {
        node.hosts.sort();
        node.hosts.truncate(MAX_HOSTS);
    }
    out
}

fn bare((kind, name): &Node) -> ServiceNode {
    ServiceNode {
        id: format!("{kind}:{name}"),
        kind: *kind,
        name: name.clone(),
        hosts: Vec::new(),
        endpoints: 0,
        fan_out: 0,
        composite_endpoints: 0,
    }
}

/// The nodes that are listed: those of the busiest links, then others by id, up to [`MAX_NODES`].
fn listed<E>(
    links: &[ServiceLink],
    pairs: &BTreeMap<(Node, Node), E>,
    mut described: BTreeMap<String, ServiceNode>,
) -> BTreeMap<String, ServiceNode> {
    let mut called: BTreeMap<String, BTreeSet<&Node>> = BTreeMap::new();
    for (caller, callee) in pairs.keys() {
        let own = described.entry(id(caller)).or_insert_with(|| bare(caller));
        // Of a network nothing is known but that somebody there calls.
        if own.kind != NodeKind::Network {
            called.entry(id(caller)).or_default().insert(callee);
        }
    }
    for (id, called) in called {
        if let Some(node) = described.get_mut(&id) {
            node.fan_out = called.len() as u64;
        }
    }
    if described.len() <= MAX_NODES {
        return described;
    }
    let rest: Vec<String> = described.keys().cloned().collect();
    let busy = links.iter().flat_map(|link| [&link.caller, &link.callee]);
    let mut out = BTreeMap::new();
    for id in busy.chain(&rest) {
        if out.len() >= MAX_NODES {
            break;
        }
        if let Some(node) = described.remove(id) {
            out.insert(id.clone(), node);
        }
    }
    out
}
