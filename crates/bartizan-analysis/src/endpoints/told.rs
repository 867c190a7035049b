//! Operations that an answer names, whether or not anybody calls them: tools that a server of MCP lists.

use bartizan_protocols::Call;

use super::{
    leaf::{LeafId, Place},
    resolver::Resolver,
};

/// What an endpoint shows for it, as long as nobody called it.
pub(crate) const NEVER_CALLED: &str = "named by an answer of the service; no call was seen";

impl Resolver {
    /// Lists operations at the path of `leaf`, as its answer named them; their leaves. Those for which there is no
    /// room are left out.
    pub fn tell(&mut self, leaf: LeafId, calls: &[Call]) -> Vec<LeafId> {
        let Some(found) = self.leaf(self.root_of(leaf)) else { return Vec::new() };
        let Place::Node(node) = found.place else { return Vec::new() };
        let (host, method) = (found.host.clone(), found.method.clone());
        let mut told = Vec::new();
        for call in calls {
            let leaf = self.leaf_at(&host, &method, Some(call), node);
            let Some(found) = self.leaves.get_mut(leaf.0 as usize) else { continue };
            // Beyond the limit all share one.
            if found.call.as_deref() != Some(call) {
                continue;
            }
            found.vouched = found.vouched.max(1);
            self.refresh(leaf, &[]);
            told.push(leaf);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Protocol, Scope};

    use super::*;
    use crate::endpoints::{Asked, EndpointLimits, tests::answer};

    fn call(name: &str) -> Call {
        Call { protocol: Protocol::Mcp, operation: name.to_owned() }
    }

    #[test]
    fn what_an_answer_names_is_listed_and_loses_its_mark_when_it_is_called() {
        let limits = EndpointLimits { operations: 3, ..EndpointLimits::default() };
        let mut resolver = Resolver::new(Scope::default(), limits);
        let ask = |resolver: &mut Resolver, name: &str| {
            let call = call(name);
            let asked = Asked {
                host: "a.example.com".into(),
                method: "POST",
                call: Some(&call),
                segments: &["mcp"],
                outcome: answer(200),
            };
            resolver.observe_call(&asked).leaf
        };
        let list = ask(&mut resolver, "tools/list");
        let names = ["tools/call search", "tools/call wipe", "tools/call more"].map(call);
        assert_eq!(resolver.tell(list, &names).len(), 2, "there is room for three operations");
        assert_eq!(resolver.tell(list, &names[..1]).len(), 1);
        resolver.consolidate();
        let marks = |resolver: &Resolver| -> Vec<(String, bool)> {
            let all = resolver.endpoints();
            let of = |template: &crate::endpoints::Template| {
                let name = template.call.as_ref().map(|call| call.operation.clone());
                (name.unwrap_or_default(), template.evidence.iter().any(|e| e == NEVER_CALLED))
            };
            all.iter().map(|listed| of(&listed.template)).collect()
        };
        let named = |name: &str, marked| (name.to_owned(), marked);
        assert_eq!(
            marks(&resolver),
            [
                named("tools/call search", true),
                named("tools/call wipe", true),
                named("tools/list", false)
            ]
        );
        ask(&mut resolver, "tools/call wipe");
        assert_eq!(marks(&resolver)[1], named("tools/call wipe", false));
    }
}
