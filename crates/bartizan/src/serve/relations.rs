//! Relations of ownership that somebody decided about, and the policies that come of those that were approved.

use std::collections::BTreeMap;

use bartizan_gateway::policy::PolicyConfig;
use bartizan_model::{Mode, RelationId, Scope, Side, Timestamp, relation::Relation};
use bartizan_pipeline::keep::RELATIONS;
use bartizan_store::{AuditEntry, Batch, LearnedState, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Under what decisions are kept.
const NAME: &str = "relation-decisions";
/// Most decisions that are kept.
const MOST: usize = 4_000;
/// What names of such policies begin with.
const PREFIX: &str = "learned-";

/// What somebody decided about a relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// It is a policy in this mode, as it was when it was approved: what is learned later changes nothing of it.
    Approved {
        /// As it was shown.
        relation: Box<Relation>,
        /// Whether it decides.
        mode: Mode,
    },
    /// It is none.
    Rejected,
}

/// All decisions, by relation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decided(BTreeMap<RelationId, Decision>);

/// Why it is not known what was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecidedError {
    /// The store says why.
    #[error("cannot read what was decided about relations: {0}")]
    Store(#[from] StoreError),
    /// What was kept is no list of decisions. To go on without could leave off what was enforced.
    #[error("what is kept of decisions about relations cannot be understood: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl Decided {
    /// What was decided before.
    pub(super) async fn load((store, scope): (&dyn Store, &Scope)) -> Result<Self, DecidedError> {
        let kept = store.learned(scope, NAME).await?;
        let decided = kept.map(|(state, _)| serde_json::from_slice(&state.content)).transpose()?;
        Ok(decided.unwrap_or_default())
    }

    /// Whether a policy of this name comes of a relation.
    pub(super) fn is_one(policy: &str) -> bool {
        policy.strip_prefix(PREFIX).is_some_and(|id| id.starts_with("rel_"))
    }

    /// What was decided about one.
    pub(crate) fn of(&self, id: &RelationId) -> Option<&Decision> {
        self.0.get(id)
    }

    /// The relations that were approved.
    pub(crate) fn approved(&self) -> impl Iterator<Item = &Relation> {
        self.0.values().filter_map(|decision| match decision {
            Decision::Approved { relation, .. } => Some(&**relation),
            Decision::Rejected => None,
        })
    }

    /// Decides; `false` when there is no room for one more.
    pub(super) fn decide(&mut self, id: RelationId, decision: Decision) -> bool {
        let has_room = self.0.len() < MOST || self.0.contains_key(&id);
        if has_room {
            self.0.insert(id, decision);
        }
        has_room
    }

    /// Policies of approved relations, without those that no policy can say.
    pub(super) fn policies(&self) -> Vec<PolicyConfig> {
        let policy = |decision: &Decision| match decision {
            Decision::Approved { relation, mode } => policy(relation, *mode),
            Decision::Rejected => None,
        };
        self.0.values().filter_map(policy).collect()
    }

    /// Writes it down, with an entry of the audit log.
    pub(super) async fn save(
        &self,
        (store, scope): (&dyn Store, &Scope),
        audit: AuditEntry,
    ) -> Result<(), StoreError> {
        let content = serde_json::to_vec(self)
            .map_err(|source| StoreError::Encoding { what: "decisions about relations", source })?;
        let batch = Batch {
            now: audit.time,
            learned: vec![LearnedState { name: NAME.to_owned(), content }],
            audit: vec![audit],
            ..Batch::default()
        };
        store.save_batch(scope, &batch).await?;
        Ok(())
    }
}

/// Relations that traffic shows, as the judgement wrote them last.
pub(crate) async fn proposed(
    store: &dyn Store,
    scope: &Scope,
) -> Result<Vec<Relation>, StoreError> {
    let kept = store.learned(scope, RELATIONS).await?;
    // Another version may have written it; the next result replaces it.
    Ok(kept.and_then(|(state, _)| serde_json::from_slice(&state.content).ok()).unwrap_or_default())
}

/// Name of the policy of a relation.
fn name(id: &RelationId) -> String {
    format!("{PREFIX}{id}")
}

/// The pattern of a scope that holds what a path template does; `None` where none does: it is not made of words and whole
/// parameters.
pub(crate) fn path_pattern(path: &str) -> Option<String> {
    let is_parameter = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let is_plain = |segment: &&str| is_parameter(segment) || !segment.contains(['{', '}', '*']);
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let pattern = segments.iter().map(|one| if is_parameter(one) { "*" } else { *one });
    let pattern = format!("/{}", pattern.collect::<Vec<_>>().join("/"));
    Some(pattern).filter(|_| segments.iter().all(is_plain))
}

