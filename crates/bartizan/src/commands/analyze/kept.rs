//! Results kept in a folder: opening it, going on where an earlier run stopped, and retention.

use std::path::{Path, PathBuf};

use bartizan_analysis::{Catalog, State, catalog::KnownPath};
use bartizan_model::{FindingState, HashKey, Scope, Timestamp, analysis::Analysis};
use bartizan_pipeline::{
    keep::{self, Keeper},
    sources::{OpenOptions, Source, SourceError},
};
use bartizan_store::{FindingFilter, PageRequest};

use super::{input_error, micros_now};
use crate::{
    commands::{
        CommandError,
        data::{Data, Learned, failed},
    },
    config::Config,
};

/// An open folder of results.
pub(super) struct Kept {
    data: Data,
    scope: Scope,
}

fn now() -> Timestamp {
    Timestamp::from_micros(micros_now())
}

impl Kept {
    pub(super) fn open(
        folder: &Path,
        config: &Config,
        scope: &Scope,
    ) -> Result<Self, CommandError> {
        Ok(Self { data: Data::open(folder, config, scope, now())?, scope: scope.clone() })
    }

    pub(super) fn key(&self) -> HashKey {
        self.data.directory.key().clone()
    }

    /// Adds the paths that people keep apart to what is written down.
    pub(super) fn add_paths(&self, catalog: &mut Catalog) -> Result<(), CommandError> {
        let apart = self.data.directory.store().paths_apart(&self.scope);
        let apart = self.data.runtime.block_on(apart).map_err(|e| failed(&e))?;
        // Each was read like this before it was kept.
        catalog.paths.extend(apart.iter().filter_map(|one| KnownPath::new(&one.path).ok()));
        Ok(())
    }

    /// What earlier runs learned, or nothing. What another version learned is nothing: findings and
    /// what people decided about them stay, and inputs are read anew.
    pub(super) fn state(&self) -> Result<State, CommandError> {
        Ok(self.learned()?.state(&self.scope)?.0)
    }

    fn learned(&self) -> Result<Learned, CommandError> {
        Learned::read(&self.data.runtime, self.data.directory.store(), &self.scope)
    }

    /// Opens inputs where an earlier run on the same inputs stopped. Beside them, what to tell the
    /// user about it.
    pub(super) fn open_source(
        &self,
        options: &OpenOptions,
        inputs: &[PathBuf],
    ) -> Result<(Box<dyn Source>, Option<String>), CommandError> {
        let fresh = || options.open_all(inputs).map_err(|e| input_error(&e));
        if self.learned()?.is_foreign() {
            let note = "what another version learned cannot be continued: reading from the \
                        beginning; findings and decisions stay";
            return Ok((fresh()?, Some(note.to_owned())));
        }
        let key = keep::input_key(inputs);
        let kept = self.data.directory.store().checkpoint(&self.scope, &key);
        let kept = self.data.runtime.block_on(kept).map_err(|e| failed(&e))?;
        let Some(at) = kept.and_then(|kept| keep::unwrap_checkpoint(&kept)) else {
            return Ok((fresh()?, None));
        };
        match options.resume_all(inputs, &at) {
            Ok(source) => {
                let note = format!("going on behind the {} exchanges read before", at.exchanges);
                Ok((source, Some(note)))
            }
            // A log that was rotated is a new file of the old name.
            Err(error @ SourceError::Changed { .. }) => {
                Ok((fresh()?, Some(format!("{error}; reading it from its beginning"))))
            }
            Err(error) => Err(input_error(&error)),
        }
    }

    pub(super) fn keeper(&self, inputs: &[PathBuf]) -> Keeper<'_> {
        Keeper::new(&self.data.runtime, &self.data.directory, inputs, now)
    }

    /// Reopens findings whose acceptance has lapsed, and drops exchange facts beyond the budget.
    pub(super) fn retain(&self, config: &Config) -> Result<(), CommandError> {
        let days = config.store.exchange_days;
        let retained = keep::retain(&self.data.directory, &self.scope, days, now());
        self.data.runtime.block_on(retained).map_err(|e| failed(&e))
    }

    /// Puts the states that people gave to findings into the result.
    pub(super) fn merge_states(&self, analysis: &mut Analysis) -> Result<(), CommandError> {
        let all = FindingState::ALL.iter().copied();
        let decided = FindingFilter {
            states: all.filter(|state| *state != FindingState::Open).collect(),
            ..FindingFilter::default()
        };
        let mut page = PageRequest::first(1_000);
        loop {
            let list = self.data.directory.store().findings(&self.scope, &decided, &page);
            let list = self.data.runtime.block_on(list).map_err(|e| failed(&e))?;
            for kept in list.items {
                for finding in analysis.findings.iter_mut().filter(|f| f.id == kept.id) {
                    finding.state = kept.state;
                }
            }
            match list.next {
                Some(next) => page = PageRequest::after(1_000, next),
                None => return Ok(()),
            }
        }
    }
}
