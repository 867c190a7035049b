//! The change log of the catalogue: what of a confirmed endpoint is new since it was last written down.
//!
//! A [`Surface`] is what is compared. It holds only what more than one caller showed, so that nobody alone can
//! fill the log, and an endpoint tells nothing of itself before it is [settled](SETTLED): what is first seen
//! then was there all along.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    data_class::Direction,
    endpoint::{Endpoint, InventoryState, Method},
    ids::{ChangeId, EndpointId, Scope},
    severity::Severity,
    time::Timestamp,
    words::words,
};

/// Fewest granted exchanges of an endpoint before what is new there is a change.
pub const SETTLED: u64 = 20;
/// Most parameters of one endpoint that are compared. Of further ones nothing is told.
pub const MOST_COMPARED: usize = 2_048;
/// Longest location of a parameter that is compared, in bytes.
pub const MOST_LOCATION: usize = 1_000;
/// Most characters that a change tells of what it is about.
const MOST_SUBJECT: usize = 300;

words!(
    /// What changed.
    ChangeKind {
        /// An endpoint that was not there; `after` is how it relates to what is written.
        EndpointAdded = "endpoint_added",
        /// A parameter of query or body that is sent to it; `subject` is its location. Of several that
        /// came together below one another only the uppermost.
        ParameterAdded = "parameter_added",
        /// A parameter that every request had, and requests without it are granted.
        ParameterRequiredChanged = "parameter_required_changed",
        /// Callers authenticate in another way (`subject`: type, place and name), or callers without any
        /// credential are answered (`subject`: `anonymous`) where none was.
        AuthChanged = "auth_changed",
        /// A kind of sensitive value; `subject` is its name, `after` the way that it goes.
        DataClassAdded = "data_class_added",
        /// How it relates to what is written, where that was known before.
        InventoryStateChanged = "inventory_state_changed",
    }
);

words!(
    /// How much a change asks for a look.
    ChangeGrade {
        /// Worth knowing.
        Info = "info",
        /// Somebody should know why.
        Warning = "warning",
        /// It may expose something: look now.
        Alert = "alert",
    }
);

impl ChangeGrade {
    /// The severity of the event that tells of it.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Medium,
            Self::Alert => Severity::High,
        }
    }
}

/// `subject` of the change that callers without a credential are answered.
const ANONYMOUS: &str = "anonymous";

/// One entry of the change log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The same change has the same id.
    pub id: ChangeId,
    /// Event time: for a new endpoint of its first exchange, else of the latest exchange that was known when
    /// the change was noticed, so that it came no later. When it was noticed, for sources without times.
    pub time: Timestamp,
    /// When it was written down.
    pub noticed: Timestamp,
    /// What changed.
    pub kind: ChangeKind,
    /// How much it asks for a look.
    pub grade: ChangeGrade,
    /// Where.
    pub endpoint_id: EndpointId,
    /// Host of the endpoint.
    pub host: String,
    /// Its method.
    pub method: Method,
    /// Its path template, as it was then.
    pub path: String,
    /// What is called there, where the path has several operations.
    pub operation: Option<String>,
    /// What it is about, at most 300 characters: see [`ChangeKind`]. Empty for the endpoint itself.
    pub subject: String,
    /// What it was; `null` for nothing.
    pub before: Option<String>,
    /// What it became; `null` for what has no further value.
    pub after: Option<String>,
}

/// A change that does not say yet where and when it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What changed.
    pub kind: ChangeKind,
    /// How much it asks for a look.
    pub grade: ChangeGrade,
    /// As in [`Change`].
    pub subject: String,
    /// As in [`Change`].
    pub before: Option<String>,
    /// As in [`Change`].
    pub after: Option<String>,
}

impl Difference {
    fn new(kind: ChangeKind, grade: ChangeGrade, subject: &str) -> Self {
        Self { kind, grade, subject: subject.to_owned(), before: None, after: None }
    }

    fn becomes(self, after: &str) -> Self {
        Self { after: Some(after.to_owned()), ..self }
    }

    fn was(self, before: &str) -> Self {
        Self { before: Some(before.to_owned()), ..self }
    }

