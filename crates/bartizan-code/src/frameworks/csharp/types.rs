//! Types, members and attributes of C# by name.

use std::collections::HashMap;

use crate::{
    frameworks::{apps::Apps, calls::Budget},
    project::Project,
    syntax::{File, Language, Piece},
};

/// Nodes that declare a type.
pub(super) const TYPES: &[&str] = &[
    "class_declaration",
    "enum_declaration",
    "interface_declaration",
    "record_declaration",
    "struct_declaration",
];

/// The C# of a project.
pub(super) struct Sharp<'a, 'f> {
    /// All files.
    pub(super) project: &'a Project<'f>,
    /// Every type, in order of the files.
    pub(super) types: Vec<Piece<'f>>,
    /// Every method with a body, in order of the files.
    pub(super) methods: Vec<Piece<'f>>,
    /// Calls, creations and assignments, in order of the files.
    pub(super) actions: Vec<Piece<'f>>,
    /// What following texts may cost.
    pub(super) budget: Budget,
    /// Which files are of which application.
    pub(super) apps: Apps,
    types_by_name: HashMap<&'f str, Vec<Piece<'f>>>,
    methods_by_name: HashMap<&'f str, Vec<Piece<'f>>>,
    fields: HashMap<&'f str, Vec<Piece<'f>>>,
}

/// An attribute on something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'f> {
    /// Its name without namespace, type arguments and `Attribute` at the end.
    pub(super) name: &'f str,
    /// The whole of it.
    pub(super) piece: Piece<'f>,
}

impl<'f> Attribute<'f> {
    /// What is given without a name, in order.
    pub(super) fn given(&self) -> Vec<Piece<'f>> {
        let list = self.piece.child(&["attribute_argument_list"]);
        let all = list.into_iter().flat_map(|list| list.children());
        let named = |it: &Piece<'f>| it.field("name").is_some_and(|name| name.text() != "template");
        all.filter(|it| !named(it)).filter_map(|it| it.children().last()).collect()
    }

    /// What is given for a name.
    pub(super) fn named(&self, name: &str) -> Option<Piece<'f>> {
        let list = self.piece.child(&["attribute_argument_list"])?;
        let mut all = list.children();
        all.find(|it| it.field("name").is_some_and(|it| it.text() == name))?.children().last()
    }
}

const MAX_HIERARCHY: usize = 24;

impl<'a, 'f> Sharp<'a, 'f> {
    /// Collects all of it.
    pub(super) fn new(project: &'a Project<'f>) -> Self {
        let mut sharp = Self {
            project,
            types: Vec::new(),
            methods: Vec::new(),
            actions: Vec::new(),
            budget: Budget::default(),
            apps: Apps::default(),
            types_by_name: HashMap::new(),
            methods_by_name: HashMap::new(),
            fields: HashMap::new(),
        };
        let mut roots = Vec::new();
        for file in project.files(&[Language::CSharp]) {
            if file.name() == "Program.cs" {
                roots.push(file.folder().to_owned());
            }
            for piece in file.root().walk() {
                sharp.add(piece);
            }
        }
        sharp.apps = Apps::new(roots);
        sharp
    }

    fn add(&mut self, piece: Piece<'f>) {
        let by_name = match piece.kind() {
            kind if TYPES.contains(&kind) => {
                self.types.push(piece);
                &mut self.types_by_name
            }
            "method_declaration" | "local_function_statement" => {
                if piece.field("body").is_some() {
                    self.methods.push(piece);
                }
                &mut self.methods_by_name
            }
            "variable_declarator" | "property_declaration" => &mut self.fields,
            "assignment_expression" | "invocation_expression" | "object_creation_expression" => {
                self.actions.push(piece);
                return;
            }
            _ => return,
        };
        if let Some(name) = piece.field("name") {
            by_name.entry(name.text()).or_default().push(piece);
        }
    }

