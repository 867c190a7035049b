//! Where a value sits in an exchange, in two forms with defined escaping.
//!
//! *Instance* names one value: `body:/items/3/sku`. *General* names the place over many exchanges:
//! `body:/items/*/sku`; map keys of high cardinality become `{key}`. A decode chain follows the
//! place it starts from: `body:/t!jwt/payload/sub`, `query.q!base64!json/a`. Other roots:
//! `path.id`, `header.x-y`, `cookie.sid`, `xml:/Envelope/Body`, `graphql:createUser.input.email`,
//! `grpc:Pay.card.number` (method, then names or numbers of fields), `ws.message:/…`. Parameters of a segment of the path stand behind it:
//! `path.point;lat`.
//!
//! Escapes inside one step: `~0` for `~`, `~1` for `/`, `~2` for `*`, `~3` for `!`, `~4` for `{`,
//! `~5` for `#`; `~6` for `;` in the name of a parameter of a segment; `~7` for `.` in what is below `grpc:`; control characters become `~x` and two hex digits (RFC 6901 for the first two).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which side of the exchange a value is on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// In what the client sent.
    Request,
    /// In what the API answered.
    Response,
}

impl Side {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// The part of a message that a location starts from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Root {
    /// A segment of the path.
    Path,
    /// A query parameter.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
    /// The body: JSON, form fields, multipart parts, text.
    Body,
    /// The body as XML.
    Xml,
    /// A message of a WebSocket or stream.
    Message,
    /// A trailer field.
    Trailer,
    /// Parameters of the segments of the path (`;name=value`): below each segment its own. Their locations begin
    /// as those of segments do.
    Matrix,
    /// Messages of gRPC or protocol buffers.
    Grpc,
}

impl Root {
    /// The word a location starts with, without its separator.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
            Self::Xml => "xml",
            Self::Message => "ws.message",
            Self::Trailer => "trailer",
            Self::Matrix => "matrix",
            Self::Grpc => "grpc",
        }
    }

    /// Whether names follow a dot (`query.q`) rather than `:/`.
    #[must_use]
    pub const fn is_named(self) -> bool {
        matches!(
            self,
            Self::Path | Self::Query | Self::Header | Self::Cookie | Self::Trailer | Self::Matrix
        )
    }
}

/// A location as text, in instance or general form.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Location(String);

impl Location {
    /// Starts a location at the beginning of `root`.
    #[must_use]
    pub fn root(root: Root) -> Self {
        let mut text = root.as_str().to_owned();
        if !root.is_named() {
            text.push(':');
        }
        Self(text)
    }

    /// Wraps text that already is a location.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same without room to grow, for what is kept.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    /// Adds the first name after a named root: `query` → `query.q`.
    pub fn push_name(&mut self, name: &str) {
        self.0.push('.');
        escape_into(&mut self.0, name);
    }

    /// Where parameters of a segment are: `path` → `path.2;`.
    pub fn push_segment_parameters(&mut self, segment: u32) {
        use fmt::Write as _;
        let _ = write!(self.0, ".{segment};");
    }

    /// Adds the name of a parameter of a segment: `path.2;` → `path.2;lat`.
    pub fn push_segment_parameter(&mut self, name: &str) {
        let mut escaped = String::with_capacity(name.len());
        escape_into(&mut escaped, name);
        self.0.push_str(&escaped.replace(';', "~6"));
    }

    /// Whether it is a parameter of a segment of the path, or what is decoded of one.
    #[must_use]
    pub fn is_segment_parameter(&self) -> bool {
        let Some(rest) = self.0.strip_prefix("path.") else { return false };
        let segment = rest.split(['/', '!']).next().unwrap_or("");
        segment.split_once(';').is_some_and(|(_, name)| !name.is_empty())
    }

    /// Adds a step of a tree: `body:` → `body:/items`, `grpc:Pay` → `grpc:Pay.card`.
    pub fn push_key(&mut self, key: &str) {
        self.separate();
        if is_dotted(&self.0) && key.contains('.') {
            let mut escaped = String::with_capacity(key.len() + 1);
            escape_into(&mut escaped, key);
            self.0.push_str(&escaped.replace('.', "~7"));
        } else {
            escape_into(&mut self.0, key);
        }
    }

    /// Begins the next step of a tree.
    fn separate(&mut self) {
        match is_dotted(&self.0) {
            true if self.0 == GRPC => {}
            true => self.0.push('.'),
            false => self.0.push('/'),
        }
    }

    /// Adds an array index.
    pub fn push_index(&mut self, index: u32) {
        use fmt::Write as _;
        self.separate();
        let _ = write!(self.0, "{index}");
    }

