//! What comparing paths with the patterns of a scope costs, in comparisons of segments.

/// Bytes of a segment that are read in the time of a comparison.
const BYTES_AT_ONCE: usize = 64;

/// The cost of all patterns of a scope: numbers of their parts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// Of patterns that are compared once.
    once: usize,
    /// Of patterns that are compared from every segment on.
    everywhere: usize,
    /// Of parts that read whole segments.
    reading: usize,
}

impl Work {
    /// With one more pattern of so many parts, some of them reading.
    pub(crate) const fn and(mut self, parts: usize, goes_back: bool, reading: usize) -> Self {
        if goes_back {
            self.everywhere += parts + 1;
        } else {
            self.once += parts + 1;
        }
        self.reading += reading;
        self
    }

    /// For a path with so many segments and bytes.
    pub(crate) const fn with(self, segments: usize, bytes: usize) -> usize {
        self.once + self.everywhere * (segments + 1) + self.reading * (bytes / BYTES_AT_ONCE)
    }

    /// For an ordinary path.
    pub(crate) const fn usual(self) -> usize {
        self.with(16, 256)
    }
}
