//! Path traversal and inclusion of local files.

use bartizan_model::{
    Attack, Confidence, Cwe, Input, ItemMeta, Owasp, Root, Severity, Stage, Status,
};

use crate::detectors::injection::{
    Found, example, mention,
    prefilter::{Family, Scan, Suspect},
    report,
};
use crate::{
    detectors::{DetectorExample, DetectorItem, Hit, Key, Lane},
    facts::Facts,
};

/// The detector.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D009",
        name: "path-traversal",
        title: "Path traversal",
        severity: Severity::High,
        confidence: Confidence::Medium,
        status: Status::Stable,
        owasp: Some(Owasp::Api8),
        cwe: &[Cwe(22), Cwe(98)],
        attack: &[Attack("T1190")],
        inputs: &[Input::RequestHead, Input::RequestBody],
        what: "Follows the segments of each suspect path: how far they climb above where they start, whether they are disguised (encoded again, doubled dots, path parameters, mixed slashes), and whether they lead to a file that attackers want; wrappers and NUL bytes have rules of their own. One or two plain steps up, as references between files have, are at most a hint. Text that mentions an attack in prose, documents of many lines and whole statements by design stay at low confidence. Scores from 80 are high, from 55 medium, from 30 low confidence; an answer with the error or loot of such an attack adds 15.",
        why: "Files outside the intended folder are read or written: secrets, code, accounts.",
        fix: "Map identifiers to files by a table; resolve the path and compare it with the folder; refuse separators in names.",
        references: &["CWE-22", "CWE-98"],
    },
    class: Family::Traversal.class(),
    key: Key::None,
    stage: Stage::Probing,
    lane: Lane::Leaves(run),
    examples: EXAMPLES,
};

fn run(facts: &Facts<'_>, scan: &Scan<'_>, out: &mut Vec<Hit>) {
    report(facts, scan, Family::Traversal, Severity::High, judge, out);
}

const EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "Steps up in a query parameter",
        fires: true,
        exchanges: || vec![example("/v1/files?name=../../../../etc/passwd", "")],
    },
    DetectorExample {
        name: "Encoded steps in the path",
        fires: true,
        exchanges: || vec![example("/v1/files/..%2f..%2f..%2fetc%2fshadow", "")],
    },
    DetectorExample {
        name: "Windows in JSON",
        fires: true,
        exchanges: || {
            vec![example("/v1/files", "{\"name\": \"..\\\\..\\\\..\\\\windows\\\\win.ini\"}")]
        },
    },
    DetectorExample {
        name: "Wrapper",
        fires: true,
        exchanges: || {
            vec![example("/v1/pages?view=php://filter/convert.base64-encode/resource=index", "")]
        },
    },
    DetectorExample {
        name: "Reference to a sibling",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/docs",
                "{\"markdown\": \"See ![chart](../images/chart.png) and ./notes.md\"}",
            )]
        },
    },
    DetectorExample {
        name: "Manifest",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/builds",
                "{\"extends\": \"../../tsconfig.base.json\", \"dependencies\": {\"shared\": \"file:../shared\"}}",
            )]
        },
    },
    DetectorExample {
        name: "Paths of a configuration",
        fires: false,
        exchanges: || {
            vec![example(
                "/v1/config",
                "{\"log\": \"/var/log/app/app.log\", \"tls\": \"/etc/ssl/certs/ca.pem\", \"web\": \"https://example.com/a/b\"}",
            )]
        },
    },
    DetectorExample {
        name: "Ellipsis",
        fires: false,
        exchanges: || vec![example("/v1/posts", "{\"text\": \"Well... / maybe. .../...\"}")],
    },
];

const AS_IS: &str = "as it is";

/// Ends of paths that attackers ask for, lower case with `/`.
const WANTED: &[&str] = &[
    "etc/passwd",
    "etc/shadow",
    "etc/group",
    "etc/gshadow",
    "etc/sudoers",
    "etc/master.passwd",
    "etc/hosts",
    "etc/issue",
    "etc/hostname",
    "proc/self/",
    "proc/1/",
    "proc/version",
    "proc/cmdline",
    "proc/net/",
    ".ssh/",
    "id_rsa",
    "id_ed25519",
    ".bash_history",
    ".aws/credentials",
    ".env",
    ".git/",
    ".htpasswd",
    ".htaccess",
    "web-inf/",
    "meta-inf/",
    "web.config",
    "win.ini",
    "boot.ini",
    "system.ini",
    "system32/",
    "windows/",
    "winnt/",
    "config/sam",
    "wp-config.php",
    "var/log/",
    "access.log",
    "error.log",
    "auth.log",
    "root/",
    "config.php",
    "secrets",
    "database.yml",
    "kube/config",
    "/serviceaccount/token",
    "docker.sock",
    "appsettings",
    "settings.py",
    ".npmrc",
    ".pgpass",
    "credentials",
];

