//! Protocol buffers: services, methods, messages and enums of a `.proto` file, or of a set of descriptors
//! that a compiler made of several. A method is called by `POST /package.Service/Method`, so that path and
//! method tell it, and by each of its rules of `google.api.http` too.
//!
//! Files that a `.proto` file imports are read for their messages, where they lie in or below its folder; paths
//! lead on from there, or from the folder that its package is in. Of others a message has a name and no node;
//! a set of descriptors has them (`protoc --include_imports`).

use super::{
    SpecDocument,
    files::Forest,
    operation::{OperationKind, Operations, Place, SpecBody, SpecOperation, SpecResponse, cut},
    tree::Node,
};

mod declared;
mod descriptor;
mod names;
mod rest;
mod rules;
mod shape;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod wire;

use names::Names;
pub use shape::{ProtoField, ProtoMessages};
pub(super) use {
    descriptor::{is_set, tree as tree_of_set},
    text::{is_import, tree, tree_of_bytes},
};

/// Deepest nesting of messages.
const MAX_NESTING: usize = 64;
/// Names are cut at so many bytes.
const MAX_NAME: usize = 512;

/// Fills a document from its tree: a file, or `files` by name; each with `services` and their methods,
/// `messages` and `enums` by name.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    let names = names("messages", forest);
    for file in files(forest) {
        let package = file.text_of("package");
        for (service, node) in file.get("services").into_iter().flat_map(Node::members) {
            if document.version.is_empty() {
                document.version = cut(file.text_of("syntax"));
                document.title = cut(package);
            }
            let full = if package.is_empty() {
                service.to_owned()
            } else {
                format!("{package}.{service}")
            };
            for (name, node) in node.members() {
                let method = Method { node, name, service: &full, package, names: &names };
                let grpc = method.grpc(out);
                if !out.add(grpc, node, 0) || !rest::read(&method, out) {
                    // Why says a problem.
                    out.is_full(node);
                    return;
                }
            }
        }
    }
    if document.version.is_empty() {
        let first = files(forest).next().unwrap_or(forest.root());
        document.version = cut(first.text_of("syntax"));
        document.title = cut(first.text_of("package"));
    }
}

/// The files that were given: one, or those of a set.
fn files(forest: &Forest) -> impl Iterator<Item = Node<'_>> {
    let root = forest.root();
    let set = root.get("files");
    set.into_iter().flat_map(Node::children).chain(set.is_none().then_some(root))
}

/// All messages or enumerations (`kind`), those of imported files too.
fn names<'f>(kind: &str, forest: &'f Forest) -> Names<'f> {
    let imported = forest.roots().skip(1);
    Names::of(kind, files(forest).map(|file| (0, file)).chain(imported))
}

/// A method in its tree.
struct Method<'t, 'n> {
    node: Node<'t>,
    name: &'t str,
    /// Its service with the package.
    service: &'n str,
    package: &'t str,
    names: &'n Names<'t>,
}

impl Method<'_, '_> {
    fn grpc(&self, out: &Operations) -> SpecOperation {
        let streams = |side: &str| self.node.get(side).and_then(Node::as_bool) == Some(true);
        let body = |side: &str| self.body("application/grpc", self.node.text_of(side), out);
        SpecOperation {
            kind: OperationKind::Grpc {
                client_streams: streams("clientStreaming"),
                server_streams: streams("serverStreaming"),
            },
            method: "POST".to_owned(),
            path: format!("/{}/{}", cut(self.service), cut(self.name)),
            bodies: vec![body("input")],
            responses: vec![self.response(body("output"))],
            ..self.operation()
        }
    }

    /// What all operations of a method have.
    fn operation(&self) -> SpecOperation {
        SpecOperation {
            operation_id: Some(cut(self.name)),
            tags: vec![cut(self.service)],
            deprecated: self.node.get("deprecated").is_some(),
            ..SpecOperation::default()
        }
    }

    fn body(&self, media_type: &str, type_name: &str, out: &Operations) -> SpecBody {
        let schema = self.names.find(self.package, type_name, out.work());
        SpecBody {
            media_type: media_type.to_owned(),
            required: true,
            type_name: cut(type_name.trim_start_matches('.')),
            part: String::new(),
            schema: schema.map(|message| message.place()),
        }
    }

    fn response(&self, body: SpecBody) -> SpecResponse {
        SpecResponse { bodies: vec![body], place: place(self.node), ..SpecResponse::default() }
    }
}

/// A part of what has operations: it is in the file that was given.
fn place(node: Node<'_>) -> Place {
    Place { file: 0, node: node.id() }
}
