//! Forms of provider tokens: a literal beginning, an alphabet and a length, from the providers' own
//! documentation. All beginnings are looked for in one pass over the runs that are long enough.

use super::{Shape, runs::Alphabet};

/// Alphabet of a token behind its literal beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    /// `0-9a-f`, either case.
    Hex,
    /// `A-Z0-9`.
    Upper,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_`, `-`.
    Url,
    /// Letters, digits, `_`, `-`, `.`, `=`, `:`, `+`, `/`, `~`.
    Wide,
}

impl Set {
    fn has(self, b: u8) -> bool {
        match self {
            Self::Hex => b.is_ascii_hexdigit(),
            Self::Upper => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Self::Alnum => b.is_ascii_alphanumeric(),
            Self::Url => b.is_ascii_alphanumeric() || b == b'_' || b == b'-',
            Self::Wide => TOKEN.has(b),
        }
    }
}

/// Beginning, alphabet, fewest and most characters behind the beginning.
type Form = (&'static str, Set, usize, usize);

const FORMS: &[Form] = &[
    // Cloud providers.
    ("AKIA", Set::Upper, 16, 16),
    ("ASIA", Set::Upper, 16, 16),
    ("ABIA", Set::Upper, 16, 16),
    ("ACCA", Set::Upper, 16, 16),
    ("ABSKQmVkcm9ja0FQSUtleS", Set::Wide, 90, 250),
    ("AIza", Set::Url, 35, 35),
    ("ya29.", Set::Url, 40, 600),
    ("GOCSPX-", Set::Url, 28, 28),
    ("1//0", Set::Url, 60, 200),
    ("LTAI", Set::Alnum, 12, 20),
    ("AccountKey=", Set::Wide, 80, 90),
    ("SharedAccessKey=", Set::Wide, 40, 60),
    ("dop_v1_", Set::Hex, 64, 64),
    ("doo_v1_", Set::Hex, 64, 64),
    ("dor_v1_", Set::Hex, 64, 64),
    ("AQVN", Set::Url, 35, 38),
    ("t1.", Set::Wide, 80, 200),
    ("YC", Set::Url, 38, 38),
    ("HRKU-AA", Set::Url, 58, 58),
    ("tskey-", Set::Url, 20, 80),
    ("v1.0-", Set::Hex, 171, 171),
    ("fm2_", Set::Wide, 100, 2000),
    ("fo1_", Set::Url, 43, 43),
    ("nfp_", Set::Alnum, 36, 40),
    ("sbp_", Set::Hex, 40, 40),
    ("pscale_tkn_", Set::Wide, 32, 64),
    ("pscale_pw_", Set::Wide, 32, 64),
    ("pscale_oauth_", Set::Wide, 32, 64),
    ("hvs.", Set::Url, 24, 200),
    ("hvb.", Set::Url, 60, 300),
    (".atlasv1.", Set::Url, 60, 70),
    ("sha256~", Set::Url, 43, 43),
    ("dt0c01.", Set::Wide, 88, 100),
    ("pul-", Set::Hex, 40, 40),
    ("ops_eyJ", Set::Wide, 120, 4000),
    ("AGE-SECRET-KEY-1", Set::Upper, 58, 58),
    ("dp.pt.", Set::Alnum, 40, 44),
    ("dp.st.", Set::Wide, 40, 80),
    // Code hosting, packages, CI.
    ("ghp_", Set::Alnum, 36, 36),
    ("gho_", Set::Alnum, 36, 36),
    ("ghu_", Set::Alnum, 36, 36),
    ("ghs_", Set::Alnum, 36, 36),
    ("ghr_", Set::Alnum, 36, 76),
    ("github_pat_", Set::Url, 70, 90),
    ("glpat-", Set::Wide, 20, 60),
    ("gldt-", Set::Url, 20, 40),
    ("glft-", Set::Url, 20, 64),
    ("glsoat-", Set::Url, 20, 64),
    ("glrt-", Set::Wide, 20, 60),
    ("glcbt-", Set::Url, 20, 60),
    ("glimt-", Set::Url, 20, 40),
    ("glptt-", Set::Url, 40, 40),
    ("glagent-", Set::Url, 50, 128),
    ("gloas-", Set::Url, 64, 64),
    ("glffct-", Set::Url, 20, 40),
    ("GR1348941", Set::Url, 20, 50),
    ("npm_", Set::Alnum, 36, 36),
    ("pypi-AgE", Set::Url, 85, 400),
    ("rubygems_", Set::Hex, 48, 48),
    ("CLOJARS_", Set::Alnum, 60, 60),
    ("oy2", Set::Alnum, 43, 43),
    ("dckr_pat_", Set::Url, 27, 40),
    ("AKCp", Set::Alnum, 60, 80),
    ("cmVmdGtuO", Set::Alnum, 50, 80),
    ("sgp_local_", Set::Hex, 40, 40),
    ("sgp_", Set::Hex, 40, 40),
    ("ATATT3", Set::Wide, 180, 250),
    ("ATCTT3", Set::Wide, 180, 250),
    ("squ_", Set::Hex, 40, 40),
    ("sqp_", Set::Hex, 40, 40),
    ("sqa_", Set::Hex, 40, 40),
    ("bkua_", Set::Hex, 40, 40),
    ("CCIPAT_", Set::Url, 40, 90),
    ("API-", Set::Upper, 26, 26),
    ("pnu_", Set::Alnum, 36, 36),
    ("snyk_", Set::Wide, 40, 100),
    // Messaging, mail, telephony.
    ("xoxb-", Set::Url, 40, 100),
    ("xoxp-", Set::Url, 50, 120),
    ("xoxa-", Set::Url, 40, 120),
    ("xoxr-", Set::Url, 40, 120),
    ("xoxs-", Set::Url, 40, 120),
    ("xoxe-1-", Set::Alnum, 100, 200),
    ("xoxe.xoxp-1-", Set::Alnum, 120, 200),
    ("xapp-1-", Set::Url, 50, 120),
    ("hooks.slack.com/services/T", Set::Wide, 30, 60),
    ("SG.", Set::Wide, 66, 66),
    ("key-", Set::Hex, 32, 32),
    ("xkeysib-", Set::Url, 81, 81),
    ("SK", Set::Hex, 32, 32),
    ("AC", Set::Hex, 32, 32),
    ("live_mb_", Set::Alnum, 20, 40),
    // Payment and commerce.
    ("sk_live_", Set::Alnum, 10, 110),
    ("sk_test_", Set::Alnum, 10, 110),
    ("rk_live_", Set::Alnum, 10, 110),
    ("rk_test_", Set::Alnum, 10, 110),
    ("whsec_", Set::Wide, 24, 64),
    ("sq0atp-", Set::Url, 22, 22),
    ("sq0csp-", Set::Url, 43, 43),
    ("EAAA", Set::Wide, 56, 64),
    ("shpat_", Set::Hex, 32, 32),
    ("shpca_", Set::Hex, 32, 32),
    ("shppa_", Set::Hex, 32, 32),
    ("shpss_", Set::Hex, 32, 32),
    ("shippo_live_", Set::Hex, 40, 40),
    ("shippo_test_", Set::Hex, 40, 40),
    ("FLWSECK-", Set::Url, 20, 50),
    ("FLWSECK_TEST-", Set::Url, 12, 50),
    ("EZAK", Set::Alnum, 54, 54),
    ("EZTK", Set::Alnum, 54, 54),
    ("duffel_live_", Set::Url, 43, 43),
    ("duffel_test_", Set::Url, 43, 43),
    ("access-production-", Set::Url, 36, 36),
    ("access-sandbox-", Set::Url, 36, 36),
    // Software as a service.
    ("sk-ant-admin01-", Set::Url, 80, 110),
    ("sk-ant-api03-", Set::Url, 80, 110),
    ("sk-proj-", Set::Url, 40, 200),
    ("sk-svcacct-", Set::Url, 40, 200),
    ("sk-admin-", Set::Url, 40, 200),
    ("sk-or-v1-", Set::Hex, 64, 64),
    ("sk-", Set::Alnum, 48, 48),
    ("gsk_", Set::Alnum, 52, 52),
    ("pplx-", Set::Alnum, 48, 48),
    ("hf_", Set::Alnum, 34, 37),
    ("api_org_", Set::Alnum, 34, 34),
    ("r8_", Set::Alnum, 37, 37),
    ("lin_api_", Set::Alnum, 40, 40),
    ("lin_oauth_", Set::Hex, 64, 64),
    ("ntn_", Set::Alnum, 46, 46),
    ("secret_", Set::Alnum, 43, 43),
    ("figd_", Set::Url, 40, 45),
    ("PMAK-", Set::Url, 59, 59),
    ("rdme_", Set::Alnum, 70, 70),
    ("sntrys_", Set::Wide, 60, 300),
    ("sntryu_", Set::Hex, 64, 64),
    ("glc_", Set::Wide, 32, 400),
    ("glsa_", Set::Url, 41, 41),
    ("NRAK-", Set::Upper, 27, 27),
    ("NRII-", Set::Url, 32, 32),
    ("NRJS-", Set::Hex, 19, 19),
    ("dapi", Set::Hex, 32, 32),
    ("ico-", Set::Alnum, 32, 32),
    ("pat-na1-", Set::Url, 36, 36),
    ("pat-eu1-", Set::Url, 36, 36),
    ("tfp_", Set::Wide, 59, 59),
    ("CFPAT-", Set::Url, 43, 43),
    ("phx_", Set::Alnum, 40, 50),
    ("aio_", Set::Alnum, 28, 28),
    ("fio-u-", Set::Url, 64, 64),
    ("sm_pat_", Set::Alnum, 16, 16),
    ("sm_aat_", Set::Alnum, 16, 16),
    ("sm_sat_", Set::Alnum, 16, 16),
    ("lsv2_pt_", Set::Url, 40, 50),
    ("s-s4t2af-", Set::Hex, 64, 64),
    ("s-s4t2ud-", Set::Hex, 64, 64),
    ("EAAM", Set::Alnum, 80, 300),
    ("EAAC", Set::Alnum, 80, 300),
    (":AA", Set::Url, 33, 33),
    ("s.", Set::Alnum, 24, 24),
];

/// Forms whose body must be checked further, by their beginning.
fn is_wrong_body(beginning: &str, body: &str) -> bool {
    match beginning {
        "SG." => body.split('.').map(str::len).ne([22, 43]),
        "sk-ant-admin01-" | "sk-ant-api03-" => !body.ends_with("AA"),
        "ABIA" | "ACCA" | "AKIA" | "ASIA" => {
            body.bytes().any(|b| b"0189".contains(&b)) || body.ends_with("EXAMPLE")
        }
        // Old service tokens of Vault: letters of both cases and digits.
        "s." => {
            !body.bytes().any(|b| b.is_ascii_digit())
                || !body.bytes().any(|b| b.is_ascii_lowercase())
                || !body.bytes().any(|b| b.is_ascii_uppercase())
        }
        _ => false,
    }
}

/// Bytes of tokens, beginnings included: those of [`Set::Wide`].
static TOKEN: Alphabet = Alphabet::alphanumeric_and(b"_-.=:+/~");

/// Bytes of the shortest token of any form.
const LEAST: usize = {
    let (mut least, mut i) = (usize::MAX, 0);
    while i < FORMS.len() {
        let len = FORMS[i].0.len() + FORMS[i].2;
        if len < least {
            least = len;
        }
        i += 1;
    }
    least
};

/// Forms by the first byte of their beginnings.
struct Index {
    /// What a byte is: [`ALPHANUMERIC`], [`FIRST`] of a beginning.
    kinds: [u8; 256],
    /// The second bytes (modulo 64) that occur behind a first byte.
    seconds: [u64; 256],
    /// The last form with a first byte, then the one before it …; [`NO_FORM`] ends the chain.
    last: [u8; 256],
    before: [u8; FORMS.len()],
}

const ALPHANUMERIC: u8 = 1;
const FIRST: u8 = 2;
const NO_FORM: u8 = u8::MAX;

static INDEX: Index = {
    assert!(FORMS.len() < NO_FORM as usize, "a byte numbers the forms");
    let mut index = Index {
        kinds: [0; 256],
        seconds: [0; 256],
        last: [NO_FORM; 256],
        before: [NO_FORM; FORMS.len()],
    };
    let mut i = 0;
    while i < index.kinds.len() {
        index.kinds[i] = (i as u8).is_ascii_alphanumeric() as u8 * ALPHANUMERIC;
        i += 1;
    }
    i = 0;
    while i < FORMS.len() {
        let beginning = FORMS[i].0.as_bytes();
        let first = beginning[0] as usize;
        index.kinds[first] |= FIRST;
        index.seconds[first] |= 1 << (beginning[1] & 63);
        index.before[i] = index.last[first];
        index.last[first] = i as u8;
        i += 1;
    }
    index
};

/// The form with the longest beginning at the start of `bytes`.
fn form_at(bytes: &[u8]) -> Option<&'static Form> {
    let [first, second, ..] = bytes else { return None };
    let first = usize::from(*first);
    if INDEX.seconds[first] >> (second & 63) & 1 == 0 {
        return None;
    }
    let mut longest: Option<&Form> = None;
    let mut next = INDEX.last[first];
    while let Some(form) = FORMS.get(usize::from(next)) {
        let is_longer = longest.is_none_or(|other| form.0.len() > other.0.len());
        if is_longer && bytes.starts_with(form.0.as_bytes()) {
            longest = Some(form);
        }
        next = INDEX.before[usize::from(next)];
    }
    longest
}

/// The first token of a known form in a text of that shape, as a range of bytes. In prose only runs
/// that are long enough are looked at.
pub(super) fn find(text: &str, shape: &Shape) -> Option<(usize, usize)> {
    if shape.spaces == 0 {
        return find_in(text, 0, text.len());
    }
    TOKEN.runs(text.as_bytes(), LEAST).find_map(|(start, end)| find_in(text, start, end))
}

/// The first token in a part of a text.
fn find_in(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let run = text.as_bytes().get(start..end)?;
    let mut previous = 0;
    // Bytes up to here belong to a beginning that was looked at.
    let mut taken = 0;
    for (at, b) in run.iter().enumerate().take((run.len() + 1).saturating_sub(LEAST)) {
        let kind = INDEX.kinds[usize::from(*b)];
        // A token does not begin in the middle of a word.
        let may_begin = kind & FIRST != 0 && kind & previous & ALPHANUMERIC == 0;
        previous = kind;
        if !may_begin || at < taken {
            continue;
        }
        let Some(form) = run.get(at..).and_then(form_at) else { continue };
        if let Some(token) = token_at(text, start + at, form) {
            return Some(token);
        }
        taken = at + form.0.len();
    }
    None
}

/// The token that begins at `start` in a form, if all of it is there.
fn token_at(text: &str, start: usize, form: &Form) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (beginning, set, least, most) = *form;
    let body_from = start + beginning.len();
    // A bot token begins with the number of the bot.
    let number = bytes.get(..start)?.iter().rev().take(11);
    let number = number.take_while(|b| b.is_ascii_digit()).count();
    if beginning == ":AA" && !(8..=10).contains(&number) {
        return None;
    }
    let body_len =
        bytes.get(body_from..)?.iter().take(most + 1).take_while(|b| set.has(**b)).count();
    let body = text.get(body_from..body_from + body_len)?;
    let fits = (least..=most).contains(&body_len)
        && !is_wrong_body(beginning, body)
        && is_varied(body)
        && !is_placeholder(body);
    fits.then_some((start, body_from + body_len))
}

/// Whether a token body is no placeholder: not one or two characters repeated.
pub(super) fn is_varied(body: &str) -> bool {
    let entropy = entropy(body);
    // Real provider examples repeat one letter in short bodies (`AKIAZZZZ…` in their own tests);
    // lower-case `x` is what people write to mask.
    !body.bytes().all(|b| matches!(b, b'x' | b'X' | b'.' | b'*' | b'_' | b'-' | b'0'))
        && (entropy >= 2.5 || (body.len() <= 16 && body.bytes().all(|b| b.is_ascii_uppercase())))
}

/// Shannon entropy in bits per byte.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for b in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(b)) {
            *count += 1;
        }
    }
    let len = text.len().max(1) as f64;
    let bits = |n: &u32| {
        let share = f64::from(*n) / len;
        -share * share.log2()
    };
    counts.iter().filter(|n| **n > 0).map(bits).sum()
}

/// Whether a value stands for a secret without being one: masks, templates, names of variables.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "null",
        "none",
        "undefined",
        "true",
        "false",
        "string",
        "password",
        "secret",
        "token",
        "changeme",
        "redacted",
        "hidden",
        "masked",
        "required",
        "optional",
        "example",
        "test",
        "n/a",
        "apikey",
        "api_key",
        "default",
        "bearer",
        "text",
        "invalid",
        "yes",
        "no",
    ];
    WORDS.contains(&lower.as_str())
        || text.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'#' | b'?' | b' '))
        || text.chars().all(|c| matches!(c, '•' | '●' | '*' | '…'))
        || text.starts_with(['$', '<', '{', '%', '`', '['])
        || lower.contains("redacted")
        || lower.contains("your_")
        || lower.contains("your-")
        || lower.contains("example")
        || lower.contains("placeholder")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<(usize, usize)> {
        super::find(text, &Shape::of(text))
    }

    /// A token of a form, assembled here so that scanners of this repository stay quiet.
    fn token(beginning: &str, len: usize) -> String {
        let body = "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOoPlQz";
        beginning.chars().chain(body.chars().cycle().take(len)).collect()
    }

    #[test]
    fn forms_are_found_alone_and_in_text() {
        let github = token("ghp_", 36);
        assert_eq!(find(&github), Some((0, 40)));
        assert_eq!(find(&format!("see {github}, please")), Some((4, 44)));
        assert_eq!(find(&format!("x{github}")), None);
        assert_eq!(find(&token("ghp_", 35)), None);
        assert_eq!(find(&format!("x/{github}/y")), Some((2, 42)));
        assert_eq!(find(&format!("ghp_{github}")), Some((4, 44)));
        assert_eq!(find(&format!("ghp_{}", "x".repeat(36))), None);
    }

    #[test]
    fn the_longest_beginning_counts() {
        assert_eq!(form_at(b"sk-ant-api03-").map(|form| form.0), Some("sk-ant-api03-"));
        assert_eq!(form_at(b"sk-ant").map(|form| form.0), Some("sk-"));
        assert_eq!(form_at(b"s").or(form_at(b"")).or(form_at(b"so")).map(|form| form.0), None);
        for form in FORMS {
            assert_eq!(form_at(form.0.as_bytes()).map(|found| found.0), Some(form.0));
        }
    }

    #[test]
    fn beginnings_are_unique_and_lengths_ordered() {
        for (i, (beginning, _, least, most)) in FORMS.iter().enumerate() {
            assert!(least <= most && beginning.len() > 1);
            assert!(beginning.bytes().all(|b| TOKEN.has(b)), "{beginning}");
            assert!(FORMS.iter().skip(i + 1).all(|other| other.0 != *beginning), "{beginning}");
        }
    }

    #[test]
    fn entropy_is_that_of_shannon() {
        assert!((entropy("aabb") - 1.0).abs() < 1e-9);
        assert!((entropy("abcd") - 2.0).abs() < 1e-9);
        assert!(entropy("").abs() < 1e-9);
    }
}
