//! Texts that stand in code and configuration, with the names they are given.
//!
//! Whether one of them is a secret is not decided here: those who read a folder are given every text that
//! could be one, file by file, and nothing is kept.

use crate::syntax::{File, Piece};

/// Shortest text that is handed over, in bytes: shorter ones are words and no secrets.
const MIN_BYTES: usize = 6;
/// Longest text that is handed over, in bytes; a private key with 4,096 bits has 3.2 KB.
const MAX_BYTES: usize = 8 << 10;
/// Longest name of a setting, in bytes.
const MAX_NAME: usize = 64;
/// Most texts of one file.
const MAX_LITERALS: usize = 20_000;

/// A text with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal<'f> {
    /// Name of the variable, member, key or argument that it is given to; empty where there is none.
    pub name: &'f str,
    /// The text without its quotes, escapes as written.
    pub text: &'f str,
    /// Line, from 1.
    pub line: u32,
}

/// Kinds of nodes that are texts, in all grammars.
const TEXTS: &[&str] = &[
    "encapsed_string",
    "heredoc_body",
    "interpreted_string_literal",
    "nowdoc",
    "raw_string_literal",
    "string",
    "string_literal",
    "template_string",
    "verbatim_string_literal",
];

/// Nodes between a text and what gives it a name.
const BETWEEN: &[&str] = &[
    "argument",
    "argument_list",
    "arguments",
    "array",
    "as_expression",
    "await_expression",
    "binary_expression",
    "boolean_operator",
    "call",
    "call_expression",
    "equals_value_clause",
    "expression_list",
    "field_expression",
    "literal_element",
    "parenthesized_expression",
    "non_null_expression",
    "or_expression",
    "satisfies_expression",
];

/// How far up a name is looked for.
const MAX_STEPS: usize = 4;

/// The texts of a file of code, as an [`crate::Observer`] is given them.
#[must_use]
pub fn of_code(file: &File) -> Vec<Literal<'_>> {
    let mut out = Vec::new();
    for piece in file.root().all(TEXTS) {
        if out.len() >= MAX_LITERALS {
            break;
        }
        let text = unquoted(piece.text());
        if is_candidate(text) {
            out.push(Literal { name: name_of(piece), text, line: piece.place().line });
        }
    }
    out
}

/// The texts of a file of configuration, line by line: `key: value`, `key = value`, `"key": "value"`.
pub(crate) fn of_lines(text: &str) -> Vec<Literal<'_>> {
    let mut out = Vec::new();
    for (at, line) in text.lines().enumerate().take(MAX_LITERALS) {
        let line = line.trim().trim_start_matches("export ").trim_start_matches("- ");
        if line.starts_with(['#', ';']) || line.starts_with("//") {
            continue;
        }
        let Some(cut) = line.find([':', '=']) else { continue };
        let (name, value) = line.split_at(cut);
        let value = without_comment(value.get(1..).unwrap_or_default().trim());
        let text = unquoted(value.trim_end_matches(','));
        if is_candidate(text) {
            let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
            // Of `psql -p SECRET token=…` the last word is the name, and no other.
            let name = unquoted(name.trim()).rsplit(char::is_whitespace).next().unwrap_or_default();
            let name = if name.len() <= MAX_NAME { name } else { "" };
            out.push(Literal { name, text, line });
        }
    }
    out
}

/// A value without the comment behind it (`# …`, behind a blank or a closing quote).
fn without_comment(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let from =
        quote.and_then(|quote| value.get(1..)?.find(quote).map(|end| end + 2)).unwrap_or_default();
    let Some((text, behind)) = value.split_at_checked(from) else { return value };
    match behind.find(" #") {
        Some(at) if quote.is_none() || behind.trim_start().starts_with('#') => {
            value.get(..text.len() + at).unwrap_or(value).trim_end()
        }
        _ => value,
    }
}

/// Whether a file holds configuration, by its name.
pub(crate) fn is_configuration(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_made = lower.contains("lock") || lower.ends_with(".map");
    let ends = [".env", ".ini", ".json", ".properties", ".toml", ".yaml", ".yml", ".conf", ".cfg"];
    !is_made && (lower.starts_with(".env") || ends.iter().any(|end| lower.ends_with(end)))
}

fn is_candidate(text: &str) -> bool {
    (MIN_BYTES..=MAX_BYTES).contains(&text.len()) && !text.contains('\u{0}')
}

/// A text without its prefix and quotes.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let start = text.find(['"', '\'', '`']).unwrap_or(text.len());
    // A prefix is at most two letters (`b`, `rb`, `@`, `$@`), and `#` of raw texts in Rust.
    if start > 4 || start == text.len() {
        return text;
    }
    let quote = text.get(start..=start).unwrap_or_default();
    let inner = text.get(start..).unwrap_or_default().trim_end_matches('#');
    match inner.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote)) {
        Some(inner) => inner.trim_matches('"'),
        None => text,
    }
}

