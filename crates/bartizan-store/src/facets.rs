//! How many things of a list have which value.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most values of one facet.
pub const MAX_FACET_VALUES: usize = 50;

/// How many things of a list have which value. Each facet is counted under all filters but those on the
/// facet itself, so that its other values stay in view while one is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facets {
    /// Things under all filters.
    pub total: u64,
    /// By name of the facet.
    pub facets: BTreeMap<String, Facet>,
}

/// The values of one facet, those that most things have first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Facet {
    /// At most [`MAX_FACET_VALUES`].
    #[schemars(description = "At most 50.", length(max = 50))]
    pub values: Vec<FacetValue>,
    /// Whether there are more values.
    pub more: bool,
}

/// A value and how many things have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FacetValue {
    /// As a filter takes it. For `risk` the least score of a band: `80`, `60`, `40`, `20` or `0`.
    pub value: String,
    /// How many things have it.
    pub count: u64,
}

impl Facet {
    /// Of sums by value.
    pub(crate) fn of(sums: BTreeMap<String, u64>) -> Self {
        let mut values: Vec<_> =
            sums.into_iter().map(|(value, count)| FacetValue { value, count }).collect();
        // Those with one count stay in the order of their values.
        values.sort_by_key(|value| std::cmp::Reverse(value.count));
        let more = values.len() > MAX_FACET_VALUES;
        values.truncate(MAX_FACET_VALUES);
        Self { values, more }
    }
}
