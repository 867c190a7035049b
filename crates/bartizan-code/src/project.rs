//! The files of a folder together, with what they define by name.

use std::collections::HashMap;

use crate::{
    guards,
    route::{Effect, Guard, Level, short},
    syntax::{File, Language, Piece},
};

/// Kinds of nodes that give a name to something, in all grammars.
const DEFINITIONS: &[&str] = &[
    "class",
    "class_declaration",
    "class_definition",
    "const_item",
    "const_spec",
    "function_declaration",
    "function_definition",
    "function_item",
    "interface_declaration",
    "local_function_statement",
    "method",
    "method_declaration",
    "method_definition",
    "module",
    "static_item",
    "struct_item",
    "variable_declarator",
];

/// All parsed files.
#[derive(Debug)]
pub struct Project<'f> {
    files: &'f [File],
    definitions: HashMap<&'f str, Vec<Piece<'f>>>,
}

impl<'f> Project<'f> {
    /// Puts files together.
    #[must_use]
    pub fn new(files: &'f [File]) -> Self {
        let mut definitions: HashMap<&str, Vec<Piece<'_>>> = HashMap::new();
        for piece in files.iter().flat_map(|file| file.root().walk()) {
            if piece.is(DEFINITIONS)
                && let Some(name) = piece.field("name")
            {
                definitions.entry(name.text()).or_default().push(piece);
            }
        }
        Self { files, definitions }
    }

    /// The files in one of `languages`.
    pub fn files(
        &self,
        languages: &'static [Language],
    ) -> impl Iterator<Item = &'f File> + use<'f> {
        self.files.iter().filter(|file| languages.contains(&file.language))
    }

    /// The file of that path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&'f File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Functions, classes, methods and variables of that name, seen from `near`: those of its file
    /// when there are some, else those of files in the same language.
    #[must_use]
    pub fn definitions(&self, name: &str, near: &File) -> Vec<Piece<'f>> {
        let Some(all) = self.definitions.get(name) else { return Vec::new() };
        let here: Vec<_> =
            all.iter().filter(|piece| std::ptr::eq(piece.file, near)).copied().collect();
        if !here.is_empty() {
            return here;
        }
        let is_alike = |language: Language| match language {
            Language::Tsx | Language::TypeScript | Language::JavaScript => 0,
            other => other as usize + 1,
        };
        let wanted = is_alike(near.language);
        all.iter().filter(|piece| is_alike(piece.file.language) == wanted).copied().collect()
    }

    /// The guard that `written` is, attached at `at`: by what `name` in it does where it is
    /// defined in the folder, else by its words. `None` when it is no guard.
    #[must_use]
    pub fn guard(&self, name: &str, written: &str, at: &Piece<'_>, level: Level) -> Option<Guard> {
        let definitions = self.definitions(name, at.file);
        let effect = match guards::effect(name, definitions.iter().map(Piece::text)) {
            Some(effect) => effect,
            // Arguments say more where the name says nothing: `use(check('role'))`.
            None if definitions.is_empty() => guards::by_name(written)?,
            None => return None,
        };
        Some(Guard { name: short(written), effect, level, place: at.place() })
    }

    /// A guard that frees, attached at `at`.
    #[must_use]
    pub fn frees(written: &str, at: &Piece<'_>, level: Level) -> Guard {
        Guard { name: short(written), effect: Effect::Frees, level, place: at.place() }
    }

    /// A guard that demands, attached at `at`.
    #[must_use]
    pub fn demands(written: &str, at: &Piece<'_>, level: Level) -> Guard {
        Guard { name: short(written), effect: Effect::Demands, level, place: at.place() }
    }
}
