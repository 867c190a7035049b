//! Files as modules: what an import names, and what is exported.

use super::{
    machine::{Host, Machine},
    value::{ScopeId, Value},
};
use crate::syntax::{File, Piece};

/// What may be left out at the end of an import.
const ENDINGS: &[&str] = &[
    "",
    ".ts",
    ".tsx",
    ".js",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".jsx",
    "/index.ts",
    "/index.js",
    "/index.tsx",
    "/index.mjs",
    "/index.cjs",
    "/index.mts",
];

/// Scopes of packages that everybody uses: they never name a folder of a project.
const PUBLISHED: &[&str] = &[
    "apollo",
    "auth0",
    "aws-sdk",
    "azure",
    "casl",
    "clerk",
    "fastify",
    "golevelup",
    "google-cloud",
    "graphql-yoga",
    "hapi",
    "mikro-orm",
    "nestjs",
    "nestjs-modules",
    "opentelemetry",
    "prisma",
    "sentry",
    "sinclair",
    "slack",
    "supabase",
    "trpc",
    "types",
];

/// `path` seen from `folder`, with `.` and `..` resolved.
pub(super) fn normal(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        parts.clear();
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

impl<'f, H: Host<'f>> Machine<'_, 'f, H> {
    /// The file of that path, with what an import may leave out or write otherwise.
    fn file_at(&self, path: &str) -> Option<&'f File> {
        let found = |path: &str| {
            ENDINGS.iter().find_map(|end| self.files.get(format!("{path}{end}").as_str()).copied())
        };
        found(path).or_else(|| {
            // Compiled names are imported where the sources are written in TypeScript.
            let (stem, _) = [".js", ".mjs", ".cjs", ".jsx"]
                .iter()
                .find_map(|end| path.strip_suffix(end).map(|stem| (stem, end)))?;
            found(stem)
        })
    }

    /// The file that `specifier` names in `from`; `None` for packages.
    pub(super) fn resolve(&self, from: &File, specifier: &str) -> Option<&'f File> {
        if specifier.starts_with('.') {
            return self.file_at(&normal(from.folder(), specifier));
        }
        if let Some(path) = specifier.strip_prefix('/') {
            return self.file_at(&normal("", path));
        }
        if !specifier.contains('/') && !specifier.starts_with('#') {
            return None;
        }
        // Aliases are configured outside of the code: what fits at the end of a path is taken.
        let whole = specifier.trim_start_matches(['@', '~', '#']).trim_start_matches('/');
        let mut candidates = vec![whole.to_owned()];
        if let Some((first, rest)) = whole.split_once('/') {
            if matches!(first, "app" | "src" | "root" | "server" | "api" | "backend") {
                candidates.push(rest.to_owned());
            }
            if specifier.starts_with('@') && !PUBLISHED.contains(&first) {
                candidates.push(format!("packages/{rest}/src/index"));
                candidates.push(format!("libs/{rest}/src/index"));
                candidates.push(format!("libs/{rest}/index"));
            }
        }
        candidates.iter().find_map(|path| self.nearest(from, path))
    }

    /// The file whose path ends in `path`, seen from the folders above `from` outwards.
    fn nearest(&self, from: &File, path: &str) -> Option<&'f File> {
        let mut folder = from.folder();
        loop {
            for below in ["", "src", "app", "lib"] {
                let near = normal(&normal(folder, below), path);
                if let Some(file) = self.file_at(&near) {
                    return Some(file);
                }
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    /// What a module exports, after going through it when that was not done yet.
    pub(super) fn load(&mut self, file: &'f File) -> Value<'f> {
        let module = self.module(file);
        self.field(&Value::Record(module), "exports").unwrap_or(Value::Nothing)
    }

    fn module(&mut self, file: &'f File) -> super::value::ThingId {
        if let Some((module, _)) = self.modules.get(file.path.as_str()) {
            return *module;
        }
        let (module, exports) = (self.record(None), self.record(None));
        let scope = self.scope(None);
        self.modules.insert(&file.path, (module, scope));
        let exports = Value::Record(exports);
        self.open(&exports);
        self.set_field(&Value::Record(module), "exports", exports.clone());
        self.bind(scope, "module", Value::Record(module));
        self.bind(scope, "exports", exports);
        self.bind(scope, "__dirname", Value::text(&format!("/{}", file.folder())));
        self.bind(scope, "__filename", Value::text(&format!("/{}", file.path)));
        self.block(file.root(), scope);
        module
    }

    /// The scope of a file, after going through it.
    pub(super) fn scope_of(&mut self, file: &'f File) -> ScopeId {
        self.module(file);
        self.modules.get(file.path.as_str()).map_or(ScopeId(usize::MAX), |(_, scope)| *scope)
    }

    /// What `require` or `import` of a name gives.
    pub(super) fn import(&mut self, from: &File, specifier: &str) -> Value<'f> {
        match self.resolve(from, specifier) {
            Some(file) => self.load(file),
            None => Value::Package(specifier.trim_start_matches("node:").into()),
        }
    }

    /// The default export of what a module exports; one that has none is it itself.
    pub(super) fn default_of(&self, exports: Value<'f>) -> Value<'f> {
        self.field(&exports, "default").unwrap_or(exports)
    }

    pub(super) fn import_statement(&mut self, statement: Piece<'f>, scope: ScopeId) {
        let source = statement.field("source");
        if let Some(clause) = statement.child(&["import_require_clause"]) {
            let source = clause.field("source").or(source);
            let name = clause.child(&["identifier"]);
            if let (Some(source), Some(name)) = (source, name) {
                let value = self.import(statement.file, unquoted(source));
                self.bind(scope, name.text(), value);
            }
            return;
        }
        let Some(source) = source else { return };
        let exports = self.import(statement.file, unquoted(source));
        let Some(clause) = statement.child(&["import_clause"]) else { return };
        for part in clause.children() {
            match part.kind() {
                "identifier" => {
                    let value = self.default_of(exports.clone());
                    self.bind(scope, part.text(), value);
                }
                "namespace_import" => {
                    if let Some(name) = part.child(&["identifier"]) {
                        self.bind(scope, name.text(), exports.clone());
                    }
                }
                "named_imports" => {
                    for specifier in part.children() {
                        let Some(name) = specifier.field("name") else { continue };
                        let alias = specifier.field("alias").unwrap_or(name);
                        let value = match name.text() {
                            "default" => self.default_of(exports.clone()),
                            named => self.member(&exports, named, name),
                        };
                        self.bind(scope, alias.text(), value);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn export_statement(&mut self, statement: Piece<'f>, scope: ScopeId) {
        let exports = self.look_up(scope, "exports").unwrap_or(Value::Nothing);
        if let Some(source) = statement.field("source") {
            return self.export_from(statement, unquoted(source), &exports);
        }
        if let Some(declaration) = statement.field("declaration") {
            self.statement(declaration, scope);
            self.export_declared(statement, declaration, scope, &exports);
            return;
        }
        if let Some(value) = statement.field("value") {
            let value = self.eval(value, scope);
            self.set_field(&exports, "default", value);
            return;
        }
        if let Some(clause) = statement.child(&["export_clause"]) {
            for specifier in clause.children() {
                let Some(name) = specifier.field("name") else { continue };
                let alias = specifier.field("alias").unwrap_or(name);
                let value = self.look_up(scope, name.text()).unwrap_or(Value::Unread(name));
                self.set_field(&exports, alias.text(), value);
            }
            return;
        }
        // `export = value`
        if let Some(value) = statement.children().last()
            && let Some(module) = self.look_up(scope, "module")
        {
            let value = self.eval(value, scope);
            self.set_field(&module, "exports", value);
        }
    }

    fn export_from(&mut self, statement: Piece<'f>, source: &str, exports: &Value<'f>) {
        let others = self.import(statement.file, source);
        if let Some(clause) = statement.child(&["export_clause"]) {
            for specifier in clause.children() {
                let Some(name) = specifier.field("name") else { continue };
                let alias = specifier.field("alias").unwrap_or(name);
                let value = match name.text() {
                    "default" => self.default_of(others.clone()),
                    named => self.member(&others, named, name),
                };
                self.set_field(exports, alias.text(), value);
            }
        } else if let Some(name) = statement.child(&["namespace_export"]) {
            let name = name.children().last().map_or("", |name| name.text());
            self.set_field(exports, name, others);
        } else {
            for (name, value) in self.fields(&others).to_vec() {
                if name != "default" {
                    self.set_field(exports, &name, value);
                }
            }
        }
    }

    fn export_declared(
        &mut self,
        statement: Piece<'f>,
        declaration: Piece<'f>,
        scope: ScopeId,
        exports: &Value<'f>,
    ) {
        let head = statement.text().get(..declaration.offset().saturating_sub(statement.offset()));
        let is_default = head.is_some_and(|head| head.contains("default"));
        let names: Vec<Piece<'f>> = match declaration.field("name") {
            Some(name) => vec![name],
            None => declaration
                .children()
                .filter(|child| child.is(&["variable_declarator"]))
                .filter_map(|child| child.field("name"))
                .flat_map(|name| name.all(&["identifier", "shorthand_property_identifier_pattern"]))
                .collect(),
        };
        for name in names {
            if let Some(value) = self.look_up(scope, name.text()) {
                self.set_field(exports, if is_default { "default" } else { name.text() }, value);
            }
        }
    }
}

/// The text of a string literal without its quotes.
pub(super) fn unquoted(literal: Piece<'_>) -> &str {
    literal.text().trim_matches(['"', '\'', '`'])
}
