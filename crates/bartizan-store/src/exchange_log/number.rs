//! Whose segment it is, where several directories share a store.

use std::{fs, io, ops::RangeInclusive, path::Path};

use super::segment_files;
use crate::{
    error::{Result, StoreError},
    files,
};

/// File in the directory of a log that holds its number.
const FILE: &str = "number";

/// The number of one directory's exchange log among those that share a store. It is the upper half of
/// the numbers of its segments, so that they never meet those of another. 0 is the log beside an
/// embedded database, which nobody shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogNumber(u32);

impl LogNumber {
    /// The numbers of its segments.
    #[must_use]
    pub const fn segments(self) -> RangeInclusive<u64> {
        let first = (self.0 as u64) << 32;
        first..=first | u32::MAX as u64
    }

    /// Reads the number of the log in `directory`; 0 when it has none.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        Ok(written(directory)?.unwrap_or_default())
    }

    /// Reads the number, or takes one when the store may be shared: 31 random bits, unless there are
    /// segments already, from before the store was moved to where others use it too.
    ///
    /// Should two directories ever draw the same one, the store refuses the second's blocks.
    pub(crate) fn read_or_take(directory: &Path, is_shared: bool) -> Result<Self> {
        if let Some(number) = written(directory)? {
            return Ok(number);
        }
        if !is_shared {
            return Ok(Self::default());
        }
        let number = match segment_files(directory)?.is_empty() {
            false => 0,
            true => {
                let mut bytes = [0; 4];
                getrandom::fill(&mut bytes).map_err(|e| StoreError::NoRandomness(e.to_string()))?;
                // A segment's number has to fit a signed one.
                (u32::from_le_bytes(bytes) >> 1).max(1)
            }
        };
        files::create_private_directory(directory)?;
        files::create_new_file(&directory.join(FILE), format!("{number}\n").as_bytes())?;
        Ok(Self(number))
    }
}

fn written(directory: &Path) -> Result<Option<LogNumber>> {
    let path = directory.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StoreError::io("reading", &path, e)),
    };
    let number = text.trim().parse().ok().filter(|number| *number <= u32::MAX >> 1);
    number.map(|number| Some(LogNumber(number))).ok_or_else(|| {
        let source = io::Error::new(io::ErrorKind::InvalidData, "it holds no number below 2^31");
        StoreError::Io { action: "reading", path, source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_once_and_stays() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("log");
        assert_eq!(LogNumber::read(&path).expect("none"), LogNumber(0));
        assert_eq!(LogNumber::read_or_take(&path, false).expect("none"), LogNumber(0));
        let taken = LogNumber::read_or_take(&path, true).expect("taken");
        assert_ne!(taken, LogNumber(0));
        assert_eq!(LogNumber::read_or_take(&path, true).expect("read"), taken);
        assert_eq!(LogNumber::read(&path).expect("read"), taken);
        assert!(i64::try_from(*taken.segments().end()).is_ok());

        let moved = directory.path().join("moved");
        fs::create_dir(&moved).expect("made");
        fs::write(moved.join("0000000001.seg"), "").expect("written");
        assert_eq!(LogNumber::read_or_take(&moved, true).expect("kept"), LogNumber(0));
        fs::write(moved.join(FILE), "4294967295").expect("written");
        assert!(LogNumber::read(&moved).is_err());
    }
}