/// Absolute paths that are wanted whatever field they are in.
const WANTED_ABSOLUTE: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/master.passwd",
    "/proc/self/",
    "/proc/1/environ",
    "/proc/version",
    "/root/.",
    "/.ssh/id_",
    "/.bash_history",
    "/.aws/credentials",
    "c:/windows/win.ini",
    "c:/boot.ini",
    "c:/windows/system32/",
    "c:/winnt/",
    "c:/windows/system.ini",
    "/web-inf/",
    "web-inf/web.xml",
    "/windows/win.ini",
    "/serviceaccount/token",
    "~/.ssh/",
    "~root/",
    "c:/windows/repair",
];

fn judge(suspect: &Suspect<'_>) -> Option<Found> {
    let text = suspect.text.as_ref();
    let outer = matches!(
        suspect.node.root(),
        Root::Query | Root::Cookie | Root::Path | Root::Matrix | Root::Header
    );
    let mut best = None;
    let mut start = 0;
    for token in text.split([' ', '\n', '\t', '"', '`', '<', '>', '(', ')', ',']).take(512) {
        let at = start;
        start += token.len() + 1;
        let Some(mut found) = path(suspect, token, outer) else { continue };
        let around = mention::Around::of(text, at, at + token.len());
        if (around.log
            || around.before + around.after >= 2
            || around.pieces.0 + around.pieces.1 >= 3)
            && suspect.node.root() != Root::Path
        {
            found.score = found.score.min(45);
        }
        best = Found::best(best, Some(found));
    }
    let mut best = best?;
    if mention::is_document(text) {
        best.score = best.score.min(40);
    }
    Some(best)
}

/// Judges one token without white space.
fn path(suspect: &Suspect<'_>, token: &str, outer: bool) -> Option<Found> {
    if token.len() < 3 {
        return None;
    }
    let mut best = wrapper(token, outer);
    let steps = Steps::of(token);
    let lower = token.replace('\\', "/").to_ascii_lowercase();
    let nul = token.contains('\0');
    if steps.up > 0 {
        let tail = lower.rsplit("..").next().unwrap_or(&lower);
        let wanted = WANTED.iter().any(|end| tail.contains(end));
        let whole_path = suspect.node.root() == Root::Path;
        let mut score: u8 = match steps.up {
            1 => 30,
            2 => 42,
            3 => 60,
            _ => 80,
        };
        score = score.saturating_add(if wanted { 50 } else { 0 });
        score = score.saturating_add(if steps.disguised { 40 } else { 0 });
        score = score.saturating_add(if suspect.is_encoded { 30 } else { 0 });
        score = score.saturating_add(if nul { 35 } else { 0 });
        score = score.saturating_add(if outer { 18 } else { 0 });
        if whole_path {
            // A plain path that stays inside is what sloppy clients send.
            score = score.saturating_add(if steps.climbs > 0 { 20 } else { 0 });
            let encoded = suspect.node.is_root() && has_encoded_steps(suspect);
            score = score.saturating_add(if encoded { 25 } else { 0 });
        } else if steps.climbs == 0 {
            score = score.saturating_sub(15);
        }
        let rule = if wanted { "steps up to a wanted file" } else { "steps up" };
        best = Found::best(best, Some(Found::new(score.min(100), rule, AS_IS)));
    } else if nul && token.contains('.') && !is_whole_body(suspect) {
        best = Found::best(best, Some(Found::new(72, "NUL byte in a file name", AS_IS)));
    }
    if suspect.node.root() == Root::Path && !suspect.node.is_root() && !token.contains('/') {
        return best;
    }
    let squeezed = lower.replace("//", "/").replace("/./", "/");
    if WANTED_ABSOLUTE.iter().any(|wanted| {
        squeezed.starts_with(wanted)
            || (wanted.starts_with('/') && squeezed.contains(wanted) && !squeezed.contains("://"))
    }) {
        best = Found::best(best, Some(Found::new(82, "wanted file", AS_IS)));
    }
    best
}

