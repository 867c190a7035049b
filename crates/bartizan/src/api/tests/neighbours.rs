//! What traffic shows of services and third parties, in [`super::world`].

use bartizan_model::{
    LinkBy, NodeKind, ServiceGraph, ServiceLink, ServiceNode, ThirdParty, ToldBy,
    services::{EgressClass, LinkTold},
};

/// A service of somebody, which is called from the internet.
pub(super) fn graph(org: &str) -> ServiceGraph {
    let node = |kind: NodeKind, name: &str| ServiceNode {
        id: format!("{kind}:{name}"),
        kind,
        name: name.to_owned(),
        hosts: Vec::new(),
        endpoints: 1,
        fan_out: 0,
        composite_endpoints: 0,
    };
    let link = ServiceLink {
        caller: "network:public".to_owned(),
        callee: format!("service:{org}"),
        calls: 7,
        failures: 1,
        operations: 1,
        top_operations: Vec::new(),
        median_ms: Some(10.0),
        p90_ms: None,
        first_seen: None,
        last_seen: None,
        told_by: vec![LinkTold { by: LinkBy::Address, calls: 7 }],
    };
    ServiceGraph {
        nodes: vec![node(NodeKind::Network, "public"), node(NodeKind::Service, org)],
        links: vec![link],
        links_left_out: 0,
        forgotten: 0,
    }
}

/// Whom somebody calls, in plain text, with account numbers.
pub(super) fn third_party(org: &str) -> ThirdParty {
    let sent = EgressClass { class: "iban".to_owned(), values: 3, operations: 1 };
    ThirdParty {
        host: format!("pay.{org}.example"),
        told_by: ToldBy::Configuration,
        told: "catalog.third_party_hosts: pay.*".to_owned(),
        requests: 3,
        failures: 0,
        encrypted: 0,
        plain: 3,
        operations: 1,
        top_operations: Vec::new(),
        callers: Vec::new(),
        sent: vec![sent],
        received: Vec::new(),
        credentials: Vec::new(),
        first_seen: None,
        last_seen: None,
    }
}
