//! How much a GraphQL document asks for: depth, cost, and what is called beside what, with fragments where they are
//! spread. What a fragment costs is worked out once, however often it is spread.

use std::collections::{BTreeMap, BTreeSet};

use crate::{NodeRef, Value};

use super::document::{Document, Field, Given, Item, Operation};

/// Most fragments that are spread within each other.
const MAX_SPREADS: usize = 32;
/// Most fields and spreads of all operations together that are counted.
const MAX_STEPS: usize = 50_000;

/// What is asked about a document.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Arguments that say how many elements a list is to have, such as `first`.
    pub sizes: BTreeSet<String>,
    /// Fields of a root type that are counted apart, see [`Measure::marked`].
    pub marked: BTreeSet<String>,
    /// Fields that are looked for anywhere, see [`Measure::has_named`].
    pub named: BTreeSet<String>,
}

/// How much a document asks for. Of several operations it is the most that one of them asks for: which one is meant
/// is a matter of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Fields within each other; those of a root type have depth 1.
    pub depth: u32,
    /// Objects that are asked for: each field with a selection counts 1 and what is below it, as often as the
    /// greatest of its arguments in [`Counted::sizes`] says; a field of a root type without a selection counts 1.
    pub cost: u64,
    /// Fields of the root type, `__typename` not counted.
    pub fields: u64,
    /// Those of them that are in [`Counted::marked`].
    pub marked: u64,
    /// Fields that are given another name, in the whole document.
    pub aliases: u32,
    /// Directives, in the whole document.
    pub directives: u32,
    /// Tokens, in the whole document.
    pub tokens: u32,
    /// Whether an operation is a mutation.
    pub has_mutation: bool,
    /// Whether the schema is asked for (`__schema`, `__type`).
    pub has_introspection: bool,
    /// Whether a field in [`Counted::named`] is selected.
    pub has_named: bool,
    /// Whether it contradicts itself: a fragment that holds itself, is not there, or is there twice, or no operation.
    pub is_broken: bool,
    /// Whether it goes on beyond what is counted: 17 levels of selections in one definition, 32 fragments within each
    /// other, 50,000 fields.
    pub is_beyond: bool,
}

impl Document<'_> {
    /// Measures it. `variables`: objects with what may be the values of its variables; where several have one, the
    /// greatest counts.
    #[must_use]
    pub fn measure(&self, counted: &Counted, variables: &[NodeRef<'_>]) -> Measure {
        let mut out = Measure {
            aliases: self.seen.aliases,
            directives: self.seen.directives,
            tokens: self.seen.tokens,
            is_beyond: self.seen.is_deep,
            is_broken: self.has_twice || self.operations.is_empty(),
            ..Measure::default()
        };
        let mut steps = 0;
        for operation in &self.operations {
            out.has_mutation |= operation.kind == "mutation";
            let mut walk = Walk {
                document: self,
                operation,
                counted,
                variables,
                known: BTreeMap::new(),
                out: &mut out,
                steps: &mut steps,
            };
            let sum = walk.selection(&operation.selection, 0);
            out.depth = out.depth.max(sum.depth);
            out.cost = out.cost.max(sum.cost.saturating_add(sum.leaves));
            out.fields = out.fields.max(sum.fields);
            out.marked = out.marked.max(sum.marked);
        }
        out
    }
}

/// What a selection comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    depth: u32,
    cost: u64,
    /// Fields of its own level without a selection.
    leaves: u64,
    /// Fields of its own level.
    fields: u64,
    marked: u64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.cost = self.cost.saturating_add(other.cost);
        self.leaves = self.leaves.saturating_add(other.leaves);
        self.fields = self.fields.saturating_add(other.fields);
        self.marked = self.marked.saturating_add(other.marked);
    }
}

struct Walk<'w, 't> {
    document: &'w Document<'t>,
    operation: &'w Operation<'t>,
    counted: &'w Counted,
    variables: &'w [NodeRef<'w>],
    /// Fragments; `None` while one is being worked out.
    known: BTreeMap<&'t str, Option<Sum>>,
    out: &'w mut Measure,
    steps: &'w mut usize,
}

