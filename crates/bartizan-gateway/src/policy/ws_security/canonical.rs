//! Canonical XML: the bytes of an element that are digested. Exclusive XML Canonicalization 1.0 (W3C, 18 July 2002) and
//! Canonical XML 1.0 (W3C, 15 March 2001), both without comments, of an element with all that is in it but one signature.

use roxmltree::{Attribute, Namespace};

use super::{
    Fault,
    document::{self, DEPTH, Part},
};
use crate::policy::detectors::{OVER_BUDGET, OVER_LIMITS, thread_nanos};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Bytes that are gathered before they go on.
const PIECE: usize = 4_096;
/// Elements after which it is asked whether there is time for more.
const ELEMENTS: u32 = 64;

/// Which namespaces an element is written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Those that it and its attributes use, and of these prefixes those that are in scope; the default one is empty.
    Exclusive(Vec<String>),
    /// Those that are in scope.
    Inclusive,
}

/// How much may be written of one message, all its references together.
#[derive(Debug)]
pub(super) struct Bounds {
    /// Bytes that are left.
    pub(super) left: usize,
    /// Processor time of this thread at which it ends.
    pub(super) until: u64,
    pub(super) elements: u32,
}

impl Bounds {
    /// Asks whether there is time.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if thread_nanos() < self.until { Ok(()) } else { Err(Fault::Gap(OVER_BUDGET)) }
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.elements += 1;
        if self.left == 0 {
            return Err(Fault::Gap(OVER_LIMITS));
        }
        if self.elements.is_multiple_of(ELEMENTS) { self.check() } else { Ok(()) }
    }
}

/// What there is to say of what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// A text is in several pieces to whoever does not join them.
    pub(super) has_split_text: bool,
    /// The value of an `xsi:type` has a prefix whose meaning is not written with it, and can be changed from outside.
    pub(super) has_open_type: bool,
}

/// Writes an element without `left_out`, piece by piece.
///
/// # Errors
/// When it is too deep, or more than may be written.
pub(super) fn write(
    apex: Part<'_>,
    form: &Form,
    left_out: Option<Part<'_>>,
    bounds: &mut Bounds,
    put: &mut dyn FnMut(&[u8]),
) -> Result<Written, Fault> {
    let input = apex.document().input_text();
    let (buffer, rendered, written) = (String::new(), Vec::new(), Written::default());
    let mut writer = Writer { input, form, left_out, bounds, put, buffer, rendered, written };
    writer.element(apex, 0)?;
    writer.flush();
    Ok(writer.written)
}

struct Writer<'a, 'd> {
    input: &'d str,
    form: &'a Form,
    left_out: Option<Part<'d>>,
    bounds: &'a mut Bounds,
    put: &'a mut dyn FnMut(&[u8]),
    buffer: String,
    /// Prefixes and namespaces as written for the open elements, those of inner ones behind.
    rendered: Vec<(&'d str, &'d str)>,
    written: Written,
}

