//! Names of accounts in one form: whatever a server may take for the same is one account.

/// Longest account, in bytes; of a longer one the beginning counts.
const ACCOUNT_BYTES: usize = 512;

/// An account in one form. Servers compare names without case, cut space off, and databases without accents (the
/// default of MySQL); wide letters and what cannot be seen are undone by those that normalise.
pub(crate) fn folded(account: &str) -> String {
    let mut out = String::with_capacity(account.len().min(ACCOUNT_BYTES));
    // Each character becomes three at most; those that are left out are no way to make it slow.
    for c in account.chars().take(8 * ACCOUNT_BYTES).filter(|c| !is_unseen(*c)) {
        for lower in narrow(c).to_lowercase().filter(|c| !is_unseen(*c)) {
            let plain = plain(lower);
            if out.len() + plain.len_utf8() > ACCOUNT_BYTES {
                return out;
            }
            out.push(plain);
        }
    }
    out
}

/// Space, control characters, joiners and marks on letters.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The narrow form of a wide character.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// A small letter of Latin-1 and Latin Extended-A without its accent.
fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ſ' => 's',
        'ţ' | 'ť' | 'ŧ' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_form() {
        for same in [
            "ada@example.com",
            " Ada@Example.COM\t",
            "ÀDÄ@example.com",
            "a\u{300}da@example.com",
            "a\u{200b}da@exa\u{ad}mple.com",
            "ａｄａ＠example.com",
            "ada @example.com",
        ] {
            assert_eq!(folded(same), "ada@example.com", "{same:?}");
        }
        assert_eq!(folded("İ\u{212a}ſ"), "iks");
        assert_ne!(folded("ada"), folded("adb"));
        assert_eq!(folded(&"é".repeat(10_000)).len(), ACCOUNT_BYTES);
        assert_eq!(folded(&"\u{65e5}".repeat(1_000)).len(), 510);
        assert_eq!((folded(""), folded(" \u{feff}")), (String::new(), String::new()));
    }
}
