//! Fields and arguments of GraphQL beside the schema that is written.

use std::collections::BTreeMap;

use bartizan_model::{
    DriftGrade, DriftKind,
    endpoint::MIN_REQUIRED_SAMPLES,
    sketch::{GraphqlField, GraphqlSketch, ValueKind},
};
use bartizan_protocols::spec::{GraphqlSchema, SchemaField};

use super::{At, Found};

/// What callers send.
const ASKED: &str = "request";
/// What they get.
const ANSWERED: &str = "answer";

pub(super) fn compare(found: &mut Found<'_>, sketch: &GraphqlSketch) {
    let Some(schema) = GraphqlSchema::of(found.document) else { return };
    // Types of what is above: a path comes in front of those below it. `None` where the schema does not tell.
    let mut types: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (path, field) in &sketch.fields {
        let Some((above, name)) = path.rsplit_once('.') else { continue };
        let Some(owner) = owner(&schema, &types, above) else { continue };
        let (_, shown) = path.split_once('.').unwrap_or(("", path));
        let location = format!("graphql:{shown}");
        match schema.field(&owner, name) {
            Some(written) => {
                compare_field(found, &schema, &written, field, &location);
                types.insert(path, Some(base(&written.type_name).to_owned()));
            }
            // A type without fields of its own has those of its members.
            None if schema.kind_of(&owner) == Some("UNION") => {}
            None => {
                let at = At { part: ASKED, location: &location, place: None };
                let seen = if field.has_fields { "object".to_owned() } else { kinds(field) };
                found.tell(DriftGrade::Warning, DriftKind::Unwritten, at, "", &seen);
            }
        }
    }
}

/// The type whose fields are below a path.
fn owner(
    schema: &GraphqlSchema<'_>,
    types: &BTreeMap<&str, Option<String>>,
    above: &str,
) -> Option<String> {
    if let Some((_, condition)) = above.rsplit_once('.').filter(|(_, last)| last.starts_with('<')) {
        let name = condition.trim_matches(['<', '>']);
        return schema.kind_of(name).map(|_| name.to_owned());
    }
    match types.get(above) {
        Some(known) => known.clone(),
        None => schema.root_type(above).map(str::to_owned),
    }
}

/// The name in a type.
fn base(type_name: &str) -> &str {
    type_name.trim_matches(['[', ']', '!'])
}

fn compare_field(
    found: &mut Found<'_>,
    schema: &GraphqlSchema<'_>,
    written: &SchemaField<'_>,
    field: &GraphqlField,
    location: &str,
) {
    let at = At { part: ASKED, location, place: Some(written.place) };
    if written.deprecated {
        let seen = format!("asked for {}", times(field.asked));
        found.tell(DriftGrade::Info, DriftKind::Deprecated, at, "deprecated", &seen);
    }
    arguments(found, written, field, location);
    let at = At { part: ANSWERED, ..at };
    let type_name = written.type_name.as_str();
    if field.nulls > 0 && type_name.ends_with('!') {
        let seen = format!("null {}", times(field.nulls));
        found.tell(DriftGrade::Breaking, DriftKind::Type, at, type_name, &seen);
    }
    let is_list = type_name.starts_with('[');
    if !field.kinds.is_empty() && is_list != (field.lists > 0) {
        let seen = if field.lists > 0 { "a list" } else { "no list" };
        found.tell(DriftGrade::Breaking, DriftKind::Type, at, type_name, seen);
    }
    let fits = |kind: &ValueKind| may_be(schema, base(type_name), *kind);
    if !field.kinds.iter().all(fits) {
        found.tell(DriftGrade::Breaking, DriftKind::Type, at, type_name, &kinds(field));
    }
}

fn arguments(
    found: &mut Found<'_>,
    written: &SchemaField<'_>,
    field: &GraphqlField,
    location: &str,
) {
    for (name, seen) in field.arguments.iter().filter(|(name, _)| !name.contains('.')) {
        let location = format!("{location}({name})");
        let Some(argument) = written.arguments.iter().find(|one| one.name == name) else {
            let at = At { part: ASKED, location: &location, place: None };
            let seen = format!("given {}", times(seen.given));
            found.tell(DriftGrade::Warning, DriftKind::Unwritten, at, "", &seen);
            continue;
        };
        if argument.deprecated && seen.given > 0 {
            let at = At { part: ASKED, location: &location, place: Some(argument.place) };
            let seen = format!("given {}", times(seen.given));
            found.tell(DriftGrade::Info, DriftKind::Deprecated, at, "deprecated", &seen);
        }
    }
    for argument in written.arguments.iter().filter(|one| one.required) {
        let seen = field.arguments.get(argument.name);
        let given = seen.map_or(0, |seen| seen.given.saturating_sub(seen.nulls));
        if given < field.asked && field.asked >= MIN_REQUIRED_SAMPLES {
            let location = format!("{location}({})", argument.name);
            let at = At { part: ASKED, location: &location, place: Some(argument.place) };
            let seen = format!("{given} of {} granted had it", field.asked);
            found.tell(DriftGrade::Warning, DriftKind::Missing, at, &argument.type_name, &seen);
        }
    }
}

/// Whether a value of a type can be answered so (GraphQL October 2021 §3.5). Scalars that a schema makes are
/// written in any way.
fn may_be(schema: &GraphqlSchema<'_>, type_name: &str, kind: ValueKind) -> bool {
    use ValueKind::{Boolean, Integer, LongInteger, Number, Object, String, Word};
    match (type_name, kind) {
        ("Boolean", kind) => kind == Boolean,
        ("Int", kind) => kind == Integer,
        ("Float", kind) => matches!(kind, Integer | LongInteger | Number),
        ("String", kind) => kind == String,
        ("ID", kind) => matches!(kind, String | Integer | LongInteger),
        (name, kind) => match schema.kind_of(name) {
            Some("ENUM") => matches!(kind, String | Word),
            Some("OBJECT" | "INTERFACE" | "UNION") => kind == Object,
            _ => true,
        },
    }
}

fn kinds(field: &GraphqlField) -> String {
    let name = |kind: &ValueKind| match kind {
        ValueKind::Boolean => "boolean",
        ValueKind::Integer => "integer",
        ValueKind::LongInteger => "integer beyond 32 bits",
        ValueKind::Number => "number",
        ValueKind::String | ValueKind::Word => "string",
        ValueKind::Object => "object",
    };
    let names: Vec<&str> = field.kinds.iter().map(name).collect();
    if names.is_empty() { "null".to_owned() } else { names.join(" or ") }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
