//! Which operation a request is for: paths by their templates, fixed text before parameters (OpenAPI 3.1.1 section
//! 4.8.8.2).

use std::collections::HashMap;

use bartizan_protocols::spec::{OperationKind, ParameterIn, SpecDocument, SpecOperation};

use super::text::{decoded, is_ambiguous};

/// Most segments of a path; a longer one is documented nowhere.
pub(super) const SEGMENTS: usize = 128;
/// Most nodes that are looked at for one path.
const WORK: usize = 4_096;
/// Most base paths of one operation.
const BASES: usize = 8;

/// The paths of a specification.
#[derive(Debug, Default)]
pub(super) struct Routes {
    nodes: Vec<Node>,
    items: Vec<Item>,
}

#[derive(Debug, Default)]
struct Node {
    /// Segments of fixed text, decoded.
    literals: HashMap<Box<str>, usize>,
    /// Segments with parameters, those with more fixed text first.
    patterns: Vec<(Pieces, usize)>,
    items: Vec<usize>,
}

/// The fixed texts around the parameters of a segment: one more than there are parameters.
type Pieces = Vec<Box<str>>;

/// A path with its methods.
#[derive(Debug)]
pub(super) struct Item {
    template: Vec<Segment>,
    /// Fields of the query that the path itself names, as those of some vendors do: `/?Action=Run`, `/#Action=Run`.
    marks: Vec<(String, String)>,
    has_matrix: bool,
    /// Methods in capitals, with the index of the operation.
    methods: Vec<(Box<str>, usize)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    pieces: Pieces,
    names: Vec<Box<str>>,
}

impl Segment {
    fn parse(text: &str) -> Self {
        let (mut pieces, mut names) = (Vec::new(), Vec::new());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((name, after)) = behind.split_once('}') else { break };
            pieces.push(decoded(before, false).unwrap_or_default().into());
            names.push(name.into());
            rest = after;
        }
        pieces.push(decoded(rest, false).unwrap_or_default().into());
        Self { pieces, names }
    }

    fn weight(pieces: &[Box<str>]) -> usize {
        pieces.iter().map(|piece| piece.len()).sum()
    }
}

/// The values between the pieces of a segment, as they came; none is empty.
fn captures<'r>(pieces: &[Box<str>], raw: &'r str) -> Option<Vec<&'r str>> {
    let [first, between @ .., last] = pieces else { return None };
    if between.is_empty() && first.is_empty() && last.is_empty() {
        return (!raw.is_empty()).then(|| vec![raw]);
    }
    let mut rest = raw.strip_prefix(&**first)?.strip_suffix(&**last)?;
    let mut found = Vec::new();
    for piece in between {
        // At least one character before it; two parameters without a text between them cannot be told apart.
        let first = rest.chars().next()?.len_utf8();
        let at =
            if piece.is_empty() { first } else { first + rest.get(first..)?.find(&**piece)? };
        found.push(rest.get(..at)?);
        rest = rest.get(at + piece.len()..)?;
    }
    found.push(rest);
    (!rest.is_empty()).then_some(found)
}

/// What a request is for.
pub(super) enum Found<'s> {
    Operation {
        index: usize,
        /// Parameters of the path, as they came.
        captured: Vec<(&'s str, &'s str)>,
    },
    /// The path is documented, with these methods only.
    Methods(Vec<&'s str>),
    /// The path is not documented, or is one that servers read differently.
    Nothing,
}

impl Routes {
    /// The paths of all operations that requests can be for, with the base paths of their servers, or with `base` in
    /// the place of these.
    pub(super) fn new(document: &SpecDocument, base: Option<&str>) -> Self {
        let mut routes = Self { nodes: vec![Node::default()], items: Vec::new() };
        for (index, operation) in document.operations.iter().enumerate() {
            if operation.kind != OperationKind::Http {
                continue;
            }
            let servers =
                if operation.servers.is_empty() { &document.servers } else { &operation.servers };
            let mut bases: Vec<&str> = match base {
                Some(base) => vec![base],
                None => {
                    servers.iter().take(BASES).map(|server| server.base_path.as_str()).collect()
                }
            };
            bases.sort_unstable();
            bases.dedup();
            for base in bases {
                routes.add(base, operation, index);
            }
        }
        routes
    }

