//! What kind of value one path segment is, and how certain it is that it is a value at all.

use serde::{Deserialize, Serialize};

use super::words::{is_api_word, is_common_word, words_of};

/// The kind of a path segment, by its form alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Digits, possibly with a sign.
    Integer,
    /// Seconds, milli- or microseconds since 1970, between 2001 and 2065.
    Epoch,
    /// RFC 9562, with or without dashes, in braces or as URN.
    Uuid,
    /// 24 hex digits (MongoDB).
    ObjectId,
    /// 26 characters of Crockford base 32.
    Ulid,
    /// Hex digits: hashes, short commit ids.
    Hex,
    /// Letters and digits without meaning: base 62, nanoid, base 64.
    Opaque,
    /// Letters that name the type, then a meaningless rest: `cus_9f2…`, `CA49ec…`, `INV-2041`.
    Prefixed,
    /// An e-mail address.
    Email,
    /// `2026-11-22`.
    Date,
    /// RFC 3339 and near forms.
    DateTime,
    /// `en`, `de-AT`, `zh_Hant`.
    Locale,
    /// Two or three capitals: countries, currencies, airports.
    Code,
    /// `v1`, `v2beta3`, `1.0`.
    Version,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A telephone number with `+`.
    Phone,
    /// A JWT or another long token.
    Token,
    /// A name with an extension.
    File,
    /// Text with spaces or characters beyond ASCII.
    Text,
    /// Several values: `a,b`, `x:y`, `7-12`, `k=v`.
    Composite,
    /// Lower-case words and digits with dashes or underscores.
    Slug,
    /// Everything else: a word, `camelCase`, `dotted.names`.
    Word,
}

impl ValueKind {
    /// The word used in evidence.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Epoch => "epoch",
            Self::Uuid => "uuid",
            Self::ObjectId => "object_id",
            Self::Ulid => "ulid",
            Self::Hex => "hex",
            Self::Opaque => "opaque",
            Self::Prefixed => "prefixed",
            Self::Email => "email",
            Self::Date => "date",
            Self::DateTime => "date_time",
            Self::Locale => "locale",
            Self::Code => "code",
            Self::Version => "version",
            Self::Ip => "ip",
            Self::Phone => "phone",
            Self::Token => "token",
            Self::File => "file",
            Self::Text => "text",
            Self::Composite => "composite",
            Self::Slug => "slug",
            Self::Word => "word",
        }
    }
}

/// What [`classify`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The kind.
    pub kind: ValueKind,
    /// 0 to 100: how certain its form alone makes it that the segment is a value and not fixed
    /// text. From [`CERTAIN`] on it is a parameter at first sight.
    pub certainty: u8,
}

/// Certainty from which a segment is a parameter without further evidence.
pub const CERTAIN: u8 = 85;

const fn class(kind: ValueKind, certainty: u8) -> Classified {
    Classified { kind, certainty }
}

/// Classifies one canonical (percent-decoded) path segment. Looks at 512 bytes at most.
#[must_use]
pub fn classify(segment: &str) -> Classified {
    use ValueKind as K;
    if segment.len() > 128 {
        return class(K::Token, 100);
    }
    if segment.is_empty() {
        return class(K::Word, 0);
    }
    if !segment.is_ascii() || segment.bytes().any(|b| b <= b' ' || b == b'"' || b == 0x7f) {
        return class(K::Text, 92);
    }
    let b = segment.as_bytes();
    numeric(segment, b)
        .or_else(|| hex_like(segment, b))
        .or_else(|| structured(segment, b))
        .or_else(|| opaque(segment, b))
        .unwrap_or_else(|| wordlike(segment, b))
}

fn digits(b: &[u8]) -> usize {
    b.iter().filter(|c| c.is_ascii_digit()).count()
}

