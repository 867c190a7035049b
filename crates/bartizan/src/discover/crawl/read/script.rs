//! Paths in JavaScript and TypeScript, with the method of the call that they are in where it is clear.
//!
//! The tree is walked from the top with a list of what is left, so that neither deep nesting nor a chain
//! of `+` needs a deep stack.

use bartizan_code::syntax::{File, Piece};

use super::{super::paths, route::name_of};

/// Most nodes of a script that are looked at.
const MAX_NODES: usize = 4_000_000;
/// Most texts of a script that are handed over.
const MAX_TEXTS: usize = 20_000;
/// Longest text that can be a path, in bytes.
const MAX_TEXT: usize = 2_048;
/// Most parts of a text that is put together.
const MAX_PARTS: usize = 64;
/// Arguments of a call that are looked at; the others are walked without its method.
const MAX_ARGUMENTS: usize = 8;

/// Methods that routes may have.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// Keys that hold the path of a request.
const PATH_KEYS: &[&str] = &["endpoint", "path", "pathname", "route", "uri", "url"];
/// Keys and attributes that hold a path of the pages in the browser: no request goes there.
const PAGE_KEYS: &[&str] =
    &["as", "from", "href", "path", "pathname", "redirect", "redirectTo", "route", "to"];
/// Keys by which documentation pages name specifications (Swagger UI, ReDoc, Scalar).
const SPECIFICATION_KEYS: &[&str] = &["configUrl", "specUrl", "spec_url", "swaggerUrl", "url"];

/// A text that may be a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Method of the request, where it is clear.
    pub(super) method: Option<&'static str>,
    /// The text; `{name}` stands for what is put in at run time.
    pub(super) text: String,
    /// Whether it is given to a key by which documentation pages name specifications.
    pub(super) names_specification: bool,
}

/// What a script holds.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Texts with a slash in them, and names of files of specifications.
    pub(super) found: Vec<Found>,
    /// Whether there was more than is looked at.
    pub(super) is_cut: bool,
}

/// What is known of a node from those above it.
#[derive(Clone, Copy, Default)]
struct Context<'f> {
    /// Method of the call or object.
    method: Option<&'static str>,
    /// Key or attribute.
    key: &'f str,
}

/// The texts of a parsed script that may be paths.
pub(super) fn read(file: &File) -> Texts {
    let mut walk =
        Walk { open: vec![(file.root(), Context::default())], texts: Texts::default(), nodes: 0 };
    while let Some((piece, context)) = walk.open.pop() {
        walk.nodes += 1;
        if walk.nodes > MAX_NODES || walk.texts.found.len() >= MAX_TEXTS {
            walk.texts.is_cut = true;
            break;
        }
        walk.visit(piece, context);
    }
    walk.texts
}

struct Walk<'f> {
    open: Vec<(Piece<'f>, Context<'f>)>,
    texts: Texts,
    nodes: usize,
}

impl<'f> Walk<'f> {
    fn visit(&mut self, piece: Piece<'f>, context: Context<'f>) {
        match piece.kind() {
            "string" | "template_string" | "binary_expression" => self.text(piece, context),
            "call_expression" | "new_expression" => self.call(piece),
            "object" => self.object(piece, context),
            "jsx_attribute" => {
                let key = piece.children().next().map_or("", |name| name.text());
                let context = Context { method: None, key };
                self.open.extend(piece.children().skip(1).map(|value| (value, context)));
            }
            // What these stand for is one of the things in them.
            "parenthesized_expression" | "ternary_expression" | "jsx_expression" => {
                self.open.extend(piece.children().map(|child| (child, context)));
            }
            _ => self.children(piece),
        }
    }

    fn children(&mut self, piece: Piece<'f>) {
        self.open.extend(piece.children().map(|child| (child, Context::default())));
    }

    /// A text, or several that are put together with `+`.
    fn text(&mut self, piece: Piece<'f>, context: Context<'f>) {
        let Some((text, others)) = joined(piece) else { return self.children(piece) };
        self.open.extend(others.into_iter().map(|other| (other, Context::default())));
        let Some(text) = text else { return };
        let names_specification = SPECIFICATION_KEYS.contains(&context.key);
        // A specification may be named as the file beside the page.
        let is_file = names_specification && paths::is_specification(&text);
        let is_page = context.method.is_none()
            && PAGE_KEYS.contains(&context.key)
            && !text.contains("/api")
            && !text.contains("://");
        if is_file || (text.contains('/') && !is_page) {
            self.texts.found.push(Found { method: context.method, text, names_specification });
        }
    }

