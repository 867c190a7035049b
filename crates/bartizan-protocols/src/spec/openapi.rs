//! OpenAPI 2.0 (Swagger), 3.0, 3.1 and 3.2: paths, webhooks and callbacks to operations.

use std::{fmt, sync::Arc};

use super::{
    SpecDocument,
    files::{Forest, Lost},
    operation::{
        MAX_PATH, MAX_SERVERS, OperationKind, Operations, Place, Requirement, SpecOperation,
        SpecServer, cut,
    },
    server::{MAX_ADDRESS, clean_base, fill, host_only, hosts_of, server_of, values_of},
    tree::{Node, Value, escape},
};

mod parts;

/// Most path items of callbacks that one operation may name.
const MAX_CALLBACKS: usize = 64;
/// Steps of an operation by itself, without its parts.
const OPERATION_STEPS: usize = 32;
/// Most tags of one operation.
const MAX_TAGS: usize = 64;

/// Methods that a path item has a field for: `query` from 3.2 on.
const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Fills a document from its root.
pub(super) fn read(forest: &Forest, document: &mut SpecDocument, out: &mut Operations) {
    let root = forest.root();
    let swagger = root.get("openapi").is_none();
    let version = root.get(if swagger { "swagger" } else { "openapi" });
    document.version = version.and_then(Node::scalar).map(cut).unwrap_or_default();
    if !version_is_known(&document.version, swagger)
        && let Some(version) = version
    {
        out.problems.warning_at(version, "a version that is not known: read like the nearest");
    }
    match root.get("info").filter(|info| info.is_object()) {
        Some(info) => {
            document.title = cut(info.text_of("title"));
            document.api_version = cut(info.text_of("version"));
        }
        None => out.problems.warning("/info", root.position(), "expected an object"),
    }
    let mut reader = Reader { forest, swagger, out, security: None };
    document.servers =
        if swagger { vec![swagger_server(root)] } else { reader.servers(root.get("servers")) };
    document.schemes = reader.schemes(root);
    reader.security = reader.security(root.get("security"));
    reader.check_security(&document.schemes, root.get("security"));
    match root.get("paths") {
        Some(paths) if paths.is_object() => reader.paths(paths, 0, OperationKind::Http),
        // Allowed from 3.1 on, when there are webhooks or components.
        None if !swagger && !document.version.starts_with("3.0") => {}
        Some(other) => reader.out.problems.error_at(other, "expected an object"),
        None => reader.out.problems.error("/paths", root.position(), "expected an object"),
    }
    for name in ["webhooks", "x-webhooks"] {
        if let Some(webhooks) = root.get(name).filter(|w| w.is_object()) {
            reader.paths(webhooks, 0, OperationKind::Webhook);
        }
    }
}