/// The policy that a relation is; `None` where no policy says that: its host is a pattern, or its path is not made of
/// words and whole parameters.
pub(crate) fn policy(relation: &Relation, mode: Mode) -> Option<PolicyConfig> {
    let Relation { host, method, path, place, .. } = relation;
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let pattern = path_pattern(path).filter(|_| !host.contains('{'))?;
    let exempt: Vec<&str> = relation.exempt.iter().map(|exempt| exempt.role.as_str()).collect();
    let is = json!([{"at": place, "is": relation.claim}]);
    let mut ownership = json!({"template": path, "exempt_roles": exempt, "hide": true});
    match relation.side {
        Side::Request => ownership["request"] = is,
        Side::Response => {
            ownership["answer"] = is;
            learn_owners(&mut ownership, &segments, place);
        }
    }
    let hosts: Vec<&String> = Some(host).filter(|host| !host.is_empty()).into_iter().collect();
    let policy = json!({
        "name": name(&relation.id), "mode": mode,
        "scope": {"hosts": hosts, "paths": [pattern], "methods": [method]},
        "ownership": ownership,
    });
    serde_json::from_value(policy).ok()
}

/// The owner in an answer is also remembered, by what the object is called in paths, and what the last segment of the
/// path names must not be somebody else's.
fn learn_owners(ownership: &mut serde_json::Value, segments: &[&str], place: &str) {
    let kind = segments.iter().rev().find(|segment| !segment.starts_with('{'));
    let (Some(kind), Some(owner)) = (kind, place.rsplit('/').next()) else { return };
    ownership["shows"] = json!([{"kind": kind, "id": "id", "owner": owner}]);
    if let [.., word, parameter] = segments
        && word == kind
        && let Some(name) = parameter.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
    {
        ownership["objects"] = json!([{"at": format!("path.{name}"), "kind": kind}]);
    }
}

/// Who decides what about a relation.
#[derive(Clone, Debug)]
pub(crate) struct Deciding {
    /// The relation.
    pub(crate) relation: Relation,
    /// `None` to reject it.
    pub(crate) mode: Option<Mode>,
    /// Who.
    pub(crate) who: String,
    /// When.
    pub(crate) now: Timestamp,
}

impl Deciding {
    /// What is decided.
    pub(super) fn decision(&self) -> Decision {
        match self.mode {
            Some(mode) => Decision::Approved { relation: Box::new(self.relation.clone()), mode },
            None => Decision::Rejected,
        }
    }

    /// What was done, in the words of the audit log.
    pub(super) const fn action(&self) -> &'static str {
        if self.mode.is_some() { "relation.approve" } else { "relation.reject" }
    }

    /// What the audit log says.
    pub(super) fn audit(&self, action: &str) -> AuditEntry {
        let Relation { id, method, path, place, .. } = &self.relation;
        AuditEntry {
            time: self.now,
            who: self.who.clone(),
            action: action.to_owned(),
            subject: id.to_string(),
            details: json!({"endpoint": format!("{method} {path}"), "place": place, "mode": self.mode}),
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_gateway::policy::{Enforcement, Surroundings};
    use bartizan_model::{EndpointId, HashKey, relation::ExemptRole};

    use super::*;

    fn relation(path: &str, side: Side, place: &str) -> Relation {
        Relation {
            id: RelationId::from_text("rel_1"),
            endpoint_id: EndpointId::from_text("ep_1"),
            host: "api.example.com".to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            side,
            place: place.to_owned(),
            claim: "sub".to_owned(),
            callers: 7,
            support: 90,
            exempt: vec![ExemptRole { role: "clerk".to_owned(), counterexamples: 3, support: 0 }],
        }
    }

    #[test]
    fn relations_are_policies_that_compile() {
        for (path, side, place) in [
            ("/v1/users/{user}/summary", Side::Request, "path.user"),
            ("/v1/orders/{id}", Side::Response, "body:/owner"),
            ("/v1/orders", Side::Response, "body:/orders/*/owner"),
        ] {
            let policy = policy(&relation(path, side, place), Mode::Enforce).expect("a policy");
            let surroundings = Surroundings::embedded(HashKey::new([1; 32]));
            let compiled = Enforcement::new(&[policy], surroundings);
            assert!(compiled.is_ok(), "{:?}", compiled.err());
        }
        assert!(policy(&relation("/v1/{a}.json", Side::Response, "body:/x"), Mode::Off).is_none());
    }

    #[test]
    fn decisions_come_back_as_they_were_kept() {
        let mut decided = Decided::default();
        let one = relation("/v1/orders/{id}", Side::Response, "body:/owner");
        let approved = Decision::Approved { relation: Box::new(one.clone()), mode: Mode::Monitor };
        assert!(decided.decide(one.id.clone(), approved));
        assert!(decided.decide(RelationId::from_text("rel_2"), Decision::Rejected));
        let kept = serde_json::to_vec(&decided).expect("JSON");
        let back: Decided = serde_json::from_slice(&kept).expect("read");
        assert_eq!(back, decided);
        let policies = back.policies();
        assert_eq!(policies.len(), 1);
        assert_eq!((&*policies[0].name, policies[0].mode), ("learned-rel_1", Some(Mode::Monitor)));
    }
}
