//! What a schema says about how large values are, and in what form, beside what they were.

use bartizan_model::{DriftGrade, DriftKind, Parameter};
use bartizan_protocols::spec::tree::Node;

use super::{At, Found, allowed::Allowed};

/// Formats that the form of a value alone decides, so that another form is one.
const FORMATS: [&str; 5] = ["uuid", "date", "date-time", "email", "ipv4"];

/// Between what values may be; `None` where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Range {
    least: Option<f64>,
    most: Option<f64>,
}

impl Range {
    /// Between these two, each included.
    pub(super) const fn of(least: Option<f64>, most: Option<f64>) -> Self {
        Self { least, most }
    }

    fn read(node: Node<'_>, least: &str, most: &str) -> Self {
        let number = |name: &str| -> Option<f64> {
            node.get(name).and_then(Node::scalar)?.parse().ok().filter(|n: &f64| n.is_finite())
        };
        Self { least: number(least), most: number(most) }
    }

    /// Both hold.
    fn and(self, other: Self) -> Self {
        let join = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        Self {
            least: join(self.least, other.least, f64::max),
            most: join(self.most, other.most, f64::min),
        }
    }

    /// One of them holds.
    fn or(self, other: Self) -> Self {
        let both = |a: Option<f64>, b: Option<f64>| a.zip(b);
        Self {
            least: both(self.least, other.least).map(|(a, b)| a.min(b)),
            most: both(self.most, other.most).map(|(a, b)| a.max(b)),
        }
    }

    pub(super) fn holds(self, least: f64, most: f64) -> bool {
        self.least.is_none_or(|bound| least >= bound) && self.most.is_none_or(|bound| most <= bound)
    }

    pub(super) fn text(self, of: &str) -> String {
        let text = match (self.least, self.most) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, Some(most)) => format!("{most} or less"),
            (None, None) => return String::new(),
        };
        if of.is_empty() { text } else { format!("{text} {of}") }
    }
}

/// What is said about numbers, characters of texts, elements of arrays, and the form of texts. Bounds that are
/// excluded count as included: values are compared as what is surely outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits<'d> {
    number: Range,
    length: Range,
    items: Range,
    format: Option<&'d str>,
    /// A regular expression that texts fit.
    pub(crate) pattern: Option<&'d str>,
}

impl<'d> Limits<'d> {
    pub(crate) fn read(node: Node<'d>) -> Self {
        let number = Range::read(node, "minimum", "maximum");
        // Truth values in OpenAPI 3.0, numbers since.
        let excluded = Range::read(node, "exclusiveMinimum", "exclusiveMaximum");
        Self {
            number: number.and(excluded),
            length: Range::read(node, "minLength", "maxLength"),
            items: Range::read(node, "minItems", "maxItems"),
            format: node.get("format").and_then(Node::as_str),
            pattern: node.get("pattern").and_then(Node::as_str),
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            number: self.number.and(other.number),
            length: self.length.and(other.length),
            items: self.items.and(other.items),
            format: self.format.or(other.format),
            pattern: self.pattern.or(other.pattern),
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            number: self.number.or(other.number),
            length: self.length.or(other.length),
            items: self.items.or(other.items),
            format: self.format.filter(|format| other.format == Some(*format)),
            pattern: self.pattern.filter(|pattern| other.pattern == Some(*pattern)),
        }
    }
}

