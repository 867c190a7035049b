//! The one prefilter: one pass over the bytes and one over the literals of each text.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use bartizan_model::{Root, Side};
use bartizan_protocols::view::{Codec, NodeRef, Value};

use super::{graphql, normal};
use crate::facts::Facts;

/// Most suspect texts of one exchange; further ones are not inspected.
pub const MAX_SUSPECTS: usize = 512;

/// A family of attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    /// SQL injection.
    Sql = 1,
    /// Cross-site scripting.
    Xss = 2,
    /// OS command injection.
    Command = 4,
    /// Path traversal and inclusion of local files.
    Traversal = 8,
}

impl Family {
    /// Name of the class of detections.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Sql => "sql_injection",
            Self::Xss => "cross_site_scripting",
            Self::Command => "command_injection",
            Self::Traversal => "path_traversal",
        }
    }
}

/// A set of families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families(u8);

impl Families {
    /// Whether `family` is in the set.
    #[must_use]
    pub const fn has(self, family: Family) -> bool {
        self.0 & family as u8 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A text that could hold an attack.
#[derive(Clone, Debug)]
pub struct Suspect<'a> {
    /// Where it is.
    pub node: NodeRef<'a>,
    /// The text, look-alikes folded.
    pub text: Cow<'a, str>,
    /// Families whose literals and bytes it has.
    pub families: Families,
    /// Whether it is the name of the node rather than its value.
    pub is_key: bool,
    /// Whether it was hidden below another round of percent-encoding or an odd path.
    pub is_encoded: bool,
}

/// What the prefilter left of one exchange.
#[derive(Debug, Default)]
pub struct Scan<'a> {
    suspects: Vec<Suspect<'a>>,
    limited: bool,
}

impl<'a> Scan<'a> {
    /// Suspect texts in document order.
    pub fn suspects(&self) -> impl Iterator<Item = &Suspect<'a>> {
        self.suspects.iter()
    }

    /// Whether a text was cut at `value_bytes` or there were more than [`MAX_SUSPECTS`].
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.limited
    }
}

const QUOTE: u16 = 1;
const ANGLE: u16 = 1 << 1;
const SLASH: u16 = 1 << 2;
const SPACE: u16 = 1 << 3;
const SHELL: u16 = 1 << 4;
const MARK: u16 = 1 << 5;
const HIGH: u16 = 1 << 6;
const NUL: u16 = 1 << 7;
const PLAIN: u16 = 1 << 8;

/// Class of each byte.
static CLASSES: [u16; 256] = {
    let mut table = [PLAIN; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = match at as u8 {
            b'\'' | b'"' => QUOTE,
            b'<' | b'>' => ANGLE,
            b'/' | b'\\' => SLASH,
            b' ' | b'\t' | 0x0b | 0x0c => SPACE,
            b';' | b'|' | b'&' | b'`' | b'$' | b'\n' | b'\r' => SHELL,
            b'(' | b')' | b'=' | b'#' | b'*' | b'+' | b'{' | b'}' | b'!' | b'@' | b'%' | b'^' => {
                MARK
            }
            0 => NUL,
            0x80.. => HIGH,
            _ => PLAIN,
        };
        at += 1;
    }
    table
};

const S: u8 = Family::Sql as u8;
const X: u8 = Family::Xss as u8;
const C: u8 = Family::Command as u8;
const T: u8 = Family::Traversal as u8;

/// Literals and the families that need one of them.
const LITERALS: &[(&str, u8)] = &[
    ("select", S),
    ("union", S),
    ("sleep", S),
    ("benchmark", S),
    ("waitfor", S),
    ("pg_", S),
    ("dbms_", S),
    ("utl_", S),
    ("xp_", S),
    ("sp_", S),
    ("exec", S | C),
    ("load_file", S),
    ("outfile", S),
    ("dumpfile", S),
    ("_schema", S),
    ("sqlite", S),
    ("@@", S),
    ("xml(", S),
    ("extractvalue", S),
    ("convert(", S),
    ("cast(", S),
    ("chr(", S),
    ("char(", S),
    ("order", S),
    ("group", S),
    ("having", S),
    ("drop", S),
    ("insert", S),
    ("delete", S),
    ("update", S),
    ("truncate", S),
    ("alter", S),
    ("create", S),
    ("shutdown", S),
    ("declare", S),
    ("or", S),
    ("and", S),
    ("like", S),
    ("||", S | C),
    ("&&", S | C),
    ("--", S),
    ("/*", S),
    ("#", S),
    ("'", S | X),
    ("\"", S | X),
    ("->", S),
    ("::", S),
    ("@>", S),
    ("case", S),
    ("limit", S),
    ("if(", S),
    ("null", S),
    ("rlike", S),
    ("regexp", S),
    ("xor", S),
    ("copy", S),
    ("merge", S),
    ("<", X),
    ("&lt", X),
    ("&#", X),
    ("\\x3c", X),
    ("\\u003c", X),
    ("script", X),
    ("text/html", X),
    ("on", X),
    ("{{", X),
    ("${", X | C),
    ("alert", X),
    ("eval", X | C),
    ("j", X),
    (";", C),
    ("|", C),
    ("&", C),
    ("`", C),
    ("$(", C),
    ("\n", C),
    ("\r", C),
    ("() {", C),
    ("(){", C),
    ("/bin/", C),
    ("/dev/tcp", C),
    ("cmd", C),
    ("powershell", C),
    ("system(", C),
    ("popen", C),
    ("getruntime", C),
    ("child_process", C),
    ("<(", C),
    ("--", C),
    ("-o", C),
    ("passthru", C),
    ("../", T),
    ("..\\", T),
    ("..;", T),
    ("/..", T),
    ("\\..", T),
    ("/etc/", T),
    ("/proc/", T),
    (".ssh", T),
    ("web-inf", T),
    ("meta-inf", T),
    ("windows", T),
    ("winnt", T),
    (".ini", T),
    ("://", T),
    ("file:", T),
    ("jar:", T),
    ("\\\\", T),
    ("\0", T),
    ("passwd", T),
    ("system32", T),
    ("inetpub", T),
    ("/root/", T),
    ("/var/", T),
    ("~/", T),
    ("/boot", T),
    (".../", T),
    ("id_rsa", T),
    ("shadow", T),
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(LITERALS.iter().map(|(literal, _)| literal))
        .ok()
});