    /// The change of this endpoint, noticed at `now`.
    #[must_use]
    pub fn of(self, scope: &Scope, endpoint: &Endpoint, now: Timestamp) -> Change {
        let Self { kind, grade, subject, before, after } = self;
        let time = match kind {
            ChangeKind::EndpointAdded => endpoint.first_seen,
            _ => endpoint.last_seen,
        };
        let time = time.unwrap_or(now);
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (was, became, at) = (text(&before), text(&after), time.micros().to_string());
        let parts = [endpoint.id.as_str(), kind.as_str(), &subject, &was, &became, &at];
        Change {
            id: ChangeId::derive(scope, &parts),
            time,
            noticed: now,
            kind,
            grade,
            endpoint_id: endpoint.id.clone(),
            host: endpoint.host.clone(),
            method: endpoint.method.clone(),
            path: endpoint.path.clone(),
            operation: endpoint.operation_at_path().map(str::to_owned),
            subject: cut(subject),
            before,
            after,
        }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_SUBJECT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Change {
    /// What changed, as a line for people. Holds text of the traffic: encode it for where it goes.
    #[must_use]
    pub fn headline(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (subject, before, after) = (&self.subject, text(&self.before), text(&self.after));
        match self.kind {
            ChangeKind::EndpointAdded if after.is_empty() => "new endpoint".to_owned(),
            ChangeKind::EndpointAdded => format!("new endpoint ({after})"),
            ChangeKind::ParameterAdded => format!("new parameter {subject}"),
            ChangeKind::ParameterRequiredChanged => format!("{subject} was {before}, is {after}"),
            ChangeKind::AuthChanged if subject == ANONYMOUS => {
                "callers without a credential are answered".to_owned()
            }
            ChangeKind::AuthChanged => format!("new way of authentication: {subject}"),
            ChangeKind::DataClassAdded => format!("new data class {subject} in the {after}"),
            ChangeKind::InventoryStateChanged => format!("was {before}, is {after}"),
        }
    }

    /// Where it was: method, host and path, and what is called there.
    #[must_use]
    pub fn place(&self) -> String {
        let operation = self.operation.as_ref().map(|name| format!(" {name}"));
        format!("{} {}{}{}", self.method, self.host, self.path, operation.unwrap_or_default())
    }
}

/// What the change log compares of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surface {
    /// Whose it is.
    pub endpoint: EndpointId,
    /// Whether the endpoint is confirmed. One that is not is noted in a baseline and tells nothing.
    pub confirmed: bool,
    /// Exchanges of it. With as many as before there is nothing new but its state.
    pub requests: u64,
    /// Granted exchanges.
    pub successes: u64,
    /// How many of them there were when another version of the product began to look.
    pub relearned: u64,
    /// The version that looked.
    pub version: String,
    /// How it relates to what is written.
    pub state: InventoryState,
    /// Locations of parameters in query and body of requests, each with whether every request had it; `None`
    /// where that cannot be told.
    pub parameters: BTreeMap<String, Option<bool>>,
    /// Type, place and name of each way of authentication that was granted.
    pub ways: BTreeSet<String>,
    /// Whether callers without a credential are answered; `None` where that cannot be told.
    pub anonymous: Option<bool>,
    /// Data classes (`CLASS:DIRECTION`), each with whether exposure of it is serious by itself.
    pub classes: BTreeMap<String, bool>,
}

impl Surface {
    /// A data class and the way that it goes, as [`Surface::classes`] names them.
    #[must_use]
    pub fn flow(class: &str, direction: Direction) -> String {
        match direction {
            Direction::Request => format!("{class}:request"),
            Direction::Response => format!("{class}:response"),
        }
    }

    /// What a baseline notes of an endpoint that is not confirmed: that it is there.
    #[must_use]
    pub fn bare(&self) -> Self {
        let Self { endpoint, requests, state, version, .. } = self.clone();
        Self { endpoint, requests, state, version, ..Self::default() }
    }

    /// That the whole endpoint is new.
    #[must_use]
    pub fn added(&self) -> Difference {
        let is_unwritten = is_unwritten(self.state);
        let exposes = self.anonymous == Some(true)
            && self.classes.iter().any(|(flow, serious)| *serious && flow.ends_with(":response"));
        let grade = match (exposes, is_unwritten) {
            (true, _) => ChangeGrade::Alert,
            (false, true) => ChangeGrade::Warning,
            (false, false) => ChangeGrade::Info,
        };
        let new = Difference::new(ChangeKind::EndpointAdded, grade, "");
        if self.state == InventoryState::Unspecified {
            new
        } else {
            new.becomes(self.state.as_str())
        }
    }

