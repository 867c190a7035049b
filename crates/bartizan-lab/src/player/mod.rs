//! The traffic player: benign users and attackers, played against the lab straight or through a
//! proxy. Everything follows from the seed. Actors take turns in the order of a virtual clock. While
//! one request at a time is under way, two runs send the same requests in the same order at any speed;
//! with [`Plan::overlap`] it is the same for each actor.

mod benign;
mod hostile;
mod record;
mod schedule;
mod seat;
pub mod story;

use futures_util::future::BoxFuture;
use serde::Serialize;

pub use record::{Label, Record};
pub use schedule::{PlayError, Tally, play};
pub use seat::{Over, Seat};

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// Virtual minutes to play; at most [`Plan::MAX_MINUTES`].
    pub minutes: u32,
    /// Virtual seconds per second; 0 plays as fast as the target answers.
    pub speed: f64,
    /// Requests that may be under way at a time, from 1 to [`Plan::MAX_OVERLAP`].
    pub overlap: usize,
    /// Who takes part: [`benign()`], [`hostile()`], or the cast of a [`story`].
    pub cast: &'static [&'static [Part]],
}

impl Plan {
    /// The longest play: a week.
    pub const MAX_MINUTES: u32 = 7 * 24 * 60;
    /// The most requests that may be under way at a time.
    pub const MAX_OVERLAP: usize = 64;
}

/// How a part is acted: one run per actor.
type Acting = for<'a> fn(&'a mut Seat) -> BoxFuture<'a, Result<(), Over>>;

/// A kind of actor.
#[derive(Clone, Copy)]
pub struct Part {
    /// Name in the truth log.
    pub id: &'static str,
    /// How many of them play.
    pub count: u32,
    /// OWASP category of what an attacker does; empty for ordinary users.
    pub owasp: &'static str,
    /// Detectors that must see it: what it does lies within what they say they recognise. Written
    /// from their documentation, not from what they did. Empty for ordinary users, and where no
    /// detector's definition covers the attack.
    pub seen_by: &'static [Seen],
    act: Acting,
}

/// A detector that must see an attack when it is played among ordinary users in the vulnerable lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Code of the detector.
    pub detector: &'static str,
    /// What of its definition the attack fulfils.
    pub why: &'static str,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {}", self.count, self.id)
    }
}

/// All ordinary users.
#[must_use]
pub const fn benign() -> &'static [Part] {
    benign::PARTS
}

/// All attackers.
#[must_use]
pub const fn hostile() -> &'static [Part] {
    hostile::PARTS
}
