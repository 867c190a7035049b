//! Functions and macros.

use bartizan_model::Timestamp;

use super::{Compiled, Compiler, Function, Literal, Macro, Node, Pattern, Plan, Type, Wrong, fold};
use crate::policy::condition::syntax::Kind;

/// Most macros inside of each other: the work of one is multiplied by what it goes through.
const MACROS: usize = 2;

/// Functions of a value that is before the dot, and the types of their arguments.
const METHODS: [(&str, Function, usize); 5] = [
    ("contains", Function::Contains, 1),
    ("startsWith", Function::StartsWith, 1),
    ("endsWith", Function::EndsWith, 1),
    ("lowerAscii", Function::LowerAscii, 0),
    ("size", Function::Size, 0),
];
/// Functions of an argument.
const FUNCTIONS: [(&str, Function); 4] = [
    ("size", Function::Size),
    ("int", Function::Int),
    ("double", Function::Double),
    ("string", Function::Text),
];
const MACRO_NAMES: [(&str, Macro); 5] = [
    ("all", Macro::All),
    ("exists", Macro::Exists),
    ("exists_one", Macro::ExistsOne),
    ("map", Macro::Map),
    ("filter", Macro::Filter),
];

impl Function {
    const fn result(self) -> Type {
        match self {
            Self::Size | Self::Int | Self::Double => Type::Number,
            Self::Contains | Self::StartsWith | Self::EndsWith => Type::Bool,
            Self::LowerAscii | Self::Text => Type::Text,
        }
    }
}

impl Compiler<'_> {
    pub(super) fn call(
        &mut self,
        name: &str,
        target: Option<&Node>,
        arguments: &[Node],
        at: usize,
    ) -> Compiled {
        match (target, name, arguments) {
            (None, "has", [one]) => self.has(one, at),
            (None, "timestamp" | "duration", [one]) => seconds(name, one, at),
            (Some(target), "matches", [pattern]) | (None, "matches", [target, pattern]) => {
                self.matches(target, pattern, at)
            }
            (Some(target), _, _) => {
                if let Some((_, what)) = MACRO_NAMES.into_iter().find(|(known, _)| *known == name) {
                    return self.each(what, target, arguments, at);
                }
                let known = METHODS.into_iter().find(|(known, ..)| *known == name);
                let (_, function, count) = known.ok_or_else(|| unknown(name, at))?;
                counted(name, arguments, count, at)?;
                self.function(function, [target].into_iter().chain(arguments), at)
            }
            (None, _, _) => {
                let known = FUNCTIONS.into_iter().find(|(known, _)| *known == name);
                let (_, function) = known.ok_or_else(|| unknown(name, at))?;
                counted(name, arguments, 1, at)?;
                self.function(function, arguments.iter(), at)
            }
        }
    }

    fn function<'n>(
        &mut self,
        function: Function,
        arguments: impl Iterator<Item = &'n Node>,
        at: usize,
    ) -> Compiled {
        let mut plans = Vec::new();
        for argument in arguments {
            let (plan, kind) = self.compile(argument)?;
            let is_fine = match function {
                Function::Size => matches!(kind, Type::Text | Type::List(_) | Type::Any),
                Function::Int | Function::Double => {
                    matches!(kind, Type::Text | Type::Number | Type::Any)
                }
                Function::Text => !matches!(kind, Type::List(_) | Type::Null),
                _ => matches!(kind, Type::Text | Type::Any),
            };
            if !is_fine {
                return Err(Wrong::new(at, format!("this function is not for {kind}")));
            }
            plans.push(plan);
        }
        fold(Plan::Call(function, plans), function.result(), at)
    }

    /// `has(request.query.page)`: whether something is there.
    fn has(&mut self, one: &Node, at: usize) -> Compiled {
        let Kind::Member(of, name) = &one.kind else {
            let problem = "`has` is for a member (`has(request.body.total)`); where a name has a \
                           dash, `\"x-tenant\" in request.headers` is the same";
            return Err(Wrong::new(at, problem));
        };
        if let Some(reference) = self.reference(one)? {
            let variable = reference.one(at)?;
            if !variable.may_be_missing() {
                return Err(Wrong::new(at, "this is always there"));
            }
            return Ok((Plan::IsThere(self.slot(variable, at)?), Type::Bool));
        }
        let (of, kind) = self.compile(of)?;
        kind.expect(&Type::Any, at, "only objects have members")?;
        Ok((Plan::HasMember(of.into(), name.clone()), Type::Bool))
    }

    fn matches(&mut self, target: &Node, pattern: &Node, at: usize) -> Compiled {
        let (target, kind) = self.compile(target)?;
        kind.expect(&Type::Text, at, "`matches` is for texts")?;
        let Kind::Literal(Literal::Text(text)) = &pattern.kind else {
            return Err(Wrong::new(pattern.at, "a pattern has to be a text that is written down"));
        };
        let pattern = Pattern::compile(text, pattern.at)?;
        fold(Plan::Matches(target.into(), pattern), Type::Bool, at)
    }

    fn each(&mut self, what: Macro, over: &Node, arguments: &[Node], at: usize) -> Compiled {
        let [Node { kind: Kind::Name(name), .. }, parts @ ..] = arguments else {
            return Err(Wrong::new(at, "the first argument of a macro is a name: `exists(x, …)`"));
        };
        let most = if what == Macro::Map { 2 } else { 1 };
        if parts.is_empty() || parts.len() > most {
            return Err(Wrong::new(at, "a macro has a name and a condition as arguments"));
        }
        if self.locals.len() == MACROS {
            let problem = format!("macros are inside of each other more than {MACROS} times");
            return Err(Wrong::new(at, problem));
        }
        let (over, kind) = self.compile(over)?;
        let element = match kind {
            Type::Any => Type::Any,
            Type::List(element) => *element,
            other => return Err(Wrong::new(at, format!("{other} has no elements"))),
        };
        self.locals.push((name.clone(), element.clone()));
        let compiled: Result<Vec<_>, Wrong> = parts.iter().map(|part| self.compile(part)).collect();
        self.locals.pop();
        let (plans, kinds): (Vec<_>, Vec<_>) = compiled?.into_iter().unzip();
        let conditions = if what == Macro::Map { kinds.len() - 1 } else { kinds.len() };
        for (kind, part) in kinds.iter().zip(parts).take(conditions) {
            kind.expect(&Type::Bool, part.at, "what a macro asks is true or false")?;
        }
        let result = match what {
            Macro::Map => Type::List(kinds.last().cloned().unwrap_or(Type::Any).into()),
            Macro::Filter => Type::List(element.into()),
            _ => Type::Bool,
        };
        Ok((Plan::Each(what, over.into(), plans), result))
    }
}

