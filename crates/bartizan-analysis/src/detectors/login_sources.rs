//! Failures at logins, by where they come from and over a whole login.

use bartizan_model::{Duration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    facts::ExchangeMark,
    state::{Absorb, Buckets, Distinct, Spread, Trace, Trail},
};

/// Classes of traces: refused, let in.
pub(crate) const FAILED: u8 = 1;
/// See [`FAILED`].
pub(crate) const GOT_IN: u8 = 2;

/// What a source is told by; part of its key, and of the rule that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Address with its client.
    Client,
    /// Address.
    Address,
    /// Client fingerprint, whatever the address.
    Fingerprint,
    /// The account that is attacked.
    Account,
}

impl Place {
    /// For people.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Client => "client at one address",
            Self::Address => "address",
            Self::Fingerprint => "client fingerprint",
            Self::Account => "account",
        }
    }
}

const HOUR: Duration = Duration::hours(1);
const DAY: Duration = Duration::days(1);
/// After this long without an attempt, an attack of a place is over.
const QUIET: Duration = Duration::hours(6);

/// What an attempt adds up to.
pub(crate) enum Verdict {
    /// Nothing.
    Calm,
    /// Part of an attack.
    Hostile {
        /// Not told before.
        exchanges: Vec<ExchangeMark>,
        /// Rule, values, thresholds.
        note: String,
        /// Accounts opened so far.
        hits: u64,
    },
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Fired {
    last: Timestamp,
    note: String,
    accounts: Distinct,
    hits: Distinct,
}

/// Attempts of one place or on one account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    trail: Trail,
    /// Attempts and failures of the last hour and day.
    tries: (Buckets, Buckets),
    fails: (Buckets, Buckets),
    fired: Option<Fired>,
    pub(crate) incomplete: bool,
}

impl Default for Source {
    fn default() -> Self {
        let windows =
            || (Buckets::new(Duration::minutes(10), 6), Buckets::new(Duration::hours(2), 12));
        Self {
            trail: Trail::default(),
            tries: windows(),
            fails: windows(),
            fired: None,
            incomplete: false,
        }
    }
}

impl Source {
    /// Takes in an attempt. `familiar`: this account got in from this address before. `lossy`:
    /// exchanges were lost, so no attack is made out now.
    pub(crate) fn observe(
        &mut self,
        place: Place,
        trace: Trace,
        familiar: bool,
        lossy: bool,
    ) -> Verdict {
        let (time, class, object) = (trace.time, trace.class, trace.object);
        let failed = u64::from(class == FAILED);
        self.tries.0.add(time, 1);
        self.tries.1.add(time, 1);
        self.fails.0.add(time, failed);
        self.fails.1.add(time, failed);
        if self.fired.as_ref().is_some_and(|f| time.since(f.last) > QUIET) {
            self.fired = None;
        }
        if class == GOT_IN && self.fired.is_none() {
            // Mistyped, then got it right.
            self.trail.forget(|t| t.object == object && t.class == FAILED);
        }
        if familiar {
            // A known user of this place: counts in the share of failures, is never hostile.
            return Verdict::Calm;
        }
        if place == Place::Account && class == GOT_IN && self.fired.is_none() {
            return Verdict::Calm;
        }
        let pooled = matches!(place, Place::Fingerprint | Place::Account);
        if pooled && class == GOT_IN {
            // Many people share a fingerprint: only who failed on other accounts belongs to it.
            let tried = |t: &Trace| t.group == trace.group && t.object != object;
            if !self.trail.iter().any(tried) {
                return Verdict::Calm;
            }
        }
        self.trail.push(trace, time.minus(DAY));
        let ebbed = self.fails.0.sum() < 20 || self.fails.0.sum() * 10 < self.tries.0.sum() * 8;
        if place == Place::Fingerprint && ebbed {
            self.fired = None;
        }
        if self.fired.is_none() && lossy {
            return Verdict::Calm;
        }
        if self.fired.is_none() {
            let Some(note) = self.rule(place, object, time) else { return Verdict::Calm };
            self.fired = Some(Fired { last: time, note, ..Fired::default() });
        }
        let Some(fired) = self.fired.as_mut() else { return Verdict::Calm };
        fired.last = time;
        for taken in self.trail.iter() {
            fired.accounts.insert(taken.object);
            if taken.class == GOT_IN {
                fired.hits.insert(taken.object);
            }
        }
        let hits = fired.hits.count();
        let note = format!("{}; {} tried so far", fired.note, fired.accounts.count());
        Verdict::Hostile { exchanges: self.trail.tell(), note, hits }
    }

