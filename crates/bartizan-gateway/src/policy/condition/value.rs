//! Values of expressions, and what is done with two of them. Values of different types are never equal or unequal by
//! accident: comparing them fails, so that `"1"` does not slip past `== 1`.

use std::{cmp::Ordering, rc::Rc};

use bartizan_protocols::{NodeRef, Value as Said};
use serde_json::Value as Json;

use super::syntax::{Literal, Operator};

/// Whole numbers beyond this are no longer told apart by doubles, which many servers read (RFC 8259 section 6).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Something is not there.
    Missing,
    /// Something is of another type than what is done with it needs.
    Mismatch,
    /// Some servers take a name that was sent for one of the expression, others do not.
    Ambiguous,
    /// A number that no computer holds exactly, or a text that is no number.
    Range,
    /// It takes more steps than there are.
    Budget,
}

impl Failure {
    /// What the operator is told.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "value-missing",
            Self::Mismatch => "wrong-type",
            Self::Ambiguous => "ambiguous-name",
            Self::Range => "out-of-range",
            Self::Budget => "over-budget",
        }
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
    Made(Rc<str>),
    List(Rc<[Self]>),
    /// An object or array of a body.
    Node(NodeRef<'a>),
    /// An object or array of a claim.
    Claim(&'a Json),
}

impl<'a> Value<'a> {
    pub(super) fn of_literal(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Double(value) => Self::Double(*value),
            Literal::Text(text) => Self::Text(text),
        }
    }

    pub(super) fn of_node(node: NodeRef<'a>) -> Result<Self, Failure> {
        Ok(match node.value() {
            Said::Null => Self::Null,
            Said::Bool(value) => Self::Bool(value),
            Said::Integer(value) => Self::Int(value),
            Said::Number(value) if value.abs() <= EXACT => Self::Double(value),
            Said::Number(_) => return Err(Failure::Range),
            Said::Text(text) => Self::Text(text),
            Said::Object | Said::Array => Self::Node(node),
            Said::Opaque(_) => return Err(Failure::Mismatch),
        })
    }

    pub(super) fn of_claim(claim: &'a Json) -> Result<Self, Failure> {
        Ok(match claim {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Self::Int(value),
                (None, Some(value)) if value.abs() <= EXACT => Self::Double(value),
                _ => return Err(Failure::Range),
            },
            Json::String(text) => Self::Text(text),
            Json::Array(_) | Json::Object(_) => Self::Claim(claim),
        })
    }

    pub(super) fn made(text: &str) -> Self {
        Self::Made(text.into())
    }

    pub(super) fn texts<'t>(all: impl Iterator<Item = &'t str>) -> Self {
        Self::List(all.map(Self::made).collect())
    }

    pub(super) fn text(&self) -> Result<&str, Failure> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Made(text) => Ok(text),
            _ => Err(Failure::Mismatch),
        }
    }

    pub(super) const fn bool(&self) -> Result<bool, Failure> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(Failure::Mismatch),
        }
    }

    /// The elements of a list, or the names of an object.
    pub(super) fn elements(&self) -> Result<Elements<'a>, Failure> {
        match self {
            Self::List(all) => Ok(Elements::List(Rc::clone(all), 0)),
            Self::Node(node) => {
                let children = node.children().filter(is_own as fn(&NodeRef<'a>) -> bool);
                Ok(Elements::Children(children, node.value() == Said::Object))
            }
            Self::Claim(Json::Array(all)) => Ok(Elements::Claims(all.iter())),
            Self::Claim(Json::Object(all)) => Ok(Elements::Names(all.keys())),
            _ => Err(Failure::Mismatch),
        }
    }

    /// Bytes that are looked at when it is compared.
    pub(super) fn bytes(&self) -> usize {
        self.text().map_or(0, str::len)
    }
}

/// What is decoded out of a value is no part of it.
pub(super) fn is_own(node: &NodeRef<'_>) -> bool {
    node.codec().is_none()
}

