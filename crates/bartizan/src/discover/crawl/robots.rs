//! `robots.txt` (RFC 9309): what robots are asked to leave alone, and what that tells.

use super::address::encoded;

/// Most bytes of it that are read; RFC 9309 §2.5 asks for 500 KiB at least.
const MAX_BYTES: usize = 512 * 1024;
/// Most rules that are kept.
const MAX_RULES: usize = 1_000;
/// Most sitemaps that are kept.
const MAX_SITEMAPS: usize = 100;
/// Longest path of a rule, in bytes.
const MAX_PATH: usize = 2_048;
/// Most stars of a pattern: behind them a rule that forbids forbids all, and one that allows is left out. What
/// is compared with each link must not take long.
const MAX_STARS: usize = 16;
/// The name by which a group of rules means this program.
const NAME: &str = "bartizan";

/// What a robot may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// Whether a path is allowed, and the pattern for it.
    rules: Vec<(bool, String)>,
    /// Nothing is allowed: RFC 9309 §2.3.1.4, when there may be rules and they cannot be read.
    closed: bool,
}

/// What stands in a `robots.txt`.
#[derive(Clone, Debug, Default)]
pub(super) struct Robots {
    /// Rules of the group for this program, else of that for all.
    pub(super) rules: Rules,
    /// Sitemaps as written.
    pub(super) sitemaps: Vec<String>,
    /// Paths of all groups as written: whether each is allowed, and the path.
    pub(super) paths: Vec<(bool, String)>,
}

impl Rules {
    /// Nothing may be asked for.
    pub(super) const fn closed() -> Self {
        Self { rules: Vec::new(), closed: true }
    }

    /// Whether a target may be asked for: the longest rule that fits decides, and of two alike the one
    /// that allows.
    pub(super) fn allow(&self, target: &str) -> bool {
        if self.closed {
            return false;
        }
        let fitting = self.rules.iter().filter(|(_, pattern)| fits(pattern, target));
        let best = fitting.max_by_key(|(allows, pattern)| (pattern.len(), *allows));
        best.is_none_or(|(allows, _)| *allows)
    }
}

/// Reads a `robots.txt`. Lines that are none are passed over.
pub(super) fn read(text: &str) -> Robots {
    let text = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
    let text = text.trim_start_matches('\u{feff}');
    let mut out = Robots::default();
    let (mut of_all, mut of_us): (Vec<_>, Option<Vec<_>>) = (Vec::new(), None);
    // Whether the group at hand is for all, for us, and already has rules.
    let (mut for_all, mut for_us, mut has_rules) = (false, false, false);
    for line in text.split(['\n', '\r']) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "user-agent" => {
                if std::mem::take(&mut has_rules) {
                    (for_all, for_us) = (false, false);
                }
                for_all |= value == "*";
                if is_us(value) {
                    for_us = true;
                    of_us.get_or_insert_default();
                }
            }
            "sitemap" if out.sitemaps.len() < MAX_SITEMAPS && !value.is_empty() => {
                out.sitemaps.push(value.to_owned());
            }
            key @ ("allow" | "disallow") => {
                has_rules = true;
                // An empty one forbids nothing.
                if value.is_empty() || value.len() > MAX_PATH || out.paths.len() >= MAX_RULES {
                    continue;
                }
                let cut = value.match_indices('*').nth(MAX_STARS).map(|(at, _)| at);
                if cut.is_some() && key == "allow" {
                    continue;
                }
                let pattern = value.get(..cut.unwrap_or(value.len())).unwrap_or(value);
                let rule = (key == "allow", encoded(pattern));
                if for_all {
                    of_all.push(rule.clone());
                }
                if let Some(list) = of_us.as_mut().filter(|_| for_us) {
                    list.push(rule.clone());
                }
                let told = (rule.0, value.to_owned());
                if !out.paths.contains(&told) {
                    out.paths.push(told);
                }
            }
            _ => {}
        }
    }
    of_all.truncate(MAX_RULES);
    out.rules.rules = of_us.unwrap_or(of_all);
    out.rules.rules.truncate(MAX_RULES);
    out
}

/// Whether a line of user agents names this program.
fn is_us(agent: &str) -> bool {
    let end = agent.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
    agent.get(..end.unwrap_or(agent.len())).is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

/// Whether a pattern fits the beginning of a target; `*` is any text, `$` at the end the end (RFC 9309
/// §2.2.3). Each byte of the target is passed once for each part.
fn fits(pattern: &str, target: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = target.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    if to_end {
        match parts.pop() {
            None => return rest.is_empty(),
            Some(last) => match rest.strip_suffix(last) {
                Some(before) => rest = before,
                None => return false,
            },
        }
    }
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None if part.is_empty() => {}
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_for_us_or_for_all_decides() {
        let text = "User-agent: other\nDisallow: /\n\nuser-agent: *\nUser-Agent: another\n\
                    Disallow: /admin/ # keep out\nAllow: /admin/public\nDisallow:\n\
                    Sitemap: https://api.example.com/sitemap.xml\nnonsense\n";
        let robots = read(text);
        assert_eq!(robots.sitemaps, ["https://api.example.com/sitemap.xml"]);
        let allow = |target: &str| robots.rules.allow(target);
        assert!(allow("/") && allow("/admin") && allow("/admin/public/x"));
        assert!(!allow("/admin/") && !allow("/admin/x?y"));
        assert_eq!(robots.paths.len(), 3);
        let ours = read(&format!("{text}\nUser-agent: Bartizan/1.0\nDisallow: /mine"));
        assert!(ours.rules.allow("/admin/") && !ours.rules.allow("/mine"));
        assert!(!Rules::closed().allow("/"));
    }

    #[test]
    fn patterns_fit_as_the_standard_says() {
        for (pattern, target, expected) in [
            ("/fish", "/fish.html", true),
            ("/fish", "/Fish", false),
            ("/fish*", "/fish", true),
            ("/*.php", "/a/b.php?c", true),
            ("/*.php$", "/a/b.php?c", false),
            ("/*.php$", "/a.php/b.php", true),
            ("/a*b$", "/ab", true),
            ("/ab*b$", "/ab", false),
            ("*", "/", true),
            ("$", "/", false),
        ] {
            assert_eq!(fits(pattern, target), expected, "{pattern} {target}");
        }
        let costly = "*a".repeat(1_000);
        assert!(!fits(&costly, &"/b".repeat(1_000)));
    }
}