/// The name that a text is given.
fn name_of(piece: Piece<'_>) -> &str {
    let mut below = piece;
    for parent in piece.ancestors().take(MAX_STEPS) {
        for field in ["key", "name", "left", "pattern", "property"] {
            let name = parent.field(field).filter(|name| !parent.is(BETWEEN) && *name != below);
            if let Some(name) = name {
                return last_part(name.text());
            }
        }
        // Grammars without fields for it: the first child is the name (`pair`, `array_element_initializer`).
        let is_pair =
            parent.is(&["pair", "array_element_initializer", "keyed_element", "assignment"]);
        if let Some(first) = parent.children().next().filter(|first| is_pair && *first != below) {
            return last_part(first.text());
        }
        // An argument of a call named `get` says nothing about the text; its other arguments may.
        if let Some(before) = below.before().filter(|_| parent.is(&["arguments", "argument_list"]))
        {
            return word(last_part(unquoted(before.text())));
        }
        if !parent.is(BETWEEN)
            && !parent.kind().contains("argument")
            && !parent.kind().contains("element")
        {
            break;
        }
        below = parent;
    }
    ""
}

/// A text that stands before another one, where it is a word: else it may be a secret itself.
fn word(text: &str) -> &str {
    let is_word = text.len() <= 40 && !text.bytes().any(|byte| byte.is_ascii_digit());
    if is_word { text } else { "" }
}

/// The last name of `a.b["c"]`, without what stands around it.
fn last_part(text: &str) -> &str {
    let end = text.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
    let start = end.rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    let at = start.map_or(0, |at| at + end[at..].chars().next().map_or(1, char::len_utf8));
    end.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, syntax::Language};

    fn names(extension: &str, text: &str) -> Vec<(String, String)> {
        let language = Language::of_extension(extension).expect("known");
        let file = File::parse("x", language, text.to_owned(), &Limits::default()).expect("parsed");
        of_code(&file)
            .into_iter()
            .map(|literal| (literal.name.to_owned(), literal.text.to_owned()))
            .collect()
    }

    #[test]
    fn a_text_has_the_name_it_is_given() {
        let wanted = [("secret".to_owned(), "sw0rdf1sh".to_owned())];
        for (extension, code) in [
            ("js", "const secret = 'sw0rdf1sh';"),
            ("js", "const secret = process.env.X || \"sw0rdf1sh\";"),
            ("js", "x = { secret: 'sw0rdf1sh' }"),
            ("js", "app.set('secret', `sw0rdf1sh`)"),
            ("ts", "const secret: string = 'sw0rdf1sh' as const;"),
            ("py", "secret = 'sw0rdf1sh'"),
            ("py", "f(secret=\"sw0rdf1sh\")"),
            ("py", "app.config['secret'] = 'sw0rdf1sh'"),
            ("py", "x = {'secret': 'sw0rdf1sh'}"),
            ("go", "package a\nconst secret = \"sw0rdf1sh\""),
            ("go", "package a\nfunc f() { secret := `sw0rdf1sh` }"),
            ("go", "package a\nvar x = T{secret: \"sw0rdf1sh\"}"),
            ("java", "class A { static String secret = \"sw0rdf1sh\"; }"),
            ("cs", "class A { const string secret = \"sw0rdf1sh\"; }"),
            ("rb", "secret = 'sw0rdf1sh'"),
            ("rb", "x = { secret: 'sw0rdf1sh' }"),
            ("php", "<?php $secret = 'sw0rdf1sh';"),
            ("php", "<?php $x = ['secret' => 'sw0rdf1sh'];"),
            ("rs", "const secret: &str = \"sw0rdf1sh\";"),
            ("rs", "fn f() { let secret = \"sw0rdf1sh\".to_owned(); }"),
        ] {
            let found = names(extension, code);
            assert!(found.contains(&wanted[0]), "{code}: {found:?}");
        }
    }

    #[test]
    fn lines_of_configuration_are_read() {
        assert_eq!(without_comment("\"s3cr3t\"  # was: x"), "\"s3cr3t\"");
        assert_eq!(without_comment("s3cr3t # by hand"), "s3cr3t");
        assert_eq!(without_comment("# set elsewhere"), "");
        assert_eq!(without_comment("\"a #1 b\""), "\"a #1 b\"");
        assert_eq!(without_comment("é#é"), "é#é");
        let text = "# key: commented\nDB_PASSWORD=sw0rdf1sh\n  secret: 'sw0rdf1sh'\n\"token\": \"sw0rdf1sh\",\n";
        let found = of_lines(text);
        let told: Vec<_> = found.iter().map(|l| (l.name, l.text, l.line)).collect();
        assert_eq!(
            told,
            [
                ("DB_PASSWORD", "sw0rdf1sh", 2),
                ("secret", "sw0rdf1sh", 3),
                ("token", "sw0rdf1sh", 4)
            ]
        );
    }
}
