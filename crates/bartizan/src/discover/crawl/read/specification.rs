//! Specifications among what was answered.

use bartizan_analysis::Specs;
use bartizan_model::Scope;
use bartizan_protocols::spec::{self, NoFiles, SpecFormat};

use super::super::DocumentKind;

/// How many lines of a YAML document are looked at for its format.
const HEAD_LINES: usize = 400;

/// What a specification says.
#[derive(Debug)]
pub(in super::super) struct Specification {
    pub(super) kind: DocumentKind,
    /// How many operations it has.
    pub(in super::super) operations: u64,
    /// Method and path of those that are called by them, base path in front.
    pub(in super::super) routes: Vec<(String, String)>,
    /// Whether operations are called by name in messages to one path: GraphQL and SOAP.
    pub(super) is_called_by_name: bool,
}

/// Reads a specification; `None` when the text is none. No further file is read for it.
pub(super) fn read(text: &str) -> Option<Specification> {
    if may_be(text) { whole(text.as_bytes()) } else { None }
}

/// Reads descriptors of gRPC (`FileDescriptorSet`).
pub(in super::super) fn of_descriptors(set: &[u8]) -> Option<Specification> {
    whole(set).filter(|found| found.kind == DocumentKind::Grpc)
}

fn whole(bytes: &[u8]) -> Option<Specification> {
    let document = spec::read(bytes, &mut NoFiles).ok()?;
    let kind = match document.format {
        SpecFormat::OpenApi => DocumentKind::Openapi,
        SpecFormat::AsyncApi => DocumentKind::Asyncapi,
        SpecFormat::Graphql => DocumentKind::Graphql,
        SpecFormat::Wsdl => DocumentKind::Wsdl,
        SpecFormat::Protobuf => DocumentKind::Grpc,
    };
    let operations = document.operations.len() as u64;
    let specs = Specs::new(vec![(String::new(), document)]);
    // Compared with no traffic, all of it is without any.
    let (endpoints, _) = specs.compare(std::iter::empty()).never_granted(&Scope::default());
    let routes = endpoints.into_iter().map(|endpoint| (endpoint.method.0, endpoint.path)).collect();
    let is_called_by_name = matches!(kind, DocumentKind::Graphql | DocumentKind::Wsdl);
    Some(Specification { kind, operations, routes, is_called_by_name })
}

/// Whether reading is worth its time: a text says early what it is, or names it in its own syntax.
fn may_be(text: &str) -> bool {
    let text = text.trim_start();
    match text.chars().next() {
        Some('{') => ["\"openapi\"", "\"swagger\"", "\"asyncapi\"", "\"__schema\""]
            .iter()
            .any(|word| text.contains(word)),
        Some('<') => {
            (text.contains("http://schemas.xmlsoap.org/wsdl/") && text.contains("definitions"))
                || (text.contains("http://www.w3.org/ns/wsdl") && text.contains("description"))
        }
        Some(_) => {
            let mut lines = text.lines().take(HEAD_LINES);
            let begins = ["openapi:", "swagger:", "asyncapi:", "\"openapi\":", "type Query"];
            lines.any(|line| begins.iter().any(|begin| line.starts_with(begin)))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_become_routes_with_their_base() {
        let text = r#"{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},
            "servers":[{"url":"https://api.example.com/v2"}],
            "paths":{"/orders/{id}":{"get":{"responses":{}},"delete":{"responses":{}}}}}"#;
        let found = read(text).expect("a specification");
        assert_eq!((found.kind, found.operations), (DocumentKind::Openapi, 2));
        let mut routes = found.routes;
        routes.sort();
        let route = |method: &str| (method.to_owned(), "/v2/orders/{id}".to_owned());
        assert_eq!(routes, [route("DELETE"), route("GET")]);
        assert!(read("openapi: 3.0.0\ninfo: {title: a, version: b}\npaths: {}\n").is_some());
        for other in ["", "{}", "{\"openapi\"", "<html>swagger", "const openapi = 1", "[1]"] {
            assert!(read(other).is_none_or(|found| found.operations == 0), "{other}");
        }
    }
}
