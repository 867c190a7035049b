//! The style sheet with its fonts, and the policy that allows exactly it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

static INTER: &[u8] = include_bytes!("../../../assets/fonts/inter-latin-wght-normal.woff2");
static MONO: &[u8] = include_bytes!("../../../assets/fonts/jetbrains-mono-latin-wght-normal.woff2");

static PARTS: [&str; 4] = [
    include_str!("../../../assets/report/1-tokens.css"),
    include_str!("../../../assets/report/2-parts.css"),
    include_str!("../../../assets/report/3-sections.css"),
    include_str!("../../../assets/report/4-media.css"),
];

/// The whole style sheet.
pub(super) fn sheet() -> String {
    let mut out = String::with_capacity((INTER.len() + MONO.len()) * 3 / 2 + 40_000);
    for (name, bytes) in [("Inter Report", INTER), ("JetBrains Mono Report", MONO)] {
        out.push_str("@font-face{font-family:\"");
        out.push_str(name);
        out.push_str("\";font-weight:100 900;font-display:swap;src:url(data:font/woff2;base64,");
        STANDARD.encode_string(bytes, &mut out);
        out.push_str(") format(\"woff2\")}\n");
    }
    for part in PARTS {
        for line in part.lines() {
            out.push_str(line.trim_start());
            out.push('\n');
        }
    }
    out
}

/// Content security policy: this style sheet, embedded fonts, nothing else.
pub(super) fn policy(sheet: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(sheet.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; font-src data:; img-src data:; \
         base-uri 'none'; form-action 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_small_and_the_sheet_stands_alone() {
        assert!(INTER.len() + MONO.len() <= 100 * 1024);
        let sheet = sheet();
        // `</style` or a carriage return would change what the browser hashes.
        assert!(!sheet.contains('<') && !sheet.contains('\r'));
        assert!(!sheet.contains("@import") && !sheet.contains("http"));
        assert_eq!(sheet.matches("url(").count(), 2);
    }

    #[test]
    fn policy_forbids_everything_else() {
        let policy = policy("a{}");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
    }
}