impl<'t> Walk<'_, 't> {
    /// Recursion ends where reading ends: at the depth of a definition, times the fragments within each other.
    fn selection(&mut self, items: &[Item<'t>], spreads: usize) -> Sum {
        let mut sum = Sum::default();
        for item in items {
            *self.steps += 1;
            if *self.steps > MAX_STEPS {
                self.out.is_beyond = true;
                return sum;
            }
            sum.add(match item {
                Item::Field(field) => self.field(field, spreads),
                Item::Inline(part) => self.selection(&part.selection, spreads),
                Item::Spread(name) => self.spread(name, spreads),
            });
        }
        sum
    }

    fn spread(&mut self, name: &'t str, spreads: usize) -> Sum {
        match self.known.get(name) {
            Some(Some(sum)) => return *sum,
            Some(None) => {
                self.out.is_broken = true;
                return Sum::default();
            }
            None => {}
        }
        if spreads >= MAX_SPREADS {
            self.out.is_beyond = true;
            return Sum::default();
        }
        let document = self.document;
        let Some(fragment) = document.fragment(name) else {
            self.out.is_broken = true;
            return Sum::default();
        };
        self.known.insert(name, None);
        let sum = self.selection(&fragment.selection, spreads + 1);
        self.known.insert(name, Some(sum));
        sum
    }

    fn field(&mut self, field: &Field<'t>, spreads: usize) -> Sum {
        let name = field.name;
        self.out.has_introspection |= matches!(name, "__schema" | "__type");
        self.out.has_named |= self.counted.named.contains(name);
        let counts = u64::from(name != "__typename");
        let mut sum = Sum {
            depth: 1,
            fields: counts,
            marked: u64::from(self.counted.marked.contains(name)),
            ..Sum::default()
        };
        match &field.selection {
            None => sum.leaves = counts,
            Some(items) => {
                let inner = self.selection(items, spreads);
                sum.depth = inner.depth.saturating_add(1);
                sum.cost = self.size(field).saturating_mul(inner.cost.saturating_add(1));
            }
        }
        sum
    }

    /// How many elements a field is asked for, at least 1.
    fn size(&self, field: &Field<'t>) -> u64 {
        let sizes = field.arguments.iter().map(|(name, given)| {
            let is_size = self.counted.sizes.contains(*name);
            self.greatest(given, is_size)
        });
        sizes.max().unwrap_or(1).max(1)
    }

    /// The greatest size in an argument. Reading has bounded how deep values are.
    fn greatest(&self, given: &Given<'_>, is_size: bool) -> u64 {
        match given {
            Given::Scalar(_, text) if is_size => amount(text),
            Given::Variable(name) => {
                let default = self.operation.defaults.get(*name);
                let default = default.map_or(0, |given| self.constant(given, is_size));
                let set = self.variables.iter().flat_map(|all| all.children());
                let set = set.filter(|value| value.key() == *name);
                set.map(|value| self.told(value, is_size)).max().unwrap_or(0).max(default)
            }
            Given::List(list) => {
                list.iter().map(|one| self.greatest(one, is_size)).max().unwrap_or(0)
            }
            Given::Object(members) => {
                let sizes = members
                    .iter()
                    .map(|(name, given)| self.greatest(given, self.counted.sizes.contains(*name)));
                sizes.max().unwrap_or(0)
            }
            Given::Scalar(..) | Given::Null => 0,
            // Deeper than values are that are not meant to hide something.
            Given::Unknown => u64::MAX,
        }
    }

    /// The same of a default, in which there are no variables.
    fn constant(&self, given: &Given<'_>, is_size: bool) -> u64 {
        if matches!(given, Given::Variable(_)) { 0 } else { self.greatest(given, is_size) }
    }

    /// The greatest size in the value of a variable.
    fn told(&self, value: NodeRef<'_>, is_size: bool) -> u64 {
        let own = if is_size { number(value) } else { 0 };
        let within = value.written().filter(|node| self.counted.sizes.contains(node.key()));
        within.map(number).max().unwrap_or(0).max(own)
    }
}

/// A number as it is written in a document; what is none is no size.
fn amount(text: &str) -> u64 {
    let digits = text.trim_matches('"');
    // More digits than there is room for are many.
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(number) => number,
        Err(_) if is_number => u64::MAX,
        Err(_) => digits.parse::<f64>().map_or(0, whole),
    }
}

fn number(value: NodeRef<'_>) -> u64 {
    match value.value() {
        Value::Integer(number) => u64::try_from(number).unwrap_or(0),
        Value::Number(number) => whole(number),
        Value::Text(text) => amount(text),
        _ => 0,
    }
}

