//! What a schema (JSON Schema 2020-12, and its older forms in OpenAPI) allows at one place, read loosely: `allOf`
//! joined, alternatives united, and everything where it cannot be told.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use bartizan_protocols::spec::{
    Place, SpecDocument,
    tree::{Node, Value as TreeValue},
};

use super::limits::Limits;

/// Schemas of one place: one of the alternatives holds, all schemas of it together.
pub(crate) type Schemas = Vec<Vec<Place>>;

/// Most alternatives that are kept apart; with more, everything is allowed.
const MAX_ALTERNATIVES: usize = 32;
/// Most schemas within schemas of one place.
const MAX_DEPTH: usize = 32;
/// Most schemas that are read for one endpoint.
const MAX_STEPS: u32 = 50_000;

/// What is allowed at one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed<'d> {
    /// Names of types; `None` for all.
    types: Option<BTreeSet<&'d str>>,
    /// Texts; `None` for all.
    pub(crate) words: Option<BTreeSet<&'d str>>,
    /// How large values may be, and in what form.
    pub(crate) limits: Limits<'d>,
    /// Members by name.
    pub(crate) properties: BTreeMap<&'d str, Schemas>,
    /// Members that only some of the alternatives have.
    pub(crate) of_some: BTreeSet<&'d str>,
    /// Members that must be there.
    pub(crate) required: BTreeSet<&'d str>,
    /// Members of any other name, when something is said of them.
    pub(crate) others: Schemas,
    /// Whether members of any other name are expected, or nothing can be told about members.
    pub(crate) is_open: bool,
    /// Elements.
    pub(crate) items: Schemas,
    /// Only in requests, or only in answers.
    pub(crate) write_only: bool,
    /// See `write_only`.
    pub(crate) read_only: bool,
}

impl<'d> Allowed<'d> {
    fn anything() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    /// Whether a type that was seen is allowed. Bytes are texts, and integers are numbers.
    pub(crate) fn has_type(&self, name: &str) -> bool {
        let Some(types) = &self.types else { return true };
        match name {
            "integer" => types.contains("integer") || types.contains("number"),
            "binary" => types.contains("string"),
            // Swagger 2.0 has a type for uploads.
            "string" => types.contains("string") || types.contains("file"),
            name => types.contains(name),
        }
    }

    pub(crate) fn type_names(&self) -> String {
        self.named_types().collect::<Vec<_>>().join(" or ")
    }

    /// Types that are named, in order.
    pub(crate) fn named_types(&self) -> impl Iterator<Item = &'d str> {
        self.types.iter().flatten().copied()
    }

    /// Both hold.
    fn and(mut self, other: Self) -> Self {
        self.types = both(self.types, other.types, |a, b| {
            // What is said twice is said once as `integer` and once as `number`.
            let mut types: BTreeSet<_> = a.intersection(&b).copied().collect();
            let is_whole = |one: &BTreeSet<&str>| one.contains("integer");
            if (is_whole(&a) && b.contains("number")) || (is_whole(&b) && a.contains("number")) {
                types.insert("integer");
            }
            types
        });
        self.words = both(self.words, other.words, |a, b| a.intersection(&b).copied().collect());
        self.limits = self.limits.and(other.limits);
        for (name, schemas) in other.properties {
            let mine = self.properties.remove(name).unwrap_or_default();
            self.properties.insert(name, product(mine, schemas));
        }
        self.of_some.extend(other.of_some);
        self.required.extend(other.required);
        self.others = product(self.others, other.others);
        self.items = product(self.items, other.items);
        self.is_open |= other.is_open;
        self.write_only |= other.write_only;
        self.read_only |= other.read_only;
        self
    }

    /// One of them holds.
    fn or(mut self, other: Self) -> Self {
        self.types = self.types.zip(other.types).map(|(a, b)| a.union(&b).copied().collect());
        self.words = self.words.zip(other.words).map(|(a, b)| a.union(&b).copied().collect());
        self.limits = self.limits.or(other.limits);
        let (mine, theirs) = (&self.properties, &other.properties);
        let only_mine = mine.keys().filter(|name| !theirs.contains_key(*name));
        let only_theirs = theirs.keys().filter(|name| !mine.contains_key(*name));
        self.of_some.extend(only_mine.chain(only_theirs).copied());
        self.of_some.extend(&other.of_some);
        for (name, schemas) in other.properties {
            self.properties.entry(name).or_default().extend(schemas);
        }
        self.required = self.required.intersection(&other.required).copied().collect();
        self.others.extend(other.others);
        self.items.extend(other.items);
        self.is_open |= other.is_open;
        self.write_only &= other.write_only;
        self.read_only &= other.read_only;
        self
    }
}

fn both<T>(a: Option<T>, b: Option<T>, join: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(join(a, b)),
        (a, b) => a.or(b),
    }
}

/// Each of the one with each of the other; one alone when the other is empty. Too many are none: everything.
fn product(a: Schemas, b: Schemas) -> Schemas {
    if a.is_empty() || b.is_empty() {
        return if a.is_empty() { b } else { a };
    }
    if a.len() * b.len() > MAX_ALTERNATIVES {
        return Schemas::new();
    }
    a.iter().flat_map(|one| b.iter().map(|other| [one.as_slice(), other].concat())).collect()
}

