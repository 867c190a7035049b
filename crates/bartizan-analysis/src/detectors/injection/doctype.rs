//! Document types of XML and the entities that they declare (XML 1.0 §2.8, §4.2). Nothing is resolved, and
//! nothing is put in: what an entity would grow to is computed.

use std::collections::HashMap;

use super::look::{has, is_blank, skip};

/// Most declarations of one document type that are read.
const MAX_DECLARATIONS: usize = 128;
/// Most references in the values of entities that are followed.
const MAX_REFERENCES: usize = 4_096;
/// How often sizes are added up: entities that still grow then refer to themselves, or are as bad.
const MAX_ROUNDS: usize = 32;
/// Longest name of an entity that is looked at, in bytes.
const MAX_NAME: usize = 64;

/// A document type.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Doctype<'t> {
    /// Where the rest of it is.
    pub(crate) external: Option<External<'t>>,
    /// Entities, in their order.
    pub(crate) entities: Vec<Entity<'t>>,
}

/// Something outside of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct External<'t> {
    /// Whether it has a public identifier, by which catalogues know it.
    pub(crate) is_public: bool,
    /// Where it is.
    pub(crate) system: &'t str,
}

/// A declared entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entity<'t> {
    name: &'t str,
    /// Whether it is one of declarations (`%name;`), and not of content (`&name;`).
    pub(crate) is_parameter: bool,
    pub(crate) value: Value<'t>,
}

/// What an entity stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'t> {
    Internal(&'t str),
    External(External<'t>),
}

/// What the largest entity would grow to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// So many bytes.
    Bytes(u64),
    /// Entities refer to themselves, or through more others than are followed.
    Endless,
}

impl<'t> Doctype<'t> {
    /// Reads the document type that a text has, or the declarations alone.
    pub(crate) fn read(text: &'t str) -> Self {
        let mut doctype = Self::default();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find("<!")) {
            at += found;
            if let Some(comment) = text.get(at..).and_then(|rest| rest.strip_prefix("<!--")) {
                let Some(end) = comment.find("-->") else { break };
                at += "<!---->".len() + end;
            } else if has(text.as_bytes(), at, "<!doctype") {
                let mut words = Words { text, at: at + 9 };
                words.name();
                doctype.external = doctype.external.or_else(|| words.external());
                at = words.at;
            } else if has(text.as_bytes(), at, "<!entity") {
                let mut words = Words { text, at: at + 8 };
                doctype.entities.extend(words.entity());
                at = words.at;
                if doctype.entities.len() >= MAX_DECLARATIONS {
                    break;
                }
            } else {
                at += 2;
            }
        }
        doctype
    }

    /// What the largest of the entities would grow to.
    pub(crate) fn growth(&self) -> Growth {
        let names = self.entities.iter().enumerate();
        // The first declaration of a name counts (§4.2).
        let names: HashMap<_, _> =
            names.rev().map(|(i, e)| ((e.is_parameter, e.name), i)).collect();
        let mut left = MAX_REFERENCES;
        let mut parts = Vec::with_capacity(self.entities.len());
        for entity in &self.entities {
            let Value::Internal(value) = entity.value else {
                parts.push((0, Vec::new()));
                continue;
            };
            let known = references(value).filter_map(|name| names.get(&name).copied());
            let known: Vec<_> = known.take(left).collect();
            left -= known.len();
            parts.push((value.len() as u64, known));
        }
        let mut sizes: Vec<u64> = parts.iter().map(|(own, _)| *own).collect();
        for _ in 0..MAX_ROUNDS {
            let mut has_grown = false;
            for (entity, (own, inside)) in parts.iter().enumerate() {
                let add = |sum: u64, one: &usize| {
                    sum.saturating_add(sizes.get(*one).copied().unwrap_or(0))
                };
                let size = inside.iter().fold(*own, add);
                if let Some(known) = sizes.get_mut(entity) {
                    has_grown |= *known != size;
                    *known = size;
                }
            }
            if !has_grown {
                return Growth::Bytes(sizes.into_iter().max().unwrap_or(0));
            }
        }
        Growth::Endless
    }
}

/// References to entities in a value: whether of a parameter, and the name.
fn references(value: &str) -> impl Iterator<Item = (bool, &str)> {
    let bytes = value.as_bytes();
    memchr::memchr2_iter(b'&', b'%', bytes).filter_map(move |at| {
        let name = value.get(at + 1..)?;
        let end = name.bytes().take(MAX_NAME).position(|byte| byte == b';')?;
        Some((bytes.get(at) == Some(&b'%'), name.get(..end)?))
    })
}