fn counted(name: &str, arguments: &[Node], count: usize, at: usize) -> Result<(), Wrong> {
    if arguments.len() == count {
        return Ok(());
    }
    let found = arguments.len();
    Err(Wrong::new(at, format!("`{name}` has {count} arguments here, not {found}")))
}

fn unknown(name: &str, at: usize) -> Wrong {
    let problem = format!(
        "there is no function `{name}` here: there are `has`, `size`, `int`, `double`, `string`, \
         `timestamp`, `duration`, `contains`, `startsWith`, `endsWith`, `matches`, `lowerAscii`, \
         `all`, `exists`, `exists_one`, `map` and `filter`"
    );
    Wrong::new(at, problem)
}

/// A time or a length of time that is written down, in seconds.
fn seconds(name: &str, argument: &Node, at: usize) -> Compiled {
    let Kind::Literal(Literal::Text(text)) = &argument.kind else {
        let problem = format!("the argument of `{name}` has to be a text that is written down");
        return Err(Wrong::new(at, problem));
    };
    let seconds = match name {
        "timestamp" => Timestamp::parse(text).map(Timestamp::seconds),
        _ => duration(text),
    };
    let seconds = seconds.ok_or_else(|| {
        let expected = match name {
            "timestamp" => "a time is written as `2027-01-01T00:00:00Z`",
            _ => "a length of time is written as `1h30m` or `45s`, in whole seconds",
        };
        Wrong::new(argument.at, expected)
    })?;
    Ok((Plan::Constant(Literal::Int(seconds)), Type::Number))
}

/// `1h30m` in seconds.
fn duration(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes().get(end)? {
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (!text.is_empty()).then_some(total)
}
