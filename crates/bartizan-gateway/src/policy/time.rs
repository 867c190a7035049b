//! Processor time for comparing one message with rules: bodies may have a hundred thousand values, and policies
//! dozens of names.

use std::cell::Cell;

use super::detectors::thread_nanos;

/// Longest processor time for comparing one message with all rules that look at it, in nanoseconds.
const COMPARE_NANOS: u64 = 5_000_000;
/// Work between two looks at the clock, in bytes that are compared.
const WORK_AT_ONCE: usize = 16 * 1024;
/// What a value costs beside the bytes of its name.
const VALUE_WORK: usize = 32;

/// The time that is left for one message.
#[derive(Debug)]
pub(crate) struct Time {
    /// Processor time of this thread at which it is over.
    until: u64,
    work: Cell<usize>,
    is_over: Cell<bool>,
}

impl Time {
    /// That of one message, from now on.
    pub(crate) fn of_message() -> Self {
        Self::until(thread_nanos() + COMPARE_NANOS)
    }

    const fn until(until: u64) -> Self {
        Self { until, work: Cell::new(0), is_over: Cell::new(false) }
    }

    #[cfg(test)]
    pub(crate) const fn without_end() -> Self {
        Self::until(u64::MAX)
    }

    /// None is left; it shows with the next look at the clock.
    #[cfg(test)]
    pub(crate) const fn none() -> Self {
        Self::until(0)
    }

    /// Whether there is time for one more value with so many bytes to compare. Once there is none, there is none
    /// any more.
    pub(crate) fn is_left_for(&self, bytes: usize) -> bool {
        let work = self.work.get().saturating_add(bytes).saturating_add(VALUE_WORK);
        if work >= WORK_AT_ONCE {
            self.is_over.set(self.is_over.get() || thread_nanos() > self.until);
        }
        self.work.set(if work >= WORK_AT_ONCE { 0 } else { work });
        !self.is_over.get()
    }

    /// Whether something was left out for want of time.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_looked_at_now_and_then() {
        let none = Time::none();
        assert!(none.is_left_for(1) && !none.is_over());
        assert!(!none.is_left_for(WORK_AT_ONCE) && none.is_over());
        assert!(!none.is_left_for(1));
        assert!(Time::without_end().is_left_for(usize::MAX));
    }
}
