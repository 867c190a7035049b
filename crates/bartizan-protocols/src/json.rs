//! JSON (RFC 8259) straight into the view, without recursion and without a tree of its own.
//!
//! Tolerates what lenient parsers tolerate (comments, single quotes, trailing commas, bare words,
//! odd numbers) and notes it, because the API behind may read it too. When several members of an
//! object have one name, all are kept under the same location.

use bartizan_model::{LimitName, limits::NotInspectedReason};

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    names::is_identifier,
    view::{NodeId, Step, Value},
};

mod lexer;

use lexer::{Lexer, Number, Text};

/// Objects with more keys are maps from here on.
pub const MAP_KEYS: u32 = 64;

/// An open object or array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    node: NodeId,
    object: bool,
    /// Children so far.
    count: u32,
    /// Where the hashes of its keys start.
    keys: usize,
    /// Which of 128 buckets the keys so far are in.
    seen: u128,
    /// Two keys fell into one bucket.
    shared: bool,
}

/// What is around the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One value; more values behind it make it a sequence.
    Document,
    /// Values one after the other: NDJSON or RFC 7464.
    Sequence,
    /// One value inside a text: no bare words, nothing behind it.
    Embedded,
}

/// How far a body was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// To its end.
    Whole,
    /// Several values to the end.
    Sequence,
    /// The text ends in the middle of a value.
    Cut,
    /// Something that is no JSON.
    Malformed,
    /// Until a limit on values or text.
    Limited,
}

/// Why parsing stopped early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    End,
    Malformed,
    Limit,
}

impl From<Stop> for Outcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::End => Self::Cut,
            Stop::Malformed => Self::Malformed,
            Stop::Limit => Self::Limited,
        }
    }
}

