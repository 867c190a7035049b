//! Packages of a Go project: what they declare, and what the imports of a file stand for.

use std::collections::{HashMap, HashSet};

use super::{
    DIALECTS,
    module::{Modules, import_path},
    value::{Dialect, TypeName},
};
use crate::{
    project::Project,
    syntax::{File, Language, Piece},
};

/// What an import of a file stands for.
#[derive(Debug)]
pub(super) struct Import<'f> {
    /// Name that the file uses.
    pub(super) qualifier: &'f str,
    /// Path as written.
    pub(super) path: &'f str,
    /// Folder of the project that it is.
    pub(super) folder: Option<&'f str>,
}

/// What a package declares.
#[derive(Debug, Default)]
pub(super) struct Package<'f> {
    name: &'f str,
    pub(super) functions: HashMap<&'f str, Piece<'f>>,
    pub(super) types: HashMap<&'f str, Piece<'f>>,
    methods: HashMap<(&'f str, &'f str), Piece<'f>>,
    /// Constants and variables: the whole specification and the place among its names.
    pub(super) values: HashMap<&'f str, (Piece<'f>, usize)>,
}

/// All packages, by folder.
#[derive(Debug, Default)]
pub(super) struct Packages<'f> {
    folders: HashMap<&'f str, Package<'f>>,
    imports: HashMap<&'f str, Vec<Import<'f>>>,
    methods: HashMap<&'f str, Vec<Piece<'f>>>,
}

impl<'f> Packages<'f> {
    /// Reads all Go files.
    pub(super) fn read(project: &Project<'f>) -> Self {
        let mut all = Self::default();
        for file in project.files(&[Language::Go]) {
            let package = all.folders.entry(file.folder()).or_default();
            for piece in file.root().children() {
                declare(package, piece, &mut all.methods);
            }
        }
        let names: HashMap<&str, &str> =
            all.folders.iter().map(|(folder, package)| (*folder, package.name)).collect();
        let modules = Modules::read(project, names.keys().copied());
        for file in project.files(&[Language::Go]) {
            let mut imports = Vec::new();
            for spec in file.root().children().filter(|piece| piece.is(&["import_declaration"])) {
                for spec in spec.all(&["import_spec"]) {
                    let Some(path) = spec.field("path") else { continue };
                    let path = import_path(&path);
                    let folder = modules
                        .folder(path, file.folder())
                        .and_then(|folder| names.get_key_value(folder.as_str()))
                        .map(|(folder, _)| *folder);
                    let qualifier = match spec.field("name") {
                        Some(name) => name.text(),
                        None => folder
                            .and_then(|folder| names.get(folder).copied())
                            .filter(|name| !name.is_empty() && *name != "main")
                            .unwrap_or_else(|| default_name(path)),
                    };
                    imports.push(Import { qualifier, path, folder });
                }
            }
            all.imports.insert(&file.path, imports);
        }
        all
    }

