//! Compiled expressions: what they ask about, and the types that show before anything is asked.

use regex::{Regex, RegexBuilder};

use super::{
    run::Run,
    syntax::{Kind, Literal, Node, Operator, parse},
    token::Wrong,
    types::Type,
    value::{Failure, Value},
    variable::{Reference, Variable},
};

mod calls;
mod possible;

/// Longest pattern, in bytes.
const PATTERN_BYTES: usize = 256;
/// Sizes that a compiled pattern may have, in KiB. Looking at a byte takes two steps for each, as the
/// engine may look at every state of it.
const PATTERN_SIZES: [usize; 5] = [1, 2, 4, 8, 16];
/// Most variables of one expression.
const VARIABLES: usize = 32;

/// A part of a compiled expression.
#[derive(Debug)]
pub(super) enum Plan {
    Constant(Literal),
    /// One of the variables of the expression.
    Variable(usize),
    /// What a macro has named, from the outermost one on.
    Local(usize),
    Member(Box<Self>, String),
    Index(Box<Self>, Box<Self>),
    /// Whether a variable has a value.
    IsThere(usize),
    HasMember(Box<Self>, String),
    Not(Box<Self>),
    Negate(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Choice(Box<[Self; 3]>),
    Compare(Operator, Box<Self>, Box<Self>),
    Calculate(Operator, Box<Self>, Box<Self>),
    In(Box<Self>, Box<Self>),
    List(Vec<Self>),
    Call(Function, Vec<Self>),
    Matches(Box<Self>, Pattern),
    /// A macro over something; the last part counts where those before hold.
    Each(Macro, Box<Self>, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    Int,
    Double,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

impl Macro {
    /// Whether one element can decide whatever becomes of the others.
    pub(super) const fn joins(self) -> bool {
        matches!(self, Self::All | Self::Exists)
    }
}

/// A pattern of texts.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// Steps for each byte.
    pub(super) steps: usize,
}

impl Pattern {
    fn compile(text: &str, at: usize) -> Result<Self, Wrong> {
        if text.len() > PATTERN_BYTES {
            let problem = format!("the pattern has more than {PATTERN_BYTES} bytes");
            return Err(Wrong::new(at, problem));
        }
        for size in PATTERN_SIZES {
            match RegexBuilder::new(text).size_limit(size * 1_024).build() {
                Ok(regex) => return Ok(Self { regex, steps: 2 * size }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or_default();
                    return Err(Wrong::new(at, format!("the pattern is wrong: {last}")));
                }
            }
        }
        let problem = "the pattern is too large when it is compiled: repeat less, and write \
                       `[a-zA-Z0-9_]` and `[0-9]` for `\\w` and `\\d`, which are of all scripts";
        Err(Wrong::new(at, problem))
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) plan: Plan,
    pub(super) variables: Vec<Variable>,
}

impl Program {
    /// Compiles an expression. `parameters` are the names of segments of the path.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn compile(text: &str, parameters: &[String]) -> Result<Self, String> {
        Self::checked(text, parameters).map_err(|wrong| wrong.in_text(text))
    }

    fn checked(text: &str, parameters: &[String]) -> Result<Self, Wrong> {
        let node = parse(text)?;
        let mut compiler = Compiler { parameters, variables: Vec::new(), locals: Vec::new() };
        let (plan, kind) = compiler.compile(&node)?;
        kind.expect(&Type::Bool, node.at, "a condition is true or false")?;
        if let Plan::Constant(Literal::Bool(value)) = plan {
            let problem = format!("it is always {value}, whatever is asked for");
            return Err(Wrong::new(node.at, problem));
        }
        Ok(Self { plan, variables: compiler.variables })
    }

    /// The claims that an expression names, as far as it can be read.
    pub(super) fn claims(text: &str) -> Vec<String> {
        let Ok(node) = parse(text) else { return Vec::new() };
        let mut names = Vec::new();
        super::variable::claims_in(&node, &mut names);
        names
    }
}

/// An expression on its way to be compiled.
struct Compiler<'p> {
    parameters: &'p [String],
    variables: Vec<Variable>,
    /// Names that macros have given, with the types of what they stand for.
    locals: Vec<(String, Type)>,
}

type Compiled = Result<(Plan, Type), Wrong>;

