//! Decides on tokens of SQL: does the text leave the place of a value?

use super::{
    Found,
    mention::{Around, is_document, words},
    sql_clauses::{
        bare_operator, comment, limit, list, logic, operator, order, stacked, stacked_at,
        statement_shape, union,
    },
    sql_expression::{Reader, Traits},
    sql_tokens::{Kind, Token, tokens},
};

/// Break-outs that are tried in one text.
const MAX_STARTS: usize = 12;
/// Tokens that are read behind one break-out.
const FRAGMENT_TOKENS: usize = 192;

const AS_IS: &str = "as it is";

/// A fragment behind a break-out.
struct Fragment {
    found: Found,
    /// Where its text ends.
    end: usize,
    /// Whether it reaches the end of the text or a comment that cuts the rest off.
    whole: bool,
}

/// The best explanation of `text` as SQL injection.
pub(crate) fn judge(text: &str) -> Option<Found> {
    let whole = tokens(text, 0, usize::MAX);
    let mut best = as_is(text, &whole);
    for (quote, context) in [('\'', "inside single quotes"), ('"', "inside double quotes")] {
        best = Found::best(best, in_quotes(text, quote, context));
    }
    let mut best = best?;
    if is_document(text) || statement(text, &whole).is_some() {
        best.score = best.score.min(45);
    }
    Some(best)
}

/// Lowers the score of fragments that prose only mentions.
fn weigh(text: &str, start: usize, fragment: Fragment) -> Found {
    let Fragment { mut found, end, whole } = fragment;
    let commented = found.tokens.last() == Some(&"comment");
    let around = Around::of(text, start, end);
    if around.is_mention() || (!whole && around.after >= 1) {
        found.score = found.score.min(40);
    } else if around.before >= 3 && found.context == AS_IS && !commented {
        found.score = found.score.min(45);
    } else if around.before >= 4 && found.score < 85 {
        found.score = found.score.saturating_sub(30);
    }
    found
}

fn in_quotes(text: &str, quote: char, context: &'static str) -> Option<Found> {
    let bytes = text.as_bytes();
    let mut best = None;
    let mut tried = 0;
    let mut skip_until = 0;
    for at in memchr::memchr_iter(quote as u8, bytes) {
        if at < skip_until || tried == MAX_STARTS {
            continue;
        }
        let before = text.get(..at).unwrap_or_default();
        if opens(before)
            && let Some(close) = closing(bytes, at, quote as u8)
        {
            skip_until = close + 1;
            continue;
        }
        tried += 1;
        let row = tokens(text, at + 1, FRAGMENT_TOKENS);
        if let Some(fragment) = fragment(text, &row, context, true) {
            best = Found::best(best, Some(weigh(text, at, fragment)));
        }
    }
    best
}

/// Whether a quote behind `before` opens a string of an expression rather than ends a value.
fn opens(before: &str) -> bool {
    let trimmed = before.trim_end();
    let Some(last) = trimmed.chars().next_back() else { return false };
    if matches!(last, '=' | '<' | '>' | '(' | ',' | ':' | '~' | '[' | '{') {
        return true;
    }
    trimmed.len() < before.len()
        && trimmed.rsplit(|c: char| !c.is_alphanumeric()).next().is_some_and(|word| {
            [
                "eq", "ne", "gt", "ge", "lt", "le", "like", "in", "contains", "and", "or", "not",
                "is", "has",
            ]
            .iter()
            .any(|operator| word.eq_ignore_ascii_case(operator))
        })
}

fn closing(bytes: &[u8], open: usize, quote: u8) -> Option<usize> {
    let tail = bytes.get(open + 1..)?;
    memchr::memchr(quote, tail).map(|at| open + 1 + at)
}

fn as_is(text: &str, row: &[Token]) -> Option<Found> {
    let mut best = statement(text, row);
    if let Some(found) = expression_value(text, row) {
        best = Found::best(best, Some(found));
    }
    if best.as_ref().is_some_and(|found| found.rule == "statement") {
        return best;
    }
    let mut tried = 0;
    for (at, token) in row.iter().enumerate().take(FRAGMENT_TOKENS) {
        let starts = matches!(
            token.kind,
            Kind::Logic
                | Kind::Semicolon
                | Kind::Comma
                | Kind::Arithmetic
                | Kind::Word(
                    "union"
                        | "order"
                        | "having"
                        | "procedure"
                        | "into"
                        | "group"
                        | "except"
                        | "intersect"
                        | "limit"
                        | "waitfor"
                )
        );
        if !starts || tried == MAX_STARTS {
            continue;
        }
        tried += 1;
        let rest = row.get(at..).unwrap_or_default();
        if let Some(fragment) = fragment(text, rest, AS_IS, false) {
            best = Found::best(best, Some(weigh(text, token.start, fragment)));
        }
    }
    best
}

/// A text that is a whole statement: what a console sends. A hint at most.
fn statement(text: &str, row: &[Token]) -> Option<Found> {
    let first = row.first()?;
    let is_statement = match first.kind {
        Kind::Word("select" | "with") => row.iter().any(|token| token.kind == Kind::Word("from")),
        Kind::Word("insert" | "update" | "delete" | "create" | "drop" | "alter") => {
            statement_shape(text, row)
        }
        _ => false,
    };
    is_statement.then(|| Found::new(25, "statement", AS_IS))
}

