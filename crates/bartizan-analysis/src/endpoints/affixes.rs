//! Fixed text around a value inside one segment.

use super::values::{CERTAIN, Classified, ValueKind, classify};

/// `name.ext` with an extension of 2 to 8 letters and digits that begins with a letter.
pub(crate) fn split_extension(s: &str) -> Option<(&str, &str)> {
    let (stem, ext) = s.rsplit_once('.')?;
    let e = ext.as_bytes();
    let ok = !stem.is_empty()
        && (2..=8).contains(&e.len())
        && e.first().is_some_and(u8::is_ascii_lowercase)
        && e.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    ok.then_some((stem, ext))
}

/// A segment that may hold fixed text around a value: prefix, core, suffix. The core is the whole
/// segment when there is no such text.
///
/// Recognised: matrix parameters (`cars;color=red`), custom methods (`123:cancel`), extensions
/// (`123.json`), OData keys (`Users(123)`), `@name` and `~name`.
pub(crate) fn split_affixes(s: &str) -> (&str, &str, &str) {
    if let Some((head, core)) = split_matrix(s) {
        return (head, core, "");
    }
    if let Some((core, verb)) = s.rsplit_once(':')
        && !core.is_empty()
        && verb.len() >= 3
        && verb.bytes().all(|c| c.is_ascii_alphabetic())
        && verb.starts_with(|c: char| c.is_ascii_lowercase())
        && (!core.contains(':') || classify(core).certainty >= CERTAIN)
    {
        return ("", core, s.get(core.len()..).unwrap_or(""));
    }
    if s.ends_with(')')
        && let Some(open) = s.find('(')
        && open > 0
        && s.bytes().take(open).all(|c| c.is_ascii_alphanumeric() || b"._".contains(&c))
        && let (Some(head), Some(core)) = (s.get(..=open), s.get(open + 1..s.len() - 1))
        && !core.is_empty()
    {
        return (head, core, ")");
    }
    if let Some(core) = s.strip_prefix(['@', '~'])
        && !core.is_empty()
        && !core.contains('@')
    {
        return (s.get(..1).unwrap_or(""), core, "");
    }
    if let Some((core, _)) = split_extension(s)
        && !s.contains('@')
        && !s.starts_with("eyJ")
    {
        let class = classify(core);
        if class.certainty >= CERTAIN || class.kind == ValueKind::Code {
            return ("", core, s.get(core.len()..).unwrap_or(""));
        }
    }
    ("", s, "")
}

/// Fixed text with matrix parameters (RFC 3986 §3.3): `cars;color=` and `red`, or `cars;` and all
/// of them when they are several, as their order may differ.
fn split_matrix(s: &str) -> Option<(&str, &str)> {
    let (head, rest) = s.split_once(';')?;
    let (name, value) = rest.split_once('=')?;
    let named = (1..=32).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c));
    if head.is_empty() || !named || value.is_empty() || classify(head).certainty >= CERTAIN {
        return None;
    }
    let at = if value.contains(';') { head.len() + 1 } else { s.len() - value.len() };
    s.split_at_checked(at)
}

/// Like [`classify`], for the core of a segment: behind fixed text that names a matrix parameter it
/// is a value, whatever its form.
pub(crate) fn classify_core(prefix: &str, core: &str) -> Classified {
    let class = classify(core);
    let certainty = if prefix.contains(';') { CERTAIN } else { 0 };
    Classified { certainty: class.certainty.max(certainty), ..class }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_text_around_values_is_split_off() {
        for (text, parts) in [
            ("42.json", ("", "42", ".json")),
            ("users.json", ("", "users.json", "")),
            ("42:cancel", ("", "42", ":cancel")),
            ("projects:search", ("", "projects", ":search")),
            ("Users(7)", ("Users(", "7", ")")),
            ("cars;color=red", ("cars;color=", "red", "")),
            ("cars;color=red;year=2", ("cars;", "color=red;year=2", "")),
            ("cars;", ("", "cars;", "")),
            ("7;v=2", ("", "7;v=2", "")),
            ("@ada", ("@", "ada", "")),
            ("a@example.org", ("", "a@example.org", "")),
            ("6.12.14", ("", "6.12.14", "")),
        ] {
            assert_eq!(split_affixes(text), parts, "{text}");
        }
    }
}