fn numeric(s: &str, b: &[u8]) -> Option<Classified> {
    use ValueKind as K;
    let body = s.strip_prefix('-').unwrap_or(s);
    if let Some(rest) = s.strip_prefix('+') {
        let n = digits(rest.as_bytes());
        return (n >= 6 && rest.bytes().all(|c| c.is_ascii_digit() || b"-.() ".contains(&c)))
            .then_some(class(K::Phone, 100));
    }
    if !body.is_empty() && body.bytes().all(|c| c.is_ascii_digit()) {
        let epoch = match body.len() {
            10 | 13 | 16 => body.get(..10).and_then(|t| t.parse::<u64>().ok()),
            _ => None,
        };
        let kind = match epoch {
            Some(t) if (1_000_000_000..3_000_000_000).contains(&t) => K::Epoch,
            _ => K::Integer,
        };
        return Some(class(kind, 100));
    }
    if s.parse::<std::net::IpAddr>().is_ok() {
        return Some(class(K::Ip, 100));
    }
    if b.len() >= 8 && is_date(b) {
        return Some(match b.len() {
            8 | 10 => class(K::Date, 90),
            _ => class(K::DateTime, 98),
        });
    }
    if is_version(s) {
        return Some(class(K::Version, if b.first() == Some(&b'v') { 15 } else { 60 }));
    }
    let all = |set: &[u8]| b.iter().all(|c| c.is_ascii_digit() || set.contains(c));
    if digits(b) >= 2 && all(b"-_,.:;~") {
        return Some(class(K::Composite, 95));
    }
    None
}

/// `YYYY-MM-DD`, `YYYY/MM…` cannot occur in a segment; `T` and a time may follow.
fn is_date(b: &[u8]) -> bool {
    let num = |from: usize, to: usize| {
        b.get(from..to)
            .filter(|d| d.iter().all(u8::is_ascii_digit))
            .map(|d| d.iter().fold(0u32, |acc, c| acc * 10 + u32::from(c - b'0')))
    };
    let date = num(0, 4).is_some_and(|y| (1900..2200).contains(&y))
        && b.get(4) == Some(&b'-')
        && num(5, 7).is_some_and(|m| (1..=12).contains(&m))
        && b.get(7) == Some(&b'-')
        && num(8, 10).is_some_and(|d| (1..=31).contains(&d));
    date && (b.len() == 10 || matches!(b.get(10), Some(b'T' | b't' | b'_' | b'-' | b' ')))
}

/// `v1`, `v1.2`, `v2beta3`, `1.0`, `6.12.14`, `1.2.3-rc1`.
pub(crate) fn is_version(s: &str) -> bool {
    let (body, marked) = match s.strip_prefix(['v', 'V']) {
        Some(rest) => (rest, true),
        None => (s, false),
    };
    let head: usize = body.bytes().take_while(|c| c.is_ascii_digit() || *c == b'.').count();
    let (number, tail) = body.split_at(head);
    let parts: Vec<&str> = number.split('.').collect();
    let numbers = parts.len() <= 4 && parts.iter().all(|p| (1..=5).contains(&p.len()));
    let word = tail.trim_start_matches(['-', '_']).trim_end_matches(|c: char| c.is_ascii_digit());
    let tail_ok = tail.is_empty()
        || matches!(
            word.trim_end_matches(['-', '.', '_']),
            "alpha"
                | "beta"
                | "rc"
                | "preview"
                | "p"
                | "pre"
                | "dev"
                | "private"
                | "snapshot"
                | "a"
                | "b"
        );
    numbers && tail_ok && (marked || parts.len() >= 2)
}