/// Reads schemas, up to so many.
pub(crate) struct Reader<'d> {
    document: &'d SpecDocument,
    /// How many more schemas are read.
    steps: Cell<u32>,
}

impl<'d> Reader<'d> {
    pub(crate) fn new(document: &'d SpecDocument) -> Self {
        Self::within(document, MAX_STEPS)
    }

    /// One that reads so many schemas; of all behind these everything is allowed.
    pub(crate) fn within(document: &'d SpecDocument, steps: u32) -> Self {
        Self { document, steps: Cell::new(steps) }
    }

    /// What it reads from.
    pub(crate) fn document(&self) -> &'d SpecDocument {
        self.document
    }

    /// What these schemas allow; everything when there are none.
    pub(crate) fn allowed(&self, schemas: &[Vec<Place>]) -> Allowed<'d> {
        self.any(schemas, 0)
    }

    fn any(&self, schemas: &[Vec<Place>], depth: usize) -> Allowed<'d> {
        if schemas.len() > MAX_ALTERNATIVES {
            return Allowed::anything();
        }
        let mut alternatives = schemas.iter().map(|all| {
            let all = all.iter().map(|place| self.read(*place, depth));
            all.reduce(Allowed::and).unwrap_or_else(Allowed::anything)
        });
        let first = alternatives.next().unwrap_or_else(Allowed::anything);
        alternatives.fold(first, Allowed::or)
    }

    fn read(&self, place: Place, depth: usize) -> Allowed<'d> {
        if depth > MAX_DEPTH || self.steps.get() == 0 {
            return Allowed::anything();
        }
        self.steps.set(self.steps.get() - 1);
        let place = self.document.follow(place);
        let node = self.document.node(place);
        // `true`, and what is no schema. A reference that leads nowhere says nothing.
        if !node.is_object() || node.get("$ref").is_some() {
            return Allowed::anything();
        }
        let at = |node: Node<'d>| Place { file: place.file, node: node.id() };
        let mut out = own(node, at);
        for part in node.get("allOf").into_iter().flat_map(Node::children) {
            out = out.and(self.read(at(part), depth + 1));
        }
        for name in ["anyOf", "oneOf"] {
            let parts = node.get(name).into_iter().flat_map(Node::children);
            let parts: Vec<Vec<Place>> = parts.map(|part| vec![at(part)]).collect();
            if !parts.is_empty() {
                out = out.and(self.any(&parts, depth + 1));
            }
        }
        out
    }
}

/// What a schema says without those that it is made of.
fn own<'d>(node: Node<'d>, at: impl Fn(Node<'d>) -> Place) -> Allowed<'d> {
    let (types, words, limits) = (types(node), words(node), Limits::read(node));
    let mut out = Allowed { types, words, limits, ..Allowed::default() };
    let is_true = |name: &str| node.get(name).and_then(Node::as_bool) == Some(true);
    (out.read_only, out.write_only) = (is_true("readOnly"), is_true("writeOnly"));
    for (name, schema) in node.get("properties").into_iter().flat_map(Node::members) {
        out.properties.insert(name, vec![vec![at(schema)]]);
    }
    let required = node.get("required").into_iter().flat_map(Node::children);
    out.required = required.filter_map(Node::as_str).collect();
    // What chooses a schema by what is there cannot be told of many messages together.
    let chooses = ["if", "not", "dependentSchemas", "patternProperties", "propertyNames"];
    out.is_open = chooses.iter().any(|name| node.get(name).is_some());
    match node.get("additionalProperties").or_else(|| node.get("unevaluatedProperties")) {
        Some(schema) if schema.is_object() => out.others = vec![vec![at(schema)]],
        Some(schema) => out.is_open |= schema.as_bool() == Some(true),
        None => {}
    }
    match node.get("items") {
        Some(items) if items.is_object() && node.get("prefixItems").is_none() => {
            out.items = vec![vec![at(items)]];
        }
        // Elements by their position.
        _ => {}
    }
    out
}

fn types<'d>(node: Node<'d>) -> Option<BTreeSet<&'d str>> {
    let named = node.get("type")?;
    let mut types: BTreeSet<&str> = match named.value() {
        TreeValue::Text(name) => [name].into(),
        TreeValue::Array => named.children().filter_map(Node::as_str).collect(),
        _ => return None,
    };
    // OpenAPI 3.0.
    if node.get("nullable").and_then(Node::as_bool) == Some(true) {
        types.insert("null");
    }
    (!types.is_empty()).then_some(types)
}

/// Texts of `enum` and `const`; `None` where other values are among them.
fn words<'d>(node: Node<'d>) -> Option<BTreeSet<&'d str>> {
    if let Some(one) = node.get("const") {
        return one.as_str().map(|one| [one].into());
    }
    let all = node.get("enum").filter(|list| list.is_array())?;
    let words = all.children().filter(|one| one.value() != TreeValue::Null);
    words.map(Node::as_str).collect::<Option<BTreeSet<_>>>().filter(|words| !words.is_empty())
}
