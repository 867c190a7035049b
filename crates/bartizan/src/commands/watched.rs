//! Files that a running server looks at, and how they were when they were read.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Most files that are looked at, as each costs a look each time: those that are noted first.
pub(super) const MAX_WATCHED: usize = 1_000;

/// Files by path.
#[derive(Debug, Default)]
pub(super) struct Watched(BTreeMap<PathBuf, Option<Stamp>>);

/// Length and time of change of a file; a missing one has none.
type Stamp = (u64, SystemTime);

impl Watched {
    /// Notes a file as it is, **before** it is read: what changes from then on is told. One that is missing is told
    /// when it comes.
    pub(super) fn note(&mut self, path: &Path) {
        if self.0.len() < MAX_WATCHED && !self.0.contains_key(path) {
            self.0.insert(path.to_owned(), stamp(path));
        }
    }

    /// Whether any changed since it was noted, or since this was asked last.
    pub(super) fn have_changed(&mut self) -> bool {
        let mut have_changed = false;
        for (path, before) in &mut self.0 {
            let now = stamp(path);
            have_changed |= *before != now;
            *before = now;
        }
        have_changed
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_once_and_files_may_come_and_go() {
        let home = tempfile::tempdir().expect("a folder");
        let (one, other) = (home.path().join("one"), home.path().join("other"));
        std::fs::write(&one, "a").expect("a file");
        let mut watched = Watched::default();
        watched.note(&one);
        watched.note(&other);
        assert!(!watched.have_changed());
        std::fs::write(&one, "ab").expect("a file");
        assert!(watched.have_changed() && !watched.have_changed());
        std::fs::write(&other, "").expect("a file");
        assert!(watched.have_changed(), "it came");
        std::fs::remove_file(&one).expect("removed");
        assert!(watched.have_changed(), "it went");
        (0..2 * MAX_WATCHED).for_each(|n| watched.note(&home.path().join(n.to_string())));
        assert_eq!(watched.0.len(), MAX_WATCHED);
    }
}
