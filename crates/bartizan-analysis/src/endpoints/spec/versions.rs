//! Versions in documented paths, so that an older one that is still called is told from what was never written down.

use std::collections::BTreeSet;

use super::{Pattern, Piece, trie::Sought};

/// Most versions that are held; of what lies beyond nothing is said.
const MAX_VERSIONS: usize = 256;
/// Most newer versions that are looked at for one path.
const MAX_NEWER: usize = 8;

/// Which versions are documented, by the position of their segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions(BTreeSet<(usize, u32)>);

impl Versions {
    /// Takes in a documented path.
    pub(super) fn take(&mut self, patterns: &[Pattern]) {
        let first = patterns.iter().enumerate().find_map(|(at, pattern)| match &*pattern.0 {
            [Piece::Text(text)] => Some((at, number(text)?)),
            _ => None,
        });
        if let Some(version) = first
            && self.0.len() < MAX_VERSIONS
        {
            self.0.insert(version);
        }
    }

    /// The newer versions of what is sought, the next one first: the position of the segment, and what would stand
    /// there. None when its own version is documented somewhere: then it is a hole in the documentation and no
    /// version that went out of it.
    pub(super) fn newer<'a>(
        &'a self,
        sought: &[Sought<'_>],
    ) -> impl Iterator<Item = (usize, String)> + use<'a> {
        let first = sought.iter().enumerate().find_map(|(at, segment)| match segment {
            Sought::Text(text) => Some((at, number(text)?)),
            Sought::Parameter { .. } => None,
        });
        let first = first.filter(|version| !self.0.contains(version));
        first.into_iter().flat_map(|(at, called)| {
            let newer = self.0.range((at, called.saturating_add(1))..=(at, u32::MAX));
            newer.take(MAX_NEWER).map(|(at, version)| (*at, format!("v{version}")))
        })
    }
}

/// The number of a segment like `v2`.
fn number(segment: &str) -> Option<u32> {
    let digits = segment.strip_prefix(['v', 'V'])?;
    (digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}
