//! Types, fields and methods of Java by name, and the annotations on them.

use std::collections::HashMap;

use super::settings::Settings;
use crate::{
    frameworks::{apps::Apps, calls::Budget},
    project::Project,
    syntax::{File, Language, Piece},
};

/// Nodes that declare a type.
pub(super) const TYPES: &[&str] = &[
    "annotation_type_declaration",
    "class_declaration",
    "enum_declaration",
    "interface_declaration",
    "record_declaration",
];

/// The Java of a project.
pub(super) struct Java<'a, 'f> {
    /// All files.
    pub(super) project: &'a Project<'f>,
    /// Every type, in order of the files.
    pub(super) types: Vec<Piece<'f>>,
    /// What following texts may cost.
    pub(super) budget: Budget,
    /// Which files are of which application.
    pub(super) apps: Apps,
    /// Settings of the applications.
    pub(super) settings: Vec<Settings<'f>>,
    types_by_name: HashMap<&'f str, Vec<Piece<'f>>>,
    fields: HashMap<&'f str, Vec<Piece<'f>>>,
    methods: HashMap<&'f str, Vec<Piece<'f>>>,
}

/// An annotation on something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Annotation<'f> {
    /// Its name without the package.
    pub(super) name: &'f str,
    /// The whole of it.
    pub(super) piece: Piece<'f>,
}

impl<'f> Annotation<'f> {
    /// What is given for the first of `keys` that is there; `value` is also what has no key.
    pub(super) fn argument(&self, keys: &[&str]) -> Option<Piece<'f>> {
        let arguments = self.piece.field("arguments")?;
        arguments.children().find_map(|argument| {
            if argument.is(&["element_value_pair"]) {
                let key = argument.field("key")?;
                return if keys.contains(&key.text()) { argument.field("value") } else { None };
            }
            keys.contains(&"value").then_some(argument)
        })
    }
}

/// Types above a type that are looked at.
const MAX_HIERARCHY: usize = 24;

impl<'a, 'f> Java<'a, 'f> {
    /// Collects all of it.
    pub(super) fn new(project: &'a Project<'f>) -> Self {
        let mut java = Self {
            project,
            types: Vec::new(),
            budget: Budget::default(),
            apps: Apps::default(),
            settings: Settings::all(project),
            types_by_name: HashMap::new(),
            fields: HashMap::new(),
            methods: HashMap::new(),
        };
        let mut roots = Vec::new();
        for piece in project.files(&[Language::Java]).flat_map(|file| file.root().walk()) {
            let by_name = match piece.kind() {
                kind if TYPES.contains(&kind) => {
                    java.types.push(piece);
                    if annotations(&piece).any(|it| it.name == "SpringBootApplication") {
                        roots.push(root_of(&piece.file.path));
                    }
                    &mut java.types_by_name
                }
                "variable_declarator" => &mut java.fields,
                "method_declaration" => &mut java.methods,
                _ => continue,
            };
            if let Some(name) = piece.field("name") {
                by_name.entry(name.text()).or_default().push(piece);
            }
        }
        java.apps = Apps::new(roots);
        java
    }