fn hex_like(s: &str, b: &[u8]) -> Option<Classified> {
    use ValueKind as K;
    let bare = s.strip_prefix("urn:uuid:").unwrap_or(s);
    let bare = bare.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(bare);
    let u = bare.as_bytes();
    if u.len() == 36
        && u.iter().enumerate().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => *c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
    {
        return Some(class(K::Uuid, 100));
    }
    let one_case = !(b.iter().any(u8::is_ascii_uppercase) && b.iter().any(u8::is_ascii_lowercase));
    let hex = one_case && b.iter().all(u8::is_ascii_hexdigit);
    let (n, d) = (b.len(), digits(b));
    if hex && d > 0 {
        return match n {
            32 => Some(class(K::Uuid, 100)),
            24 => Some(class(K::ObjectId, 100)),
            12.. => Some(class(K::Hex, 100)),
            7..=11 if d >= 2 => Some(class(K::Hex, 88)),
            _ => None,
        };
    }
    if hex && n >= 16 {
        return Some(class(K::Hex, 95));
    }
    let crockford = |c: &u8| (c.is_ascii_digit() || c.is_ascii_uppercase()) && !b"ILOU".contains(c);
    let lower = s.to_ascii_uppercase();
    if n == 26
        && d >= 2
        && one_case
        && lower.as_bytes().iter().all(crockford)
        && b.first().is_some_and(|c| (b'0'..=b'7').contains(c))
    {
        return Some(class(K::Ulid, 100));
    }
    None
}

fn structured(s: &str, b: &[u8]) -> Option<Classified> {
    use ValueKind as K;
    if let Some((name, host)) = s.split_once('@')
        && !name.is_empty()
        && host.contains('.')
        && !host.contains('@')
    {
        return Some(class(K::Email, 100));
    }
    if s.starts_with("eyJ") && b.iter().filter(|c| **c == b'.').count() >= 1 && b.len() > 20 {
        return Some(class(K::Token, 100));
    }
    if let Some((stem, ext)) = split_extension(s)
        && MEDIA.binary_search(&ext).is_ok()
    {
        let certain = classify(stem).certainty >= CERTAIN;
        return Some(class(K::File, if certain { 96 } else { 80 }));
    }
    if b.iter().any(|c| b",;=|~$!*".contains(c)) {
        return Some(class(K::Composite, 88));
    }
    if let Some((left, right)) = s.split_once(':') {
        let sure = classify(left).certainty >= CERTAIN || classify(right).certainty >= CERTAIN;
        return sure.then_some(class(K::Composite, 92));
    }
    None
}

/// Extensions of files that are fetched as such, and rarely a second representation of a resource.
static MEDIA: &[&str] = &[
    "avi", "bin", "bmp", "css", "csv", "doc", "docx", "eot", "gif", "gz", "ico", "jpeg", "jpg",
    "js", "log", "md", "mov", "mp3", "mp4", "ogg", "pdf", "png", "ppt", "pptx", "svg", "tar",
    "tgz", "tif", "tiff", "ttf", "txt", "wasm", "wav", "webm", "webp", "woff", "woff2", "xls",
    "xlsx", "zip",
];

/// `name.ext` with an extension of 2 to 8 letters and digits that begins with a letter.
pub(crate) fn split_extension(s: &str) -> Option<(&str, &str)> {
    let (stem, ext) = s.rsplit_once('.')?;
    let e = ext.as_bytes();
    let ok = !stem.is_empty()
        && (2..=8).contains(&e.len())
        && e.first().is_some_and(u8::is_ascii_lowercase)
        && e.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    ok.then_some((stem, ext))
}