    /// Marks the n-th value (from 0) of a repeated name: nothing for the first.
    pub fn push_repeat(&mut self, index: u32) {
        use fmt::Write as _;
        if index > 0 {
            let _ = write!(self.0, "#{index}");
        }
    }

    /// Adds "any element": `*`.
    pub fn push_any_index(&mut self) {
        self.separate();
        self.0.push('*');
    }

    /// Adds "any key of a map": `{key}`.
    pub fn push_any_key(&mut self) {
        self.separate();
        self.0.push_str("{key}");
    }

    /// Adds a decoding step: `!base64`.
    pub fn push_decoder(&mut self, name: &str) {
        self.0.push('!');
        self.0.push_str(name);
    }

    /// Whether it is a whole message of gRPC, or the root of all: `grpc:Pay`.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.0.strip_prefix(GRPC).is_some_and(|rest| !rest.contains(['.', '!']))
    }

    /// The steps from the general location `above` down to this one; `None` when this one is not below
    /// it.
    pub fn steps_below(&self, above: &Self) -> Option<impl Iterator<Item = GeneralStep<'_>>> {
        let mut rest = self.0.strip_prefix(above.as_str())?;
        let mut is_dotted = is_dotted(&above.0);
        let is_first = above.0 == GRPC && !rest.is_empty();
        (is_first || rest.starts_with(marks(is_dotted))).then_some(())?;
        // What is first below `grpc:` has no mark.
        let mut first = is_first.then_some('.');
        Some(std::iter::from_fn(move || {
            let (mark, tail) = match first.take() {
                Some(mark) => (mark, rest),
                None => (rest.chars().next()?, rest.get(1..)?),
            };
            is_dotted &= mark != '!';
            let end = tail.find(marks(is_dotted)).unwrap_or(tail.len());
            let (step, next) = tail.split_at(end);
            rest = next;
            Some(match (mark, step) {
                ('!', name) => GeneralStep::Decoder(name),
                (_, "*") => GeneralStep::AnyIndex,
                (_, "{key}") => GeneralStep::AnyKey,
                (_, key) => GeneralStep::Key(unescape(key)),
            })
        }))
    }

    /// Adds a step of the general form.
    pub fn push_step(&mut self, step: &GeneralStep<'_>) {
        match step {
            GeneralStep::Key(key) => self.push_key(key),
            GeneralStep::AnyKey => self.push_any_key(),
            GeneralStep::AnyIndex => self.push_any_index(),
            GeneralStep::Decoder(name) => self.push_decoder(name),
        }
    }

    /// The location as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last named step, unescaped: the field name that gives a value its context. Empty when
    /// the location ends in an index or a root.
    #[must_use]
    pub fn last_name(&self) -> String {
        let is_name = |s: &&str| *s != "*" && !s.bytes().all(|b| b.is_ascii_digit());
        if is_dotted(&self.0) {
            let below = self.0.split('.').skip(1);
            let name = below.filter(|s| is_name(&s.split('#').next().unwrap_or(""))).last();
            return unescape(name.and_then(|name| name.split('#').next()).unwrap_or(""));
        }
        let tail = self.0.rsplit(['/', '!']).find(is_name);
        let tail = tail.unwrap_or("");
        let tail = match tail.split_once('.') {
            Some(("path", segment)) => segment.rsplit(';').next().unwrap_or(segment),
            Some((root, name)) if ["query", "header", "cookie", "trailer"].contains(&root) => name,
            _ => tail,
        };
        unescape(tail.split('#').next().unwrap_or(""))
    }
}

/// What locations below [`Root::Grpc`] begin with.
const GRPC: &str = "grpc:";

/// Whether dots part the steps at the end of a location: those of gRPC, up to what was decoded.
fn is_dotted(text: &str) -> bool {
    text.starts_with(GRPC) && !text.contains('!')
}

/// What parts the steps of a location.
const fn marks(is_dotted: bool) -> [char; 2] {
    [if is_dotted { '.' } else { '/' }, '!']
}

