//! Elements of the XML Schema in a WSDL (XML Schema 1.0 Part 1), read loosely: which elements may be in which.
//! Names are compared without their namespace, as messages are read.

use std::collections::BTreeMap;

use super::{is, local};
use crate::spec::{Place, SpecDocument, SpecFormat, tree::Node};

/// Most parts of schemas that are gone through for the members of one element.
const MAX_STEPS: usize = 10_000;
/// Types of which nothing is said (§3.4.7).
const ANY: [&str; 2] = ["anyType", "anySimpleType"];

/// Elements and types of a document.
#[derive(Debug)]
pub struct XmlElements<'d> {
    document: &'d SpecDocument,
    elements: BTreeMap<&'d str, Place>,
    types: BTreeMap<&'d str, Place>,
}

/// What may be in an element.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct XmlMembers<'d> {
    /// Elements by name: where each stands, and whether it must be there.
    pub elements: BTreeMap<&'d str, (Place, bool)>,
    /// Whether others may be there too, or it cannot be told.
    pub is_open: bool,
}

/// Parts of a schema that are still to be gone through.
#[derive(Default)]
struct Open<'d> {
    /// Each with its file, and whether what is in it must be there.
    parts: Vec<(Node<'d>, u32, bool)>,
    steps: usize,
}

impl<'d> XmlElements<'d> {
    /// The elements of a document; `None` when it is no WSDL.
    #[must_use]
    pub fn of(document: &'d SpecDocument) -> Option<Self> {
        if document.format != SpecFormat::Wsdl {
            return None;
        }
        let mut out = Self { document, elements: BTreeMap::new(), types: BTreeMap::new() };
        for file in 0..u32::try_from(document.files()).unwrap_or(u32::MAX) {
            let root = document.node(Place { file, ..Place::default() });
            let inner = root.get("definitions").into_iter().flat_map(Node::children);
            let inner = inner.filter(|child| is(*child, "types")).flat_map(Node::children);
            for schema in inner.chain(root.children()).filter(|child| is(*child, "schema")) {
                out.schema(schema, file);
            }
        }
        Some(out)
    }

    fn schema(&mut self, schema: Node<'d>, file: u32) {
        for child in schema.children() {
            let place = Place { file, node: child.id() };
            let name = child.text_of("@name");
            if is(child, "element") {
                self.elements.entry(name).or_insert(place);
            } else if is(child, "complexType") || is(child, "simpleType") {
                self.types.entry(name).or_insert(place);
            }
        }
    }

