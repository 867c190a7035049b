//! Routes from other places: files that are drawn, modules, and engines.

use super::{mapper::Mapper, scope::Scope};
use crate::frameworks::ruby::calls::{Call, Options, Value, option, parameters, statements};

impl<'f> Mapper<'_, 'f> {
    /// Routes from another file: `config/routes/<name>.rb`.
    pub(super) fn draw(&mut self, call: &Call<'f>, scope: &Scope<'f>) {
        for name in scope.known.positional(call).iter().filter_map(Value::text) {
            let below = format!("config/routes/{name}.rb");
            let path = if self.root.is_empty() { below } else { format!("{}/{below}", self.root) };
            if let Some(file) = self.project.file(&path) {
                self.all(&statements(&file.root()), &mut scope.deeper());
            }
        }
    }

    /// A module whose hook declares routes: `extend AdminRoutes`.
    pub(super) fn extension(&mut self, call: &Call<'f>, scope: &Scope<'f>) {
        for name in &call.arguments {
            for module in self.classes.named(name.text(), &self.root) {
                for statement in statements(&module.piece) {
                    if statement.kind() == "method" {
                        self.statement(&statement, &mut scope.deeper());
                    }
                }
                if let Some(hook) = module.class_method("extended") {
                    let mut inner = scope.deeper();
                    inner.mappers.extend(parameters(&hook).iter().map(|it| it.text().to_owned()));
                    self.all(&statements(&hook), &mut inner);
                }
            }
        }
    }

    /// An engine of the project has its routes where it is mounted.
    pub(super) fn mount(&mut self, call: &Call<'f>, options: &Options<'f>, scope: &Scope<'f>) {
        let Some(first) = call.arguments.first() else { return };
        let engine = first.field("key").unwrap_or(*first);
        let at = option(options, "at").or_else(|| option(options, engine.text()));
        let Some(Value::Text(at)) = at else { return };
        let name = engine.text().trim_start_matches("::");
        let found = self.engines.iter().find(|(engine, _)| engine == name);
        if let Some((name, block)) = found
            && !self.mounted.contains(name)
        {
            self.mounted.push(name.clone());
            let mut inner = Scope::new(scope.known.clone());
            inner.path = scope.nested().below(at);
            inner.shallow_path.clone_from(&inner.path);
            inner.guards.clone_from(&scope.guards);
            inner.depth = scope.depth + 1;
            inner.module = engine_module(name);
            self.all(&statements(block), &mut inner);
        }
    }
}

/// The module of the controllers of an engine, as in paths.
pub(super) fn engine_module(engine: &str) -> String {
    let front = engine.rsplit_once("::").map_or("", |(front, _)| front);
    front.split("::").collect::<Vec<_>>().join("/").to_lowercase()
}
