//! Runs the examples of a class: as messages, through decoding and the look for classes.

use bartizan_model::{Exchange, Headers, Limits, Request, Root, Side};
use bartizan_protocols::decode::decode;
use serde_json::{Map, Value};

use super::{CustomClass, CustomClasses, Example, Mistake, class::Unfit};

/// Most examples, and most counterexamples.
const MAX_EXAMPLES: usize = 16;
/// Longest field with those above it, in bytes.
const MAX_FIELD_BYTES: usize = 128;
/// Longest value, in bytes.
const MAX_VALUE_BYTES: usize = 4_096;

/// Checks that every example of a class that is alone is recognised and no counterexample is.
pub(super) fn run(alone: &CustomClasses) -> Result<(), Mistake> {
    alone.iter().try_for_each(|class| run_one(class, alone))
}

fn run_one(class: &CustomClass, alone: &CustomClasses) -> Result<(), Mistake> {
    let definition = class.definition();
    for (key, examples, wanted) in [
        ("examples", &definition.examples, true),
        ("counterexamples", &definition.counterexamples, false),
    ] {
        if !(1..=MAX_EXAMPLES).contains(&examples.len()) {
            let given = format!("`{key}`: {} of them", examples.len());
            return Err(Mistake::new(given, format!("1 to {MAX_EXAMPLES}")));
        }
        for (at, example) in examples.iter().enumerate() {
            let place = format!("`{key}[{at}]`");
            let message = message(example).map_err(|expected| Mistake::new(&*place, expected))?;
            match (is_recognised(alone, &message), wanted) {
                (true, true) | (false, false) => {}
                (false, true) => {
                    let given = format!("{place}: not recognised, as {}", why_not(class, example));
                    return Err(Mistake::new(given, format!("a value of `{}`", class.name())));
                }
                (true, false) => {
                    let expected = format!("a value that is not of `{}`", class.name());
                    return Err(Mistake::new(format!("{place}: recognised"), expected));
                }
            }
        }
    }
    Ok(())
}

fn is_recognised(alone: &CustomClasses, message: &Exchange) -> bool {
    let decoded = decode(message, &Limits::default(), 0);
    let mut hits = Vec::new();
    alone.classify(&decoded, &mut hits);
    hits.iter().any(|hit| {
        decoded
            .view
            .node(hit.node)
            .is_some_and(|node| node.root() == Root::Body && node.side() == Side::Request)
    })
}

/// What of the value does not fit; when all of it does, it is the name.
fn why_not(class: &CustomClass, example: &Example) -> &'static str {
    match class.fits(example.value.trim()) {
        Err(Unfit::Length) => "its length is not between `min_length` and `max_length`",
        Err(Unfit::Pattern) => "`pattern` does not fit the whole value",
        Err(Unfit::Check) => "its check digits are wrong",
        Ok(_) => "none of `names` fits the field",
    }
}

/// A request that carries the example in a JSON body; what is expected of an example otherwise.
fn message(example: &Example) -> Result<Exchange, String> {
    if example.value.trim().is_empty() || example.value.len() > MAX_VALUE_BYTES {
        return Err(format!("a value of 1 to {MAX_VALUE_BYTES} bytes"));
    }
    let is_field = |part: &str| !part.trim().is_empty();
    if example.field.len() > MAX_FIELD_BYTES || !example.field.split('/').all(is_field) {
        return Err(format!("a field of 1 to {MAX_FIELD_BYTES} bytes, names separated by slashes"));
    }
    let value = Value::from(example.value.as_str());
    let body = example
        .field
        .rsplit('/')
        .fold(value, |inner, name| Value::Object(Map::from_iter([(name.to_owned(), inner)])));
    Ok(Exchange {
        request: Request {
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: Headers::from_iter([("content-type", "application/json")]),
            body: body.to_string().into_bytes().into(),
            ..Request::default()
        },
        ..Exchange::default()
    })
}