    fn rule(&self, place: Place, object: u64, time: Timestamp) -> Option<String> {
        let hour = time.minus(HOUR);
        let failed = |t: &Trace| t.class == FAILED;
        let recent = |t: &Trace| t.class == FAILED && t.time >= hour;
        if self.trail.len() < 10 {
            return None;
        }
        let share = |(fails, tries): (u64, u64), percent: u64| fails * 100 >= tries * percent;
        let in_hour = (self.fails.0.sum(), self.tries.0.sum());
        let in_day = (self.fails.1.sum(), self.tries.1.sum());
        let accounts = self.trail.objects(recent);
        let note = |n: usize, what: &str, window: &str, least: usize, of: (u64, u64)| {
            Some(format!(
                "{n} distinct {what} failed within {window} and did not get in ({} of {} attempts \
                 failed; threshold {least})",
                of.0, of.1
            ))
        };
        match place {
            Place::Account => {
                if accounts >= 10 {
                    return note(accounts, "addresses on one account", "an hour", 10, in_hour);
                }
            }
            Place::Fingerprint => {
                if accounts >= 20 && self.trail.groups(recent) >= 5 && share(in_hour, 80) {
                    return note(accounts, "accounts", "an hour", 20, in_hour);
                }
            }
            Place::Client | Place::Address => {
                if accounts >= 10 && share(in_hour, 70) {
                    return note(accounts, "accounts", "an hour", 10, in_hour);
                }
                let daily = self.trail.objects(failed);
                if daily >= 20 && share(in_day, 80) {
                    return note(daily, "accounts", "a day", 20, in_day);
                }
                return self.guessing(object, time);
            }
        }
        None
    }

    /// One account tried with many secrets.
    fn guessing(&self, account: u64, time: Timestamp) -> Option<String> {
        let since = time.minus(HOUR);
        let this = |t: &Trace| t.object == account && t.class == FAILED && t.time >= since;
        let secrets = self.trail.groups(this);
        if secrets >= 10 {
            return Some(format!(
                "{secrets} distinct secrets failed on one account within an hour (threshold 10)"
            ));
        }
        let since = time.minus(Duration::minutes(10));
        let masked: Vec<Timestamp> = self
            .trail
            .iter()
            .filter(|t| t.object == account && t.group == 0 && t.time >= since)
            .map(|t| t.time)
            .collect();
        if masked.len() < 30 || is_regular(&masked) {
            return None;
        }
        Some(format!(
            "{} failures on one account within 10 minutes at irregular intervals (threshold 30)",
            masked.len()
        ))
    }
}

/// Whether times follow one another like the ticks of a machine that retries: half of the intervals
/// differ from their median by less than a tenth.
fn is_regular(times: &[Timestamp]) -> bool {
    let mut gaps: Vec<i64> =
        times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.since(*a).as_micros()).collect();
    gaps.sort_unstable();
    let Some(median) = gaps.get(gaps.len() / 2).copied() else { return true };
    let close = gaps.iter().filter(|gap| gap.abs_diff(median) * 10 < median.unsigned_abs()).count();
    close * 2 >= gaps.len()
}

/// One login over all callers: failures of accounts at addresses where they never got in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Site {
    hour: i64,
    accounts: Distinct,
    /// Distinct failing accounts of past hours.
    past: Spread,
    trail: Trail,
    fired: Option<Fired>,
    /// Addresses and accounts of the attack, to know what belongs to it.
    tries: Buckets,
    fails: Buckets,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            hour: i64::MIN,
            accounts: Distinct::default(),
            past: Spread::default(),
            trail: Trail::default(),
            fired: None,
            tries: Buckets::new(Duration::minutes(10), 6),
            fails: Buckets::new(Duration::minutes(10), 6),
        }
    }
}

/// Hours of history that a wave is compared with.
const LEAST_HOURS: u64 = 12;