impl Found<'_> {
    /// Sizes and form of values. Of what is in several bodies it is not known in which one it was so.
    pub(super) fn limits(
        &mut self,
        parameter: &Parameter,
        allowed: &Allowed<'_>,
        at: At<'_>,
        grade: DriftGrade,
    ) {
        if parameter.bodies.len() > 1 {
            return;
        }
        let (bounds, limits) = (&parameter.bounds, &allowed.limits);
        let spans = [
            (limits.number, bounds.number.map(|span| (span.least, span.most)), "", "number"),
            (
                limits.length,
                bounds.length.map(|span| (span.least as f64, span.most as f64)),
                "characters",
                "string",
            ),
            (
                limits.items,
                bounds.items.map(|span| (span.least as f64, span.most as f64)),
                "elements",
                "array",
            ),
        ];
        for (written, seen, of, name) in spans {
            let is_of_type =
                allowed.has_type(name) || (name == "number" && allowed.has_type("integer"));
            let Some((least, most)) = seen.filter(|_| is_of_type) else { continue };
            if !written.holds(least, most) {
                let seen = Range { least: Some(least), most: Some(most) };
                self.tell(grade, DriftKind::Value, at, &written.text(of), &seen.text(of));
            }
        }
        let Some(format) = limits.format.filter(|format| FORMATS.contains(format)) else { return };
        let is_text = parameter.value_type == "string";
        if is_text && allowed.has_type("string") && parameter.format != format {
            let seen = match parameter.format.as_str() {
                "" => "texts of another form",
                other => other,
            };
            self.tell(grade, DriftKind::Value, at, &format!("format {format}"), seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::endpoint::{Bounds, Span};
    use bartizan_protocols::spec::{self, NoFiles};

    use super::super::{
        tests::{agreeing, field},
        *,
    };

    const SPEC: &str = r##"openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get:
      parameters:
        - {name: size, in: query, schema: {type: integer, minimum: 1, maximum: 3}}
        - {name: word, in: query, schema: {type: string, maxLength: 5}}
        - {name: key, in: query, schema: {type: string, format: uuid}}
        - {name: free, in: query, schema: {oneOf: [{type: integer, maximum: 3}, {type: integer}]}}
        - {name: old, in: query, deprecated: true, schema: {type: string}}
      responses: {"200": {description: ok}}
"##;

    fn drift(parameters: Vec<Parameter>) -> Vec<(String, String, String)> {
        let document = spec::read(SPEC.as_bytes(), &mut NoFiles).expect("reads");
        let operation = document.operations.first().expect("one");
        let endpoint = Endpoint { parameters, ..agreeing() };
        let drift = compare(&endpoint, Known::of("a.yaml", &document, operation)).drift.into_iter();
        let drift =
            drift.filter(|one| matches!(one.kind, DriftKind::Value | DriftKind::Deprecated));
        drift.map(|one| (one.location, one.written, one.seen)).collect()
    }

    fn sized(name: &str, bounds: Bounds, value_type: &str) -> Parameter {
        Parameter { bounds, ..field(&format!("query.{name}"), value_type, 40, 40) }
    }

    #[test]
    fn what_is_beyond_its_bounds_is_told() {
        let number =
            |least, most| Bounds { number: Some(Span { least, most }), ..Bounds::default() };
        let length =
            |least, most| Bounds { length: Some(Span { least, most }), ..Bounds::default() };
        let told = |location: &str, written: &str, seen: &str| {
            vec![(location.to_owned(), written.to_owned(), seen.to_owned())]
        };
        assert_eq!(
            drift(vec![sized("size", number(1.0, 59.0), "integer")]),
            told("query.size", "1 to 3", "1 to 59")
        );
        assert_eq!(
            drift(vec![sized("word", length(2, 17), "string")]),
            told("query.word", "5 or less characters", "2 to 17 characters")
        );
        assert_eq!(
            drift(vec![sized("key", Bounds::default(), "string")]),
            told("query.key", "format uuid", "texts of another form")
        );
        assert_eq!(
            drift(vec![sized("old", Bounds::default(), "string")]),
            told("query.old", "deprecated", "sent 40 times")
        );
        let uuid =
            Parameter { format: "uuid".to_owned(), ..sized("key", length(36, 36), "string") };
        let fine = vec![
            sized("size", number(1.0, 3.0), "integer"),
            sized("word", length(0, 5), "string"),
            uuid,
            sized("free", number(1.0, 99.0), "integer"),
        ];
        assert_eq!(drift(fine), []);
    }
}
