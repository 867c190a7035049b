//! Logs in W3C extended form: columns that a `#Fields:` line names, and names anew whenever they
//! change.

use std::borrow::Cow;

use super::{
    super::skip::SkipReason,
    escapes::percent_decode,
    line::{Field, LogLine},
};

/// Most columns that are read.
const COLUMNS: usize = 256;
/// Longest `#Fields:` line that is read, in bytes: it is part of every checkpoint.
const FIELDS_BYTES: usize = 16 * 1024;

/// The columns of a log, as its last `#Fields:` line named them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Columns {
    /// The line behind `#Fields:`; empty before the first.
    text: String,
    names: Vec<String>,
}

impl Columns {
    /// Goes on where [`Columns::text`] was taken.
    pub(in super::super) fn new(text: &str) -> Self {
        let names = text.split_ascii_whitespace().take(COLUMNS + 1);
        let names: Vec<_> = names.map(str::to_ascii_lowercase).collect();
        if text.len() > FIELDS_BYTES || names.len() > COLUMNS {
            return Self::default();
        }
        Self { text: text.to_owned(), names }
    }

    /// For checkpoints.
    pub(in super::super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads a directive; false when the line is none.
    pub(in super::super) fn directive(&mut self, line: &[u8]) -> bool {
        let Some(rest) = line.strip_prefix(b"#") else { return false };
        if let Some(fields) = strip_name(rest, b"fields:") {
            // Too many, or no text: what follows has no columns, rather than wrong ones.
            *self = Self::new(std::str::from_utf8(fields).unwrap_or("").trim());
            return true;
        }
        [&b"version:"[..], b"software:", b"date:", b"start-date:", b"end-date:", b"remark:"]
            .iter()
            .any(|name| strip_name(rest, name).is_some())
    }

    /// Whether any were named.
    pub(in super::super) const fn is_known(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether one of that name is there.
    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// Whether a line begins like one of these columns: with a date where one is due, so that the
    /// lines of another log in the same file are not taken for broken ones.
    pub(in super::super) fn fits(&self, line: &[u8]) -> bool {
        let Some(at) = self.names.iter().position(|name| name == "date") else {
            return !line.starts_with(b"{");
        };
        let mut values = line.split(|b| matches!(b, b' ' | b'\t'));
        let date = values.nth(at).unwrap_or_default();
        // A quoted value before it may have moved it.
        at > 4
            || (date.len() == 10
                && date.iter().enumerate().all(|(i, b)| match i {
                    4 | 7 => *b == b'-',
                    _ => b.is_ascii_digit(),
                }))
    }

    /// Takes the values of a line to where `table` says; `value` undoes how the logger wrote one.
    pub(in super::super) fn read(
        &self,
        line: &[u8],
        table: &[(&str, Field)],
        value: fn(Field, &str) -> Cow<'_, str>,
    ) -> Result<LogLine, SkipReason> {
        let text = String::from_utf8_lossy(line);
        let values = self.split(&text).ok_or(SkipReason::WrongColumns)?;
        let mut out = LogLine::default();
        // In the order of the table, for the first of several values counts.
        for (name, field) in table {
            let at = self.names.iter().position(|n| n == name);
            if let Some(found) = at.and_then(|at| values.get(at)).filter(|found| **found != "-") {
                out.set(*field, &value(*field, found));
            }
        }
        Ok(out)
    }

    /// As many values as columns, between tabs or spaces, in quotes when they hold spaces
    /// themselves.
    fn split<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let want = self.names.len();
        let separator = if text.contains('\t') { '\t' } else { ' ' };
        let plain: Vec<_> = text.trim_end_matches(['\r', ' ']).split(separator).collect();
        if plain.len() == want {
            return Some(plain);
        }
        let mut values = Vec::with_capacity(want);
        let mut rest = text.trim();
        while !rest.is_empty() {
            if values.len() == want {
                return None;
            }
            let quoted = rest.strip_prefix('"').and_then(|text| text.split_once('"'));
            let (value, after) = match quoted {
                Some((value, after)) if after.is_empty() || after.starts_with(separator) => {
                    (value, after)
                }
                _ => rest.split_at(rest.find(separator).unwrap_or(rest.len())),
            };
            values.push(value);
            rest = after.trim_start_matches(separator);
        }
        (values.len() == want).then_some(values)
    }
}

fn strip_name<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(rest)
}

/// Undoes `%HH` in text; twice where the logger wrote it twice, as CloudFront once did: no blank
/// but those.
pub(in super::super) fn percent_text(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let once = percent_decode(text.as_bytes());
    let is_twice = text.matches("%2520").nth(1).is_some() && !text.contains("%20");
    let bytes = if is_twice { percent_decode(&once).into_owned() } else { once.into_owned() };
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A path or query whose percent signs the logger has escaped (`%2520` for `%20` as sent): every
/// escape begins with `%25`. Else as it is.
pub(in super::super) fn percent_target(text: &str) -> Cow<'_, str> {
    let is_hex = |b: Option<&u8>| b.is_some_and(u8::is_ascii_hexdigit);
    let escapes = || text.match_indices('%').map(|(at, _)| text.as_bytes().get(at + 1..));
    let doubled = |rest: Option<&[u8]>| {
        rest.is_some_and(|rest| {
            rest.starts_with(b"25") && is_hex(rest.get(2)) && is_hex(rest.get(3))
        })
    };
    if escapes().next().is_some() && escapes().all(doubled) {
        return Cow::Owned(text.replace("%25", "%"));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_the_last_directive() {
        let mut columns = Columns::default();
        assert!(!columns.directive(b"2026-05-01") && !columns.directive(b"# a remark"));
        assert!(columns.directive(b"#Version: 1.0") && !columns.is_known());
        assert!(columns.directive(b"#Fields: date time cs-method\r"));
        assert!(columns.has("cs-method"));
        assert_eq!(columns, Columns::new(columns.text()));
        assert!(columns.directive(b"#fields: time"));
        assert!(!columns.has("cs-method"));
        let many = format!("#Fields: {}", "x ".repeat(COLUMNS + 1));
        assert!(columns.directive(many.as_bytes()) && !columns.is_known());
    }

    #[test]
    fn values_are_as_many_as_columns() {
        let columns = Columns::new("a b c");
        for (line, values) in [
            ("1 2 3", Some(["1", "2", "3"])),
            ("1\t2 x\t3", Some(["1", "2 x", "3"])),
            ("1 \"2 x\" 3", Some(["1", "2 x", "3"])),
            ("\"Mo 2 3", Some(["\"Mo", "2", "3"])),
            ("1  2 3", Some(["1", "2", "3"])),
            ("1 2", None),
            ("1 2 3 4", None),
        ] {
            assert_eq!(columns.split(line), values.map(Vec::from), "{line}");
        }
    }

    #[test]
    fn what_the_logger_escaped_is_undone_once() {
        for (text, expected) in [
            ("Mozilla/5.0%20%28X%3B%20y%29", "Mozilla/5.0 (X; y)"),
            ("Mozilla/5.0%2520(X%2520y)", "Mozilla/5.0 (X y)"),
            ("100%25%20sure", "100% sure"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(percent_text(text), expected, "{text}");
        }
        for (text, expected) in [
            ("/a%20b", "/a%20b"),
            ("/a%2520b%252F", "/a%20b%2F"),
            ("/a%2520b%2F", "/a%2520b%2F"),
            ("/100%25", "/100%25"),
            ("/a", "/a"),
        ] {
            assert_eq!(percent_target(text), expected, "{text}");
        }
    }
}
