//! What decorators say of a class or method.

use super::At;
use crate::{
    frameworks::javascript::value::{Arg, Called, ScopeId, Value},
    guards,
    syntax::Piece,
};

/// Decorators that are made of others are followed so far.
const MAX_DEPTH: usize = 6;

const COMMON: &str = "@nestjs/common";

/// Names of decorators of packages that let everybody in.
const FREEING: &[&str] =
    &["Public", "Unprotected", "SkipAuth", "AllowAnonymous", "NoAuth", "IsPublic", "PublicRoute"];

/// What decorators say.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks<'f> {
    /// Paths and versions of a controller.
    pub(super) controller: Option<(Vec<String>, Option<Vec<String>>)>,
    /// Methods with their paths.
    pub(super) routes: Vec<(String, Vec<String>)>,
    /// Versions of a method.
    pub(super) version: Option<Vec<String>>,
    pub(super) guards: Vec<Arg<'f>>,
    /// Metadata by key, and whether it is set.
    pub(super) metadata: Vec<(String, bool)>,
}

impl Marks<'_> {
    /// Takes over from the class above what the own one does not say.
    pub(super) fn take_over(&mut self, above: Self)
    where
        Self: Sized,
    {
        for (key, is_set) in above.metadata {
            if !self.metadata.iter().any(|(own, _)| *own == key) {
                self.metadata.push((key, is_set));
            }
        }
    }

    pub(super) fn is_set(&self, key: &str) -> Option<bool> {
        self.metadata.iter().find(|(own, _)| own == key).map(|(_, is_set)| *is_set)
    }
}

/// The decorators of a class.
pub(super) fn decorators(class: Piece<'_>) -> Vec<Piece<'_>> {
    let outer = class.parent().filter(|parent| parent.is(&["export_statement"]));
    outer
        .iter()
        .flat_map(Piece::children)
        .chain(class.children())
        .filter(|child| child.is(&["decorator"]))
        .collect()
}

pub(super) fn has_decorators(class: Piece<'_>) -> bool {
    !decorators(class).is_empty()
}

/// Methods of a class with their decorators, which stand before or in them.
pub(super) fn members(class: Piece<'_>) -> Vec<(Piece<'_>, Vec<Piece<'_>>)> {
    let mut out = Vec::new();
    let mut waiting = Vec::new();
    for member in class.field("body").iter().flat_map(Piece::children) {
        if member.is(&["decorator"]) {
            waiting.push(member);
            continue;
        }
        let mut all = std::mem::take(&mut waiting);
        if member.is(&["method_definition"]) {
            all.extend(member.children().filter(|child| child.is(&["decorator"])));
            out.push((member, all));
        }
    }
    out
}

/// What decorators say, outermost first.
pub(super) fn of<'f>(
    machine: &mut At<'_, 'f>,
    decorators: &[Piece<'f>],
    scope: ScopeId,
) -> Marks<'f> {
    let mut marks = Marks::default();
    for decorator in decorators {
        let Some(written) = decorator.children().next() else { continue };
        let value = machine.eval(written, scope);
        add(machine, &mut marks, &value, written, 0);
    }
    marks
}

fn add<'f>(
    machine: &mut At<'_, 'f>,
    marks: &mut Marks<'f>,
    value: &Value<'f>,
    at: Piece<'f>,
    depth: usize,
) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Called(called) => match called.callee.exported() {
            Some((COMMON, "applyDecorators")) => {
                for arg in machine.flat(&called.args) {
                    add(machine, marks, &arg.value, arg.at, depth + 1);
                }
            }
            Some((COMMON, name)) => common(machine, marks, name, called),
            Some((package, name)) => foreign(marks, package, name, at),
            None => {
                if let Some(key) = created(&called.callee) {
                    let is_set =
                        !matches!(called.args.first(), Some(Arg { value: Value::Flag(false), .. }));
                    marks.metadata.push((key, is_set));
                } else if let Value::Function(function) = called.callee {
                    within(machine, marks, function.0, depth);
                } else if let Value::Unread(name) = called.callee {
                    foreign(marks, "", name.text(), at);
                }
            }
        },
        // A decorator written as a function that applies others.
        Value::Function(function) => within(machine, marks, function.0, depth),
        Value::Member(_) | Value::Package(_) => {
            if let Some((package, name)) =
                value.exported().filter(|(package, _)| *package != COMMON)
            {
                foreign(marks, package, name, at);
            }
        }
        Value::Unread(name) => foreign(marks, "", name.text(), at),
        Value::List(_) => {
            for item in machine.items(value) {
                add(machine, marks, &item.value, item.at, depth + 1);
            }
        }
        _ => {}
    }
}

