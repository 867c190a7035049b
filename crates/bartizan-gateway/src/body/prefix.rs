//! What was held of a body before the rest of it is passed on as it comes.

use bytes::Bytes;

use crate::budget::Lease;

/// Most bytes that the HTTP library is given at once. It takes all that it is given, whether the
/// other side reads or not: in pieces, what waits stays here, where it is counted.
pub(super) const PIECE: usize = 64 * 1024;

/// The beginning of a body, which is under the budget until all of it is on its way.
pub(crate) struct Prefix {
    rest: Bytes,
    lease: Option<Lease>,
}

impl Prefix {
    pub(crate) fn new(bytes: Bytes, lease: Lease) -> Self {
        let lease = (!bytes.is_empty()).then_some(lease);
        Self { rest: bytes, lease }
    }

    /// Bytes that are nowhere held for this.
    pub(crate) fn unheld(bytes: Bytes) -> Self {
        Self { rest: bytes, lease: None }
    }

    /// The next piece. The lease ends when the library asks for what follows the last one.
    pub(crate) fn next(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            self.lease = None;
            return None;
        }
        Some(self.rest.split_to(self.rest.len().min(PIECE)))
    }

    /// Whether anything of it is not on its way yet.
    pub(super) fn is_held(&self) -> bool {
        self.lease.is_some()
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }
}