impl<'d> Writer<'_, 'd> {
    fn flush(&mut self) {
        (self.put)(self.buffer.as_bytes());
        self.bounds.left = self.bounds.left.saturating_sub(self.buffer.len());
        self.buffer.clear();
    }

    fn element(&mut self, node: Part<'d>, depth: usize) -> Result<(), Fault> {
        if depth >= DEPTH {
            return Err(Fault::Gap(OVER_LIMITS));
        }
        self.bounds.step()?;
        let name = name_at(self.input, node.range().start + 1);
        let before = self.rendered.len();
        self.buffer.push('<');
        self.buffer.push_str(name);
        self.namespaces(node, name);
        self.attributes(node, depth == 0);
        self.buffer.push('>');
        for child in node.children() {
            if child.is_element() {
                if Some(child) != self.left_out {
                    self.element(child, depth + 1)?;
                }
            } else if child.is_text() {
                self.written.has_split_text |= document::is_split(child);
                text(child.text().unwrap_or(""), &mut self.buffer);
            } else if let Some(instruction) = child.pi() {
                self.instruction(instruction.target, instruction.value);
            }
            if self.buffer.len() >= PIECE {
                self.flush();
            }
        }
        self.buffer.push_str("</");
        self.buffer.push_str(name);
        self.buffer.push('>');
        self.rendered.truncate(before);
        Ok(())
    }

    fn instruction(&mut self, target: &str, value: Option<&str>) {
        self.buffer.push_str("<?");
        self.buffer.push_str(target);
        if let Some(value) = value {
            self.buffer.push(' ');
            // Parsers read each line break as one character (XML 1.0 §2.11), this one not here.
            self.buffer.push_str(&value.replace("\r\n", "\n").replace('\r', "\n"));
        }
        self.buffer.push_str("?>");
    }

    /// Writes the namespaces that the open elements outside of this one were not written with.
    fn namespaces(&mut self, node: Part<'d>, name: &'d str) {
        let mut wanted: Vec<&str> = match self.form {
            Form::Inclusive => node.namespaces().map(prefix).chain([""]).collect(),
            Form::Exclusive(listed) => {
                let of_attributes =
                    node.attributes().map(|one| prefix_of(self.attribute_name(one)));
                let used = of_attributes.filter(|prefix| !prefix.is_empty());
                used.chain([prefix_of(name)]).chain(listed.iter().map(String::as_str)).collect()
            }
        };
        wanted.sort_unstable();
        wanted.dedup();
        for wanted in wanted {
            let Some((prefix, uri)) = in_scope(node, wanted) else {
                // Without a default namespace where one was written.
                if wanted.is_empty() && self.rendered_as("").is_some_and(|uri| !uri.is_empty()) {
                    self.buffer.push_str(" xmlns=\"\"");
                    self.rendered.push(("", ""));
                }
                continue;
            };
            if self.rendered_as(prefix) == Some(uri) {
                continue;
            }
            self.buffer.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.buffer.push_str(prefix);
            self.buffer.push_str("=\"");
            value(uri, &mut self.buffer);
            self.buffer.push('"');
            self.rendered.push((prefix, uri));
        }
    }

    fn rendered_as(&self, prefix: &str) -> Option<&'d str> {
        self.rendered.iter().rev().find(|(known, _)| *known == prefix).map(|(_, uri)| *uri)
    }

    fn attributes(&mut self, node: Part<'d>, is_apex: bool) {
        let mut all: Vec<Attribute<'d, 'd>> = node.attributes().collect();
        if is_apex && *self.form == Form::Inclusive {
            // Canonical XML 1.0 §2.4: those of `xml` that elements outside have.
            for outside in node.ancestors().skip(1).flat_map(|node| node.attributes()) {
                let is_there = |known: &Attribute<'_, '_>| {
                    known.namespace() == Some(XML) && known.name() == outside.name()
                };
                if outside.namespace() == Some(XML) && !all.iter().any(is_there) {
                    all.push(outside);
                }
            }
        }
        all.sort_unstable_by_key(|one| (one.namespace().unwrap_or(""), one.name()));
        for attribute in all {
            self.buffer.push(' ');
            self.buffer.push_str(self.attribute_name(attribute));
            self.buffer.push_str("=\"");
            value(attribute.value(), &mut self.buffer);
            self.buffer.push('"');
            if attribute.namespace() == Some(INSTANCE) && attribute.name() == "type" {
                let prefix = prefix_of(attribute.value().trim_ascii());
                let meant = in_scope(node, prefix).map(|(_, uri)| uri);
                let written = self.rendered_as(prefix).filter(|uri| !uri.is_empty());
                self.written.has_open_type |= meant != written;
            }
        }
    }

    fn attribute_name(&self, attribute: Attribute<'d, 'd>) -> &'d str {
        name_at(self.input, attribute.range().start)
    }
}

/// The prefix, and the namespace that it stands for in an element; `None` when it stands for none.
fn in_scope<'d>(node: Part<'d>, wanted: &str) -> Option<(&'d str, &'d str)> {
    if wanted == "xml" {
        // It is written nowhere.
        return None;
    }
    let found = node.namespaces().find(|one| prefix(one) == wanted)?;
    (!found.uri().is_empty()).then(|| (prefix(found), found.uri()))
}

fn prefix<'d>(namespace: &'d Namespace<'d>) -> &'d str {
    namespace.name().unwrap_or("")
}

fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// A name with its prefix, as it is written.
fn name_at(input: &str, at: usize) -> &str {
    let rest = input.get(at..).unwrap_or("");
    let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='));
    rest.get(..end.unwrap_or(rest.len())).unwrap_or("")
}

/// Canonical XML 1.0 §2.3, text nodes.
fn text(text: &str, out: &mut String) {
    escape(text, out, |byte| {
        Some(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\r' => "&#xD;",
            _ => return None,
        })
    });
}

/// Canonical XML 1.0 §2.3, attribute nodes.
fn value(text: &str, out: &mut String) {
    escape(text, out, |byte| {
        Some(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'"' => "&quot;",
            b'\t' => "&#x9;",
            b'\n' => "&#xA;",
            b'\r' => "&#xD;",
            _ => return None,
        })
    });
}

/// What is replaced is ASCII, so that texts are cut between characters.
fn escape(text: &str, out: &mut String, replaced: impl Fn(u8) -> Option<&'static str>) {
    let mut begin = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(instead) = replaced(byte) {
            out.push_str(text.get(begin..at).unwrap_or(""));
            out.push_str(instead);
            begin = at + 1;
        }
    }
    out.push_str(text.get(begin..).unwrap_or(""));
}

#[cfg(test)]
pub(super) mod tests;
