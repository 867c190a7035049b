//! What was learned of an API, in the place of a specification or beside one.
//!
//! Whoever learns puts it in as documents of OpenAPI, host by host; policies take it when they are compiled.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use bartizan_protocols::spec::{self, NoFiles, SpecDocument, SpecFormat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Contract, OpenApiConfig, routes::Found};
use crate::policy::config::Problem;

/// Why what was learned says nothing about a request or an answer.
pub(super) const TOO_LITTLE: &str = "learned-too-little";

/// What was learned that is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LearnedConfig {
    /// The host whose endpoints are meant, as `bartizan catalog` names it.
    pub host: String,
}

/// What was learned of a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearnedContract {
    /// Its endpoints, as a document of OpenAPI.
    pub document: Value,
    /// Method and path of those of which too little is known to compare with it.
    pub unsure: Vec<(String, String)>,
    /// Whether enough is known of the host to say what it does not have.
    pub is_enough: bool,
}

/// What was learned, by host. Outlives reloads; what is put in counts for policies that are compiled from then on.
#[derive(Debug, Default)]
pub struct LearnedContracts(RwLock<BTreeMap<String, Arc<LearnedContract>>>);

impl LearnedContracts {
    /// Puts in what is known now. Whether that is anything else than before.
    pub fn replace(&self, fresh: BTreeMap<String, LearnedContract>) -> bool {
        let fresh: BTreeMap<_, _> =
            fresh.into_iter().map(|(host, contract)| (host, Arc::new(contract))).collect();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = *known != fresh;
        *known = fresh;
        is_other
    }

    fn of(&self, host: &str) -> Option<Arc<LearnedContract>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut named = known.iter().filter(|(known, _)| known.eq_ignore_ascii_case(host));
        named.next().map(|(_, contract)| Arc::clone(contract))
    }
}

/// What is not known of what was learned, by which a contract compares less.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Operations of which too little is known.
    unsure: HashSet<usize>,
    /// Whether it is known what there is not.
    is_partial: bool,
}

impl Doubts {
    /// Whether an operation is not compared with.
    pub(super) fn of(&self, index: usize) -> bool {
        self.unsure.contains(&index)
    }

    /// Whether nothing is said about what is not known.
    pub(super) const fn is_partial(&self) -> bool {
        self.is_partial
    }
}

impl Contract {
    /// The contract that was learned of a host.
    pub(super) fn learned(
        config: &OpenApiConfig,
        host: &str,
        seed: u64,
        known: &LearnedContracts,
    ) -> Result<Self, Problem> {
        let contract = known.of(host);
        let read = contract.as_ref().and_then(|contract| document(&contract.document));
        let doubts = match (&contract, &read) {
            (Some(contract), Some(document)) => Doubts {
                unsure: unsure(document, &contract.unsure),
                is_partial: !contract.is_enough,
            },
            _ => Doubts { unsure: HashSet::new(), is_partial: true },
        };
        // Its servers name hosts, and no paths.
        Self::of(config, read.unwrap_or_default(), Some(""), doubts, seed)
    }

    /// Whether there is an operation for a request.
    pub(super) fn knows(&self, method: &str, path: &str, query: &str) -> bool {
        matches!(self.routes.find(method, path, query), Found::Operation { .. })
    }
}

/// A document that can be read; parts that cannot are left out. Of others nothing is known.
fn document(learned: &Value) -> Option<SpecDocument> {
    let text = serde_json::to_vec(learned).ok()?;
    let document = spec::read(&text, &mut NoFiles).ok()?;
    (document.format == SpecFormat::OpenApi).then_some(document)
}

