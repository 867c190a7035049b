//! The key under which values are hashed, when results are not kept.

use std::path::PathBuf;

use bartizan_model::{HashKey, OrganisationId};
use bartizan_store::{
    StoreError,
    keys::{KeyDirectory, ephemeral_key},
};

use super::{CommandError, data::failed};

/// The key for analyses without `--data`: one per user and organisation, so that the same value has
/// the same hash in every report of that user. Beside it, why it could not be kept if so.
///
/// # Errors
/// When the key file is there but cannot be used, or there is no source of randomness.
pub(super) fn of_user(
    organisation: &OrganisationId,
) -> Result<(HashKey, Option<String>), CommandError> {
    let fresh = |why: String| match ephemeral_key() {
        Ok(key) => Ok((key, Some(why))),
        Err(error) => Err(CommandError::usage(error.to_string())),
    };
    let Some(folder) = folder() else { return fresh("no home folder".to_owned()) };
    match KeyDirectory::new(folder).load_or_create(organisation) {
        Ok(key) => Ok((key, None)),
        Err(
            error @ (StoreError::ReadOnly { .. } | StoreError::Full { .. } | StoreError::Io { .. }),
        ) => fresh(error.to_string()),
        Err(error) => Err(failed(&error)),
    }
}

/// `$XDG_STATE_HOME/bartizan/keys`, else `~/.local/state/bartizan/keys`.
fn folder() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let base = base.or_else(|| {
        let home = std::env::var_os("HOME").filter(|h| !h.is_empty())?;
        Some(PathBuf::from(home).join(".local/state"))
    })?;
    Some(base.join("bartizan/keys"))
}