impl Decoder<'_> {
    /// Decodes a text into `root` and records what was not understood. The caller closes `root`.
    pub(crate) fn json(&mut self, root: NodeId, text: &str, mode: Mode) -> Outcome {
        let mut lexer = Lexer::new(text, mode == Mode::Embedded);
        let marked = text.trim_ascii_start().starts_with('\u{1e}');
        if mode == Mode::Sequence || (mode == Mode::Document && marked) {
            return self.sequence(root, &mut lexer);
        }
        let mark = self.view.mark();
        let outcome = match self.tree(&mut lexer, root) {
            Ok(()) => match lexer.after_value(self) {
                None => Outcome::Whole,
                Some(b'{' | b'[' | 0x1e) if mode == Mode::Document => {
                    self.view.rollback(mark);
                    return self.sequence(root, &mut Lexer::new(text, false));
                }
                Some(_) => {
                    self.view.anomaly(self.side, AnomalyKind::TrailingData);
                    Outcome::Malformed
                }
            },
            Err(stop) => stop.into(),
        };
        self.incomplete(outcome);
        outcome
    }

    fn incomplete(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Cut => self.view.anomaly(self.side, AnomalyKind::UnexpectedEnd),
            Outcome::Malformed => {
                self.view.anomaly(self.side, AnomalyKind::Malformed);
                self.view.skip(self.side, NotInspectedReason::Malformed);
            }
            Outcome::Whole | Outcome::Sequence | Outcome::Limited => {}
        }
    }

    /// Values one after the other as elements of `root`. A line that is no JSON is skipped and
    /// noted.
    fn sequence(&mut self, root: NodeId, lexer: &mut Lexer<'_>) -> Outcome {
        self.view.set_value(root, Value::Array);
        let mut index = 0;
        let mut outcome = Outcome::Sequence;
        loop {
            let separated = lexer.separator(self);
            if lexer.peek().is_none() {
                break;
            }
            if index > 0 && !separated {
                self.view.anomaly(self.side, AnomalyKind::TrailingData);
            }
            let Some(node) = self.view.open(root, Step::Index(index), Value::Null) else {
                return Outcome::Limited;
            };
            index += 1;
            let result = self.tree(lexer, node);
            self.view.close(node);
            match result {
                Ok(()) => {}
                Err(Stop::Malformed) => {
                    self.incomplete(Outcome::Malformed);
                    outcome = Outcome::Malformed;
                    if !lexer.skip_line() {
                        break;
                    }
                }
                Err(stop) => {
                    self.incomplete(stop.into());
                    return stop.into();
                }
            }
        }
        outcome
    }

    /// One value with everything in it.
    fn tree(&mut self, lexer: &mut Lexer<'_>, root: NodeId) -> Result<(), Stop> {
        let base = self.scratch.frames.len();
        let keys = self.scratch.keys.len();
        let result = self.grow(lexer, root, base);
        // Ends what an early stop left open, innermost first.
        while self.scratch.frames.len() > base {
            if let Some(frame) = self.scratch.frames.pop() {
                self.finish(frame);
            }
        }
        self.scratch.keys.truncate(keys);
        result
    }

    fn grow(&mut self, lexer: &mut Lexer<'_>, root: NodeId, base: usize) -> Result<(), Stop> {
        lexer.space(self);
        self.value(lexer, root, base)?;
        while self.scratch.frames.len() > base {
            let Some(frame) = self.scratch.frames.last().copied() else { break };
            lexer.space(self);
            let close = if frame.object { b'}' } else { b']' };
            let mut byte = lexer.peek().ok_or(Stop::End)?;
            if frame.count > 0 && byte != close {
                if byte != b',' {
                    return Err(Stop::Malformed);
                }
                lexer.bump();
                lexer.space(self);
                byte = lexer.peek().ok_or(Stop::End)?;
                if byte == close {
                    self.view.anomaly(self.side, AnomalyKind::NonStandardJson);
                }
            }
            if byte == close {
                lexer.bump();
                self.scratch.frames.pop();
                self.finish(frame);
                continue;
            }
            let node = if frame.object {
                self.member(lexer, frame)?
            } else {
                self.view
                    .open(frame.node, Step::Index(frame.count), Value::Null)
                    .ok_or(Stop::Limit)?
            };
            if let Some(top) = self.scratch.frames.last_mut() {
                top.count = top.count.saturating_add(1);
            }
            self.value(lexer, node, base)?;
        }
        Ok(())
    }

    /// Reads `"key" :` and opens its node.
    fn member(&mut self, lexer: &mut Lexer<'_>, frame: Frame) -> Result<NodeId, Stop> {
        let node = match lexer.key(self)? {
            Text::Plain(key) => self.open_member(frame, key)?,
            Text::Escaped => {
                let key = std::mem::take(&mut self.scratch.unescaped);
                let node = self.open_member(frame, &key);
                self.scratch.unescaped = key;
                node?
            }
        };
        lexer.space(self);
        match lexer.peek() {
            Some(b':') => lexer.bump(),
            Some(_) => return Err(Stop::Malformed),
            None => return Err(Stop::End),
        }
        lexer.space(self);
        Ok(node)
    }

    fn open_member(&mut self, frame: Frame, key: &str) -> Result<NodeId, Stop> {
        let map = frame.count >= MAP_KEYS || is_identifier(key);
        let step = if map { Step::AnyKey(key) } else { Step::Key(key) };
        let node = self.view.open(frame.node, step, Value::Null).ok_or(Stop::Limit)?;
        // Below one parent, the general location of a plain key already is a hash of the key.
        let hash =
            if map { self.view.key_hash_of(frame.node, key) } else { self.view.general_of(node) };
        self.scratch.keys.push(hash);
        if let Some(top) = self.scratch.frames.last_mut() {
            let bucket = 1u128 << (hash >> 57);
            top.shared |= top.seen & bucket != 0;
            top.seen |= bucket;
        }
        Ok(node)
    }

    fn finish(&mut self, frame: Frame) {
        self.view.close(frame.node);
        if !frame.object {
            return;
        }
        if frame.shared {
            let keys = self.scratch.keys.get_mut(frame.keys..).unwrap_or_default();
            keys.sort_unstable();
            if keys.windows(2).any(|pair| pair.first() == pair.last()) {
                self.view.anomaly(self.side, AnomalyKind::DuplicateKey);
            }
        }
        self.scratch.keys.truncate(frame.keys);
    }

    /// Reads a scalar, or the beginning of an object or array.
    fn value(&mut self, lexer: &mut Lexer<'_>, node: NodeId, base: usize) -> Result<(), Stop> {
        match lexer.peek().ok_or(Stop::End)? {
            b'"' => {
                lexer.bump();
                let (text, stop) = lexer.string(self, b'"');
                self.string_value(node, text);
                stop.map_or(Ok(()), Err)
            }
            b'{' => self.container(lexer, node, base, true),
            b'[' => self.container(lexer, node, base, false),
            b'-' | b'0'..=b'9' => self.number(lexer, node),
            _ => self.word(lexer, node),
        }
    }

    fn string_value(&mut self, node: NodeId, text: Text<'_>) {
        match text {
            Text::Plain(text) => self.text(node, text),
            Text::Escaped => {
                let text = std::mem::take(&mut self.scratch.unescaped);
                self.text(node, &text);
                self.scratch.unescaped = text;
            }
        }
    }

    fn container(
        &mut self,
        lexer: &mut Lexer<'_>,
        node: NodeId,
        base: usize,
        object: bool,
    ) -> Result<(), Stop> {
        lexer.bump();
        self.view.set_value(node, if object { Value::Object } else { Value::Array });
        if self.scratch.frames.len() - base >= self.limits.depth as usize {
            self.view.limit(self.side, LimitName::Depth);
            return if lexer.skip_container() { Ok(()) } else { Err(Stop::End) };
        }
        let keys = self.scratch.keys.len();
        self.scratch.frames.push(Frame { node, object, count: 0, keys, seen: 0, shared: false });
        Ok(())
    }

    fn number(&mut self, lexer: &mut Lexer<'_>, node: NodeId) -> Result<(), Stop> {
        let (written, number) = lexer.number()?;
        match number {
            Number::Integer(value) => {
                if value.unsigned_abs() > 1 << 53 {
                    self.view.anomaly(self.side, AnomalyKind::NumberRange);
                }
                self.view.set_number(node, Value::Integer(value), written);
            }
            Number::Double { value, exact } => {
                if !exact {
                    self.view.anomaly(self.side, AnomalyKind::NumberRange);
                }
                self.view.set_number(node, Value::Number(value), written);
            }
            Number::Odd => {
                self.view.anomaly(self.side, AnomalyKind::NonStandardNumber);
                self.text(node, written);
            }
        }
        Ok(())
    }

    /// `true`, `false`, `null` and what lenient parsers read: quoted by `'`, bare words, `NaN`, `+1`,
    /// `.5`.
    fn word(&mut self, lexer: &mut Lexer<'_>, node: NodeId) -> Result<(), Stop> {
        match lexer.peek() {
            Some(b'\'') => {
                lexer.bump();
                self.view.anomaly(self.side, AnomalyKind::NonStandardJson);
                let (text, stop) = lexer.string(self, b'\'');
                self.string_value(node, text);
                return stop.map_or(Ok(()), Err);
            }
            Some(b'+' | b'.') => return self.number(lexer, node),
            _ => {}
        }
        let word = lexer.word();
        match word {
            "true" => self.view.set_value(node, Value::Bool(true)),
            "false" => self.view.set_value(node, Value::Bool(false)),
            "null" => self.view.set_value(node, Value::Null),
            "NaN" | "Infinity" => {
                self.view.anomaly(self.side, AnomalyKind::NonStandardNumber);
                self.view.set_value(node, Value::Text(word));
            }
            "" => return Err(Stop::Malformed),
            _ if lexer.at_end()
                && ["true", "false", "null"].iter().any(|w| w.starts_with(word)) =>
            {
                return Err(Stop::End);
            }
            // At the top, a bare word is no JSON at all.
            _ if lexer.is_strict() || self.view.is_root(node) => return Err(Stop::Malformed),
            _ => {
                self.view.anomaly(self.side, AnomalyKind::NonStandardJson);
                self.text(node, word);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
