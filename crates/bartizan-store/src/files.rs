//! Creating directories and files so that they are private, complete and there after a crash.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use crate::error::{Result, StoreError};

/// Longest name of an organisation or environment, in bytes; escaped it still is a file name.
pub const MAX_NAME_BYTES: usize = 64;

/// Creates `path` and what is missing above it, mode 0700.
pub(crate) fn create_private_directory(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => StoreError::ReadOnly {
            path: path.to_owned(),
            reason: "it is a file, not a directory".to_owned(),
        },
        _ => StoreError::io("creating", path, e),
    })
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(|e| StoreError::io("syncing", path, e))
}

/// Creates `path` with `content`, mode 0600, durable, all or nothing. `false` when it is already
/// there (its content is left alone).
pub(crate) fn create_new_file(path: &Path, content: &[u8]) -> Result<bool> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|e| StoreError::NoRandomness(e.to_string()))?;
    let temporary = directory.join(format!(".new-{}", hex(&random)));
    let written = write_private(&temporary, content)
        // A hard link never replaces: whoever is first wins, nobody sees half a file.
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(e),
        });
    let _ = fs::remove_file(&temporary);
    let created = written.map_err(|e| StoreError::io("creating", path, e))?;
    sync_directory(directory)?;
    Ok(created)
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A name of any characters as a file name: lower-case letters, digits, `-` and `_` stay, any other
/// byte becomes `%` and two hex digits. Different names give different file names, also where the
/// file system ignores case.
pub(crate) fn file_name(what: &'static str, name: &str) -> Result<String> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        let name = name.chars().take(MAX_NAME_BYTES).collect();
        return Err(StoreError::UnusableName { what, name, limit: MAX_NAME_BYTES });
    }
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex(&[byte]));
        }
    }
    Ok(out)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| DIGITS.get(usize::from(n)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn names_are_escaped_without_collisions() {
        assert_eq!(file_name("organisation", "acme-1_x").expect("plain"), "acme-1_x");
        assert_eq!(file_name("organisation", "../Etc").expect("escaped"), "%2e%2e%2f%45tc");
        assert_ne!(file_name("o", "A").expect("upper"), file_name("o", "a").expect("lower"));
        assert!(file_name("o", "").is_err());
        assert!(file_name("o", &"x".repeat(MAX_NAME_BYTES + 1)).is_err());
    }

    #[test]
    fn hex_round_trips() {
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex("é"), None);
    }

    #[test]
    fn new_files_are_private_and_never_replace() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("k");
        assert!(create_new_file(&path, b"one").expect("created"));
        assert!(!create_new_file(&path, b"two").expect("left alone"));
        assert_eq!(fs::read(&path).expect("file"), b"one");
        assert_eq!(fs::metadata(&path).expect("metadata").mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("listing").count(), 1);
    }
}
