//! Limits of reading code.

/// What is at most read, so that a hostile folder ends in a count and not in a full memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files that are parsed; further ones are counted.
    pub files: usize,
    /// Bytes of a file; a longer one is generated or no code, and is counted.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Folders below each other.
    pub depth: usize,
    /// Time for parsing one file, in milliseconds.
    pub parse_millis: u64,
    /// Routes that are listed; routers that mount each other would have no end of them.
    pub routes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 50_000,
            file_bytes: 4 << 20,
            total_bytes: 128 << 20,
            depth: 40,
            parse_millis: 2_000,
            routes: 100_000,
        }
    }
}
