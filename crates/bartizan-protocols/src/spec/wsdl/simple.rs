//! Simple types of the XML Schema in a WSDL (XML Schema 1.0 Part 2): what a text may be.

use std::collections::BTreeSet;

use super::{elements::XmlElements, is, local};
use crate::spec::{Place, tree::Node};

/// Most types that one is made from, one from the other.
const MAX_BASES: usize = 16;
/// Most facets and values of one type that are read.
const MAX_FACETS: usize = 10_000;

/// What a text is, in the words of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XmlKind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A number, infinite (`INF`), or none (`NaN`).
    Float,
    /// `true`, `false`, `1`, `0`.
    Boolean,
    /// Anything.
    Text,
}

impl XmlKind {
    /// As types are named elsewhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number | Self::Float => "number",
            Self::Boolean => "boolean",
            Self::Text => "string",
        }
    }

    /// A type of the language itself (§3.2, §3.3), and between what its values are.
    fn built_in(name: &str) -> (Self, Option<f64>, Option<f64>) {
        let whole = |least: Option<i32>, most: Option<u32>| {
            (Self::Integer, least.map(f64::from), most.map(f64::from))
        };
        match name {
            "integer" | "long" => whole(None, None),
            "int" => whole(Some(i32::MIN), Some(i32::MAX.unsigned_abs())),
            "short" => whole(Some(i16::MIN.into()), Some(i16::MAX.unsigned_abs().into())),
            "byte" => whole(Some(i8::MIN.into()), Some(i8::MAX.unsigned_abs().into())),
            "nonNegativeInteger" | "unsignedLong" => whole(Some(0), None),
            "positiveInteger" => whole(Some(1), None),
            "negativeInteger" => (Self::Integer, None, Some(-1.0)),
            "nonPositiveInteger" => whole(None, Some(0)),
            "unsignedInt" => whole(Some(0), Some(u32::MAX)),
            "unsignedShort" => whole(Some(0), Some(u16::MAX.into())),
            "unsignedByte" => whole(Some(0), Some(u8::MAX.into())),
            "decimal" => (Self::Number, None, None),
            "float" | "double" => (Self::Float, None, None),
            "boolean" => (Self::Boolean, None, None),
            _ => (Self::Text, None, None),
        }
    }
}

/// What a text of a simple type may be: of a type and of all that it is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct XmlSimple<'d> {
    /// What it is.
    pub kind: XmlKind,
    /// `xsd:int` as it is written, or the type of that name.
    pub name: &'d str,
    /// Its values, where these are listed.
    pub words: Option<BTreeSet<&'d str>>,
    /// The least number.
    pub least: Option<f64>,
    /// The greatest number.
    pub most: Option<f64>,
    /// Fewest and most characters.
    pub length: (Option<f64>, Option<f64>),
    /// Regular expressions for the whole text, one of each list (§4.3.4: those of one step are alternatives).
    pub patterns: Vec<Vec<&'d str>>,
}

impl<'d> XmlElements<'d> {
    /// What a text in the element that stands at a place may be; `None` where it has elements in it, or nothing can
    /// be told: lists, unions and what is made from itself.
    #[must_use]
    pub fn simple(&self, element: Place) -> Option<XmlSimple<'d>> {
        let node = self.document().node(element);
        let named = node.text_of("@type");
        let mut out = XmlSimple {
            kind: XmlKind::Text,
            name: named,
            words: None,
            least: None,
            most: None,
            length: (None, None),
            patterns: Vec::new(),
        };
        let mut at = if named.is_empty() { Step::Inside(node) } else { Step::Named(named) };
        for _ in 0..MAX_BASES {
            at = match at {
                Step::Named(name) => match self.type_named(name) {
                    Some(node) if is(node, "simpleType") => Step::Made(node),
                    Some(node) => Step::Made(child(node, "simpleContent")?),
                    None => {
                        let (kind, least, most) = XmlKind::built_in(local(name));
                        out.kind = kind;
                        out.bounds(least, most);
                        return (!matches!(local(name), "anyType" | "anySimpleType"))
                            .then_some(out);
                    }
                },
                Step::Inside(node) => match child(node, "simpleType") {
                    Some(simple) => Step::Made(simple),
                    None => Step::Made(child(child(node, "complexType")?, "simpleContent")?),
                },
                Step::Made(node) => {
                    let of = child(node, "restriction").or_else(|| child(node, "extension"))?;
                    out.facets(of);
                    match of.text_of("@base") {
                        "" => Step::Inside(of),
                        base => Step::Named(base),
                    }
                }
            };
        }
        None
    }
}