    /// The type of that name as `near` means it: one of its own file, an imported one, one of its
    /// package, else any.
    pub(super) fn type_named(&self, name: &str, near: &File) -> Option<Piece<'f>> {
        let name = name.rsplit('.').next().unwrap_or(name);
        let all = self.types_by_name.get(name)?;
        let rank = |piece: &&Piece<'f>| {
            if std::ptr::eq(piece.file, near) {
                return 0;
            }
            let package = package(piece.file);
            if near.text.contains(&format!("import {package}.{name};")) {
                return 1;
            }
            if piece.file.folder() == near.folder() {
                return 2;
            }
            if self.apps.share(&piece.file.path, &near.path) { 3 } else { 4 }
        };
        all.iter().take(64).min_by_key(rank).copied()
    }

    /// Variables of that name, of fields and of methods.
    pub(super) fn fields_named(&self, name: &str) -> &[Piece<'f>] {
        self.fields.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Methods of that name.
    pub(super) fn methods_named(&self, name: &str) -> &[Piece<'f>] {
        self.methods.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The type itself, then its superclasses, then all interfaces, nearest first.
    pub(super) fn hierarchy(&self, of: &Piece<'f>) -> Vec<Piece<'f>> {
        let mut classes = vec![*of];
        let mut at = 0;
        while let Some(class) = classes.get(at).copied() {
            at += 1;
            if let Some(above) = class.field("superclass")
                && let Some(found) = type_names(&above).next()
                && let Some(found) = self.type_named(found, class.file)
                && !classes.contains(&found)
                && classes.len() < MAX_HIERARCHY
            {
                classes.push(found);
            }
        }
        let mut at = 0;
        while let Some(class) = classes.get(at).copied() {
            at += 1;
            let lists = class.field("interfaces").or_else(|| class.child(&["extends_interfaces"]));
            let names: Vec<_> = lists.iter().flat_map(type_names).collect();
            for name in names {
                if let Some(found) = self.type_named(name, class.file)
                    && !classes.contains(&found)
                    && classes.len() < MAX_HIERARCHY
                {
                    classes.push(found);
                }
            }
        }
        classes
    }

    /// Names that a type extends or implements, also those that are of libraries.
    pub(super) fn above(&self, of: &Piece<'f>) -> Vec<&'f str> {
        let mut names = Vec::new();
        for class in self.hierarchy(of) {
            for list in ["superclass", "interfaces"].iter().filter_map(|it| class.field(it)) {
                names.extend(type_names(&list));
            }
            names.extend(class.child(&["extends_interfaces"]).iter().flat_map(type_names));
        }
        names
    }

    /// The annotations of a declaration with those that stand on these annotations themselves,
    /// where the project defines them.
    pub(super) fn all_annotations(&self, of: &Piece<'f>) -> Vec<Annotation<'f>> {
        let mut found: Vec<Annotation<'f>> = annotations(of).collect();
        let mut at = 0;
        while let Some(annotation) = found.get(at).copied() {
            at += 1;
            if found.len() > 40 {
                break;
            }
            if let Some(of) = self.annotation_type(&annotation) {
                let more =
                    annotations(&of).filter(|it| !found.iter().any(|has| has.name == it.name));
                let more: Vec<_> = more.collect();
                found.extend(more);
            }
        }
        found
    }

    /// The declaration of an annotation, where the project has it.
    pub(super) fn annotation_type(&self, annotation: &Annotation<'f>) -> Option<Piece<'f>> {
        self.type_named(annotation.name, annotation.piece.file)
            .filter(|it| it.is(&["annotation_type_declaration"]))
    }

    /// A setting of the application that `near` is of.
    pub(super) fn setting(&self, key: &str, near: &File) -> Option<&str> {
        self.settings
            .iter()
            .filter(|settings| self.apps.share(&settings.file.path, &near.path))
            .find_map(|settings| settings.get(key))
    }
}

/// The annotations that stand on a declaration.
pub(super) fn annotations<'f>(of: &Piece<'f>) -> impl Iterator<Item = Annotation<'f>> + use<'f> {
    let modifiers = of.child(&["modifiers"]);
    let all = modifiers.into_iter().flat_map(|modifiers| modifiers.children());
    all.filter(|piece| piece.is(&["annotation", "marker_annotation"])).filter_map(|piece| {
        let name = piece.field("name")?.text();
        Some(Annotation { name: name.rsplit('.').next().unwrap_or(name), piece })
    })
}

/// Whether one of the words before a declaration is `word`; those in annotations do not count.
pub(super) fn has_modifier(of: &Piece<'_>, word: &str) -> bool {
    let Some(modifiers) = of.child(&["modifiers"]) else { return false };
    let (text, start) = (modifiers.text(), modifiers.offset());
    let mut at = 0;
    let mut plain = String::new();
    for annotation in modifiers.children() {
        let from = annotation.offset().saturating_sub(start);
        plain.push_str(text.get(at..from).unwrap_or_default());
        plain.push(' ');
        at = from + annotation.text().len();
    }
    plain.push_str(text.get(at..).unwrap_or_default());
    plain.split_whitespace().any(|has| has == word)
}

/// Names of the types in a list of them, without packages and type arguments.
fn type_names<'f>(list: &Piece<'f>) -> impl Iterator<Item = &'f str> + use<'f> {
    let inner = list.child(&["type_list"]).unwrap_or(*list);
    inner.children().map(|piece| type_name(&piece))
}

/// Name of a type without package and type arguments.
pub(super) fn type_name<'f>(piece: &Piece<'f>) -> &'f str {
    let text = piece.text();
    let text = text.split(['<', '[']).next().unwrap_or(text).trim();
    text.rsplit('.').next().unwrap_or(text)
}

/// The methods that a type declares itself.
pub(super) fn methods<'f>(of: &Piece<'f>) -> impl Iterator<Item = Piece<'f>> + use<'f> {
    let body = of.field("body");
    body.into_iter().flat_map(|body| body.children()).filter(|it| it.is(&["method_declaration"]))
}

/// Name of a declaration.
pub(super) fn name_of<'f>(of: &Piece<'f>) -> &'f str {
    of.field("name").map(|name| name.text()).unwrap_or_default()
}

/// The arguments of a call or a creation.
pub(super) fn arguments<'f>(call: &Piece<'f>) -> Vec<Piece<'f>> {
    call.field("arguments").map(|it| it.children().collect()).unwrap_or_default()
}

/// The package that a file is of.
pub(super) fn package(file: &File) -> &str {
    let declared = file.root().child(&["package_declaration"]);
    let name = declared.and_then(|it| it.children().last());
    name.map(|name| name.text()).unwrap_or_default()
}

/// The folder of the module that a file is in.
fn root_of(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if path.starts_with("src/") {
        return String::new();
    }
    folder.split_once("/src/").map_or(folder, |(root, _)| root).to_owned()
}
