//! A key log of TLS that grows while the capture goes on: clients write the secrets of a connection when
//! it begins.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Most bytes that are read at a time, and longest line.
const PIECE: usize = 1024 * 1024;
const LINE: usize = 4096;

/// Follows a key log.
pub(super) struct SecretsFile {
    path: PathBuf,
    file: File,
    read: u64,
    /// A line whose end is not there yet.
    rest: Zeroizing<Vec<u8>>,
    buffer: Zeroizing<Vec<u8>>,
}

impl SecretsFile {
    /// Begins with the first line.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (file, path) = (File::open(path)?, path.to_owned());
        let (rest, buffer) = (Zeroizing::default(), Zeroizing::new(vec![0; PIECE]));
        Ok(Self { path, file, read: 0, rest, buffer })
    }

    /// Whole lines that have been written since, as far as they fit in a piece; empty when there are none.
    /// A file that became shorter is read anew.
    pub(super) fn more(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        if self.file.metadata()?.len() < self.read {
            (self.file, self.read) = (File::open(&self.path)?, 0);
            self.rest.clear();
        }
        let size = self.file.read(&mut self.buffer)?;
        self.read += size as u64;
        let piece = self.buffer.get(..size).unwrap_or_default();
        let lines = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, rest) = piece.split_at(lines);
        let mut out = Zeroizing::new(Vec::with_capacity(self.rest.len() + lines.len()));
        if !lines.is_empty() {
            out.extend_from_slice(&self.rest);
            out.extend_from_slice(lines);
            self.rest = Zeroizing::new(Vec::with_capacity(LINE));
        }
        // A line of this length is no secret.
        if self.rest.len() + rest.len() <= LINE {
            self.rest.extend_from_slice(rest);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn whole_lines_come_when_they_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        let mut file = File::create(&path).expect("made");
        let mut secrets = SecretsFile::open(&path).expect("there");
        let mut more = |text: &str| {
            file.write_all(text.as_bytes()).expect("written");
            String::from_utf8(secrets.more().expect("read").to_vec()).expect("text")
        };
        assert_eq!([more(""), more("a b"), more("c\nd"), more("")], ["", "", "a bc\n", ""]);
        assert_eq!([more("\ne\n"), more("x")], ["d\ne\n", ""]);
        std::fs::write(&path, "y\n").expect("cut and written anew");
        assert_eq!(secrets.more().expect("read").to_vec(), b"y\n");
        assert!(SecretsFile::open(&folder.path().join("none")).is_err());
    }
}
