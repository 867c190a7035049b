//! Reading an answer, apart from the plan: it may take seconds, and whoever interrupts does not wait for it.

use super::{
    super::{
        Answer, Origin,
        read::{self, Finds, Patience, Subject},
    },
    Ask,
};

/// An answer that is to be read.
#[derive(Clone, Debug)]
pub struct Reading {
    origin: Origin,
    ask: Ask,
    answer: Answer,
    patience: Patience,
}

/// What an answer holds.
#[derive(Clone, Debug)]
pub struct ReadAnswer {
    pub(super) ask: Ask,
    pub(super) status: u16,
    pub(super) finds: Finds,
    pub(super) patience: Patience,
}

impl Reading {
    pub(super) fn new(origin: &Origin, ask: &Ask, answer: &Answer, patience: Patience) -> Self {
        Self { origin: origin.clone(), ask: ask.clone(), answer: answer.clone(), patience }
    }

    /// Reads it. Takes a second at most for each script in it, and ten such seconds in all (`slow_scripts`).
    #[must_use]
    pub fn read(self) -> ReadAnswer {
        let Self { origin, ask, answer, mut patience } = self;
        let subject =
            Subject { origin: &origin, target: &ask.target, role: ask.role, answer: &answer };
        let finds = read::read(subject, &mut patience);
        ReadAnswer { status: answer.status, ask, finds, patience }
    }
}
