//! Filters and pages of lists.

use std::fmt;

use bartizan_model::{
    Access, ActorId, ActorKind, DriftGrade, EndpointId, FindingState, InventoryState, KnownBy,
    LifeStage, Protocol, ServiceId, Severity, Timestamp,
};

use crate::{
    error::{Result, StoreError},
    files,
};

/// Most items of one page.
pub const MAX_PAGE: u32 = 1_000;

/// Where a list goes on: opaque text, safe in a URL. Only good for the list and order that handed it
/// out; the filter may change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps text that an earlier page handed out. Whether it is one shows when it is used.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn encode(list: &str, order: &str, keys: &[SortKey]) -> Self {
        let text = serde_json::to_string(&(list, order, keys)).unwrap_or_default();
        Self(files::hex(text.as_bytes()))
    }

    /// The sort key of the last item, when this cursor is one of `list` in this order.
    pub(crate) fn decode(&self, list: &str, order: &str) -> Result<Vec<SortKey>> {
        let bytes = files::unhex(&self.0).ok_or(StoreError::InvalidCursor)?;
        let (of, by, values): (String, String, Vec<SortKey>) =
            serde_json::from_slice(&bytes).map_err(|_| StoreError::InvalidCursor)?;
        if of != list || by != order {
            return Err(StoreError::InvalidCursor);
        }
        Ok(values)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One value of a sort key or a filter.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum SortKey {
    Int(i64),
    Text(String),
}

/// Which part of a list is wanted. `O` is the type of its orders: `()` where there is but one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<O = ()> {
    /// Most items, clamped to 1 ..= [`MAX_PAGE`].
    pub limit: u32,
    /// Goes on behind this; `None` for the beginning.
    pub after: Option<Cursor>,
    /// How the list is sorted.
    pub order: O,
}

impl<O: Default> Default for PageRequest<O> {
    fn default() -> Self {
        Self::first(100)
    }
}

impl<O: Default> PageRequest<O> {
    /// The first `limit` items.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { limit, after: None, order: O::default() }
    }

    /// The items behind `cursor`.
    #[must_use]
    pub fn after(limit: u32, cursor: Cursor) -> Self {
        Self { after: Some(cursor), ..Self::first(limit) }
    }
}

impl<O> PageRequest<O> {
    /// The same part in another order.
    #[must_use]
    pub fn by(self, order: O) -> Self {
        Self { order, ..self }
    }

    pub(crate) fn clamped(&self) -> u32 {
        self.limit.clamp(1, MAX_PAGE)
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Where it goes on; `None` at the end.
    pub next: Option<Cursor>,
}

/// Which endpoints. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointFilter {
    /// Exact hosts.
    pub hosts: Vec<String>,
    /// Exact methods.
    pub methods: Vec<String>,
    /// Part of the path or of what is called there, ASCII case ignored.
    pub path_contains: Option<String>,
    /// Protocols.
    pub protocols: Vec<Protocol>,
    /// Services.
    pub services: Vec<ServiceId>,
    /// Exact owners.
    pub owners: Vec<String>,
    /// Exact business units.
    pub business_units: Vec<String>,
    /// Where in its life it is.
    pub stages: Vec<LifeStage>,
    /// Who can reach it.
    pub access: Vec<Access>,
    /// How it relates to what is written.
    pub inventory_states: Vec<InventoryState>,
    /// Confirmed or provisional.
    pub confirmed: Option<bool>,
    /// Names of data classes that were seen there.
    pub data_classes: Vec<String>,
    /// Which sources know it.
    pub known_by: Vec<KnownBy>,
    /// Grades of differences to what is written, one of which it has.
    pub drift: Vec<DriftGrade>,
    /// Least risk score.
    pub min_risk: Option<u8>,
}

/// Which findings. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// States.
    pub states: Vec<FindingState>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Least severity.
    pub min_severity: Option<Severity>,
    /// Codes of checks.
    pub codes: Vec<String>,
    /// Endpoint, its aliases included.
    pub endpoint: Option<EndpointId>,
    /// Exact hosts.
    pub hosts: Vec<String>,
    /// Last seen at or after.
    pub seen_since: Option<Timestamp>,
    /// On which this user works.
    pub assignee: Option<String>,
    /// On which nobody works.
    pub unassigned: bool,
}

/// Which detections. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetectionFilter {
    /// Severities.
    pub severities: Vec<Severity>,
    /// Least severity.
    pub min_severity: Option<Severity>,
    /// Codes of detectors.
    pub codes: Vec<String>,
    /// Attack class.
    pub class: Option<String>,
    /// Actor.
    pub actor: Option<ActorId>,
    /// Endpoint, its aliases included.
    pub endpoint: Option<EndpointId>,
    /// Last seen at or after.
    pub since: Option<Timestamp>,
    /// Last seen before.
    pub before: Option<Timestamp>,
}

/// Which incidents. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Severities.
    pub severities: Vec<Severity>,
    /// Least severity.
    pub min_severity: Option<Severity>,
    /// Actor.
    pub actor: Option<ActorId>,
    /// Ended at or after.
    pub since: Option<Timestamp>,
    /// Ended before.
    pub before: Option<Timestamp>,
}

/// Which actors. Empty fields do not restrict; several values of one mean any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActorFilter {
    /// What it was told by.
    pub kinds: Vec<ActorKind>,
    /// Part of the label, ASCII case ignored.
    pub label_contains: Option<String>,
    /// Least number of detections.
    pub min_detections: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_only_fit_their_list_and_order() {
        let keys = [SortKey::Int(-3), SortKey::Text("a\"b\0é".to_owned())];
        let cursor = Cursor::encode("findings", "-severity", &keys);
        assert_eq!(cursor.decode("findings", "-severity").expect("own cursor"), keys);
        assert!(cursor.as_str().bytes().all(|b| b.is_ascii_alphanumeric()));
        for (list, order) in [("actors", "-severity"), ("findings", "severity")] {
            assert!(matches!(cursor.decode(list, order), Err(StoreError::InvalidCursor)));
        }
        for text in ["", "0", "zz", "5b5d", "é"] {
            assert!(Cursor::from_text(text).decode("findings", "-severity").is_err(), "{text}");
        }
    }
}
