//! Fixed text around a value inside one segment.

use super::values::{CERTAIN, ValueKind, classify};

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
/// Recognised: custom methods (`123:cancel`), extensions (`123.json`), OData keys (`Users(123)`),
/// `@name` and `~name`. Parameters of a segment (`cars;color=red`) are not in it any more, see
/// [`bartizan_model::Root::Matrix`]: a semicolon that still is, is text as any other.
pub(crate) fn split_affixes(s: &str) -> (&str, &str, &str) {
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
            ("cars;red;blue", ("", "cars;red;blue", "")),
            ("cars;color=red;used", ("", "cars;color=red;used", "")),
            ("@ada", ("@", "ada", "")),
            ("a@example.org", ("", "a@example.org", "")),
            ("6.12.14", ("", "6.12.14", "")),
        ] {
            assert_eq!(split_affixes(text), parts, "{text}");
        }
    }
}
