//! Finds the entries of a HAR, or the elements of a list, in a stream of JSON: string-aware,
//! depth-counting, in constant memory. Nothing is parsed but the keys on the way to the list.

use memchr::memchr2;

use super::{error::SourceError, input::Input};

/// Longest key that is compared on the way to the list.
const KEY_BYTES: usize = 32;

/// Where the list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The document is the list.
    Bare,
    /// `entries` of the document.
    Top,
    /// `log.entries`, as HAR says.
    Log,
}

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// An object; [`EntryScan::entry`] has its bytes.
    Entry,
    /// An object longer than the limit; streamed over.
    TooLarge,
    /// An element that is no object.
    NotObject,
    /// The input ends inside an element or inside the document.
    Truncated,
    /// What follows the document is no document.
    TrailingGarbage,
    /// Nothing more.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Members(u8),
    Elements(Shape),
    Ended,
}

/// The scanner. Documents that follow each other are read one after the other.
#[derive(Debug)]
pub(super) struct EntryScan {
    limit: usize,
    state: State,
    index: u64,
    documents: u64,
    lists: u64,
    log_seen: bool,
    entry: Vec<u8>,
    too_large: bool,
    key: Vec<u8>,
}

impl EntryScan {
    /// Starts at the beginning; `limit` is the most bytes of an entry that are kept.
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Start,
            index: 0,
            documents: 0,
            lists: 0,
            log_seen: false,
            entry: Vec::new(),
            too_large: false,
            key: Vec::new(),
        }
    }

    /// Goes on where [`EntryScan::state_code`] was taken, after `index` elements.
    pub(super) const fn resume(limit: usize, code: u8, index: u64) -> Self {
        let mut scan = Self::new(limit);
        scan.index = index;
        scan.state = match code {
            1 => State::Members(1),
            2 => State::Members(2),
            3 => State::Elements(Shape::Bare),
            4 => State::Elements(Shape::Top),
            5 => State::Elements(Shape::Log),
            6 => State::Ended,
            _ => State::Start,
        };
        if code > 0 {
            scan.documents = 1;
            scan.lists = 1;
        }
        scan
    }

    /// The state as a number, for checkpoints.
    pub(super) const fn state_code(&self) -> u8 {
        match self.state {
            State::Start => 0,
            State::Members(1) => 1,
            State::Members(_) => 2,
            State::Elements(Shape::Bare) => 3,
            State::Elements(Shape::Top) => 4,
            State::Elements(Shape::Log) => 5,
            State::Ended => 6,
        }
    }

    /// Bytes of the last entry.
    pub(super) fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// Number of the last element, from 1.
    pub(super) const fn index(&self) -> u64 {
        self.index
    }

    /// How many lists of entries were found.
    pub(super) const fn lists(&self) -> u64 {
        self.lists
    }

    /// Whether a member `log` that is an object was seen.
    pub(super) const fn log_seen(&self) -> bool {
        self.log_seen
    }

    /// Shape of the list that is being read.
    pub(super) const fn shape(&self) -> Option<Shape> {
        match self.state {
            State::Elements(shape) => Some(shape),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        self.entry.capacity() + self.key.capacity()
    }

    /// Reads on to the next element.
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Scanned, SourceError> {
        loop {
            let next = match self.state {
                State::Ended => return Ok(Scanned::End),
                State::Start => self.document(input)?,
                State::Members(level) => self.member(input, level)?,
                State::Elements(shape) => self.element(input, shape)?,
            };
            match next {
                Some(Scanned::Truncated | Scanned::TrailingGarbage | Scanned::End) => {
                    self.state = State::Ended;
                    return Ok(next.unwrap_or(Scanned::End));
                }
                Some(scanned) => return Ok(scanned),
                None => {}
            }
        }
    }

    fn document(&mut self, input: &mut Input) -> Result<Option<Scanned>, SourceError> {
        if self.documents == 0 && input.fill()?.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        skip_space(input)?;
        match input.peek()? {
            None => return Ok(Some(Scanned::End)),
            Some(b'{') => self.state = State::Members(1),
            Some(b'[') => self.begin_list(Shape::Bare),
            Some(_) => return Ok(Some(Scanned::TrailingGarbage)),
        }
        input.consume(1);
        self.documents += 1;
        Ok(None)
    }

    fn begin_list(&mut self, shape: Shape) {
        self.state = State::Elements(shape);
        self.lists += 1;
    }

    fn member(&mut self, input: &mut Input, level: u8) -> Result<Option<Scanned>, SourceError> {
        skip_space(input)?;
        match input.peek()? {
            None => return Ok(Some(Scanned::Truncated)),
            Some(b'}') => {
                input.consume(1);
                self.state = if level == 2 { State::Members(1) } else { State::Start };
                return Ok(None);
            }
            Some(b'"') => {}
            Some(b'{' | b'[') => return self.pass_value(input),
            Some(_) => {
                input.consume(1);
                return Ok(None);
            }
        }
        if !self.read_key(input)? {
            return Ok(Some(Scanned::Truncated));
        }
        skip_space(input)?;
        if input.peek()? != Some(b':') {
            return Ok(None);
        }
        input.consume(1);
        skip_space(input)?;
        match (input.peek()?, self.key.as_slice()) {
            (Some(b'{'), b"log") if level == 1 => {
                input.consume(1);
                self.log_seen = true;
                self.state = State::Members(2);
                Ok(None)
            }
            (Some(b'['), b"entries") => {
                input.consume(1);
                self.begin_list(if level == 2 { Shape::Log } else { Shape::Top });
                Ok(None)
            }
            _ => self.pass_value(input),
        }
    }

    fn element(&mut self, input: &mut Input, shape: Shape) -> Result<Option<Scanned>, SourceError> {
        skip_space(input)?;
        match input.peek()? {
            None => Ok(Some(Scanned::Truncated)),
            Some(close @ (b']' | b'}')) => {
                // A list closed by `}` is broken; what it closes is the object around it.
                if close == b']' {
                    input.consume(1);
                }
                self.state = match shape {
                    Shape::Bare if close == b']' => State::Start,
                    Shape::Bare => return Ok(Some(Scanned::TrailingGarbage)),
                    Shape::Top => State::Members(1),
                    Shape::Log => State::Members(2),
                };
                Ok(None)
            }
            Some(b'{') => {
                self.index += 1;
                self.entry.clear();
                self.too_large = false;
                let ended = self.nested(input, true)?;
                Ok(Some(match (ended, self.too_large) {
                    (false, _) => Scanned::Truncated,
                    (true, true) => Scanned::TooLarge,
                    (true, false) => Scanned::Entry,
                }))
            }
            Some(_) => {
                self.index += 1;
                let passed = self.pass_value(input)?;
                Ok(Some(passed.unwrap_or(Scanned::NotObject)))
            }
        }
    }

    /// Reads a string as a key; keeps its beginning. False when the input ends in it.
    fn read_key(&mut self, input: &mut Input) -> Result<bool, SourceError> {
        self.key.clear();
        input.consume(1);
        let mut escaped = false;
        loop {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let (taken, ended) = string_part(chunk, &mut escaped);
            let text = chunk.get(..taken - usize::from(ended)).unwrap_or_default();
            let free = KEY_BYTES.saturating_sub(self.key.len());
            self.key.extend(text.iter().take(free));
            input.consume(taken);
            if ended {
                return Ok(true);
            }
        }
    }

    /// Streams over a value.
    fn pass_value(&mut self, input: &mut Input) -> Result<Option<Scanned>, SourceError> {
        let ended = match input.peek()? {
            Some(b'{' | b'[') => self.nested(input, false)?,
            Some(b'"') => self.read_key(input)?,
            _ => scalar(input)?,
        };
        Ok((!ended).then_some(Scanned::Truncated))
    }

    /// Reads an object or list to its end, keeping it when asked. False when the input ends in it.
    fn nested(&mut self, input: &mut Input, keep: bool) -> Result<bool, SourceError> {
        let (mut depth, mut in_string, mut escaped) = (0u64, false, false);
        loop {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let (mut at, mut ended) = (0, false);
            while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
                if in_string {
                    let (taken, closed) = string_part(rest, &mut escaped);
                    at += taken;
                    in_string = !closed;
                    continue;
                }
                let Some(n) =
                    rest.iter().position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'))
                else {
                    at = chunk.len();
                    break;
                };
                at += n + 1;
                match rest.get(n) {
                    Some(b'"') => in_string = true,
                    Some(b'{' | b'[') => depth += 1,
                    _ => depth = depth.saturating_sub(1),
                }
                if depth == 0 {
                    ended = true;
                    break;
                }
            }
            if keep && !self.too_large {
                if self.entry.len() + at > self.limit {
                    self.too_large = true;
                    self.entry = Vec::new();
                } else {
                    self.entry.extend_from_slice(chunk.get(..at).unwrap_or_default());
                }
            }
            input.consume(at);
            if ended {
                return Ok(true);
            }
        }
    }
}