/// A body that is one text: what has NUL there is bytes of another kind, and names no file.
fn is_whole_body(suspect: &Suspect<'_>) -> bool {
    suspect.node.is_root() && suspect.node.root() == Root::Body
}

/// The whole path of the request: whether its dots or slashes were written encoded.
fn has_encoded_steps(suspect: &Suspect<'_>) -> bool {
    suspect.node.children().any(|segment| segment.raw().contains(".."))
        || suspect.text.contains(";")
        || suspect.text.contains('\\')
}

/// `php://filter`, `file:///etc`, `\\host\share`.
fn wrapper(token: &str, outer: bool) -> Option<Found> {
    let lower = token.get(..token.floor_char_boundary(512))?.to_ascii_lowercase();
    let rule = "wrapper of a file";
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
    if begins(&[
        "php://",
        "classpath:",
        "expect://",
        "phar://",
        "zip://",
        "glob://",
        "compress.zlib://",
        "netdoc:",
        "ogg://",
        "rar://",
        "zlib:",
    ]) {
        return Some(Found::new(88, rule, AS_IS));
    }
    if begins(&["jar:http", "jar:file", "data://text", "data:text/plain;base64,pd9"]) {
        return Some(Found::new(78, rule, AS_IS));
    }
    if let Some(rest) = lower.strip_prefix("file:") {
        let wanted = WANTED.iter().any(|end| rest.contains(end));
        let absolute = rest.starts_with("//") || rest.starts_with('/');
        return absolute.then(|| {
            Found::new(
                if wanted {
                    88
                } else if outer {
                    60
                } else {
                    42
                },
                rule,
                AS_IS,
            )
        });
    }
    if let Some(rest) = token.strip_prefix("\\\\")
        && rest.contains('\\')
        && !rest.starts_with(['d', 's', 'w', 'b', '.', '(', '[', '\\'])
    {
        return Some(Found::new(if outer { 62 } else { 42 }, "path of another host", AS_IS));
    }
    None
}

/// Steps of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Steps {
    /// Segments that go up.
    up: u32,
    /// How far above the beginning the path gets.
    climbs: i32,
    /// Whether they are written to be missed.
    disguised: bool,
}

impl Steps {
    fn of(token: &str) -> Self {
        let mut steps = Self::default();
        let mut depth = 0;
        for segment in token.split(['/', '\\']).take(256) {
            let bare = segment.split([';', '\0', '?', '#']).next().unwrap_or_default();
            let bare = bare.rsplit(['=', ':']).next().unwrap_or(bare);
            let dots = !bare.is_empty() && bare.bytes().all(|b| b == b'.');
            match bare.len() {
                0 => {}
                1 if dots => {}
                _ if dots => {
                    steps.up += 1;
                    depth -= 1;
                    steps.climbs = steps.climbs.max(-depth);
                    steps.disguised |= bare.len() > 3 || segment.contains(';');
                }
                _ => depth += 1,
            }
        }
        let mixed = token.contains('/') && token.contains("..\\");
        steps.disguised |= steps.up > 0
            && (mixed
                || token.contains("..//")
                || token.contains("../.../")
                || token.contains(".../"));
        // Three dots and more are an ellipsis unless they repeat as a path.
        if !token.contains("..")
            || (steps.up == 1 && token.contains("...") && !token.contains("...."))
        {
            steps = Self::default();
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_followed() {
        for (token, up, climbs, disguised) in [
            ("../../a", 2, 2, false),
            ("a/../b", 1, 0, false),
            ("..;/..;/a", 2, 2, true),
            ("....//....//etc", 2, 2, true),
            ("..\\..\\a", 2, 2, false),
            ("file=../a", 1, 1, false),
            (".../...", 2, 2, true),
            ("a...b/c", 0, 0, false),
        ] {
            let steps = Steps::of(token);
            assert_eq!(
                (steps.up, steps.climbs, steps.disguised),
                (up, climbs, disguised),
                "{token}"
            );
        }
    }
}
