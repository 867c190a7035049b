//! What texts an expression of Java stands for.

use super::types::{Annotation, Java, TYPES, annotations, arguments, name_of, type_name};
use crate::{
    frameworks::calls::{callee, operator},
    syntax::{File, Piece},
};

/// Expressions in each other that are followed.
const MAX_DEPTH: usize = 40;
/// Texts that one expression may stand for.
const MAX_TEXTS: usize = 200;

impl<'f> Java<'_, 'f> {
    /// The texts that an expression stands for: one for most, several for arrays and lists, none
    /// where it is not known.
    pub(super) fn strings(&self, piece: &Piece<'f>) -> Vec<String> {
        self.budget.begin();
        let mut texts = self.texts(piece, 0);
        texts.truncate(MAX_TEXTS);
        texts.iter().map(|text| self.filled(text, piece.file)).collect()
    }

    fn texts(&self, piece: &Piece<'f>, depth: usize) -> Vec<String> {
        if depth > MAX_DEPTH || self.budget.is_spent() {
            return Vec::new();
        }
        let inner = |piece: &Piece<'f>| self.texts(piece, depth + 1);
        match piece.kind() {
            "string_literal" => vec![unquoted(piece.text())],
            "parenthesized_expression" | "cast_expression" => {
                piece.children().last().map(|it| inner(&it)).unwrap_or_default()
            }
            "array_initializer" | "element_value_array_initializer" => {
                piece.children().take(MAX_TEXTS).flat_map(|it| inner(&it)).collect()
            }
            "array_creation_expression" => {
                piece.field("value").map(|it| inner(&it)).unwrap_or_default()
            }
            "object_creation_expression" => {
                arguments(piece).iter().take(MAX_TEXTS).flat_map(inner).collect()
            }
            "ternary_expression" => ["consequence", "alternative"]
                .iter()
                .filter_map(|side| piece.field(side))
                .flat_map(|it| inner(&it))
                .collect(),
            "binary_expression" if operator(piece) == "+" => {
                let side = |name| piece.field(name).map(|it| inner(&it)).unwrap_or_default();
                crossed(side("left"), side("right"))
            }
            "identifier" => self.variable(piece, depth),
            "field_access" => self.member(piece, depth),
            "method_invocation" => self.called(piece, depth),
            _ => Vec::new(),
        }
    }

    /// The texts of a variable that is named where `piece` is.
    fn variable(&self, piece: &Piece<'f>, depth: usize) -> Vec<String> {
        match self.declared(piece) {
            Some(found) if found.is(&["variable_declarator"]) => self.value(&found, depth),
            Some(found) => self.texts(&found, depth + 1),
            None => Vec::new(),
        }
    }

    /// The field that an identifier names, as its declarator, or the value of the local variable.
    pub(super) fn declared(&self, piece: &Piece<'f>) -> Option<Piece<'f>> {
        let name = piece.text();
        let mut types = Vec::new();
        for around in piece.ancestors().take(80) {
            if around.is(TYPES) {
                types.push(around);
                continue;
            }
            let found = match around.kind() {
                "block" | "constructor_body" => around
                    .children()
                    .filter(|it| it.is(&["local_variable_declaration"]))
                    .flat_map(|it| it.children())
                    .find(|it| it.is(&["variable_declarator"]) && name_of(it) == name)
                    .and_then(|it| it.field("value")),
                "enhanced_for_statement" if name_of(&around) == name => around.field("value"),
                "lambda_expression" => each_of(&around, name),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        let mut fields = types.iter().flat_map(|of| self.hierarchy(of));
        fields.find_map(|of| self.field_of(&of, name)).or_else(|| self.imported(name, piece.file))
    }

    /// The field that a static import brings in.
    fn imported(&self, name: &str, file: &'f File) -> Option<Piece<'f>> {
        let imports = file.root().children().filter(|it| it.is(&["import_declaration"]));
        imports.filter(|it| it.text().contains("static")).find_map(|import| {
            let path = import.children().find(|it| it.is(&["scoped_identifier"]))?.text();
            let owner = if import.child(&["asterisk"]).is_some() {
                path
            } else {
                path.strip_suffix(name)?.strip_suffix('.')?
            };
            let owner = self.type_named(owner, file)?;
            self.hierarchy(&owner).iter().find_map(|of| self.field_of(of, name))
        })
    }

    /// The texts of `Owner.NAME`, `this.name` or `Outer.Inner.NAME`.
    fn member(&self, piece: &Piece<'f>, depth: usize) -> Vec<String> {
        let (Some(object), Some(field)) = (piece.field("object"), piece.field("field")) else {
            return Vec::new();
        };
        if object.is(&["this"]) {
            return self.variable(&field, depth);
        }
        let owner = type_name(&object);
        let Some(owner) = self.type_named(owner, piece.file) else { return Vec::new() };
        let found = self.hierarchy(&owner).iter().find_map(|of| self.field_of(of, field.text()));
        found.map(|found| self.value(&found, depth)).unwrap_or_default()
    }

    fn field_of(&self, of: &Piece<'f>, name: &str) -> Option<Piece<'f>> {
        let body = of.field("body")?;
        let named = self.fields_named(name).iter().filter(|it| std::ptr::eq(it.file, of.file));
        named.copied().find(|it| {
            let holder = it.parent().and_then(|it| it.parent());
            holder.is_some_and(|holder| {
                holder == body
                    || holder.is(&["enum_body_declarations"]) && holder.parent() == Some(body)
            })
        })
    }

    /// What a field is set to, or what `@Value` puts in.
    fn value(&self, declarator: &Piece<'f>, depth: usize) -> Vec<String> {
        if let Some(value) = declarator.field("value") {
            return self.texts(&value, depth + 1);
        }
        let injected = declarator
            .parent()
            .and_then(|field| annotations(&field).find(|it| it.name == "Value"))
            .and_then(|it: Annotation<'f>| it.argument(&["value"]));
        let Some(injected) = injected else { return Vec::new() };
        let filled = self.texts(&injected, depth + 1);
        let filled = filled.iter().map(|text| self.filled(text, injected.file));
        filled
            .flat_map(|text| text.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>())
            .filter(|text| !text.is_empty() && !text.contains("${"))
            .collect()
    }

    /// The texts that a call gives: lists, `concat`, `format`, and methods of the same class.
    fn called(&self, call: &Piece<'f>, depth: usize) -> Vec<String> {
        let inner = |piece: &Piece<'f>| self.texts(piece, depth + 1);
        let given = arguments(call);
        let object = call.field("object");
        match callee(call) {
            "of" | "asList" | "singletonList" | "singleton" | "copyOf" => {
                given.iter().take(MAX_TEXTS).flat_map(inner).collect()
            }
            "toArray" | "stream" | "trim" | "strip" | "toList" | "distinct" => {
                object.map(|it| inner(&it)).unwrap_or_default()
            }
            "concat" if object.is_some() => crossed(
                object.map(|it| inner(&it)).unwrap_or_default(),
                given.first().map(inner).unwrap_or_default(),
            ),
            "format" => formatted(&given.first().map(inner).unwrap_or_default(), &given, &inner),
            "formatted" => {
                let pattern = object.map(|it| inner(&it)).unwrap_or_default();
                let mut all: Vec<Piece<'f>> = object.into_iter().collect();
                all.extend(&given);
                formatted(&pattern, &all, &inner)
            }
            name if given.is_empty() => self.returned(call, name, object.as_ref(), depth),
            _ => Vec::new(),
        }
    }

    /// The texts that a method without parameters returns, or the setting that an accessor of a
    /// class of settings gives.
    fn returned(
        &self,
        call: &Piece<'f>,
        name: &str,
        object: Option<&Piece<'f>>,
        depth: usize,
    ) -> Vec<String> {
        let near = self.methods_named(name).iter().find(|method| match object {
            None => std::ptr::eq(method.file, call.file),
            Some(object) if object.is(&["this"]) => std::ptr::eq(method.file, call.file),
            Some(object) => method
                .within(TYPES)
                .is_some_and(|of| name_of(&of).eq_ignore_ascii_case(type_name(object))),
        });
        if let Some(method) = near {
            let returns = method.all(&["return_statement"]).take(4);
            return returns
                .filter_map(|it| it.children().next())
                .flat_map(|it| self.texts(&it, depth + 2))
                .collect();
        }
        let key = name.strip_prefix("get").unwrap_or(name);
        let settings = self.settings.iter();
        let value = settings
            .filter(|it| object.is_some() && self.apps.share(&it.file.path, &call.file.path))
            .find_map(|it| it.ending(key));
        let texts =
            value.unwrap_or_default().split(',').map(|it| it.trim_matches([' ', '"', '\'']));
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// A text with its `${key:default}` replaced by what is set.
    pub(super) fn filled(&self, text: &str, near: &File) -> String {
        let mut out = text.to_owned();
        for _ in 0..8 {
            let Some(start) = out.rfind("${") else { break };
            let Some(end) = out.get(start..).and_then(|rest| rest.find('}')) else { break };
            let inner = out.get(start + 2..start + end).unwrap_or_default();
            let (key, default) = match inner.split_once(':') {
                Some((key, default)) => (key, Some(default)),
                None => (inner, None),
            };
            let value = self.setting(key, near).or(default).unwrap_or_default().to_owned();
            out.replace_range(start..=start + end, &value);
        }
        out
    }
}

/// What a lambda is called with for each member: `PATHS.forEach(path -> …)`.
fn each_of<'f>(lambda: &Piece<'f>, name: &str) -> Option<Piece<'f>> {
    let is_of =
        lambda.field("parameters").is_some_and(|it| it.text().trim_matches(['(', ')']) == name);
    let call = lambda.parent()?.parent()?;
    if !is_of || !call.is(&["method_invocation"]) || callee(&call) != "forEach" {
        return None;
    }
    let object = call.field("object")?;
    // `Arrays.stream(PATHS)` and `Stream.of(…)` have what they are of as an argument.
    if object.is(&["method_invocation"]) && callee(&object) == "stream" {
        return arguments(&object).first().copied().or(Some(object));
    }
    Some(object)
}

/// Every left text with every right one; what is not known counts as empty.
pub(super) fn crossed(left: Vec<String>, right: Vec<String>) -> Vec<String> {
    if left.is_empty() || right.is_empty() {
        return if left.is_empty() { right } else { left };
    }
    let all = left.iter().flat_map(|left| right.iter().map(move |right| format!("{left}{right}")));
    all.take(MAX_TEXTS).collect()
}

/// `pattern` with each `%s` replaced by the argument in its place.
fn formatted<'f>(
    pattern: &[String],
    arguments: &[Piece<'f>],
    inner: &dyn Fn(&Piece<'f>) -> Vec<String>,
) -> Vec<String> {
    let Some(pattern) = pattern.first() else { return Vec::new() };
    let mut out = pattern.clone();
    for argument in arguments.iter().skip(1).take(10) {
        let value = inner(argument).into_iter().next().unwrap_or_default();
        out = out.replacen("%s", &value, 1);
    }
    vec![out]
}

/// A literal without quotes and escapes.
pub(super) fn unquoted(text: &str) -> String {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block.trim_end_matches("\"\"\"").trim().to_owned();
    }
    let bare = text.strip_prefix('"').unwrap_or(text);
    let bare = bare.strip_suffix('"').unwrap_or(bare);
    let mut out = String::with_capacity(bare.len());
    let mut is_escaped = false;
    for c in bare.chars() {
        match (is_escaped, c) {
            (false, '\\') => is_escaped = true,
            (true, 'n' | 't' | 'r') => {
                out.push(' ');
                is_escaped = false;
            }
            (_, c) => {
                out.push(c);
                is_escaped = false;
            }
        }
    }
    out
}
