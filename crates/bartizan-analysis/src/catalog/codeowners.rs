//! Who owns a file, as a CODEOWNERS file says: the last line whose pattern fits counts.
//!
//! As GitHub and GitLab read it (docs.github.com "About code owners", docs.gitlab.com "CODEOWNERS
//! syntax"): a pattern with a slash in front or inside begins at the root, any other fits at every
//! depth; one that names a folder fits all below it. A section head of GitLab gives owners to lines
//! that name none. Lines with what neither allows (`!`, `[a-z]`) are passed over.

use super::pattern::PathGlob;

/// Largest file, in bytes: what GitHub reads.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;
/// Most lines that are read.
const MAX_LINES: usize = 20_000;
/// Longest list of owners, in bytes.
const MAX_OWNERS: usize = 256;

/// A CODEOWNERS file, read.
#[derive(Clone, Debug, Default)]
pub struct Codeowners {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    number: usize,
    pattern: PathGlob,
    owners: String,
}

impl Codeowners {
    /// Reads a file; what is beyond 20,000 lines is not read.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut of_section = String::new();
        for (at, line) in text.lines().take(MAX_LINES).enumerate() {
            let line = line.split(" #").next().unwrap_or("").trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(owners) = section(line) {
                of_section = owners;
                continue;
            }
            let (pattern, owners) = split(line);
            let Some(pattern) = pattern_of(&pattern) else { continue };
            let owners = if owners.is_empty() { of_section.clone() } else { joined(owners) };
            lines.push(Line { number: at + 1, pattern, owners });
        }
        Self { lines }
    }

    /// Owners of a file, given by its path from the root with `/` between folders, and the number of
    /// the line that says so; `None` when no line fits, or the last one that does names nobody.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<(&str, usize)> {
        let line = self.lines.iter().rev().find(|line| line.pattern.fits(path))?;
        (!line.owners.is_empty()).then_some((line.owners.as_str(), line.number))
    }
}

/// Default owners of a section, when the line is the head of one: `[Name]`, `^[Name][2] @owner`.
fn section(line: &str) -> Option<String> {
    let rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (_, mut behind) = rest.split_once(']')?;
    if let Some((_, after)) = behind.strip_prefix('[').and_then(|count| count.split_once(']')) {
        behind = after;
    }
    Some(joined(behind))
}

/// Pattern and owners of a line; a space in a pattern is written `\ `.
fn split(line: &str) -> (String, &str) {
    let mut pattern = String::new();
    let mut chars = line.char_indices();
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\\' => pattern.extend(chars.next().map(|(_, next)| next)),
            ch if ch.is_whitespace() => return (pattern, line.get(at..).unwrap_or_default()),
            ch => pattern.push(ch),
        }
    }
    (pattern, "")
}

fn joined(owners: &str) -> String {
    let mut out = String::new();
    let is_fit = |owner: &&str| !owner.chars().any(char::is_control);
    for owner in owners.split_whitespace().filter(is_fit) {
        if out.len() + owner.len() + 2 > MAX_OWNERS {
            break;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(owner);
    }
    out
}

fn pattern_of(text: &str) -> Option<PathGlob> {
    if text.starts_with('!') || text.contains(['[', ']', '?']) {
        return None;
    }
    let is_folder = text.ends_with('/');
    let body = text.trim_end_matches('/');
    let is_from_root = body.contains('/');
    let last = body.rsplit('/').next().unwrap_or(body);
    let glob = PathGlob::new(body).ok()?;
    let glob = if is_from_root { glob } else { glob.anywhere() };
    // `docs/*` is the files of that folder; `docs` and `docs/` also all below.
    let is_file_only = last.contains('*') && !is_folder && is_from_root;
    Some(if is_file_only { glob } else { glob.and_below() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# who owns what
* @all
*.yaml @specs   # of any depth
/apis/ @platform
apis/payments/** @payments @lead
/docs/* docs@example.com
!/apis/secret @nobody
/with\\ space/ @space
/apis/orphan/
[Billing] @billing-default
/billing/
^[Optional][2] @optional
/optional/ @other
";

    #[test]
    fn the_last_line_that_fits_counts() {
        let owners = Codeowners::parse(FILE);
        for (path, owner) in [
            ("README.md", Some(("@all", 2))),
            ("deep/below/openapi.yaml", Some(("@specs", 3))),
            ("apis/orders/openapi.yaml", Some(("@platform", 4))),
            ("apis/payments/v1/openapi.yaml", Some(("@payments, @lead", 5))),
            ("docs/a.md", Some(("docs@example.com", 6))),
            ("docs/more/a.md", Some(("@all", 2))),
            ("apis/secret", Some(("@platform", 4))),
            ("with space/a", Some(("@space", 8))),
            ("apis/orphan/openapi.yaml", None),
            ("billing/a.yaml", Some(("@billing-default", 11))),
            ("optional/a", Some(("@other", 13))),
        ] {
            assert_eq!(owners.owner(path), owner, "{path}");
        }
        assert_eq!(Codeowners::default().owner("a"), None);
    }

    #[test]
    fn hostile_files_are_bounded() {
        let many = "* @a\n".repeat(MAX_LINES + 5);
        assert_eq!(Codeowners::parse(&many).lines.len(), MAX_LINES);
        let long = format!("* {}", "@someone ".repeat(1_000));
        let owners = Codeowners::parse(&long);
        assert!(owners.owner("a").is_some_and(|(owners, _)| owners.len() <= MAX_OWNERS));
        assert_eq!(Codeowners::parse("* @a\u{1b}[2J @b").owner("a"), Some(("@b", 1)));
        let odd = "\\\n[\n^[\n[a\n**x @a\n\\";
        assert_eq!(Codeowners::parse(odd).owner("a"), None);
    }
}
