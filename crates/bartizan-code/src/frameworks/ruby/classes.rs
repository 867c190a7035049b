//! Classes and modules by their full names, with their methods, parents and what they include.

use std::collections::HashMap;

use super::calls::{Call, Known, Value, statements};
use crate::syntax::{File, Piece};

/// A class or module, or one of the places where it is opened.
#[derive(Clone, Debug)]
pub(super) struct Class<'f> {
    /// Its name with the modules that it is in.
    pub(super) full: String,
    /// Where it is opened.
    pub(super) piece: Piece<'f>,
    /// The class that it derives from, as written.
    pub(super) parent: Option<&'f str>,
    /// Full names of what is around it in the code, innermost first.
    outer: Vec<String>,
    /// Methods of its instances.
    methods: HashMap<&'f str, Piece<'f>>,
    /// Methods of itself, and those that a module gives to classes that include it.
    macros: HashMap<&'f str, Piece<'f>>,
}

/// All classes, modules and constants of the Ruby files of a project.
#[derive(Debug, Default)]
pub(super) struct Classes<'f> {
    by_key: HashMap<String, Vec<Class<'f>>>,
    /// Constants by name and by full name.
    pub(super) constants: Known<'f>,
}

/// Modules in each other, parents and includes are followed so far.
const MAX_DEPTH: usize = 24;

/// Names that differ only in case and underscores are those of one class: routes say `api/v1` and
/// code `API::V1`.
fn key(name: &str) -> String {
    name.trim_start_matches("::").replace('_', "").to_lowercase()
}

impl<'f> Classes<'f> {
    /// Reads the classes of files.
    pub(super) fn new(files: impl Iterator<Item = &'f File>) -> Self {
        let mut classes = Self::default();
        let mut constants = Vec::new();
        for file in files {
            for statement in statements(&file.root()) {
                classes.gather(&statement, &[], &mut constants, 0);
            }
        }
        // Constants name others that may come later.
        for _ in 0..2 {
            for (name, value) in &constants {
                let value = classes.constants.value(value);
                if matches!(value, Value::Text(_) | Value::List(_) | Value::Hash(_)) {
                    classes.constants.set(name, value.clone());
                    let last = name.rsplit("::").next().unwrap_or(name);
                    classes.constants.set(last, value);
                }
            }
        }
        classes
    }

    fn gather(
        &mut self,
        piece: &Piece<'f>,
        outer: &[String],
        constants: &mut Vec<(String, Piece<'f>)>,
        depth: usize,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        match piece.kind() {
            "class" | "module" => {
                let Some(name) = piece.field("name") else { return };
                let full = match outer.first() {
                    Some(around) => format!("{around}::{}", name.text().trim_start_matches("::")),
                    None => name.text().trim_start_matches("::").to_owned(),
                };
                let (methods, macros) = methods(piece);
                let parent = piece.field("superclass").and_then(|class| class.children().next());
                let class = Class {
                    full: full.clone(),
                    piece: *piece,
                    parent: parent.map(|parent| parent.text()),
                    outer: outer.to_vec(),
                    methods,
                    macros,
                };
                self.by_key.entry(key(&full)).or_default().push(class);
                let mut inner = vec![full];
                inner.extend_from_slice(outer);
                for statement in statements(piece) {
                    self.gather(&statement, &inner, constants, depth + 1);
                }
            }
            "assignment" => {
                if let (Some(name), Some(value)) = (piece.field("left"), piece.field("right"))
                    && name.kind() == "constant"
                {
                    let full = match outer.first() {
                        Some(around) => format!("{around}::{}", name.text()),
                        None => name.text().to_owned(),
                    };
                    constants.push((full, value));
                }
            }
            _ => {}
        }
    }

    /// The places where the class of that full name is opened; below `root` when there are some.
    pub(super) fn named(&self, full: &str, root: &str) -> Vec<&Class<'f>> {
        let Some(all) = self.by_key.get(&key(full)) else { return Vec::new() };
        let here: Vec<_> =
            all.iter().filter(|class| is_below(&class.piece.file.path, root)).collect();
        if here.is_empty() { all.iter().collect() } else { here }
    }

