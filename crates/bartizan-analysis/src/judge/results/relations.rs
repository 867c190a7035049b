//! Relations of ownership, by final endpoints.

use std::collections::BTreeMap;

use bartizan_model::{
    RelationId, Side,
    relation::{ExemptRole, Relation},
};

use crate::{
    endpoints::{LeafId, Segment, Template},
    judge::State,
    learn::relations::Believed,
    snapshot::Snapshot,
};

/// Most relations that are listed.
const MOST: usize = 2_000;
/// The claim that subjects are of.
const SUBJECT: &str = "sub";

/// Relations that are believed, by host, path, method, place.
pub(super) fn relations(state: &State, snapshot: &Snapshot) -> Vec<Relation> {
    let core = &state.core;
    let mut leaves: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (key, leaf) in core.relations.endpoints() {
        leaves.entry(core.resolver.shown(LeafId(leaf)).0).or_default().push(key);
    }
    let of = |(leaf, parts): (&u32, &Vec<u64>)| {
        let template = core.resolver.final_endpoint(LeafId(*leaf))?;
        // A rule has no words for what is called inside of a body.
        if template.call.is_some() {
            return None;
        }
        let believed = core.relations.believed(parts, |role| core.journeys.role_name(role));
        let list = believed.into_iter().filter_map(|one| relation(template, one, snapshot));
        Some(list.collect::<Vec<_>>())
    };
    let mut all: Vec<Relation> = leaves.iter().filter_map(of).flatten().collect();
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    all.truncate(MOST);
    all
}

fn order(one: &Relation) -> (&str, &str, &str, Side, &str) {
    (&one.host, &one.path, &one.method, one.side, &one.place)
}

fn relation(template: &Template, one: Believed, snapshot: &Snapshot) -> Option<Relation> {
    let place = place(template, &one.place)?;
    let side = one.side;
    let parts = [template.id.as_str(), side.as_str(), &place];
    Some(Relation {
        id: RelationId::derive(&snapshot.scope, &parts),
        endpoint_id: template.id.clone(),
        host: template.host.clone(),
        method: template.method.clone(),
        path: template.path.clone(),
        side,
        place,
        claim: SUBJECT.to_owned(),
        callers: one.callers,
        support: one.support,
        exempt: one
            .exempt
            .into_iter()
            .map(|(role, counterexamples, support)| ExemptRole {
                role: role.to_string(),
                counterexamples,
                support,
            })
            .collect(),
    })
}

/// A place as rules name it: segments by their names. `None` for a segment that is fixed, or only partly a value.
fn place(template: &Template, place: &str) -> Option<String> {
    let Some(index) = place.strip_prefix("path.") else { return Some(place.to_owned()) };
    match template.segments.get(index.parse::<usize>().ok()?)? {
        Segment::Parameter { name, prefix, suffix } if prefix.is_empty() && suffix.is_empty() => {
            Some(format!("path.{name}"))
        }
        _ => None,
    }
}
