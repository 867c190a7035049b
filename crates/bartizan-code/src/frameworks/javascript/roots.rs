//! In which order files are gone through, and what is done with functions that nobody calls.

use std::collections::HashSet;

use super::{
    FUNCTIONS,
    expressions::CLOSURES,
    machine::{Host, Machine},
    modules::unquoted,
    value::{Arg, FunctionId, ScopeId, Thing, ThingId, Value},
};
use crate::syntax::{File, Piece};

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// Goes through all files, those that nobody imports first: they are where programs start.
    ///
    /// Then come functions that were never called and make something (`makes` are words of their
    /// text), and those that take a router from somebody who is not in the code.
    pub(super) fn run(&mut self, makes: &[&str]) {
        let files = self.in_order();
        for file in &files {
            self.scope_of(file);
        }
        for word in makes {
            for file in &files {
                for node in open_functions(file).filter(|node| node.text().contains(word)) {
                    self.call_uncalled(node, false);
                }
            }
        }
        for file in &files {
            for node in open_functions(file) {
                self.call_uncalled(node, true);
            }
        }
    }

    fn in_order(&self) -> Vec<&'f File> {
        let mut imported: HashSet<&str> = HashSet::new();
        for file in self.files.values() {
            for piece in
                file.root().all(&["import_statement", "export_statement", "call_expression"])
            {
                let source = match piece.kind() {
                    "call_expression" => piece
                        .field("function")
                        .filter(|function| matches!(function.text(), "require" | "import"))
                        .and_then(|_| piece.field("arguments")?.children().next()),
                    _ => piece
                        .field("source")
                        .or_else(|| piece.child(&["import_require_clause"])?.field("source")),
                };
                if let Some(target) = source.and_then(|source| self.resolve(file, unquoted(source)))
                    && target.path != file.path
                {
                    imported.insert(&target.path);
                }
            }
        }
        let mut files: Vec<&'f File> = self.files.values().copied().collect();
        files.sort_by_key(|file| {
            let path = file.path.as_str();
            (imported.contains(path), path.matches('/').count(), path)
        });
        files
    }

    /// Calls a function that nobody called; with `needs_offer` only one that takes a router.
    fn call_uncalled(&mut self, node: Piece<'f>, needs_offer: bool) {
        if self.called.contains(&(&node.file.path, node.offset())) {
            return;
        }
        let args = self.offers(node);
        let has_offer = args.iter().any(|arg| !arg.value.is_unknown());
        if needs_offer && !has_offer {
            return;
        }
        let scope = self.scope_of(node.file);
        let class = node.within(&["class_declaration", "abstract_class_declaration", "class"]);
        let Some(class) = class else {
            if node.within(&["object"]).is_none() || has_offer {
                let function = self.function(node, scope);
                self.invoke(function, &args, None);
            }
            return;
        };
        let Some(id) = self.class_at(class, scope) else { return };
        let instance = match self.instance_of(class) {
            Some(instance) => instance,
            None => {
                let constructor =
                    class.field("body").iter().flat_map(Piece::children).find(|member| {
                        member.field("name").is_some_and(|name| name.text() == "constructor")
                    });
                let args = constructor.map_or_else(Vec::new, |node| self.offers(node));
                self.instance(id, &args)
            }
        };
        if self.called.contains(&(&node.file.path, node.offset())) {
            return;
        }
        let name = node.field("name").map_or("", |name| name.text());
        if let Value::Function(method) = self.member(&instance, name, node) {
            self.invoke(method, &args, None);
        }
    }

    /// Arguments for a function that nobody calls.
    fn offers(&mut self, node: Piece<'f>) -> Vec<Arg<'f>> {
        if let Some(only) = node.field("parameter") {
            let value = H::offered(self, only.text(), "").unwrap_or(Value::Unread(only));
            return vec![Arg { value, at: only }];
        }
        let parameters: Vec<_> =
            node.field("parameters").iter().flat_map(Piece::children).collect();
        parameters
            .into_iter()
            .map(|at| {
                let name = at.field("pattern").unwrap_or(at);
                let kind = at.field("type").map_or("", |kind| kind.text());
                let value = match name.is(&["identifier"]) {
                    true => H::offered(self, name.text(), kind),
                    false => None,
                };
                Arg { value: value.unwrap_or(Value::Unread(at)), at }
            })
            .collect()
    }

    fn class_at(&mut self, class: Piece<'f>, scope: ScopeId) -> Option<FunctionId> {
        let known = self.functions.iter().position(|function| function.node == class);
        if let Some(known) = known {
            return Some(FunctionId(known));
        }
        match self.class(class, scope) {
            Value::Class(id) => Some(id),
            _ => None,
        }
    }

    fn instance_of(&self, class: Piece<'f>) -> Option<Value<'f>> {
        let found = self.things.iter().rposition(|thing| match thing {
            Thing::Record { class: Some(id), .. } => {
                self.functions.get(id.0).is_some_and(|function| function.node == class)
            }
            _ => false,
        });
        found.map(|at| Value::Record(ThingId(at)))
    }
}

/// Functions of a file that are not within others.
fn open_functions(file: &File) -> impl Iterator<Item = Piece<'_>> {
    file.root().all(FUNCTIONS).filter(|node| {
        node.within(FUNCTIONS).is_none() && (node.is(CLOSURES) || node.field("body").is_some())
    })
}
