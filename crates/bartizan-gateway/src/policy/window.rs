//! How long what is signed to be used once can be used, and is remembered for that, also over reloads.

use std::cmp::Ordering;

use bartizan_model::Timestamp;

/// How long after a reload was read it may be until the new settings act, in seconds.
const SWAP_SECONDS: i64 = 60;

/// How old what is signed may be. What was used is remembered as long and then forgotten; when a reload makes it longer,
/// what was signed before is good as long as it was, so that nothing that was forgotten is good again.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// In seconds: with leeway.
    age: i64,
    leeway: i64,
    earlier: Option<Earlier>,
}

/// What counts for what was signed before a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Earlier {
    /// When that was, at the latest, in seconds since 1970.
    signed_until: i64,
    age: i64,
}

impl Earlier {
    /// What forgets nothing that one of the two forgets.
    fn with(self, other: Self) -> Self {
        Self {
            signed_until: self.signed_until.max(other.signed_until),
            age: self.age.min(other.age),
        }
    }
}

impl Window {
    /// Of so many seconds, beside the leeway by which clocks may differ.
    pub(crate) fn new(seconds: u32, leeway: u32) -> Self {
        let leeway = i64::from(leeway);
        Self { age: i64::from(seconds) + leeway, leeway, earlier: None }
    }

    /// Goes on from another one, in the place of which it comes at `now`. There may be several.
    pub(crate) fn following(&mut self, before: &Self, now: Timestamp) {
        let now = now.seconds();
        let still = |one: &Earlier| one.age < self.age && now <= one.signed_until + self.age;
        let mut earlier = before.earlier.filter(still);
        if before.age < self.age {
            let signed_until = now + before.leeway + SWAP_SECONDS;
            let swapped = Earlier { signed_until, age: before.age };
            earlier = Some(earlier.map_or(swapped, |one| one.with(swapped)));
        }
        self.earlier = match (self.earlier, earlier) {
            (Some(one), Some(other)) => Some(one.with(other)),
            (one, other) => one.or(other),
        };
    }

    /// How old what was signed then may be, in seconds.
    fn age_of(&self, signed: i64) -> i64 {
        let earlier = self.earlier.filter(|earlier| signed <= earlier.signed_until);
        earlier.map_or(self.age, |earlier| earlier.age)
    }

    /// Whether what was signed then (seconds since 1970) is too old (`Less`), good (`Equal`), or of the future
    /// (`Greater`).
    pub(crate) fn place(&self, signed: i64, now: Timestamp) -> Ordering {
        let now = now.seconds();
        if signed > now.saturating_add(self.leeway) {
            Ordering::Greater
        } else if signed < now.saturating_sub(self.age_of(signed)) {
            Ordering::Less
        } else {
            Ordering::Equal
        }
    }

    /// Until when it has to be remembered that what was signed then, and is good, was used.
    pub(crate) fn end(&self, signed: i64) -> Timestamp {
        Timestamp::from_seconds(signed + self.age_of(signed) + 1)
    }

    /// By how much clocks may differ, in seconds.
    pub(crate) const fn leeway(&self) -> i64 {
        self.leeway
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn what_is_good_is_remembered_as_long_as_it_is() {
        let window = Window::new(60, 10);
        for (signed, now, expected) in [
            (1_011, 1_000, Ordering::Greater),
            (1_010, 1_000, Ordering::Equal),
            (1_000, 1_070, Ordering::Equal),
            (1_000, 1_071, Ordering::Less),
            (i64::MIN, 0, Ordering::Less),
            (i64::MAX, 0, Ordering::Greater),
        ] {
            assert_eq!(window.place(signed, at(now)), expected, "{signed} {now}");
        }
        assert_eq!(window.end(1_000), at(1_071));
    }

    #[test]
    fn what_was_signed_before_a_reload_is_good_as_long_as_it_was() {
        let mut window = Window::new(3_600, 10);
        window.following(&Window::new(60, 10), at(1_000));
        assert_eq!(window.place(1_070, at(1_140)), Ordering::Equal);
        assert_eq!(
            (window.place(1_070, at(1_141)), window.end(1_070)),
            (Ordering::Less, at(1_141))
        );
        assert_eq!(window.place(1_071, at(4_681)), Ordering::Equal);
        assert_eq!(window.end(1_071), at(4_682));
    }

    #[test]
    fn one_reload_after_the_other_brings_nothing_back() {
        let earlier = |window: &Window| window.earlier.map(|one| (one.signed_until, one.age));
        let mut second = Window::new(600, 10);
        second.following(&Window::new(60, 10), at(1_000));
        assert_eq!(earlier(&second), Some((1_070, 70)));
        let mut third = Window::new(600, 10);
        third.following(&second, at(1_100));
        assert_eq!(earlier(&third), earlier(&second), "with the same settings it stays");
        let mut longer = Window::new(3_600, 10);
        longer.following(&third, at(1_100));
        assert_eq!(earlier(&longer), Some((1_170, 70)));
        let mut shorter = Window::new(60, 10);
        shorter.following(&longer, at(1_100));
        assert_eq!(earlier(&shorter), None);
        let mut later = Window::new(600, 10);
        later.following(&second, at(1_681));
        assert_eq!(earlier(&later), None, "all of before are too old anyway");
        let mut of_two = Window::new(600, 10);
        of_two.following(&Window::new(300, 0), at(1_000));
        of_two.following(&Window::new(60, 10), at(1_000));
        assert_eq!(earlier(&of_two), Some((1_070, 70)));
    }
}