fn opaque(s: &str, b: &[u8]) -> Option<Classified> {
    use ValueKind as K;
    if !b.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c)) {
        return None;
    }
    if let Some(found) = prefixed(s) {
        return Some(found);
    }
    let n = b.len();
    let runs = runs(b);
    let has = |f: fn(&u8) -> bool| b.iter().any(f);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let d = digits(b);
    let groups = b.windows(2).filter(|w| !w[0].is_ascii_digit() && w[1].is_ascii_digit()).count()
        + usize::from(b.first().is_some_and(u8::is_ascii_digit));
    if mixed && n >= 8 && !reads_as_words(s) {
        // Random base 62 changes class every 2 characters, camel case words every 4 or more.
        let mean = n as f64 / runs.max(1) as f64;
        if mean <= 3.0 {
            return Some(class(K::Opaque, 96));
        }
        if mean <= 3.7 && (d >= 2 || unpronounceable(s)) {
            return Some(class(K::Opaque, 88));
        }
    }
    if d >= 1 && groups >= 2 && n >= 6 && d * 4 >= n && !s.contains(['-', '_', '.']) {
        return Some(class(K::Opaque, 93));
    }
    if n >= 24 && d >= 3 && !s.contains(['-', '_', '.']) {
        return Some(class(K::Opaque, 95));
    }
    if d >= 3 && d < n && n >= 6 && !s.contains(['-', '_', '.']) {
        return Some(class(K::Opaque, 80));
    }
    None
}

/// Whether most letters belong to words that APIs use: `isUpToDateFlag`.
fn reads_as_words(s: &str) -> bool {
    let words = words_of(s);
    let known: usize = words.iter().filter(|w| is_common_word(w)).map(String::len).sum();
    known * 2 >= s.len()
}

/// Whether a word of two letters or more has no vowel, as random letters soon have.
fn unpronounceable(s: &str) -> bool {
    words_of(s).iter().any(|w| {
        let letters = w.bytes().all(|b| b.is_ascii_alphabetic());
        letters && w.len() >= 2 && !w.bytes().any(|b| b"aeiouy".contains(&b)) && !is_common_word(w)
    })
}

/// Number of runs: a capital and the lower-case letters behind it are one run, and so are capitals
/// in a row, digits in a row, and each separator.
fn runs(b: &[u8]) -> usize {
    #[derive(PartialEq, Clone, Copy)]
    enum C {
        Lower,
        Upper,
        Digit,
        Other,
    }
    let of = |c: u8| match c {
        b'a'..=b'z' => C::Lower,
        b'A'..=b'Z' => C::Upper,
        b'0'..=b'9' => C::Digit,
        _ => C::Other,
    };
    let mut count = 0;
    let mut before: Option<C> = None;
    let mut upper_run = 0;
    for c in b.iter().copied() {
        let now = of(c);
        let joins = before == Some(now) && now != C::Other
            || before == Some(C::Upper) && now == C::Lower && upper_run == 1;
        if !joins {
            count += 1;
        }
        upper_run = if now == C::Upper { upper_run + 1 } else { 0 };
        before = Some(now);
    }
    count
}

/// `cus_9f2…`, `CA49ec…`, `KEX-85164`.
fn prefixed(s: &str) -> Option<Classified> {
    use ValueKind as K;
    if let Some(at) = s.rfind(['_', '-']) {
        let (head, rest) = (s.get(..at)?, s.get(at + 1..)?);
        let head_ok = (1..=16).contains(&head.len())
            && head.bytes().all(|c| c.is_ascii_alphabetic() || c == b'_');
        if head_ok && rest.len() >= 6 && rest.bytes().all(|c| c.is_ascii_alphanumeric()) {
            let inner = classify(rest);
            let meaningless = matches!(
                inner.kind,
                K::Hex | K::Opaque | K::Uuid | K::Ulid | K::ObjectId | K::Prefixed
            );
            if meaningless && inner.certainty >= 80 {
                return Some(class(K::Prefixed, 97));
            }
        }
        let upper = head.bytes().all(|c| c.is_ascii_uppercase());
        if upper && head_ok && rest.len() >= 2 && rest.bytes().all(|c| c.is_ascii_digit()) {
            return Some(class(K::Prefixed, 92));
        }
    }
    let letters = s.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = s.get(letters.min(4)..)?;
    for cut in 1..=letters.min(4) {
        let rest = s.get(cut..).unwrap_or(rest);
        let hex = rest.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
        if hex && rest.len() >= 12 && digits(rest.as_bytes()) >= 3 {
            return Some(class(K::Prefixed, 98));
        }
    }
    let tail = s.get(letters..)?;
    (1..=4).contains(&letters).then_some(())?;
    let upper = s.bytes().take(letters).all(|c| c.is_ascii_uppercase());
    (upper && tail.len() >= 4 && tail.bytes().all(|c| c.is_ascii_digit()))
        .then_some(class(K::Prefixed, 92))
}

