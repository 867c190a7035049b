//! Forms of provider tokens: a literal beginning, an alphabet and a length, from the providers' own
//! documentation. All beginnings are looked for in one pass over the runs that are long enough.

use bartizan_model::DataClass;

use super::{
    Shape,
    placeholder::{is_placeholder, is_varied},
    runs::Alphabet,
    secrets,
};

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

/// Beginning, alphabet, fewest and most characters behind the beginning, kind.
type Form = (&'static str, Set, usize, usize, DataClass);

const CLOUD: DataClass = secrets::cloud_key::CLASS.class;
const SOURCE: DataClass = secrets::source_hosting_token::CLASS.class;
const MESSAGE: DataClass = secrets::messaging_token::CLASS.class;
const PAYMENT: DataClass = secrets::payment_key::CLASS.class;
const AI: DataClass = secrets::ai_key::CLASS.class;
const SERVICE: DataClass = secrets::service_key::CLASS.class;
const WEBHOOK: DataClass = secrets::webhook_url::CLASS.class;
const PRIVATE: DataClass = secrets::private_key::CLASS.class;
const CONNECTION: DataClass = secrets::connection_string::CLASS.class;

const FORMS: &[Form] = &[
    // Cloud providers.
    ("AKIA", Set::Upper, 16, 16, CLOUD),
    ("ASIA", Set::Upper, 16, 16, CLOUD),
    ("ABIA", Set::Upper, 16, 16, CLOUD),
    ("ACCA", Set::Upper, 16, 16, CLOUD),
    ("ABSKQmVkcm9ja0FQSUtleS", Set::Wide, 90, 250, CLOUD),
    ("AIza", Set::Url, 35, 35, CLOUD),
    ("ya29.", Set::Url, 40, 600, CLOUD),
    ("GOCSPX-", Set::Url, 28, 28, CLOUD),
    ("1//0", Set::Url, 60, 200, CLOUD),
    ("LTAI", Set::Alnum, 12, 20, CLOUD),
    ("AccountKey=", Set::Wide, 80, 90, CONNECTION),
    ("SharedAccessKey=", Set::Wide, 40, 60, CONNECTION),
    ("dop_v1_", Set::Hex, 64, 64, CLOUD),
    ("doo_v1_", Set::Hex, 64, 64, CLOUD),
    ("dor_v1_", Set::Hex, 64, 64, CLOUD),
    ("AQVN", Set::Url, 35, 38, CLOUD),
    ("t1.", Set::Wide, 80, 200, CLOUD),
    ("YC", Set::Url, 38, 38, CLOUD),
    ("HRKU-AA", Set::Url, 58, 58, CLOUD),
    ("tskey-", Set::Url, 20, 80, CLOUD),
    ("v1.0-", Set::Hex, 171, 171, CLOUD),
    ("fm2_", Set::Wide, 100, 2000, CLOUD),
    ("fo1_", Set::Url, 43, 43, CLOUD),
    ("nfp_", Set::Alnum, 36, 40, CLOUD),
    ("sbp_", Set::Hex, 40, 40, CLOUD),
    ("pscale_tkn_", Set::Wide, 32, 64, CLOUD),
    ("pscale_pw_", Set::Wide, 32, 64, CLOUD),
    ("pscale_oauth_", Set::Wide, 32, 64, CLOUD),
    ("hvs.", Set::Url, 24, 200, CLOUD),
    ("hvb.", Set::Url, 60, 300, CLOUD),
    (".atlasv1.", Set::Url, 60, 70, CLOUD),
    ("sha256~", Set::Url, 43, 43, CLOUD),
    ("dt0c01.", Set::Wide, 88, 100, CLOUD),
    ("pul-", Set::Hex, 40, 40, CLOUD),
    ("ops_eyJ", Set::Wide, 120, 4000, CLOUD),
    ("AGE-SECRET-KEY-1", Set::Upper, 58, 58, PRIVATE),
    ("dp.pt.", Set::Alnum, 40, 44, CLOUD),
    ("dp.st.", Set::Wide, 40, 80, CLOUD),
    // Code hosting, packages, CI.
    ("ghp_", Set::Alnum, 36, 36, SOURCE),
    ("gho_", Set::Alnum, 36, 36, SOURCE),
    ("ghu_", Set::Alnum, 36, 36, SOURCE),
    ("ghs_", Set::Alnum, 36, 36, SOURCE),
    ("ghr_", Set::Alnum, 36, 76, SOURCE),
    ("github_pat_", Set::Url, 70, 90, SOURCE),
    ("glpat-", Set::Wide, 20, 60, SOURCE),
    ("gldt-", Set::Url, 20, 40, SOURCE),
    ("glft-", Set::Url, 20, 64, SOURCE),
    ("glsoat-", Set::Url, 20, 64, SOURCE),
    ("glrt-", Set::Wide, 20, 60, SOURCE),
    ("glcbt-", Set::Url, 20, 60, SOURCE),
    ("glimt-", Set::Url, 20, 40, SOURCE),
    ("glptt-", Set::Url, 40, 40, SOURCE),
    ("glagent-", Set::Url, 50, 128, SOURCE),
    ("gloas-", Set::Url, 64, 64, SOURCE),
    ("glffct-", Set::Url, 20, 40, SOURCE),
    ("GR1348941", Set::Url, 20, 50, SOURCE),
    ("npm_", Set::Alnum, 36, 36, SOURCE),
    ("pypi-AgE", Set::Url, 85, 400, SOURCE),
    ("rubygems_", Set::Hex, 48, 48, SOURCE),
    ("CLOJARS_", Set::Alnum, 60, 60, SOURCE),
    ("oy2", Set::Alnum, 43, 43, SOURCE),
    ("dckr_pat_", Set::Url, 27, 40, SOURCE),
    ("AKCp", Set::Alnum, 60, 80, SOURCE),
    ("cmVmdGtuO", Set::Alnum, 50, 80, SOURCE),
    ("sgp_local_", Set::Hex, 40, 40, SOURCE),
    ("sgp_", Set::Hex, 40, 40, SOURCE),
    ("ATATT3", Set::Wide, 180, 250, SOURCE),
    ("ATCTT3", Set::Wide, 180, 250, SOURCE),
    ("squ_", Set::Hex, 40, 40, SOURCE),
    ("sqp_", Set::Hex, 40, 40, SOURCE),
    ("sqa_", Set::Hex, 40, 40, SOURCE),
    ("bkua_", Set::Hex, 40, 40, SOURCE),
    ("CCIPAT_", Set::Url, 40, 90, SOURCE),
    ("API-", Set::Upper, 26, 26, SOURCE),
    ("pnu_", Set::Alnum, 36, 36, SOURCE),
    ("snyk_", Set::Wide, 40, 100, SOURCE),
    // Messaging, mail, telephony.
    ("xoxb-", Set::Url, 40, 100, MESSAGE),
    ("xoxp-", Set::Url, 50, 120, MESSAGE),
    ("xoxa-", Set::Url, 40, 120, MESSAGE),
    ("xoxr-", Set::Url, 40, 120, MESSAGE),
    ("xoxs-", Set::Url, 40, 120, MESSAGE),
    ("xoxe-1-", Set::Alnum, 100, 200, MESSAGE),
    ("xoxe.xoxp-1-", Set::Alnum, 120, 200, MESSAGE),
    ("xapp-1-", Set::Url, 50, 120, MESSAGE),
    ("hooks.slack.com/services/T", Set::Wide, 30, 60, WEBHOOK),
    ("SG.", Set::Wide, 66, 66, MESSAGE),
    ("key-", Set::Hex, 32, 32, MESSAGE),
    ("xkeysib-", Set::Url, 81, 81, MESSAGE),
    ("SK", Set::Hex, 32, 32, MESSAGE),
    ("AC", Set::Hex, 32, 32, MESSAGE),
    ("live_mb_", Set::Alnum, 20, 40, MESSAGE),
    // Payment and commerce.
    ("sk_live_", Set::Alnum, 10, 110, PAYMENT),
    ("sk_test_", Set::Alnum, 10, 110, PAYMENT),
    ("rk_live_", Set::Alnum, 10, 110, PAYMENT),
    ("rk_test_", Set::Alnum, 10, 110, PAYMENT),
    ("whsec_", Set::Wide, 24, 64, PAYMENT),
    ("sq0atp-", Set::Url, 22, 22, PAYMENT),
    ("sq0csp-", Set::Url, 43, 43, PAYMENT),
    ("EAAA", Set::Wide, 56, 64, PAYMENT),
    ("shpat_", Set::Hex, 32, 32, PAYMENT),
    ("shpca_", Set::Hex, 32, 32, PAYMENT),
    ("shppa_", Set::Hex, 32, 32, PAYMENT),
    ("shpss_", Set::Hex, 32, 32, PAYMENT),
    ("shippo_live_", Set::Hex, 40, 40, PAYMENT),
    ("shippo_test_", Set::Hex, 40, 40, PAYMENT),
    ("FLWSECK-", Set::Url, 20, 50, PAYMENT),
    ("FLWSECK_TEST-", Set::Url, 12, 50, PAYMENT),
    ("EZAK", Set::Alnum, 54, 54, PAYMENT),
    ("EZTK", Set::Alnum, 54, 54, PAYMENT),
    ("duffel_live_", Set::Url, 43, 43, PAYMENT),
    ("duffel_test_", Set::Url, 43, 43, PAYMENT),
    ("access-production-", Set::Url, 36, 36, PAYMENT),
    ("access-sandbox-", Set::Url, 36, 36, PAYMENT),
    // Software as a service.
    ("sk-ant-admin01-", Set::Url, 80, 110, AI),
    ("sk-ant-api03-", Set::Url, 80, 110, AI),
    ("sk-proj-", Set::Url, 40, 200, AI),
    ("sk-svcacct-", Set::Url, 40, 200, AI),
    ("sk-admin-", Set::Url, 40, 200, AI),
    ("sk-or-v1-", Set::Hex, 64, 64, AI),
    ("sk-", Set::Alnum, 48, 48, AI),
    ("gsk_", Set::Alnum, 52, 52, AI),
    ("pplx-", Set::Alnum, 48, 48, AI),
    ("hf_", Set::Alnum, 34, 37, AI),
    ("api_org_", Set::Alnum, 34, 34, AI),
    ("r8_", Set::Alnum, 37, 37, AI),
    ("lin_api_", Set::Alnum, 40, 40, SERVICE),
    ("lin_oauth_", Set::Hex, 64, 64, SERVICE),
    ("ntn_", Set::Alnum, 46, 46, SERVICE),
    ("secret_", Set::Alnum, 43, 43, SERVICE),
    ("figd_", Set::Url, 40, 45, SERVICE),
    ("PMAK-", Set::Url, 59, 59, SERVICE),
    ("rdme_", Set::Alnum, 70, 70, SERVICE),
    ("sntrys_", Set::Wide, 60, 300, SERVICE),
    ("sntryu_", Set::Hex, 64, 64, SERVICE),
    ("glc_", Set::Wide, 32, 400, SERVICE),
    ("glsa_", Set::Url, 41, 41, SERVICE),
    ("NRAK-", Set::Upper, 27, 27, SERVICE),
    ("NRII-", Set::Url, 32, 32, SERVICE),
    ("NRJS-", Set::Hex, 19, 19, SERVICE),
    ("dapi", Set::Hex, 32, 32, SERVICE),
    ("ico-", Set::Alnum, 32, 32, SERVICE),
    ("pat-na1-", Set::Url, 36, 36, SERVICE),
    ("pat-eu1-", Set::Url, 36, 36, SERVICE),
    ("tfp_", Set::Wide, 59, 59, SERVICE),
    ("CFPAT-", Set::Url, 43, 43, SERVICE),
    ("phx_", Set::Alnum, 40, 50, SERVICE),
    ("aio_", Set::Alnum, 28, 28, SERVICE),
    ("fio-u-", Set::Url, 64, 64, SERVICE),
    ("sm_pat_", Set::Alnum, 16, 16, SERVICE),
    ("sm_aat_", Set::Alnum, 16, 16, SERVICE),
    ("sm_sat_", Set::Alnum, 16, 16, SERVICE),
    ("lsv2_pt_", Set::Url, 40, 50, AI),
    ("s-s4t2af-", Set::Hex, 64, 64, SERVICE),
    ("s-s4t2ud-", Set::Hex, 64, 64, SERVICE),
    ("EAAM", Set::Alnum, 80, 300, SERVICE),
    ("EAAC", Set::Alnum, 80, 300, SERVICE),
    (":AA", Set::Url, 33, 33, MESSAGE),
    // A Discord bot: its number in Base64, a time, a signature.
    ("MT", Set::Wide, 56, 72, MESSAGE),
    ("Mj", Set::Wide, 56, 72, MESSAGE),
    ("Mz", Set::Wide, 56, 72, MESSAGE),
    ("ND", Set::Wide, 56, 72, MESSAGE),
    ("NT", Set::Wide, 56, 72, MESSAGE),
    ("Nj", Set::Wide, 56, 72, MESSAGE),
    ("Nz", Set::Wide, 56, 72, MESSAGE),
    ("OD", Set::Wide, 56, 72, MESSAGE),
    ("OT", Set::Wide, 56, 72, MESSAGE),
    ("s.", Set::Alnum, 24, 24, CLOUD),
];

/// Forms whose body must be checked further, by their beginning.
fn is_wrong_body(beginning: &str, body: &str) -> bool {
    match beginning {
        "SG." => body.split('.').map(str::len).ne([22, 43]),
        "MT" | "Mj" | "Mz" | "ND" | "NT" | "Nj" | "Nz" | "OD" | "OT" => !is_bot(body),
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

/// Whether the rest of a Discord token has its three parts, the first without its two characters.
fn is_bot(body: &str) -> bool {
    let mut parts = body.split('.');
    let mut is_part = |len: std::ops::RangeInclusive<usize>| {
        parts
            .next()
            .is_some_and(|part| len.contains(&part.len()) && part.bytes().all(|b| Set::Url.has(b)))
    };
    is_part(21..=26) && is_part(6..=6) && is_part(27..=38) && parts.next().is_none()
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

/// A token of a known form: its kind and where it stands, as a range of bytes.
type Token = (DataClass, usize, usize);

/// The first token of a known form in a text of that shape. In prose only runs that are long enough
/// are looked at.
pub(super) fn find(text: &str, shape: &Shape) -> Option<Token> {
    if shape.spaces == 0 {
        return find_in(text, 0, text.len());
    }
    TOKEN.runs(text.as_bytes(), LEAST).find_map(|(start, end)| find_in(text, start, end))
}

/// The first token in a part of a text.
fn find_in(text: &str, start: usize, end: usize) -> Option<Token> {
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
fn token_at(text: &str, start: usize, form: &Form) -> Option<Token> {
    let bytes = text.as_bytes();
    let (beginning, set, least, most, kind) = *form;
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
    fits.then_some((kind, start, body_from + body_len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<(usize, usize)> {
        super::find(text, &Shape::of(text)).map(|(_, start, end)| (start, end))
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
        for (i, (beginning, _, least, most, _)) in FORMS.iter().enumerate() {
            assert!(least <= most && beginning.len() > 1);
            assert!(beginning.bytes().all(|b| TOKEN.has(b)), "{beginning}");
            assert!(FORMS.iter().skip(i + 1).all(|other| other.0 != *beginning), "{beginning}");
        }
    }
}
