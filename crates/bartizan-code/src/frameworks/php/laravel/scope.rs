//! What surrounds a declaration of routes, and how paths are put together.

use super::middleware::Use;
use crate::{
    frameworks::php::{calls::Link, values::Known},
    paths,
    route::Level,
    syntax::Piece,
};

/// What groups say of the routes in them.
#[derive(Clone)]
pub(super) struct Scope<'c, 'f> {
    pub(super) known: Known<'c, 'f>,
    pub(super) prefix: String,
    pub(super) uses: Vec<Use>,
    /// Middleware that is taken away again.
    pub(super) without: Vec<String>,
    /// The controller whose methods are named alone.
    pub(super) controller: Option<String>,
    /// Namespace in front of controllers in strings.
    pub(super) namespace: String,
    /// Variables that stand for the router.
    pub(super) routers: Vec<String>,
    /// Full name of the class whose methods `$this` has.
    pub(super) class: Option<String>,
    pub(super) depth: usize,
}

impl<'c, 'f> Scope<'c, 'f> {
    /// The outermost one.
    pub(super) fn new(known: Known<'c, 'f>) -> Self {
        Self {
            known,
            prefix: String::new(),
            uses: Vec::new(),
            without: Vec::new(),
            controller: None,
            namespace: String::new(),
            routers: vec!["$router".to_owned()],
            class: None,
            depth: 0,
        }
    }

    /// The same one level deeper.
    pub(super) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// Puts a prefix behind those around.
    pub(super) fn add_prefix(&mut self, prefix: &str) {
        self.prefix = paths::join(&self.prefix, prefix, false);
    }

    /// Adds middleware by names.
    pub(super) fn add_uses(&mut self, names: Vec<String>, at: &Piece<'_>, level: Level) {
        self.uses.extend(names.into_iter().map(|name| Use {
            name,
            place: at.place(),
            level,
            refuses: None,
        }));
    }

    /// Takes over what a call of a chain says of the routes behind or before it; `false` when it
    /// says nothing of that kind.
    pub(super) fn apply(&mut self, link: &Link<'f>, level: Level) -> bool {
        let texts: Vec<String> =
            link.arguments.iter().flat_map(|(_, piece)| self.known.roughly(piece)).collect();
        match link.name {
            "middleware" => {
                for (_, argument) in &link.arguments {
                    self.add_middleware(argument, level);
                }
            }
            "withoutMiddleware" => self.without.extend(texts),
            "can" | "canAny" => self.add_uses(vec!["can".to_owned()], &link.piece, level),
            "prefix" if level == Level::Group => {
                self.add_prefix(texts.first().map_or("", String::as_str));
            }
            "prefix" => {
                let front = texts.first().map_or("", String::as_str);
                self.prefix = paths::join(front, &self.prefix, false);
            }
            "controller" => self.controller = texts.first().cloned(),
            "namespace" => self.add_namespace(texts.first().map_or("", String::as_str)),
            _ => return false,
        }
        true
    }

    /// Adds the middleware that an argument names or is.
    pub(super) fn add_middleware(&mut self, argument: &Piece<'f>, level: Level) {
        if argument.is(&["anonymous_function", "arrow_function"]) {
            let refuses = super::middleware::function_refuses(argument, &[]);
            self.uses.push(Use {
                name: "closure".to_owned(),
                place: argument.place(),
                level,
                refuses: Some(refuses),
            });
            return;
        }
        let names = self.known.roughly(argument).into_iter();
        // `'auth|verified'` was once a way to write two.
        let names = names.flat_map(|name| {
            let is_list = name.contains('|') && !name.contains(':');
            match is_list {
                true => name.split('|').map(str::to_owned).collect(),
                false => vec![name],
            }
        });
        self.add_uses(names.collect(), argument, level);
    }

    fn add_namespace(&mut self, namespace: &str) {
        let namespace = namespace.trim_end_matches('\\');
        let is_whole = namespace.starts_with('\\') || namespace.starts_with("App\\");
        self.namespace = match is_whole || self.namespace.is_empty() {
            true => namespace.trim_start_matches('\\').to_owned(),
            false => format!("{}\\{namespace}", self.namespace),
        };
    }

    /// The attributes that the array of a group has: `['prefix' => 'x', 'middleware' => 'auth']`.
    pub(super) fn apply_array(&mut self, array: &Piece<'f>, level: Level) {
        for element in array.children() {
            let mut parts = element.children();
            let (Some(key), Some(value)) = (parts.next(), parts.next()) else { continue };
            let texts = || self.known.roughly(&value);
            match self.known.value(&key).text() {
                Some("prefix") => {
                    let prefix = texts().first().cloned().unwrap_or_default();
                    self.add_prefix(&prefix);
                }
                Some("middleware") => match value.kind() {
                    "array_creation_expression" => {
                        for one in value.children().filter_map(|it| it.children().last()) {
                            self.add_middleware(&one, level);
                        }
                    }
                    _ => self.add_middleware(&value, level),
                },
                Some("excluded_middleware") => {
                    let texts = texts();
                    self.without.extend(texts);
                }
                Some("controller") => self.controller = texts().first().cloned(),
                Some("namespace") => {
                    let namespace = texts().first().cloned().unwrap_or_default();
                    self.add_namespace(&namespace);
                }
                _ => {}
            }
        }
    }
}

/// Paths that a path of Laravel stands for: parameters as `{name}`, optional ones at the end with
/// and without; Lumen writes those as `[/{name}]`.
pub(super) fn written_out(path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    // Lumen's brackets are closed at the end only.
    if let Some((front, inner)) = path.trim_end_matches(']').split_once('[')
        && path.ends_with(']')
    {
        all = vec![front.to_owned(), format!("{front}{}", inner.replace(['[', ']'], ""))];
    }
    let mut out: Vec<String> = Vec::new();
    for path in all {
        let mut segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        loop {
            let is_optional = segments.last().is_some_and(|last| last.ends_with("?}"));
            let plain = segments.join("/").replace("?}", "}");
            let path = paths::braces(&format!("/{plain}")).pop().unwrap_or_default();
            if !out.contains(&path) {
                out.push(path);
            }
            if !is_optional {
                break;
            }
            segments.pop();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_parameters_are_listed_with_and_without() {
        assert_eq!(written_out("/users/{user?}"), ["/users/{user}", "/users"]);
        assert_eq!(written_out("/a/{b?}/{c?}"), ["/a/{b}/{c}", "/a/{b}", "/a"]);
        assert_eq!(written_out("posts/{post:slug}"), ["/posts/{post}"]);
        assert_eq!(written_out("/a[/{b}]"), ["/a", "/a/{b}"]);
        assert_eq!(written_out("/u/{id:[0-9]+}"), ["/u/{id}"]);
        assert_eq!(written_out("{x?}"), ["/{x}", "/"]);
        assert_eq!(written_out(""), ["/"]);
    }
}
