//! Documented operations that requests name in their message: fields of GraphQL, operations of SOAP.

use std::collections::BTreeMap;

use bartizan_model::Protocol;
use bartizan_protocols::{
    Call,
    spec::{OperationKind, SpecOperation},
};

/// Indices of operations by protocol and name, as [`Call::operation`] has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(BTreeMap<(Protocol, String), usize>);

/// How requests name a documented operation; `None` when they do so by their path.
pub(super) fn name_of(documented: &SpecOperation) -> Option<(Protocol, String)> {
    let field = |kind: &str| Some((Protocol::Graphql, format!("{kind} {}", documented.path)));
    match documented.kind {
        OperationKind::GraphqlQuery => field("query"),
        OperationKind::GraphqlMutation => field("mutation"),
        OperationKind::GraphqlSubscription => field("subscription"),
        OperationKind::Soap => Some((Protocol::Soap, documented.path.clone())),
        _ => None,
    }
}

impl Calls {
    /// The first of a name counts.
    pub(super) fn insert(&mut self, name: (Protocol, String), index: usize) {
        self.0.entry(name).or_insert(index);
    }

    /// What each of the names of a call is documented as. Fields that every schema has
    /// (GraphQL October 2021 §4) are left out.
    pub(super) fn find<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = Option<usize>> + 'a {
        let names = call.operation.split('+').filter(|name| !name.is_empty());
        let names =
            names.filter(|name| call.protocol != Protocol::Graphql || !name.contains(" __"));
        names.map(|name| self.0.get(&(call.protocol, name.to_owned())).copied())
    }
}
