//! Keys of other services.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("service_key"),
    title: "Key of another service",
    what: "Keys of Linear, Notion, Figma, Postman, Sentry, Grafana, New Relic, Databricks, \
           Contentful, HubSpot, Airtable, Harness, Adobe, LaunchDarkly, Mapbox, Meta and others, \
           by beginning, alphabet and length.",
    examples: &[
        ("x", concat!("dapi", "3a16750dd36341a48ebd035408f7730f")),
        ("x", concat!("lin_", "api_a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOoPlQz")),
    ],
    counterexamples: &[("x", "dapi3a16750dd36341a4"), ("x", "secret_santa")],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