impl Compiler<'_> {
    fn compile(&mut self, node: &Node) -> Compiled {
        let at = node.at;
        match &node.kind {
            Kind::Literal(literal) => Ok((Plan::Constant(literal.clone()), Type::of(literal))),
            Kind::Name(name) => self.local(name).ok_or_else(|| Variable::unknown(name, at)),
            Kind::Member(of, name) => match self.reference(node)? {
                Some(reference) => self.variable(reference, at),
                None => {
                    let (of, kind) = self.compile(of)?;
                    kind.expect(&Type::Any, at, "only objects have members")?;
                    Ok((Plan::Member(of.into(), name.clone()), Type::Any))
                }
            },
            Kind::Index(of, index) => match self.reference(node)? {
                Some(reference) => self.variable(reference, at),
                None => self.index(of, index, at),
            },
            Kind::Call(name, target, arguments) => {
                self.call(name, target.as_deref(), arguments, at)
            }
            Kind::List(nodes) => {
                let parts: Result<Vec<_>, _> = nodes.iter().map(|one| self.compile(one)).collect();
                let (plans, kinds): (Vec<_>, Vec<_>) = parts?.into_iter().unzip();
                Ok((Plan::List(plans), Type::List(Type::common(&kinds).into())))
            }
            Kind::Not(of) => {
                let (plan, kind) = self.compile(of)?;
                kind.expect(&Type::Bool, at, "`!` is for true and false")?;
                fold(Plan::Not(plan.into()), Type::Bool, at)
            }
            Kind::Negate(of) => {
                let (plan, kind) = self.compile(of)?;
                kind.expect(&Type::Number, at, "`-` is for numbers")?;
                fold(Plan::Negate(plan.into()), Type::Number, at)
            }
            Kind::All(nodes) => self.joined(nodes, false, at),
            Kind::Any(nodes) => self.joined(nodes, true, at),
            Kind::Choice(condition, then, other) => {
                let (condition, kind) = self.compile(condition)?;
                kind.expect(&Type::Bool, at, "what is before `?` is true or false")?;
                let ((then, one), (other, two)) = (self.compile(then)?, self.compile(other)?);
                let kind = Type::common(&[one, two]);
                fold(Plan::Choice(Box::new([condition, then, other])), kind, at)
            }
            Kind::Binary(Operator::In, one, all) => self.is_in(one, all, at),
            Kind::Binary(operator, one, other) => self.binary(*operator, one, other, at),
        }
    }

    fn local(&self, name: &str) -> Option<(Plan, Type)> {
        let at = self.locals.iter().rposition(|(own, _)| own == name)?;
        Some((Plan::Local(at), self.locals[at].1.clone()))
    }

    /// The variable, or the set of them, that a part names.
    fn reference(&self, node: &Node) -> Result<Option<Reference>, Wrong> {
        let is_local = |name: &str| self.locals.iter().any(|(own, _)| own == name);
        Reference::of(node, &is_local)
    }

    fn slot(&mut self, variable: Variable, at: usize) -> Result<usize, Wrong> {
        if let Variable::PathParameter(name) = &variable
            && !self.parameters.contains(name)
        {
            let problem = format!("`template` has no segment `{{{name}}}`");
            return Err(Wrong::new(at, problem));
        }
        if let Some(slot) = self.variables.iter().position(|own| *own == variable) {
            return Ok(slot);
        }
        if self.variables.len() == VARIABLES {
            let problem = format!("it asks about more than {VARIABLES} different things");
            return Err(Wrong::new(at, problem));
        }
        self.variables.push(variable);
        Ok(self.variables.len() - 1)
    }

    fn variable(&mut self, reference: Reference, at: usize) -> Compiled {
        let variable = reference.one(at)?;
        let kind = variable.kind();
        Ok((Plan::Variable(self.slot(variable, at)?), kind))
    }

    fn index(&mut self, of: &Node, index: &Node, at: usize) -> Compiled {
        let ((of, kind), (index, by)) = (self.compile(of)?, self.compile(index)?);
        let element = match kind {
            // By a name for objects, by a number for lists.
            Type::Any if by.may_equal(&Type::Text) || by.may_equal(&Type::Number) => Type::Any,
            Type::Any => return Err(Wrong::new(at, format!("{by} is no name and no number"))),
            Type::List(element) => {
                by.expect(&Type::Number, at, "elements of lists have numbers")?;
                *element
            }
            other => return Err(Wrong::new(at, format!("{other} has no elements"))),
        };
        if matches!(index, Plan::Constant(Literal::Int(number)) if number < 0) {
            return Err(Wrong::new(at, "elements of lists have numbers from 0 on"));
        }
        Ok((Plan::Index(of.into(), index.into()), element))
    }

    /// `&&` and `||`. What decides whatever becomes of the others is all that is left, what never does is left out.
    fn joined(&mut self, nodes: &[Node], decides: bool, at: usize) -> Compiled {
        let mut parts = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (plan, kind) = self.compile(node)?;
            kind.expect(&Type::Bool, node.at, "`&&` and `||` are for true and false")?;
            parts.push(plan);
        }
        let is = |plan: &Plan, value: bool| matches!(plan, Plan::Constant(Literal::Bool(own)) if *own == value);
        if parts.iter().any(|part| is(part, decides)) {
            return Ok((Plan::Constant(Literal::Bool(decides)), Type::Bool));
        }
        parts.retain(|part| !is(part, !decides));
        if parts.is_empty() {
            return Ok((Plan::Constant(Literal::Bool(!decides)), Type::Bool));
        }
        if !decides {
            possible::together(&parts, &self.variables, at)?;
        }
        let plan = if decides { Plan::Any(parts) } else { Plan::All(parts) };
        Ok((plan, Type::Bool))
    }

    fn binary(&mut self, operator: Operator, one: &Node, other: &Node, at: usize) -> Compiled {
        let ((one, kind), (other, with)) = (self.compile(one)?, self.compile(other)?);
        let is_text = |kind: &Type| matches!(kind, Type::Text | Type::Any);
        match operator {
            Operator::Equal | Operator::Unequal => {
                if !kind.may_equal(&with) {
                    let problem = format!("compares {kind} with {with}, which are never equal");
                    return Err(Wrong::new(at, problem));
                }
            }
            Operator::Add if is_text(&kind) && is_text(&with) => {}
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
                if is_text(&kind) && is_text(&with) => {}
            _ => {
                let problem =
                    "numbers are needed on both sides, or texts where it compares or adds";
                kind.expect(&Type::Number, at, problem)?;
                with.expect(&Type::Number, at, problem)?;
            }
        }
        possible::compared(operator, &one, &other, &self.variables, at)?;
        let (one, other) = (one.into(), other.into());
        let is_comparison = matches!(
            operator,
            Operator::Equal
                | Operator::Unequal
                | Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual
        );
        if is_comparison {
            return fold(Plan::Compare(operator, one, other), Type::Bool, at);
        }
        let kind = Type::common(&[kind, with]);
        fold(Plan::Calculate(operator, one, other), kind, at)
    }

    fn is_in(&mut self, one: &Node, all: &Node, at: usize) -> Compiled {
        if let Some(reference) = self.reference(all)?
            && let Reference::Set(set) = reference
        {
            let Kind::Literal(Literal::Text(name)) = &one.kind else {
                let problem = "what is looked for here has to be a text that is written down";
                return Err(Wrong::new(at, problem));
            };
            let slot = self.slot(set.member(name, at)?, at)?;
            return Ok((Plan::IsThere(slot), Type::Bool));
        }
        let ((one, kind), (all, of)) = (self.compile(one)?, self.compile(all)?);
        match &of {
            Type::Any => {}
            Type::List(element) if kind.may_equal(element) => {}
            Type::List(element) => {
                let problem = format!("{kind} is never in a list of {element}");
                return Err(Wrong::new(at, problem));
            }
            other => return Err(Wrong::new(at, format!("`in` is for lists, not for {other}"))),
        }
        if let Plan::List(parts) = &all {
            if parts.is_empty() {
                return Ok((Plan::Constant(Literal::Bool(false)), Type::Bool));
            }
            for part in parts {
                possible::compared(Operator::Equal, &one, part, &self.variables, at)?;
            }
        }
        fold(Plan::In(one.into(), all.into()), Type::Bool, at)
    }
}