    fn add(&mut self, base: &str, operation: &SpecOperation, index: usize) {
        let (path, marks) = split_marks(&operation.path);
        let whole = format!("{}{path}", base.trim_end_matches('/'));
        let template: Vec<_> = segments(&whole).map(Segment::parse).collect();
        let mut at = 0;
        for segment in &template {
            at = self.child(at, segment);
        }
        let has_matrix = operation
            .parameters
            .iter()
            .any(|one| one.location == ParameterIn::Path && one.is_matrix);
        let Some(node) = self.nodes.get(at) else { return };
        let items = &self.items;
        let is_same = |at: &&usize| {
            items.get(**at).is_some_and(|item| item.template == template && item.marks == marks)
        };
        let known = node.items.iter().find(is_same).copied();
        let item = known.unwrap_or_else(|| {
            self.items.push(Item { template, marks, has_matrix, methods: Vec::new() });
            self.items.len() - 1
        });
        if known.is_none()
            && let Some(node) = self.nodes.get_mut(at)
        {
            node.items.push(item);
            let items = &self.items;
            node.items
                .sort_by_key(|at| std::cmp::Reverse(items.get(*at).map_or(0, |i| i.marks.len())));
        }
        if let Some(item) = self.items.get_mut(item) {
            item.has_matrix |= has_matrix;
            item.methods.push((operation.method.as_str().into(), index));
        }
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return 0 };
        let child = match segment.pieces.as_slice() {
            [literal] => *node.literals.entry(literal.clone()).or_insert(next),
            _ => match node.patterns.iter().find(|(pieces, _)| *pieces == segment.pieces) {
                Some((_, child)) => *child,
                None => {
                    node.patterns.push((segment.pieces.clone(), next));
                    node.patterns
                        .sort_by_key(|(pieces, _)| std::cmp::Reverse(Segment::weight(pieces)));
                    next
                }
            },
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        child
    }

    /// What a request with this path and query is for.
    pub(super) fn find<'s>(&'s self, method: &str, path: &'s str, query: &str) -> Found<'s> {
        let raw: Vec<&str> = segments(path).take(SEGMENTS + 1).collect();
        if raw.len() > SEGMENTS || raw.iter().any(|segment| is_ambiguous(segment)) {
            return Found::Nothing;
        }
        let has_parameters = raw.iter().any(|segment| segment.contains(';'));
        let fits = |item: &&Item| {
            (item.has_matrix || !has_parameters)
                && item.marks.iter().all(|mark| has_mark(query, mark))
        };
        let items = self.ends(&raw);
        let mut items = items.iter().filter_map(|at| self.items.get(*at)).filter(fits);
        let Some(first) = items.next() else { return Found::Nothing };
        // Others at the same place differ in what they name of the query, or in names.
        let at_the_place: Vec<&Item> = std::iter::once(first).chain(items).collect();
        for wanted in [method, if method == "HEAD" { "GET" } else { method }] {
            for item in &at_the_place {
                let known = item.methods.iter().find(|(known, _)| **known == *wanted);
                if let Some((_, index)) = known
                    && let Some(captured) = item.captured(&raw)
                {
                    return Found::Operation { index: *index, captured };
                }
            }
        }
        let methods = at_the_place.iter().flat_map(|item| &item.methods);
        Found::Methods(methods.map(|(method, _)| &**method).collect())
    }

    /// The items at the first place that fits, fixed text before parameters.
    fn ends(&self, raw: &[&str]) -> &[usize] {
        let mut waiting = vec![(0, 0)];
        let mut work = 0;
        while let Some((node, at)) = waiting.pop() {
            work += 1;
            let Some(node) = self.nodes.get(node).filter(|_| work <= WORK) else { return &[] };
            let Some(segment) = raw.get(at) else {
                if node.items.is_empty() {
                    continue;
                }
                return &node.items;
            };
            for (pieces, child) in node.patterns.iter().rev() {
                if captures(pieces, segment).is_some() {
                    waiting.push((*child, at + 1));
                }
            }
            let text = decoded(segment, false);
            if let Some(child) = text.and_then(|text| node.literals.get(&*text)) {
                waiting.push((*child, at + 1));
            }
        }
        &[]
    }
}

