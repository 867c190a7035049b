//! Texts beside the pattern that is written for them (JSON Schema 2020-12 validation §6.3.3). Texts themselves are
//! not kept: known are a few words, the form that all have in common, and how long the shortest and the longest
//! were. Each of these is a row of sets of characters, and what is asked is whether any text of such a row fits the
//! pattern. When none does, what was seen did not.

mod expression;

use bartizan_model::{DriftGrade, DriftKind, Parameter, endpoint::Span};

use super::{At, Found, allowed::Allowed};
use expression::{Expression, Set};

/// Longest text that is compared, in characters.
const MAX_LENGTH: usize = 256;

impl Found<'_> {
    /// Texts that cannot fit the pattern. Of what is in several bodies it is not known in which one it was so.
    pub(super) fn pattern(
        &mut self,
        parameter: &Parameter,
        allowed: &Allowed<'_>,
        at: At<'_>,
        grade: DriftGrade,
    ) {
        let pattern = allowed.limits.pattern.filter(|_| allowed.has_type("string"));
        if let Some(pattern) = pattern
            && let Some(seen) = self.misfit(parameter, pattern)
        {
            self.tell(grade, DriftKind::Value, at, &format!("pattern {pattern}"), &seen);
        }
    }

    /// What of the texts of a place cannot fit a pattern; `None` where all may, or it cannot be told.
    pub(super) fn misfit(&self, parameter: &Parameter, pattern: &str) -> Option<String> {
        if parameter.bodies.len() > 1 || parameter.value_type != "string" {
            return None;
        }
        let expression = Expression::parse(pattern)?;
        let fits = |row: &[Set]| expression.fits(row, &self.pattern_steps);
        let words = parameter.words.iter();
        let wrong: Vec<&str> =
            words.filter(|word| !fits(&row_of(word))).map(String::as_str).collect();
        if !wrong.is_empty() {
            return Some(wrong.join(" · "));
        }
        if let Some(form) = Expression::parse(&parameter.pattern).and_then(|one| one.row()) {
            return (!fits(&form)).then(|| format!("all fit {}", parameter.pattern));
        }
        let Span { least, most } = parameter.bounds.length?;
        let cannot = |length: &u64| {
            let length = usize::try_from(*length).ok().filter(|length| *length <= MAX_LENGTH);
            length.is_some_and(|length| !fits(&vec![Set::ANY; length]))
        };
        let length = [least, most].into_iter().find(cannot)?;
        Some(format!("a text of {length} characters"))
    }
}

/// A text as a row: each character by itself.
fn row_of(text: &str) -> Vec<Set> {
    text.chars().map(Set::one).collect()
}

#[cfg(test)]
mod tests {
    use bartizan_model::endpoint::Bounds;
    use bartizan_protocols::spec::{self, NoFiles};

    use super::super::{
        tests::{agreeing, field},
        *,
    };

    fn drift(parameter: Parameter) -> Vec<(String, String)> {
        let text = r#"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {"parameters": [
            {"name": "code", "in": "query", "schema": {"type": "string", "pattern": "^[A-Z]{3}-\\d+$"}},
            {"name": "any", "in": "query", "schema": {"anyOf": [{"type": "string", "pattern": "^a$"}, {"type": "string"}]}}],
            "responses": {"200": {"description": "ok"}}}}}}"#;
        let document = spec::read(text.as_bytes(), &mut NoFiles).expect("reads");
        let operation = document.operations.first().expect("one");
        let endpoint = Endpoint { parameters: vec![parameter], ..agreeing() };
        let drift = compare(&endpoint, Known::of("a.json", &document, operation)).drift;
        let told = drift.into_iter().filter(|one| one.kind == DriftKind::Value);
        told.map(|one| (one.written, one.seen)).collect()
    }

    #[test]
    fn texts_that_cannot_fit_are_told() {
        let code = |words: &[&str], form: &str, length: Option<(u64, u64)>| Parameter {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            pattern: form.to_owned(),
            bounds: Bounds {
                length: length.map(|(least, most)| bartizan_model::endpoint::Span { least, most }),
                ..Bounds::default()
            },
            ..field("query.code", "string", 40, 40)
        };
        let told = |seen: &str| vec![("pattern ^[A-Z]{3}-\\d+$".to_owned(), seen.to_owned())];
        assert_eq!(drift(code(&["ABC-1", "abc-1", "x"], "", None)), told("abc-1 · x"));
        assert_eq!(
            drift(code(&[], "^[a-z]{3}-[0-9]{4}$", None)),
            told("all fit ^[a-z]{3}-[0-9]{4}$")
        );
        assert_eq!(drift(code(&[], "", Some((4, 9)))), told("a text of 4 characters"));
        for fine in [
            code(&["ABC-1", "XYZ-22"], "", None),
            code(&[], "^[A-Z]{3}-[0-9]{4}$", Some((8, 8))),
            code(&[], "", Some((5, 9))),
            code(&[], "", None),
            Parameter { name: "any".to_owned(), ..field("query.any", "string", 40, 40) },
        ] {
            assert_eq!(drift(fine), []);
        }
    }
}
