//! What can go wrong in the store, and what the operator does about it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An error of the store. `Display` says what happened and names the file, or a server's database as
/// `HOST:PORT/NAME`; [`StoreError::help`]
/// says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory or a file in it cannot be written.
    #[error("{} cannot be written: {reason}", path.display())]
    ReadOnly {
        /// Directory or file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The store was opened with `open_read_only`.
    #[error("the store was opened for reading only")]
    OpenedReadOnly,
    /// No space left. The transaction or block was not written, everything acknowledged before is
    /// still there.
    #[error("no space left for {}: {}; nothing of this write was kept, everything before it is safe", path.display(), Space(*free_bytes))]
    Full {
        /// Directory or file that could not grow.
        path: PathBuf,
        /// Bytes that the file system still offers; `None` when it does not tell.
        free_bytes: Option<u64>,
    },
    /// Another process uses the data directory.
    #[error("data directory {} is in use by another process{}", directory.display(), Holder(*pid))]
    Locked {
        /// The data directory.
        directory: PathBuf,
        /// Process id that the holder wrote down.
        pid: Option<u32>,
    },
    /// Another process held the database longer than the busy timeout.
    #[error("database {} is busy", path.display())]
    Busy {
        /// Database file.
        path: PathBuf,
    },
    /// The database was written by a newer version of the program.
    #[error("database {} has schema version {found}, this program knows versions up to {known}", path.display())]
    NewerSchema {
        /// Database file.
        path: PathBuf,
        /// Version in the file.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The database is of an older version and was opened for reading only.
    #[error("database {} has schema version {found}, reading needs version {known}", path.display())]
    OlderSchema {
        /// Database file.
        path: PathBuf,
        /// Version in the file; 0 for none.
        found: i64,
        /// Version needed.
        known: i64,
    },
    /// The database file is damaged or is no database of ours.
    #[error("database {} is damaged: {reason}", path.display())]
    Corrupt {
        /// Database file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A stored row cannot be read back.
    #[error("stored {what} {id} cannot be read: {reason}")]
    CorruptRow {
        /// Kind of row.
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// Nothing is stored where reading was asked for.
    #[error("there is no store in {}", directory.display())]
    NoStore {
        /// The data directory.
        directory: PathBuf,
    },
    /// Data was written under a key that is not there.
    #[error("key file {} of organisation {organisation:?} is missing, but data was stored under it", path.display())]
    MissingKey {
        /// Where the key file should be.
        path: PathBuf,
        /// Whose key.
        organisation: String,
    },
    /// The key is not the one that the data was written under.
    #[error("key file {} is not the key that the stored data of organisation {organisation:?} was written under", path.display())]
    WrongKey {
        /// The key file.
        path: PathBuf,
        /// Whose key.
        organisation: String,
    },
    /// Others than the owner can read the key file.
    #[error("key file {} can be read by others (mode {mode:04o})", path.display())]
    ExposedKey {
        /// The key file.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// The key file does not hold a key.
    #[error("key file {} does not hold 64 hexadecimal digits", path.display())]
    MalformedKey {
        /// The key file.
        path: PathBuf,
    },
    /// A name that cannot be a file name.
    #[error("{what} {name:?} is empty or longer than {limit} bytes")]
    UnusableName {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
        /// Longest name.
        limit: usize,
    },
    /// The exchange log was written beside another database.
    #[error("exchange log segment {} belongs to another database", path.display())]
    ForeignSegment {
        /// The segment file.
        path: PathBuf,
    },
    /// One block of the exchange log cannot be read; the others can.
    #[error("block {position} of exchange log segment {} cannot be read: {reason}", path.display())]
    DamagedBlock {
        /// The segment file.
        path: PathBuf,
        /// Number of the block in its segment.
        position: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// Something was asked about that is not stored.
    #[error("{what} {id} is not stored")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// A cursor that this list did not hand out.
    #[error("the cursor does not belong to this list")]
    InvalidCursor,
    /// A change that the workflow does not allow.
    #[error("{subject} cannot be changed: {reason}")]
    InvalidChange {
        /// What was to be changed.
        subject: String,
        /// Why not.
        reason: &'static str,
    },
    /// The target of a back-up copy is already there.
    #[error("{} is already there", path.display())]
    AlreadyThere {
        /// The target.
        path: PathBuf,
    },
    /// Reading or writing a file failed in another way.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried, for example `reading`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database reported something else.
    #[error("database {}", path.display())]
    Database {
        /// Database file or address.
        path: PathBuf,
        /// What it said.
        #[source]
        source: sqlx::Error,
    },
    /// The server's disk is full. Nothing of this write was kept.
    #[error("the server of database {} has no space left: {reason}; nothing of this write was kept, everything before it is safe", path.display())]
    ServerFull {
        /// Address of the database.
        path: PathBuf,
        /// What the server said.
        reason: String,
    },
    /// The database's server does not answer or does not let us in. Nothing of this call was kept.
    #[error("database {} cannot be reached: {reason}", path.display())]
    Unreachable {
        /// Address of the database.
        path: PathBuf,
        /// What the server or the network said.
        reason: String,
    },
    /// The connection broke while a transaction was being committed: it is kept whole or not at all,
    /// and which of the two is not known.
    #[error("the connection to database {} broke while committing: {reason}; whether this write was kept is not known", path.display())]
    Uncertain {
        /// Address of the database.
        path: PathBuf,
        /// What the network said.
        reason: String,
    },
    /// The address of a database cannot be used. Not repeated: a password may be in it.
    #[error("the address of the database cannot be used: {reason}")]
    InvalidAddress {
        /// Why.
        reason: String,
    },
    /// A copy was to go into a database that holds something.
    #[error("database {} is not empty: {table} holds rows", path.display())]
    NotEmpty {
        /// The database.
        path: PathBuf,
        /// A table with rows.
        table: &'static str,
    },
    /// A copy has another number of rows than what was copied; it was given up.
    #[error("of {read} rows of {table} {written} arrived, so the copy was given up")]
    CopyDiffers {
        /// The table.
        table: &'static str,
        /// Rows of the source.
        read: u64,
        /// Rows of the copy.
        written: u64,
    },
    /// A value could not be written as JSON.
    #[error("{what} cannot be written as JSON")]
    Encoding {
        /// Kind of value.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The system's random number generator failed.
    #[error("the system offers no random numbers: {0}")]
    NoRandomness(String),
}

impl StoreError {
    /// What the operator can do about it, one sentence; empty when there is nothing to advise.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::ReadOnly { path, .. } => format!(
                "make {} writable for this user, or name another directory with --data",
                path.display()
            ),
            Self::OpenedReadOnly => "open the store for writing".to_owned(),
            Self::Full { path, .. } => format!(
                "free some space on the file system of {}, or lower the retention and the exchange \
                 log budget, and try again",
                path.display()
            ),
            Self::Locked { .. } => {
                "stop the other process, or name another directory with --data; \
                 commands that only read can run beside it"
                    .to_owned()
            }
            Self::Busy { .. } => {
                "another program holds the database; close it and try again".to_owned()
            }
            Self::NewerSchema { .. } => {
                "use the newer version of the program that wrote it, or another data directory"
                    .to_owned()
            }
            Self::OlderSchema { .. } => {
                "run a command that writes (for example `serve` or `analyze --data`) once; it \
                 brings the database up to date"
                    .to_owned()
            }
            Self::Corrupt { path, .. } => format!(
                "keep a copy of {}, then restore a back-up or start with another data directory",
                path.display()
            ),
            Self::CorruptRow { .. } => {
                "run an integrity check and restore a back-up if it reports damage".to_owned()
            }
            Self::NoStore { .. } => {
                "check the directory, or run `analyze` or `serve` with it first".to_owned()
            }
            Self::MissingKey { path, .. } => format!(
                "restore {} from where the keys are backed up; a new key would make the stored \
                 data unreadable, so none is created",
                path.display()
            ),
            Self::WrongKey { path, .. } => {
                format!("restore the original {} from where the keys are backed up", path.display())
            }
            Self::ExposedKey { path, .. } => {
                format!("run `chmod 600 {}`, and think about who may have read it", path.display())
            }
            Self::MalformedKey { path } => {
                format!("restore {} from where the keys are backed up", path.display())
            }
            Self::UnusableName { .. } => "choose another name".to_owned(),
            Self::ForeignSegment { path } => format!(
                "move {} away, or restore the database that it was written with",
                path.display()
            ),
            Self::DamagedBlock { .. } => {
                "the other blocks are intact; restore the segment file to get this one back"
                    .to_owned()
            }
            Self::AlreadyThere { .. } => "name a file that does not exist yet".to_owned(),
            Self::ServerFull { .. } => {
                "free some space where the server keeps its data, or lower the retention".to_owned()
            }
            Self::Unreachable { .. } => {
                "check that the server runs, and the address, user and password in store.url"
                    .to_owned()
            }
            Self::Uncertain { .. } => "look whether it is there before doing it again".to_owned(),
            Self::InvalidAddress { .. } => {
                "write postgres://USER:PASSWORD@HOST:PORT/NAME, with special characters of the \
                 password percent-encoded"
                    .to_owned()
            }
            Self::NotEmpty { .. } => "name a database that nothing was written to yet".to_owned(),
            Self::CopyDiffers { .. } => {
                "stop whatever writes to the source, then try again".to_owned()
            }
            Self::InvalidCursor => "start the list from its beginning".to_owned(),
            Self::NotFound { .. }
            | Self::InvalidChange { .. }
            | Self::Io { .. }
            | Self::Database { .. }
            | Self::Encoding { .. }
            | Self::NoRandomness(_) => String::new(),
        }
    }

    /// Sorts an error of a file operation: read-only and full have names of their own.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::full(path),
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
                if action != "reading" =>
            {
                Self::ReadOnly { path: path.to_owned(), reason: source.to_string() }
            }
            // Some file systems (/proc) answer "not found" to any attempt to create.
            io::ErrorKind::NotFound if action == "creating" => {
                Self::ReadOnly { path: path.to_owned(), reason: source.to_string() }
            }
            _ => Self::Io { action, path: path.to_owned(), source },
        }
    }

    pub(crate) fn full(path: &Path) -> Self {
        Self::Full { path: path.to_owned(), free_bytes: free_bytes(path) }
    }

    pub(crate) fn corrupt_row(
        what: &'static str,
        id: impl Into<String>,
        reason: impl fmt::Display,
    ) -> Self {
        Self::CorruptRow { what, id: id.into(), reason: reason.to_string() }
    }
}

/// Bytes that an unprivileged user can still write on the file system of `path` (or of the nearest
/// directory above it that exists).
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let stat = path.ancestors().find_map(|p| rustix::fs::statvfs(p).ok())?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

struct Space(Option<u64>);

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("the file system does not tell how much is free"),
            Some(bytes) if bytes < 1 << 20 => write!(f, "{} KiB are free", bytes >> 10),
            Some(bytes) if bytes < 1 << 30 => write!(f, "{} MiB are free", bytes >> 20),
            Some(bytes) => write!(f, "{} GiB are free", bytes >> 30),
        }
    }
}

struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pid| write!(f, " (process {pid})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_errors_get_names_and_advice() {
        let full = StoreError::io("writing", Path::new("/"), io::ErrorKind::StorageFull.into());
        assert!(matches!(full, StoreError::Full { free_bytes: Some(_), .. }));
        assert!(full.to_string().contains("no space left for /"));
        assert!(full.help().contains("free some space"));

        let denied =
            StoreError::io("creating", Path::new("/x"), io::ErrorKind::PermissionDenied.into());
        assert!(matches!(denied, StoreError::ReadOnly { .. }));
        assert!(denied.help().contains("--data"));

        let other = StoreError::io("reading", Path::new("/x"), io::ErrorKind::NotFound.into());
        assert!(matches!(other, StoreError::Io { .. }));
    }

    #[test]
    fn space_is_written_for_people() {
        assert_eq!(Space(Some(12 << 10)).to_string(), "12 KiB are free");
        assert_eq!(Space(Some(5 << 20)).to_string(), "5 MiB are free");
        assert_eq!(Space(Some(3 << 30)).to_string(), "3 GiB are free");
    }
}
