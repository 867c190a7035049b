//! Logs with a JSON object on each line: one mapper for all, with a table of names per dialect.

use std::{borrow::Cow, collections::HashMap};

use bartizan_model::Headers;
use serde_json::Value;

use super::{
    super::json_repair::repair,
    escapes::unescape_text,
    line::{Field, LogLine},
    request_line::as_target,
};

/// Most members of a line that are looked at, inner ones included.
const MEMBERS: usize = 1024;
/// How deep members are looked for.
const DEPTH: usize = 5;

/// Names of members with where their values go; the first that has a value counts. Names are
/// compared without case and without anything but letters, digits and the dots between levels, so
/// that `request_uri`, `requestURI` and `:request-uri` are one.
pub(in super::super) type Table = [(&'static str, Field)];

/// The members of an object, flat.
#[derive(Debug)]
pub(in super::super) struct Members {
    list: Vec<Member>,
    index: HashMap<String, usize>,
    /// Whether it was no JSON as written: a logger that escapes for no JSON escapes in its own way.
    repaired: bool,
}

#[derive(Debug)]
struct Member {
    path: String,
    /// Name as written.
    name: String,
    value: Value,
}

impl Members {
    /// Reads an object; `None` when the text is none. Bytes that are no UTF-8 (nginx copies them)
    /// become `%XX`, and what a logger forgot to escape is repaired.
    pub(in super::super) fn read(text: &[u8]) -> Option<Self> {
        let text = match std::str::from_utf8(text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(as_target(text)),
        };
        let strict = serde_json::from_str(&text).ok();
        let repaired = strict.is_none();
        let value = strict.or_else(|| {
            // Only what ends like an object: a line that was cut is not made whole.
            let is_closed = text.trim_end().ends_with('}');
            let text = is_closed.then(|| repair(text.as_bytes()))?;
            serde_json::from_str(&text).ok()
        })?;
        let Value::Object(object) = value else { return None };
        let mut members = Self { list: Vec::new(), index: HashMap::new(), repaired };
        members.add("", object, 0);
        Some(members)
    }

    fn add(&mut self, prefix: &str, object: serde_json::Map<String, Value>, depth: usize) {
        for (name, value) in object {
            if self.list.len() >= MEMBERS {
                return;
            }
            let mut path = String::with_capacity(prefix.len() + name.len() + 1);
            path.push_str(prefix);
            path.extend(
                name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()),
            );
            if let Value::Object(inner) = value {
                if depth < DEPTH {
                    path.push('.');
                    self.add(&path, inner, depth + 1);
                }
                continue;
            }
            self.index.entry(path.clone()).or_insert(self.list.len());
            self.list.push(Member { path, name, value });
        }
    }

    /// The value of a member as text; `None` when it is absent, empty, `-`, null or a list of
    /// anything but one value.
    pub(in super::super) fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        let member = self.list.get(*self.index.get(path)?)?;
        let text = scalar(&member.value).filter(|text| !matches!(text.trim(), "" | "-"))?;
        Some(if self.repaired { Cow::Owned(unescape_text(&text)) } else { text })
    }

    /// Whether a member is there and says something.
    pub(in super::super) fn has(&self, path: &str) -> bool {
        self.text(path).is_some()
    }

    /// Whether a member is there, be it empty.
    pub(in super::super) fn names(&self, path: &str) -> bool {
        self.index.contains_key(path)
    }

    /// What `table` finds.
    pub(in super::super) fn fill(&self, table: &Table) -> LogLine {
        let mut line = LogLine::default();
        for (path, field) in table {
            if let Some(text) = self.text(path) {
                line.set(*field, &text);
            }
        }
        line
    }

    /// Header fields below a path (`request.headers.`), with their names as written. Values that
    /// the logger took away are left out.
    pub(in super::super) fn headers_below(&self, path: &str) -> Headers {
        self.headers(|member| {
            let is_below = member.path.strip_prefix(path).is_some_and(|rest| !rest.contains('.'));
            is_below.then_some(member.name.as_str())
        })
    }

    /// Header fields whose names begin with `prefix` as written (`request_User-Agent`).
    pub(in super::super) fn headers_named(&self, prefix: &str) -> Headers {
        self.headers(|member| member.name.strip_prefix(prefix))
    }

    fn headers<'a>(&'a self, name: impl Fn(&'a Member) -> Option<&'a str>) -> Headers {
        let mut headers = Headers::new();
        for member in &self.list {
            let Some(name) = name(member).filter(|name| !name.is_empty()) else { continue };
            let values = match &member.value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            for value in values.iter().filter_map(scalar).filter(|value| !is_removed(value)) {
                headers.push(name, value);
            }
        }
        headers
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.list.len()
    }
}

/// What loggers write in place of a credential. It is no value: all who are hidden so would look
/// like one.
fn is_removed(value: &str) -> bool {
    matches!(value.trim(), "" | "REDACTED" | "[REDACTED]" | "***")
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        Value::Array(values) => match values.as_slice() {
            [one @ (Value::String(_) | Value::Number(_))] => scalar(one),
            _ => None,
        },
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_however_they_are_spelled() {
        let text =
            br#"{":Request-URI":"/a","b":{"C_d":[7],"e":{"f":null}},"g":true,"h":"-","i":[1,2]}"#;
        let members = Members::read(text).expect("an object");
        for (path, value) in [
            ("requesturi", Some("/a")),
            ("b.cd", Some("7")),
            ("g", Some("true")),
            ("b.e.f", None),
            ("h", None),
            ("i", None),
            ("x", None),
        ] {
            assert_eq!(members.text(path).as_deref(), value, "{path}");
        }
        assert!(members.names("h") && !members.has("h"));
    }

    #[test]
    fn what_loggers_forget_is_repaired_and_what_is_cut_is_not() {
        let members = Members::read(b"{\"a\":\"x\\x22\xff\",\"n\":NaN}").expect("an object");
        assert_eq!(members.text("a").as_deref(), Some("x\"%FF"));
        assert!(Members::read(b"{\"a\":\"x").is_none());
        assert!(Members::read(b"[1]").is_none());
    }

    #[test]
    fn many_and_deep_members_are_bounded() {
        let wide: Vec<_> = (0..3 * MEMBERS).map(|n| format!("\"k{n}\":1")).collect();
        let members = Members::read(format!("{{{}}}", wide.join(",")).as_bytes()).expect("one");
        assert_eq!(members.len(), MEMBERS);
        let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert_eq!(Members::read(deep.as_bytes()).map(|m| m.len()), Some(0));
        let abyss = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(Members::read(abyss.as_bytes()).is_none());
    }

    #[test]
    fn headers_keep_their_names_and_lose_what_was_removed() {
        let text = br#"{"r":{"h":{"X-Y":["1","2"],"Authorization":["REDACTED"],"Cookie":[]}}}"#;
        let members = Members::read(text).expect("an object");
        let headers: Vec<_> =
            members.headers_below("r.h.").iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(headers, ["X-Y=1", "X-Y=2"]);
    }
}
