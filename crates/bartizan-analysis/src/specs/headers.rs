//! Which header fields answers have to have, by operation.

use std::collections::BTreeMap;

use bartizan_protocols::spec::{OperationKind, SpecDocument, SpecFormat};

use crate::{drift, endpoints::SpecIndex};

/// By the index of an operation: status as written (`200`, `4XX`, `default`) and name of the field in lower case.
/// Operations that ask for nothing, which are most, are not in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers(BTreeMap<usize, Vec<(String, String)>>);

impl Headers {
    pub(super) fn of(index: &SpecIndex, documents: &[(String, SpecDocument)]) -> Self {
        let operations = index.operations().iter().enumerate();
        let asked = operations.filter_map(|(at, operation)| {
            let (_, document) = documents.get(operation.document)?;
            let is_http = operation.documented.kind == OperationKind::Http;
            let is_read = is_http && document.format == SpecFormat::OpenApi;
            let asked = is_read.then(|| drift::asked_headers(document, &operation.documented))?;
            (!asked.is_empty()).then_some((at, asked))
        });
        Self(asked.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What an answer of this status has to have, by what is written about the status itself, its class, or all
    /// others. Where a status asks for nothing, what others ask for is not told apart from it: whoever compares
    /// looks again.
    pub(super) fn asked(&self, operation: usize, status: u16) -> impl Iterator<Item = &str> {
        let asked = self.0.get(&operation).map_or(&[][..], Vec::as_slice);
        let names = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        let is_of = |name: &String| asked.iter().any(|(of, _)| of.eq_ignore_ascii_case(name));
        let written = names.into_iter().find(is_of);
        asked.iter().filter_map(move |(of, name)| {
            let is_it = written.as_ref().is_some_and(|written| of.eq_ignore_ascii_case(written));
            is_it.then_some(name.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Request, Response};
    use bartizan_protocols::spec::{NoFiles, read};

    use crate::Specs;

    const SPEC: &str = r"openapi: 3.1.0
info: {title: t, version: '1'}
servers: [{url: https://api.example.com}]
paths:
  /items/{id}:
    get:
      responses:
        '200': {description: ok, headers: {X-Total: {required: true}, X-Page: {}}}
        default: {description: no, headers: {Retry-After: {required: true}}}
";

    #[test]
    fn an_answer_is_asked_for_what_its_status_has_to_have() {
        let document = read(SPEC.as_bytes(), &mut NoFiles).expect("a document");
        let specs = Specs::new(vec![("s".to_owned(), document)]);
        let asked = |status: u16, path: &str, headers_captured: bool| {
            let request = Request {
                method: "GET".to_owned(),
                authority: "api.example.com".to_owned(),
                ..Request::default()
            };
            let response = Some(Response { status, headers_captured, ..Response::default() });
            let exchange = Exchange { request, response, ..Exchange::default() };
            let segments: Vec<&str> = path.split('/').collect();
            specs.asked_headers(&exchange, &segments).collect::<Vec<_>>().join(",")
        };
        assert_eq!(asked(200, "items/7", true), "x-total");
        assert_eq!(asked(429, "items/7", true), "retry-after");
        assert_eq!(asked(200, "items/7", false), "", "a log has no fields of answers");
        assert_eq!(asked(200, "others", true), "");
    }
}
