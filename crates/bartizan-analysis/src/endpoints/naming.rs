//! Names of parameters and the text form of templates.

use std::fmt::{self, Write};

use super::{
    Segment,
    front::is_front_version,
    tree::Step,
    values::{CERTAIN, ValueKind, classify},
    words::{singular, words_of},
};

/// Suffix of a parameter whose extension varies.
pub(crate) const ANY_FORMAT: &str = ".{format}";

/// Writes fixed text so that the template stays unambiguous and printable.
pub(crate) fn write_literal(f: &mut impl Write, text: &str) -> fmt::Result {
    for c in text.chars() {
        if matches!(c, '{' | '}' | '/' | '%' | '?' | '#' | '\\') || c.is_control() || c == ' ' {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                write!(f, "%{byte:02X}")?;
            }
        } else {
            f.write_char(c)?;
        }
    }
    Ok(())
}

/// Names the parameters of a path after the fixed segment before them: `users/{user_id}`. Declared
/// names win. Names are unique within the path.
pub(crate) fn segments_of(steps: &[(Step, Option<String>)]) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::with_capacity(steps.len());
    let mut taken: Vec<String> = Vec::new();
    for (step, declared) in steps {
        match step {
            Step::Literal(text) => out.push(Segment::Literal(text.clone())),
            Step::Parameter { prefix, suffix } => {
                let name = declared.clone().unwrap_or_else(|| base_name(&out, prefix));
                let name = unique(name, &taken);
                taken.push(name.clone());
                out.push(Segment::Parameter {
                    name,
                    prefix: prefix.clone(),
                    suffix: suffix.clone(),
                });
            }
        }
    }
    out
}

fn base_name(before: &[Segment], prefix: &str) -> String {
    if prefix.ends_with('.') {
        return "format".to_owned();
    }
    let inside = prefix.trim_end_matches('(');
    let literal = if inside.len() > 1 {
        Some(inside)
    } else {
        match before.iter().rfind(|segment| !is_front(segment)) {
            Some(Segment::Literal(text)) => Some(text.as_str()),
            Some(Segment::Parameter { .. }) => return "key".to_owned(),
            None => None,
        }
    };
    let mut words = literal.map(words_of).unwrap_or_default();
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    words.retain(|w| w.is_ascii() && w.len() <= 24);
    words.truncate(4);
    let name = words.join("_");
    match name.as_bytes().first() {
        Some(c) if c.is_ascii_alphabetic() => format!("{name}_id"),
        _ => "id".to_owned(),
    }
}

/// Whether a segment tells nothing of what is behind it: versions, locales with a region.
fn is_front(segment: &Segment) -> bool {
    let Segment::Literal(text) = segment else { return false };
    let class = classify(text);
    is_front_version(text) || class.kind == ValueKind::Locale && class.certainty >= CERTAIN
}

fn unique(name: String, taken: &[String]) -> String {
    if !taken.contains(&name) {
        return name;
    }
    let base = name.strip_suffix("_id").unwrap_or(&name);
    (2..)
        .map(|n| format!("{base}_{n}"))
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or(name)
}

/// The path as text: `/` for no segments.
pub(crate) fn path_text(segments: &[Segment]) -> String {
    if segments.is_empty() {
        return "/".to_owned();
    }
    let mut out = String::with_capacity(segments.len() * 12);
    for segment in segments {
        out.push('/');
        // Writing into a string cannot fail.
        let _ = write!(out, "{segment}");
    }
    out.shrink_to_fit();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> String {
        let steps: Vec<_> = steps
            .iter()
            .map(|s| match s.split_once('*') {
                Some((p, x)) => {
                    (Step::Parameter { prefix: p.to_owned(), suffix: x.to_owned() }, None)
                }
                None => (Step::Literal((*s).to_owned()), None),
            })
            .collect();
        path_text(&segments_of(&steps))
    }

    #[test]
    fn parameters_are_named_after_what_precedes_them() {
        assert_eq!(path(&["v1", "Companies", "*"]), "/v1/Companies/{company_id}");
        assert_eq!(
            path(&["users", "*", "users", "*.json"]),
            "/users/{user_id}/users/{user_2}.json"
        );
        assert_eq!(path(&["flags", "*", "*"]), "/flags/{flag_id}/{key}");
        assert_eq!(path(&["*"]), "/{id}");
        assert_eq!(path(&["v2", "*"]), "/v2/{id}");
        assert_eq!(path(&["en-US", "*"]), "/en-US/{id}");
        assert_eq!(path(&["users", "v2", "*"]), "/users/v2/{user_id}");
        assert_eq!(path(&["users", "*", "1.1", "*"]), "/users/{user_id}/1.1/{key}");
        assert_eq!(path(&["near.*"]), "/near.{format}");
        assert_eq!(path(&["Users(*)"]), "/Users({user_id})");
        assert_eq!(path(&[]), "/");
    }

    #[test]
    fn fixed_text_cannot_look_like_a_parameter() {
        assert_eq!(path(&["a{b}/c%2F\u{1b}"]), "/a%7Bb%7D%2Fc%252F%1B");
    }
}