/// Decorators that the body of a decorator calls.
fn within<'f>(machine: &mut At<'_, 'f>, marks: &mut Marks<'f>, function: usize, depth: usize) {
    let Some(found) = machine.functions.get(function) else { return };
    let (node, scope) = (found.node, found.scope);
    for call in node.all(&["call_expression"]).take(40) {
        let is_applied = call.field("function").is_some_and(|f| f.is(&["identifier"]));
        if !is_applied {
            continue;
        }
        let value = machine.eval(call, scope);
        if let Value::Called(called) = &value
            && called.callee.exported().is_some_and(|(package, _)| package == COMMON)
        {
            add(machine, marks, &value, call, depth + 1);
        }
    }
}

fn common<'f>(machine: &mut At<'_, 'f>, marks: &mut Marks<'f>, name: &str, called: &Called<'f>) {
    let first = called.args.first().map_or(Value::Nothing, |arg| arg.value.clone());
    let verb = match name {
        "Get" | "Sse" => "GET",
        "Post" => "POST",
        "Put" => "PUT",
        "Patch" => "PATCH",
        "Delete" => "DELETE",
        "Head" => "HEAD",
        "Options" => "OPTIONS",
        "Search" => "SEARCH",
        "All" => "ANY",
        _ => "",
    };
    if !verb.is_empty() {
        marks.routes.push((verb.to_owned(), paths(machine, &first)));
        return;
    }
    match name {
        "Controller" => {
            let (path, version) = match &first {
                Value::Record(_) => (
                    machine.field(&first, "path").unwrap_or(Value::Nothing),
                    machine.field(&first, "version"),
                ),
                other => (other.clone(), None),
            };
            let version = version.map(|version| versions(machine, &version));
            marks.controller = Some((paths(machine, &path), version));
        }
        "RequestMapping" => {
            let path = machine.field(&first, "path").unwrap_or(Value::Nothing);
            let verb = match machine.field(&first, "method") {
                Some(Value::Member(member)) if member.name == "ALL" => "ANY".to_owned(),
                Some(Value::Member(member)) => member.name.clone(),
                _ => "GET".to_owned(),
            };
            marks.routes.push((verb, paths(machine, &path)));
        }
        "Version" => marks.version = Some(versions(machine, &first)),
        "UseGuards" => marks.guards.extend(machine.flat(&called.args)),
        "SetMetadata" => {
            if let Some(key) = key_of(&first) {
                let value = called.args.get(1).map_or(Value::Nothing, |arg| arg.value.clone());
                let is_set = match &value {
                    Value::Flag(flag) => *flag,
                    Value::Nothing => false,
                    Value::List(_) => !machine.items(&value).is_empty(),
                    _ => true,
                };
                marks.metadata.push((key, is_set));
            }
        }
        _ => {}
    }
}

/// A decorator of another package: its name is all that is known.
fn foreign(marks: &mut Marks<'_>, package: &str, name: &str, at: Piece<'_>) {
    let name = name.split('(').next().unwrap_or_default();
    if FREEING.contains(&name) {
        marks.metadata.push((super::guard::FREED.to_owned(), true));
        return;
    }
    let is_other =
        package.starts_with("@nestjs/") || name.starts_with("Api") || package.contains("class-");
    if !is_other && guards::by_name(name).is_some() {
        let _ = at;
        marks.metadata.push((super::guard::DEMANDED.to_owned(), true));
    }
}

/// The key of metadata, as one text.
pub(super) fn key_of(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Called(called) => Some(format!("@{}:{}", called.at.file.path, called.at.offset())),
        Value::Unread(piece) => Some(piece.text().to_owned()),
        Value::Member(member) if member.name == "KEY" => key_of(&member.of),
        _ => None,
    }
}

/// The key of a decorator that `Reflector.createDecorator` made.
fn created(callee: &Value<'_>) -> Option<String> {
    let Value::Called(made) = callee else { return None };
    let Value::Member(member) = &made.callee else { return None };
    if member.name != "createDecorator" { None } else { key_of(callee) }
}

fn paths<'f>(machine: &At<'_, 'f>, value: &Value<'f>) -> Vec<String> {
    let texts = match value {
        Value::List(_) => machine.texts(value),
        other => machine.text_of(other).into_iter().collect(),
    };
    if texts.is_empty() { vec![String::new()] } else { texts }
}

/// Versions; the neutral one is an empty text.
pub(super) fn versions<'f>(machine: &At<'_, 'f>, value: &Value<'f>) -> Vec<String> {
    let one = |value: &Value<'f>| match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Member(member) if member.name == "VERSION_NEUTRAL" => Some(String::new()),
        _ => None,
    };
    match value {
        Value::List(_) => machine.items(value).iter().filter_map(|item| one(&item.value)).collect(),
        other => one(other).into_iter().collect(),
    }
}