    /// The element of this qualified name.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<Place> {
        self.elements.get(local(name)).copied()
    }

    /// What the elements are of.
    pub(super) const fn document(&self) -> &'d SpecDocument {
        self.document
    }

    /// A type by its qualified name; `None` for one of the language itself.
    pub(super) fn type_named(&self, name: &str) -> Option<Node<'d>> {
        self.types.get(local(name)).map(|place| self.document.node(*place))
    }

    /// What may be in an element that stands at this place.
    #[must_use]
    pub fn members(&self, element: Place) -> XmlMembers<'d> {
        let (mut out, mut open) = (XmlMembers::default(), Open::default());
        let node = self.document.node(element);
        let named = node.text_of("@type");
        if named.is_empty() {
            open.parts.push((node, element.file, true));
        } else {
            self.of_type(named, &mut open, &mut out);
        }
        while let Some((node, file, required)) = open.parts.pop() {
            for child in node.children() {
                open.steps += 1;
                if open.steps > MAX_STEPS {
                    out.is_open = true;
                    return out;
                }
                let is_needed = required && child.text_of("@minOccurs") != "0";
                if is(child, "element") {
                    self.member(child, file, is_needed, &mut out);
                } else if is(child, "choice") {
                    open.parts.push((child, file, false));
                } else if ["complexType", "sequence", "all"].iter().any(|name| is(child, name)) {
                    open.parts.push((child, file, is_needed));
                } else if is(child, "complexContent") {
                    self.derived(child, (file, required), &mut open, &mut out);
                } else if is(child, "any") || is(child, "group") {
                    // A group by its name is not followed.
                    out.is_open = true;
                }
            }
        }
        out
    }

    fn member(&self, child: Node<'d>, file: u32, required: bool, out: &mut XmlMembers<'d>) {
        let place = Place { file, node: child.id() };
        let name = child.text_of("@name");
        let referred = self.elements.get_key_value(local(child.text_of("@ref")));
        if !name.is_empty() {
            out.elements.entry(name).or_insert((place, required));
        } else if let Some((name, place)) = referred {
            out.elements.entry(name).or_insert((*place, required));
        } else {
            out.is_open = true;
        }
    }

    /// A type that is made from another has what that has, and its own.
    fn derived(
        &self,
        content: Node<'d>,
        (file, required): (u32, bool),
        open: &mut Open<'d>,
        out: &mut XmlMembers<'d>,
    ) {
        for child in content.children() {
            open.steps += 1;
            if is(child, "extension") {
                self.of_type(child.text_of("@base"), open, out);
                open.parts.push((child, file, required));
            } else if is(child, "restriction") {
                open.parts.push((child, file, required));
            }
        }
    }

    /// A type by its name. One that is not here is of the language itself.
    fn of_type(&self, name: &str, open: &mut Open<'d>, out: &mut XmlMembers<'d>) {
        match self.types.get(local(name)) {
            Some(place) => open.parts.push((self.document.node(*place), place.file, true)),
            None if ANY.contains(&local(name)) => out.is_open = true,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{NoFiles, read};

    const WSDL: &str = r#"<definitions name="S" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t">
<types><x:schema xmlns:x="http://www.w3.org/2001/XMLSchema">
 <x:element name="Ask"><x:complexType><x:sequence>
  <x:element name="id" type="x:int"/><x:element name="note" type="x:string" minOccurs="0"/>
  <x:choice><x:element name="a" type="t:Base"/><x:element ref="t:Told"/></x:choice>
 </x:sequence></x:complexType></x:element>
 <x:element name="Told" type="t:More"/>
 <x:complexType name="Base"><x:all><x:element name="x" type="x:anyType"/></x:all></x:complexType>
 <x:complexType name="More"><x:complexContent><x:extension base="t:Base"><x:sequence>
  <x:element name="y" type="t:More"/></x:sequence></x:extension></x:complexContent></x:complexType>
 <x:complexType name="Self"><x:complexContent><x:extension base="t:Self"/></x:complexContent></x:complexType>
 <x:element name="Loop" type="t:Self"/>
</x:schema></types></definitions>"#;

    #[test]
    fn members_are_those_of_types_and_what_they_are_made_from() {
        let document = read(WSDL.as_bytes(), &mut NoFiles).expect("a document");
        let elements = XmlElements::of(&document).expect("elements");
        let of = |place| {
            let members = elements.members(place);
            let names = members.elements.iter().map(|(name, (_, must))| (*name, *must));
            (names.collect::<Vec<_>>(), members.is_open)
        };
        let ask = elements.element("t:Ask").expect("an element");
        let own = vec![("Told", false), ("a", false), ("id", true), ("note", false)];
        assert_eq!(of(ask), (own, false));
        let told = elements.element("Told").expect("an element");
        assert_eq!(of(told), (vec![("x", true), ("y", true)], false));
        assert_eq!(elements.members(ask).elements["Told"].0, told);
        let x = elements.members(told).elements["x"].0;
        assert_eq!(of(x), (Vec::new(), true), "anything may be there");
        let id = elements.members(ask).elements["id"].0;
        assert_eq!(of(id), (Vec::new(), false), "a number has nothing in it");
        let around = elements.element("Loop").expect("an element");
        assert_eq!(of(around), (Vec::new(), true), "a type that is made from itself ends");
        assert!(elements.element("Base").is_none());
    }
}
