//! Tokens that the operator has named as denied, in a file.

use std::{collections::HashSet, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use bartizan_model::{HashKey, KeyedHash};

use crate::policy::{
    config::Problem,
    credential::{Names, name_of_id},
    files,
};

/// Most bytes of the file.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Most bytes of one line of it.
const ID_BYTES: usize = 1_024;

/// The identifiers that a file names. They change at a reload, also where the policy stays.
#[derive(Debug, Default)]
pub(super) struct DeniedIds(ArcSwap<HashSet<KeyedHash>>);

impl DeniedIds {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or a line of it is too long for what it should be.
    pub(super) fn read(path: Option<&Path>, key: &HashKey, issuer: &str) -> Result<Self, Problem> {
        let Some(path) = path else { return Ok(Self::default()) };
        let refuse = |problem: String| Problem::new("denied_file", problem);
        let text = files::text(path, FILE_BYTES).map_err(refuse)?;
        let mut ids = HashSet::new();
        for (at, line) in text.lines().enumerate() {
            let id = line.trim();
            if id.is_empty() || id.starts_with('#') {
                continue;
            }
            if id.len() > ID_BYTES {
                return Err(refuse(format!("line {} is longer than {ID_BYTES} bytes", at + 1)));
            }
            ids.insert(name_of_id(key, issuer, id));
        }
        Ok(Self(ArcSwap::from_pointee(ids)))
    }

    pub(super) fn hold(&self, names: &Names) -> bool {
        let ids = self.0.load();
        !ids.is_empty() && names.id.is_some_and(|id| ids.contains(&id))
    }

    /// Takes over what a newer reading of the file has found.
    pub(super) fn take_over(&self, newer: &Self) {
        self.0.store(Arc::clone(&newer.0.load()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_what_is_denied() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, key) = (folder.path().join("denied"), HashKey::new([1; 32]));
        std::fs::write(&path, "# stolen on Monday\n a-1 \r\n\nb-2").expect("written");
        let denied = DeniedIds::read(Some(&path), &key, "i").expect("read");
        let holds =
            |denied: &DeniedIds, issuer, id| denied.hold(&Names::new(&key, issuer, "x", id, None));
        assert!(holds(&denied, "i", Some("a-1")) && holds(&denied, "i", Some("b-2")));
        for (issuer, id) in [("i", Some("a-2")), ("j", Some("a-1")), ("i", None)] {
            assert!(!holds(&denied, issuer, id), "{issuer} {id:?}");
        }
        denied.take_over(&DeniedIds::default());
        assert!(!holds(&denied, "i", Some("a-1")));
        std::fs::write(&path, "x".repeat(2_000)).expect("written");
        assert!(DeniedIds::read(Some(&path), &key, "i").is_err());
        assert!(DeniedIds::read(Some(Path::new("/nonexistent")), &key, "i").is_err());
    }
}
