//! The grammar of nginx: directives, with their arguments and blocks.

use crate::commands::import::found::Found;

/// Deepest blocks within each other.
const DEPTH: usize = 16;
/// Most directives.
const DIRECTIVES: usize = 20_000;
/// Most characters of a directive that are shown.
const SHOWN: usize = 120;

/// A directive.
#[derive(Debug)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// What is between its braces.
    pub(super) block: Vec<Self>,
}

/// Directives that are not taken over and restrict nothing.
const NEUTRAL: &[&str] = &[
    "charset",
    "etag",
    "expires",
    "index",
    "proxy_cache",
    "proxy_cache_key",
    "proxy_cache_path",
    "proxy_cache_valid",
    "proxy_redirect",
    "root",
    "try_files",
];

impl Directive {
    /// Says so. It may restrict something, unless it is known not to.
    pub(super) fn is_not_understood(&self, found: &mut Found) {
        let whole = format!("{} {}", self.name, self.arguments.join(" "));
        let shown: String = whole.trim_end().chars().take(SHOWN).collect();
        let text = format_args!("`{shown}` is not understood");
        match NEUTRAL.contains(&self.name.as_str()) {
            true => found.note(Some(self.line), text),
            false => found.loses(Some(self.line), text),
        }
    }

    /// Directives of a name directly in its block.
    pub(super) fn inner<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.block.iter().filter(move |one| one.name == name)
    }
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

/// Reads directives.
///
/// # Errors
/// What is wrong, with the line.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, String> {
    let mut stack: Vec<(Directive, Vec<Directive>)> = Vec::new();
    let (mut current, mut words, mut began) = (Vec::new(), Vec::new(), 1);
    let mut count = 0;
    let mut rest = Tokens { rest: text, line: 1 };
    while let Some((token, line)) = rest.next()? {
        let mut directive = |words: &mut Vec<String>| {
            count += 1;
            if count > DIRECTIVES {
                return Err(format!("line {line}: more than {DIRECTIVES} directives"));
            }
            let mut words = std::mem::take(words).into_iter();
            let name =
                words.next().ok_or_else(|| format!("line {line}: a directive is missing"))?;
            Ok(Directive { name, arguments: words.collect(), line: began, block: Vec::new() })
        };
        match token {
            Token::Word(word) => {
                if words.is_empty() {
                    began = line;
                }
                words.push(word);
            }
            Token::End => current.push(directive(&mut words)?),
            Token::Open => {
                if stack.len() == DEPTH {
                    return Err(format!("line {line}: more than {DEPTH} blocks within each other"));
                }
                stack.push((directive(&mut words)?, std::mem::take(&mut current)));
            }
            Token::Close => {
                let Some((mut parent, before)) = stack.pop().filter(|_| words.is_empty()) else {
                    return Err(format!("line {line}: unexpected `}}`"));
                };
                parent.block = std::mem::replace(&mut current, before);
                current.push(parent);
            }
        }
    }
    match (stack.last(), words.is_empty()) {
        (Some((open, _)), _) => Err(format!("line {}: `{}` does not end", open.line, open.name)),
        (None, false) => Err(format!("line {began}: a directive does not end")),
        (None, true) => Ok(current),
    }
}

struct Tokens<'a> {
    rest: &'a str,
    line: usize,
}

impl Tokens<'_> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn next(&mut self) -> Result<Option<(Token, usize)>, String> {
        loop {
            let line = self.line;
            match self.take() {
                None => return Ok(None),
                Some(c) if c.is_whitespace() => {}
                Some('#') => while self.take().is_some_and(|c| c != '\n') {},
                Some('{') => return Ok(Some((Token::Open, line))),
                Some('}') => return Ok(Some((Token::Close, line))),
                Some(';') => return Ok(Some((Token::End, line))),
                Some(quote @ ('"' | '\'')) => {
                    let word = self.quoted(quote);
                    let word = word.ok_or_else(|| format!("line {line}: a quote does not end"))?;
                    return Ok(Some((Token::Word(word), line)));
                }
                Some(first) => return Ok(Some((Token::Word(self.plain(first)), line))),
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut word = String::new();
        loop {
            match self.take()? {
                '\\' => word.push(self.take()?),
                c if c == quote => return Some(word),
                c => word.push(c),
            }
        }
    }

    fn plain(&mut self, first: char) -> String {
        let mut word = String::from(first);
        // `${name}` is part of a word.
        let mut in_braces = false;
        while let Some(c) = self.rest.chars().next() {
            let opens = c == '{' && word.ends_with('$');
            let ends = c.is_whitespace() || matches!(c, ';' | '{' | '}');
            if ends && !opens && !in_braces {
                break;
            }
            in_braces = (in_braces || opens) && c != '}';
            word.push(c);
            self.take();
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_with_their_lines() {
        let text =
            "# a\nhttp {\n  log '%{x} \\'y'; # b\n  server { listen 80; }\n}\nuser ${name}s;";
        let all = parse(text).expect("reads");
        assert_eq!((all[0].name.as_str(), all[0].line, all[0].block.len()), ("http", 2, 2));
        assert_eq!(all[0].block[0].arguments, ["%{x} 'y"]);
        assert_eq!(all[0].block[1].block[0].line, 4);
        assert_eq!(all[1].arguments, ["${name}s"]);
    }

    #[test]
    fn what_is_broken_is_refused_with_its_line() {
        let deep = "a {".repeat(DEPTH + 1);
        for (text, says) in [
            ("a {\n b;", "line 1"),
            ("a b", "line 1"),
            ("\n}", "line 2"),
            ("a {\n b }", "line 2"),
            ("a 'b", "quote"),
            ("{ }", "missing"),
            (";", "missing"),
            (deep.as_str(), "blocks"),
        ] {
            let problem = parse(text).expect_err(text);
            assert!(problem.contains(says), "{text}: {problem}");
        }
        assert!(parse(&"a;".repeat(DIRECTIVES + 1)).is_err());
    }
}
