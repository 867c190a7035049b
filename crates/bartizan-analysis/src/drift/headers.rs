//! Header fields of answers that have to be there (OpenAPI 3.1.1 §4.8.21) beside those that were.

use bartizan_model::{DriftGrade, DriftKind, endpoint::MIN_REQUIRED_SAMPLES};
use bartizan_protocols::spec::{Place, SpecDocument, SpecOperation, SpecResponse, tree::Node};

use super::{At, Found, Known, bodies::response};

/// Most header fields that answers of one operation have to have.
const MAX_ASKED: usize = 32;
/// Most header fields of one answer that are read.
const MAX_READ: usize = 256;

/// Names, in lower case, of fields that an answer has to have, each with where it is written. `Content-Type` is
/// none of them, as the specification of specifications says.
fn required<'d>(
    document: &'d SpecDocument,
    response: &SpecResponse,
) -> impl Iterator<Item = (String, Place)> + use<'d> {
    let file = response.place.file;
    let headers = document.node(response.place).get("headers");
    let headers = headers.into_iter().flat_map(Node::members).take(MAX_READ);
    headers.filter_map(move |(name, node)| {
        let place = document.follow(Place { file, node: node.id() });
        let is_required = document.node(place).get("required").and_then(Node::as_bool);
        let name = name.to_ascii_lowercase();
        (is_required == Some(true) && name != "content-type").then_some((name, place))
    })
}

/// What answers of an operation have to have: by status as written (`200`, `4XX`, `default`) the names of fields.
pub(crate) fn asked(document: &SpecDocument, operation: &SpecOperation) -> Vec<(String, String)> {
    let of = |response: &'_ SpecResponse| {
        let status = response.status.clone();
        required(document, response).map(move |(name, _)| (status.clone(), name))
    };
    operation.responses.iter().flat_map(of).take(MAX_ASKED).collect()
}

pub(super) fn compare(found: &mut Found<'_>, known: Known<'_>) {
    for seen in known.answers.iter().filter(|seen| seen.of >= MIN_REQUIRED_SAMPLES) {
        if seen.there >= seen.of {
            continue;
        }
        let Some(written) = response(known.operation, seen.status) else { continue };
        let Some((_, place)) =
            required(known.document, written).find(|(name, _)| *name == seen.name)
        else {
            continue;
        };
        let (part, location) = (seen.status.to_string(), format!("header.{}", seen.name));
        let at = At { part: &part, location: &location, place: Some(place) };
        let text = match seen.there {
            0 => "never there".to_owned(),
            there => format!("{there} of {} had it", seen.of),
        };
        found.tell(DriftGrade::Breaking, DriftKind::Missing, at, "required", &text);
    }
}

#[cfg(test)]
mod tests {
    use bartizan_protocols::spec::{self, NoFiles};

    use super::super::*;

    const SPEC: &str = r"openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      responses:
        '200':
          description: ok
          headers:
            X-Total: {required: true, schema: {type: integer}}
            X-Page: {schema: {type: integer}}
            Content-Type: {required: true, schema: {type: string}}
        4XX: {description: no, headers: {Retry-After: {$ref: '#/components/headers/Retry'}}}
components: {headers: {Retry: {required: true, schema: {type: integer}}}}
";

    #[test]
    fn fields_that_have_to_be_there_and_are_not_are_told() {
        let document = spec::read(SPEC.as_bytes(), &mut NoFiles).expect("reads");
        let operation = document.operations.first().expect("one");
        let asked = asked_headers(&document, operation);
        let pair = |status: &str, name: &str| (status.to_owned(), name.to_owned());
        assert_eq!(asked, [pair("200", "x-total"), pair("4XX", "retry-after")]);
        let mut answers = Answers::default();
        for at in 0..6_u32 {
            answers.learn(200, "x-total", false);
            answers.learn(200, "x-page", false);
            answers.learn(429, "retry-after", at > 1);
        }
        (0..4).for_each(|_| answers.learn(404, "retry-after", false));
        let known = Known { answers: &answers, ..Known::of("s", &document, operation) };
        let drift = compare(&Endpoint::default(), known).drift.into_iter();
        let told: Vec<_> = drift.map(|d| (d.part, d.location, d.seen, d.line)).collect();
        let one = |part: &str, at: &str, seen: &str, line| {
            (part.to_owned(), at.to_owned(), seen.to_owned(), Some(line))
        };
        assert_eq!(
            told,
            [
                one("200", "header.x-total", "never there", 10),
                one("429", "header.retry-after", "4 of 6 had it", 14),
            ]
        );
    }
}
