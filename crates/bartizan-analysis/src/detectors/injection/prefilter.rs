//! The one prefilter: one pass over each text of the request.

use std::borrow::Cow;

use bartizan_model::{Root, Side};
use bartizan_protocols::view::{Codec, NodeRef, Value};

use super::{
    graphql, normal,
    signs::{self, Kinds},
};
use crate::facts::Facts;

/// Bytes of text after which it is asked whether there is time for more; a text counts at least as
/// [`TEXT_WORK`] of them.
const WORK_AT_ONCE: usize = 4096;
/// See [`WORK_AT_ONCE`].
const TEXT_WORK: usize = 64;

/// Most suspect texts of one exchange; further ones are not inspected.
pub const MAX_SUSPECTS: usize = 512;

/// A family of attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    /// SQL injection.
    Sql = 1,
    /// Cross-site scripting.
    Xss = 2,
    /// OS command injection.
    Command = 4,
    /// Path traversal and inclusion of local files.
    Traversal = 8,
    /// Document types of XML with entities.
    XmlEntity = 16,
}

impl Family {
    /// Name of the class of detections.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Sql => "sql_injection",
            Self::Xss => "cross_site_scripting",
            Self::Command => "command_injection",
            Self::Traversal => "path_traversal",
            Self::XmlEntity => "xml_entity_injection",
        }
    }
}

/// A set of families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families(u8);

impl Families {
    /// Nothing shorter than three bytes is an attack.
    fn of(text: &str, kinds: Kinds) -> Self {
        if text.len() < 3 { Self::default() } else { Self(signs::families(text, kinds)) }
    }

    /// Whether `family` is in the set.
    #[must_use]
    pub const fn has(self, family: Family) -> bool {
        self.0 & family as u8 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A text that could hold an attack.
#[derive(Clone, Debug)]
pub struct Suspect<'a> {
    /// Where it is.
    pub node: NodeRef<'a>,
    /// The text, look-alikes folded.
    pub text: Cow<'a, str>,
    /// Families of which it has signs.
    pub families: Families,
    /// Whether it is the name of the node rather than its value.
    pub is_key: bool,
    /// Whether it was hidden below another round of percent-encoding or an odd path.
    pub is_encoded: bool,
}

/// A part of a request, for those that have no time for all of it: what comes first is read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Path, query, fields, cookies and trailers.
    Head,
    /// Body and messages.
    Rest,
}

impl Part {
    fn holds(self, node: NodeRef<'_>) -> bool {
        let head =
            [Root::Path, Root::Matrix, Root::Query, Root::Header, Root::Cookie, Root::Trailer];
        node.side() == Side::Request && head.contains(&node.root()) == (self == Self::Head)
    }
}

/// What the prefilter left of one exchange.
#[derive(Debug, Default)]
pub struct Scan<'a> {
    suspects: Vec<Suspect<'a>>,
    /// Where those of the part looked at last begin.
    fresh: usize,
    limited: bool,
}

impl<'a> Scan<'a> {
    /// Suspect texts in document order; of the part that was looked at last.
    pub fn suspects(&self) -> impl Iterator<Item = &Suspect<'a>> {
        self.suspects.iter().skip(self.fresh)
    }

    /// Whether a text was cut at `value_bytes`, there were more than [`MAX_SUSPECTS`], or the time was
    /// over.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.limited
    }
}

/// Families of which a text has signs, see [`signs`]. Ordinary texts cost one look-up per byte.
#[must_use]
pub fn families(text: &str) -> Families {
    Families::of(text, Kinds::of(text))
}

/// Header fields that clients cannot put free text into without breaking the exchange, or that
/// have decoders of their own.
const PLAIN_HEADERS: &[&str] =
    &["content-length", "cookie", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"];

/// Looks at every text of the request once, as long as the pace of the view lets.
#[must_use]
pub fn scan<'a>(facts: &Facts<'a>) -> Scan<'a> {
    let mut scan = Scan::default();
    scan.look_at(facts, Part::Head);
    scan.look_at(facts, Part::Rest);
    scan.fresh = 0;
    scan
}