fn wordlike(s: &str, b: &[u8]) -> Classified {
    use ValueKind as K;
    if s.bytes().all(|c| c.is_ascii_uppercase()) && (2..=3).contains(&b.len()) {
        return class(K::Code, 60);
    }
    if let Some(certainty) = locale(s) {
        return class(K::Locale, certainty);
    }
    let words = words_of(s);
    let api = words.iter().filter(|w| is_api_word(w)).count();
    let all_api = !words.is_empty() && api == words.len();
    let lower = b.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_".contains(c));
    if lower && (s.contains(['-', '_'])) {
        let numbered = b.last().is_some_and(u8::is_ascii_digit);
        let certainty = match (all_api, numbered) {
            (true, false) => 10,
            (true, true) => 40,
            (false, true) => 75,
            (false, false) => 40,
        };
        return class(K::Slug, certainty);
    }
    class(K::Word, if all_api { 5 } else { 25 })
}

/// Two-letter codes of ISO 639-1, in pairs.
const LANGUAGES: &str = "aaabaeafakamanarasavayazbabebgbhbibmbnbobrbscacechcocrcscucvcydadedvdzeeel\
eneoeseteufafffifjfofrfygagdglgngugvhahehihohrhthuhyhziaidieigiiikioisitiujajvkakgkikjkkklkmknkokr\
kskukvkwkylalblglilnloltlulvmgmhmimkmlmnmrmsmtmynandnenngnlnnnonrnvnyocojomorospapiplpsptqurmrnror\
urwsascsdsesgsiskslsmsnsosqsrssstsusvswtatetgthtitktltntotrtstttwtyugukuruzvevivowawoxhyiyozazhzu";

fn locale(s: &str) -> Option<u8> {
    let mut parts = s.split(['-', '_']);
    let language = parts.next().filter(|l| l.len() == 2)?;
    let known = LANGUAGES.as_bytes().chunks_exact(2).any(|c| c == language.as_bytes());
    if !known {
        return None;
    }
    match (parts.next(), parts.next()) {
        (None, _) => Some(45),
        (Some(region), None) => {
            let upper = region.bytes().all(|c| c.is_ascii_uppercase());
            let script = region.len() == 4 && region.starts_with(|c: char| c.is_ascii_uppercase());
            (upper && region.len() == 2 || script).then_some(90)
        }
        _ => None,
    }
}

