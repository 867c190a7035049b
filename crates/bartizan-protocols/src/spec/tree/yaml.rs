//! YAML 1.2 with positions. Aliases and merge keys are expanded within a budget. Scalars follow the
//! core schema (§10.3.2); names stay as written, so that a status `200` is one.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Builder, MAX_NAME, NodeId, Position, Tree, short};
use crate::spec::{SpecLimit, budget::Limits, problem::Problems};

/// Most anchors of one file.
const MAX_ANCHORS: usize = 20_000;

/// Reads the first document of a text.
pub(super) fn read(text: &str, limits: Limits, problems: &mut Problems) -> Tree {
    let mut reader = Reader {
        builder: Builder::new(limits),
        problems,
        anchors: HashMap::new(),
        names: Vec::new(),
    };
    let mut last = Position { line: 1, column: 1 };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                last = position(&span);
                match reader.event(&event, last) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(limit) => {
                        reader.problems.limit_in(&reader.builder, last, limit);
                        break;
                    }
                }
            }
            Err(error) => {
                let mark = error.marker();
                let at = Position { line: short(mark.line()), column: short(mark.col() + 1) };
                let what = format!("not YAML: {}; nothing behind this is read", error.info());
                reader.problems.error_in(&reader.builder, at, what);
                break;
            }
        }
    }
    if reader.builder.is_empty() {
        reader.problems.error("", last, "the document is empty");
    }
    reader.builder.finish()
}

fn position(span: &Span) -> Position {
    Position { line: short(span.start.line()), column: short(span.start.col() + 1) }
}

/// What the next node of an open mapping is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Name,
    Value,
    /// An element of a sequence.
    Element,
    /// Inside a name that is no scalar: nodes are counted off and left out.
    Skip(u32),
}

struct Reader<'p> {
    builder: Builder,
    problems: &'p mut Problems,
    anchors: HashMap<usize, NodeId>,
    names: Vec<Expect>,
}

impl Reader<'_> {
    /// False at the end of the document.
    fn event(&mut self, event: &Event<'_>, at: Position) -> Result<bool, SpecLimit> {
        if let Some(Expect::Skip(depth)) = self.names.last_mut() {
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    *depth = depth.saturating_add(1);
                    return Ok(true);
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    *depth = depth.saturating_sub(1);
                    if *depth == 0 {
                        self.names.pop();
                    }
                    return Ok(true);
                }
                Event::DocumentEnd | Event::StreamEnd => {}
                _ => return Ok(true),
            }
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.names.last() == Some(&Expect::Name) {
                    self.name(text, at)?;
                } else {
                    let id = self.scalar(text, *style, tag.as_deref(), at)?;
                    self.anchor(*anchor, id)?;
                    self.value_done();
                }
            }
            Event::SequenceStart(_, anchor, _) => self.open(false, *anchor, at)?,
            Event::MappingStart(_, anchor, _) => self.open(true, *anchor, at)?,
            Event::SequenceEnd => self.close(),
            Event::MappingEnd => {
                self.builder.merge()?;
                self.close();
            }
            Event::Alias(id) => self.alias(*id, at)?,
            Event::DocumentEnd => return Ok(false),
            _ => {}
        }
        Ok(true)
    }

    fn name(&mut self, text: &str, at: Position) -> Result<(), SpecLimit> {
        if text.len() > MAX_NAME {
            return Err(SpecLimit::NameBytes);
        }
        let again = self.builder.has(text);
        self.builder.key(text, at)?;
        if again {
            let what = "this name came before: the last one counts";
            self.problems.warning_in(&self.builder, at, what);
        }
        self.set(Expect::Value);
        Ok(())
    }

    fn set(&mut self, expect: Expect) {
        if let Some(last) = self.names.last_mut() {
            *last = expect;
        }
    }

    fn value_done(&mut self) {
        if self.names.last() == Some(&Expect::Value) {
            self.set(Expect::Name);
        }
    }

    fn open(&mut self, object: bool, anchor: usize, at: Position) -> Result<(), SpecLimit> {
        if self.names.last() == Some(&Expect::Name) {
            self.problems.error_in(&self.builder, at, "a name that is no text: read as `?`");
            self.builder.key("?", at)?;
            self.set(Expect::Value);
            self.names.push(Expect::Skip(1));
            return Ok(());
        }
        let id = self.builder.open(object, at)?;
        self.anchor(anchor, id)?;
        self.names.push(if object { Expect::Name } else { Expect::Element });
        Ok(())
    }

    fn close(&mut self) {
        self.names.pop();
        self.builder.close();
        self.value_done();
    }

    fn anchor(&mut self, anchor: usize, id: NodeId) -> Result<(), SpecLimit> {
        if anchor > 0 {
            if self.anchors.len() >= MAX_ANCHORS {
                return Err(SpecLimit::Anchors);
            }
            self.anchors.insert(anchor, id);
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), SpecLimit> {
        let target = self.anchors.get(&anchor).copied();
        if self.names.last() == Some(&Expect::Name) {
            let name = target.and_then(|id| self.builder.tree.node(id).scalar());
            let name = name.unwrap_or("?");
            if name.len() > MAX_NAME {
                return Err(SpecLimit::NameBytes);
            }
            let name = name.to_owned();
            self.builder.expand_bytes(name.len())?;
            return self.name(&name, at);
        }
        match target {
            Some(id) if !self.builder.is_open(id) => {
                self.builder.copy(id)?;
            }
            _ => {
                let what = "an alias of something around it, or of nothing: read as null";
                self.problems.error_in(&self.builder, at, what);
                self.builder.null(at)?;
            }
        }
        self.value_done();
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: Position,
    ) -> Result<NodeId, SpecLimit> {
        let is_text = tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
        if style != ScalarStyle::Plain || is_text {
            return self.builder.text(text, at);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => self.builder.null(at),
            "true" | "True" | "TRUE" => self.builder.bool(true, at),
            "false" | "False" | "FALSE" => self.builder.bool(false, at),
            _ if is_number(text) => self.builder.number(text, at),
            _ => self.builder.text(text, at),
        }
    }
}

/// Integers and decimals of the core schema.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    let begins = digits.strip_prefix('.').unwrap_or(digits);
    begins.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'))
        && digits.parse::<f64>().is_ok()
}
