//! Messages of gRPC that specifications describe: names for what has only numbers on the wire.

use std::collections::BTreeMap;

use bartizan_model::Protocol;
use bartizan_protocols::{
    Decoded,
    spec::{OperationKind, Place, ProtoMessages, SpecDocument},
};
use smol_str::SmolStr;

/// Most kinds of messages that are known.
const MAX_MESSAGES: usize = 20_000;
/// Most fields of all of them.
const MAX_FIELDS: usize = 200_000;
/// The kind of the entries of maps ("Encoding", "Maps").
const ENTRY: u32 = 0;

/// Messages of all methods.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    /// Kinds of what is sent and answered, by method as [`bartizan_protocols::Call::operation`] names it.
    methods: BTreeMap<String, [Option<u32>; 2]>,
    /// By kind and number.
    fields: BTreeMap<(u32, u32), Field>,
    kinds: usize,
}

#[derive(Clone, Debug)]
struct Field {
    name: SmolStr,
    kind: Option<u32>,
}

impl Messages {
    pub(super) fn of<'a>(documents: impl Iterator<Item = &'a SpecDocument>) -> Self {
        let mut out = Self { kinds: 1, ..Self::default() };
        for (number, name) in [(1, "key"), (2, "value")] {
            out.fields.insert((ENTRY, number), Field { name: name.into(), kind: None });
        }
        for document in documents {
            out.add(document);
        }
        out
    }

    fn add(&mut self, document: &SpecDocument) {
        let Some(messages) = ProtoMessages::of(document) else { return };
        let mut known: BTreeMap<Place, u32> = BTreeMap::new();
        let mut open = Vec::new();
        for operation in &document.operations {
            if !matches!(operation.kind, OperationKind::Grpc { .. }) {
                continue;
            }
            let input = operation.bodies.first().and_then(|body| body.schema);
            let output = operation.responses.first().and_then(|of| of.bodies.first()?.schema);
            let kinds = [input, output].map(|at| self.kind(at?, &mut known, &mut open));
            let name = operation.path.trim_start_matches('/').to_owned();
            self.methods.entry(name).or_insert(kinds);
        }
        while let Some((kind, at)) = open.pop() {
            for (number, field) in messages.fields(at) {
                if self.fields.len() >= MAX_FIELDS {
                    return;
                }
                let is_map = field.type_name.starts_with("map<");
                let inner = field.message.and_then(|at| self.kind(at, &mut known, &mut open));
                let kind_of = if is_map { Some(ENTRY) } else { inner };
                let field = Field { name: field.name.into(), kind: kind_of };
                self.fields.entry((kind, number)).or_insert(field);
            }
        }
    }

    /// The kind of a message; one that is new is put on the list of those whose fields are to be read.
    fn kind(
        &mut self,
        at: Place,
        known: &mut BTreeMap<Place, u32>,
        open: &mut Vec<(u32, Place)>,
    ) -> Option<u32> {
        if let Some(kind) = known.get(&at) {
            return Some(*kind);
        }
        let kind = u32::try_from(self.kinds).ok().filter(|_| self.kinds < MAX_MESSAGES)?;
        self.kinds += 1;
        known.insert(at, kind);
        open.push((kind, at));
        Some(kind)
    }

    /// Names the fields of the messages of a call, where its method is described.
    pub(super) fn name(&self, decoded: &mut Decoded) {
        let call = decoded.call.as_ref().filter(|call| call.protocol == Protocol::Grpc);
        let Some(kinds) = call.and_then(|call| self.methods.get(&call.operation)) else { return };
        decoded.view.name_fields(*kinds, |kind, number| {
            let field = self.fields.get(&(kind, number))?;
            Some((field.name.as_str(), field.kind))
        });
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{BodyState, Exchange, Limits};
    use bartizan_protocols::{
        decode,
        spec::{NoFiles, read},
    };

    use crate::specs::Specs;

    const PROTO: &str = r#"syntax = "proto3"; package pay;
service Pay { rpc Charge(Ask) returns (Told); }
message Ask { Card card = 1; map<string, string> tags = 2; Ask again = 3; }
message Card { string number = 2; string mail = 3; }
message Told { bool ok = 1; }"#;

    #[test]
    fn fields_have_the_names_of_the_specification() {
        let document = read(PROTO.as_bytes(), &mut NoFiles).expect("a document");
        let specs = Specs::new(vec![("pay.proto".to_owned(), document)]);
        let places = |target: &str| {
            let card = b"\x0a\x07\x12\x03411\x1a\x00";
            let tag = b"\x12\x06\x0a\x01k\x12\x01v";
            let again = b"\x1a\x06\x0a\x04\x12\x02ab\x48\x07";
            let message = [&card[..], tag, again].concat();
            let mut exchange = Exchange::default();
            exchange.request.method = "POST".to_owned();
            exchange.request.target = target.to_owned();
            exchange.request.headers.push("content-type", "application/grpc");
            let length = u8::try_from(message.len()).expect("short");
            exchange.request.body = [&[0, 0, 0, 0, length][..], &message].concat().into();
            exchange.request.body_state = BodyState::Complete;
            let mut decoded = decode(&exchange, &Limits::default(), 1);
            specs.name_fields(&mut decoded);
            let leaves = decoded.view.leaves(bartizan_model::Side::Request);
            let leaves = leaves.map(|node| node.instance().to_string());
            leaves.filter(|place| place.starts_with("grpc:")).collect::<Vec<_>>()
        };
        assert_eq!(
            places("/pay.Pay/Charge"),
            [
                "grpc:Charge.card.number",
                "grpc:Charge.card.mail",
                "grpc:Charge.tags.key",
                "grpc:Charge.tags.value",
                "grpc:Charge.again.card.number",
                "grpc:Charge.9"
            ]
        );
        let others = places("/pay.Other/Charge");
        assert_eq!(others.first().map(String::as_str), Some("grpc:Charge.1.2"));
    }
}