/// A value that is an expression with a delay, sub-query or metadata, without any break-out.
fn expression_value(text: &str, row: &[Token]) -> Option<Found> {
    let first = row.first()?;
    let mut reader = Reader::new(text, row, 0);
    let starts = matches!(
        first.kind,
        Kind::Name
            | Kind::Number
            | Kind::Open
            | Kind::Variable
            | Kind::Not
            | Kind::Close
            | Kind::Arithmetic
    ) || matches!(first.kind, Kind::Word(_))
        && row.get(1).is_some_and(|t| t.kind == Kind::Open)
        || first.kind == Kind::Word("case");
    if !starts {
        return None;
    }
    while matches!(reader.kind(0), Some(Kind::Close)) {
        reader.at += 1;
    }
    if !reader.condition() {
        return None;
    }
    let complete =
        matches!(reader.kind(0), None | Some(Kind::Comment | Kind::Comma | Kind::Semicolon))
            || matches!(
                reader.kind(0),
                Some(Kind::Name | Kind::Word("asc" | "desc" | "limit" | "from"))
            );
    let traits = reader.traits;
    let end = reader.tokens.get(reader.at).map_or(text.len(), |token| token.start);
    let trailing = words(text.get(end..).unwrap_or_default());
    let score = match () {
        () if !complete => return None,
        () if traits.delay => 82,
        () if traits.subselect => 80,
        () if traits.conditional => 66,
        () if traits.metadata && text.contains("@@") => 65,
        () => return None,
    };
    let score = if trailing >= 3 { 40 } else { score };
    Some(Found {
        tokens: named(traits),
        ..Found::new(score, "expression in place of a value", AS_IS)
    })
}

fn named(traits: Traits) -> Vec<&'static str> {
    let all = [
        (traits.tautology, "constant-comparison"),
        (traits.comparison && !traits.tautology, "comparison"),
        (traits.constant && !traits.tautology, "constant-condition"),
        (traits.subselect, "sub-select"),
        (traits.delay, "delay-or-outreach-function"),
        (traits.function, "function"),
        (traits.json, "json-operator"),
        (traits.metadata, "metadata"),
    ];
    all.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect()
}

/// What follows a break-out: `row` begins behind the quote, or at the first operator.
fn fragment(text: &str, row: &[Token], context: &'static str, quoted: bool) -> Option<Fragment> {
    let mut reader = Reader::new(text, row, 0);
    let mut closed = false;
    while quoted && reader.kind(0) == Some(Kind::Close) {
        reader.at += 1;
        closed = true;
    }
    let first = reader.kind(0);
    let keyword = match first {
        Some(Kind::Word(word)) => word,
        _ => "",
    };
    let (score, rule) = match first? {
        Kind::Logic => logic(&mut reader, quoted)?,
        Kind::Word("union" | "except" | "intersect") => union(&mut reader)?,
        Kind::Semicolon => stacked(&mut reader, quoted)?,
        Kind::Word("waitfor") => stacked_at(&mut reader, quoted)?,
        Kind::Word("order" | "group") => order(&mut reader, quoted)?,
        Kind::Word("having") => {
            reader.at += 1;
            (reader.condition() && reader.traits.tautology).then_some((80, "HAVING probe"))?
        }
        Kind::Word("procedure") => {
            (reader.is_word(1, "analyse")).then_some((85, "PROCEDURE ANALYSE"))?
        }
        Kind::Word("into") => {
            let file = reader.is_word(1, "outfile") || reader.is_word(1, "dumpfile");
            reader.at += 2;
            file.then_some((90, "INTO OUTFILE"))?
        }
        Kind::Word("limit") => limit(&mut reader)?,
        Kind::Comment => comment(&reader, quoted, closed)?,
        Kind::Arithmetic | Kind::Compare | Kind::Json if quoted => operator(&mut reader)?,
        Kind::Arithmetic => bare_operator(&mut reader)?,
        Kind::Comma => list(&mut reader, quoted)?,
        _ => return None,
    };
    Some(finish(reader, score, rule, context, keyword))
}

fn finish(
    mut reader: Reader<'_>,
    score: u8,
    rule: &'static str,
    context: &'static str,
    keyword: &'static str,
) -> Fragment {
    let comment = reader.tokens.get(reader.at).filter(|token| token.kind == Kind::Comment);
    let mut end = reader.tokens.get(reader.at).map_or(reader.text.len(), |token| token.start);
    let mut score = score;
    if comment.is_some() {
        // Words behind a comment sign stay in `end..`, so that prose shows.
        end += 2;
        score = score.saturating_add(5);
    }
    // A last string that never ends and holds prose is prose.
    let last = reader.at.checked_sub(1).and_then(|at| reader.tokens.get(at));
    if let Some(Token { kind: Kind::Text(false), start, .. }) = last
        && words(reader.text.get(*start..).unwrap_or_default()) >= 3
    {
        end = *start + 1;
    }
    let whole = comment.is_some()
        || matches!(
            reader.kind(0),
            None | Some(
                Kind::Semicolon
                    | Kind::Close
                    | Kind::Word(_)
                    | Kind::Logic
                    | Kind::Comma
                    | Kind::Text(_)
            )
        );
    let mut traits = reader.traits;
    if comment.is_none() {
        reader.note_rest();
        traits = reader.traits;
    }
    if traits.json {
        score = score.saturating_add(5);
    }
    let mut tokens = named(traits);
    if !keyword.is_empty() {
        tokens.insert(0, keyword);
    }
    if comment.is_some() {
        tokens.push("comment");
    }
    Fragment { found: Found { tokens, ..Found::new(score.min(100), rule, context) }, end, whole }
}
