//! Where in the routes of an application a declaration stands.

use crate::{
    frameworks::{
        inflect,
        ruby::calls::{Known, Options, Value, option},
    },
    paths,
    route::Guard,
};

/// In which part of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In none.
    Outside,
    /// Directly in its block.
    Block,
    /// In `member`, `collection` or `new`.
    Within,
}

/// What surrounds a declaration.
#[derive(Clone, Debug)]
pub(super) struct Scope<'f> {
    /// Path so far, as Rails writes paths.
    pub(super) path: String,
    /// Path below which shallow resources are.
    pub(super) shallow_path: String,
    pub(super) is_shallow: bool,
    /// How many shallow resources are around.
    pub(super) shallow_depth: usize,
    /// Whether it is within another resource.
    pub(super) is_nested: bool,
    /// Modules of controllers, joined by `/`.
    pub(super) module: String,
    /// The controller that answers where none is named.
    pub(super) controller: Option<String>,
    pub(super) resource: Option<Resource>,
    pub(super) part: Part,
    pub(super) guards: Vec<Guard>,
    /// Options of all declarations, by `with_options`, and those of all resources.
    pub(super) around: Options<'f>,
    pub(super) path_names: Options<'f>,
    pub(super) known: Known<'f>,
    /// Variables that stand for what declares routes.
    pub(super) mappers: Vec<String>,
    pub(super) depth: usize,
}

/// A resource, of many or of one.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    path: String,
    singular: String,
    param: String,
    pub(super) controller: String,
    pub(super) is_single: bool,
}

impl Resource {
    pub(super) fn new(name: &str, options: &Options<'_>, is_single: bool) -> Self {
        let text = |key: &str| option(options, key).and_then(Value::text).map(str::to_owned);
        let named = text("as").unwrap_or_else(|| name.to_owned());
        let controller = text("controller").unwrap_or_else(|| match is_single {
            true => inflect::plural(name),
            false => name.to_owned(),
        });
        Self {
            path: option(options, "path")
                .map_or_else(|| name.to_owned(), |path| path.text().unwrap_or_default().to_owned()),
            singular: if is_single { named } else { inflect::singular(&named) },
            param: text("param").unwrap_or_else(|| "id".to_owned()),
            controller,
            is_single,
        }
    }
}

impl<'f> Scope<'f> {
    /// The outermost one.
    pub(super) fn new(known: Known<'f>) -> Self {
        Self {
            path: String::new(),
            shallow_path: String::new(),
            is_shallow: false,
            shallow_depth: 0,
            is_nested: false,
            module: String::new(),
            controller: None,
            resource: None,
            part: Part::Outside,
            guards: Vec::new(),
            around: Vec::new(),
            path_names: Vec::new(),
            known,
            mappers: Vec::new(),
            depth: 0,
        }
    }

    /// The same one level deeper.
    pub(super) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// Path of the list of its resource.
    pub(super) fn collection(&self) -> String {
        self.resource.as_ref().map_or(self.path.clone(), |it| join(&self.path, &it.path))
    }

    /// Path of one of its resource.
    pub(super) fn member(&self) -> String {
        match &self.resource {
            Some(it) if !it.is_single => {
                let front = if self.is_shallow { &self.shallow_path } else { &self.path };
                join(&join(front, &it.path), &format!(":{}", it.param))
            }
            _ => self.collection(),
        }
    }

    /// Path of what is nested in its resource.
    fn nested_path(&self) -> String {
        match &self.resource {
            Some(it) if !it.is_single => {
                let is_cut = self.is_shallow && self.shallow_depth > 1;
                let front = if is_cut { &self.shallow_path } else { &self.path };
                join(&join(front, &it.path), &format!(":{}_{}", it.singular, it.param))
            }
            _ => self.collection(),
        }
    }

    /// The scope of what is nested in its resource, when it stands directly in that.
    pub(super) fn nested(&self) -> Self {
        let mut inner = self.deeper();
        if self.part == Part::Block {
            inner.path = self.nested_path();
            inner.part = Part::Outside;
            inner.is_nested = true;
        }
        inner
    }

    /// The scope of a part of its resource.
    pub(super) fn within(&self, path: String) -> Self {
        Self { path, part: Part::Within, ..self.deeper() }
    }

    /// A path below this one.
    pub(super) fn below(&self, path: &str) -> String {
        join(&self.path, path)
    }

