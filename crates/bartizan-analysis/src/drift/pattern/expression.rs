//! A regular expression as JSON Schema has them (ECMA-262 §22.2, without flags), as an automaton without
//! backtracking. What looks around, refers back, or is no expression is not read: nothing is told by it then.

use std::cell::Cell;

/// Most groups within groups.
const MAX_DEPTH: usize = 16;
/// Most states; a counted part has as many as it counts.
const MAX_STATES: usize = 1_024;
/// Longest expression, in bytes.
const MAX_BYTES: usize = 1_024;
/// Most parts that are read while states are made of them: what is empty may be counted again and again.
const MAX_WORK: usize = 16 * MAX_STATES;

/// Characters: those of ASCII by their bits, and whether there are others among them. Which others is not told
/// apart: in doubt one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set {
    ascii: u128,
    others: bool,
}

impl Set {
    pub(super) const ANY: Self = Self { ascii: u128::MAX, others: true };
    const NONE: Self = Self { ascii: 0, others: false };

    pub(super) const fn one(ch: char) -> Self {
        match ch.is_ascii() {
            true => Self { ascii: 1 << (ch as u32), others: false },
            false => Self { ascii: 0, others: true },
        }
    }

    fn range(first: char, last: char) -> Self {
        let ascii = (u32::from(first)..=u32::from(last).min(127)).fold(0, |bits, n| bits | 1 << n);
        Self { ascii, others: !last.is_ascii() }
    }

    fn all(text: &str) -> Self {
        text.chars().map(Self::one).fold(Self::NONE, Self::or)
    }

    const fn or(self, other: Self) -> Self {
        Self { ascii: self.ascii | other.ascii, others: self.others || other.others }
    }

    /// All others; of what is not ASCII some are always among them.
    const fn not(self) -> Self {
        Self { ascii: !self.ascii, others: true }
    }

    const fn meets(self, other: Self) -> bool {
        self.ascii & other.ascii != 0 || (self.others && other.others)
    }

    /// A class that is a letter behind a backslash.
    fn named(letter: char) -> Option<Self> {
        let digit = Self::range('0', '9');
        let word = digit.or(Self::range('a', 'z')).or(Self::range('A', 'Z')).or(Self::one('_'));
        let space = Self { others: true, ..Self::all(" \t\n\r\u{b}\u{c}") };
        Some(match letter {
            'd' => digit,
            'D' => digit.not(),
            'w' => word,
            'W' => word.not(),
            's' => space,
            'S' => space.not(),
            _ => return None,
        })
    }
}

/// What an expression is made of.
#[derive(Clone, Debug)]
enum Part {
    One(Set),
    Start,
    End,
    /// One of several rows.
    Either(Vec<Vec<Part>>),
    /// So often, at most or without end.
    Times(Box<Part>, usize, Option<usize>),
}

#[derive(Clone, Copy, Debug)]
enum State {
    One(Set, usize),
    Start(usize),
    End(usize),
    Both(usize, usize),
    Fits,
}

/// An expression.
#[derive(Debug)]
pub(super) struct Expression {
    parts: Vec<Vec<Part>>,
    states: Vec<State>,
    entry: usize,
    work: usize,
}