/// A segment that may hold fixed text around a value: prefix, core, suffix. The core is the whole
/// segment when there is no such text.
///
/// Recognised: custom methods (`123:cancel`), extensions (`123.json`), OData keys (`Users(123)`),
/// `@name` and `~name`.
pub(crate) fn split_affixes(s: &str) -> (&str, &str, &str) {
    if let Some((core, verb)) = s.rsplit_once(':')
        && !core.is_empty()
        && verb.len() >= 3
        && verb.bytes().all(|c| c.is_ascii_alphabetic())
        && verb.starts_with(|c: char| c.is_ascii_lowercase())
        && (!core.contains(':') || classify(core).certainty >= CERTAIN)
    {
        return ("", core, s.get(core.len()..).unwrap_or(""));
    }
    if s.ends_with(')')
        && let Some(open) = s.find('(')
        && open > 0
        && s.bytes().take(open).all(|c| c.is_ascii_alphanumeric() || b"._".contains(&c))
        && let (Some(head), Some(core)) = (s.get(..=open), s.get(open + 1..s.len() - 1))
        && !core.is_empty()
    {
        return (head, core, ")");
    }
    if let Some(core) = s.strip_prefix(['@', '~'])
        && !core.is_empty()
        && !core.contains('@')
    {
        return (s.get(..1).unwrap_or(""), core, "");
    }
    if let Some((core, _)) = split_extension(s)
        && !s.contains('@')
        && !s.starts_with("eyJ")
    {
        let class = classify(core);
        if class.certainty >= CERTAIN || class.kind == ValueKind::Code {
            return ("", core, s.get(core.len()..).unwrap_or(""));
        }
    }
    ("", s, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_form() {
        use ValueKind as K;
        for (text, kind) in [
            ("42", K::Integer),
            ("-1", K::Integer),
            ("1700000000", K::Epoch),
            ("0190163d-8694-739b-aea5-966c26f8ad91", K::Uuid),
            ("{0190163D-8694-739B-AEA5-966C26F8AD91}", K::Uuid),
            ("urn:uuid:0190163d-8694-739b-aea5-966c26f8ad91", K::Uuid),
            ("0190163d8694739baea5966c26f8ad91", K::Uuid),
            ("507f1f77bcf86cd799439011", K::ObjectId),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", K::Ulid),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", K::Hex),
            ("V1StGXR8_Z5jdHi6B-myT", K::Opaque),
            ("dQw4w9WgXcQ", K::Opaque),
            ("cus_9s6XKzkNRiz8i3", K::Prefixed),
            ("CA49ec539320d678cced5fb1f1b19bd8a6", K::Prefixed),
            ("INV-2041", K::Prefixed),
            ("a.b@example.org", K::Email),
            ("2026-11-22", K::Date),
            ("2026-11-22T10:00:00Z", K::DateTime),
            ("de-AT", K::Locale),
            ("1.0", K::Version),
            ("v2beta3", K::Version),
            ("10.0.0.1", K::Ip),
            ("2001:db8::1", K::Ip),
            ("+43123456789", K::Phone),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.x", K::Token),
            ("report.pdf", K::File),
            ("two words", K::Text),
            ("7-12", K::Composite),
            ("1,2,3", K::Composite),
            ("grey-owl", K::Slug),
            ("users", K::Word),
        ] {
            assert_eq!(classify(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn only_values_are_certain() {
        for text in
            ["42", "dQw4w9WgXcQ", "cus_9s6XKzkNRiz8i3", "2026-11-22", "de-AT", "axPNPHGCmwS"]
        {
            assert!(classify(text).certainty >= CERTAIN, "{text}");
        }
        for text in [
            "users",
            "v1",
            "1.0",
            "oauth2",
            "i18nLanguages",
            "TenNinetyNineContact",
            "getXmlDoc",
            "isUpToDate",
            "open511",
            "generated-cvc2",
            "Microsoft.Sql",
            "x509",
            "ipv4",
            "en",
            "grey-owl-7",
            "SHA256SUMS",
            "chat.postMessage",
            "IPv6Addresses",
        ] {
            assert!(classify(text).certainty < CERTAIN, "{text}: {:?}", classify(text));
        }
    }

    #[test]
    fn fixed_text_around_values_is_split_off() {
        for (text, parts) in [
            ("42.json", ("", "42", ".json")),
            ("users.json", ("", "users.json", "")),
            ("42:cancel", ("", "42", ":cancel")),
            ("projects:search", ("", "projects", ":search")),
            ("Users(7)", ("Users(", "7", ")")),
            ("@ada", ("@", "ada", "")),
            ("a@example.org", ("", "a@example.org", "")),
            ("6.12.14", ("", "6.12.14", "")),
        ] {
            assert_eq!(split_affixes(text), parts, "{text}");
        }
    }

    #[test]
    fn hostile_text_ends_quickly() {
        for text in ["a:".repeat(64), "_a".repeat(64), ".aa".repeat(40), "é".repeat(60)] {
            let _ = (classify(&text), split_affixes(&text));
        }
    }
}
