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
    enums: Names<'d>,
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
    /// Whether a message without it is none (proto2).
    pub is_required: bool,
    /// The message that its values are, when the document has it.
    pub message: Option<Place>,
    /// The enumeration that its values are of, when the document has it.
    pub enumeration: Option<Place>,
    /// Where it stands.
    pub place: Place,
}

impl<'d> ProtoMessages<'d> {
    /// The messages of a document; `None` when it is none of protocol buffers.
    #[must_use]
    pub fn of(document: &'d SpecDocument) -> Option<Self> {
        let names = |kind| names(kind, &document.forest);
        let is_proto = document.format == SpecFormat::Protobuf;
        is_proto.then(|| Self {
            document,
            names: names("messages"),
            enums: names("enums"),
            work: Work::new(MAX_WORK),
        })
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

    /// The numbers of the values of an enumeration. `at`: as [`ProtoField::enumeration`] names it.
    pub fn values(&self, at: Place) -> impl Iterator<Item = i32> + use<'d> {
        let values = self.document.node(at).members();
        values.filter_map(|(_, value)| signed(value))
    }

    fn read(&self, at: Place, name: &'d str, node: Node<'d>) -> Option<ProtoField<'d>> {
        let of = self.document.node(at);
        let type_name = node.text_of("type");
        let package = of.parent()?.parent()?.text_of("package");
        let scope = format!("{package}.{}", of.key()?);
        let scope = scope.trim_start_matches('.');
        let message = self.names.find(scope, type_name, &self.work);
        let is_other = message.is_none() && !is_scalar(type_name);
        let enumeration = is_other.then(|| self.enums.find(scope, type_name, &self.work)).flatten();
        Some(ProtoField {
            name,
            type_name,
            is_repeated: node.text_of("label") == "repeated" || type_name.starts_with("map<"),
            is_required: node.text_of("label") == "required",
            message: message.map(|found| found.place()),
            enumeration: enumeration.map(|found| found.place()),
            place: Place { file: at.file, node: node.id() },
        })
    }
}

/// Whether a type is one that the language has (and a map, whose values have types of their own).
fn is_scalar(type_name: &str) -> bool {
    const SCALARS: [&str; 15] = [
        "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
        "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes",
    ];
    SCALARS.contains(&type_name) || type_name.starts_with("map<")
}

/// The number of a value of an enumeration, as it is written: also hexadecimal, octal and negative.
fn signed(node: Node<'_>) -> Option<i32> {
    let text = node.scalar()?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => i64::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    number.ok().and_then(|number| i32::try_from(sign * number).ok())
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
            _ if self.enumeration.is_some() => &[WireKind::Varint],
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
        assert_eq!(may(field(told, 1)), [true, false, false, false], "an enumeration");
        assert_eq!(
            may(field(told, 6)),
            [true, false, false, true],
            "an enumeration, or a message elsewhere"
        );
        assert_eq!(may(field(told, 2)), [false, false, false, true]);
        assert_eq!(may(field(told, 5)), [false, true, false, false]);
    }

    #[test]
    fn enumerations_and_what_is_required_are_told() {
        const PROTO2: &str = r#"syntax = "proto2"; package a;
service S { rpc Get(Ask) returns (Ask); }
message Ask { required State state = 1; repeated Kind kinds = 2; optional int32 n = 3;
  enum Kind { NO = -1; ONE = 0x1; EIGHT = 010; } }
enum State { OPEN = 0; SHUT = 2; }"#;
        let document = read(PROTO2.as_bytes(), &mut NoFiles).expect("a document");
        let messages = ProtoMessages::of(&document).expect("messages");
        let ask = document.operations[0].bodies[0].schema.expect("a message");
        let field = |number| messages.field(ask, number).expect("a field");
        let values = |number| {
            let at = field(number).enumeration.expect("an enumeration");
            messages.values(at).collect::<Vec<_>>()
        };
        assert_eq!((values(1), values(2)), (vec![0, 2], vec![-1, 1, 8]));
        assert_eq!([1, 2, 3].map(|number| field(number).is_required), [true, false, false]);
        assert!(field(3).enumeration.is_none() && field(1).message.is_none());
    }
}