/// Words of a declaration.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Words<'t> {
    fn blank(&mut self) {
        self.at = skip(self.text.as_bytes(), self.at, is_blank);
    }

    /// Passes over a word, when it comes next.
    fn word(&mut self, word: &str) -> bool {
        self.blank();
        let is_next = has(self.text.as_bytes(), self.at, word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    fn name(&mut self) -> &'t str {
        self.blank();
        let is_name =
            |b: u8| !is_blank(b) && !matches!(b, b'[' | b']' | b'<' | b'>' | b'"' | b'\'');
        let end = skip(self.text.as_bytes(), self.at, is_name);
        let name = self.text.get(self.at..end).unwrap_or_default();
        self.at = end;
        name
    }

    /// A literal in quotes; one that has no end goes up to that of the text.
    fn literal(&mut self) -> Option<&'t str> {
        self.blank();
        let quote = *self.text.as_bytes().get(self.at)?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let rest = self.text.get(self.at + 1..)?;
        let length = memchr::memchr(quote, rest.as_bytes()).unwrap_or(rest.len());
        self.at = (self.at + 1 + length + 1).min(self.text.len());
        rest.get(..length)
    }

    fn external(&mut self) -> Option<External<'t>> {
        let is_public = self.word("public");
        if is_public {
            self.literal()?;
        } else if !self.word("system") {
            return None;
        }
        self.literal().map(|system| External { is_public, system })
    }

    /// What stands behind `<!ENTITY`.
    fn entity(&mut self) -> Option<Entity<'t>> {
        let is_parameter = self.word("%");
        let name = self.name();
        let external = self.external().map(Value::External);
        let value = external.or_else(|| self.literal().map(Value::Internal))?;
        Some(Entity { name, is_parameter, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        let text = "<?xml version='1.0'?><!DOCTYPE a PUBLIC \"-//A\" 'a.dtd' [<!-- <!ENTITY no 'x'> -->\n\
                    <!ELEMENT a ANY><!ENTITY  one \"1 > 0\"><!ENTITY % two SYSTEM 'http://h/x'>\n\
                    <!ENTITY three PUBLIC 'p' \"t\"><!ENTITY four>]><a/>";
        let doctype = Doctype::read(text);
        assert_eq!(doctype.external, Some(External { is_public: true, system: "a.dtd" }));
        let external = |is_public, system| Value::External(External { is_public, system });
        let entity = |name, is_parameter, value| Entity { name, is_parameter, value };
        assert_eq!(
            doctype.entities,
            [
                entity("one", false, Value::Internal("1 > 0")),
                entity("two", true, external(false, "http://h/x")),
                entity("three", false, external(true, "t")),
            ]
        );
        for text in
            ["", "<!", "<!DOCTYPE", "<!DOCTYPE html>", "<!ENTITY", "<!ENTITY a", "<!--", "é<!é"]
        {
            assert_eq!(Doctype::read(text), Doctype::default(), "{text}");
        }
        let open = Doctype::read("<!ENTITY a 'never ended");
        assert_eq!(open.entities, [entity("a", false, Value::Internal("never ended"))]);
        assert_eq!(Doctype::read(&"<!ENTITY a 'b'>".repeat(1000)).entities.len(), MAX_DECLARATIONS);
    }

    /// Ten times ten times … of three letters, declared in this order.
    fn bomb(levels: usize, is_reversed: bool) -> String {
        let level = |n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10));
        let mut all: Vec<_> = (1..=levels).map(level).collect();
        all.insert(0, "<!ENTITY l0 'lol'>".to_owned());
        if is_reversed {
            all.reverse();
        }
        format!("<!DOCTYPE a [{}]>", all.concat())
    }

    #[test]
    fn growth_is_computed_in_any_order_and_without_an_end() {
        for is_reversed in [false, true] {
            let bomb = bomb(9, is_reversed);
            let Growth::Bytes(bytes) = Doctype::read(&bomb).growth() else { panic!("it ends") };
            assert!(bytes > 3_000_000_000, "{bytes}");
        }
        let growth = |text: &str| Doctype::read(text).growth();
        assert_eq!(growth("<!ENTITY a 'abc'><!ENTITY b '&a;&a;&amp;&none;'>"), Growth::Bytes(23));
        assert_eq!(growth("<!ENTITY a '&b;'><!ENTITY b '&a;'>"), Growth::Endless);
        assert_eq!(growth("<!ENTITY a '&a;'>"), Growth::Endless);
        // A parameter is another entity, and the first declaration counts.
        assert_eq!(growth("<!ENTITY a 'x&b;'><!ENTITY % b '%a;'>"), Growth::Bytes(4));
        assert_eq!(growth("<!ENTITY a 'x'><!ENTITY a '&a;'>"), Growth::Bytes(4));
        assert_eq!(growth("no entities"), Growth::Bytes(0));
        assert_eq!(growth(&bomb(60, false)), Growth::Bytes(u64::MAX));
    }
}