/// The operations with these methods and paths.
fn unsure(document: &SpecDocument, named: &[(String, String)]) -> HashSet<usize> {
    let named: HashSet<(&str, &str)> =
        named.iter().map(|(method, path)| (method.as_str(), path.as_str())).collect();
    let operations = document.operations.iter().enumerate();
    let is_named = |method: &str, path: &str| named.contains(&(method, path));
    operations.filter(|(_, one)| is_named(&one.method, &one.path)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use serde_json::json;

    use super::*;
    use crate::{
        phases::BodyView,
        policy::{
            openapi::{Asked, Undocumented, UndocumentedConfig},
            readings::Readings,
        },
    };

    fn contract(is_enough: bool) -> LearnedContract {
        let number =
            json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}]);
        let document = json!({
            "openapi": "3.1.1", "info": {"title": "a", "version": "1"},
            "servers": [{"url": "//api.example"}],
            "paths": {
                "/v1/orders/{id}": {"get": {"parameters": number, "responses": {}}},
                "/v1/new/{id}": {"get": {"parameters": number, "responses": {}}},
            },
        });
        let unsure = vec![("GET".to_owned(), "/v1/new/{id}".to_owned())];
        LearnedContract { document, unsure, is_enough }
    }

    fn known(is_enough: bool) -> LearnedContracts {
        let known = LearnedContracts::default();
        known.replace(BTreeMap::from([("API.example".to_owned(), contract(is_enough))]));
        known
    }

    fn compiled(config: &OpenApiConfig, known: &LearnedContracts) -> Contract {
        let config = OpenApiConfig { budget_micros: 1_000_000, ..config.clone() };
        Contract::compile(&config, 7, known).expect("compiles")
    }

    fn becomes(contract: &Contract, method: &str, target: &str) -> String {
        let uri: Uri = target.parse().expect("a target");
        let method = method.parse().expect("a method");
        let asked = Asked { method: &method, uri: &uri, fields: Vec::new() };
        let body = bytes::Bytes::new();
        let checked = contract.request(&asked, BodyView::Whole(&body), &mut Readings::default());
        match checked {
            Ok(None) => "passes".to_owned(),
            Ok(Some(reason)) => reason.to_owned(),
            Err(refusal) => format!("{} {}", refusal.status.as_u16(), refusal.reason),
        }
    }

    fn learned(host: &str) -> OpenApiConfig {
        let learned = Some(LearnedConfig { host: host.to_owned() });
        OpenApiConfig { learned, ..OpenApiConfig::default() }
    }

    #[test]
    fn what_was_learned_is_compared_with_where_enough_is_known() {
        let contract = compiled(&learned("api.example"), &known(true));
        for (method, target, expected) in [
            ("GET", "/v1/orders/7", "passes"),
            ("GET", "/v1/orders/x", "400 type"),
            ("GET", "/v1/orders/7?debug=1", "400 undocumented-query"),
            ("DELETE", "/v1/orders/7", "405 undocumented-method"),
            ("GET", "/admin", "404 undocumented-path"),
            ("GET", "/v1/new/x", TOO_LITTLE),
        ] {
            assert_eq!(becomes(&contract, method, target), expected, "{method} {target}");
        }
        let partial = compiled(&learned("api.example"), &known(false));
        assert_eq!(becomes(&partial, "GET", "/v1/orders/x"), "400 type");
        for (method, target) in [("GET", "/admin"), ("DELETE", "/v1/orders/7")] {
            assert_eq!(becomes(&partial, method, target), TOO_LITTLE, "{method} {target}");
        }
        // Nothing is refused for what nobody has learned.
        for known in [LearnedContracts::default(), known(true)] {
            let contract = compiled(&learned("other.example"), &known);
            assert_eq!(becomes(&contract, "GET", "/v1/orders/x"), TOO_LITTLE);
        }
    }

    #[test]
    fn a_specification_goes_first_where_there_are_both() {
        let inline = json!({
            "openapi": "3.1.0", "info": {"title": "a", "version": "1"},
            "paths": {"/v1/orders/{id}": {"get": {"responses": {}, "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]}},
                "/v1/written": {"get": {"responses": {}}}},
        });
        let config = OpenApiConfig { inline: Some(inline), ..learned("api.example") };
        let contract = compiled(&config, &known(true));
        for (method, target, expected) in [
            ("GET", "/v1/orders/x", "passes"),
            ("GET", "/v1/written", "passes"),
            ("GET", "/v1/new/x", TOO_LITTLE),
            ("GET", "/admin", "404 undocumented-path"),
            ("POST", "/v1/written", "405 undocumented-method"),
        ] {
            assert_eq!(becomes(&contract, method, target), expected, "{method} {target}");
        }
        let partial = compiled(&config, &known(false));
        assert_eq!(becomes(&partial, "GET", "/admin"), TOO_LITTLE);
        let lax = UndocumentedConfig { paths: Undocumented::Pass, ..UndocumentedConfig::default() };
        let lax = compiled(&OpenApiConfig { undocumented: lax, ..config }, &known(true));
        assert_eq!(becomes(&lax, "GET", "/admin"), "undocumented-path");
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let known = known(true);
        let broken = LearnedContract { document: json!({"a": 1}), ..contract(true) };
        assert!(known.replace(BTreeMap::from([("api.example".to_owned(), broken.clone())])));
        assert!(!known.replace(BTreeMap::from([("api.example".to_owned(), broken)])));
        let contract = compiled(&learned("api.example"), &known);
        assert_eq!(becomes(&contract, "GET", "/v1/orders/x"), TOO_LITTLE);
    }
}