type Own<'a> = std::iter::Filter<bartizan_protocols::Children<'a>, fn(&NodeRef<'a>) -> bool>;

/// Goes through a list or the names of an object.
pub(super) enum Elements<'a> {
    List(Rc<[Value<'a>]>, usize),
    Children(Own<'a>, bool),
    Claims(std::slice::Iter<'a, Json>),
    Names(serde_json::map::Keys<'a>),
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Value<'a>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::List(all, next) => {
                let value = all.get(*next)?.clone();
                *next += 1;
                Some(Ok(value))
            }
            Self::Children(all, true) => all.next().map(|node| Ok(Value::Text(node.key()))),
            Self::Children(all, false) => all.next().map(Value::of_node),
            Self::Claims(all) => all.next().map(Value::of_claim),
            Self::Names(all) => all.next().map(|name| Ok(Value::Text(name))),
        }
    }
}

/// Whether two values that hold no others are equal. Only null is comparable with what is of another type.
pub(super) fn are_equal(one: &Value<'_>, other: &Value<'_>) -> Result<bool, Failure> {
    match (one, other) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        (Value::Text(_) | Value::Made(_), Value::Text(_) | Value::Made(_)) => {
            Ok(one.text()? == other.text()?)
        }
        _ => Ok(order(one, other)? == Ordering::Equal),
    }
}

/// How two numbers or texts are ordered.
pub(super) fn order(one: &Value<'_>, other: &Value<'_>) -> Result<Ordering, Failure> {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => Ok(one.cmp(other)),
        (Value::Int(_) | Value::Double(_), Value::Int(_) | Value::Double(_)) => {
            double(one)?.partial_cmp(&double(other)?).ok_or(Failure::Range)
        }
        _ => Ok(one.text()?.cmp(other.text()?)),
    }
}

/// A number as a double, when that is exact.
fn double(value: &Value<'_>) -> Result<f64, Failure> {
    match value {
        Value::Double(value) => Ok(*value),
        #[allow(clippy::cast_precision_loss, reason = "what would lose some is refused")]
        Value::Int(value) if (*value as f64).abs() < EXACT => Ok(*value as f64),
        Value::Int(_) => Err(Failure::Range),
        _ => Err(Failure::Mismatch),
    }
}

/// What comes of two numbers, or of two texts that are joined.
pub(super) fn calculate<'a>(
    operator: Operator,
    one: &Value<'a>,
    other: &Value<'a>,
) -> Result<Value<'a>, Failure> {
    if operator == Operator::Add
        && let (Ok(one), Ok(other)) = (one.text(), other.text())
    {
        return Ok(Value::Made(format!("{one}{other}").into()));
    }
    if let (Value::Int(one), Value::Int(other)) = (one, other) {
        let value = match operator {
            Operator::Add => one.checked_add(*other),
            Operator::Subtract => one.checked_sub(*other),
            Operator::Multiply => one.checked_mul(*other),
            Operator::Divide => one.checked_div(*other),
            _ => one.checked_rem(*other),
        };
        return value.map(Value::Int).ok_or(Failure::Range);
    }
    let (one, other) = (double(one)?, double(other)?);
    let value = match operator {
        Operator::Add => one + other,
        Operator::Subtract => one - other,
        Operator::Multiply => one * other,
        Operator::Divide => one / other,
        _ => return Err(Failure::Mismatch),
    };
    if value.is_finite() { Ok(Value::Double(value)) } else { Err(Failure::Range) }
}

/// A value as a whole number (`int`).
pub(super) fn to_int<'a>(value: &Value<'a>) -> Result<Value<'a>, Failure> {
    match value {
        Value::Int(value) => Ok(Value::Int(*value)),
        #[allow(clippy::cast_possible_truncation, reason = "it is within, and int() truncates")]
        Value::Double(value) if value.abs() <= EXACT => Ok(Value::Int(*value as i64)),
        Value::Double(_) => Err(Failure::Range),
        _ => {
            let text = value.text()?;
            let digits = text.strip_prefix('-').unwrap_or(text);
            let are_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let value = text.parse().ok().filter(|_| are_digits);
            value.map(Value::Int).ok_or(Failure::Range)
        }
    }
}

/// A value as a double (`double`).
pub(super) fn to_double<'a>(value: &Value<'a>) -> Result<Value<'a>, Failure> {
    if let Value::Int(_) | Value::Double(_) = value {
        return double(value).map(Value::Double);
    }
    let text = value.text()?;
    let is_part = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    let value: Option<f64> = text.parse().ok().filter(|_| text.bytes().all(is_part));
    let value = value.filter(|value| value.is_finite());
    value.map(Value::Double).ok_or(Failure::Range)
}

/// A value as a text (`string`).
pub(super) fn to_text<'a>(value: &Value<'a>) -> Result<Value<'a>, Failure> {
    match value {
        Value::Bool(value) => Ok(Value::made(if *value { "true" } else { "false" })),
        Value::Int(value) => Ok(Value::made(&value.to_string())),
        Value::Double(value) => Ok(Value::made(&value.to_string())),
        Value::Text(_) | Value::Made(_) => Ok(value.clone()),
        _ => Err(Failure::Mismatch),
    }
}
