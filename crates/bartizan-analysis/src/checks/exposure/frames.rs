//! Frames of a stack by their form, for languages and libraries of which no mark is known.

/// Endings of files with source code.
const SOURCES: [&str; 28] = [
    "c", "cc", "clj", "cpp", "cs", "dart", "erl", "ex", "exs", "fs", "go", "groovy", "java", "js",
    "jsx", "kt", "lua", "mjs", "php", "pl", "py", "rb", "rs", "scala", "swift", "ts", "tsx", "vb",
];
/// Most lines of a text that are looked at: a trace begins near the front of what it is in.
const LINES: usize = 200;
/// Longest line of a frame, in bytes.
const LINE: usize = 512;

/// Whether a text has frames of a stack: a line `at name (file:line)`, or two that only name a file of source code and a
/// line of it. One of the latter may be what a compiler or a linter tells about a file of its caller.
pub(super) fn are_in(text: &str) -> bool {
    let lines = text.lines().take(LINES).map(str::trim).filter(|line| line.len() <= LINE);
    let mut bare = 0;
    for line in lines {
        match frame(line) {
            Some(Frame::Named) => return true,
            Some(Frame::Bare) => bare += 1,
            None => {}
        }
        if bare == 2 {
            return true;
        }
    }
    false
}

enum Frame {
    /// With the name of what was running.
    Named,
    /// A place in a file.
    Bare,
}

fn frame(line: &str) -> Option<Frame> {
    if let Some(rest) = line.strip_prefix("at ") {
        let named = rest
            .strip_suffix(')')
            .and_then(|rest| rest.rsplit_once(" (").or_else(|| rest.rsplit_once('(')));
        return match named {
            Some((name, place)) => (!name.is_empty() && is_place(place)).then_some(Frame::Named),
            None => is_place(rest).then_some(Frame::Bare),
        };
    }
    if let Some(rest) = line.strip_prefix("File \"") {
        // Python: `File "/srv/app.py", line 7, in pay`
        let (file, rest) = rest.split_once("\", line ")?;
        let is_line = rest.starts_with(|first: char| first.is_ascii_digit());
        return (is_line && has_source(file)).then_some(Frame::Bare);
    }
    // Go: `/srv/main.go:12 +0x1d`
    let (place, offset) = line.split_once(" +0x")?;
    let is_offset = !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_offset && is_place(place)).then_some(Frame::Bare)
}

/// `src/db.rs:88` or, with a column, `src/db.rs:88:5`.
fn is_place(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((rest, last)) = text.rsplit_once(':').filter(|(_, last)| digits(last)) else {
        return false;
    };
    match rest.rsplit_once(':').filter(|(_, line)| digits(line)) {
        Some((file, _)) => has_source(file),
        None => !last.is_empty() && has_source(rest),
    }
}

fn has_source(file: &str) -> bool {
    let ending = file.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| SOURCES.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_by_their_form() {
        for text in [
            "EOF while parsing\n  at shop::db::run (src/db.rs:88)\n  at serve (src/server.rs:41)",
            "TypeError: x is undefined\n    at Object.pay (/srv/app/pay.js:10:15)",
            "    at shop.Orders.find(Orders.java:120)",
            "   0: shop::pay\n             at ./src/pay.rs:12:5\n   1: main\n             at ./src/main.rs:4:1",
            "  File \"/srv/app.py\", line 7, in pay\n    x()\n  File \"/srv/x.py\", line 1, in x",
            "main.pay(0x1)\n\t/srv/main.go:12 +0x1d\nmain.main()\n\t/srv/main.go:4 +0x2a",
        ] {
            assert!(are_in(text), "{text}");
        }
    }

    #[test]
    fn other_texts_have_none() {
        for text in [
            "",
            "meet me at noon (room 3:15)",
            "syntax error\nat main.py:3",
            "at (src/db.rs:88)",
            "at 10:30",
            "delivered at gate.js",
            "File \"notes.txt\", line 3\nFile \"notes.txt\", line 4",
            "see src/db.rs:88 and src/db.rs:89",
            "at home (https://example.com:443)",
        ] {
            assert!(!are_in(text), "{text}");
        }
    }
}
