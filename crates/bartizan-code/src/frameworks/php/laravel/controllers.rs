//! Middleware that controllers put before their own methods.

use super::middleware::{Use, function_refuses};
use crate::{
    frameworks::php::{
        calls::{Chain, Start, arguments, statements},
        classes::Class,
        values::Known,
    },
    route::Level,
    syntax::Piece,
};

/// Methods of resources, which `authorizeResource` guards.
const RESOURCE: &[&str] = &["index", "create", "store", "show", "edit", "update", "destroy"];

/// The middleware before a method of a controller.
pub(super) fn uses(known: &Known<'_, '_>, controller: &str, method: &str) -> Vec<Use> {
    let (ancestors, _) = known.classes.ancestors(controller, &known.root);
    let mut uses = Vec::new();
    for class in &ancestors {
        attributes(known, &class.piece, method, Level::Group, &mut uses);
    }
    for class in &ancestors {
        let Some(constructor) = class.method("__construct") else { continue };
        in_constructor(known, &constructor, method, &ancestors, &mut uses);
        if !constructor.text().contains("parent::__construct") {
            break;
        }
    }
    for class in &ancestors {
        let Some(listed) = class.method("middleware") else { continue };
        if listed.child(&["static_modifier"]).is_some() {
            in_list(known, &listed, method, &ancestors, &mut uses);
        }
        if !listed.text().contains("parent::middleware") {
            break;
        }
    }
    if let Some(own) = ancestors.iter().find_map(|class| class.method(method)) {
        attributes(known, &own, method, Level::Route, &mut uses);
    }
    uses
}

/// For which methods middleware is used.
#[derive(Default)]
struct Applies {
    only: Option<Vec<String>>,
    except: Vec<String>,
}

impl Applies {
    fn add(&mut self, name: &str, values: Vec<String>) {
        match name {
            "only" => self.only = Some(values),
            "except" => self.except = values,
            _ => {}
        }
    }

    fn to(&self, method: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|it| it == method))
            && !self.except.iter().any(|it| it == method)
    }
}

/// `#[Middleware('auth', only: ['store'])]`
fn attributes<'f>(
    known: &Known<'_, 'f>,
    piece: &Piece<'f>,
    method: &str,
    level: Level,
    uses: &mut Vec<Use>,
) {
    let lists = piece.children().filter(|it| it.kind() == "attribute_list");
    for attribute in lists.flat_map(|list| list.all(&["attribute"]).collect::<Vec<_>>()) {
        let name = attribute.children().next().map_or("", |name| name.text());
        let name = name.rsplit('\\').next().unwrap_or(name);
        if !matches!(name, "Middleware" | "Authorize") {
            continue;
        }
        let mut applies = Applies::default();
        let mut names = Vec::new();
        let list = attribute.field("parameters").or_else(|| attribute.child(&["arguments"]));
        for argument in list.iter().flat_map(Piece::children) {
            let given = argument.field("name").map(|it| it.text());
            let Some(value) = argument.children().last() else { continue };
            let texts = known.roughly(&value);
            match given {
                Some(given @ ("only" | "except")) => applies.add(given, texts),
                _ => names.extend(texts),
            }
        }
        if name == "Authorize" {
            names = vec!["can".to_owned()];
        }
        if applies.to(method) {
            uses.extend(names.into_iter().map(|name| Use {
                name,
                place: attribute.place(),
                level,
                refuses: None,
            }));
        }
    }
}

/// `$this->middleware('auth')->only('store')` and `$this->authorizeResource(Post::class)`.
fn in_constructor<'f>(
    known: &Known<'_, 'f>,
    constructor: &Piece<'f>,
    method: &str,
    ancestors: &[&Class<'f>],
    uses: &mut Vec<Use>,
) {
    let calls = constructor.all(&["expression_statement"]);
    for chain in calls.filter_map(|it| Chain::of(&it.children().next()?)) {
        let Start::Value(on) = chain.start else { continue };
        let Some(first) = chain.links.first().filter(|_| on.text() == "$this") else { continue };
        if first.name == "authorizeResource" {
            if RESOURCE.contains(&method) {
                uses.push(one("can".to_owned(), &first.piece, None));
            }
            continue;
        }
        let Some(argument) = first.argument(0, "middleware").filter(|_| first.name == "middleware")
        else {
            continue;
        };
        let mut applies = Applies::default();
        if let Some(options) = first.argument(1, "options") {
            let options = known.value(&options);
            for name in ["only", "except"] {
                if let Some(value) = options.at(name) {
                    applies.add(name, value.texts());
                }
            }
        }
        for link in chain.links.iter().skip(1) {
            let texts = link.arguments.iter().flat_map(|(_, it)| known.roughly(it)).collect();
            applies.add(link.name, texts);
        }
        if applies.to(method) {
            add(known, &argument, ancestors, uses);
        }
    }
}

/// `return ['auth', new Middleware('log', only: ['index'])];`
fn in_list<'f>(
    known: &Known<'_, 'f>,
    listed: &Piece<'f>,
    method: &str,
    ancestors: &[&Class<'f>],
    uses: &mut Vec<Use>,
) {
    let returned = statements(listed).into_iter().filter(|it| it.kind() == "return_statement");
    for value in returned.filter_map(|it| it.children().next()) {
        let arrays: Vec<_> = match value.kind() {
            "array_creation_expression" => vec![value],
            _ => arguments(&value).into_iter().map(|(_, it)| it).collect(),
        };
        for element in arrays.iter().flat_map(Piece::children) {
            let Some(element) = element.children().last() else { continue };
            listed_one(known, &element, method, ancestors, uses);
        }
    }
}

fn listed_one<'f>(
    known: &Known<'_, 'f>,
    element: &Piece<'f>,
    method: &str,
    ancestors: &[&Class<'f>],
    uses: &mut Vec<Use>,
) {
    let mut applies = Applies::default();
    let mut inner = *element;
    if let Some(chain) = Chain::of(element)
        && let Start::Value(start) = chain.start
    {
        for link in &chain.links {
            let texts = link.arguments.iter().flat_map(|(_, it)| known.roughly(it)).collect();
            applies.add(link.name, texts);
        }
        inner = start;
    }
    while inner.kind() == "parenthesized_expression" {
        let Some(next) = inner.children().next() else { return };
        inner = next;
    }
    if inner.kind() != "object_creation_expression" {
        if applies.to(method) {
            add(known, &inner, ancestors, uses);
        }
        return;
    }
    let mut what = None;
    for (place, (name, value)) in arguments(&inner).into_iter().enumerate() {
        match (name, place) {
            (Some(name @ ("only" | "except")), _) => applies.add(name, known.roughly(&value)),
            (None, 1) => applies.add("only", known.roughly(&value)),
            (None, 2) => applies.add("except", known.roughly(&value)),
            _ => what = Some(value),
        }
    }
    if let Some(what) = what.filter(|_| applies.to(method)) {
        add(known, &what, ancestors, uses);
    }
}

/// Adds what an argument names, or is.
fn add<'f>(
    known: &Known<'_, 'f>,
    argument: &Piece<'f>,
    ancestors: &[&Class<'f>],
    uses: &mut Vec<Use>,
) {
    if argument.is(&["anonymous_function", "arrow_function"]) {
        let refuses = function_refuses(argument, ancestors);
        uses.push(one("closure".to_owned(), argument, Some(refuses)));
        return;
    }
    for name in known.roughly(argument) {
        uses.push(one(name, argument, None));
    }
}

fn one(name: String, at: &Piece<'_>, refuses: Option<bool>) -> Use {
    Use { name, place: at.place(), level: Level::Group, refuses }
}