impl Site {
    /// Takes in an unfamiliar attempt. `told`: it was reported for its place already.
    pub(crate) fn observe(&mut self, trace: Trace, told: bool) -> Verdict {
        let (time, object, group, failed) =
            (trace.time, trace.object, trace.group, trace.class == FAILED);
        self.close_hours(time);
        if told {
            // Explained by one place: neither part of a wave nor of the usual.
            return Verdict::Calm;
        }
        self.tries.add(time, 1);
        self.fails.add(time, u64::from(failed));
        if failed {
            self.accounts.insert(object);
            self.trail.push(trace, time.minus(HOUR));
        } else {
            let tried_others = self.trail.iter().any(|t| t.group == group && t.object != object);
            if self.fired.is_none() || !tried_others {
                self.trail.forget(|t| t.group == group && t.object == object);
                return Verdict::Calm;
            }
            self.trail.push(trace, time.minus(HOUR));
        }
        let least = (self.past.quantile(0.95) * 3).max(20);
        let high = self.fails.sum() >= least && self.fails.sum() * 10 >= self.tries.sum() * 7;
        if !high {
            self.fired = None;
            return Verdict::Calm;
        }
        if self.fired.is_none() {
            let accounts = self.trail.objects(|_| true);
            let addresses = self.trail.groups(|_| true);
            let enough = accounts >= 20 && addresses >= 10;
            if self.past.samples() < LEAST_HOURS || !enough {
                return Verdict::Calm;
            }
            let note = format!(
                "{accounts} distinct accounts failed within an hour from {addresses} addresses \
                 where they never got in before; 95th percentile of {} earlier hours is {} \
                 (threshold {least})",
                self.past.samples(),
                self.past.quantile(0.95)
            );
            self.fired = Some(Fired { last: time, note, ..Fired::default() });
        }
        let Some(fired) = self.fired.as_mut() else { return Verdict::Calm };
        for taken in self.trail.iter() {
            fired.accounts.insert(taken.object);
            if taken.class == GOT_IN {
                fired.hits.insert(taken.object);
            }
        }
        let hits = fired.hits.count();
        let note = format!("{}; {} tried so far", fired.note, fired.accounts.count());
        Verdict::Hostile { exchanges: self.trail.tell(), note, hits }
    }

    fn close_hours(&mut self, time: Timestamp) {
        let hour = time.seconds().div_euclid(3_600);
        if self.hour == i64::MIN {
            self.hour = hour;
        } else if hour > self.hour {
            if self.fired.is_none() {
                self.past.add(self.accounts.count(), 1);
            }
            let empty = hour.saturating_sub(self.hour).unsigned_abs() - 1;
            self.past.add(0, empty.min(24 * 7));
            self.accounts = Distinct::default();
            self.hour = hour;
        }
    }
}

impl Absorb for Source {
    fn absorb(&mut self, other: Self) {
        self.trail.absorb(other.trail);
        self.tries.0.absorb(other.tries.0);
        self.tries.1.absorb(other.tries.1);
        self.fails.0.absorb(other.fails.0);
        self.fails.1.absorb(other.fails.1);
        self.incomplete |= other.incomplete;
        let later = |f: &Option<Fired>| f.as_ref().map(|f| f.last);
        if later(&other.fired) > later(&self.fired) {
            self.fired = other.fired;
        }
    }
}

impl Absorb for Site {
    fn absorb(&mut self, other: Self) {
        if other.hour > self.hour {
            self.accounts = Distinct::default();
            self.hour = other.hour;
        }
        if other.hour == self.hour {
            self.accounts.absorb(other.accounts);
        }
        self.past.absorb(other.past);
        self.trail.absorb(other.trail);
        self.tries.absorb(other.tries);
        self.fails.absorb(other.fails);
        if self.fired.is_none() {
            self.fired = other.fired;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_tick_and_people_do_not() {
        let at = |s: &[i64]| s.iter().map(|s| Timestamp::from_seconds(*s)).collect::<Vec<_>>();
        assert!(is_regular(&at(&[0, 60, 120, 180, 240, 301])));
        assert!(!is_regular(&at(&[0, 2, 9, 10, 14, 40, 41])));
    }
}