fn version_is_known(version: &str, swagger: bool) -> bool {
    if swagger {
        version == "2.0" || version == "2"
    } else {
        ["3.0", "3.1", "3.2"].iter().any(|known| {
            version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

fn swagger_server(root: Node<'_>) -> SpecServer {
    let scheme = root.get("schemes").and_then(|s| s.children().next()).and_then(Node::as_str);
    SpecServer {
        host: host_only(root.text_of("host")),
        pattern: hosts_of(root.text_of("host"), |_| None),
        base_path: clean_base(root.text_of("basePath")),
        protocol: scheme.map(|s| cut(s).to_ascii_lowercase()).unwrap_or_default(),
        name: String::new(),
    }
}

struct Reader<'a> {
    forest: &'a Forest,
    swagger: bool,
    out: &'a mut Operations,
    /// Of the document.
    security: Option<Arc<[Requirement]>>,
}

/// A path item as it is reached.
struct Item<'p> {
    kind: OperationKind,
    path: &'p str,
    servers: Vec<SpecServer>,
    /// Parameters of all of its operations.
    parameters: Option<Node<'p>>,
    file: u32,
}

impl<'a> Reader<'a> {
    /// The end of a node's references.
    fn follow(&mut self, node: Node<'a>, file: u32) -> Option<(Node<'a>, u32)> {
        match self.forest.follow(Place { file, node: node.id() }, self.out.work()) {
            Ok(place) => Some((self.forest.node(place), place.file)),
            Err(Lost::Work) => None,
            Err(reason) => {
                self.problem_in(file, node, format_args!("{reason}: left out"));
                None
            }
        }
    }

    /// An error at a node of a file.
    fn problem_in(&mut self, file: u32, node: Node<'_>, what: impl fmt::Display) {
        let name = self.forest.file(Place { file, ..Place::default() });
        self.out.problems.set_file(name);
        self.out.problems.error_at(node, what);
        self.out.problems.set_file("");
    }

    fn servers(&mut self, list: Option<Node<'a>>) -> Vec<SpecServer> {
        let Some(list) = list else { return Vec::new() };
        if !list.is_array() {
            self.out.problems.error_at(list, "expected an array of servers");
            return Vec::new();
        }
        let mut out: Vec<SpecServer> = Vec::new();
        for (i, server) in self.out.children(list).enumerate() {
            if i >= MAX_SERVERS {
                self.out.problems.error_at(server, format_args!("more than {MAX_SERVERS} servers"));
                break;
            }
            let Some(url) = server.get("url").and_then(Node::as_str) else {
                self.out.problems.error_at(server, "expected a server with a `url`");
                continue;
            };
            // Each of its bytes may begin a variable.
            if !self.out.work().spend(url.len().min(MAX_ADDRESS)) {
                break;
            }
            let variables = server.get("variables");
            let known = |name: &str| variables?.get(name)?.get("default")?.scalar();
            let mut server_read = server_of(&fill(url, known));
            // A relative URL names no host.
            if !server_read.host.is_empty() {
                server_read.pattern =
                    hosts_of(url, |name| values_of(self.out, variables?.get(name)?));
            }
            server_read.name = cut(server.text_of("name"));
            if !out.contains(&server_read) {
                out.push(server_read);
            }
        }
        out
    }

    fn paths(&mut self, paths: Node<'a>, file: u32, kind: OperationKind) {
        for (path, node) in paths.members() {
            if path.starts_with("x-") {
                continue;
            }
            if path.len() > MAX_PATH {
                let what = format_args!("a path of more than {MAX_PATH} bytes");
                self.problem_in(file, node, what);
                continue;
            }
            if kind == OperationKind::Http && !path.starts_with('/') {
                self.out.problems.warning_at(node, "expected a path that begins with `/`");
            }
            self.path(path, node, file, kind);
            if self.out.is_full(node) {
                return;
            }
        }
    }

    /// A path item, and what it refers to: its own operations count more.
    fn path(&mut self, path: &'a str, node: Node<'a>, file: u32, kind: OperationKind) {
        if !node.is_object() {
            if node.value() != Value::Null {
                self.problem_in(file, node, "expected a path item object");
            }
            return;
        }
        let pointer = node.pointer();
        let target = if node.get("$ref").is_some() { self.follow(node, file) } else { None };
        let mut seen: Vec<String> = Vec::new();
        for (node, file) in std::iter::once((node, file)).chain(target) {
            let item = Item {
                kind,
                path,
                servers: self.servers(node.get("servers")),
                parameters: node.get("parameters"),
                file,
            };
            for method in METHODS {
                if let Some(operation) = node.get(method)
                    && !seen.iter().any(|s| s == method)
                {
                    seen.push(method.to_owned());
                    let pointer = format!("{pointer}/{method}");
                    self.operation(&item, method.to_ascii_uppercase(), operation, pointer);
                }
            }
            let more = node.get("additionalOperations").filter(|m| m.is_object());
            let more = more.map(|more| self.out.members(more));
            for (method, operation) in more.into_iter().flatten() {
                if self.out.is_full(operation) {
                    return;
                }
                let pointer = format!("{pointer}/additionalOperations/{}", escape(&cut(method)));
                self.operation(&item, cut(method), operation, pointer);
            }
        }
    }

    fn operation(&mut self, item: &Item<'a>, method: String, node: Node<'a>, pointer: String) {
        if !self.out.work().spend(OPERATION_STEPS) {
            return;
        }
        if !node.is_object() {
            self.problem_in(item.file, node, "expected an operation object");
            return;
        }
        let Some((node, file)) = self.follow(node, item.file) else { return };
        let own = self.servers(node.get("servers"));
        let mut operation = SpecOperation {
            kind: item.kind,
            method,
            path: item.path.to_owned(),
            operation_id: node
                .get("operationId")
                .and_then(Node::scalar)
                .filter(|t| !t.is_empty())
                .map(cut),
            summary: cut(node.text_of("summary")),
            deprecated: node.get("deprecated").and_then(Node::as_bool).unwrap_or(false),
            tags: self.tags(node),
            security: match node.get("security") {
                Some(own) => self.security(Some(own)),
                None => self.security.clone(),
            },
            servers: if own.is_empty() { item.servers.clone() } else { own },
            pointer,
            ..SpecOperation::default()
        };
        self.parameters(&mut operation, node, file, item);
        self.body(&mut operation, node, file);
        self.responses(&mut operation, node, file);
        for (name, value) in self.out.members(node).filter(|(name, _)| name.starts_with("x-")) {
            if !self.out.item(value, name.len()) {
                break;
            }
            operation.extensions.push((cut(name), Place { file, node: value.id() }));
        }
        let kept = self.out.add(operation, node, file);
        if kept && item.kind != OperationKind::Callback {
            self.callbacks(node, file);
        }
    }

    /// Callbacks as operations of their own; those of callbacks are not read.
    fn callbacks(&mut self, operation: Node<'a>, file: u32) {
        let list = operation.get("callbacks").filter(|c| c.is_object());
        let list = list.map(|list| self.out.children(list));
        let mut count = 0;
        for callback in list.into_iter().flatten() {
            let Some((callback, file)) = self.follow(callback, file) else { continue };
            for (expression, item) in self.out.members(callback) {
                if expression.starts_with("x-") || expression == "$ref" {
                    continue;
                }
                count += 1;
                if count > MAX_CALLBACKS || expression.len() > MAX_PATH {
                    let what =
                        format_args!("more than {MAX_CALLBACKS} callbacks, or too long a one");
                    self.problem_in(file, item, what);
                    return;
                }
                self.path(expression, item, file, OperationKind::Callback);
            }
        }
    }

    fn tags(&self, node: Node<'a>) -> Vec<String> {
        let list = node.get("tags").filter(|t| t.is_array()).map(|tags| self.out.children(tags));
        list.into_iter().flatten().take(MAX_TAGS).filter_map(Node::scalar).map(cut).collect()
    }
}
