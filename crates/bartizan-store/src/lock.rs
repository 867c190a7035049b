//! One writing process at a time per data directory.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::fs::{FlockOperation, flock};

use crate::error::{Result, StoreError};

/// Name of the lock file in the data directory.
pub const LOCK_FILE: &str = "bartizan.lock";

/// Holds the data directory until dropped. The system lets go of it when the process dies, however
/// it dies; the file itself stays.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Takes the lock of `directory`, without waiting.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it, [`StoreError::ReadOnly`] and
    /// [`StoreError::Full`] when the lock file cannot be made.
    pub fn acquire(directory: &Path) -> Result<Self> {
        let path = directory.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| StoreError::io("creating", &path, e))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let _ = (&mut file).take(16).read_to_string(&mut text);
                return Err(StoreError::Locked {
                    directory: directory.to_owned(),
                    pid: text.trim().parse().ok(),
                });
            }
            Err(e) => return Err(StoreError::io("locking", &path, e.into())),
        }
        // Only a courtesy to whoever is refused, so a full disk must not stop us here.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

impl Drop for DirectoryLock {
    /// Lets go at once. Closing the file is not enough: a process that is being started at this
    /// moment holds a copy of the descriptor until it executes its program, and with it the lock.
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_holder_is_refused_by_name_until_the_first_lets_go() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let first = DirectoryLock::acquire(dir.path()).expect("free directory");
        let refused = DirectoryLock::acquire(dir.path()).expect_err("taken directory");
        assert!(
            matches!(&refused, StoreError::Locked { pid: Some(p), .. } if *p == std::process::id())
        );
        assert!(refused.to_string().contains(&dir.path().display().to_string()));
        drop(first);
        DirectoryLock::acquire(dir.path()).expect("free again");
    }
}
