//! OpenAPI 2.0, 3.0 and 3.1 documents to a list of operations: bytes in, servers, path templates and
//! what is said about each operation out. Thin on purpose: schemas are not read.
//!
//! Lenient: whatever cannot be read is listed with its location, the rest is kept. No reference is
//! fetched; local references to path items are followed once.

use serde_json::{Map, Value};

/// Largest document, in bytes.
pub const MAX_SPEC_BYTES: usize = 32 * 1024 * 1024;
/// Most operations of one document.
pub const MAX_OPERATIONS: usize = 20_000;
/// Most problems that are listed.
pub const MAX_PROBLEMS: usize = 200;
/// Most servers of one document, path or operation.
pub const MAX_SERVERS: usize = 64;
/// Most nodes of a YAML document, aliases expanded.
pub const MAX_NODES: usize = 4_000_000;
/// Most uses of YAML aliases.
pub const MAX_ALIASES: usize = 20_000;
/// Deepest nesting of a YAML document.
pub const MAX_DEPTH: usize = 200;

const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Something in a document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecProblem {
    /// JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What was expected and what is there.
    pub message: String,
}

/// Where an API is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecServer {
    /// Host without port, lower case; empty when the document does not say. Variables without a
    /// default stay as `{name}`.
    pub host: String,
    /// Path in front of all path templates, without a slash at the end; may hold `{name}`.
    pub base_path: String,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecOperation {
    /// Upper case.
    pub method: String,
    /// Path template as written, without the base path.
    pub path: String,
    /// `operationId`.
    pub operation_id: Option<String>,
    /// Marked as deprecated.
    pub deprecated: bool,
    /// Whether a security requirement applies: `Some(false)` when anonymous callers are explicitly
    /// allowed, `None` when nothing is said.
    pub secured: Option<bool>,
    /// Where it is in the document (RFC 6901).
    pub pointer: String,
    /// Servers of its own, which replace those of the document.
    pub servers: Vec<SpecServer>,
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecDocument {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub api_version: String,
    /// `swagger` or `openapi`.
    pub version: String,
    /// Where it is served; at least one.
    pub servers: Vec<SpecServer>,
    /// Operations in order of path and method.
    pub operations: Vec<SpecOperation>,
    /// What could not be read.
    pub problems: Vec<SpecProblem>,
}

/// Reads a document in JSON or YAML.
///
/// # Errors
/// When it is too large, no JSON and no YAML, or no OpenAPI document at all.
pub fn read(bytes: &[u8]) -> Result<SpecDocument, SpecProblem> {
    let root = parse(bytes)?;
    let Some(root) = root.as_object() else {
        return Err(whole("expected an object at the top of the document"));
    };
    let version = match (root.get("openapi"), root.get("swagger")) {
        (Some(v), _) | (None, Some(v)) => text(v),
        (None, None) => {
            return Err(whole("expected an OpenAPI document: no `openapi` and no `swagger` field"));
        }
    };
    let mut reader = Reader { root, document: SpecDocument { version, ..SpecDocument::default() } };
    reader.run();
    Ok(reader.document)
}

fn whole(message: impl Into<String>) -> SpecProblem {
    SpecProblem { pointer: String::new(), message: message.into() }
}

fn parse(bytes: &[u8]) -> Result<Value, SpecProblem> {
    if bytes.len() > MAX_SPEC_BYTES {
        return Err(whole(format!("document is larger than {MAX_SPEC_BYTES} bytes")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    let json = match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = std::str::from_utf8(bytes).map_err(|e| whole(format!("not UTF-8: {e}")))?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 2,
            max_aliases: MAX_ALIASES,
            max_depth: MAX_DEPTH,
            max_documents: 1,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|yaml| {
        if first == Some(&b'{') {
            whole(format!("not JSON: {json}"))
        } else {
            let message = yaml.to_string();
            whole(format!("not YAML: {}", message.lines().next().unwrap_or("")))
        }
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        _ => String::new(),
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

struct Reader<'a> {
    root: &'a Map<String, Value>,
    document: SpecDocument,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        if let Some(info) = self.root.get("info").and_then(Value::as_object) {
            self.document.title = info.get("title").map(text).unwrap_or_default();
            self.document.api_version = info.get("version").map(text).unwrap_or_default();
        } else {
            self.problem("/info", "expected an object");
        }
        self.document.servers = if self.root.contains_key("swagger") {
            vec![self.swagger_server()]
        } else {
            self.servers(self.root.get("servers"), "/servers")
        };
        if self.document.servers.is_empty() {
            self.document.servers.push(SpecServer::default());
        }
        let security = self.secured(self.root.get("security"), "/security");
        match self.root.get("paths") {
            Some(Value::Object(paths)) => {
                for (path, item) in paths {
                    self.path(path, item, security);
                }
            }
            // Allowed from 3.1 on, when there are webhooks or components.
            None if self.document.version.starts_with("3.1") => {}
            _ => self.problem("/paths", "expected an object"),
        }
    }

    fn problem(&mut self, pointer: &str, message: impl Into<String>) {
        if self.document.problems.len() < MAX_PROBLEMS {
            self.document
                .problems
                .push(SpecProblem { pointer: pointer.to_owned(), message: message.into() });
        }
    }

    fn swagger_server(&mut self) -> SpecServer {
        let host = self.root.get("host").map(text).unwrap_or_default();
        let base = self.root.get("basePath").map(text).unwrap_or_default();
        SpecServer { host: host_only(&host), base_path: clean_base(&base) }
    }

    fn servers(&mut self, value: Option<&Value>, pointer: &str) -> Vec<SpecServer> {
        let list = match value {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.problem(pointer, "expected an array of servers");
                return Vec::new();
            }
        };
        let mut out: Vec<SpecServer> = Vec::new();
        for (i, server) in list.iter().enumerate().take(MAX_SERVERS) {
            let Some(url) = server.get("url").and_then(Value::as_str) else {
                self.problem(&format!("{pointer}/{i}"), "expected a server with a `url`");
                continue;
            };
            let variables = server.get("variables").and_then(Value::as_object);
            let server = server_of(&fill(url, variables));
            if !out.contains(&server) {
                out.push(server);
            }
        }
        out
    }

    fn secured(&mut self, value: Option<&Value>, pointer: &str) -> Option<bool> {
        match value {
            None => None,
            Some(Value::Array(list)) => {
                let open = |v: &Value| v.as_object().is_some_and(Map::is_empty);
                Some(!list.is_empty() && !list.iter().any(open))
            }
            Some(_) => {
                self.problem(pointer, "expected an array of security requirements");
                None
            }
        }
    }

    fn path(&mut self, path: &str, item: &'a Value, security: Option<bool>) {
        if path.starts_with("x-") {
            return;
        }
        let pointer = format!("/paths/{}", escape(path));
        let Some(item) = self.item(item, &pointer) else { return };
        if !path.starts_with('/') {
            self.problem(&pointer, "expected a path that begins with `/`");
        }
        let servers = self.servers(item.get("servers"), &format!("{pointer}/servers"));
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let pointer = format!("{pointer}/{method}");
            let Some(operation) = operation.as_object() else {
                self.problem(&pointer, "expected an operation object");
                continue;
            };
            if self.document.operations.len() >= MAX_OPERATIONS {
                self.problem(&pointer, format!("more than {MAX_OPERATIONS} operations"));
                return;
            }
            let own = self.servers(operation.get("servers"), &format!("{pointer}/servers"));
            let secured = self.secured(operation.get("security"), &format!("{pointer}/security"));
            self.document.operations.push(SpecOperation {
                method: method.to_ascii_uppercase(),
                path: path.to_owned(),
                operation_id: operation.get("operationId").map(text).filter(|t| !t.is_empty()),
                deprecated: operation.get("deprecated").and_then(Value::as_bool).unwrap_or(false),
                secured: secured.or(security),
                pointer,
                servers: if own.is_empty() { servers.clone() } else { own },
            });
        }
    }

    /// The path item, through one local reference.
    fn item(&mut self, item: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
        let Some(object) = item.as_object() else {
            if !item.is_null() {
                self.problem(pointer, "expected a path item object");
            }
            return None;
        };
        let Some(reference) = object.get("$ref") else { return Some(object) };
        let local = reference.as_str().and_then(|r| r.strip_prefix('#'));
        let target = local.and_then(|path| look_up(self.root, path)).and_then(Value::as_object);
        if target.is_none() {
            self.problem(pointer, format!("reference {reference} is not followed"));
        }
        target.or(Some(object))
    }
}

fn look_up<'a>(root: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut parts = pointer.strip_prefix('/')?.split('/');
    let unescape = |p: &str| p.replace("~1", "/").replace("~0", "~");
    let mut at = root.get(&unescape(parts.next()?))?;
    for part in parts.take(16) {
        at = at.as_object()?.get(&unescape(part))?;
    }
    Some(at)
}

/// Replaces server variables by their defaults.
fn fill(url: &str, variables: Option<&Map<String, Value>>) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match variables.and_then(|v| v.get(name)).and_then(|v| v.get("default")).map(text) {
            Some(default) => out.push_str(&default),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// `https://host:port/base`, `//host/base`, `host/base` (with a dot), or `/base`.
fn server_of(url: &str) -> SpecServer {
    let url = url.split(['?', '#']).next().unwrap_or("");
    let rest = match url.split_once("://") {
        Some((_, rest)) => Some(rest),
        None => url.strip_prefix("//"),
    };
    match rest {
        Some(rest) => {
            let (host, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            SpecServer { host: host_only(host), base_path: clean_base(base) }
        }
        None => SpecServer { host: String::new(), base_path: clean_base(url) },
    }
}

fn host_only(authority: &str) -> String {
    let authority = authority.rsplit('@').next().unwrap_or("");
    let authority = authority.split('/').next().unwrap_or("");
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => authority.split(':').next().unwrap_or(""),
    };
    host.to_ascii_lowercase()
}

fn clean_base(base: &str) -> String {
    let mut out = String::new();
    for part in base.split('/').filter(|p| !p.is_empty() && *p != ".") {
        out.push('/');
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = r##"
openapi: 3.0.1
info: {title: Shop, version: 2}
servers:
  - url: https://{stage}.shop.example:8443/v{n}/
    variables: {stage: {default: api}, n: {}}
  - url: /v1
  - {}
security: [{key: []}]
paths:
  /orders/{id}:
    servers: [{url: "//eu.shop.example"}]
    get: {operationId: order, deprecated: true, responses: {200: {description: ok}}}
    delete: {security: []}
    post: 7
  /shared: {$ref: "#/components/pathItems/shared"}
  /elsewhere: {$ref: "other.yaml#/x"}
  x-hidden: {get: {}}
components:
  pathItems: {shared: {put: {security: [{}, {key: []}]}}}
"##;

    #[test]
    fn reads_servers_operations_and_lists_problems() {
        let spec = read(YAML.as_bytes()).expect("a document");
        assert_eq!((spec.title.as_str(), spec.api_version.as_str()), ("Shop", "2"));
        assert_eq!(spec.servers[0].host, "api.shop.example");
        assert_eq!(spec.servers[0].base_path, "/v{n}");
        assert_eq!(spec.servers[1], SpecServer { host: String::new(), base_path: "/v1".into() });
        let list: Vec<_> = spec
            .operations
            .iter()
            .map(|o| (o.method.as_str(), o.path.as_str(), o.deprecated, o.secured))
            .collect();
        assert_eq!(
            list,
            [
                ("GET", "/orders/{id}", true, Some(true)),
                ("DELETE", "/orders/{id}", false, Some(false)),
                ("PUT", "/shared", false, Some(false)),
            ]
        );
        assert_eq!(spec.operations[0].servers[0].host, "eu.shop.example");
        assert_eq!(spec.operations[0].pointer, "/paths/~1orders~1{id}/get");
        let pointers: Vec<_> = spec.problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/servers/2", "/paths/~1elsewhere", "/paths/~1orders~1{id}/post"]);
    }

    #[test]
    fn reads_swagger() {
        let json = r#"{"swagger":"2.0","info":{"title":"a"},"host":"API.example:80",
            "basePath":"/v2/","paths":{"/x":{"get":{}}}}"#;
        let spec = read(json.as_bytes()).expect("a document");
        assert_eq!(spec.servers[0].host, "api.example");
        assert_eq!(spec.servers[0].base_path, "/v2");
        assert_eq!(spec.operations[0].secured, None);
    }

    #[test]
    fn hostile_documents_give_one_clear_problem() {
        let bomb = format!(
            "openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x,x,x]\n{}",
            (b'b'..=b'k')
                .map(|c| {
                    let (c, p) = (c as char, (c - 1) as char);
                    format!("{c}: &{c} [{}]\n", vec![format!("*{p}"); 10].join(","))
                })
                .collect::<String>()
        );
        let deep = "[".repeat(100_000);
        for (bytes, part) in [
            (&b"{\"a\":1}"[..], "no `openapi`"),
            (b"{\"openapi\": ", "not JSON"),
            (b"\xff\xfe", "not UTF-8"),
            (b"- a", "an object"),
            (bomb.as_bytes(), "not YAML"),
            (deep.as_bytes(), "not YAML"),
        ] {
            let problem = read(bytes).expect_err("no document");
            assert!(problem.message.contains(part), "{} / {part}", problem.message);
        }
    }
}
