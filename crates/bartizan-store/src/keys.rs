//! Keys of organisations: kept in files outside the database, never created where data already
//! exists that was written under another key.

use std::{
    fs::File,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bartizan_model::{HashKey, OrganisationId};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    error::{Result, StoreError},
    files,
};

const KEY_BYTES: usize = 32;

/// A directory of key files, `<organisation>.key` each: 64 hexadecimal digits, mode 0600.
///
/// Characters of the organisation's name other than `a-z 0-9 - _` are written as `%` and two
/// hexadecimal digits.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
}

impl KeyDirectory {
    /// Uses `path`; nothing is read or created yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the key of `organisation` is kept.
    ///
    /// # Errors
    /// [`StoreError::UnusableName`].
    pub fn file(&self, organisation: &OrganisationId) -> Result<PathBuf> {
        let name = files::file_name("organisation", organisation.as_str())?;
        Ok(self.path.join(format!("{name}.key")))
    }

    /// Reads the key of `organisation`; `None` when there is no file.
    ///
    /// # Errors
    /// [`StoreError::ExposedKey`] when others may read it, [`StoreError::MalformedKey`] when it is
    /// no key, [`StoreError::Io`].
    pub fn load(&self, organisation: &OrganisationId) -> Result<Option<HashKey>> {
        let path = self.file(organisation)?;
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("reading", &path, e)),
        };
        let metadata = file.metadata().map_err(|e| StoreError::io("reading", &path, e))?;
        let mode = metadata.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StoreError::ExposedKey { path, mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 4));
        (&mut file)
            .take(KEY_BYTES as u64 * 4)
            .read_to_string(&mut text)
            .map_err(|e| StoreError::io("reading", &path, e))?;
        let bytes = files::unhex(text.trim()).map(Zeroizing::new);
        let key = bytes.and_then(|b| <[u8; KEY_BYTES]>::try_from(b.as_slice()).ok());
        key.map(|k| Some(HashKey::new(k))).ok_or(StoreError::MalformedKey { path })
    }

    /// Reads the key of `organisation`, or creates it (32 random bytes) when there is none. Only
    /// for organisations of which nothing is stored yet.
    ///
    /// # Errors
    /// As [`KeyDirectory::load`], and when the file cannot be created.
    pub fn load_or_create(&self, organisation: &OrganisationId) -> Result<HashKey> {
        if let Some(key) = self.load(organisation)? {
            return Ok(key);
        }
        files::create_private_directory(&self.path)?;
        let mut bytes = random_key()?;
        let mut text = Zeroizing::new(files::hex(&bytes));
        text.push('\n');
        bytes.zeroize();
        let path = self.file(organisation)?;
        files::create_new_file(&path, text.as_bytes())?;
        // Read back: another process may have been first, and what counts is what the file holds.
        self.load(organisation)?.ok_or_else(|| StoreError::MissingKey {
            path,
            organisation: organisation.as_str().to_owned(),
        })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A random key that is kept nowhere, for runs without a data directory.
///
/// # Errors
/// [`StoreError::NoRandomness`].
pub fn ephemeral_key() -> Result<HashKey> {
    random_key().map(HashKey::new)
}

fn random_key() -> Result<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::NoRandomness(e.to_string()))?;
    Ok(bytes)
}

/// A 32-byte authentication code of `message` under the key for `purpose`.
pub(crate) fn authenticate(key: &HashKey, purpose: &str, message: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(key.derive(purpose).expose(), message).as_bytes()
}

/// What is stored in the clear to recognise a key: tells nothing about it.
pub(crate) fn key_check(key: &HashKey) -> String {
    files::hex(&authenticate(key, "key-check", b"bartizan key check v1"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn organisation() -> OrganisationId {
        OrganisationId::from_text("acme")
    }

    #[test]
    fn created_once_and_read_back() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let keys = KeyDirectory::new(dir.path().join("keys"));
        assert!(keys.load(&organisation()).expect("no file").is_none());
        let key = keys.load_or_create(&organisation()).expect("created");
        let again = keys.load_or_create(&organisation()).expect("read");
        assert_eq!(key.expose(), again.expose());
        let other = keys.load_or_create(&OrganisationId::from_text("other")).expect("other");
        assert_ne!(key.expose(), other.expose());
        let mode = fs::metadata(keys.file(&organisation()).expect("name")).expect("file").mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(key_check(&key), key_check(&other));
    }

    #[test]
    fn exposed_and_malformed_keys_are_refused() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let keys = KeyDirectory::new(dir.path());
        keys.load_or_create(&organisation()).expect("created");
        let path = keys.file(&organisation()).expect("name");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        let error = keys.load(&organisation()).expect_err("others can read it");
        assert!(matches!(error, StoreError::ExposedKey { mode: 0o640, .. }));
        assert!(error.help().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        for text in ["", "zz", &"a".repeat(63), &"a".repeat(66)] {
            fs::write(&path, text).expect("write");
            let error = keys.load(&organisation()).expect_err("no key");
            assert!(matches!(error, StoreError::MalformedKey { .. }), "{text}");
        }
    }
}