/// How much of `chunk`, which begins inside a string, belongs to it, its closing quote included;
/// and whether that quote is there.
fn string_part(chunk: &[u8], escaped: &mut bool) -> (usize, bool) {
    let mut at = 0;
    while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
        if std::mem::take(escaped) {
            at += 1;
            continue;
        }
        match memchr2(b'"', b'\\', rest) {
            None => return (chunk.len(), false),
            Some(n) => {
                at += n + 1;
                if rest.get(n) == Some(&b'"') {
                    return (at, true);
                }
                *escaped = true;
            }
        }
    }
    (at, false)
}

/// Streams over a number or word. Always ends: the end of the input ends it too.
fn scalar(input: &mut Input) -> Result<bool, SourceError> {
    loop {
        let chunk = input.fill()?;
        if chunk.is_empty() {
            return Ok(true);
        }
        let ends = |b: &u8| matches!(b, b',' | b']' | b'}') || b.is_ascii_whitespace();
        match chunk.iter().position(ends) {
            Some(n) => {
                input.consume(n);
                return Ok(true);
            }
            None => {
                let all = chunk.len();
                input.consume(all);
            }
        }
    }
}

/// Streams over white space and commas (and the record separator of RFC 7464).
fn skip_space(input: &mut Input) -> Result<(), SourceError> {
    loop {
        let chunk = input.fill()?;
        if chunk.is_empty() {
            return Ok(());
        }
        let space = |b: &u8| !(b.is_ascii_whitespace() || *b == b',' || *b == 0x1e);
        match chunk.iter().position(space) {
            Some(n) => {
                input.consume(n);
                return Ok(());
            }
            None => {
                let all = chunk.len();
                input.consume(all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Vec<(Scanned, String)> {
        let bytes = text.as_bytes().to_vec();
        let mut input =
            Input::reader("x", Box::new(std::io::Cursor::new(bytes)), None).expect("opens");
        let mut scan = EntryScan::new(20);
        let mut out = Vec::new();
        loop {
            let next = scan.next(&mut input).expect("reads");
            if next == Scanned::End {
                return out;
            }
            let entry = if next == Scanned::Entry { scan.entry() } else { b"" };
            out.push((next, String::from_utf8_lossy(entry).into_owned()));
        }
    }

    fn entries(text: &str) -> Vec<String> {
        scan(text).into_iter().filter(|(s, _)| *s == Scanned::Entry).map(|(_, e)| e).collect()
    }

    #[test]
    fn entries_are_found_in_every_shape() {
        let list = r#"[{"a":"}"}, {"b":"\"]\\"} ]"#;
        for text in [
            list.to_owned(),
            format!(r#"{{"entries":{list}}}"#),
            format!(
                "\u{feff}{{\"log\":{{\"pages\":[{{\"entries\":[{{}}]}}],\"entries\":{list}}}}}"
            ),
            format!(r#"{{"x":"entries","y":1.5e3,"log":{{"z":null,"entries":{list},"q":true}}}}"#),
        ] {
            assert_eq!(entries(&text), [r#"{"a":"}"}"#, r#"{"b":"\"]\\"}"#], "{text}");
            assert_eq!(scan(&text).len(), 2, "{text}");
        }
    }

    #[test]
    fn documents_may_follow_each_other() {
        assert_eq!(entries("[{\"a\":1}]\n{\"entries\":[{\"b\":2}]}"), [r#"{"a":1}"#, r#"{"b":2}"#]);
    }

    #[test]
    fn oddities_are_named() {
        let kinds = |text| scan(text).into_iter().map(|(s, _)| s).collect::<Vec<_>>();
        assert_eq!(kinds("[null, 1, \"x\", [1]]"), [Scanned::NotObject; 4]);
        assert_eq!(kinds("[{},"), [Scanned::Entry, Scanned::Truncated]);
        assert_eq!(kinds("[{\"a\":\""), [Scanned::Truncated]);
        assert_eq!(kinds("{\"log\":{\"entries\":[{}]"), [Scanned::Entry, Scanned::Truncated]);
        assert_eq!(kinds("[{}] <html>"), [Scanned::Entry, Scanned::TrailingGarbage]);
        assert_eq!(
            kinds("[{\"a\":\"12345678901234567890\"},{}]"),
            [Scanned::TooLarge, Scanned::Entry]
        );
        assert_eq!(kinds("{\"log\":[2,1,3]\"request:\"}"), []);
        assert_eq!(kinds("{\"log\":{\"entries\":[{}}}"), [Scanned::Entry]);
        assert_eq!(kinds(""), []);
    }

    #[test]
    fn stray_delimiters_do_not_hang() {
        for text in
            ["]]]", "}", "{]]]", "{:::}", "[}", "{\"entries\":]", "{\"a\" \"b\"}", "{\"a\":,}"]
        {
            scan(text);
        }
    }
}
