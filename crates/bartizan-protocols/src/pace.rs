//! How long work on hostile input may take. Nothing here has a clock: whoever waits for the work says
//! now and then whether to go on.

/// Whether there is time to go on: a function of the caller, and the number that it is given, for
/// example a moment on the caller's clock. Without one there always is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    ask: fn(u64) -> bool,
    until: u64,
}

impl Pace {
    /// Asks `ask(until)`, often: after every few kibibytes. Once the answer was no it must stay no.
    #[must_use]
    pub const fn new(ask: fn(u64) -> bool, until: u64) -> Self {
        Self { ask, until }
    }

    /// Whether to go on.
    #[must_use]
    pub fn has_time(self) -> bool {
        (self.ask)(self.until)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { ask: |_| true, until: 0 }
    }
}
