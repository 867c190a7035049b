//! Check digits, each from its public description.

/// The digits of `text` when it holds exactly `N` of them and nothing else.
pub(super) fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: &[u8; N] = text.as_bytes().try_into().ok()?;
    let mut out = [0; N];
    for (o, b) in out.iter_mut().zip(bytes) {
        *o = b.is_ascii_digit().then(|| b - b'0')?;
    }
    Some(out)
}

/// Sum of products of digits and weights, pairwise from the left; the shorter list ends it.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| u32::from(*d) * w).sum()
}

/// Luhn (ISO/IEC 7812-1 annex B), check digit last.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d);
            if i % 2 == 0 { d } else { d * 2 / 10 + d * 2 % 10 }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// ISO/IEC 7064 MOD 11,10, check digit last.
pub(super) fn mod11_10(digits: &[u8]) -> bool {
    let Some((check, head)) = digits.split_last() else { return false };
    let mut product = 10;
    for d in head {
        let sum = (u32::from(*d) + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    (11 - product) % 10 == u32::from(*check)
}

/// Remainder of a decimal text divided by 97; letters count 10 to 35 (ISO 13616, ISO/IEC 7064
/// MOD 97-10). `None` for any other character.
pub(super) fn mod97(text: impl Iterator<Item = u8>) -> Option<u32> {
    let mut rest = 0;
    for b in text {
        rest = match b {
            b'0'..=b'9' => rest * 10 + u32::from(b - b'0'),
            b'A'..=b'Z' => rest * 100 + u32::from(b - b'A') + 10,
            _ => return None,
        } % 97;
    }
    Some(rest)
}

/// Verhoeff (dihedral group of order 10), check digit last.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    // Rotations are 0..=4, reflections 5..=9.
    let compose = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const STEP: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut check = 0;
    for (i, d) in digits.iter().rev().enumerate() {
        let mut value = usize::from(*d);
        for _ in 0..i % 8 {
            value = STEP.get(value).copied().unwrap_or(0);
        }
        check = compose(check, value);
    }
    !digits.is_empty() && check == 0
}

/// Whether `year`-`month`-`day` is a day of the Gregorian calendar; a year of 0 to 99 counts as one
/// of 1900 to 1999 and 2000 as a leap year either way.
pub(super) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4)
        && (!year.is_multiple_of(100) || year.is_multiple_of(400) || year == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// The year of which a number holds the last two digits, in the century that begins with the year
/// `century`.
pub(super) fn year_in(century: u32, digits: &[u8], from: usize) -> u32 {
    century + number(digits, from, 2)
}

/// The decimal number at `digits[from..from + len]`; 0 beyond the end.
pub(super) fn number(digits: &[u8], from: usize, len: usize) -> u32 {
    digits.iter().skip(from).take(len).fold(0, |n, d| n * 10 + u32::from(*d))
}

/// Whether all digits are the same.
pub(super) fn is_uniform(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair.first() == pair.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_published_examples() {
        assert!(luhn(&digits::<11>("79927398713").expect("digits")));
        assert!(!luhn(&digits::<11>("79927398710").expect("digits")));
        assert!(verhoeff(&digits::<4>("2363").expect("digits")));
        assert!(!verhoeff(&digits::<4>("2364").expect("digits")));
        assert!(mod11_10(&digits::<5>("07945").expect("digits")));
        assert!(!mod11_10(&digits::<5>("07946").expect("digits")));
        assert_eq!(mod97("794".bytes().chain("44".bytes())), Some(1));
        assert_eq!(mod97("79_".bytes()), None);
        assert_eq!(digits::<3>("12a"), None);
    }

    #[test]
    fn every_single_digit_error_is_seen() {
        let good = digits::<12>("399876543211").expect("digits");
        assert!(verhoeff(&good));
        for i in 0..12 {
            for d in (0..10).filter(|d| *d != good[i]) {
                let mut bad = good;
                bad[i] = d;
                assert!(!verhoeff(&bad), "{i} {d}");
            }
        }
    }

    #[test]
    fn dates_follow_the_calendar() {
        assert!(is_date(2000, 2, 29) && is_date(0, 2, 29) && !is_date(1900, 2, 29));
        assert!(!is_date(2023, 2, 29) && !is_date(2023, 13, 1) && !is_date(2023, 4, 31));
    }
}
