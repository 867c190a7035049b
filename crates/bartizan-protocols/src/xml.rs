//! XML without document types and entities: nothing is ever resolved.
//!
//! Element names lose their prefix; attributes are `@name`. An element with text is a text, also
//! when it has attributes or children, which are below it.

use bartizan_model::{LimitName, limits::NotInspectedReason};
use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    names::Names,
    percent,
    view::{NodeId, Step, Value},
};

/// Longest name of a reference in an attribute.
const REFERENCE_MOST: usize = 64;

/// How encodings are called in which markup is written as in ASCII, or two bytes for each of ASCII. In others, such as
/// UTF-7 and those of EBCDIC, whoever believes the declaration reads other elements than whoever does not.
const ENCODINGS: [&str; 14] = [
    "utf-8",
    "utf8",
    "utf-16",
    "us-ascii",
    "ascii",
    "iso-8859-",
    "latin",
    "windows-",
    "koi8-",
    "shift_jis",
    "euc-",
    "gb",
    "big5",
    "iso-10646-ucs-2",
];

fn writes_ascii(encoding: &str) -> bool {
    let begins = |known: &&str| {
        let start = encoding.as_bytes().get(..known.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()))
    };
    ENCODINGS.iter().any(begins)
}

/// An open element.
struct Element {
    node: NodeId,
    /// Where its text starts in the buffer of the document.
    text: usize,
    /// It has child elements or attributes.
    parent: bool,
    pieces: Pieces,
}

/// How the text of an element is written.
#[derive(Clone, Copy, Default)]
struct Pieces {
    /// Runs of text and sections with it.
    count: u32,
    /// The last of them goes on.
    is_open: bool,
    /// There is a comment or an instruction beside them.
    is_noted: bool,
}

impl Pieces {
    fn text(&mut self) {
        self.count += u32::from(!self.is_open);
        self.is_open = true;
    }

    fn section(&mut self) {
        self.count += 1;
        self.is_open = false;
    }

    fn note(&mut self) {
        (self.is_open, self.is_noted) = (false, true);
    }

    /// Whether a parser that takes the first piece, or the first node, reads something else than all of it.
    const fn are_several(self) -> bool {
        self.count > 1 || (self.count > 0 && self.is_noted)
    }
}

/// The state of one document.
struct Document {
    open: Vec<Element>,
    text: String,
    /// Names of siblings, keyed by their parent too.
    names: Names,
    /// Elements below the limit on depth, which are not looked at.
    too_deep: usize,
    elements: usize,
    /// No room for more.
    full: bool,
}

impl Document {
    /// Notes of the open element how its text goes on.
    fn pieces(&mut self, note: fn(&mut Pieces)) {
        if let Some(open) = self.open.last_mut() {
            note(&mut open.pieces);
        }
    }
}

