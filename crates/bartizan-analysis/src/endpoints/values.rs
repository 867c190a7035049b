//! What kind of value one path segment is, and how certain it is that it is a value at all.

use serde::{Deserialize, Serialize};

use super::affixes::split_extension;
use super::opaque::opaque;
use super::words::{is_api_word, words_of};

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

pub(crate) const fn class(kind: ValueKind, certainty: u8) -> Classified {
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
        .or_else(|| locale(segment).filter(|c| *c >= CERTAIN).map(|c| class(K::Locale, c)))
        .or_else(|| opaque(segment, b))
        .unwrap_or_else(|| wordlike(segment, b))
}

/// How many bytes are digits.
pub(crate) fn digits(b: &[u8]) -> usize {
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

/// `2024-07`.
pub(crate) fn is_year_month(s: &str) -> bool {
    s.len() == 7 && is_date(format!("{s}-01").as_bytes())
}

/// `v1`, `v1.2`, `v2beta3`, `1.0`, `6.12.14`, `1.2.3-rc1`, `v2024-07`, `v2024-07-01`.
pub(crate) fn is_version(s: &str) -> bool {
    let (body, marked) = match s.strip_prefix(['v', 'V']) {
        Some(rest) => (rest, true),
        None => (s, false),
    };
    if marked && (is_year_month(body) || (body.len() == 10 && is_date(body.as_bytes()))) {
        return true;
    }
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

/// Two-letter codes of ISO 639-1.
#[rustfmt::skip]
static LANGUAGES: &[&str] = &[
    "aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az", "ba", "be", "bg", "bh",
    "bi", "bm", "bn", "bo", "br", "bs", "ca", "ce", "ch", "co", "cr", "cs", "cu", "cv", "cy", "da",
    "de", "dv", "dz", "ee", "el", "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo", "fr",
    "fy", "ga", "gd", "gl", "gn", "gu", "gv", "ha", "he", "hi", "ho", "hr", "ht", "hu", "hy", "hz",
    "ia", "id", "ie", "ig", "ii", "ik", "io", "is", "it", "iu", "ja", "jv", "ka", "kg", "ki", "kj",
    "kk", "kl", "km", "kn", "ko", "kr", "ks", "ku", "kv", "kw", "ky", "la", "lb", "lg", "li", "ln",
    "lo", "lt", "lu", "lv", "mg", "mh", "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "na", "nb",
    "nd", "ne", "ng", "nl", "nn", "no", "nr", "nv", "ny", "oc", "oj", "om", "or", "os", "pa", "pi",
    "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru", "rw", "sa", "sc", "sd", "se", "sg", "si", "sk",
    "sl", "sm", "sn", "so", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta", "te", "tg", "th", "ti",
    "tk", "tl", "tn", "to", "tr", "ts", "tt", "tw", "ty", "ug", "uk", "ur", "uz", "ve", "vi", "vo",
    "wa", "wo", "xh", "yi", "yo", "za", "zh", "zu",
];

/// A language, with a script or a region or both (RFC 5646 §2.1). A region in lower case looks like
/// another word.
fn locale(s: &str) -> Option<u8> {
    let mut parts = s.split(['-', '_']);
    let language = parts.next().filter(|l| l.len() == 2)?;
    LANGUAGES.binary_search(&language).ok()?;
    let all = |s: &str, n: usize, is: fn(&u8) -> bool| s.len() == n && s.as_bytes().iter().all(is);
    let script = |s: &str| s.len() == 4 && s.starts_with(|c: char| c.is_ascii_uppercase());
    // The world, Europe, and Latin America are the regions that have a number only.
    let region = |s: &str| all(s, 2, u8::is_ascii_uppercase) || matches!(s, "001" | "150" | "419");
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Some(45),
        (Some(one), None, None) if region(one) || script(one) => Some(90),
        (Some(one), Some(two), None) if script(one) && region(two) => Some(90),
        (Some(one), None, None) if all(one, 2, u8::is_ascii_lowercase) => Some(45),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(LANGUAGES.windows(2).all(|w| w[0] < w[1]), "{LANGUAGES:?}");
        assert!(MEDIA.windows(2).all(|w| w[0] < w[1]), "{MEDIA:?}");
    }

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
            ("WINTER10", K::Prefixed),
            ("a.b@example.org", K::Email),
            ("2026-11-22", K::Date),
            ("2026-11-22T10:00:00Z", K::DateTime),
            ("de-AT", K::Locale),
            ("de-at", K::Locale),
            ("zh_Hant", K::Locale),
            ("zh-Hans-CN", K::Locale),
            ("es-419", K::Locale),
            ("is-404", K::Slug),
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
            "BASE64",
            "HTML5",
            "chat.postMessage",
            "IPv6Addresses",
        ] {
            assert!(classify(text).certainty < CERTAIN, "{text}: {:?}", classify(text));
        }
    }

    #[test]
    fn hostile_text_ends_quickly() {
        for text in ["a:".repeat(64), "_a".repeat(64), ".aa".repeat(40), "é".repeat(60)] {
            let _ = (classify(&text), super::super::affixes::split_affixes(&text));
        }
    }
}