/// A float, which servers that take it make an integer of.
fn whole(number: f64) -> u64 {
    // At least 1; what is too great becomes the greatest.
    if number >= 1.0 { number.ceil() as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Headers, Limits, Root, Side};

    use super::*;
    use crate::{Decoded, Pace, decode_body};

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn counted() -> Counted {
        Counted { sizes: set(&["first"]), marked: set(&["login"]), named: set(&["secret"]) }
    }

    fn measure(text: &str) -> Measure {
        Document::read(text).expect("a document").measure(&counted(), &[])
    }

    fn with(text: &str, variables: &str) -> u64 {
        let mut decoded = Decoded::default();
        let body = (Side::Request, &Headers::default(), variables.as_bytes());
        decode_body(&mut decoded, body, &Limits::default(), 1, Pace::default());
        let root = decoded.view.root(Side::Request, Root::Body).expect("JSON");
        Document::read(text).expect("a document").measure(&counted(), &[root]).cost
    }

    #[test]
    fn depth_goes_through_fragments() {
        for (text, depth) in [
            ("{a}", 1),
            ("{a{b{c}}}", 3),
            ("{a{...F}} fragment F on A {b{...G}} fragment G on B {c{d}}", 4),
            ("{a{... on A{b} ...{c{d}}}}", 3),
            ("query A{a} query B{a{b}}", 2),
        ] {
            assert_eq!(measure(text).depth, depth, "{text}");
        }
    }

    #[test]
    fn cost_counts_objects_and_sizes_multiply() {
        for (text, cost) in [
            ("{a b c}", 3),
            ("{a{b c d}}", 1),
            ("{a{b{c}} x: a{b{c}}}", 4),
            ("{a(first: 10){b(first: 10){c}}}", 110),
            ("{a(first: 10){...F ...F}} fragment F on A {b(first: 3){c}}", 70),
            ("{a(filter: {page: {first: 50}}){b}}", 50),
            ("query($n: Int = 40){a(first: $n){b}}", 40),
            ("{a(first: -5){b}}", 1),
            ("{a(first: 99999999999999999999){b(first: 9){c}}}", u64::MAX),
        ] {
            assert_eq!(measure(text).cost, cost, "{text}");
        }
        let text = "query($n: Int = 2, $page: Page){a(first: $n, page: $page){b}}";
        assert_eq!(with(text, r#"{"n": 30}"#), 30);
        assert_eq!(with(text, r#"{"page": {"in": {"first": 70}}}"#), 70);
        assert_eq!(with(text, r#"{"n": "31", "page": null}"#), 31);
        assert_eq!(with(text, r#"{"n": 1e3}"#), 1000);
    }

    /// Each doubles the one before: written out it would be a number with many digits.
    #[test]
    fn fragments_that_multiply_are_counted_and_not_written_out() {
        let mut text = "{a{...F0}}".to_owned();
        for at in 0..20 {
            text.push_str(&format!(" fragment F{at} on A {{...F{} ...F{}}}", at + 1, at + 1));
        }
        text.push_str(" fragment F20 on A {b{c}}");
        assert_eq!(measure(&text).cost, (1 << 20) + 1);
    }

    #[test]
    fn what_contradicts_itself_or_goes_beyond_is_told() {
        for text in [
            "{...F} fragment F on A {a ...F}",
            "{...F} fragment F on A {b{...G}} fragment G on B {...F}",
            "{...F}",
            "{...F} fragment F on A {a} fragment F on A {b}",
            "fragment F on A {a}",
        ] {
            assert!(measure(text).is_broken, "{text}");
        }
        let chain: String =
            (0..40).map(|at| format!(" fragment F{at} on A {{...F{}}}", at + 1)).collect();
        assert!(measure(&format!("{{...F0}}{chain} fragment F40 on A {{b}}")).is_beyond);
        assert!(measure(&format!("{}a{}", "{a".repeat(40), "}".repeat(40))).is_beyond);
        assert!(!measure(&format!("{{...F20}}{chain} fragment F40 on A {{b}}")).is_beyond);
    }

    #[test]
    fn words_of_the_whole_document_are_counted() {
        let text = "mutation{one: login(a: 1){t} login{t} __typename x: ping @a @b(c: 1)} \
                    query{n: __type(name: \"A\"){...F}} fragment F on A @c {y: secret}";
        let found = measure(text);
        assert_eq!((found.fields, found.marked), (3, 2));
        assert_eq!((found.aliases, found.directives), (4, 3));
        assert!(found.has_mutation && found.has_introspection && found.has_named);
        let plain = measure("{a{b}}");
        assert_eq!(plain.tokens, 6);
        assert!(!plain.has_mutation && !plain.has_introspection && !plain.has_named);
    }
}
