//! A parsed body as the validator sees it, watched while it is looked at.
//!
//! What a validator does is bounded by what it is shown: when time or stack are used up, everything it
//! still asks for is null, so that it comes to an end with what it has begun; how much that can be is
//! bounded by what schemas are taken (`in_place`). Whatever it says then counts for nothing
//! ([`Watch::ended`]).

use std::{
    borrow::Cow,
    cell::Cell,
    collections::{HashSet, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    sync::LazyLock,
};

use bartizan_protocols::{Children, NodeRef, Pace, Value};
use jsonschema::{
    JsonType,
    json::{Array, Json, JsonNumber, Node, NodeIdentity, Object},
};
use serde_json::{Number, Value as Expected};

use crate::policy::detectors::{OVER_BUDGET, OVER_LIMITS};

/// Most bytes of stack: a quarter of what threads have.
const STACK_BYTES: usize = 512 * 1024;
/// Values and pieces of text that are looked at between two looks at the clock.
const WORK_AT_ONCE: usize = 1024;
/// Bytes of text that cost as much as a value.
const PIECE_BYTES: usize = 64;

/// How long and how deep a body is looked at.
#[derive(Debug)]
pub(super) struct Watch {
    pace: Pace,
    /// Where the stack was in the beginning.
    stack: usize,
    /// What is left until it looks at the clock again.
    left: Cell<usize>,
    end: Cell<Option<&'static str>>,
}

impl Watch {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, stack: here(), left: Cell::new(WORK_AT_ONCE), end: Cell::new(None) }
    }

    /// Why it came to an end before its time.
    pub(super) fn ended(&self) -> Option<&'static str> {
        self.end.get()
    }

    /// Whether to go on, with so much more work.
    fn goes_on(&self, work: usize) -> bool {
        if self.end.get().is_some() {
            return false;
        }
        if self.stack.abs_diff(here()) > STACK_BYTES {
            self.end.set(Some(OVER_LIMITS));
        } else if self.left.get() > work {
            self.left.set(self.left.get() - work);
        } else {
            self.left.set(WORK_AT_ONCE);
            if !self.pace.has_time() {
                self.end.set(Some(OVER_BUDGET));
            }
        }
        self.end.get().is_none()
    }
}

/// About where the stack is.
#[inline(never)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&mark)).addr()
}

/// Bodies as the validator knows them.
#[derive(Debug)]
pub(super) struct Body;

/// A value of a body, or the name of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instance<'a> {
    At(NodeRef<'a>, &'a Watch),
    Name(&'a str),
}

impl Json for Body {
    type Node<'a> = Instance<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(_: &mut (), name: &str, f: impl FnOnce(Instance<'_>) -> T) -> T {
        f(Instance::Name(name))
    }
}

impl<'a> Instance<'a> {
    fn value(&self) -> Value<'a> {
        match self {
            Self::At(node, watch) => {
                let value = node.value();
                let cost = if let Value::Text(text) = value { work(text) } else { 1 };
                // After the end there are no texts either, which patterns would be compared with.
                if watch.goes_on(cost) { value } else { Value::Null }
            }
            Self::Name(name) => Value::Text(name),
        }
    }

    fn number(&self) -> Option<Numeral<'a>> {
        match (self.value(), self) {
            (value @ (Value::Integer(_) | Value::Number(_)), Self::At(node, _)) => {
                Some(Numeral { value, written: node.raw() })
            }
            _ => None,
        }
    }

    fn container(&self, is_array: bool) -> Option<Container<'a>> {
        match (self.value(), *self) {
            (Value::Array, Self::At(node, watch)) if is_array => Some(Container { node, watch }),
            (Value::Object, Self::At(node, watch)) if !is_array => Some(Container { node, watch }),
            _ => None,
        }
    }

    /// Two hashes under secret keys, equal for equal values and for no others that anybody could find.
    fn fingerprint(&self) -> [u64; 2] {
        static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        fn hash(of: impl Hash) -> [u64; 2] {
            KEYS.each_ref().map(|key| key.hash_one(&of))
        }
        if let Some(elements) = self.as_array() {
            let all: Vec<_> = elements.members().map(|(_, one)| one.fingerprint()).collect();
            return hash((0, all));
        }
        if let Some(object) = self.as_object() {
            // In any order.
            let sum = object.members().fold([0_u64; 2], |sum, (name, one)| {
                let member = hash((1, name, one.fingerprint()));
                [sum[0].wrapping_add(member[0]), sum[1].wrapping_add(member[1])]
            });
            return hash((2, sum));
        }
        match (self.value(), self.number().map(|number| number.amount())) {
            (Value::Text(text), _) => hash((3, text)),
            (Value::Bool(is_true), _) => hash((4, is_true)),
            (_, Some(Amount::Whole(whole))) => hash((5, whole)),
            (_, Some(Amount::Part(part))) => hash((6, part.to_bits())),
            _ => hash(7),
        }
    }
}

/// What looking at a text costs.
fn work(text: &str) -> usize {
    1 + text.len() / PIECE_BYTES
}

