//! Decides on tokens of SQL: does the text leave the place of a value?

use super::{
    Found,
    mention::{Around, is_document, words},
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
    if is_document(text) {
        best.score = best.score.min(45);
    }
    Some(best)
}

/// Lowers the score of fragments that prose only mentions.
fn weigh(text: &str, start: usize, fragment: Fragment) -> Found {
    let Fragment { mut found, end, whole } = fragment;
    let around = Around::of(text, start, end);
    if around.is_mention() || (!whole && around.after >= 1) {
        found.score = found.score.min(40);
    } else if around.before >= 4 && found.score < 85 {
        found.score = found.score.saturating_sub(20);
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

fn cut(reader: &Reader<'_>) -> bool {
    matches!(reader.kind(0), Some(Kind::Comment | Kind::Semicolon))
}

fn logic(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    let or_word = reader.written(reader.at).eq_ignore_ascii_case("or");
    reader.at += 1;
    if !reader.condition() {
        return None;
    }
    let traits = reader.traits;
    let ended = reader.kind(0).is_none() || cut(reader);
    Some(match () {
        () if traits.delay => (92, "condition with a delay"),
        () if traits.subselect => (88, "condition with a sub-query"),
        () if traits.tautology => (if quoted { 88 } else { 82 }, "condition that is constant"),
        () if traits.metadata => (75, "condition on metadata"),
        () if traits.comparison && traits.function => {
            (if quoted { 85 } else { 70 }, "condition on a function")
        }
        () if traits.comparison && traits.json => {
            (if quoted { 85 } else { 65 }, "condition on JSON")
        }
        () if traits.comparison && quoted => {
            (if cut(reader) { 80 } else { 68 }, "condition behind a quote")
        }
        () if traits.comparison && cut(reader) => (60, "condition before a comment"),
        () if traits.constant && ended && quoted && (cut(reader) || !ends_in_string(reader)) => {
            (75, "constant condition")
        }
        () if traits.constant
            && or_word
            && (cut(reader)
                || reader.written(reader.at.saturating_sub(1)).eq_ignore_ascii_case("true")) =>
        {
            (62, "constant condition")
        }
        () if traits.function && quoted => (70, "concatenated function"),
        () if quoted
            && reader.kind(0).is_none()
            && matches!(
                reader.tokens.get(reader.at.saturating_sub(1)).map(|t| t.kind),
                Some(Kind::Text(false))
            ) =>
        {
            (62, "concatenated string")
        }
        () => return None,
    })
}

/// Whether the last token is a whole string: behind a break-out the statement's own quote would end
/// it.
fn ends_in_string(reader: &Reader<'_>) -> bool {
    let last = reader.at.checked_sub(1).and_then(|at| reader.tokens.get(at));
    last.is_some_and(|token| token.kind == Kind::Text(true))
}

fn union(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
    reader.at += 1;
    while reader.is_word(0, "all")
        || reader.is_word(0, "distinct")
        || reader.kind(0) == Some(Kind::Open)
    {
        reader.at += 1;
    }
    if !reader.is_word(0, "select") && !reader.is_word(0, "values") {
        return None;
    }
    reader.at += 1;
    select_list(reader).then_some((92, "UNION SELECT"))
}

/// Select list with something that prose has not: constants, calls, `*`, commas, FROM.
fn select_list(reader: &mut Reader<'_>) -> bool {
    let mut sure = false;
    loop {
        while reader.is_word(0, "all")
            || reader.is_word(0, "distinct")
            || reader.kind(0) == Some(Kind::Open)
        {
            reader.at += 1;
        }
        let star = reader.written(reader.at) == "*";
        let name = reader.kind(0) == Some(Kind::Name) && reader.kind(1) != Some(Kind::Open);
        let before = reader.at;
        if star {
            reader.at += 1;
        } else if !reader.condition() {
            return sure;
        }
        sure |= star || !name || reader.at > before + 1;
        while reader.kind(0) == Some(Kind::Close) {
            reader.at += 1;
        }
        if reader.is_word(0, "as") {
            reader.at += 2;
        }
        match reader.kind(0) {
            Some(Kind::Comma) => {
                sure = true;
                reader.at += 1;
            }
            Some(Kind::Word("from")) => {
                sure |= matches!(reader.kind(1), Some(Kind::Name | Kind::Open | Kind::Word(_)))
                    && reader.kind(2) != Some(Kind::Name);
                reader.at += 1;
                from(reader);
                return sure;
            }
            Some(Kind::Comment) => return true,
            _ => return sure,
        }
    }
}

/// What follows FROM, to the end of the statement.
fn from(reader: &mut Reader<'_>) {
    let _ = reader.condition();
    for _ in 0..FRAGMENT_TOKENS {
        match reader.kind(0) {
            Some(Kind::Word(
                "where" | "limit" | "order" | "by" | "group" | "as" | "join" | "offset" | "into"
                | "outfile" | "dumpfile" | "having" | "for",
            ))
            | Some(Kind::Comma | Kind::Close) => reader.at += 1,
            _ => return,
        }
        let _ = reader.condition();
    }
}

fn stacked(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    while reader.kind(0) == Some(Kind::Semicolon) {
        reader.at += 1;
    }
    if reader.kind(0) == Some(Kind::Comment) && quoted {
        return Some((70, "statement ended"));
    }
    stacked_at(reader, quoted)
}

fn stacked_at(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    let rest = reader.tokens.get(reader.at..).unwrap_or_default();
    if !statement_shape(reader.text, rest) {
        return None;
    }
    // The statement goes on to its end or comment.
    while !matches!(reader.kind(0), None | Some(Kind::Comment | Kind::Semicolon)) {
        let plain = matches!(reader.kind(0), Some(Kind::Name))
            && matches!(reader.kind(1), Some(Kind::Name))
            && matches!(reader.kind(2), Some(Kind::Name));
        if plain {
            break;
        }
        reader.at += 1;
    }
    Some((if quoted { 92 } else { 85 }, "stacked statement"))
}

/// Whether a statement begins here, by its second token or more.
fn statement_shape(text: &str, row: &[Token]) -> bool {
    let mut reader = Reader::new(text, row, 0);
    let Some(first) = reader.kind(0) else { return false };
    let second = reader.kind(1);
    let second_word = reader.written(1);
    let one_of = |words: &[&str]| words.iter().any(|word| second_word.eq_ignore_ascii_case(word));
    match first {
        Kind::Word("select") => {
            reader.at = 1;
            select_list(&mut reader)
        }
        Kind::Word("drop" | "alter" | "create") => {
            one_of(&[
                "table",
                "database",
                "schema",
                "user",
                "view",
                "index",
                "role",
                "procedure",
                "function",
                "trigger",
                "login",
                "extension",
                "alias",
                "or",
            ]) && reader.kind(2).is_some()
        }
        Kind::Word("insert" | "merge") => one_of(&["into"]) && reader.kind(2).is_some(),
        Kind::Word("delete") => {
            one_of(&["from"]) && reader.kind(3).is_none_or(|kind| kind != Kind::Name)
        }
        Kind::Word("update") => row.iter().take(5).any(|token| token.kind == Kind::Word("set")),
        Kind::Word("truncate") => one_of(&["table"]),
        Kind::Word("waitfor") => {
            one_of(&["delay", "time"]) && matches!(reader.kind(2), Some(Kind::Text(_)))
        }
        Kind::Word("exec" | "execute" | "call") => {
            matches!(second, Some(Kind::Name | Kind::Open)) && (reader.kind(2) != Some(Kind::Name))
        }
        Kind::Word("declare") => second == Some(Kind::Variable),
        Kind::Word("shutdown") => matches!(second, None | Some(Kind::Comment | Kind::Semicolon)),
        Kind::Word("copy") => row.iter().take(8).any(|token| {
            token.kind == Kind::Word("from")
                || text
                    .get(token.start..token.end)
                    .is_some_and(|w| w.eq_ignore_ascii_case("program"))
        }),
        Kind::Word("grant" | "revoke") => row.iter().take(8).any(|t| {
            text.get(t.start..t.end)
                .is_some_and(|w| w.eq_ignore_ascii_case("on") || w.eq_ignore_ascii_case("to"))
        }),
        Kind::Word("attach") => one_of(&["database"]),
        Kind::Word("begin") => {
            row.iter().take(3).any(|t| t.kind == Kind::Open || t.kind == Kind::Dot)
        }
        Kind::Word("set") => second == Some(Kind::Variable),
        Kind::Name => reader.condition() && reader.traits.delay,
        _ => false,
    }
}

fn order(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    if !reader.is_word(1, "by") {
        return None;
    }
    reader.at += 2;
    let number = reader.kind(0) == Some(Kind::Number);
    if !reader.condition() {
        return None;
    }
    while reader.kind(0) == Some(Kind::Comma) {
        reader.at += 1;
        let _ = reader.condition();
    }
    let ended = matches!(
        reader.kind(0),
        None | Some(Kind::Comment | Kind::Word("having" | "asc" | "desc"))
    );
    match () {
        () if reader.traits.subselect || reader.traits.delay => {
            Some((88, "ORDER BY with a sub-query"))
        }
        () if number && ended => {
            Some((if quoted || cut(reader) { 82 } else { 70 }, "ORDER BY column probe"))
        }
        () if quoted && cut(reader) => Some((70, "ORDER BY behind a quote")),
        () => None,
    }
}

fn limit(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
    reader.at += 1;
    let _ = reader.condition();
    match reader.kind(0) {
        Some(Kind::Word("into"))
            if reader.is_word(1, "outfile") || reader.is_word(1, "dumpfile") =>
        {
            Some((88, "INTO OUTFILE"))
        }
        Some(Kind::Word("union")) => union(reader),
        Some(Kind::Comment) => Some((60, "LIMIT before a comment")),
        _ => None,
    }
}

/// A comment directly behind the quote: `admin'--`.
fn comment(reader: &Reader<'_>, quoted: bool, closed: bool) -> Option<(u8, &'static str)> {
    let token = reader.tokens.get(reader.at)?;
    let body = reader.text.get(token.start..)?;
    let dashes = body.starts_with("--") || body.starts_with("/*");
    let empty = body.trim_start_matches(['-', '#', ' ', '+', '/', '*']).len() <= 4;
    (quoted && empty && (dashes || body.trim_end().len() <= 2))
        .then_some((if closed || dashes { 70 } else { 58 }, "comment behind a quote"))
}

/// `'||(select …)||'`, `'+sleep(5)+'`, `'='`.
fn operator(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
    let json = reader.kind(0) == Some(Kind::Json);
    let compare = reader.kind(0) == Some(Kind::Compare);
    let start = reader.at;
    while matches!(reader.kind(0), Some(Kind::Arithmetic | Kind::Compare | Kind::Json | Kind::Not))
    {
        reader.at += 1;
    }
    if !reader.condition() {
        return None;
    }
    let traits = reader.traits;
    let single = reader.at == start + 2;
    let open_end = matches!(reader.tokens.get(reader.at.saturating_sub(1)), Some(Token { kind: Kind::Text(false), start, end }) if end - start <= 2);
    match () {
        () if traits.delay => Some((92, "operator with a delay")),
        () if traits.subselect => Some((88, "operator with a sub-query")),
        () if traits.function && reader.kind(0).is_none() => Some((72, "operator with a function")),
        () if json || traits.json => Some((65, "JSON operator behind a quote")),
        () if traits.tautology => Some((75, "condition that is constant")),
        () if compare && cut(reader) => Some((70, "comparison before a comment")),
        () if open_end && single && reader.text.len() <= 8 => Some((60, "operator between quotes")),
        () if reader.text.contains("--") && cut(reader) => Some((60, "operator before a comment")),
        () => None,
    }
}

/// `1-sleep(5)`, `1*(select …)`.
fn bare_operator(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
    reader.at += 1;
    if !reader.condition() {
        return None;
    }
    match () {
        () if reader.traits.delay => Some((85, "operator with a delay")),
        () if reader.traits.subselect => Some((80, "operator with a sub-query")),
        () => None,
    }
}

fn list(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    while reader.kind(0) == Some(Kind::Comma) {
        reader.at += 1;
        if !reader.condition() {
            return None;
        }
    }
    match () {
        () if reader.traits.delay => Some((85, "list with a delay")),
        () if reader.traits.subselect => Some((82, "list with a sub-query")),
        () if quoted && reader.kind(0) == Some(Kind::Comment) => {
            Some((78, "list before a comment"))
        }
        () if quoted && reader.traits.metadata => Some((70, "list with metadata")),
        () => None,
    }
}