    /// A call: which of its arguments is the path of a request, and of which method.
    fn call(&mut self, piece: Piece<'f>) {
        let function = piece.field("function").or_else(|| piece.field("constructor"));
        let list = piece.field("arguments");
        // A tagged template has the template in the place of the list.
        let Some(list) = list.filter(|list| list.is(&["arguments"])) else {
            return self.children(piece);
        };
        self.open.extend(function.map(|function| (function, Context::default())));
        let first: Vec<Piece<'f>> = list.children().take(MAX_ARGUMENTS).collect();
        let at = request(function.map_or("", last_name), &first);
        for (index, argument) in list.children().enumerate() {
            let method = at.filter(|(at, _)| *at == index).and_then(|(_, method)| method);
            self.open.push((argument, Context { method, key: "" }));
        }
    }

    /// An object: its keys, and the method of a request that it describes.
    fn object(&mut self, piece: Piece<'f>, context: Context<'f>) {
        let method = method_of(piece).unwrap_or(context.method);
        for child in piece.children() {
            if !child.is(&["pair"]) {
                self.open.push((child, Context::default()));
                continue;
            }
            let key = key_of(child);
            let method = method.filter(|_| PATH_KEYS.contains(&key));
            self.open.extend(child.field("value").map(|value| (value, Context { method, key })));
        }
    }
}

/// The text that a piece stands for, `None` when it cannot be a path, and what else stands in it. Nothing at
/// all when the piece is another expression, or has too many parts.
fn joined(piece: Piece<'_>) -> Option<(Option<String>, Vec<Piece<'_>>)> {
    let mut open = vec![piece];
    let (mut text, mut others, mut parts) = (Some(String::new()), Vec::new(), 0);
    while let Some(part) = open.pop() {
        parts += 1;
        if parts > MAX_PARTS {
            return None;
        }
        let piece_of = match part.kind() {
            "binary_expression" => {
                let (left, right) = (part.field("left")?, part.field("right")?);
                let is_sum = part.field("operator").is_some_and(|sign| sign.text() == "+");
                if is_sum {
                    open.push(right);
                    open.push(left);
                    continue;
                }
                if parts == 1 {
                    return None;
                }
                others.push(part);
                Some("{value}".to_owned())
            }
            "string" => plain(part.text()),
            "template_string" => {
                others.extend(part.children().filter(|child| child.is(&["template_substitution"])));
                template(part.text())
            }
            _ => {
                others.push(part);
                Some(format!("{{{}}}", name_of(end_of(part.text()))))
            }
        };
        text = match (text, piece_of) {
            (Some(mut text), Some(piece)) if text.len() + piece.len() <= MAX_TEXT => {
                text.push_str(&piece);
                Some(text)
            }
            _ => None,
        };
    }
    Some((text, others))
}

/// The end of an expression, in which its last word is.
fn end_of(text: &str) -> &str {
    text.get(text.ceil_char_boundary(text.len().saturating_sub(200))..).unwrap_or_default()
}

/// A text without its quotes; `None` when it is too long or holds escapes other than that of the slash.
fn plain(quoted: &str) -> Option<String> {
    if quoted.len() > MAX_TEXT {
        return None;
    }
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    let text = inner.replace("\\/", "/");
    (!text.contains('\\')).then_some(text)
}

/// A template with `{name}` for each substitution.
fn template(quoted: &str) -> Option<String> {
    let inner = plain(quoted)?;
    let mut out = String::new();
    let mut rest = inner.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let mut depth = 1_usize;
        let end = after.find(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        out.push_str(&format!("{{{}}}", name_of(after.get(..end)?)));
        rest = after.get(end + 1..)?;
    }
    out.push_str(rest);
    Some(out)
}