    /// What `name` means where `class` names it: as a parent from outside it, else from within.
    pub(super) fn seen_from<'c>(
        &'c self,
        name: &str,
        class: &'c Class<'f>,
        is_parent: bool,
        root: &str,
    ) -> Vec<&'c Class<'f>> {
        if name.starts_with("::") {
            return self.named(name, root);
        }
        let own = (!is_parent).then_some(&class.full);
        let lexical = own.into_iter().chain(&class.outer).map(|around| format!("{around}::{name}"));
        let top = std::iter::once(name.to_owned());
        // Not how Ruby looks names up, but what a name left over can only mean.
        let front = |name: &'c str| name.rsplit_once("::").map(|(front, _)| front);
        let around = std::iter::successors(front(&class.full), move |name| front(name));
        let loose = around.map(|around| format!("{around}::{name}"));
        for full in lexical.chain(top).chain(loose) {
            let found = self.named(&full, root);
            // A class is not its own parent.
            if found.first().is_some_and(|found| found.full != class.full) {
                return found;
            }
        }
        Vec::new()
    }

    /// A class, what it includes, its parent, and so on: where its methods are looked for, in
    /// order. The second is the name of a parent at the end that is not in the project.
    pub(super) fn ancestors(&self, full: &str, root: &str) -> (Vec<&Class<'f>>, Option<String>) {
        let mut out: Vec<&Class<'f>> = Vec::new();
        let mut open = self.named(full, root);
        for _ in 0..MAX_DEPTH {
            if open.is_empty() {
                break;
            }
            let mut parent = None;
            for class in &open {
                if out.iter().any(|known| known.piece == class.piece) {
                    return (out, None);
                }
                out.push(class);
                parent = parent.or(class.parent.map(|name| (name, *class)));
            }
            for class in &open {
                self.add_included(class, root, &mut out, 0);
            }
            let Some((name, class)) = parent else { break };
            open = self.seen_from(name, class, true, root);
            if open.is_empty() {
                return (out, Some(name.trim_start_matches("::").to_owned()));
            }
        }
        (out, None)
    }

    fn add_included<'c>(
        &'c self,
        class: &'c Class<'f>,
        root: &str,
        out: &mut Vec<&'c Class<'f>>,
        depth: usize,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        for name in included(class).into_iter().rev() {
            for module in self.seen_from(name, class, false, root) {
                if !out.iter().any(|known| known.piece == module.piece) {
                    out.push(module);
                    self.add_included(module, root, out, depth + 1);
                }
            }
        }
    }
}

impl<'f> Class<'f> {
    /// The method of that name that its instances have.
    pub(super) fn method(&self, name: &str) -> Option<Piece<'f>> {
        self.methods.get(name).copied()
    }

    /// The method of that name that can be called in the body of the class, or of what includes it.
    pub(super) fn class_method(&self, name: &str) -> Option<Piece<'f>> {
        self.macros.get(name).copied()
    }
}

/// Whether a file is below a folder.
pub(super) fn is_below(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// Names of the modules that a class includes, as written.
fn included<'f>(class: &Class<'f>) -> Vec<&'f str> {
    let mut names = Vec::new();
    for statement in statements(&class.piece) {
        let Some(call) = Call::of(&statement) else { continue };
        match call.name {
            "include" | "prepend" if call.receiver.is_none() => {
                names.extend(call.arguments.iter().map(|piece| piece.text()));
            }
            "included" => {
                let inner = call.block.as_ref().map(statements).unwrap_or_default();
                for call in inner.iter().filter_map(Call::of) {
                    if call.name == "include" {
                        names.extend(call.arguments.iter().map(|piece| piece.text()));
                    }
                }
            }
            _ => {}
        }
    }
    names
}

type Methods<'f> = HashMap<&'f str, Piece<'f>>;

/// Methods of instances, and those of the class itself.
fn methods<'f>(class: &Piece<'f>) -> (Methods<'f>, Methods<'f>) {
    let (mut own, mut macros) = (HashMap::new(), HashMap::new());
    let mut open: Vec<(Piece<'f>, bool)> =
        statements(class).into_iter().map(|piece| (piece, false)).collect();
    let mut at = 0;
    while let Some((piece, is_macro)) = open.get(at).copied() {
        at += 1;
        match piece.kind() {
            "method" => {
                if let Some(name) = piece.field("name") {
                    let into = if is_macro { &mut macros } else { &mut own };
                    into.insert(name.text(), piece);
                }
            }
            "singleton_method" => {
                if let Some(name) = piece.field("name") {
                    macros.insert(name.text(), piece);
                }
            }
            "singleton_class" => {
                open.extend(statements(&piece).into_iter().map(|piece| (piece, true)));
            }
            "module" if piece.field("name").is_some_and(|name| name.text() == "ClassMethods") => {
                open.extend(statements(&piece).into_iter().map(|piece| (piece, true)));
            }
            "call" => {
                let Some(call) = Call::of(&piece) else { continue };
                // `private def x`
                open.extend(
                    call.arguments
                        .iter()
                        .filter(|piece| piece.is(&["method", "singleton_method"]))
                        .map(|piece| (*piece, is_macro)),
                );
                if let Some(block) = call.block
                    && matches!(call.name, "included" | "class_methods" | "class_eval")
                {
                    let is_macro = is_macro || call.name == "class_methods";
                    open.extend(statements(&block).into_iter().map(|piece| (piece, is_macro)));
                }
            }
            _ => {}
        }
    }
    (own, macros)
}
