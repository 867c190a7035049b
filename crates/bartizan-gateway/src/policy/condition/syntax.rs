//! The grammar of the Common Expression Language, as far as conditions have it: no bytes, maps and messages.
//! Whatever a text holds, reading it takes no more of the stack than [`DEPTH`] levels.

use super::token::{Token, Wrong, tokens};

/// Longest expression, in bytes.
pub(super) const BYTES: usize = 2_048;
/// Deepest nesting, of brackets and of operations.
pub(super) const DEPTH: usize = 24;

/// Words that are no names (CEL, section "Syntax").
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Bytes before it: those before its operator where it has one.
    pub(super) at: usize,
    depth: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Literal(Literal),
    Name(String),
    Member(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    /// A function or macro, with what it is called on.
    Call(String, Option<Box<Node>>, Vec<Node>),
    List(Vec<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// All must hold.
    All(Vec<Node>),
    /// One must hold.
    Any(Vec<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
}

/// A value that is written down.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    const RELATIONS: [(&'static str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::Unequal),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];
    const SUMS: [(&'static str, Self); 2] = [("+", Self::Add), ("-", Self::Subtract)];
    const PRODUCTS: [(&'static str, Self); 3] =
        [("*", Self::Multiply), ("/", Self::Divide), ("%", Self::Remainder)];
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Node, Wrong> {
    if text.len() > BYTES {
        return Err(Wrong::new(BYTES, format!("it has more than {BYTES} bytes")));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("the end, or an operator")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |(at, _)| *at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn is(&self, mark: &str) -> bool {
        matches!(self.peek(), Token::Mark(own) if *own == mark)
    }

    fn takes(&mut self, mark: &str) -> bool {
        let is_there = self.is(mark);
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, mark: &str) -> Result<(), Wrong> {
        if self.takes(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    fn unexpected(&self, expected: &str) -> Wrong {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Name(name) => format!("`{name}`"),
            Token::Mark(mark) => format!("`{mark}`"),
            Token::Int(_) | Token::Double(_) => "a number".to_owned(),
            Token::Text(_) => "a text".to_owned(),
        };
        Wrong::new(self.at(), format!("expected {expected}, not {found}"))
    }

    /// Something in brackets, or as deep.
    fn nested(&mut self) -> Result<Node, Wrong> {
        if self.depth >= DEPTH {
            return Err(too_deep(self.at()));
        }
        self.depth += 1;
        let node = self.expression();
        self.depth -= 1;
        node
    }

    fn expression(&mut self) -> Result<Node, Wrong> {
        let condition = self.any()?;
        let at = self.at();
        if !self.takes("?") {
            return Ok(condition);
        }
        let then = self.nested_any()?;
        self.expect(":")?;
        let other = self.nested()?;
        within_depth(at, Kind::Choice(condition.into(), then.into(), other.into()))
    }

    fn nested_any(&mut self) -> Result<Node, Wrong> {
        if self.depth >= DEPTH {
            return Err(too_deep(self.at()));
        }
        self.depth += 1;
        let node = self.any();
        self.depth -= 1;
        node
    }

    fn any(&mut self) -> Result<Node, Wrong> {
        let first = self.all()?;
        self.chain("||", first, Self::all, Kind::Any)
    }

    fn all(&mut self) -> Result<Node, Wrong> {
        let first = self.relation()?;
        self.chain("&&", first, Self::relation, Kind::All)
    }

    fn chain(
        &mut self,
        mark: &str,
        first: Node,
        next: fn(&mut Self) -> Result<Node, Wrong>,
        kind: fn(Vec<Node>) -> Kind,
    ) -> Result<Node, Wrong> {
        let at = self.at();
        let mut parts = vec![first];
        while self.takes(mark) {
            parts.push(next(self)?);
        }
        match parts.len() {
            1 => parts.pop().ok_or_else(|| Wrong::new(at, "nothing is there")),
            _ => within_depth(at, kind(parts)),
        }
    }

    fn relation(&mut self) -> Result<Node, Wrong> {
        let mut left = self.sum()?;
        loop {
            let at = self.at();
            let mark = Operator::RELATIONS.into_iter().find(|(mark, _)| self.is(mark));
            let is_in = matches!(self.peek(), Token::Name(name) if name == "in");
            let operator = match mark {
                Some((_, operator)) => operator,
                None if is_in => Operator::In,
                None => return Ok(left),
            };
            self.next += 1;
            let right = self.sum()?;
            left = within_depth(at, Kind::Binary(operator, left.into(), right.into()))?;
        }
    }

    fn sum(&mut self) -> Result<Node, Wrong> {
        self.left(&Operator::SUMS, Self::product)
    }

    fn product(&mut self) -> Result<Node, Wrong> {
        self.left(&Operator::PRODUCTS, Self::unary)
    }

    fn left(
        &mut self,
        operators: &[(&'static str, Operator)],
        next: fn(&mut Self) -> Result<Node, Wrong>,
    ) -> Result<Node, Wrong> {
        let mut left = next(self)?;
        loop {
            let at = self.at();
            let Some((_, operator)) = operators.iter().find(|(mark, _)| self.is(mark)) else {
                return Ok(left);
            };
            self.next += 1;
            let right = next(self)?;
            left = within_depth(at, Kind::Binary(*operator, left.into(), right.into()))?;
        }
    }

    fn unary(&mut self) -> Result<Node, Wrong> {
        let at = self.at();
        let mut nots = 0_usize;
        while self.takes("!") {
            nots += 1;
        }
        if nots > 0 {
            let node = self.member()?;
            return if nots.is_multiple_of(2) {
                Ok(node)
            } else {
                within_depth(at, Kind::Not(node.into()))
            };
        }
        let mut minuses = 0_usize;
        while self.takes("-") {
            minuses += 1;
        }
        if minuses.is_multiple_of(2) {
            return self.member();
        }
        // The smallest number has no positive one.
        if let Token::Int(digits) = self.peek() {
            let value = format!("-{digits}").parse();
            let value = value.map_err(|_| Wrong::new(at, "is no number of at most 64 bits"))?;
            self.next += 1;
            return within_depth(at, Kind::Literal(Literal::Int(value)));
        }
        let node = self.member()?;
        within_depth(at, Kind::Negate(node.into()))
    }

    fn member(&mut self) -> Result<Node, Wrong> {
        let mut node = self.primary()?;
        loop {
            let at = self.at();
            if self.takes(".") {
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected("a name"));
                };
                self.next += 1;
                let kind = if self.takes("(") {
                    Kind::Call(name, Some(node.into()), self.listed(")")?)
                } else {
                    Kind::Member(node.into(), name)
                };
                node = within_depth(at, kind)?;
            } else if self.takes("[") {
                let index = self.nested()?;
                self.expect("]")?;
                node = within_depth(at, Kind::Index(node.into(), index.into()))?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Wrong> {
        let at = self.at();
        let kind = match self.take() {
            Token::Text(text) => Kind::Literal(Literal::Text(text)),
            Token::Double(value) => Kind::Literal(Literal::Double(value)),
            Token::Int(digits) => {
                let value = digits.parse();
                let wrong = |_| Wrong::new(at, "is no number of at most 64 bits");
                Kind::Literal(Literal::Int(value.map_err(wrong)?))
            }
            Token::Name(name) => match name.as_str() {
                "true" => Kind::Literal(Literal::Bool(true)),
                "false" => Kind::Literal(Literal::Bool(false)),
                "null" => Kind::Literal(Literal::Null),
                "in" => return Err(Wrong::new(at, "expected a value, not `in`")),
                word if RESERVED.contains(&word) => {
                    return Err(Wrong::new(at, format!("`{word}` is a reserved word")));
                }
                _ if self.takes("(") => Kind::Call(name, None, self.listed(")")?),
                _ => Kind::Name(name),
            },
            Token::Mark("(") => {
                let node = self.nested()?;
                self.expect(")")?;
                return Ok(node);
            }
            Token::Mark("[") => Kind::List(self.listed("]")?),
            Token::Mark("{") => return Err(Wrong::new(at, "maps are not for conditions")),
            Token::Mark(_) | Token::End => {
                self.next -= 1;
                return Err(self.unexpected("a value"));
            }
        };
        within_depth(at, kind)
    }

    /// What is between brackets, of which the first was taken.
    fn listed(&mut self, end: &str) -> Result<Vec<Node>, Wrong> {
        let mut all = Vec::new();
        while !self.takes(end) {
            all.push(self.nested()?);
            if !self.is(end) {
                self.expect(",")?;
                // A comma at the end of a list is of the language, one at the end of arguments is not.
                if end == ")" && self.is(end) {
                    return Err(self.unexpected("a value"));
                }
            }
        }
        Ok(all)
    }
}

/// A part, unless it is too deep.
fn within_depth(at: usize, kind: Kind) -> Result<Node, Wrong> {
    let below = match &kind {
        Kind::Literal(_) | Kind::Name(_) => 0,
        Kind::Member(one, _) | Kind::Not(one) | Kind::Negate(one) => one.depth,
        Kind::Index(one, other) | Kind::Binary(_, one, other) => one.depth.max(other.depth),
        Kind::Choice(one, two, three) => one.depth.max(two.depth).max(three.depth),
        Kind::Call(_, target, arguments) => {
            let target = target.as_ref().map_or(0, |target| target.depth);
            deepest(arguments).max(target)
        }
        Kind::List(all) | Kind::All(all) | Kind::Any(all) => deepest(all),
    };
    if below >= DEPTH {
        return Err(too_deep(at));
    }
    Ok(Node { at, depth: below + 1, kind })
}

fn deepest(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.depth).max().unwrap_or(0)
}

fn too_deep(at: usize) -> Wrong {
    Wrong::new(at, format!("it is nested more than {DEPTH} times"))
}

#[cfg(test)]
mod tests;