/// Which argument of a call is the path of a request, and its method where it is clear.
fn request(name: &str, arguments: &[Piece<'_>]) -> Option<(usize, Option<&'static str>)> {
    let is_text = |piece: &Piece<'_>| piece.is(&["string", "template_string", "binary_expression"]);
    let first = arguments.first()?;
    // `request.open("POST", "/orders")`, `http.request("GET", "/orders")`.
    if first.is(&["string"])
        && arguments.len() > 1
        && let Some(method) =
            word_of(*first).filter(|word| word.bytes().all(|b| b.is_ascii_uppercase()))
        && let Some(method) = known(method)
    {
        return Some((1, Some(method)));
    }
    let lower = name.to_ascii_lowercase();
    let verb = match lower.trim_start_matches('$') {
        "get" | "getjson" | "eventsource" | "websocket" => Some("GET"),
        "post" | "sendbeacon" => Some("POST"),
        "put" => Some("PUT"),
        "patch" => Some("PATCH"),
        "delete" | "del" => Some("DELETE"),
        "head" => Some("HEAD"),
        "options" => Some("OPTIONS"),
        _ => None,
    };
    if verb.is_some() {
        return Some((0, verb));
    }
    let is_general = matches!(
        lower.trim_start_matches('$'),
        "fetch" | "axios" | "ajax" | "request" | "ky" | "got"
    );
    if !is_general {
        return None;
    }
    match arguments.get(1) {
        // A path, or an object that describes the request: GET unless something else is said.
        None => Some((0, Some("GET"))),
        Some(options) if options.is(&["object"]) => {
            Some((0, method_of(*options).unwrap_or(Some("GET"))))
        }
        Some(_) if is_text(first) => Some((0, None)),
        Some(_) => None,
    }
}

fn is_method_key(key: &str) -> bool {
    matches!(key, "method" | "type")
}

/// The method that an object of options names: `None` when it says nothing of one, `Some(None)` when it may
/// be any.
fn method_of(object: Piece<'_>) -> Option<Option<&'static str>> {
    let mut out = None;
    for child in object.children() {
        let found = match child.kind() {
            "pair" if is_method_key(key_of(child)) => {
                child.field("value").and_then(word_of).and_then(known)
            }
            "shorthand_property_identifier" if is_method_key(child.text()) => None,
            // What is spread into it may hold a method.
            "spread_element" => None,
            _ => continue,
        };
        if found.is_some() {
            return Some(found);
        }
        out = Some(None);
    }
    out
}

/// The text of a short piece without quotes.
fn word_of(piece: Piece<'_>) -> Option<&str> {
    let text = piece.text();
    (text.len() <= 16).then(|| text.trim_matches(['"', '\'', '`']))
}

/// A method by its name, in upper or lower case.
fn known(name: &str) -> Option<&'static str> {
    METHODS.iter().copied().find(|method| method.eq_ignore_ascii_case(name))
}

/// The key of a pair without quotes.
fn key_of(pair: Piece<'_>) -> &str {
    pair.field("key").map_or("", |key| key.text().trim_matches(['"', '\'']))
}

/// The last name of what is called: `post` of `this.client.post`.
fn last_name(function: Piece<'_>) -> &str {
    match function.kind() {
        "identifier" => function.text(),
        "member_expression" => function.field("property").map_or("", |name| name.text()),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use bartizan_code::{Limits, syntax::Language};

    use super::*;

    fn texts(code: &str) -> Vec<String> {
        let file = File::parse("x.js", Language::JavaScript, code.to_owned(), &Limits::default());
        let mut found: Vec<String> = read(&file.expect("parsed"))
            .found
            .into_iter()
            .map(|found| format!("{} {}", found.method.unwrap_or("?"), found.text))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn methods_come_from_the_call() {
        for (code, expected) in [
            ("fetch('/a/b')", "GET /a/b"),
            ("fetch('/a/b', { method: 'POST', body })", "POST /a/b"),
            ("fetch('/a/b', { method: 'POST', body: x })", "POST /a/b"),
            ("fetch('/a/b', { headers: h, signal })", "GET /a/b"),
            ("fetch('/a/b', { method })", "? /a/b"),
            ("fetch('/a/b', { ...o })", "? /a/b"),
            ("fetch('/a/b', { method: m })", "? /a/b"),
            ("fetch('/a/b', o)", "? /a/b"),
            ("axios.post(`/a/${id}/b`, x)", "POST /a/{id}/b"),
            ("axios({ url: '/a/b', method: \"put\" })", "PUT /a/b"),
            ("$.ajax({ type: 'DELETE', url: '/a/' + this.id })", "DELETE /a/{id}"),
            ("$.ajax({ url: '/a/b' })", "GET /a/b"),
            ("axios({ url: '/a/b', method: m })", "? /a/b"),
            ("this.http.get(this.base + '/a/' + id + '/b')", "GET {base}/a/{id}/b"),
            ("x.open('PATCH', '/a/b')", "PATCH /a/b"),
            ("client.request(`POST`, '/a/b')", "? /a/b"),
            ("new EventSource('/a/b')", "GET /a/b"),
            ("const path = '/a/b'", "? /a/b"),
            ("f({ path: `/api/b/${e.id}`, method: 'GET' })", "GET /api/b/{id}"),
            ("x('a\\/b\\/c')", "? a/b/c"),
        ] {
            assert_eq!(texts(code), [expected], "{code}");
        }
    }

    #[test]
    fn calls_within_texts_are_seen_and_pages_are_not() {
        assert_eq!(texts("fetch(`/a/${f(fetch('/b/c'))}`)"), ["GET /a/{c}", "GET /b/c"]);
        assert!(texts("x({ path: '/users/:id', element: e, to: '/home' })").is_empty());
        assert!(texts("const a = 1 / 2 + 'x', b = '\\u002fa/b'").is_empty());
        let deep = format!("x({}'/a/b'{})", "(".repeat(20_000), ")".repeat(20_000));
        assert!(texts(&deep).len() <= 1);
        let chain = format!("x('/a/b'{})", " + y".repeat(20_000));
        assert!(texts(&chain).len() <= 1);
    }
}