/// What does not depend on a request is found out now.
fn fold(plan: Plan, kind: Type, at: usize) -> Compiled {
    let is_constant = match &plan {
        Plan::Not(one) | Plan::Negate(one) | Plan::Matches(one, _) => is_constant(one),
        Plan::Compare(_, one, other) | Plan::Calculate(_, one, other) | Plan::In(one, other) => {
            is_constant(one) && is_constant(other)
        }
        Plan::Choice(parts) => parts.iter().all(is_constant),
        Plan::Call(_, parts) => parts.iter().all(is_constant),
        _ => false,
    };
    if !is_constant {
        return Ok((plan, kind));
    }
    let mut run = Run::new(&[], super::run::STEPS);
    let literal = match run.value(&plan) {
        Ok(Value::Null) => Literal::Null,
        Ok(Value::Bool(value)) => Literal::Bool(value),
        Ok(Value::Int(value)) => Literal::Int(value),
        Ok(Value::Double(value)) => Literal::Double(value),
        Ok(Value::Text(text)) => Literal::Text(text.to_owned()),
        Ok(Value::Made(text)) => Literal::Text(text.to_string()),
        Ok(Value::List(_) | Value::Node(_) | Value::Claim(_)) => return Ok((plan, kind)),
        Err(Failure::Range) => return Err(Wrong::new(at, "this is no number that there is")),
        Err(failure) => {
            return Err(Wrong::new(at, format!("this always fails: {}", failure.reason())));
        }
    };
    let kind = Type::of(&literal);
    Ok((Plan::Constant(literal), kind))
}

fn is_constant(plan: &Plan) -> bool {
    match plan {
        Plan::Constant(_) => true,
        Plan::List(parts) => parts.iter().all(is_constant),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
