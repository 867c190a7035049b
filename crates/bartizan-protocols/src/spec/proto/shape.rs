//! Messages of protocol buffers as they are on the wire: fields by number.

use std::rc::Rc;

use bartizan_model::sketch::WireKind;

use super::{Names, names};
use crate::spec::{
    Place, SpecDocument, SpecFormat,
    budget::{MAX_WORK, Work},
    tree::Node,
};

/// Messages of a document.
pub struct ProtoMessages<'d> {
    document: &'d SpecDocument,
    names: Names<'d>,
    work: Rc<Work>,
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub struct ProtoField<'d> {
    /// Its name.
    pub name: &'d str,
    /// Its type as written.
    pub type_name: &'d str,
    /// Whether it may have several values.
    pub is_repeated: bool,
    /// The message that its values are, when the document has it.
    pub message: Option<Place>,
    /// Where it stands.
    pub place: Place,
}

impl<'d> ProtoMessages<'d> {
    /// The messages of a document; `None` when it is none of protocol buffers.
    #[must_use]
    pub fn of(document: &'d SpecDocument) -> Option<Self> {
        let names = || names(&document.forest);
        let is_proto = document.format == SpecFormat::Protobuf;
        is_proto.then(|| Self { document, names: names(), work: Work::new(MAX_WORK) })
    }

    /// The numbers of the fields of a message.
    pub fn numbers(&self, at: Place) -> impl Iterator<Item = u32> + use<'d> {
        let fields = self.document.node(at).members();
        fields.filter_map(|(_, field)| field.get("number").and_then(numeral))
    }

    /// The field that a message has of this number. `at`: the message, as [`ProtoField::message`] and bodies of
    /// operations name it.
    #[must_use]
    pub fn field(&self, at: Place, number: u32) -> Option<ProtoField<'d>> {
        let of = self.document.node(at);
        let is_it = |field: &Node<'_>| field.get("number").and_then(numeral) == Some(number);
        let (name, node) = of.members().find(|(_, field)| is_it(field))?;
        self.read(at, name, node)
    }

    /// All fields of a message by number, in the order they are written. `at`: as for [`Self::field`].
    pub fn fields(&self, at: Place) -> impl Iterator<Item = (u32, ProtoField<'d>)> {
        self.document.node(at).members().filter_map(move |(name, node)| {
            let number = node.get("number").and_then(numeral)?;
            Some((number, self.read(at, name, node)?))
        })
    }

    fn read(&self, at: Place, name: &'d str, node: Node<'d>) -> Option<ProtoField<'d>> {
        let of = self.document.node(at);
        let type_name = node.text_of("type");
        let package = of.parent()?.parent()?.text_of("package");
        let scope = format!("{package}.{}", of.key()?);
        let message = self.names.find(scope.trim_start_matches('.'), type_name, &self.work);
        Some(ProtoField {
            name,
            type_name,
            is_repeated: node.text_of("label") == "repeated" || type_name.starts_with("map<"),
            message: message.map(|found| found.place()),
            place: Place { file: at.file, node: node.id() },
        })
    }
}

/// A number as it is written: also hexadecimal.
fn numeral(node: Node<'_>) -> Option<u32> {
    let text = node.scalar()?;
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl ProtoField<'_> {
    /// Whether a value may be written so ("Encoding", "Message Structure"). A type that this file does not have may
    /// be a message or an enumeration.
    #[must_use]
    pub fn may_be(&self, kind: WireKind) -> bool {
        let own: &[WireKind] = match self.type_name {
            "int32" | "int64" | "uint32" | "uint64" | "sint32" | "sint64" | "bool" => {
                &[WireKind::Varint]
            }
            "fixed32" | "sfixed32" | "float" => &[WireKind::Fixed32],
            "fixed64" | "sfixed64" | "double" => &[WireKind::Fixed64],
            "string" | "bytes" => &[WireKind::Length],
            _ if self.message.is_some() || self.type_name.starts_with("map<") => {
                &[WireKind::Length]
            }
            _ => &[WireKind::Varint, WireKind::Length],
        };
        // Several numbers may be packed.
        own.contains(&kind) || (self.is_repeated && kind == WireKind::Length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{NoFiles, read};

    const PROTO: &str = r#"syntax = "proto3"; package shop.v1;
service S { rpc Get(Ask) returns (.shop.v1.Told); }
message Ask { string name = 1 [json_name = "n"]; repeated int64 ids = 0x2; oneof one { Inner a = 3; } message Inner { bool deep = 1; Inner self = 2; Told up = 3; } }
message Told { State state = 1; map<string, int64> totals = 2; shop.v1.Ask.Inner far = 3; reserved 4; bytes broken = ; float f = 5; other.Message x = 6; }
enum State { A = 0; }"#;

    #[test]
    fn fields_are_found_by_number_and_types_by_scope() {
        let document = read(PROTO.as_bytes(), &mut NoFiles).expect("a document");
        let messages = ProtoMessages::of(&document).expect("messages");
        let get = &document.operations[0];
        let (ask, told) = (get.bodies[0].schema, get.responses[0].bodies[0].schema);
        let (ask, told) = (ask.expect("a message"), told.expect("a message"));
        let field = |at, number| messages.field(at, number).expect("a field");
        let (name, ids, a) = (field(ask, 1), field(ask, 2), field(ask, 3));
        assert_eq!((name.name, name.type_name, name.is_repeated), ("name", "string", false));
        assert_eq!((ids.name, ids.is_repeated), ("ids", true));
        let inner = a.message.expect("a message");
        assert_eq!(document.node(inner).key(), Some("Ask.Inner"));
        assert_eq!(field(inner, 2).message, Some(inner));
        assert_eq!(field(inner, 3).message, Some(told));
        assert_eq!(field(told, 3).message, Some(inner));
        let all: Vec<_> =
            messages.fields(ask).map(|(number, field)| (number, field.name)).collect();
        assert_eq!(all, [(1, "name"), (2, "ids"), (3, "a")]);
        assert!(messages.field(told, 4).is_none() && messages.field(ask, 9).is_none());
        let may = |of: ProtoField<'_>| {
            use WireKind::{Fixed32, Fixed64, Length, Varint};
            [Varint, Fixed32, Fixed64, Length].map(|kind| of.may_be(kind))
        };
        assert_eq!(may(name), [false, false, false, true]);
        assert_eq!(may(ids), [true, false, false, true], "several may be packed");
        assert_eq!(may(a), [false, false, false, true]);
        assert_eq!(
            may(field(told, 1)),
            [true, false, false, true],
            "an enumeration, or a message elsewhere"
        );
        assert_eq!(may(field(told, 2)), [false, false, false, true]);
        assert_eq!(may(field(told, 5)), [false, true, false, false]);
    }
}
