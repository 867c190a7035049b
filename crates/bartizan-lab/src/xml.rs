//! The XML that SOAP and XML-RPC need: a bounded tree, and entities where a flaw lets them in.

use std::collections::HashMap;

use quick_xml::{Reader, events::Event};

/// Elements of one document.
const MAX_ELEMENTS: usize = 5_000;
/// Elements inside each other.
const MAX_DEPTH: usize = 64;
/// Characters that entities may grow to, even where a flaw expands them.
const MAX_EXPANDED: usize = 64 << 10;

/// One element, with prefixes taken off its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first element of that name inside, at any depth.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|c| if c.name == name { Some(c) } else { c.find(name) })
    }

    /// Text of the first element of that name inside; empty when there is none.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.find(name).map_or("", |element| element.text.trim())
    }
}

/// An entity that a document declares.
#[derive(Clone, Debug)]
pub(crate) enum Entity {
    /// Its text.
    Text(String),
    /// Its address.
    System(String),
}

/// The entities of a document type declaration (`<!ENTITY name "text">`, `… SYSTEM "address">`).
pub(crate) fn entities(declaration: &str) -> HashMap<String, Entity> {
    let mut found = HashMap::new();
    for part in declaration.split("<!ENTITY").skip(1).take(50) {
        let Some((name, rest)) = part.trim_start().split_once(char::is_whitespace) else {
            continue;
        };
        let rest = rest.trim_start();
        let (system, rest) = match rest.strip_prefix("SYSTEM") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let Some(value) = rest[1..].split(quote).next() else { continue };
        let value = value.to_owned();
        let entity = if system { Entity::System(value) } else { Entity::Text(value) };
        found.insert(name.to_owned(), entity);
    }
    found
}

/// Reads a document. `entity` says what a name that is not predefined stands for.
pub(crate) fn parse(
    text: &str,
    entity: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut elements = 0;
    let mut expanded = 0;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() > MAX_DEPTH {
                    return Err("the document is too large".to_owned());
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(empty) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err("the document is too large".to_owned());
                }
                let name = empty.local_name().as_ref().to_owned();
                if let Some(last) = open.last_mut() {
                    last.children.push(Element { name, ..Element::default() });
                }
            }
            Event::End(_) => {
                let Some(closed) = open.pop() else { break };
                let Some(parent) = open.last_mut() else { return Err("unbalanced".to_owned()) };
                parent.children.push(closed);
            }
            Event::Text(part) => {
                if let Some(last) = open.last_mut() {
                    last.text.push_str(&part);
                }
            }
            Event::CData(part) => {
                if let Some(last) = open.last_mut() {
                    last.text.push_str(&part);
                }
            }
            Event::GeneralRef(name) => {
                let name = name.to_string();
                let value = predefined(&name).or_else(|| entity(&name));
                let value = value.ok_or_else(|| format!("unknown entity `{name}`"))?;
                expanded += value.len();
                if expanded > MAX_EXPANDED {
                    return Err("the entities grow too large".to_owned());
                }
                if let Some(last) = open.last_mut() {
                    last.text.push_str(&value);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let document = open.into_iter().next().unwrap_or_default();
    document.children.into_iter().next().ok_or_else(|| "there is no element".to_owned())
}

fn predefined(name: &str) -> Option<String> {
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some(c.to_string())
}

/// Text as it may stand in XML and HTML, between tags and in quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree() {
        let text = "<?xml version='1.0'?><s:A xmlns:s='x'><b>1 &lt; 2</b><c/></s:A>";
        let root = parse(text, &mut |_| None).unwrap();
        assert_eq!(root.name, "A");
        assert_eq!(root.value("b"), "1 < 2");
        assert!(root.find("c").is_some());
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let deep = "<a>".repeat(1000);
        assert!(parse(&deep, &mut |_| None).is_err());
        let many = format!("<a>{}</a>", "&x;".repeat(100));
        assert!(parse(&many, &mut |_| Some("y".repeat(1000))).is_err());
        assert!(parse("<a>&x;</a>", &mut |_| None).is_err());
    }

    #[test]
    fn declared_entities_are_found() {
        let found = entities("a [<!ENTITY x \"1\"><!ENTITY y SYSTEM 'http://h/'>]");
        assert!(matches!(&found["x"], Entity::Text(text) if text == "1"));
        assert!(matches!(&found["y"], Entity::System(url) if url == "http://h/"));
    }
}
