//! What a file of protocol buffers declares.

use crate::spec::{
    SpecLimit,
    tree::{Builder, Position},
};

pub(super) type Named = Option<(String, Position)>;

pub(super) struct Service {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) methods: Vec<Method>,
}

#[derive(Default)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) input: String,
    pub(super) output: String,
    pub(super) client_streams: bool,
    pub(super) server_streams: bool,
    pub(super) deprecated: bool,
}

impl Method {
    /// Bytes of its names.
    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.input.len() + self.output.len()
    }
}

pub(super) struct Message {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) fields: Vec<(String, String, Position)>,
}

/// Writes what was declared into a tree.
pub(super) fn build(
    builder: &mut Builder,
    syntax: Named,
    package: Named,
    services: Vec<Service>,
    messages: Vec<Message>,
) -> Result<(), SpecLimit> {
    let top = Position { line: 1, column: 1 };
    builder.open(true, top)?;
    for (name, value) in [("syntax", syntax), ("package", package)] {
        if let Some((text, at)) = value {
            builder.member(name, &text, at)?;
        }
    }
    builder.object("services", top)?;
    for service in services {
        builder.object(&service.name, service.at)?;
        for method in service.methods {
            builder.object(&method.name, method.at)?;
            builder.member("input", &method.input, method.at)?;
            builder.member("output", &method.output, method.at)?;
            for (name, value) in [
                ("clientStreaming", method.client_streams),
                ("serverStreaming", method.server_streams),
                ("deprecated", method.deprecated),
            ] {
                if value {
                    builder.key(name, method.at)?;
                    builder.bool(true, method.at)?;
                }
            }
            builder.close();
        }
        builder.close();
    }
    builder.close();
    builder.object("messages", top)?;
    for message in messages {
        builder.object(&message.name, message.at)?;
        for (name, type_name, at) in message.fields {
            builder.member(&name, &type_name, at)?;
        }
        builder.close();
    }
    builder.close();
    Ok(())
}
