//! What a type answers as a whole: hubs of `SignalR`, services of gRPC.

use super::{
    run::{Run, Value},
    types::{bare, has_modifier, methods, name_of, type_arguments},
};
use crate::{
    route::{Level, short},
    syntax::Piece,
};

/// Most methods of a service that are listed.
const MAX_METHODS: usize = 1_000;

impl<'f> Run<'_, '_, 'f> {
    /// `MapHub<T>("/path")`: its callers negotiate by `POST` below the path and connect by `GET`.
    pub(super) fn hub(&mut self, node: usize, path: Vec<String>, call: &Piece<'f>) -> Value<'f> {
        let (class, name) = self.mapped_type(call);
        let made = self.endpoint(node, path, vec!["ANY".to_owned()], None, call);
        self.say_of(&made, name, class.as_ref());
        made
    }

    /// `MapGrpcService<T>()`: each method that overrides one of the service. Its package is in no code. Where the type
    /// is not either, nothing is known of its methods, and the service is called as the type is by convention.
    pub(super) fn grpc_service(&mut self, node: usize, call: &Piece<'f>) -> Value<'f> {
        let (class, name) = self.mapped_type(call);
        let group = self.group(node, Vec::new(), call);
        if name.is_empty() {
            return Value::Node(group);
        }
        let service = class.and_then(|class| service_of(&class));
        let Some((class, service)) = class.zip(service) else {
            let service = ["ServiceImpl", "Service", "Impl"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|short| !short.is_empty())
                .unwrap_or(name);
            let made = self.post(group, format!("/{{package}}.{service}/{{method}}"), call);
            self.say_of(&made, name, class.as_ref());
            return Value::Node(group);
        };
        for method in methods(&class).filter(|it| has_modifier(it, "override")).take(MAX_METHODS) {
            let called = name_of(&method);
            let made = self.post(group, format!("/{{package}}.{service}/{called}"), call);
            self.say_of(&made, &format!("{name}.{called}"), Some(&class));
            self.say_of(&made, &format!("{name}.{called}"), Some(&method));
        }
        Value::Node(group)
    }

    fn post(&mut self, group: usize, path: String, call: &Piece<'f>) -> Value<'f> {
        self.endpoint(group, vec![path], vec!["POST".to_owned()], None, call)
    }

    /// The type that is mapped, where the folder has it, and its name.
    fn mapped_type(&self, call: &Piece<'f>) -> (Option<Piece<'f>>, &'f str) {
        let Some(named) = type_arguments(call).first().copied() else { return (None, "") };
        let name = bare(named.text());
        let found = self.sharp.types_named(name, call.file);
        (found.into_iter().find(|it| it.is(&["class_declaration"])), name)
    }

    /// The handler of an endpoint, and what the attributes of its declaration say.
    fn say_of(&mut self, made: &Value<'f>, handler: &str, declared: Option<&Piece<'f>>) {
        let level = match declared {
            Some(it) if it.is(&["class_declaration"]) => Level::Group,
            _ => Level::Route,
        };
        let said = declared.map(|it| self.sharp.said_on(it, level)).unwrap_or_default();
        let Value::Node(at) = made else { return };
        let Some(node) = self.nodes.get_mut(*at) else { return };
        node.said.add(&said);
        if let Some(endpoint) = &mut node.endpoint {
            endpoint.handler = Some(short(handler)).filter(|name| !name.is_empty());
        }
    }
}

/// The service that a class implements: it inherits from `Greeter.GreeterBase`, which the compiler of protocol buffers
/// makes of `service Greeter`.
fn service_of<'f>(class: &Piece<'f>) -> Option<&'f str> {
    let list = class.child(&["base_list"])?;
    list.children().find_map(|base| {
        let (outer, inner) = base.text().rsplit_once('.')?;
        let outer = bare(outer);
        (inner.strip_suffix("Base") == Some(outer)).then_some(outer)
    })
}
