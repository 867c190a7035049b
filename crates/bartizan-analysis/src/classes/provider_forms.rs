//! Forms of provider tokens: a literal beginning, an alphabet and a length, from the providers' own
//! documentation.

use bartizan_model::DataClass;

use super::{runs::Alphabet, secrets};

/// Alphabet of a token behind its literal beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
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
    pub(super) fn has(self, b: u8) -> bool {
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
pub(super) type Form = (&'static str, Set, usize, usize, DataClass);

const CLOUD: DataClass = secrets::cloud_key::CLASS.class;
const SOURCE: DataClass = secrets::source_hosting_token::CLASS.class;
const MESSAGE: DataClass = secrets::messaging_token::CLASS.class;
const PAYMENT: DataClass = secrets::payment_key::CLASS.class;
const AI: DataClass = secrets::ai_key::CLASS.class;
const SERVICE: DataClass = secrets::service_key::CLASS.class;
const WEBHOOK: DataClass = secrets::webhook_url::CLASS.class;
const PRIVATE: DataClass = secrets::private_key::CLASS.class;
const ACCESS: DataClass = secrets::access_token::CLASS.class;
const CONNECTION: DataClass = secrets::connection_string::CLASS.class;

pub(super) const FORMS: &[Form] = &[
    // Cloud providers.
    ("AKIA", Set::Upper, 16, 16, CLOUD),
    ("ASIA", Set::Upper, 16, 16, CLOUD),
    ("ABIA", Set::Upper, 16, 16, CLOUD),
    ("ACCA", Set::Upper, 16, 16, CLOUD),
    ("A3T", Set::Upper, 17, 17, CLOUD),
    ("ABSKQmVkcm9ja0FQSUtleS", Set::Wide, 90, 250, CLOUD),
    ("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t", Set::Wide, 20, 4000, CLOUD),
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
    ("v1.0-", Set::Url, 171, 171, CLOUD),
    ("fm1a_", Set::Wide, 100, 2000, CLOUD),
    ("fm1r_", Set::Wide, 100, 2000, CLOUD),
    ("fm2_", Set::Wide, 100, 2000, CLOUD),
    ("fo1_", Set::Url, 43, 43, CLOUD),
    ("nfp_", Set::Alnum, 36, 40, CLOUD),
    ("sbp_", Set::Hex, 40, 40, CLOUD),
    ("sb_secret_", Set::Url, 20, 60, CLOUD),
    ("tk-us-", Set::Url, 48, 48, CLOUD),
    ("4b1d", Set::Alnum, 38, 38, CLOUD),
    ("napi_", Set::Alnum, 60, 70, CLOUD),
    ("dnkey-", Set::Url, 79, 79, CLOUD),
    ("pscale_tkn_", Set::Wide, 32, 64, CLOUD),
    ("pscale_pw_", Set::Wide, 32, 64, CLOUD),
    ("pscale_oauth_", Set::Wide, 32, 64, CLOUD),
    ("hvs.", Set::Url, 24, 200, CLOUD),
    ("hvb.", Set::Url, 60, 300, CLOUD),
    ("hvr.", Set::Url, 24, 200, CLOUD),
    (".atlasv1.", Set::Url, 60, 70, CLOUD),
    ("sha256~", Set::Url, 43, 43, CLOUD),
    ("dt0c01.", Set::Wide, 88, 100, CLOUD),
    ("pul-", Set::Hex, 40, 40, CLOUD),
    ("ops_eyJ", Set::Wide, 120, 4000, CLOUD),
    ("A3-", Set::Url, 35, 37, CLOUD),
    ("AGE-SECRET-KEY-1", Set::Upper, 58, 58, PRIVATE),
    ("dp.pt.", Set::Alnum, 40, 44, CLOUD),
    ("dp.st.", Set::Wide, 40, 80, CLOUD),
    ("dp.ct.", Set::Alnum, 40, 44, CLOUD),
    ("dp.sa.", Set::Alnum, 40, 44, CLOUD),
    ("dp.scim.", Set::Alnum, 40, 44, CLOUD),
    ("dp.audit.", Set::Alnum, 40, 44, CLOUD),
    ("amzn.mws.", Set::Url, 36, 36, CLOUD),
    ("AKID", Set::Alnum, 32, 32, CLOUD),
    ("y0_", Set::Url, 55, 60, CLOUD),
    ("rnd_", Set::Alnum, 28, 36, CLOUD),
    ("CCDB1_", Set::Url, 63, 63, CLOUD),
    ("mdb_sa_sk_", Set::Url, 40, 46, CLOUD),
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
    ("glwt-", Set::Url, 20, 64, SOURCE),
    ("glrtr-", Set::Wide, 20, 60, SOURCE),
    ("GR1348941", Set::Url, 20, 50, SOURCE),
    ("npm_", Set::Alnum, 36, 36, SOURCE),
    ("pypi-AgE", Set::Url, 85, 400, SOURCE),
    ("rubygems_", Set::Hex, 48, 48, SOURCE),
    ("cio", Set::Alnum, 32, 32, SOURCE),
    ("CLOJARS_", Set::Alnum, 60, 60, SOURCE),
    ("oy2", Set::Alnum, 43, 43, SOURCE),
    ("dckr_pat_", Set::Url, 27, 40, SOURCE),
    ("dckr_oat_", Set::Url, 27, 40, SOURCE),
    ("ATBB", Set::Alnum, 32, 32, SOURCE),
    ("ATTA", Set::Hex, 64, 76, SOURCE),
    ("sqb_", Set::Hex, 40, 40, SOURCE),
    ("pnb_", Set::Alnum, 36, 36, SOURCE),
    ("AKCp", Set::Alnum, 60, 80, SOURCE),
    ("cmVmdGtuO", Set::Alnum, 50, 80, SOURCE),
    ("sgp_local_", Set::Hex, 40, 40, SOURCE),
    ("sgp_", Set::Url, 40, 57, SOURCE),
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
    ("xoxa-", Set::Url, 24, 150, MESSAGE),
    ("xoxb-", Set::Url, 24, 150, MESSAGE),
    ("xoxo-", Set::Url, 24, 150, MESSAGE),
    ("xoxp-", Set::Url, 24, 150, MESSAGE),
    ("xoxr-", Set::Url, 24, 150, MESSAGE),
    ("xoxs-", Set::Url, 24, 150, MESSAGE),
    ("xoxc-", Set::Url, 24, 150, MESSAGE),
    ("xoxe-1-", Set::Alnum, 100, 200, MESSAGE),
    ("xoxe.xoxb-1-", Set::Alnum, 120, 200, MESSAGE),
    ("xoxe.xoxp-1-", Set::Alnum, 120, 200, MESSAGE),
    ("xapp-1-", Set::Url, 50, 120, MESSAGE),
    ("hooks.slack.com/services/T", Set::Wide, 30, 60, WEBHOOK),
    ("hooks.slack.com/triggers/T", Set::Wide, 40, 80, WEBHOOK),
    ("hooks.slack.com/workflows/T", Set::Wide, 40, 80, WEBHOOK),
    ("discord.com/api/webhooks/", Set::Wide, 80, 100, WEBHOOK),
    ("discordapp.com/api/webhooks/", Set::Wide, 80, 100, WEBHOOK),
    ("webhook.office.com/webhookb2/", Set::Url, 36, 36, WEBHOOK),
    ("hooks.zapier.com/hooks/catch/", Set::Wide, 12, 60, WEBHOOK),
    ("SG.", Set::Wide, 66, 66, MESSAGE),
    ("md-", Set::Url, 22, 22, MESSAGE),
    ("key-", Set::Hex, 32, 32, MESSAGE),
    ("xkeysib-", Set::Url, 81, 81, MESSAGE),
    ("xsmtpsib-", Set::Url, 81, 81, MESSAGE),
    ("re_", Set::Url, 33, 33, MESSAGE),
    ("SK", Set::Hex, 32, 32, MESSAGE),
    ("AC", Set::Hex, 32, 32, MESSAGE),
    ("live_mb_", Set::Alnum, 20, 40, MESSAGE),
    // Payment and commerce.
    ("sk_live_", Set::Alnum, 10, 110, PAYMENT),
    ("sk_test_", Set::Alnum, 10, 110, PAYMENT),
    ("sk_prod_", Set::Alnum, 10, 110, PAYMENT),
    ("rk_live_", Set::Alnum, 10, 110, PAYMENT),
    ("rk_test_", Set::Alnum, 10, 110, PAYMENT),
    ("rk_prod_", Set::Alnum, 10, 110, PAYMENT),
    ("pdl_live_apikey_", Set::Url, 40, 60, PAYMENT),
    ("pdl_sdbx_apikey_", Set::Url, 40, 60, PAYMENT),
    ("shpua_", Set::Hex, 32, 32, PAYMENT),
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
    ("FLWSECK_TEST", Set::Alnum, 12, 12, PAYMENT),
    ("EZAK", Set::Alnum, 54, 54, PAYMENT),
    ("EZTK", Set::Alnum, 54, 54, PAYMENT),
    ("duffel_live_", Set::Url, 43, 43, PAYMENT),
    ("duffel_test_", Set::Url, 43, 43, PAYMENT),
    ("live_", Set::Url, 30, 40, PAYMENT),
    ("test_", Set::Url, 30, 40, PAYMENT),
    ("access-development-", Set::Url, 36, 36, PAYMENT),
    ("access-production-", Set::Url, 36, 36, PAYMENT),
    ("access-sandbox-", Set::Url, 36, 36, PAYMENT),
    // Software as a service.
    ("sk-ant-admin01-", Set::Url, 80, 110, AI),
    ("sk-ant-api03-", Set::Url, 80, 110, AI),
    ("sk-ant-oat01-", Set::Url, 80, 110, AI),
    ("sk-ant-ort01-", Set::Url, 80, 110, AI),
    ("sk-proj-", Set::Url, 40, 200, AI),
    ("sk-svcacct-", Set::Url, 40, 200, AI),
    ("sk-admin-", Set::Url, 40, 200, AI),
    ("sk-or-v1-", Set::Hex, 64, 64, AI),
    ("sk-", Set::Alnum, 48, 48, AI),
    ("gsk_", Set::Alnum, 52, 52, AI),
    ("pplx-", Set::Alnum, 48, 48, AI),
    ("xai-", Set::Alnum, 80, 80, AI),
    ("pcsk_", Set::Url, 50, 90, AI),
    ("tvly-", Set::Url, 30, 60, AI),
    ("sk_", Set::Hex, 48, 48, AI),
    ("hf_", Set::Alnum, 34, 37, AI),
    ("nvapi-", Set::Url, 64, 64, AI),
    ("tgp_v1_", Set::Url, 43, 43, AI),
    ("csk-", Set::Alnum, 48, 48, AI),
    ("fw_", Set::Alnum, 22, 24, AI),
    ("jina_", Set::Alnum, 60, 60, AI),
    ("sk-lf-", Set::Url, 36, 36, AI),
    ("api_org_", Set::Alnum, 34, 34, AI),
    ("r8_", Set::Alnum, 37, 37, AI),
    ("lin_api_", Set::Alnum, 40, 40, SERVICE),
    ("lin_oauth_", Set::Hex, 64, 64, SERVICE),
    ("ntn_", Set::Alnum, 46, 46, SERVICE),
    ("secret_", Set::Alnum, 43, 43, SERVICE),
    ("figd_", Set::Url, 40, 45, SERVICE),
    ("PMAK-", Set::Url, 59, 59, SERVICE),
    ("pat", Set::Wide, 79, 79, SERVICE),
    ("pat.", Set::Wide, 68, 68, SERVICE),
    ("sat.", Set::Wide, 68, 68, SERVICE),
    ("p8e-", Set::Url, 32, 32, SERVICE),
    ("sl.", Set::Wide, 130, 2000, SERVICE),
    ("sk.eyJ", Set::Wide, 60, 300, SERVICE),
    ("api-", Set::Url, 36, 36, SERVICE),
    ("sdk-", Set::Url, 36, 36, SERVICE),
    ("eyJrIjoi", Set::Wide, 70, 400, SERVICE),
    ("rdme_", Set::Alnum, 70, 70, SERVICE),
    ("sntrys_", Set::Wide, 60, 300, SERVICE),
    ("sntryu_", Set::Hex, 64, 64, SERVICE),
    ("glc_", Set::Wide, 32, 400, SERVICE),
    ("glsa_", Set::Url, 41, 41, SERVICE),
    ("NRAK-", Set::Upper, 27, 27, SERVICE),
    ("NRII-", Set::Url, 32, 32, SERVICE),
    ("NRJS-", Set::Hex, 19, 19, SERVICE),
    ("NRIQ-", Set::Url, 32, 32, SERVICE),
    ("hcaik_", Set::Alnum, 58, 58, SERVICE),
    ("hcaic_", Set::Alnum, 58, 58, SERVICE),
    ("rootly_", Set::Hex, 64, 64, SERVICE),
    ("PMAT-", Set::Upper, 26, 26, SERVICE),
    ("samsara_api_", Set::Alnum, 30, 30, SERVICE),
    ("vk1.a.", Set::Url, 180, 220, SERVICE),
    ("dapi", Set::Hex, 32, 32, SERVICE),
    ("ico-", Set::Alnum, 32, 32, SERVICE),
    ("pat-na1-", Set::Url, 36, 36, SERVICE),
    ("pat-na2-", Set::Url, 36, 36, SERVICE),
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
    ("lsv2_sk_", Set::Url, 40, 50, AI),
    ("s-s4t2af-", Set::Hex, 64, 64, SERVICE),
    ("s-s4t2ud-", Set::Hex, 64, 64, SERVICE),
    ("EAAB", Set::Alnum, 80, 300, SERVICE),
    ("EAAG", Set::Alnum, 80, 300, SERVICE),
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
    // A signed JSON Web Token that was encoded in Base64 once more: `eyJhbGciO`.
    ("ZXlKaGJHY2lP", Set::Wide, 60, 4000, ACCESS),
];

/// Forms whose body must be checked further, by their beginning.
pub(super) fn is_wrong_body(beginning: &str, body: &str) -> bool {
    let parts = |mark: char| body.split(mark).map(str::len);
    match beginning {
        "SG." => parts('.').ne([22, 43]),
        "MT" | "Mj" | "Mz" | "ND" | "NT" | "Nj" | "Nz" | "OD" | "OT" => !is_bot(body),
        "sk-ant-admin01-" | "sk-ant-api03-" => !body.ends_with("AA"),
        "ABIA" | "ACCA" | "AKIA" | "ASIA" => {
            body.bytes().any(|b| b"0189".contains(&b)) || body.ends_with("EXAMPLE")
        }
        "AKID" | "fw_" | "md-" | "y0_" => !is_mixed(body),
        "CCDB1_" => parts('_').ne([22, 40]),
        // Old service tokens of Vault: letters of both cases and digits.
        "s." => !is_mixed(body),
        "xoxa-" | "xoxb-" | "xoxc-" | "xoxo-" | "xoxp-" | "xoxr-" | "xoxs-" => !is_slack(body),
        "v1.0-" => parts('-').ne([24, 146]) || !is_hex_but(body, b'-'),
        "sgp_" => (parts('_').ne([40]) && parts('_').ne([16, 40])) || !is_hex_but(body, b'_'),
        "pat" => parts('.').ne([14, 64]),
        "pat." | "sat." => parts('.').ne([22, 24, 20]),
        "re_" => parts('_').ne([8, 24]) || !is_mixed(body),
        "amzn.mws."
        | "api-"
        | "sdk-"
        | "sk-lf-"
        | "access-development-"
        | "access-production-"
        | "access-sandbox-" => !is_uuid(body),
        // Mollie, Lob and GoCardless.
        "live_" | "test_" => {
            let is_known = match body.len() {
                30 | 40 => is_mixed(body),
                35 => is_hex_but(body, b'-'),
                _ => false,
            };
            !is_known
        }
        "A3-" => {
            (parts('-').ne([6, 6, 5, 5, 5, 5]) && parts('-').ne([6, 11, 5, 5, 5]))
                || body.bytes().any(|b| b.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// Whether there are letters of both cases and a digit.
fn is_mixed(body: &str) -> bool {
    body.bytes().any(|b| b.is_ascii_digit())
        && body.bytes().any(|b| b.is_ascii_lowercase())
        && body.bytes().any(|b| b.is_ascii_uppercase())
}

/// Whether there are only hexadecimal digits and `mark`.
fn is_hex_but(body: &str, mark: u8) -> bool {
    body.bytes().all(|b| b.is_ascii_hexdigit() || b == mark)
}

/// Whether it is a UUID in its usual form (RFC 9562 section 4).
fn is_uuid(body: &str) -> bool {
    body.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && is_hex_but(body, b'-')
}

/// Whether the rest of a Slack token has its parts: numbers of the workspace and user, then an opaque
/// one; some kinds have a version of one digit before.
fn is_slack(body: &str) -> bool {
    let is_number = |part: &str| part.len() >= 6 && part.bytes().all(|b| b.is_ascii_digit());
    let body = match body.as_bytes() {
        [b'0'..=b'9', b'-', ..] => body.get(2..).unwrap_or(""),
        _ => body,
    };
    let Some((first, rest)) = body.split_once('-') else { return false };
    let last = rest.rsplit('-').next().unwrap_or("");
    is_number(first) && last.len() >= 18 && last.bytes().all(|b| b.is_ascii_alphanumeric())
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
pub(super) static TOKEN: Alphabet = Alphabet::alphanumeric_and(b"_-.=:+/~");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_unique_and_lengths_ordered() {
        for (i, (beginning, _, least, most, _)) in FORMS.iter().enumerate() {
            assert!(least <= most && beginning.len() > 1);
            assert!(beginning.bytes().all(|b| TOKEN.has(b)), "{beginning}");
            assert!(FORMS.iter().skip(i + 1).all(|other| other.0 != *beginning), "{beginning}");
        }
    }

    #[test]
    fn bodies_have_their_parts() {
        let uuid = "5eb4223e-5008-46e5-be67-c7b8f2732305";
        let (hex, long) = ("0123456789abcdef", "0123456789abcdef0123456789abcdef01234567");
        for (beginning, body, fits) in [
            ("xoxb-", "282029623751-BVtmnS3BQitmjZvjpQL7PSGP", true),
            ("xoxa-", "2-511111-31111111-e039d02840a0b9379c", true),
            ("xoxp-", "1234-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d", false),
            ("xoxb-", "bot-token-that-you-got-from-us", false),
            ("api-", uuid, true),
            ("api-", &uuid.replace('5', "g"), false),
            ("sgp_", long, true),
            ("sgp_", &format!("{hex}_{long}"), true),
            ("sgp_", &format!("{long}_{hex}"), false),
            ("re_", "a7Kq2ZpL_9xWm4RtY8vBn3HsD6fJc5GeU", true),
            ("re_", "quired_field_of_the_whole_form_xy", false),
            ("CCDB1_", "a7Kq2ZpL9xWm4RtY8vBn3H_sD6fJc5GeU1iOoPlQza7Kq2ZpL9xWm4RtY8vBn3H", true),
            ("CCDB1_", "a7Kq2ZpL9xWm4RtY8vBn_sD6fJc5GeU1iOoPlQza7Kq2ZpL9xWm4RtY8vBn3H3H", false),
            ("amzn.mws.", uuid, true),
            ("amzn.mws.", "that-is-no-token-but-a-page-of-words", false),
            ("md-", "a7Kq2ZpL9xWm4RtY8vBn3H", true),
            ("md-", "column-of-a-wide-table", false),
            ("A3-", "ABCD12-EFGH34-IJK56-LMN78-OPQ90-RST12", true),
            ("A3-", "abcd12-efgh34-ijk56-lmn78-opq90-rst12", false),
            ("live_", "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5G", true),
            ("test_", "that_the_answer_has_all_its_fields", false),
        ] {
            assert_eq!(!is_wrong_body(beginning, body), fits, "{beginning} {body}");
        }
    }
}
