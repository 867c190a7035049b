//! Texts of elements beside their simple type (XML Schema 1.0 Part 2).

use bartizan_model::{DriftGrade, DriftKind, Parameter};
use bartizan_protocols::spec::{XmlKind, XmlSimple};

use super::super::{At, Found, limits::Range};

/// Longest way to write that a number is infinite or none, in characters: `-INF`.
const LONGEST_SPECIAL: u64 = 4;

/// Tells of texts that are not of the type. Elements that have others in them, or are empty, may stand for nothing.
pub(super) fn compare(
    found: &mut Found<'_>,
    parameter: &Parameter,
    simple: &XmlSimple<'_>,
    at: At<'_>,
    grade: DriftGrade,
) {
    let seen = parameter.value_type.as_str();
    let shortest = parameter.bounds.length.map(|span| span.least);
    if seen.contains("object") || shortest == Some(0) {
        return;
    }
    if !fits(simple.kind, parameter, shortest) {
        found.tell(grade, DriftKind::Type, at, simple.name, seen);
        return;
    }
    if let Some(written) = &simple.words {
        let words = parameter.words.iter().map(String::as_str);
        let wrong: Vec<&str> = words.filter(|word| !written.contains(word)).collect();
        if !wrong.is_empty() {
            let written = written.iter().copied().collect::<Vec<_>>().join(" · ");
            found.tell(grade, DriftKind::Value, at, &written, &wrong.join(" · "));
        }
    }
    if parameter.bodies.len() > 1 {
        return;
    }
    let number = parameter.bounds.number.map(|span| (span.least, span.most));
    let is_number = !matches!(simple.kind, XmlKind::Text | XmlKind::Boolean);
    let length = parameter.bounds.length.map(|span| (span.least as f64, span.most as f64));
    let spans = [
        (Range::of(simple.least, simple.most), number.filter(|_| is_number), ""),
        (
            Range::of(simple.length.0, simple.length.1),
            length.filter(|_| simple.kind == XmlKind::Text),
            "characters",
        ),
    ];
    for (written, seen, of) in spans {
        let Some((least, most)) = seen.filter(|(least, most)| !written.holds(*least, *most)) else {
            continue;
        };
        let seen = Range::of(Some(least), Some(most)).text(of);
        found.tell(grade, DriftKind::Value, at, &written.text(of), &seen);
    }
    for alternatives in &simple.patterns {
        // Where `^` and `$` stand for themselves, or characters are taken out of a class, it is another language.
        if alternatives.iter().any(|one| one.contains(['^', '$']) || one.contains("-[")) {
            continue;
        }
        let whole = format!("^(?:{})$", alternatives.join("|"));
        if let Some(seen) = found.misfit(parameter, &whole) {
            let written = format!("pattern {}", alternatives.join(" or "));
            found.tell(grade, DriftKind::Value, at, &written, &seen);
        }
    }
}