    /// The package in `folder`.
    pub(super) fn package(&self, folder: &str) -> Option<&Package<'f>> {
        self.folders.get(folder)
    }

    /// What `qualifier` stands for in `file`.
    pub(super) fn import(&self, qualifier: &str, file: &File) -> Option<&Import<'f>> {
        self.imports(file).iter().find(|import| import.qualifier == qualifier)
    }

    /// All imports of `file`.
    pub(super) fn imports(&self, file: &File) -> &[Import<'f>] {
        self.imports.get(file.path.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The dialect that `qualifier` stands for in `file`.
    pub(super) fn dialect(&self, qualifier: &str, file: &File) -> Option<&'static Dialect> {
        let path = self.import(qualifier, file)?.path;
        DIALECTS.iter().copied().find(|dialect| dialect.is_import(path))
    }

    /// The method `name` of a type, or of one that is embedded in it; with the names of the
    /// fields that lead to it.
    pub(super) fn method(&self, of: TypeName<'f>, name: &str) -> Option<(Piece<'f>, Vec<&'f str>)> {
        let mut open = vec![(of, Vec::new())];
        let mut seen = HashSet::new();
        while let Some((of, way)) = open.pop() {
            if !seen.insert(of) || seen.len() > 20 {
                continue;
            }
            let Some(package) = self.folders.get(of.0) else { continue };
            if let Some((_, piece)) = package
                .methods
                .iter()
                .find(|((of_type, method), _)| *of_type == of.1 && *method == name)
            {
                return Some((*piece, way));
            }
            for (field, written) in self.fields(of) {
                if is_embedded(&written)
                    && let Some(of) = self.type_name(&written)
                {
                    let mut way = way.clone();
                    way.push(field);
                    open.push((of, way));
                }
            }
        }
        None
    }

    /// Methods of that name of any type.
    pub(super) fn methods(&self, name: &str) -> &[Piece<'f>] {
        self.methods.get(name).map_or(&[], Vec::as_slice)
    }

    /// Fields of a struct in order, with the types as written; an embedded one has the name of
    /// its type.
    pub(super) fn fields(&self, of: TypeName<'f>) -> Vec<(&'f str, Piece<'f>)> {
        let spec = self.folders.get(of.0).and_then(|package| package.types.get(of.1));
        let Some(list) = spec
            .and_then(|spec| spec.field("type"))
            .filter(|piece| piece.is(&["struct_type"]))
            .and_then(|piece| piece.child(&["field_declaration_list"]))
        else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for field in list.children().filter(|piece| piece.is(&["field_declaration"])) {
            let Some(written) = field.field("type") else { continue };
            let names: Vec<_> =
                field.children().filter(|piece| piece.is(&["field_identifier"])).collect();
            if names.is_empty() {
                out.push((last_name(bare(written).text()), written));
            }
            out.extend(names.into_iter().map(|name| (name.text(), written)));
        }
        out
    }

    /// The type of the project that is written as `written`, without pointers.
    pub(super) fn type_name(&self, written: &Piece<'f>) -> Option<TypeName<'f>> {
        let written = bare(*written);
        let (folder, name) = match written.kind() {
            "type_identifier" => (written.file.folder(), written.text()),
            "qualified_type" => {
                let import = self.import(written.field("package")?.text(), written.file)?;
                (import.folder?, written.field("name")?.text())
            }
            _ => return None,
        };
        let package = self.folders.get(folder)?;
        package.types.get_key_value(name).map(|(name, _)| (folder, *name))
    }

    /// The router type that is written as `written`, without pointers: its dialect and name.
    pub(super) fn router_type(&self, written: &Piece<'f>) -> Option<(&'static Dialect, &'f str)> {
        let written = bare(*written);
        match written.kind() {
            "qualified_type" => {
                let dialect = self.dialect(written.field("package")?.text(), written.file)?;
                let name = written.field("name")?.text();
                dialect.types.contains(&name).then_some((dialect, name))
            }
            "type_identifier" => {
                // `type Router = chi.Router`, or a dot import.
                let spec = *self.folders.get(written.file.folder())?.types.get(written.text())?;
                let inner = bare(spec.field("type")?);
                inner.is(&["qualified_type"]).then(|| self.router_type(&inner)).flatten()
            }
            _ => None,
        }
    }
}

/// A type without pointers, brackets of generics and parentheses around it.
pub(super) fn bare(written: Piece<'_>) -> Piece<'_> {
    let mut piece = written;
    for _ in 0..8 {
        let inner = match piece.kind() {
            "pointer_type" | "parenthesized_type" => piece.children().next(),
            "generic_type" => piece.field("type"),
            _ => None,
        };
        match inner {
            Some(inner) => piece = inner,
            None => break,
        }
    }
    piece
}

/// Whether the field of that type has no name of its own.
fn is_embedded(written: &Piece<'_>) -> bool {
    written.parent().is_some_and(|field| field.child(&["field_identifier"]).is_none())
}

/// What stands behind the last point.
pub(super) fn last_name(text: &str) -> &str {
    text.rsplit('.').next().unwrap_or(text)
}

fn declare<'f>(
    package: &mut Package<'f>,
    piece: Piece<'f>,
    methods: &mut HashMap<&'f str, Vec<Piece<'f>>>,
) {
    match piece.kind() {
        "package_clause" => {
            package.name = piece.children().next().map_or("", |name| name.text());
        }
        "function_declaration" => {
            if let Some(name) = piece.field("name") {
                package.functions.entry(name.text()).or_insert(piece);
            }
        }
        "method_declaration" => {
            let Some(name) = piece.field("name") else { return };
            methods.entry(name.text()).or_default().push(piece);
            if let Some(of) = receiver_type(&piece) {
                package.methods.insert((of.text(), name.text()), piece);
            }
        }
        "type_declaration" => {
            for spec in piece.children().filter(|piece| piece.is(&["type_spec", "type_alias"])) {
                if let Some(name) = spec.field("name") {
                    package.types.insert(name.text(), spec);
                }
            }
        }
        "const_declaration" | "var_declaration" => {
            for spec in piece.all(&["const_spec", "var_spec"]) {
                for (at, name) in names(&spec).enumerate() {
                    package.values.insert(name.text(), (spec, at));
                }
            }
        }
        _ => {}
    }
}

/// Names that a specification of constants or variables, or a parameter, declares.
pub(super) fn names<'f>(spec: &Piece<'f>) -> impl Iterator<Item = Piece<'f>> + use<'f> {
    spec.children().take_while(|piece| piece.is(&["identifier"]))
}

/// The type that a method is of.
pub(super) fn receiver_type<'f>(method: &Piece<'f>) -> Option<Piece<'f>> {
    let receiver = method.field("receiver")?.child(&["parameter_declaration"])?;
    Some(bare(receiver.field("type")?))
}

/// Name of a package that is not in the project: the last part of its path without a version.
fn default_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version = last
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    let name = if is_version { parts.next().unwrap_or(last) } else { last };
    // `gopkg.in/yaml.v3` and `go-chi` are used as `yaml` and `chi`.
    let name = name.split_once(".v").map_or(name, |(name, _)| name);
    name.strip_prefix("go-").unwrap_or(name)
}
