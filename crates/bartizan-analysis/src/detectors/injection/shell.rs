//! Tokens of shells: separators, substitutions and the command word behind them.

use super::{
    Found,
    mention::{Around, is_document, words},
    shell_command::{Command, expansion},
    shell_words::TOOLS,
};

/// Separators that are tried in one text.
const MAX_STARTS: usize = 64;

const AS_IS: &str = "as it is";

/// The best explanation of `text` as command injection.
pub(crate) fn judge(text: &str) -> Option<Found> {
    let mut best = special(text);
    let command = begins_as_command(text);
    let mut tried = 0;
    for (at, byte) in text.bytes().enumerate() {
        let Some((after, substitution)) = separator(text, at, byte) else { continue };
        if tried == MAX_STARTS {
            break;
        }
        tried += 1;
        if let Some(found) = behind(text, at, after, substitution) {
            best = Found::best(best, Some(found));
        }
    }
    let mut best = best?;
    let certain = ["JNDI look-up", "Shellshock", "remote shell"].contains(&best.rule);
    if !certain && (command || is_document(text)) {
        best.score = best.score.min(40);
    }
    Some(best)
}

fn is(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a value is a command by design: its first word is a program.
fn begins_as_command(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with(['#', '$']) && !text.starts_with("$(") && !text.starts_with("${")
        || text.starts_with("./")
    {
        return true;
    }
    let first = text.split([' ', '\n', ';', '|', '&']).next().unwrap_or_default();
    let next = text.get(first.len()..).unwrap_or_default();
    let assignment = first.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    });
    let stage = text.split([';', '|', '&', '\n']).next().unwrap_or_default();
    let program = first.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let flags = stage.split_ascii_whitespace().skip(1).any(|word| {
        word.starts_with('-')
            && word.as_bytes().get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'-')
    });
    (TOOLS.has(first.as_bytes()) && next.starts_with(' '))
        || assignment
        || (program && !first.is_empty() && flags)
}

/// A separator or substitution at `at`: where the command begins.
fn separator(text: &str, at: usize, byte: u8) -> Option<(usize, bool)> {
    let next = text.as_bytes().get(at + 1).copied().unwrap_or(0);
    match (byte, next) {
        (b'$' | b'<' | b'>', b'(') => Some((at + 2, true)),
        (b'`', _) => Some((at + 1, true)),
        (b';' | b'|' | b'&' | b'\n' | b'\r', _) => Some((at + 1, false)),
        _ => None,
    }
}

fn behind(text: &str, at: usize, after: usize, substitution: bool) -> Option<Found> {
    let separator = text.as_bytes().get(at).copied()?;
    let mut after = after;
    while text.as_bytes().get(after).is_some_and(|b| matches!(b, b'|' | b'&' | b';')) {
        after += 1;
    }
    let command = Command::read(text.as_bytes(), after)?;
    let Command { sure, length, has_path: path, end, disguised, .. } = command;
    // Traces of minified code have lines that begin with two letters.
    if !sure && length <= 2 && matches!(separator, b'\n' | b'\r') {
        return None;
    }
    let rest = text.get(end..).unwrap_or_default();
    let argument = argument(rest);
    let ended = matches!(
        rest.trim_start().chars().next(),
        None | Some(';' | '|' | '&' | '`' | ')' | '#' | '\'' | '"' | '\n' | '>' | '}')
    );
    let mut score: u8 = match (sure || path, argument, ended) {
        (true, Argument::Plain, _) => 88,
        (true, _, true) => 72,
        (true, Argument::Maybe, _) if length > 3 => 60,
        (true, Argument::Maybe, _) if administers(&command, rest) => 80,
        (false, Argument::Plain, _) => 82,
        (false, _, true) if disguised => 70,
        (false, _, true) if substitution && separator == b'$' => 62,
        _ => return None,
    };
    if disguised {
        score = score.saturating_add(12);
    }
    let before = text.get(..at).unwrap_or_default();
    if substitution && separator == b'$' && (sure || argument == Argument::Plain) {
        score = score.saturating_add(12);
    }
    if separator == b'`' {
        score = if words(before) + words(rest) >= 3 { 25 } else { score };
    }
    if substitution && argument == Argument::No && words(before) >= 3 {
        score = score.min(40);
    }
    if separator == b'\n' || separator == b'\r' {
        score = score.saturating_sub(12);
    }
    // `name;id` and `name|ip` are lists of names.
    let short = length <= 3 && !disguised && !path && argument != Argument::Plain && !substitution;
    let doubled = after > at + 1 && matches!(separator, b'|' | b'&');
    let noun = !command.is(&["ls", "ps", "pwd", "df"]) && !doubled;
    let short = short && noun;
    let list = before
        .bytes()
        .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b';' | b'|' | b',' | b' '));
    let table = separator == b'|' && text.matches('|').count() >= 3;
    if short
        && (table
            || (list && !before.trim().is_empty())
            || (separator == b'&' && rest.starts_with('=')))
    {
        score = score.min(42);
    }
    let url = before.contains("://") && separator == b'&';
    if url && !ended && argument != Argument::Plain {
        return None;
    }
    let last = tail_end(text, end);
    if Around::of(text, at, last).is_mention() {
        score = score.min(40);
    } else if words(before) >= 6 {
        score = score.saturating_sub(15);
    }
    let rule = if substitution { "command substitution" } else { "command behind a separator" };
    Some(Found {
        tokens: command.known.into_iter().collect(),
        ..Found::new(score.min(100), rule, AS_IS)
    })
}