fn byte_classes(text: &str) -> u16 {
    text.bytes().fold(0, |all, byte| all | CLASSES.get(usize::from(byte)).copied().unwrap_or(PLAIN))
}

/// Families that a text with these byte classes can hold.
fn possible(classes: u16) -> u8 {
    let mut families = 0;
    if classes & (QUOTE | SPACE | MARK | SHELL) != 0 {
        families |= S;
    }
    if classes & (ANGLE | QUOTE | MARK) != 0 {
        families |= X;
    }
    if classes & (SHELL | MARK | ANGLE) != 0 || classes & (SPACE | SLASH) == SPACE | SLASH {
        families |= C;
    }
    if classes & (SLASH | NUL) != 0 {
        families |= T;
    }
    families
}

/// Families whose literals are in a text. Costs one look-up per byte for ordinary texts.
#[must_use]
pub fn families(text: &str) -> Families {
    if text.len() < 3 {
        return Families::default();
    }
    let classes = byte_classes(text);
    if classes & !PLAIN == 0 {
        return Families::default();
    }
    let possible = possible(classes);
    let Some(automaton) = AUTOMATON.as_ref().filter(|_| possible != 0) else {
        return Families::default();
    };
    let mut seen = 0;
    for found in automaton.find_overlapping_iter(text) {
        seen |= LITERALS.get(found.pattern().as_usize()).map_or(0, |(_, families)| *families);
        if seen & possible == possible {
            break;
        }
    }
    Families(seen & possible)
}

/// Header fields that clients cannot put free text into without breaking the exchange, or that
/// have decoders of their own.
const PLAIN_HEADERS: &[&str] =
    &["content-length", "cookie", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"];

/// Looks at every text of the request once.
#[must_use]
pub fn scan<'a>(facts: &Facts<'a>) -> Scan<'a> {
    let mut scan = Scan::default();
    let most = facts.snapshot.limits.value_bytes as usize;
    for node in facts.decoded.view.nodes().take_while(|node| node.side() == Side::Request) {
        let top = node.depth() == 1;
        if top && node.root() == Root::Header && PLAIN_HEADERS.contains(&node.key()) {
            continue;
        }
        if !node.key().is_empty() && node.root() != Root::Header {
            scan.look(node, node.key(), most, true);
        }
        if let Value::Text(text) = node.value() {
            scan.look(node, text, most, false);
        }
    }
    scan
}

impl<'a> Scan<'a> {
    fn look(&mut self, node: NodeRef<'a>, text: &'a str, most: usize, is_key: bool) {
        let text = if text.len() > most {
            self.limited = true;
            text.get(..text.floor_char_boundary(most)).unwrap_or_default()
        } else {
            text
        };
        let folded = normal::fold(text);
        let families = families(&folded);
        if families.is_empty() {
            return;
        }
        if !is_key && holds_decoded_tree(node) {
            return;
        }
        let is_encoded = node.codec() == Some(Codec::Percent);
        if !is_key && graphql::is_document(text) {
            for value in graphql::strings(text) {
                let families = self::families(value);
                self.push(Suspect { node, text: value.into(), families, is_key, is_encoded });
            }
            return;
        }
        let mut text = folded;
        if is_encoded && text.contains('+') && !text.contains(' ') {
            text = text.replace('+', " ").into();
        }
        self.push(Suspect { node, text, families, is_key, is_encoded });
    }

    fn push(&mut self, suspect: Suspect<'a>) {
        if suspect.families.is_empty() {
            return;
        }
        if self.suspects.len() < MAX_SUSPECTS {
            self.suspects.push(suspect);
        } else {
            self.limited = true;
        }
    }
}

/// Whether the text was read as JSON, a form or a token: its parts are judged instead.
fn holds_decoded_tree(node: NodeRef<'_>) -> bool {
    node.children()
        .any(|child| matches!(child.codec(), Some(Codec::Json | Codec::Jwt | Codec::Form)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_are_no_suspects() {
        for text in ["", "42", "2026-11-22T10:00:00Z", "jane.doe", "0b9f6c1e-93cb-4c40-8d5f-0a6e"] {
            assert!(families(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn attacks_are_suspects_of_their_family() {
        for (text, family) in [
            ("1 UNION SELECT 2", Family::Sql),
            ("a'--", Family::Sql),
            ("<svg onload=x>", Family::Xss),
            ("a;id", Family::Command),
            ("..\\..\\win.ini", Family::Traversal),
        ] {
            assert!(families(text).has(family), "{text}");
        }
    }
}