impl<'a> Node<'a, Body> for Instance<'a> {
    type Object = Container<'a>;
    type Array = Container<'a>;
    type Number = Numeral<'a>;

    fn as_object(&self) -> Option<Container<'a>> {
        self.container(false)
    }

    fn as_array(&self) -> Option<Container<'a>> {
        self.container(true)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        if let Value::Text(text) = self.value() { Some(text.into()) } else { None }
    }

    fn as_number(&self) -> Option<Numeral<'a>> {
        self.number()
    }

    fn as_boolean(&self) -> Option<bool> {
        if let Value::Bool(is_true) = self.value() { Some(is_true) } else { None }
    }

    fn is_null(&self) -> bool {
        self.json_type() == JsonType::Null
    }

    fn json_type(&self) -> JsonType {
        match self.value() {
            // Opaque is a text for which there was no room; such a body is not judged.
            Value::Null | Value::Opaque(_) => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Integer(_) | Value::Number(_) => JsonType::Number,
            Value::Text(_) => JsonType::String,
            Value::Object => JsonType::Object,
            Value::Array => JsonType::Array,
        }
    }

    fn equals_value(&self, expected: &Expected) -> bool {
        match expected {
            Expected::Null => self.is_null(),
            Expected::Bool(other) => self.as_boolean() == Some(*other),
            Expected::String(other) => self.value() == Value::Text(other),
            Expected::Number(other) => {
                self.number().is_some_and(|number| number.amount() == Amount::of(other))
            }
            Expected::Array(others) => self.as_array().is_some_and(|array| {
                let mut pairs = array.members().zip(others);
                array.count() == others.len() && pairs.all(|((_, one), o)| one.equals_value(o))
            }),
            Expected::Object(others) => self.as_object().is_some_and(|object| {
                let is_same = |(name, one): (&str, Self)| {
                    others.get(name).is_some_and(|other| one.equals_value(other))
                };
                object.count() == others.len() && object.members().all(is_same)
            }),
        }
    }

    /// Nothing: it is for what errors show, and they must not show a value.
    fn to_value(&self) -> Cow<'a, Expected> {
        Cow::Owned(Expected::Null)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(match self {
            Self::At(node, watch) => {
                watch.goes_on(1);
                NodeIdentity::tagged(node.id().index(), 0)
            }
            Self::Name(name) => NodeIdentity::tagged(name.as_ptr().addr(), 1),
        })
    }
}

/// An object or array. It has no children once the watch has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container<'a> {
    node: NodeRef<'a>,
    watch: &'a Watch,
}

impl<'a> Container<'a> {
    fn members(&self) -> Members<'a> {
        Members { children: self.node.children(), watch: self.watch }
    }

    fn count(&self) -> usize {
        self.members().count()
    }
}

impl<'a> Object<'a, Body> for Container<'a> {
    type Node = Instance<'a>;
    type MemberName = &'a str;
    type MembersIter = Members<'a>;

    fn len(&self) -> usize {
        self.count()
    }

    fn get(&self, key: &Box<str>) -> Option<Instance<'a>> {
        Container::members(self).find(|(name, _)| **name == **key).map(|(_, value)| value)
    }

    fn members(&self) -> Members<'a> {
        Container::members(self)
    }
}

impl<'a> Array<'a, Body> for Container<'a> {
    type Node = Instance<'a>;
    type ElementsIter = Elements<'a>;

    fn len(&self) -> usize {
        self.count()
    }

    fn elements(&self) -> Elements<'a> {
        Elements(Container::members(self))
    }

    fn is_unique(&self) -> bool {
        let mut seen = HashSet::new();
        Container::members(self).all(|(_, one)| seen.insert(one.fingerprint()))
    }
}

/// Children with their names.
#[derive(Clone, Debug)]
pub(super) struct Members<'a> {
    children: Children<'a>,
    watch: &'a Watch,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Instance<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.children.next()?;
        let name = node.key();
        self.watch.goes_on(work(name)).then_some((name, Instance::At(node, self.watch)))
    }
}

/// Children without names.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a>(Members<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Instance<'a>;

    fn next(&mut self) -> Option<Instance<'a>> {
        self.0.next().map(|(_, value)| value)
    }
}

/// A number, and how it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numeral<'a> {
    value: Value<'a>,
    written: &'a str,
}

impl Numeral<'_> {
    fn amount(&self) -> Amount {
        match self.value {
            Value::Integer(value) => Amount::Whole(value.into()),
            Value::Number(value) => match self.written.parse() {
                Ok(whole) => Amount::Whole(whole),
                Err(_) => Amount::from(value),
            },
            _ => Amount::Part(f64::NAN),
        }
    }
}

impl JsonNumber for Numeral<'_> {
    fn as_u64(&self) -> Option<u64> {
        match self.value {
            Value::Integer(value) => value.try_into().ok(),
            _ => self.written.parse().ok(),
        }
    }

    fn as_i64(&self) -> Option<i64> {
        if let Value::Integer(value) = self.value { Some(value) } else { None }
    }

    fn as_f64(&self) -> Option<f64> {
        match self.value {
            Value::Integer(value) => Some(value as f64),
            Value::Number(value) => Some(value),
            _ => None,
        }
    }

    fn as_str(&self) -> Cow<'_, str> {
        self.written.into()
    }

    fn to_number(&self) -> Cow<'_, Number> {
        let double = || self.as_f64().and_then(Number::from_f64);
        let whole = self.as_i64().map(Number::from).or_else(|| self.as_u64().map(Number::from));
        Cow::Owned(whole.or_else(double).unwrap_or_else(|| 0.into()))
    }

    fn is_integer(&self) -> bool {
        match self.amount() {
            Amount::Whole(_) => true,
            Amount::Part(value) => value.fract() == 0.0,
        }
    }
}

/// What a number stands for, however it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Amount {
    Whole(i128),
    /// With a fraction, or beyond 128 bits.
    Part(f64),
}

impl Amount {
    fn of(number: &Number) -> Self {
        match number.as_i128() {
            Some(whole) => Self::Whole(whole),
            None => number.as_f64().map_or(Self::Part(f64::NAN), Self::from),
        }
    }
}

impl From<f64> for Amount {
    fn from(value: f64) -> Self {
        // Below 2^127 nothing is cut off.
        if value.fract() == 0.0 && value.abs() < 1e38 {
            Self::Whole(value as i128)
        } else {
            Self::Part(value)
        }
    }
}
