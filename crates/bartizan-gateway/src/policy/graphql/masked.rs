//! Answers without the suggestions that servers add to errors about names that they do not know. The sentence is taken
//! out of the very bytes, so that nothing else of the answer changes.

use std::collections::BTreeSet;

use bartizan_protocols::{Format, NodeRef, Value};
use bytes::Bytes;
use http::{HeaderMap, header};
use memchr::memmem;

use super::super::{
    reading::{NOT_HELD, NOT_READABLE},
    readings::{Amount, Readings},
};
use crate::phases::BodyView;

/// How suggestions begin (graphql-js, and what follows it).
const MARK: &str = "Did you mean";

/// The answer without suggestions; `None` when there are none in it.
///
/// # Errors
/// Why it was not looked at.
pub(super) fn without_suggestions(
    fields: &HeaderMap,
    body: BodyView<'_>,
    amount: Amount,
    readings: &mut Readings,
) -> Result<Option<Bytes>, &'static str> {
    let BodyView::Whole(bytes) = body else { return Err(NOT_HELD) };
    let coding = fields.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err("answer-coded");
    }
    // Letters can be written as escapes.
    if memmem::find(bytes, MARK.as_bytes()).is_none() && memmem::find(bytes, b"\\u").is_none() {
        return Ok(None);
    }
    let reading = readings.body(fields.iter(), bytes, amount)?;
    if reading.format() != Format::Json {
        return Err(NOT_READABLE);
    }
    let Some(root) = reading.root() else { return Ok(None) };
    let told = messages_of_errors(root);
    if told.is_empty() {
        return Ok(None);
    }
    Ok(Some(rewritten(bytes, &told)))
}

/// Messages of errors that have suggestions in them.
fn messages_of_errors(root: NodeRef<'_>) -> BTreeSet<&str> {
    let is_batch = root.value() == Value::Array;
    let answers = is_batch.then(|| root.children()).into_iter().flatten();
    let answers = (!is_batch).then_some(root).into_iter().chain(answers);
    let errors = answers.flat_map(|answer| answer.children()).filter(|c| c.key() == "errors");
    let members = errors.flat_map(|errors| errors.children()).flat_map(|error| error.children());
    let texts = members.filter(|member| member.key() == "message").filter_map(|member| {
        let Value::Text(text) = member.value() else { return None };
        text.contains(MARK).then_some(text)
    });
    texts.collect()
}

/// The body with the strings among `told` shortened, and all else as it is.
fn rewritten(bytes: &Bytes, told: &BTreeSet<&str>) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest: &[u8] = bytes;
    while let Some(begin) = memchr::memchr(b'"', rest) {
        let (before, from) = rest.split_at(begin);
        out.extend_from_slice(before);
        let (literal, behind) = from.split_at(literal_end(from));
        rest = behind;
        let text = serde_json::from_slice::<String>(literal).ok();
        let told = text.filter(|text| told.contains(text.as_str()));
        match told.and_then(|text| serde_json::to_vec(&shortened(&text)).ok()) {
            Some(short) => out.extend_from_slice(&short),
            None => out.extend_from_slice(literal),
        }
    }
    out.extend_from_slice(rest);
    out.into()
}

/// Where a string ends that begins with a quote.
fn literal_end(from: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = from.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if from.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    from.len()
}

/// A message without its suggestions: each goes on to its question mark.
fn shortened(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(MARK) {
        out.push_str(before.trim_end());
        rest = behind.split_once('?').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::phases::Streamed;

    const AMOUNT: Amount = Amount::new(100_000, 1_000_000_000);

    fn mask(body: &str, coding: Option<&'static str>) -> Result<Option<String>, &'static str> {
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(coding) = coding {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let (body, mut readings) = (BodyView::Whole(&bytes), Readings::default());
        let masked = without_suggestions(&fields, body, AMOUNT, &mut readings)?;
        Ok(masked.map(|bytes| String::from_utf8(bytes.to_vec()).expect("text")))
    }

    #[test]
    fn suggestions_go_and_all_else_stays() {
        let body = r#"{"errors": [{"message":"Cannot query field \"shipmen\" on type \"Query\". Did you mean \"shipment\" or \"shipments\"?","path": [1.50]}], "data": {"note": "Did you mean it?", "n": 12345678901234567890123}}"#;
        let masked = mask(body, None).expect("read").expect("masked");
        let expected = r#"{"errors": [{"message":"Cannot query field \"shipmen\" on type \"Query\".","path": [1.50]}], "data": {"note": "Did you mean it?", "n": 12345678901234567890123}}"#;
        assert_eq!(masked, expected);
        let escaped = r#"[{"errors":[{"message":"No. \u0044id you mean \"a\"? Sorry"}]}]"#;
        assert_eq!(
            mask(escaped, None).expect("read").as_deref(),
            Some(r#"[{"errors":[{"message":"No. Sorry"}]}]"#)
        );
    }

    #[test]
    fn what_has_none_is_left_alone() {
        for body in [
            r#"{"data":{"a":"Did you mean that?"}}"#,
            r#"{"errors":[{"message":"no"}]}"#,
            r#"{"a":"\u00e4"}"#,
            "",
        ] {
            assert_eq!(mask(body, None), Ok(None), "{body}");
        }
        assert_eq!(mask("Did you mean", None), Err(NOT_READABLE));
        assert_eq!(mask("x", Some("gzip")), Err("answer-coded"));
        assert_eq!(mask("{}", Some("identity")), Ok(None));
        let (fields, mut readings) = (HeaderMap::new(), Readings::default());
        let streamed = BodyView::Streamed(Streamed::Endless);
        let masked = without_suggestions(&fields, streamed, AMOUNT, &mut readings);
        assert_eq!(masked, Err(NOT_HELD));
    }
}