/// `net user`, `reg query`: subcommands of Windows.
fn administers(command: &Command, rest: &str) -> bool {
    let word = rest.split_ascii_whitespace().next().unwrap_or_default();
    (command.is(&["net"]) && is(&["user", "localgroup", "view", "use", "start"], word))
        || (command.is(&["reg"]) && is(&["query", "add", "save"], word))
}

/// The end of the arguments, as far as prose is concerned: two words on.
fn tail_end(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let mut spaces = rest.match_indices([' ', '\n']);
    let _ = spaces.next();
    spaces.nth(1).map_or(text.len(), |(at, _)| end + at)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    Plain,
    Maybe,
    No,
}

/// What stands behind a command word.
fn argument(rest: &str) -> Argument {
    if let Some(used) = expansion(rest.as_bytes()) {
        return if rest.len() > used { Argument::Plain } else { Argument::No };
    }
    if rest.starts_with('<') || rest.starts_with(',') && rest.contains('}') {
        return Argument::Plain;
    }
    if !rest.starts_with([' ', '\t', '+']) {
        return Argument::No;
    }
    let trimmed = rest.trim_start_matches([' ', '\t', '+']);
    let first = trimmed.split([' ', '\n', ';', '|', '&', ')', '`']).next().unwrap_or_default();
    let bytes = first.as_bytes();
    let plain = match bytes {
        [b'-', b'a'..=b'z' | b'A'..=b'Z' | b'-', ..] => true,
        [b'/' | b'~' | b'$' | b'*' | b'%' | b'<' | b'>', _, ..] => true,
        [b'\'' | b'"', ..] => first.len() > 2,
        [b'0'..=b'9', ..] => bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.'),
        _ => {
            first.contains("://")
                || first.contains('/') && !first.starts_with('/')
                || first.contains('\\')
                || first.strip_suffix('.').unwrap_or(first).contains('.')
        }
    };
    match () {
        () if plain => Argument::Plain,
        () if first.is_empty() => Argument::No,
        () => Argument::Maybe,
    }
}

/// Forms that need no separator.
fn special(text: &str) -> Option<Found> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).take(4_096).collect();
    let lower = squeezed.to_ascii_lowercase();
    if lower.contains("(){")
        && (lower.contains("(){:") || lower.contains("(){_") || lower.contains("};"))
        && lower.starts_with("()")
    {
        return Some(Found::new(95, "Shellshock", AS_IS));
    }
    if lower.contains("${") && jndi(&lower) {
        return Some(Found::new(95, "JNDI look-up", AS_IS));
    }
    if lower.contains("%comspec%") && lower.contains("/c") {
        return Some(Found::new(85, "shell with a command", AS_IS));
    }
    let mention = words(text) >= 6;
    let cap = |score: u8| if mention { score.min(40) } else { score };
    if lower.contains("/dev/tcp/") || lower.contains("bash-i") || lower.contains("<!--#exec") {
        return Some(Found::new(cap(90), "remote shell", AS_IS));
    }
    if lower.contains("/bin/sh-c")
        || lower.contains("/bin/bash-c")
        || lower.starts_with("cmd/c")
        || lower.starts_with("cmd.exe/c")
        || lower.starts_with("powershell-")
        || lower.contains("powershell.exe-")
    {
        return Some(Found::new(cap(75), "shell with a command", AS_IS));
    }
    if lower.starts_with("-oproxycommand=")
        || lower.starts_with("--upload-pack=")
        || lower.contains("--checkpoint-action=exec")
        || lower.starts_with("--use-compress-program")
    {
        return Some(Found::new(80, "argument that runs a command", AS_IS));
    }
    let calls = [
        "system('",
        "system(\"",
        "exec('",
        "exec(\"",
        "passthru('",
        "passthru(\"",
        "popen('",
        "popen(\"",
        "getruntime()",
        "child_process",
        "__import__('os')",
        "__import__(\"os\")",
    ];
    calls
        .iter()
        .any(|call| lower.contains(call))
        .then(|| Found::new(cap(72), "call that runs a command", AS_IS))
}

/// `${jndi:` with nested look-ups resolved once.
fn jndi(lower: &str) -> bool {
    if lower.contains("${jndi:") {
        return true;
    }
    let mut out = String::new();
    let mut rest = lower;
    for _ in 0..64 {
        let Some(close) = rest.find('}') else { break };
        let head = rest.get(..close).unwrap_or_default();
        match head.rfind("${") {
            Some(open) if !head.get(open..).is_some_and(|inner| inner.contains("ndi")) => {
                out.push_str(head.get(..open).unwrap_or_default());
                let inner = head.get(open + 2..).unwrap_or_default();
                out.push_str(inner.rsplit([':', '-']).next().unwrap_or_default());
            }
            _ => out.push_str(head),
        }
        rest = rest.get(close + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.contains("${jndi")
}