/// Where what a type is made from is looked for.
enum Step<'d> {
    Named(&'d str),
    /// In an element or a restriction that has its type in it.
    Inside(Node<'d>),
    /// A type.
    Made(Node<'d>),
}

fn child<'d>(node: Node<'d>, name: &str) -> Option<Node<'d>> {
    node.children().find(|child| is(*child, name))
}

impl<'d> XmlSimple<'d> {
    fn bounds(&mut self, least: Option<f64>, most: Option<f64>) {
        let join = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        self.least = join(self.least, least, f64::max);
        self.most = join(self.most, most, f64::min);
    }

    /// Facets of one step (§4.3). Bounds that are excluded count as included.
    fn facets(&mut self, of: Node<'d>) {
        let (mut words, mut patterns) = (BTreeSet::new(), Vec::new());
        for facet in of.children().take(MAX_FACETS) {
            let value = facet.text_of("@value");
            let number = || value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            if is(facet, "enumeration") {
                words.insert(value);
            } else if is(facet, "pattern") {
                patterns.push(value);
            } else if is(facet, "minInclusive") || is(facet, "minExclusive") {
                self.bounds(number(), None);
            } else if is(facet, "maxInclusive") || is(facet, "maxExclusive") {
                self.bounds(None, number());
            } else if is(facet, "length") {
                self.length = (number(), number());
            } else if is(facet, "minLength") {
                self.length.0 = self.length.0.or_else(number);
            } else if is(facet, "maxLength") {
                self.length.1 = self.length.1.or_else(number);
            }
        }
        // The type that is made from another has no more values than that.
        if !words.is_empty() && self.words.is_none() {
            self.words = Some(words);
        }
        if !patterns.is_empty() {
            self.patterns.push(patterns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{NoFiles, read};

    const WSDL: &str = r#"<definitions name="S" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t">
<types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema">
 <x:simpleType name="Code"><x:restriction base="x:string"><x:pattern value="[A-Z]{3}"/><x:maxLength value="9"/></x:restriction></x:simpleType>
 <x:simpleType name="Own"><x:restriction base="t:Code"><x:enumeration value="ABC"/><x:enumeration value="XYZ"/></x:restriction></x:simpleType>
 <x:complexType name="Money"><x:simpleContent><x:extension base="x:decimal"><x:attribute name="currency"/></x:extension></x:simpleContent></x:complexType>
 <x:simpleType name="Loop"><x:restriction base="t:Loop"/></x:simpleType>
 <x:simpleType name="Either"><x:union memberTypes="x:int x:string"/></x:simpleType>
 <x:complexType name="Full"><x:sequence><x:element name="a" type="x:int"/></x:sequence></x:complexType>
 <x:element name="own" type="t:Own"/><x:element name="money" type="t:Money"/><x:element name="loop" type="t:Loop"/>
 <x:element name="either" type="t:Either"/><x:element name="full" type="t:Full"/><x:element name="any" type="x:anyType"/>
 <x:element name="age"><x:simpleType><x:restriction base="x:unsignedByte"><x:maxInclusive value="120"/></x:restriction></x:simpleType></x:element>
 <x:element name="at" type="x:dateTime"/>
</x:schema></types></definitions>"#;

    #[test]
    fn texts_are_what_types_and_their_bases_say() {
        let document = read(WSDL.as_bytes(), &mut NoFiles).expect("a document");
        let elements = XmlElements::of(&document).expect("elements");
        let simple = |name: &str| elements.simple(elements.element(name).expect(name));
        let own = simple("own").expect("a text");
        assert_eq!((own.kind, own.name, own.length), (XmlKind::Text, "t:Own", (None, Some(9.0))));
        assert_eq!(own.words, Some(BTreeSet::from(["ABC", "XYZ"])));
        assert_eq!(own.patterns, [["[A-Z]{3}"]]);
        let age = simple("age").expect("a number");
        assert_eq!((age.kind, age.least, age.most), (XmlKind::Integer, Some(0.0), Some(120.0)));
        assert_eq!(simple("money").map(|one| one.kind), Some(XmlKind::Number));
        assert_eq!(simple("at").map(|one| one.kind), Some(XmlKind::Text));
        for name in ["loop", "either", "full", "any"] {
            assert_eq!(simple(name), None, "{name}");
        }
    }
}
