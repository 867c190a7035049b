//! What a WSDL says of messages: which elements operations take, with which action, and what is in them. Read once,
//! when policies are compiled.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use bartizan_protocols::{
    NodeRef,
    spec::{self, NoFiles, OperationKind, Place, SpecDocument, XmlElements},
};

use super::elements;
use crate::policy::files;

/// Most bytes of a WSDL.
const WSDL_BYTES: u64 = 8 * 1024 * 1024;
/// Most elements that are described; what is in others is open.
const MAX_ELEMENTS: usize = 50_000;

/// A description.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// Elements that operations take, with what is in them where that is told.
    operations: BTreeMap<String, Option<usize>>,
    /// Elements by the action that calls them.
    actions: BTreeMap<String, BTreeSet<String>>,
    elements: Vec<Element>,
}

/// What may be in an element.
#[derive(Debug, Default)]
struct Element {
    /// By name: which one it is, and whether it must be there.
    members: BTreeMap<String, (usize, bool)>,
    is_open: bool,
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// No operation takes it.
    Operation,
    /// An element is not described where it is.
    Element,
    /// One is not there that must be.
    Missing,
}

impl Described {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        Self::of_text(&files::text(path, WSDL_BYTES)?)
            .map_err(|why| format!("{}: {why}", path.display()))
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let document = spec::read(text.as_bytes(), &mut NoFiles).map_err(|p| p.what)?;
        let Some(xml) = XmlElements::of(&document) else {
            return Err(format!("is a document of {}, and a WSDL is needed", document.format));
        };
        let mut out = Self::default();
        let mut shapes = Shapes { xml: &xml, known: HashMap::new(), open: Vec::new() };
        for operation in &document.operations {
            if operation.kind != OperationKind::Soap {
                continue;
            }
            let element = operation.element.as_deref().unwrap_or(&operation.path).to_owned();
            if let Some(action) = operation.action.as_ref().filter(|action| !action.is_empty()) {
                out.actions.entry(action.clone()).or_default().insert(element.clone());
            }
            // In style "rpc" there is none of that name.
            let shape = operation.element.as_deref().and_then(|name| xml.element(name));
            let shape = shape.and_then(|place| shapes.number(place, &mut out.elements));
            out.operations.insert(element, shape);
        }
        if out.operations.is_empty() {
            return Err(why_empty(&document));
        }
        shapes.fill(&mut out.elements);
        Ok(out)
    }

    /// Whether an action is one of an operation that takes this element; `None` when no operation says what its action
    /// is.
    pub(super) fn is_action(&self, action: &str, element: &str) -> Option<bool> {
        if self.actions.is_empty() {
            return None;
        }
        Some(self.actions.get(action).is_some_and(|elements| elements.contains(element)))
    }

    /// What of a message does not fit.
    pub(super) fn compare(&self, called: NodeRef<'_>) -> Option<Misfit> {
        let Some(shape) = self.operations.get(called.key()) else {
            return Some(Misfit::Operation);
        };
        let mut open: Vec<_> = shape.map(|shape| (called, shape)).into_iter().collect();
        while let Some((node, shape)) = open.pop() {
            let Some(shape) = self.elements.get(shape) else { continue };
            let mut there = BTreeSet::new();
            for child in elements(node) {
                match shape.members.get(child.key()) {
                    Some((of, _)) => {
                        open.push((child, *of));
                        there.insert(child.key());
                    }
                    None if shape.is_open => {}
                    None => return Some(Misfit::Element),
                }
            }
            let mut needed = shape.members.iter().filter(|(_, (_, is_needed))| *is_needed);
            if !shape.is_open && needed.any(|(name, _)| !there.contains(name.as_str())) {
                return Some(Misfit::Missing);
            }
        }
        None
    }
}

fn why_empty(document: &SpecDocument) -> String {
    let problem = document.problems.first().map(|problem| problem.what.as_str());
    format!("has no operation of SOAP: {}", problem.unwrap_or("no binding names one"))
}

/// Elements that are still to be described.
struct Shapes<'x, 'd> {
    xml: &'x XmlElements<'d>,
    known: HashMap<Place, usize>,
    open: Vec<(Place, usize)>,
}

impl Shapes<'_, '_> {
    /// The number of an element; `None` beyond the limit.
    fn number(&mut self, place: Place, elements: &mut Vec<Element>) -> Option<usize> {
        if let Some(known) = self.known.get(&place) {
            return Some(*known);
        }
        if elements.len() >= MAX_ELEMENTS {
            return None;
        }
        let number = elements.len();
        elements.push(Element { is_open: true, ..Element::default() });
        self.known.insert(place, number);
        self.open.push((place, number));
        Some(number)
    }

    fn fill(&mut self, elements: &mut Vec<Element>) {
        while let Some((place, number)) = self.open.pop() {
            let told = self.xml.members(place);
            let mut shape = Element { is_open: told.is_open, ..Element::default() };
            for (name, (place, is_needed)) in told.elements {
                match self.number(place, elements) {
                    Some(of) => {
                        shape.members.insert(name.to_owned(), (of, is_needed));
                    }
                    None => shape.is_open = true,
                }
            }
            if let Some(element) = elements.get_mut(number) {
                *element = shape;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const WSDL: &str = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:t="urn:customs" xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:customs" name="Customs">
<types><x:schema targetNamespace="urn:customs">
<x:element name="Lodge"><x:complexType><x:sequence><x:element name="goods" type="x:string"/><x:element name="value" type="x:decimal" minOccurs="0"/>
<x:element name="part" minOccurs="0"><x:complexType><x:sequence><x:element name="name" type="x:string"/></x:sequence></x:complexType></x:element></x:sequence></x:complexType></x:element>
<x:element name="Void"><x:complexType><x:sequence><x:element name="id" type="x:int"/></x:sequence></x:complexType></x:element>
</x:schema></types>
<message name="LodgeIn"><part name="p" element="t:Lodge"/></message><message name="VoidIn"><part name="p" element="t:Void"/></message>
<portType name="P"><operation name="LodgeIt"><input message="t:LodgeIn"/></operation><operation name="VoidIt"><input message="t:VoidIn"/></operation></portType>
<binding name="B" type="t:P"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="LodgeIt"><soap:operation soapAction="urn:customs/lodge"/><input><soap:body use="literal"/></input></operation>
<operation name="VoidIt"><soap:operation soapAction="urn:customs/void"/><input><soap:body use="literal"/></input></operation></binding>
<service name="S"><port name="P" binding="t:B"><soap:address location="http://customs.example/soap"/></port></service></definitions>"#;

    #[test]
    fn a_description_is_read() {
        let read = Described::of_text(WSDL).expect("read");
        assert_eq!(read.operations.keys().collect::<Vec<_>>(), ["Lodge", "Void"]);
        assert_eq!(read.is_action("urn:customs/void", "Void"), Some(true));
        assert_eq!(read.is_action("urn:customs/void", "Lodge"), Some(false));
        assert_eq!(read.is_action("urn:other", "Void"), Some(false));
        for text in ["", "openapi: 3.1.0\ninfo: {}\npaths: {}", "<definitions/>"] {
            assert!(Described::of_text(text).is_err(), "{text}");
        }
    }
}
