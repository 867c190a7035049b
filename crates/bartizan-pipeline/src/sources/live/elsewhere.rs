//! Systems other than Linux have no packet socket that is read here.

use std::{io, time::Duration};

use super::{LiveOptions, OpenError};

/// Never there.
pub(super) enum Ring {}

impl Ring {
    pub(super) fn open(_options: &LiveOptions) -> Result<Self, OpenError> {
        Err(OpenError::NotLinux)
    }

    pub(super) fn wait(&mut self, _longest: Duration, _into: &mut Vec<u8>) -> io::Result<bool> {
        match *self {}
    }

    pub(super) fn dropped(&self) -> io::Result<u64> {
        match *self {}
    }
}
