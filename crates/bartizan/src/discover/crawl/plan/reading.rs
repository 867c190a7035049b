//! Reading an answer, apart from the plan: it may take seconds, and whoever interrupts does not wait for it.

use std::sync::Arc;

use bartizan_analysis::Snapshot;

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
    snapshot: Option<Arc<Snapshot>>,
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
    pub(super) fn new(
        origin: &Origin,
        ask: &Ask,
        answer: &Answer,
        patience: Patience,
        snapshot: Option<Arc<Snapshot>>,
    ) -> Self {
        let (origin, ask, answer) = (origin.clone(), ask.clone(), answer.clone());
        Self { origin, ask, answer, patience, snapshot }
    }

    /// Reads it. Takes a second at most for each script in it, and ten such seconds in all (`slow_scripts`).
    #[must_use]
    pub fn read(self) -> ReadAnswer {
        let Self { origin, ask, answer, mut patience, snapshot } = self;
        let subject = Subject {
            origin: &origin,
            target: &ask.target,
            role: ask.role,
            answer: &answer,
            snapshot: snapshot.as_deref(),
        };
        let finds = read::read(subject, &mut patience);
        ReadAnswer { status: answer.status, ask, finds, patience }
    }
}
