//! Quotas: how much somebody may use of a day or month, remembered beyond the process.

use crate::{
    api_key::Later,
    hash::KeyedHash,
    time::{Duration, Timestamp},
};

/// A day or month, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuotaPeriod {
    /// Its first moment.
    pub begins: Timestamp,
    /// The first moment behind it.
    pub ends: Timestamp,
}

impl QuotaPeriod {
    /// The day of a moment.
    #[must_use]
    pub fn day(now: Timestamp) -> Self {
        let begins = now.begin_of_day();
        Self { begins, ends: begins.plus(Duration::days(1)) }
    }

    /// The month of a moment.
    #[must_use]
    pub fn month(now: Timestamp) -> Self {
        let begins = now.begin_of_month();
        // No month has more than 31 days, and 32 days later no other one has ended.
        Self { begins, ends: begins.plus(Duration::days(32)).begin_of_month() }
    }
}

/// What came of a reservation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    /// What was reserved, at most what was asked for.
    pub granted: u64,
    /// What nobody has reserved yet.
    pub left: u64,
}

/// What was reserved and not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unused {
    /// For whom.
    pub key: KeyedHash,
    /// Of which period.
    pub period: QuotaPeriod,
    /// How much.
    pub amount: u64,
}

/// Where quotas are kept. A gateway takes what it lets pass out of blocks that were written down as used before:
/// after a crash the rest of a block is lost, and nobody ever gets more than the quota. All gateways of a fleet
/// reserve from one store. Embedded and networked stores pass the same test suite.
pub trait QuotaStore: Send + Sync + std::fmt::Debug {
    /// Reserves up to `amount` of `limit` for `key` in a period. What all reservations of a key and period
    /// grant, less what was given back, is at most the highest limit that they named. Durable before it answers.
    ///
    /// # Errors
    /// Says why it is not possible. Nothing may be let pass then; it may have been written down all the same.
    fn reserve(
        &self,
        key: KeyedHash,
        period: QuotaPeriod,
        limit: u64,
        amount: u64,
    ) -> Later<'_, Result<Reserved, String>>;

    /// Gives back what was reserved and not used.
    ///
    /// # Errors
    /// Says why it is not possible. It is lost then.
    fn give_back(&self, unused: Vec<Unused>) -> Later<'_, Result<(), String>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_those_of_the_calendar() {
        let at = |text: &str| Timestamp::parse(text).expect("a time");
        for (now, begins, ends) in [
            ("2026-12-31T23:59:59.9Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ] {
            let expected = QuotaPeriod { begins: at(begins), ends: at(ends) };
            assert_eq!(QuotaPeriod::month(at(now)), expected, "{now}");
        }
        let day = QuotaPeriod::day(at("2026-12-31T23:59:59.9Z"));
        assert_eq!(
            (day.begins, day.ends),
            (at("2026-12-31T00:00:00Z"), at("2027-01-01T00:00:00Z"))
        );
    }
}
