//! Comparisons that nothing can ever meet: a method in small letters, the hour 24, a path without its slash, two
//! values for one thing.

use std::cmp::Ordering;

use super::{Literal, Operator, Plan, Variable, Wrong};
use crate::policy::condition::value::{Value, are_equal, order};

/// The words for ways in which somebody was identified.
pub(in crate::policy::condition) const WAYS: [&str; 6] =
    ["api_key", "jwt", "certificate", "signature", "basic", "none"];

/// A variable that is compared with something that is written down, the variable to the left.
fn fact<'p>(
    operator: Operator,
    one: &'p Plan,
    other: &'p Plan,
) -> Option<(Operator, usize, &'p Literal)> {
    let turned = match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    };
    match (one, other) {
        (Plan::Variable(slot), Plan::Constant(literal)) => Some((operator, *slot, literal)),
        (Plan::Constant(literal), Plan::Variable(slot)) => Some((turned, *slot, literal)),
        _ => None,
    }
}

/// Makes sure that a comparison with something that is written down can be true.
pub(super) fn compared(
    operator: Operator,
    one: &Plan,
    other: &Plan,
    variables: &[Variable],
    at: usize,
) -> Result<(), Wrong> {
    let Some((operator, slot, literal)) = fact(operator, one, other) else { return Ok(()) };
    let Some(variable) = variables.get(slot) else { return Ok(()) };
    if let Some(range) = range(variable) {
        if !range.clone().any(|value| holds(operator, value, literal)) {
            let (first, last) = (range.start(), range.end());
            let problem = format!("this can never be true: it is {first} to {last}");
            return Err(Wrong::new(at, problem));
        }
        return Ok(());
    }
    let (Operator::Equal | Operator::Unequal, Literal::Text(text)) = (operator, literal) else {
        return Ok(());
    };
    let why = match variable {
        Variable::Method if text.bytes().any(|b| b.is_ascii_lowercase()) || text.is_empty() => {
            "methods are in capitals"
        }
        Variable::Path if !text.starts_with('/') => "paths begin with a slash, and have no query",
        Variable::Path if text.contains('?') => "paths have no query: ask about `request.query`",
        Variable::Host if text.is_empty() || is_no_host(text) => {
            "hosts are in small letters and without port"
        }
        Variable::Way if !WAYS.contains(&text.as_str()) => {
            "ways are `api_key`, `jwt`, `certificate`, `signature`, `basic` and `none`"
        }
        Variable::Address if text.parse::<std::net::IpAddr>().is_err() => {
            "addresses are written as `192.0.2.1` or `2001:db8::1`"
        }
        _ => return Ok(()),
    };
    Err(Wrong::new(at, format!("this can never be equal: {why}")))
}

fn is_no_host(text: &str) -> bool {
    let has_port = text.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':'));
    has_port || text.bytes().any(|b| b.is_ascii_uppercase())
}

/// Values of what has few of them.
const fn range(variable: &Variable) -> Option<std::ops::RangeInclusive<i64>> {
    match variable {
        Variable::Hour => Some(0..=23),
        Variable::Weekday => Some(1..=7),
        _ => None,
    }
}

fn holds(operator: Operator, value: i64, literal: &Literal) -> bool {
    let (value, other) = (Value::Int(value), Value::of_literal(literal));
    match operator {
        Operator::Equal => are_equal(&value, &other) == Ok(true),
        Operator::Unequal => are_equal(&value, &other) != Ok(true),
        Operator::Less => order(&value, &other).is_ok_and(Ordering::is_lt),
        Operator::LessOrEqual => order(&value, &other).is_ok_and(Ordering::is_le),
        Operator::Greater => order(&value, &other).is_ok_and(Ordering::is_gt),
        _ => order(&value, &other).is_ok_and(Ordering::is_ge),
    }
}

/// Makes sure that parts that must all hold can do so together.
pub(super) fn together(parts: &[Plan], variables: &[Variable], at: usize) -> Result<(), Wrong> {
    let facts: Vec<_> = parts
        .iter()
        .filter_map(|part| match part {
            Plan::Compare(operator, one, other) => fact(*operator, one, other),
            _ => None,
        })
        .collect();
    for (slot, variable) in variables.iter().enumerate() {
        let own = || facts.iter().filter(move |(_, of, _)| *of == slot);
        let is_possible = match range(variable) {
            Some(mut range) => range
                .any(|value| own().all(|(operator, _, literal)| holds(*operator, value, literal))),
            None => {
                let mut equal = own().filter(|(operator, ..)| *operator == Operator::Equal);
                let first = equal.next();
                first.is_none_or(|(_, _, first)| equal.all(|(_, _, other)| other == first))
            }
        };
        if !is_possible {
            let problem = "this can never be true: what must hold together excludes each other";
            return Err(Wrong::new(at, problem));
        }
    }
    Ok(())
}