    /// Takes in what is known now; what of it is new. Nothing is ever forgotten, so that what comes and goes
    /// is told once. What another version of the product sees may be new to it alone, so that the endpoint has
    /// to settle again.
    pub fn take_in(&mut self, now: &Self) -> Vec<Difference> {
        if self.version != now.version {
            self.version.clone_from(&now.version);
            self.relearned = now.successes;
        }
        // What was learned may have begun anew, with fewer.
        self.relearned = self.relearned.min(now.successes);
        let least = self.successes.min(now.successes);
        let mut state: Vec<_> = self.take_state(now.state).into_iter().collect();
        let mut rest = self.take_parameters(&now.parameters);
        rest.extend(self.take_auth(now));
        rest.extend(self.take_classes(&now.classes));
        if self.confirmed && least >= self.relearned.saturating_add(SETTLED) {
            state.extend(rest);
        }
        self.confirmed |= now.confirmed;
        self.requests = now.requests;
        self.successes = now.successes;
        state
    }

    /// Joins what was known of an endpoint that is the same one.
    pub fn join(&mut self, other: &Self) {
        let requests = self.requests.saturating_add(other.requests);
        let _ = self.take_in(other);
        self.requests = requests;
    }

    fn take_state(&mut self, now: InventoryState) -> Option<Difference> {
        let before = std::mem::replace(&mut self.state, now);
        // Before, nothing was written, or the endpoint was not there.
        let is_first = matches!(before, InventoryState::Unspecified | InventoryState::Orphan);
        if before == now || is_first || now == InventoryState::Unspecified {
            return None;
        }
        let grade = if is_unwritten(now) { ChangeGrade::Warning } else { ChangeGrade::Info };
        let change = Difference::new(ChangeKind::InventoryStateChanged, grade, "");
        Some(change.was(before.as_str()).becomes(now.as_str()))
    }

    fn take_parameters(&mut self, now: &BTreeMap<String, Option<bool>>) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut new: BTreeSet<&str> = BTreeSet::new();
        for (location, required) in now {
            if location.len() > MOST_LOCATION {
                continue;
            }
            if let Some(known) = self.parameters.get_mut(location) {
                if (*known, *required) == (Some(true), Some(false)) {
                    let kind = ChangeKind::ParameterRequiredChanged;
                    let change = Difference::new(kind, ChangeGrade::Info, location);
                    found.push(change.was("required").becomes("optional"));
                }
                if *known != Some(false) {
                    *known = required.or(*known);
                }
                continue;
            }
            if self.parameters.len() >= MOST_COMPARED {
                continue;
            }
            // In order, what is below something comes behind it.
            let is_below = above(location).any(|above| new.contains(above));
            if !is_below && !self.has_become_general(location) {
                found.push(Difference::new(
                    ChangeKind::ParameterAdded,
                    ChangeGrade::Info,
                    location,
                ));
            }
            new.insert(location);
            self.parameters.insert(location.clone(), *required);
        }
        found
    }

    /// Whether a location with any key stands for what was known by its own keys: that is learning, and no
    /// change of the endpoint.
    fn has_become_general(&self, location: &str) -> bool {
        let Some((above, _)) = location.split_once("{key}") else { return false };
        let mut behind = self.parameters.range(above.to_owned()..);
        behind.next().is_some_and(|(known, _)| known.starts_with(above))
    }

    fn take_auth(&mut self, now: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        // Where nobody had a credential so far, one that is sent along changes nothing.
        let is_first = self.ways.is_empty();
        for way in &now.ways {
            if self.ways.insert(way.clone()) && !is_first {
                found.push(Difference::new(ChangeKind::AuthChanged, ChangeGrade::Warning, way));
            }
        }
        if (self.anonymous, now.anonymous) == (Some(false), Some(true)) {
            let change = Difference::new(ChangeKind::AuthChanged, ChangeGrade::Alert, ANONYMOUS);
            found.push(change.was("not answered").becomes("answered"));
        }
        // Once answered they count as answered.
        self.anonymous = match (self.anonymous, now.anonymous) {
            (Some(true), _) => Some(true),
            (before, now) => now.or(before),
        };
        found
    }

    fn take_classes(&mut self, now: &BTreeMap<String, bool>) -> Vec<Difference> {
        let mut found = Vec::new();
        for (flow, serious) in now {
            if self.classes.insert(flow.clone(), *serious).is_some() {
                continue;
            }
            let Some((class, way)) = flow.rsplit_once(':') else { continue };
            let is_given_away = *serious && way == "response";
            let grade = if is_given_away { ChangeGrade::Alert } else { ChangeGrade::Warning };
            found.push(Difference::new(ChangeKind::DataClassAdded, grade, class).becomes(way));
        }
        found
    }
}

const fn is_unwritten(state: InventoryState) -> bool {
    matches!(state, InventoryState::Shadow | InventoryState::Zombie)
}

/// The locations that a location is below.
fn above(location: &str) -> impl Iterator<Item = &str> {
    location.match_indices(['/', '!']).map(|(end, _)| &location[..end])
}

#[cfg(test)]
mod tests;
