//! An answer written anew, without what is not shown.

use std::fmt::Write as _;

use bartizan_protocols::{NodeRef, Value};

use super::{Property, thread_nanos};

/// Deepest nesting that is written.
const DEPTH: usize = 256;
/// Values between two looks at the clock.
const VALUES_AT_ONCE: usize = 1_024;

/// Writes answers anew.
pub(super) struct Rewriter<'p> {
    pub(super) strip: &'p [Property],
    pub(super) mask: &'p [Property],
    /// Processor time of the thread at which it ends.
    pub(super) until: u64,
}

/// What has been written.
struct Written<'v> {
    text: String,
    /// Names and elements above what is being written.
    path: Vec<Option<&'v str>>,
    is_changed: bool,
    values: usize,
}

impl Rewriter<'_> {
    /// The document without what is not shown; `None` when all of it is.
    ///
    /// # Errors
    /// When it takes too long, or is too deep.
    pub(super) fn write(&self, root: NodeRef<'_>) -> Result<Option<String>, ()> {
        let mut out =
            Written { text: String::new(), path: Vec::new(), is_changed: false, values: 0 };
        self.value(root, &mut out)?;
        Ok(out.is_changed.then_some(out.text))
    }

    fn value<'v>(&self, node: NodeRef<'v>, out: &mut Written<'v>) -> Result<(), ()> {
        out.values += 1;
        let is_late = out.values.is_multiple_of(VALUES_AT_ONCE) && thread_nanos() > self.until;
        if is_late || out.path.len() > DEPTH {
            return Err(());
        }
        match node.value() {
            Value::Object => self.members(node, out),
            Value::Array => self.elements(node, out),
            Value::Text(text) => quoted(text, &mut out.text),
            Value::Null => {
                out.text.push_str("null");
                Ok(())
            }
            Value::Bool(is) => write!(out.text, "{is}").map_err(|_| ()),
            Value::Integer(_) | Value::Number(_) if !node.raw().is_empty() => {
                out.text.push_str(node.raw());
                Ok(())
            }
            Value::Integer(number) => write!(out.text, "{number}").map_err(|_| ()),
            Value::Number(number) => write!(out.text, "{number}").map_err(|_| ()),
            Value::Opaque(_) => Err(()),
        }
    }

    fn members<'v>(&self, node: NodeRef<'v>, out: &mut Written<'v>) -> Result<(), ()> {
        out.text.push('{');
        let mut is_first = true;
        for child in node.children() {
            out.path.push(Some(child.key()));
            let is = |properties: &[Property]| properties.iter().any(|one| one.is_at(&out.path));
            if is(self.strip) {
                out.is_changed = true;
                out.path.pop();
                continue;
            }
            let is_masked = is(self.mask) && child.value() != Value::Null;
            if !is_first {
                out.text.push(',');
            }
            is_first = false;
            quoted(child.key(), &mut out.text)?;
            out.text.push(':');
            match child.value() {
                Value::Text(_) if is_masked => out.text.push_str("\"***\""),
                _ if is_masked => out.text.push_str("null"),
                _ => self.value(child, out)?,
            }
            out.is_changed |= is_masked;
            out.path.pop();
        }
        out.text.push('}');
        Ok(())
    }

    fn elements<'v>(&self, node: NodeRef<'v>, out: &mut Written<'v>) -> Result<(), ()> {
        out.text.push('[');
        out.path.push(None);
        for (at, child) in node.children().enumerate() {
            if at > 0 {
                out.text.push(',');
            }
            self.value(child, out)?;
        }
        out.path.pop();
        out.text.push(']');
        Ok(())
    }
}

impl Property {
    /// Whether it is what this path leads to.
    fn is_at(&self, path: &[Option<&str>]) -> bool {
        let is_same = |name: &Option<String>, step: &Option<&str>| match (name, step) {
            (None, _) => true,
            (Some(name), Some(step)) => name.eq_ignore_ascii_case(step),
            (Some(_), None) => false,
        };
        if self.is_anywhere {
            return path.last().is_some_and(|step| is_same(&self.names[0], step));
        }
        self.names.len() == path.len()
            && self.names.iter().zip(path).all(|(name, step)| is_same(name, step))
    }
}

/// A text as JSON.
fn quoted(text: &str, out: &mut String) -> Result<(), ()> {
    out.push_str(&serde_json::to_string(text).map_err(|_| ())?);
    Ok(())
}