/// One step of a location in general form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GeneralStep<'a> {
    /// A key, without escapes.
    Key(String),
    /// Any key of a map: `{key}`.
    AnyKey,
    /// Any element: `*`.
    AnyIndex,
    /// A decoding: `!base64`.
    Decoder(&'a str),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Appends `step` with the escapes of this module.
pub fn escape_into(out: &mut String, step: &str) {
    use fmt::Write as _;
    for ch in step.chars() {
        match ch {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            '*' => out.push_str("~2"),
            '!' => out.push_str("~3"),
            '{' => out.push_str("~4"),
            '#' => out.push_str("~5"),
            c if c.is_control() && (c as u32) < 256 => {
                let _ = write!(out, "~x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
}

/// Undoes [`escape_into`]; unknown escapes stay as they are.
#[must_use]
pub fn unescape(step: &str) -> String {
    let mut out = String::with_capacity(step.len());
    let mut rest = step;
    while let Some(at) = rest.find('~') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let (ch, used) = match tail.as_bytes().first() {
            Some(b'0') => ('~', 1),
            Some(b'1') => ('/', 1),
            Some(b'2') => ('*', 1),
            Some(b'3') => ('!', 1),
            Some(b'4') => ('{', 1),
            Some(b'5') => ('#', 1),
            Some(b'6') => (';', 1),
            Some(b'7') => ('.', 1),
            Some(b'x') => match tail.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(code) => (char::from(code), 3),
                None => ('~', 0),
            },
            _ => ('~', 0),
        };
        out.push(ch);
        rest = &tail[used..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_round_trip() {
        for step in ["a/b~c*!{#}", "\u{0}\u{7f}é\u{85}", "~x", "plain", ""] {
            let mut escaped = String::new();
            escape_into(&mut escaped, step);
            assert_eq!(unescape(&escaped), step);
            assert!(!escaped.contains(['/', '*', '!', '{', '#']));
        }
    }

    #[test]
    fn steps_go_down_and_up_again() {
        let above = Location::from_text("body:/users");
        let below = Location::from_text("body:/users/a~1b/*/{key}/~4key}!jwt/payload");
        let steps: Vec<_> = below.steps_below(&above).expect("below").collect();
        let key = |text: &str| GeneralStep::Key(text.to_owned());
        assert_eq!(
            steps,
            [
                key("a/b"),
                GeneralStep::AnyIndex,
                GeneralStep::AnyKey,
                key("{key}"),
                GeneralStep::Decoder("jwt"),
                key("payload"),
            ]
        );
        let mut again = above.clone();
        steps.iter().for_each(|step| again.push_step(step));
        assert_eq!(again, below);
        for other in ["body:/users", "body:/users2/a", "body:/user", "query.users"] {
            assert!(Location::from_text(other).steps_below(&above).is_none(), "{other}");
        }
    }

    #[test]
    fn parameters_of_segments_stand_behind_them() {
        let mut location = Location::root(Root::Path);
        location.push_segment_parameters(2);
        assert!(!location.is_segment_parameter());
        location.push_segment_parameter("a;b");
        assert_eq!(location.as_str(), "path.2;a~6b");
        assert!(location.is_segment_parameter());
        for other in ["path.2", "path.id", "query.a;b", "path.2!json/a;b", "body:/a;b"] {
            assert!(!Location::from_text(other).is_segment_parameter(), "{other}");
        }
    }

    #[test]
    fn dots_part_the_steps_of_grpc() {
        let mut location = Location::root(Root::Grpc);
        location.push_key("Pay");
        let message = location.clone();
        location.push_key("a.b");
        location.push_any_index();
        location.push_key("1");
        location.push_decoder("json");
        location.push_key("c.d");
        assert_eq!(location.as_str(), "grpc:Pay.a~7b.*.1!json/c.d");
        let key = |text: &str| GeneralStep::Key(text.to_owned());
        let below = [key("a.b"), GeneralStep::AnyIndex, key("1"), GeneralStep::Decoder("json")];
        let mut steps: Vec<_> = location.steps_below(&message).expect("below").collect();
        assert_eq!(steps.pop(), Some(key("c.d")));
        assert_eq!(steps, below);
        let first = location.steps_below(&Location::root(Root::Grpc)).expect("below").next();
        assert_eq!(first, Some(key("Pay")));
        assert!(location.steps_below(&Location::from_text("grpc:Pa")).is_none());
        assert!(message.is_message() && Location::root(Root::Grpc).is_message());
        assert!(!location.is_message() && !Location::from_text("body:").is_message());
    }

    #[test]
    fn last_name_is_the_nearest_key() {
        for (text, name) in [
            ("body:/items/3/sku", "sku"),
            ("body:/tags/*", "tags"),
            ("query.q!base64!json/a", "a"),
            ("query.user~1id#2", "user/id"),
            ("header.x-api-key", "x-api-key"),
            ("path.id", "id"),
            ("path.point;lat", "lat"),
            ("path.point;a~6b!json/c", "c"),
            ("path.point;a~6b", "a;b"),
            ("body:", "body:"),
            ("grpc:Pay.card.number#1", "number"),
            ("grpc:Pay.card.1.2", "card"),
            ("grpc:Pay.1", ""),
            ("grpc:Pay.1!json/a", "a"),
        ] {
            assert_eq!(Location::from_text(text).last_name(), name, "{text}");
        }
    }
}
