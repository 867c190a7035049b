//! Where somebody or something is.

use bartizan_model::{DataClass, data_class::DataGroup};
use bartizan_protocols::{NodeRef, view::Value};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("geolocation"),
    family: Family::Alone,
    group: DataGroup::Location,
    title: "Geographic position",
    what: "Latitude and longitude side by side, each by its field name and within its range with at \
           least two decimals; a pair in one text (`52.51,13.40`) under a field name that says \
           position; GeoJSON coordinates.",
    sensitive: false,
    support: Support::One,
    priority: 66,
    names: &[
        "lat",
        "latitude",
        "lon",
        "lng",
        "long",
        "longitude",
        "location",
        "coordinate",
        "coord",
        "geo",
        "geolocation",
        "latlng",
        "latlong",
        "position",
        "point",
        "gps",
        "geo point",
        "breitengrad",
        "langengrad",
        "latitud",
        "longitud",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("latlng", "52.5163,13.3777"), ("location", "-33.8568, 151.2153")],
    counterexamples: &[
        ("location", "Berlin, Mitte"),
        ("lat", "52.5163"),
        ("price", "52.5163,13.3777"),
        ("location", "152.5163,13.3777"),
        ("translate", "52.5163,13.3777"),
    ],
    references: &["RFC 7946 section 3.1.1", "ISO 6709"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if !candidate.in_context || !(3..=60).contains(&candidate.shape.len) {
        return None;
    }
    let pair = candidate
        .text
        .split_once([',', ';', ' '])
        .is_some_and(|(lat, lon)| is_degree(lat.trim(), 90.0) && is_degree(lon.trim(), 180.0));
    (pair || has_partner(candidate) || is_geojson(candidate)).then_some(Certainty::Context)
}

/// A decimal number of at most `limit` degrees with at least two decimals.
fn is_degree(text: &str, limit: f64) -> bool {
    text.split_once('.').is_some_and(|(_, decimals)| decimals.len() >= 2)
        && text.parse::<f64>().is_ok_and(|value| value.abs() <= limit)
}

const LATITUDE: &[&str] = &["lat", "latitude", "breitengrad", "latitud"];
const LONGITUDE: &[&str] = &["lon", "lng", "long", "longitude", "langengrad", "longitud"];

/// Whether a field with the other half stands beside this one.
fn has_partner(candidate: &Candidate<'_>) -> bool {
    let (limit, other, other_limit) = if candidate.is_named(LATITUDE) {
        (90.0, LONGITUDE, 180.0)
    } else if candidate.is_named(LONGITUDE) {
        (180.0, LATITUDE, 90.0)
    } else {
        return false;
    };
    let Some(parent) = candidate.node.parent() else { return false };
    is_degree(candidate.text, limit)
        && parent.children().take(64).any(|sibling| {
            crate::classes::names::is_named(sibling.key(), other)
                && number_of(&sibling).is_some_and(|value| value.abs() <= other_limit)
        })
}

/// `[longitude, latitude]` under `coordinates`.
fn is_geojson(candidate: &Candidate<'_>) -> bool {
    let Some(parent) = candidate.node.parent() else { return false };
    if candidate.node.index().is_none()
        || !candidate.is_named(&["coordinate", "coord", "latlng", "lnglat"])
    {
        return false;
    }
    let values: Vec<Option<f64>> = parent.children().take(4).map(|n| number_of(&n)).collect();
    matches!(values.as_slice(), [Some(a), Some(b)] | [Some(a), Some(b), Some(_)]
        if a.abs() <= 180.0 && b.abs() <= 180.0 && (a.abs() <= 90.0 || b.abs() <= 90.0)
            && (a.fract() != 0.0 || b.fract() != 0.0))
}

fn number_of(node: &NodeRef<'_>) -> Option<f64> {
    match node.value() {
        Value::Number(n) => Some(n),
        Value::Integer(i) => Some(i as f64),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}
