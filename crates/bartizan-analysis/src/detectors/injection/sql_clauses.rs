//! The clauses of SQL that injections add: each says how sure it is, or that it is something else.

use super::{
    sql_expression::Reader,
    sql_tokens::{Kind, Token},
};

/// Tokens of a statement that are read behind FROM.
const CLAUSE_TOKENS: usize = 192;

pub(crate) fn cut(reader: &Reader<'_>) -> bool {
    matches!(reader.kind(0), Some(Kind::Comment | Kind::Semicolon))
}

pub(crate) fn logic(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
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
        () if traits.constant && traits.json && quoted => (85, "condition on JSON"),
        () if traits.comparison && traits.json => {
            (if quoted { 85 } else { 65 }, "condition on JSON")
        }
        () if traits.comparison && quoted => {
            (if cut(reader) { 80 } else { 68 }, "condition behind a quote")
        }
        () if traits.comparison && cut(reader) => (60, "condition before a comment"),
        () if traits.constant && ended && quoted && !ends_in_string(reader) => {
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
pub(crate) fn ends_in_string(reader: &Reader<'_>) -> bool {
    let last = reader.at.checked_sub(1).and_then(|at| reader.tokens.get(at));
    last.is_some_and(|token| token.kind == Kind::Text(true))
}

pub(crate) fn union(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
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
pub(crate) fn select_list(reader: &mut Reader<'_>) -> bool {
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
pub(crate) fn from(reader: &mut Reader<'_>) {
    let _ = reader.condition();
    for _ in 0..CLAUSE_TOKENS {
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

pub(crate) fn stacked(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    while reader.kind(0) == Some(Kind::Semicolon) {
        reader.at += 1;
    }
    if quoted && reader.kind(0) == Some(Kind::Comment) {
        let dashes = reader.written(reader.at).trim_end();
        let empty = dashes.starts_with("--") && dashes.len() <= 5;
        return empty.then_some((70, "statement ended"));
    }
    stacked_at(reader, quoted)
}

pub(crate) fn stacked_at(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
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
pub(crate) fn statement_shape(text: &str, row: &[Token]) -> bool {
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

pub(crate) fn order(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
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

pub(crate) fn limit(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
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
pub(crate) fn comment(
    reader: &Reader<'_>,
    quoted: bool,
    closed: bool,
) -> Option<(u8, &'static str)> {
    let token = reader.tokens.get(reader.at)?;
    let body = reader.text.get(token.start..)?;
    let dashes = body.starts_with("--") || body.starts_with("/*");
    let empty = body.trim_start_matches(['-', '#', ' ', '+', '/', '*']).len() <= 4;
    (quoted && empty && (dashes || body.trim_end().len() <= 2))
        .then_some((if closed || dashes { 70 } else { 58 }, "comment behind a quote"))
}

/// `'||(select …)||'`, `'+sleep(5)+'`, `'='`.
pub(crate) fn operator(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
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
pub(crate) fn bare_operator(reader: &mut Reader<'_>) -> Option<(u8, &'static str)> {
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

pub(crate) fn list(reader: &mut Reader<'_>, quoted: bool) -> Option<(u8, &'static str)> {
    while reader.kind(0) == Some(Kind::Comma) {
        reader.at += 1;
        if !reader.condition() {
            return None;
        }
    }
    match () {
        () if reader.traits.delay => Some((85, "list with a delay")),
        () if reader.traits.subselect => Some((82, "list with a sub-query")),
        () if reader.traits.conditional => Some((66, "list with a condition")),
        () if quoted && reader.kind(0) == Some(Kind::Comment) => {
            Some((78, "list before a comment"))
        }
        () if quoted && reader.traits.metadata => Some((70, "list with metadata")),
        () => None,
    }
}