impl Expression {
    /// Reads one; `None` for what is not read.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        let mut reader = Text { rest: text.chars().peekable() };
        let parts = reader.either(0)?;
        if reader.rest.next().is_some() {
            return None;
        }
        let mut out = Self { parts: Vec::new(), states: vec![State::Fits], entry: 0, work: 0 };
        out.entry = out.either(&parts, 0)?;
        out.parts = parts;
        Some(out)
    }

    /// The row of sets that it is, when it is one of a fixed length for the whole text.
    pub(super) fn row(&self) -> Option<Vec<Set>> {
        let [parts] = self.parts.as_slice() else { return None };
        let [Part::Start, parts @ .., Part::End] = parts.as_slice() else { return None };
        let mut row = Vec::new();
        for part in parts {
            match part {
                Part::One(set) => row.push(*set),
                Part::Times(part, least, Some(most)) if least == most => {
                    let Part::One(set) = &**part else { return None };
                    row.resize(row.len() + least, *set);
                }
                _ => return None,
            }
        }
        Some(row)
    }

    /// Whether some text of a row fits, anywhere in it where the expression does not say where. True as well when
    /// there are no `steps` left to find out.
    pub(super) fn fits(&self, row: &[Set], steps: &Cell<u32>) -> bool {
        let mut here = vec![false; self.states.len()];
        for at in 0..=row.len() {
            let (is_start, is_end) = (at == 0, at == row.len());
            let mut open: Vec<usize> = (0..here.len()).filter(|state| here[*state]).collect();
            open.push(self.entry);
            here.fill(false);
            let mut next = vec![false; self.states.len()];
            while let Some(state) = open.pop() {
                if std::mem::replace(&mut here[state], true) {
                    continue;
                }
                let Some(left) = steps.get().checked_sub(1) else { return true };
                steps.set(left);
                match self.states[state] {
                    State::Fits => return true,
                    State::One(set, to) => {
                        if row.get(at).is_some_and(|seen| seen.meets(set)) {
                            next[to] = true;
                        }
                    }
                    State::Start(to) if is_start => open.push(to),
                    State::End(to) if is_end => open.push(to),
                    State::Start(_) | State::End(_) => {}
                    State::Both(one, other) => open.extend([one, other]),
                }
            }
            here = next;
        }
        false
    }

    fn push(&mut self, state: State) -> Option<usize> {
        (self.states.len() < MAX_STATES).then(|| self.states.push(state))?;
        Some(self.states.len() - 1)
    }

    /// Each row in front of `next`; which state comes first.
    fn either(&mut self, rows: &[Vec<Part>], next: usize) -> Option<usize> {
        let mut entry = None;
        for row in rows {
            let first = row.iter().rev().try_fold(next, |next, part| self.part(part, next))?;
            entry = Some(match entry {
                Some(other) => self.push(State::Both(other, first))?,
                None => first,
            });
        }
        entry
    }

    fn part(&mut self, part: &Part, next: usize) -> Option<usize> {
        self.work += 1;
        if self.work > MAX_WORK {
            return None;
        }
        match part {
            Part::One(set) => self.push(State::One(*set, next)),
            Part::Start => self.push(State::Start(next)),
            Part::End => self.push(State::End(next)),
            Part::Either(rows) => self.either(rows, next),
            Part::Times(part, least, most) => {
                let mut first = match most {
                    Some(most) => {
                        let mut first = next;
                        for _ in *least..*most {
                            let one = self.part(part, first)?;
                            first = self.push(State::Both(one, next))?;
                        }
                        first
                    }
                    None => {
                        let again = self.push(State::Both(next, next))?;
                        let one = self.part(part, again)?;
                        self.states[again] = State::Both(one, next);
                        again
                    }
                };
                for _ in 0..*least {
                    first = self.part(part, first)?;
                }
                Some(first)
            }
        }
    }
}

/// The text of an expression while it is read.
struct Text<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
}