/// Whether texts that spell a type are of a kind.
fn fits(kind: XmlKind, parameter: &Parameter, shortest: Option<u64>) -> bool {
    let seen = parameter.value_type.as_str();
    match kind {
        XmlKind::Text => true,
        XmlKind::Integer => seen == "integer",
        XmlKind::Number => matches!(seen, "integer" | "number"),
        XmlKind::Float => {
            let may_be_special = shortest.is_none_or(|shortest| shortest <= LONGEST_SPECIAL);
            matches!(seen, "integer" | "number") || may_be_special
        }
        XmlKind::Boolean => {
            let number = parameter.bounds.number;
            let is_bit = number.is_some_and(|span| span.least >= 0.0 && span.most <= 1.0);
            // Some spell it, others write a number.
            seen == "boolean" || (seen == "integer" && is_bit) || seen == "string"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bartizan_model::endpoint::{Bounds, Span};
    use bartizan_protocols::spec::{self, NoFiles};

    use super::{super::super::tests::field, *};

    fn told(simple: &XmlSimple<'_>, parameter: &Parameter) -> Vec<(DriftKind, String, String)> {
        let text = b"openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n";
        let document = spec::read(text, &mut NoFiles).expect("reads");
        let mut found = Found::new(&document);
        let at = At { part: "answer", location: "xml:/a", place: None };
        compare(&mut found, parameter, simple, at, DriftGrade::Breaking);
        found.drift.into_iter().map(|one| (one.kind, one.written, one.seen)).collect()
    }

    fn of_kind(kind: XmlKind) -> XmlSimple<'static> {
        XmlSimple {
            kind,
            name: "x:a",
            words: None,
            least: None,
            most: None,
            length: (None, None),
            patterns: Vec::new(),
        }
    }

    fn text(value_type: &str, number: Option<(f64, f64)>, length: (u64, u64)) -> Parameter {
        let span = |(least, most)| Span { least, most };
        let bounds = Bounds {
            number: number.map(|(least, most)| Span { least, most }),
            length: Some(span(length)),
            items: None,
        };
        Parameter { bounds, bodies: Vec::new(), ..field("xml:/a", value_type, 9, 9) }
    }

    #[test]
    fn texts_are_compared_with_their_type() {
        use XmlKind::{Boolean, Float, Integer, Number, Text};
        for (kind, value_type, number, length, fits) in [
            (Integer, "integer", Some((1.0, 9.0)), (1, 1), true),
            (Integer, "string", None, (3, 3), false),
            (Integer, "number", Some((1.5, 9.0)), (1, 3), false),
            (Integer, "string", None, (0, 3), true),
            (Integer, "object|string", None, (3, 3), true),
            (Number, "integer", Some((1.0, 9.0)), (1, 1), true),
            (Number, "string", None, (2, 3), false),
            (Float, "string", None, (3, 9), true),
            (Float, "string", None, (5, 9), false),
            (Boolean, "integer", Some((0.0, 1.0)), (1, 1), true),
            (Boolean, "integer", Some((0.0, 2.0)), (1, 1), false),
            (Text, "integer", Some((0.0, 2.0)), (1, 1), true),
        ] {
            let told = told(&of_kind(kind), &text(value_type, number, length));
            let is_told = told.first().is_some_and(|one| one.0 == DriftKind::Type);
            assert_eq!(is_told, !fits, "{kind:?} {value_type} {length:?} {told:?}");
        }
    }

    #[test]
    fn texts_are_compared_with_what_narrows_their_type() {
        let one = |written: &str, seen: &str| {
            vec![(DriftKind::Value, written.to_owned(), seen.to_owned())]
        };
        let byte = XmlSimple { least: Some(0.0), most: Some(9.0), ..of_kind(XmlKind::Integer) };
        assert_eq!(
            told(&byte, &text("integer", Some((1.0, 12.0)), (1, 2))),
            one("0 to 9", "1 to 12")
        );
        let short = XmlSimple { length: (None, Some(3.0)), ..of_kind(XmlKind::Text) };
        let seen = "1 to 9 characters";
        assert_eq!(told(&short, &text("string", None, (1, 9))), one("3 or less characters", seen));
        let code = XmlSimple { patterns: vec![vec!["[A-Z]{3}", "-"]], ..of_kind(XmlKind::Text) };
        let seen = "a text of 4 characters";
        let written = "pattern [A-Z]{3} or -";
        assert_eq!(told(&code, &text("string", None, (1, 4))), one(written, seen));
        assert_eq!(told(&code, &text("string", None, (1, 3))), []);
        let listed =
            XmlSimple { words: Some(BTreeSet::from(["a", "b"])), ..of_kind(XmlKind::Text) };
        let words = vec!["a".to_owned(), "c".to_owned()];
        let parameter = Parameter { words, ..text("string", None, (1, 1)) };
        assert_eq!(told(&listed, &parameter), one("a · b", "c"));
    }
}
