//! Asking a compiled expression. Every part that is looked at takes steps from a budget, so that no expression and no
//! request can take longer than [`STEPS`] of them; nothing of a request is copied.

use std::rc::Rc;

use bartizan_protocols::{NodeRef, Value as Said};
use serde_json::Value as Json;

use super::{
    plan::{Function, Macro, Plan},
    syntax::Operator,
    value::{
        Elements, Failure, Value, are_equal, calculate, is_own, order, to_double, to_int, to_text,
    },
};
use crate::policy::spelling::is_same_name;

/// Most steps that one policy takes for one request, with all of its readings: less than a millisecond, as a test
/// measures.
pub(super) const STEPS: u32 = 8_000;
/// Bytes of texts that one step is for.
const STEP_BYTES: usize = 32;

/// What a variable of an expression is.
pub(super) type Entry<'a> = Result<Value<'a>, Failure>;

/// An expression under way.
pub(super) struct Run<'a> {
    entries: &'a [Entry<'a>],
    locals: Vec<Value<'a>>,
    /// Steps that are left.
    pub(super) left: u32,
}

impl<'a> Run<'a> {
    pub(super) const fn new(entries: &'a [Entry<'a>], left: u32) -> Self {
        Self { entries, locals: Vec::new(), left }
    }

    fn take(&mut self, steps: usize) -> Result<(), Failure> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.left.checked_sub(steps));
        self.left = left.unwrap_or(0);
        if left.is_some() { Ok(()) } else { Err(Failure::Budget) }
    }

    fn take_bytes(&mut self, bytes: usize) -> Result<(), Failure> {
        self.take(bytes / STEP_BYTES)
    }

    /// The value of a part.
    pub(super) fn value(&mut self, plan: &'a Plan) -> Result<Value<'a>, Failure> {
        self.take(1)?;
        match plan {
            Plan::Constant(literal) => Ok(Value::of_literal(literal)),
            Plan::Variable(at) => self.entries.get(*at).cloned().unwrap_or(Err(Failure::Missing)),
            Plan::Local(at) => self.locals.get(*at).cloned().ok_or(Failure::Missing),
            Plan::Member(of, name) => {
                let of = self.value(of)?;
                self.member(&of, name)?.ok_or(Failure::Missing)
            }
            Plan::Index(of, at) => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                self.index(&of, &at)
            }
            Plan::IsThere(at) => match self.entries.get(*at) {
                Some(Err(Failure::Missing)) | None => Ok(Value::Bool(false)),
                Some(Err(failure)) => Err(*failure),
                Some(Ok(_)) => Ok(Value::Bool(true)),
            },
            Plan::HasMember(of, name) => {
                let of = self.value(of)?;
                Ok(Value::Bool(self.member(&of, name)?.is_some()))
            }
            Plan::Not(of) => Ok(Value::Bool(!self.value(of)?.bool()?)),
            Plan::Negate(of) => match self.value(of)? {
                Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(Failure::Range),
                Value::Double(value) => Ok(Value::Double(-value)),
                _ => Err(Failure::Mismatch),
            },
            Plan::All(parts) => self.joined(parts, false),
            Plan::Any(parts) => self.joined(parts, true),
            Plan::Choice(parts) => {
                let [condition, then, other] = &**parts;
                let holds = self.value(condition)?.bool()?;
                self.value(if holds { then } else { other })
            }
            Plan::Compare(operator, one, other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                self.compare(*operator, &one, &other).map(Value::Bool)
            }
            Plan::Calculate(operator, one, other) => {
                let (one, other) = (self.value(one)?, self.value(other)?);
                self.take_bytes(one.bytes() + other.bytes())?;
                calculate(*operator, &one, &other)
            }
            Plan::In(one, all) => {
                let (one, all) = (self.value(one)?, self.value(all)?);
                self.is_in(&one, &all).map(Value::Bool)
            }
            Plan::List(parts) => {
                let all: Result<Vec<_>, _> = parts.iter().map(|part| self.value(part)).collect();
                Ok(Value::List(all?.into()))
            }
            Plan::Call(function, arguments) => {
                let all: Result<Vec<_>, _> = arguments.iter().map(|one| self.value(one)).collect();
                self.call(*function, &all?)
            }
            Plan::Matches(of, pattern) => {
                let value = self.value(of)?;
                let text = value.text()?;
                self.take(text.len().saturating_mul(pattern.steps))?;
                Ok(Value::Bool(pattern.regex.is_match(text)))
            }
            Plan::Each(what, over, parts) => self.each(*what, over, parts),
        }
    }

    /// `&&` and `||`: what decides does so whatever becomes of the others; without it a failure stays one.
    fn joined(&mut self, parts: &'a [Plan], decides: bool) -> Result<Value<'a>, Failure> {
        let mut failed = None;
        for part in parts {
            match self.value(part).and_then(|value| value.bool()) {
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(Failure::Budget) => return Err(Failure::Budget),
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn compare(
        &mut self,
        operator: Operator,
        one: &Value<'a>,
        other: &Value<'a>,
    ) -> Result<bool, Failure> {
        self.take_bytes(one.bytes().min(other.bytes()))?;
        let order = match operator {
            Operator::Equal => return self.are_equal(one, other),
            Operator::Unequal => return self.are_equal(one, other).map(|are| !are),
            _ => order(one, other)?,
        };
        Ok(match operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    /// Lists are equal element by element; objects are compared by their members only.
    fn are_equal(&mut self, one: &Value<'a>, other: &Value<'a>) -> Result<bool, Failure> {
        let (Some(all), Some(others)) = (list(one), list(other)) else {
            return are_equal(one, other);
        };
        let (mut all, mut others) = (all?, others?);
        loop {
            self.take(2)?;
            match (all.next().transpose()?, others.next().transpose()?) {
                (None, None) => return Ok(true),
                (Some(one), Some(other)) => {
                    self.take_bytes(one.bytes().min(other.bytes()))?;
                    if !are_equal(&one, &other)? {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
    }

    /// Whether something is an element of a list, or a member of an object.
    fn is_in(&mut self, one: &Value<'a>, all: &Value<'a>) -> Result<bool, Failure> {
        if let Value::Node(node) = all
            && node.value() == Said::Object
        {
            return Ok(self.member_of_node(*node, one.text()?)?.is_some());
        }
        let mut failed = None;
        for element in all.elements()? {
            self.take(1)?;
            let element = element?;
            self.take_bytes(one.bytes().min(element.bytes()))?;
            match are_equal(one, &element) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(failure) => failed = Some(failure),
            }
        }
        failed.map_or(Ok(false), Err)
    }

    fn member(&mut self, of: &Value<'a>, name: &str) -> Result<Option<Value<'a>>, Failure> {
        match of {
            Value::Node(node) if node.value() == Said::Object => self.member_of_node(*node, name),
            // It is the issuer who writes these.
            Value::Claim(Json::Object(all)) => all.get(name).map(Value::of_claim).transpose(),
            _ => Err(Failure::Mismatch),
        }
    }

    /// The member of that name. One with another name that some servers take for it makes it ambiguous.
    fn member_of_node(
        &mut self,
        of: NodeRef<'a>,
        name: &str,
    ) -> Result<Option<Value<'a>>, Failure> {
        let mut found = None;
        for child in of.children().filter(is_own) {
            let key = child.key();
            self.take(1 + key.len() / STEP_BYTES)?;
            if key == name {
                found = Some(child);
            } else {
                self.take(2 + (key.len() + name.len()) / 4)?;
                if is_same_name(key, name) {
                    return Err(Failure::Ambiguous);
                }
            }
        }
        found.map(Value::of_node).transpose()
    }

    fn index(&mut self, of: &Value<'a>, at: &Value<'a>) -> Result<Value<'a>, Failure> {
        let Value::Int(at) = at else {
            return self.member(of, at.text()?)?.ok_or(Failure::Missing);
        };
        let Some(elements) = list(of) else { return Err(Failure::Mismatch) };
        let at = usize::try_from(*at).map_err(|_| Failure::Missing)?;
        self.take(at)?;
        elements?.nth(at).unwrap_or(Err(Failure::Missing))
    }

    fn call(&mut self, function: Function, arguments: &[Value<'a>]) -> Result<Value<'a>, Failure> {
        let first = arguments.first().ok_or(Failure::Missing)?;
        self.take_bytes(arguments.iter().map(Value::bytes).sum())?;
        let second = || arguments.get(1).ok_or(Failure::Missing)?.text();
        Ok(match function {
            Function::Contains => Value::Bool(first.text()?.contains(second()?)),
            Function::StartsWith => Value::Bool(first.text()?.starts_with(second()?)),
            Function::EndsWith => Value::Bool(first.text()?.ends_with(second()?)),
            Function::LowerAscii => Value::Made(first.text()?.to_ascii_lowercase().into()),
            Function::Size => Value::Int(self.size(first)?),
            Function::Int => to_int(first)?,
            Function::Double => to_double(first)?,
            Function::Text => to_text(first)?,
        })
    }

    /// Characters of a text, elements of a list, members of an object.
    fn size(&mut self, of: &Value<'a>) -> Result<i64, Failure> {
        let size = match of.text() {
            Ok(text) => text.chars().count(),
            Err(_) => {
                let mut size = 0;
                for element in of.elements()? {
                    self.take(1)?;
                    // What it is does not matter.
                    drop(element);
                    size += 1;
                }
                size
            }
        };
        i64::try_from(size).map_err(|_| Failure::Range)
    }

    /// A macro over the elements of a list or the names of an object.
    fn each(
        &mut self,
        what: Macro,
        over: &'a Plan,
        parts: &'a [Plan],
    ) -> Result<Value<'a>, Failure> {
        let (mut failed, mut holding, mut made) = (None, 0_u32, Vec::new());
        for element in self.value(over)?.elements()? {
            let element = element?;
            self.locals.push(element.clone());
            let result = self.parts(parts);
            self.locals.pop();
            let kept = match result {
                Ok(kept) => kept,
                Err(failure) if failure == Failure::Budget || !what.joins() => return Err(failure),
                Err(failure) => {
                    failed = failed.or(Some(failure));
                    continue;
                }
            };
            match (what, kept) {
                (Macro::Map, Some(value)) => made.push(value),
                (Macro::Map, None) => {}
                (_, kept) => {
                    let holds = kept.ok_or(Failure::Mismatch)?.bool();
                    match (what, holds) {
                        (Macro::All, Ok(false)) => return Ok(Value::Bool(false)),
                        (Macro::Exists, Ok(true)) => return Ok(Value::Bool(true)),
                        (Macro::Filter, Ok(true)) => made.push(element),
                        (Macro::ExistsOne, Ok(true)) => holding += 1,
                        (_, Ok(_)) => {}
                        (what, Err(failure)) if what.joins() => failed = failed.or(Some(failure)),
                        (_, Err(failure)) => return Err(failure),
                    }
                }
            }
        }
        match (what, failed) {
            (_, Some(failure)) => Err(failure),
            (Macro::All, None) => Ok(Value::Bool(true)),
            (Macro::Exists, None) => Ok(Value::Bool(false)),
            (Macro::ExistsOne, None) => Ok(Value::Bool(holding == 1)),
            (Macro::Map | Macro::Filter, None) => Ok(Value::List(Rc::from(made))),
        }
    }

    /// The last of the parts, when those before hold.
    fn parts(&mut self, parts: &'a [Plan]) -> Result<Option<Value<'a>>, Failure> {
        let Some((last, conditions)) = parts.split_last() else { return Err(Failure::Missing) };
        for condition in conditions {
            if !self.value(condition)?.bool()? {
                return Ok(None);
            }
        }
        self.value(last).map(Some)
    }
}

/// The elements of a list; of nothing else.
fn list<'a>(value: &Value<'a>) -> Option<Result<Elements<'a>, Failure>> {
    let is_list = match value {
        Value::List(_) | Value::Claim(Json::Array(_)) => true,
        Value::Node(node) => node.value() == Said::Array,
        _ => false,
    };
    is_list.then(|| value.elements())
}
