//! Event time: microseconds since the Unix epoch. Nothing here reads a clock.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A point in event time, in microseconds since 1970-01-01T00:00:00Z.
///
/// Range: years 0001 to 9999; [`Timestamp::from_micros`] clamps. Written as RFC 3339 with
/// microseconds and `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A span of event time in microseconds; may be negative when it is a difference.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Duration(i64);

const MIN_MICROS: i64 = -62_135_596_800_000_000;
const MAX_MICROS: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// From microseconds since the epoch, clamped to the years 0001 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(if micros < MIN_MICROS {
            MIN_MICROS
        } else if micros > MAX_MICROS {
            MAX_MICROS
        } else {
            micros
        })
    }

    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Parses RFC 3339 (`2026-11-22T10:00:00.123Z`, any offset, also with a space for the `T`).
    /// `None` when the text is not such a time.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
            let mut with_t = text.to_owned();
            if with_t.as_bytes().get(10) == Some(&b' ') {
                with_t.replace_range(10..11, "T");
            }
            // Sloppy exporters leave the offset out or write it as +0000.
            let tail_start = with_t.len().checked_sub(5)?;
            let tail = with_t.get(tail_start..)?;
            if matches!(tail.as_bytes(), [b'+' | b'-', rest @ ..] if rest.iter().all(u8::is_ascii_digit)) {
                with_t.insert(with_t.len() - 2, ':');
            } else if !with_t.ends_with(['Z', 'z']) && !with_t.get(10..)?.contains(['+', '-']) {
                with_t.push('Z');
            }
            OffsetDateTime::parse(&with_t, &Rfc3339).ok()
        })?;
        Some(Self::from_micros(i64::try_from(parsed.unix_timestamp_nanos() / 1_000).ok()?))
    }

    /// The time `span` earlier (saturating at year 0001).
    #[must_use]
    pub const fn minus(self, span: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(span.0))
    }

    /// The time `span` later (saturating at year 9999).
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(span.0))
    }

    /// How far `self` is after `earlier`; negative when it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// Midnight (UTC) at which its day began.
    #[must_use]
    pub fn begin_of_day(self) -> Self {
        let date = self.date_time().date();
        Self::from_seconds(date.midnight().assume_utc().unix_timestamp())
    }

    /// Midnight (UTC) at which its month began.
    #[must_use]
    pub fn begin_of_month(self) -> Self {
        let date = self.date_time().date();
        let first = date.replace_day(1).unwrap_or(date);
        Self::from_seconds(first.midnight().assume_utc().unix_timestamp())
    }

    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl Duration {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    #[must_use]
    pub const fn micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// From whole minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// From whole hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// From whole days of 24 hours.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// In microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.date_time();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.microsecond()
        )
    }
}

impl fmt::Display for Duration {
    /// `2 d 3 h`, `4 min 5 s`, `12 s`, `340 ms`: the two largest units, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let seconds = micros / 1_000_000;
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) if seconds == 0 => write!(f, "{sign}{} ms", micros / 1_000),
            (0, 0, 0) => write!(f, "{sign}{seconds} s"),
            (0, 0, m) => write!(f, "{sign}{m} min {} s", seconds % 60),
            (0, h, m) => write!(f, "{sign}{h} h {m} min"),
            (d, h, _) => write!(f, "{sign}{d} d {h} h"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "date-time", "description": "RFC 3339, in UTC",
        })
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Self::parse(&text).ok_or_else(|| D::Error::custom("expected an RFC 3339 time"))
        } else {
            Ok(Self::from_micros(i64::deserialize(deserializer)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_exporters_write() {
        let expected = Timestamp::from_micros(1_795_341_600_123_000);
        for text in [
            "2026-11-22T10:00:00.123Z",
            "2026-11-22T12:00:00.123+02:00",
            "2026-11-22T12:00:00.123+0200",
            "2026-11-22 10:00:00.123Z",
            "2026-11-22T10:00:00.123",
        ] {
            assert_eq!(Timestamp::parse(text), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2026-13-40T00:00:00Z", "+0200", "é"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(expected.to_string(), "2026-11-22T10:00:00.123000Z");
    }

    #[test]
    fn clamps_and_formats_extremes() {
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string(), "0001-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Duration::seconds(90_061).to_string(), "1 d 1 h");
        assert_eq!(Duration::micros(12_000).to_string(), "12 ms");
    }
}
