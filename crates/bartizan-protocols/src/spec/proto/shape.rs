//! Messages of a file of protocol buffers, as they are on the wire: fields by number.

use super::{declared::REPEATED, message};
use crate::spec::{Place, SpecDocument, SpecFormat, tree::Node};
use bartizan_model::sketch::WireKind;

/// Messages of a file.
#[derive(Clone, Copy, Debug)]
pub struct ProtoMessages<'d> {
    root: Node<'d>,
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
    /// The message that its values are, when this file has it.
    pub message: Option<Place>,
    /// Where it stands.
    pub place: Place,
}

impl<'d> ProtoMessages<'d> {
    /// The messages of a document; `None` when it is no file of protocol buffers.
    #[must_use]
    pub fn of(document: &'d SpecDocument) -> Option<Self> {
        let is_proto = document.format == SpecFormat::Protobuf;
        is_proto.then(|| Self { root: document.node(Place::default()) })
    }

    /// The field that a message has of this number. `at`: the message, as [`ProtoField::message`] and bodies of
    /// operations name it.
    #[must_use]
    pub fn field(
        self,
        document: &'d SpecDocument,
        at: Place,
        number: u32,
    ) -> Option<ProtoField<'d>> {
        let of = document.node(at);
        let own = of.key()?;
        let told = self.root.get("numbers")?.get(own)?.get(&number.to_string())?.as_str()?;
        let name = told.strip_prefix(REPEATED).unwrap_or(told);
        let node = of.get(name)?;
        let type_name = node.as_str()?;
        Some(ProtoField {
            name,
            type_name,
            is_repeated: told.len() > name.len(),
            message: self.message_named(own, type_name),
            place: Place { file: 0, node: node.id() },
        })
    }

    /// The message that a type means within a message: that of the innermost scope ("Packages and Name
    /// Resolution").
    fn message_named(self, within: &str, type_name: &str) -> Option<Place> {
        let mut scope = Some(within);
        // The nesting of messages is bounded when they are read.
        while let Some(outer) = scope {
            let found = message(self.root, "", &format!("{outer}.{type_name}"));
            if found.is_some() {
                return found;
            }
            scope = outer.rsplit_once('.').map(|(above, _)| above);
        }
        message(self.root, self.root.text_of("package"), type_name)
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
        let field = |at, number| messages.field(&document, at, number).expect("a field");
        let (name, ids, a) = (field(ask, 1), field(ask, 2), field(ask, 3));
        assert_eq!((name.name, name.type_name, name.is_repeated), ("name", "string", false));
        assert_eq!((ids.name, ids.is_repeated), ("ids", true));
        let inner = a.message.expect("a message");
        assert_eq!(document.node(inner).key(), Some("Ask.Inner"));
        assert_eq!(field(inner, 2).message, Some(inner));
        assert_eq!(field(inner, 3).message, Some(told));
        assert_eq!(field(told, 3).message, Some(inner));
        assert!(
            messages.field(&document, told, 4).is_none()
                && messages.field(&document, ask, 9).is_none()
        );
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
