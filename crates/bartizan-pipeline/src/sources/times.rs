//! Times as captures and logs write them.

use bartizan_model::Timestamp;
use time::{Date, Month, Time, UtcOffset};

/// Longest text that is tried as a time.
const TIME_BYTES: usize = 64;

/// `22/Nov/2026:10:00:00 +0100`, `2026/11/22 10:00:00`, RFC 3339 and its sloppy relatives, or a
/// number since the epoch. A time without a zone counts as UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > TIME_BYTES {
        return None;
    }
    let bytes = text.as_bytes();
    match (bytes.get(2), bytes.get(4)) {
        (Some(b'/'), _) => clf(text),
        (_, Some(b'/')) => slashed(text),
        (_, Some(b'-')) if text.contains(',') => Timestamp::parse(&text.replacen(',', ".", 1)),
        (_, Some(b'-')) => Timestamp::parse(text),
        _ => number(text),
    }
}

/// Digits, with or without a fraction, that are a time since 1973.
fn number(text: &str) -> Option<Timestamp> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value = text.parse::<f64>().ok().filter(|value| is_number && *value >= 1e8)?;
    epoch(value)
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their size:
/// seconds until the year 5138, so that no real time is ambiguous.
pub(super) fn epoch(value: f64) -> Option<Timestamp> {
    let micros = match value {
        v if !v.is_finite() || v < 1.0 => return None,
        v if v < 1e11 => v * 1e6,
        v if v < 1e14 => v * 1e3,
        v if v < 1e17 => v,
        v if v < 1e20 => v / 1e3,
        _ => return None,
    };
    Some(Timestamp::from_micros(micros.round() as i64))
}

/// `2026/11/22 10:00:00.123`, as Go writes it.
fn slashed(text: &str) -> Option<Timestamp> {
    Timestamp::parse(&text.replacen('/', "-", 2))
}

/// `22/Nov/2026:10:00:00 +0100`, with or without a fraction of the second and a zone.
fn clf(text: &str) -> Option<Timestamp> {
    let two = |at: usize| text.get(at..at + 2)?.parse::<u8>().ok();
    let month = match text.get(3..6)?.to_ascii_lowercase().as_str() {
        "jan" => Month::January,
        "feb" => Month::February,
        "mar" => Month::March,
        "apr" => Month::April,
        "may" => Month::May,
        "jun" => Month::June,
        "jul" => Month::July,
        "aug" => Month::August,
        "sep" => Month::September,
        "oct" => Month::October,
        "nov" => Month::November,
        "dec" => Month::December,
        _ => return None,
    };
    let date = Date::from_calendar_date(text.get(7..11)?.parse().ok()?, month, two(0)?).ok()?;
    // A leap second counts as the second before.
    let clock = Time::from_hms(two(12)?, two(15)?, two(18)?.min(59)).ok()?;
    let rest = text.get(20..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => ("", rest),
    };
    let micros: i64 = if fraction.is_empty() {
        0
    } else {
        format!("{:0<6}", fraction.get(..fraction.len().min(6))?).parse().ok()?
    };
    let seconds = date.with_time(clock).assume_offset(offset(zone.trim())?).unix_timestamp();
    Some(Timestamp::from_micros(seconds.checked_mul(1_000_000)?.checked_add(micros)?))
}

/// `+0100`, `+01:00`, `Z`, `UTC`, `GMT` or nothing.
fn offset(zone: &str) -> Option<UtcOffset> {
    let (sign, digits) = match zone.as_bytes().first() {
        Some(b'+') => (1i8, zone.get(1..)?),
        Some(b'-') => (-1, zone.get(1..)?),
        _ => return matches!(zone, "" | "Z" | "UTC" | "GMT").then_some(UtcOffset::UTC),
    };
    let hours: i8 = digits.get(..2)?.parse().ok()?;
    let rest = digits.get(2..)?;
    let minutes: i8 = rest.strip_prefix(':').unwrap_or(rest).parse().ok()?;
    UtcOffset::from_hms(sign.checked_mul(hours)?, sign.checked_mul(minutes)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_form_are_one() {
        for text in [
            "01/May/2026:02:00:03.5 +0200",
            "01/May/2026:00:00:03.500",
            "2026/05/01 00:00:03.5",
            "2026-05-01T00:00:03.500000000Z",
            "2026-05-01 00:00:03,500",
            "1777593603.5",
            "1777593603500",
            "1777593603500000",
            "1777593603500000000",
        ] {
            let time = parse(text).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some("2026-05-01T00:00:03.500000Z"), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "-", "350", "1.2.3.4", "32/May/2026:00:00:00 +0000", "nan", "1e18", "ä/ö/"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"1".repeat(1000)), None);
        assert_eq!(parse("01/May/2026:00:00:00 -9999"), None);
    }
}
