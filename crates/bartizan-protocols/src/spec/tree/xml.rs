//! XML with positions: an element is an object under its local name, repeated ones as `name[2]`,
//! `name[3]`; attributes are `@name`, text is `#text`. Elements of a namespace for bindings of
//! WSDL have it as `#ns`. Document types are never read, entities never resolved.

use std::collections::HashMap;

use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};

use super::{Builder, Position, Tree, short};
use crate::spec::{SpecLimit, budget::Limits, problem::Problems};

/// Longest text of one element that is kept, in bytes: documentation, not values.
const MAX_TEXT: usize = 4 * 1024;
/// Most bytes of a namespace; a longer one is none that we know.
const MAX_NAMESPACE: usize = 128;

/// Reads a document.
pub(super) fn read(text: &str, limits: Limits, problems: &mut Problems) -> Tree {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut lines = Lines::new(text);
    let mut state =
        State { builder: Builder::new(limits), names: vec![HashMap::new()], said: None };
    // A root for the one element, so that its name is in the tree.
    let mut result = state.builder.open(true, Position { line: 1, column: 1 }).map(|_| ());
    while result.is_ok() {
        let at = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
        match reader.read_resolved_event() {
            Ok((_, Event::Eof)) => {
                if state.names.len() > 1 {
                    let what = "the document ends inside of an element";
                    problems.error_in(&state.builder, at, what);
                }
                break;
            }
            Ok((namespace, event)) => {
                let namespace = match &namespace {
                    // Each element keeps its own: a long one would be kept as often as there are elements.
                    ResolveResult::Bound(namespace) => {
                        let name = namespace.0;
                        if name.len() <= MAX_NAMESPACE { name.to_owned() } else { String::new() }
                    }
                    _ => String::new(),
                };
                result = state.event(&event, &namespace, at, problems);
            }
            Err(error) => {
                let what = format!("not XML: {error}; nothing behind this is read");
                problems.error_in(&state.builder, at, what);
                break;
            }
        }
    }
    if let Err(limit) = result {
        problems.limit_in(&state.builder, lines.at(0), limit);
    }
    state.builder.finish()
}

struct State {
    builder: Builder,
    /// How often each name came in the open elements.
    names: Vec<HashMap<String, u32>>,
    /// The text of the innermost element, while it has no child.
    said: Option<(String, Position)>,
}

impl State {
    fn event(
        &mut self,
        event: &Event<'_>,
        namespace: &str,
        at: Position,
        problems: &mut Problems,
    ) -> Result<(), SpecLimit> {
        match event {
            Event::Start(start) => self.start(start, namespace, at),
            Event::Empty(start) => {
                self.start(start, namespace, at)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => {
                if let Some((said, _)) = &mut self.said
                    && said.len() + text.len() <= MAX_TEXT
                {
                    said.push_str(text);
                }
                Ok(())
            }
            Event::DocType(_) => {
                problems.warning("", at, "a document type is not read");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start(
        &mut self,
        start: &BytesStart<'_>,
        namespace: &str,
        at: Position,
    ) -> Result<(), SpecLimit> {
        let name = start.local_name();
        let name: &str = name.as_ref();
        if name.len() > MAX_TEXT {
            return Err(SpecLimit::NameBytes);
        }
        let count = match self.names.last_mut() {
            Some(names) => {
                let count = names.entry(name.to_owned()).or_insert(0);
                *count += 1;
                *count
            }
            None => 1,
        };
        if count == 1 {
            self.builder.object(name, at)?;
        } else {
            self.builder.object(&format!("{name}[{count}]"), at)?;
        }
        self.names.push(HashMap::new());
        self.said = Some((String::new(), at));
        if namespace.contains("/wsdl/") && !namespace.ends_with("/wsdl/") {
            self.builder.member("#ns", namespace, at)?;
        }
        // A name that came before hides what it had: no check that costs the square of their number.
        for attribute in start.attributes().with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            let key = match key.split_once(':') {
                Some(("xmlns", _)) => key,
                Some((_, local)) => local,
                None => key,
            };
            let value: &str = &attribute.value;
            if key.len() > MAX_TEXT {
                return Err(SpecLimit::NameBytes);
            }
            self.builder.member(&format!("@{key}"), &unescape(value), at)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SpecLimit> {
        if let Some((said, at)) = self.said.take() {
            let said = said.trim();
            if !said.is_empty() {
                self.builder.member("#text", said, at)?;
            }
        }
        if self.names.len() > 1 {
            self.names.pop();
            self.builder.close();
        }
        Ok(())
    }
}

/// The five entities of XML; others stay as they are.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Counts lines and columns from front to back.
pub(crate) struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Lines<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    /// The position of a byte that is not before the last one asked for.
    pub(crate) fn at(&mut self, byte: usize) -> Position {
        let bytes = self.text.as_bytes();
        let byte = byte.min(bytes.len());
        for letter in bytes.get(self.at..byte).unwrap_or_default() {
            if *letter == b'\n' {
                self.line += 1;
                self.column = 1;
            } else if (letter & 0xc0) != 0x80 {
                self.column += 1;
            }
        }
        self.at = self.at.max(byte);
        Position { line: short(self.line), column: short(self.column) }
    }
}