impl Text<'_> {
    fn either(&mut self, depth: usize) -> Option<Vec<Vec<Part>>> {
        let mut rows = vec![Vec::new()];
        while let Some(ch) = self.rest.next_if(|ch| *ch != ')') {
            let part = match ch {
                '|' => {
                    rows.push(Vec::new());
                    continue;
                }
                '^' => Part::Start,
                '$' => Part::End,
                '.' => Part::One(Set::all("\n\r").not()),
                '[' => Part::One(self.class()?),
                '\\' => Part::One(self.escaped()?.0),
                '(' if depth < MAX_DEPTH => Part::Either(self.group(depth + 1)?),
                '(' | '*' | '+' | '?' | '{' => return None,
                ch => Part::One(Set::one(ch)),
            };
            let part = self.counted(part)?;
            rows.last_mut()?.push(part);
        }
        Some(rows)
    }

    /// What is behind `(`.
    fn group(&mut self, depth: usize) -> Option<Vec<Vec<Part>>> {
        if self.rest.next_if_eq(&'?').is_some() {
            // Others look around or have a name.
            self.rest.next_if_eq(&':')?;
        }
        let rows = self.either(depth)?;
        self.rest.next_if_eq(&')')?;
        Some(rows)
    }

    /// How often a part comes, which may be said behind it.
    fn counted(&mut self, part: Part) -> Option<Part> {
        let (least, most) = match self.rest.peek().copied() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.rest.next();
                let least = self.number()?;
                let most = match self.rest.next_if_eq(&',') {
                    None => Some(least),
                    Some(_) if self.rest.peek() == Some(&'}') => None,
                    Some(_) => Some(self.number()?),
                };
                (self.rest.peek() == Some(&'}')).then_some((least, most))?
            }
            _ => return Some(part),
        };
        self.rest.next();
        // Whether it takes as many or as few as it can is the same for what fits.
        self.rest.next_if_eq(&'?');
        let is_fit = most.is_none_or(|most| least <= most && most <= MAX_STATES);
        (is_fit && least <= MAX_STATES).then(|| Part::Times(Box::new(part), least, most))
    }

    fn number(&mut self) -> Option<usize> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        let number = digits.parse().ok()?;
        matches!(self.rest.peek(), Some('}' | ',')).then_some(number)
    }

    /// What is behind a backslash: a set, and the character where it is a single one.
    fn escaped(&mut self) -> Option<(Set, Option<char>)> {
        let ch = self.rest.next()?;
        let single = match ch {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'v' => '\u{b}',
            // References back, borders of words, numbers of characters and properties.
            _ if ch.is_alphanumeric() => return Some((Set::named(ch)?, None)),
            ch => ch,
        };
        Some((Set::one(single), Some(single)))
    }

    /// What is behind `[`.
    fn class(&mut self) -> Option<Set> {
        let is_not = self.rest.next_if_eq(&'^').is_some();
        let mut set = Set::NONE;
        loop {
            let (mut item, single) = match self.rest.next()? {
                ']' => break,
                '\\' => self.escaped()?,
                ch => (Set::one(ch), Some(ch)),
            };
            // A dash in front of the end, or beside a class, is one.
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|ch| ch != ']');
            if let Some(first) = single.filter(|_| is_range) {
                self.rest.next();
                let last = match self.rest.next()? {
                    '\\' => self.escaped()?.1?,
                    ch => ch,
                };
                item = (first <= last).then(|| Set::range(first, last))?;
            }
            set = set.or(item);
        }
        Some(if is_not { set.not() } else { set })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::row_of, *};

    fn fits(expression: &str, text: &str) -> Option<bool> {
        let steps = Cell::new(1_000_000);
        Expression::parse(expression).map(|one| one.fits(&row_of(text), &steps))
    }

    #[test]
    fn expressions_fit_as_they_do_elsewhere() {
        for (expression, fitting, other) in [
            ("^[A-Z]{2}\\d{1,3}$", "AB12", "AB1234"),
            ("^a|b$", "ax", "xa"),
            ("^(?:ab|cd)+$", "abcdab", "abc"),
            ("^(a(b(c)?)*)$", "abbcb", "acb"),
            ("b", "abc", "ac"),
            ("^[^0-9]*$", "übel", "a1"),
            ("^[\\w.-]+@[\\w-]+\\.com$", "a.b-c@d-e.com", "a b@d.com"),
            ("^x{2,}?$", "xxx", "x"),
            ("^.$", "ü", ""),
            ("^[a\\-z]$", "-", "m"),
            ("^\\/v\\d$", "/v1", "v1"),
            ("^$", "", "a"),
            ("^()*$", "", "a"),
        ] {
            assert_eq!(fits(expression, fitting), Some(true), "{expression} {fitting}");
            assert_eq!(fits(expression, other), Some(false), "{expression} {other}");
        }
    }

    #[test]
    fn what_is_not_read_tells_nothing() {
        let deep = "(".repeat(40) + &")".repeat(40);
        for expression in [
            "",
            "(",
            ")",
            "[a",
            "a{",
            "a{x}",
            "*",
            "(?=a)",
            "(?<n>a)",
            "\\1",
            "\\bword",
            "\\p{L}",
            "[z-a]",
            "a{2000}",
            "((a{99}){99}){99}",
            deep.as_str(),
            "a{3,2}",
        ] {
            assert_eq!(fits(expression, "a"), None, "{expression}");
        }
    }

    #[test]
    fn a_row_is_what_has_a_fixed_length() {
        let row =
            |text: &str| Expression::parse(text).and_then(|one| one.row()).map(|row| row.len());
        assert_eq!(row("^[A-Z]{3}-[0-9]{4}$"), Some(8));
        for other in ["^[A-Z]+$", "[A-Z]{3}", "^a|b$", "^(ab){2}$"] {
            assert_eq!(row(other), None, "{other}");
        }
    }

    #[test]
    fn it_ends_when_steps_do() {
        let text = "a".repeat(256);
        assert_eq!(fits("^(a?){200}(a*)*(a|a)*$", &text), Some(true));
        let never = Expression::parse("^(a?){200}b$").expect("reads");
        assert!(!never.fits(&row_of(&text), &Cell::new(u32::MAX)));
        assert!(never.fits(&row_of(&text), &Cell::new(50)), "in doubt it does");
        assert_eq!(fits("^(((((){999}){999}){999}){999}){999}$", ""), None);
    }
}