impl Item {
    fn captured<'s>(&'s self, raw: &[&'s str]) -> Option<Vec<(&'s str, &'s str)>> {
        let mut found = Vec::new();
        for (segment, raw) in self.template.iter().zip(raw) {
            if segment.names.is_empty() {
                continue;
            }
            let values = captures(&segment.pieces, raw)?;
            found.extend(segment.names.iter().map(|name| &**name).zip(values));
        }
        Some(found)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// A path without the fields of the query that it names.
fn split_marks(path: &str) -> (&str, Vec<(String, String)>) {
    let Some(at) = path.find(['?', '#']) else { return (path, Vec::new()) };
    let (path, marks) = path.split_at(at);
    let pairs = marks[1..].split(['&', '?', '#']).filter_map(|pair| pair.split_once('='));
    (path, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn has_mark(query: &str, (name, value): &(String, String)) -> bool {
    let is_it = |pair: &str| {
        let (found, text) = pair.split_once('=').unwrap_or((pair, ""));
        let is = |raw, wanted: &str| decoded(raw, true).is_some_and(|text| text == wanted);
        is(found, name) && (value.starts_with('{') || is(text, value))
    };
    query.split('&').any(is_it)
}

#[cfg(test)]
mod tests {
    use bartizan_protocols::spec::{self, NoFiles};

    use super::*;

    fn routes(paths: &[&str], base: Option<&str>) -> (SpecDocument, Routes) {
        let paths: String = paths.iter().map(|path| format!("  {path}\n")).collect();
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: a, version: '1'}}\nservers: [{{url: 'https://a.example/v1'}}]\npaths:\n{paths}"
        );
        let document = spec::read(text.as_bytes(), &mut NoFiles).expect("read");
        let routes = Routes::new(&document, base);
        (document, routes)
    }

    /// The path of the operation and its parameters; the methods; or nothing.
    fn found(
        (document, routes): &(SpecDocument, Routes),
        method: &str,
        path: &str,
        query: &str,
    ) -> String {
        match routes.find(method, path, query) {
            Found::Operation { index, captured } => {
                let operation = &document.operations[index];
                let captured: Vec<_> = captured.iter().map(|(n, v)| format!("{n}={v}")).collect();
                format!("{} {}", operation.path, captured.join(",")).trim().to_owned()
            }
            Found::Methods(methods) => format!("only {}", methods.join(",")),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn fixed_text_wins_and_servers_say_where_paths_begin() {
        let all = routes(
            &[
                "/users/{id}: {get: {responses: {}}, delete: {responses: {}}}",
                "/users/me: {get: {responses: {}}}",
                "/users/{id}/orders/{order}: {get: {responses: {}}}",
                "/reports/{name}.{format}: {get: {responses: {}}}",
                "/: {get: {responses: {}}}",
            ],
            None,
        );
        for (method, path, expected) in [
            ("GET", "/v1/users/17", "/users/{id} id=17"),
            ("HEAD", "/v1/users/17", "/users/{id} id=17"),
            ("GET", "/v1/users/me", "/users/me"),
            ("GET", "/v1/users/%6de", "/users/me"),
            ("DELETE", "/v1/users/me", "only GET"),
            ("POST", "/v1/users/17", "only GET,DELETE"),
            ("GET", "/v1/users/17/orders/a%20b", "/users/{id}/orders/{order} id=17,order=a%20b"),
            (
                "GET",
                "/v1/reports/may.2026.csv",
                "/reports/{name}.{format} name=may,format=2026.csv",
            ),
            ("GET", "/v1/", "/"),
            ("GET", "/v1", "nothing"),
            ("GET", "/users/17", "nothing"),
            ("GET", "/v1/users/", "nothing"),
            ("GET", "/v1/users/17/", "nothing"),
            ("GET", "/v1/Users/17", "nothing"),
        ] {
            assert_eq!(found(&all, method, path, ""), expected, "{method} {path}");
        }
    }

    #[test]
    fn paths_that_servers_read_differently_are_documented_nowhere() {
        let all =
            routes(&["/{a}: {get: {responses: {}}}", "/{a}/{b}: {get: {responses: {}}}"], Some(""));
        for path in [
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/..",
            "/.",
            "/%2e%2E",
            "/a/..",
            "/a//",
            "/a;b=c",
            "/a%00b",
            "/%252e%252e%252fadmin",
            "/%25252fa",
        ] {
            assert_eq!(found(&all, "GET", path, ""), "nothing", "{path}");
        }
        let deep = "/a".repeat(SEGMENTS + 1);
        assert_eq!(found(&all, "GET", &deep, ""), "nothing");
        assert_eq!(found(&all, "GET", "/a%20b", ""), "/{a} a=a%20b");
    }

    #[test]
    fn paths_that_name_fields_of_the_query() {
        let all = routes(
            &["/#Action=Run: {get: {responses: {}}}", "/#Action=Stop: {get: {responses: {}}}"],
            Some("/"),
        );
        assert_eq!(found(&all, "GET", "/", "Action=Stop&x=1"), "/#Action=Stop");
        assert_eq!(found(&all, "GET", "/", "Action=Run"), "/#Action=Run");
        assert_eq!(found(&all, "GET", "/", "Action=Other"), "nothing");
    }

    #[test]
    fn many_ways_end() {
        let paths: Vec<String> = (0..200)
            .map(|at| {
                format!("/{}/end{at}: {{get: {{responses: {{}}}}}}", vec!["{a}"; 20].join("/"))
            })
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let all = routes(&paths, Some(""));
        assert_eq!(found(&all, "GET", &"/a".repeat(21), ""), "nothing");
    }
}