    /// The declarations of a type (a partial one has several), nearest first.
    pub(super) fn types_named(&self, name: &str, near: &File) -> Vec<Piece<'f>> {
        let Some(all) = self.types_by_name.get(bare(name)) else { return Vec::new() };
        let mut all: Vec<_> = all.iter().take(64).copied().collect();
        if all.iter().any(|it| self.apps.share(&it.file.path, &near.path)) {
            all.retain(|it| self.apps.share(&it.file.path, &near.path));
        }
        all.sort_by_key(|it| !std::ptr::eq(it.file, near));
        if all.first().is_some_and(|it| !has_modifier(it, "partial")) {
            all.truncate(1);
        }
        all
    }

    /// Methods and local functions of that name.
    pub(super) fn methods_named(&self, name: &str) -> &[Piece<'f>] {
        self.methods_by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Variables, fields and properties of that name.
    pub(super) fn fields_named(&self, name: &str) -> &[Piece<'f>] {
        self.fields.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// All declarations of a type and of what it is derived from, nearest first.
    pub(super) fn hierarchy(&self, of: &Piece<'f>) -> Vec<Piece<'f>> {
        let mut found = self.types_named(name_of(of), of.file);
        if !found.contains(of) {
            found = vec![*of];
        }
        let mut at = 0;
        while let Some(here) = found.get(at).copied() {
            at += 1;
            for base in bases(&here) {
                for above in self.types_named(base, here.file) {
                    if !found.contains(&above) && found.len() < MAX_HIERARCHY {
                        found.push(above);
                    }
                }
            }
        }
        found
    }

    /// Names of all that a type is derived from, also of what is of libraries.
    pub(super) fn above(&self, of: &Piece<'f>) -> Vec<&'f str> {
        self.hierarchy(of).iter().flat_map(|it| bases(it)).collect()
    }
}

/// A name without namespace and type arguments.
pub(super) fn bare(name: &str) -> &str {
    let name = name.split(['<', '(', '?']).next().unwrap_or(name).trim();
    name.rsplit(['.', ':']).next().unwrap_or(name)
}

/// Names in the list of what a type is derived from.
pub(super) fn bases<'f>(of: &Piece<'f>) -> Vec<&'f str> {
    let list = of.child(&["base_list"]);
    let all = list.into_iter().flat_map(|list| list.children());
    all.filter(|it| !it.is(&["argument_list"])).map(|it| bare(it.text())).collect()
}

/// The attributes that stand on a declaration or a lambda.
pub(super) fn attributes<'f>(of: &Piece<'f>) -> impl Iterator<Item = Attribute<'f>> + use<'f> {
    let lists = of.children().take_while(|it| !it.is(&["block", "declaration_list"]));
    lists
        .filter(|it| it.is(&["attribute_list"]))
        .flat_map(|list| list.children())
        .filter(|it| it.is(&["attribute"]))
        .filter_map(|piece| {
            let name = bare(piece.field("name")?.text());
            let short = name.strip_suffix("Attribute").filter(|it| !it.is_empty());
            Some(Attribute { name: short.unwrap_or(name), piece })
        })
}

/// Whether one of the words before a declaration is `word`.
pub(super) fn has_modifier(of: &Piece<'_>, word: &str) -> bool {
    of.children().filter(|it| it.is(&["modifier"])).any(|it| it.text() == word)
}

/// Name of a declaration.
pub(super) fn name_of<'f>(of: &Piece<'f>) -> &'f str {
    of.field("name").map(|name| name.text()).unwrap_or_default()
}

/// The parameters of a method or a lambda.
pub(super) fn parameters<'f>(of: &Piece<'f>) -> Vec<Piece<'f>> {
    let Some(list) = of.field("parameters") else { return Vec::new() };
    if list.is(&["parameter_list"]) { list.children().collect() } else { vec![list] }
}

/// Name of a parameter; that of a lambda may stand alone.
pub(super) fn parameter_name<'f>(parameter: &Piece<'f>) -> &'f str {
    parameter.field("name").unwrap_or(*parameter).text()
}

/// The methods that a type declares itself.
pub(super) fn methods<'f>(of: &Piece<'f>) -> impl Iterator<Item = Piece<'f>> + use<'f> {
    let body = of.field("body");
    body.into_iter().flat_map(|body| body.children()).filter(|it| it.is(&["method_declaration"]))
}

/// The arguments of a call or a creation, as they are written.
pub(super) fn arguments<'f>(call: &Piece<'f>) -> Vec<Piece<'f>> {
    let list = call.field("arguments").or_else(|| call.child(&["argument_list"]));
    list.map(|it| it.children().collect()).unwrap_or_default()
}

/// The value of an argument without its name.
pub(super) fn value<'f>(argument: &Piece<'f>) -> Piece<'f> {
    if argument.is(&["argument"]) {
        argument.children().last().unwrap_or(*argument)
    } else {
        *argument
    }
}

/// The type arguments of a call: `Use<X>()`.
pub(super) fn type_arguments<'f>(call: &Piece<'f>) -> Vec<Piece<'f>> {
    let function = call.field("function").unwrap_or(*call);
    let name = match function.kind() {
        "member_access_expression" => function.field("name").unwrap_or(function),
        "conditional_access_expression" => function
            .child(&["member_binding_expression"])
            .and_then(|it| it.field("name"))
            .unwrap_or(function),
        _ => function,
    };
    let list = name.child(&["type_argument_list"]);
    list.map(|it| it.children().collect()).unwrap_or_default()
}

/// The type that a piece stands in.
pub(super) fn holder<'f>(piece: &Piece<'f>) -> Option<Piece<'f>> {
    piece.within(TYPES)
}
