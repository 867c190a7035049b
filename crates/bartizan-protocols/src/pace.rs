//! How long work on hostile input may take. Nothing here has a clock: whoever waits for the work says
//! now and then whether to go on.

/// Whether there is time to go on: a function of the caller, and the number that it is given, for
/// example a moment on the caller's clock. Without one there always is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    ask: fn(u64) -> bool,
    until: u64,
    prepare_until: u64,
}

impl Pace {
    /// Asks `ask(until)`, often: after every few kibibytes. Once the answer was no it must stay no.
    #[must_use]
    pub const fn new(ask: fn(u64) -> bool, until: u64) -> Self {
        Self { ask, until, prepare_until: until }
    }

    /// Asks `ask(until)` while a body is only made readable, by undoing its content coding and its
    /// charset: an earlier moment leaves time to read what came of that.
    #[must_use]
    pub const fn prepare_until(self, until: u64) -> Self {
        Self { prepare_until: until, ..self }
    }

    /// Whether to go on.
    #[must_use]
    pub fn has_time(self) -> bool {
        (self.ask)(self.until)
    }

    /// Whether to go on making a body readable.
    pub(crate) fn may_prepare(self) -> bool {
        (self.ask)(self.prepare_until)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(|_| true, 0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! { static ASKED: Cell<u64> = const { Cell::new(0) } }

    /// Time for so many questions of this thread.
    pub(crate) fn questions(most: u64) -> Pace {
        ASKED.set(0);
        let ask = |most| {
            ASKED.set(ASKED.get() + 1);
            ASKED.get() <= most
        };
        Pace::new(ask, most)
    }

    #[test]
    fn to_prepare_there_may_be_less_time() {
        let pace = Pace::new(|until| until > 5, 10);
        assert!(pace.has_time() && pace.may_prepare());
        let pace = pace.prepare_until(5);
        assert!(pace.has_time() && !pace.may_prepare());
        assert!(Pace::default().has_time() && Pace::default().may_prepare());
    }
}