impl<'a> Scan<'a> {
    /// Looks at every text of a part of the request, the parts in their order, as long as the pace of
    /// the view lets.
    pub(crate) fn look_at(&mut self, facts: &Facts<'a>, part: Part) {
        self.fresh = self.suspects.len();
        let most = facts.snapshot.limits.value_bytes as usize;
        let view = &facts.decoded.view;
        let (pace, mut work) = (view.pace(), 0);
        let nodes = view.nodes().skip_while(|node| !part.holds(*node));
        for node in nodes.take_while(|node| part.holds(*node)) {
            work += TEXT_WORK + node.raw().len();
            if work >= WORK_AT_ONCE {
                work = 0;
                if !pace.has_time() {
                    self.limited = true;
                    return;
                }
            }
            let top = node.depth() == 1;
            if top && node.root() == Root::Header && PLAIN_HEADERS.contains(&node.key()) {
                continue;
            }
            if !node.key().is_empty() && node.root() != Root::Header {
                self.look(node, node.key(), most, true);
            }
            if let Value::Text(text) = node.value() {
                self.look(node, text, most, false);
            }
        }
    }

    #[inline]
    fn look(&mut self, node: NodeRef<'a>, text: &'a str, most: usize, is_key: bool) {
        let text = if text.len() > most {
            self.limited = true;
            text.get(..text.floor_char_boundary(most)).unwrap_or_default()
        } else {
            text
        };
        if !is_key && holds_decoded_tree(node) {
            return;
        }
        let kinds = Kinds::of(text);
        if kinds.is_ascii() && kinds.possible() == 0 {
            return;
        }
        self.look_closer(node, text, is_key, kinds);
    }

    fn look_closer(&mut self, node: NodeRef<'a>, text: &'a str, is_key: bool, kinds: Kinds) {
        let is_encoded = node.codec() == Some(Codec::Percent);
        if !is_key && kinds.has_marks() && graphql::is_document(text) {
            self.look_into(node, graphql::strings(text), is_encoded);
            return;
        }
        let mut folded = if kinds.is_ascii() { text.into() } else { normal::fold(text) };
        if is_encoded && folded.contains('+') && !folded.contains(' ') {
            folded = folded.replace('+', " ").into();
        }
        let families = match &folded {
            Cow::Borrowed(text) => Families::of(text, kinds),
            Cow::Owned(text) => families(text),
        };
        self.push(Suspect { node, text: folded, families, is_key, is_encoded });
    }

    /// Looks at the strings of a document, each a value of its own.
    fn look_into(
        &mut self,
        node: NodeRef<'a>,
        strings: impl Iterator<Item = &'a str>,
        is_encoded: bool,
    ) {
        for value in strings {
            let families = families(value);
            self.push(Suspect { node, text: value.into(), families, is_key: false, is_encoded });
        }
    }

    fn push(&mut self, suspect: Suspect<'a>) {
        if suspect.families.is_empty() {
            return;
        }
        if self.suspects.len() < MAX_SUSPECTS {
            self.suspects.push(suspect);
        } else {
            self.limited = true;
        }
    }
}

/// Whether the text was read as JSON, a form or a token: its parts are judged instead.
fn holds_decoded_tree(node: NodeRef<'_>) -> bool {
    node.children()
        .any(|child| matches!(child.codec(), Some(Codec::Json | Codec::Jwt | Codec::Form)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_are_no_suspects() {
        for text in ["", "42", "2026-11-22T10:00:00Z", "jane.doe", "0b9f6c1e-93cb-4c40-8d5f-0a6e"] {
            assert!(families(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn attacks_are_suspects_of_their_family() {
        for (text, family) in [
            ("1 UNION SELECT 2", Family::Sql),
            ("a'--", Family::Sql),
            ("<svg onload=x>", Family::Xss),
            ("a;id", Family::Command),
            ("..\\..\\win.ini", Family::Traversal),
            ("<!DOCTYPE a SYSTEM 'b'>", Family::XmlEntity),
            ("]><!ENTITY a 'b'>", Family::XmlEntity),
        ] {
            assert!(families(text).has(family), "{text}");
        }
    }
}
