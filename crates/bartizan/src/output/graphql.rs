//! `--format graphql`: what was learned of the GraphQL of one host, as a schema (GraphQL October 2021 §3). It has
//! the fields that somebody asked for. Names of types are those that `__typename` was answered with, else made from
//! the path; that a value is never `null` is told only of what was seen often enough.

mod inputs;
mod types;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use bartizan_model::{
    Endpoint, Sketch,
    sketch::{GraphqlField, ValueKind},
};

use super::learned::heading;
use inputs::Inputs;
use types::{Type, Types};

/// Most fields of one document; each is counted at each path that leads to it.
const MAX_FIELDS: usize = 8_192;
/// Fewest values before it is told that none is `null`.
const MIN_NON_NULL: u64 = 20;
/// Scalars that every schema has (§3.5).
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];
/// The root types, by the kind of their operations.
const ROOTS: [(&str, &str); 3] =
    [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")];

/// The document of one host.
pub(super) fn text(endpoints: &[&Endpoint], host: &str) -> String {
    let (fields, left_out) = fields(endpoints);
    let types = Types::of(&fields);
    let mut names =
        Names { taken: types.names(), scalars: BTreeSet::new(), unknown: String::new() };
    names.unknown = unused("Unknown", &names.taken);
    let mut inputs = Inputs::default();
    let mut body = String::new();
    for (name, of) in types.in_order() {
        write_type(name, of, &mut names, &mut inputs, &mut body);
    }
    inputs.write(&mut names, &mut body);
    for name in &names.scalars {
        let why = if *name == names.unknown {
            " # what its values are was not seen"
        } else {
            " # named by callers"
        };
        let _ = writeln!(body, "\nscalar {name}{why}");
    }
    let mut out = heading("#", endpoints, host);
    out.push_str("# Fields that nobody asked for are missing, and so are interfaces, unions and enumerations.\n");
    if left_out > 0 {
        let _ = writeln!(
            out,
            "# {left_out} more fields were seen and are left out: there was no room to learn them."
        );
    }
    out.push_str(&body);
    out
}

/// Fields of all endpoints by path, and how many were left out.
fn fields(endpoints: &[&Endpoint]) -> (BTreeMap<String, GraphqlField>, u64) {
    let (mut fields, mut left_out) = (BTreeMap::<String, GraphqlField>::new(), 0);
    for endpoint in endpoints {
        let Some(Sketch::Graphql(sketch)) = &endpoint.sketch else { continue };
        left_out += sketch.left_out;
        for (path, field) in &sketch.fields {
            let has_room = fields.len() < MAX_FIELDS;
            match fields.get_mut(path) {
                Some(known) => known.merge(field),
                None if has_room => {
                    fields.insert(path.clone(), field.clone());
                }
                None => left_out += 1,
            }
        }
    }
    (fields, left_out)
}

/// Names of types while a document is written.
struct Names {
    /// Of objects, roots and inputs.
    taken: BTreeSet<String>,
    /// Scalars that must be declared.
    scalars: BTreeSet<String>,
    /// The scalar of what is not known.
    unknown: String,
}

impl Names {
    fn unknown(&mut self) -> String {
        self.scalars.insert(self.unknown.clone());
        self.unknown.clone()
    }
}

fn write_type(name: &str, of: &Type, names: &mut Names, inputs: &mut Inputs, out: &mut String) {
    let _ = writeln!(out, "\ntype {name} {{");
    for (field, member) in &of.members {
        let _ = write!(out, "  {field}");
        let arguments =
            inputs.arguments(&member.field.arguments, &format!("{name}{}", capital(field)), names);
        if !arguments.is_empty() {
            let _ = write!(out, "({})", arguments.join(", "));
        }
        let base = match &member.of {
            Some(of) => of.clone(),
            None => {
                scalar(field, &member.field.kinds).map_or_else(|| names.unknown(), str::to_owned)
            }
        };
        let times = if member.field.asked == 1 {
            "once".to_owned()
        } else {
            format!("{} times", member.field.asked)
        };
        let _ = write!(out, ": {} # asked for {times}", wrapped(&base, &member.field));
        if member.field.typenames.len() > 1 {
            let all: Vec<&str> = member.field.typenames.iter().map(String::as_str).collect();
            let _ = write!(out, "; answered as {}", all.join(", "));
        }
        out.push('\n');
    }
    if of.members.is_empty() {
        // A schema must have a root type for reading, and each type a field (§3.3.1, §3.6).
        out.push_str("  unseen: Boolean # no field of it was seen; a schema must have one\n");
    }
    out.push_str("}\n");
}

/// A type with its lists, and with `!` where enough values were seen and none was `null`.
fn wrapped(base: &str, field: &GraphqlField) -> String {
    let mark =
        |values: u64, nulls: u64| if values >= MIN_NON_NULL && nulls == 0 { "!" } else { "" };
    let mut out = base.to_owned();
    if field.lists > 0 {
        out.push_str(mark(field.elements, field.null_elements));
    }
    for _ in 0..field.lists {
        out = format!("[{out}]");
    }
    out.push_str(mark(field.values, field.nulls));
    out
}

/// The scalar that all these values are; `None` when there is none. What is called `id` is an `ID`, which is
/// written as a number or as a text (§3.5.5).
fn scalar(name: &str, kinds: &BTreeSet<ValueKind>) -> Option<&'static str> {
    use ValueKind::{Boolean, Integer, LongInteger, Number, String};
    let are = |allowed: &[ValueKind]| {
        !kinds.is_empty() && kinds.iter().all(|kind| allowed.contains(kind))
    };
    if name == "id" && are(&[Integer, LongInteger, String]) {
        return Some("ID");
    }
    if are(&[Boolean]) {
        Some("Boolean")
    } else if are(&[Integer]) {
        Some("Int")
    } else if are(&[Integer, LongInteger, Number]) {
        Some("Float")
    } else if are(&[String]) {
        Some("String")
    } else {
        None
    }
}

/// With a capital letter.
fn capital(name: &str) -> String {
    let mut rest = name.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + rest.as_str())
}

/// A name that is not among these: with as many underscores as it takes.
fn unused(name: &str, taken: &BTreeSet<String>) -> String {
    let mut out = name.to_owned();
    while taken.contains(&out) || BUILT_IN.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

#[cfg(test)]
mod tests;