    /// How an action is written in paths.
    pub(super) fn action_path(&self, options: &Options<'_>, action: &str) -> String {
        let own = match option(options, "path_names") {
            Some(Value::Hash(names)) => option(names, action).and_then(Value::text),
            _ => None,
        };
        own.or_else(|| option(&self.path_names, action).and_then(Value::text))
            .unwrap_or(action)
            .to_owned()
    }

    /// A controller with the modules around.
    pub(super) fn in_module(&self, controller: &str) -> String {
        match controller.strip_prefix('/') {
            Some(top) => top.to_owned(),
            None if self.module.is_empty() => controller.to_owned(),
            None => format!("{}/{controller}", self.module),
        }
    }

    /// Takes over what a `scope`, or options that are meant for one, say.
    pub(super) fn apply(&mut self, options: &Options<'f>) {
        for (name, value) in options {
            match (name.as_str(), value) {
                ("path", value) => {
                    self.path = self.below(value.text().unwrap_or_default());
                    if !self.is_nested {
                        self.shallow_path = self.path.clone();
                    }
                }
                ("module", Value::Text(module)) => {
                    self.module = self.in_module(module);
                }
                ("controller", Value::Text(controller)) => {
                    self.controller = Some(controller.clone());
                }
                ("shallow", Value::Truth(is_shallow)) => self.is_shallow = *is_shallow,
                ("shallow_path", Value::Text(path)) => self.shallow_path = path.clone(),
                ("path_names", Value::Hash(names)) => self.path_names.extend(names.clone()),
                ("only" | "except", value) => {
                    self.around.retain(|(name, _)| name != "only" && name != "except");
                    self.around.push((name.clone(), value.clone()));
                }
                _ => {}
            }
        }
    }
}

/// Puts a path behind another.
fn join(front: &str, back: &str) -> String {
    let back = back.trim_matches('/');
    match back {
        "" => front.to_owned(),
        _ if back.starts_with("(/") => format!("{}{back}", front.trim_end_matches('/')),
        _ => format!("{}/{back}", front.trim_end_matches('/')),
    }
}

/// Paths that a path of Rails stands for: with and without what is in brackets, parameters as
/// `{name}`. The format in brackets is left out, for every route has it.
pub(super) fn written_out(path: &str) -> Vec<String> {
    let path = path.replace("(.:format)", "").replace("(.format)", "");
    let mut all = vec![path];
    // Brackets in brackets are opened from outside to inside.
    for _ in 0..3 {
        let mut next: Vec<String> = Vec::new();
        for path in &all {
            match bracket(path) {
                Some((front, inner, back)) if next.len() < 16 => {
                    next.push(format!("{front}{back}"));
                    next.push(format!("{front}{inner}{back}"));
                }
                _ => next.push(path.clone()),
            }
        }
        all = next;
    }
    let mut out: Vec<String> = Vec::new();
    for path in all {
        let path = path.replace(['(', ')'], "");
        for path in paths::colons(&path) {
            let segments: Vec<_> = path.split('/').filter(|it| !it.is_empty()).collect();
            let path = format!("/{}", segments.join("/"));
            if !out.contains(&path) {
                out.push(path);
            }
        }
    }
    out
}

/// What is before, in and behind the first brackets.
fn bracket(path: &str) -> Option<(&str, &str, &str)> {
    let (front, rest) = path.split_once('(')?;
    let mut depth = 1_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((front, rest.get(..at)?, rest.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_written_out() {
        assert_eq!(written_out("/posts(/:page)"), ["/posts", "/posts/{page}"]);
        assert_eq!(written_out("/(:locale)/about"), ["/about", "/{locale}/about"]);
        assert_eq!(written_out("/a(/:b(/:c))"), ["/a", "/a/{b}", "/a/{b}/{c}"]);
        assert_eq!(written_out("/x(.:format)"), ["/x"]);
        assert_eq!(written_out("/files/*path"), ["/files/{path}"]);
        assert_eq!(written_out("((("), ["/"]);
    }

    #[test]
    fn shallow_resources_leave_their_parents() {
        let mut scope = Scope::new(Known::default());
        scope.is_shallow = true;
        scope.shallow_depth = 1;
        scope.resource = Some(Resource::new("posts", &Vec::new(), false));
        scope.part = Part::Block;
        let mut inner = scope.nested();
        inner.shallow_depth = 2;
        inner.resource = Some(Resource::new("comments", &Vec::new(), false));
        assert_eq!(inner.collection(), "/posts/:post_id/comments");
        assert_eq!(inner.member(), "/comments/:id");
        inner.part = Part::Block;
        assert_eq!(inner.nested().path, "/comments/:comment_id");
    }
}