impl Decoder<'_> {
    /// Decodes a document below `root`. False when it is no XML: for a body that only looks like
    /// it (`declared` false) any error counts, otherwise only when no element was found.
    pub(crate) fn xml(&mut self, root: NodeId, text: &str, declared: bool) -> bool {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = true;
        config.allow_dangling_amp = true;
        let mut document = Document {
            open: vec![Element { node: root, text: 0, parent: true, pieces: Pieces::default() }],
            text: String::new(),
            names: Names::default(),
            too_deep: 0,
            elements: 0,
            full: false,
        };
        let clean = loop {
            match reader.read_event() {
                Ok(Event::Eof) => break document.open.len() == 1 && document.too_deep == 0,
                Ok(event) => self.xml_event(&mut document, root, &event),
                Err(_) => break false,
            }
            if document.full {
                break true;
            }
        };
        if document.elements == 0 || (!clean && !declared) {
            return false;
        }
        if !clean {
            self.view.anomaly(self.side, AnomalyKind::Malformed);
            self.view.skip(self.side, NotInspectedReason::Malformed);
        }
        while document.open.len() > 1 {
            self.end_element(&mut document);
        }
        if !document.text.trim().is_empty() {
            self.view.anomaly(self.side, AnomalyKind::TrailingData);
        }
        true
    }

    fn xml_event(&mut self, document: &mut Document, root: NodeId, event: &Event<'_>) {
        match event {
            Event::Start(start) => self.start_element(document, start),
            Event::Empty(start) => {
                let depth = document.open.len();
                self.start_element(document, start);
                if document.too_deep > 0 {
                    document.too_deep -= 1;
                } else if document.open.len() > depth {
                    self.end_element(document);
                }
            }
            Event::End(_) if document.too_deep > 0 => document.too_deep -= 1,
            Event::End(_) => self.end_element(document),
            Event::Text(text) if document.too_deep == 0 => {
                if !text.trim().is_empty() {
                    document.pieces(Pieces::text);
                }
                document.text.push_str(text);
            }
            Event::CData(text) if document.too_deep == 0 => {
                document.pieces(Pieces::section);
                document.text.push_str(text);
            }
            Event::Comment(_) if document.too_deep == 0 => document.pieces(Pieces::note),
            Event::GeneralRef(reference) if document.too_deep == 0 => {
                document.pieces(Pieces::text);
                self.reference(&mut document.text, reference);
            }
            Event::DocType(text) => {
                self.view.anomaly(self.side, AnomalyKind::XmlDoctype);
                // Shown to detectors as it is: an external entity is named here.
                let parent = document.open.last().map_or(root, |element| element.node);
                let text = format!("<!DOCTYPE {}>", &**text);
                let shown = self.view.leaf(parent, Step::Key("!DOCTYPE"), Value::Text(&text));
                document.full |= shown.is_none();
            }
            Event::Decl(declaration) => {
                let named = declaration.encoding();
                if named.is_some_and(|name| !name.is_ok_and(|name| writes_ascii(&name))) {
                    self.view.anomaly(self.side, AnomalyKind::UnknownCharset);
                }
            }
            Event::PI(_) => {
                document.pieces(Pieces::note);
                self.view.anomaly(self.side, AnomalyKind::XmlInstruction);
            }
            _ => {}
        }
    }

    fn start_element(&mut self, document: &mut Document, start: &BytesStart<'_>) {
        document.elements += 1;
        if document.too_deep > 0 || document.open.len() > self.limits.depth as usize {
            self.view.limit(self.side, LimitName::Depth);
            document.full |= !self.view.has_time(self.side, start.len());
            document.too_deep += 1;
            return;
        }
        let Some(top) = document.open.last_mut() else { return };
        top.parent = true;
        let parent = top.node;
        let name = start.local_name();
        let name: &str = name.as_ref();
        let key = self.hash(name) ^ (parent.index() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let step = match document.names.add(key, 0) {
            None => Step::Key(name),
            Some(seen) => Step::Repeat(name, seen.count),
        };
        let Some(node) = self.view.open(parent, step, Value::Object) else {
            document.full = true;
            return;
        };
        let with = self.attributes(node, start);
        document.open.push(Element {
            node,
            text: document.text.len(),
            parent: with,
            pieces: Pieces::default(),
        });
    }

    fn attributes(&mut self, node: NodeId, start: &BytesStart<'_>) -> bool {
        let mut names = std::mem::take(&mut self.scratch.names);
        let mut key = std::mem::take(&mut self.scratch.name);
        names.clear();
        let mut any = false;
        // Our own look for duplicates is linear, the reader's is not.
        for (i, attribute) in start.attributes().with_checks(false).enumerate() {
            if i >= self.limits.xml_attributes as usize {
                self.view.limit(self.side, LimitName::XmlAttributes);
                break;
            }
            let Ok(attribute) = attribute else {
                self.view.anomaly(self.side, AnomalyKind::Malformed);
                break;
            };
            let name: &str = attribute.key.as_ref();
            key.clear();
            key.push('@');
            key.push_str(name);
            if names.add(self.hash(name), 0).is_some() {
                self.view.anomaly(self.side, AnomalyKind::DuplicateKey);
            }
            any = true;
            let value = self.attribute_value(&attribute.value);
            if self.text_leaf(node, Step::Key(&key), &value).is_none() {
                break;
            }
        }
        self.scratch.names = names;
        self.scratch.name = key;
        any
    }

    /// A value with its references resolved, as far as they are predefined.
    fn attribute_value(&mut self, raw: &str) -> String {
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find('&') {
            out.push_str(rest.get(..at).unwrap_or_default());
            let tail = rest.get(at + 1..).unwrap_or_default();
            // Bounded: a value of nothing but `&` must not be searched to its end for each.
            let end = tail.bytes().take(REFERENCE_MOST).position(|b| b == b';');
            match end.and_then(|end| Some((tail.get(..end)?, tail.get(end + 1..)?))) {
                Some((name, after)) => {
                    self.reference(&mut out, &BytesRef::new(name));
                    rest = after;
                }
                None => {
                    out.push('&');
                    rest = tail;
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// Appends a character reference or predefined entity; any other stays as it is written.
    fn reference(&mut self, out: &mut String, reference: &BytesRef<'_>) {
        let name: &str = reference;
        let ch = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        match ch {
            Some(ch) => out.push(ch),
            None => {
                self.view.anomaly(self.side, AnomalyKind::XmlEntity);
                out.push('&');
                out.push_str(name);
                out.push(';');
            }
        }
    }

    fn end_element(&mut self, document: &mut Document) {
        if document.open.len() < 2 {
            return;
        }
        let Some(element) = document.open.pop() else { return };
        let text = document.text.get(element.text..).unwrap_or_default().trim();
        percent::controls(text, self.view, self.side);
        if element.pieces.are_several() {
            self.view.anomaly(self.side, AnomalyKind::XmlSplitText);
        }
        if !text.is_empty() || !element.parent {
            self.text(element.node, text);
        } else {
            self.view.close(element.node);
        }
        document.text.truncate(element.text);
    }
}

#[cfg(test)]
mod tests;
