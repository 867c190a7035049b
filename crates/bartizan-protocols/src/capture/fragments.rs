//! IP packets put together from their fragments (RFC 791 §3.2, RFC 8200 §4.5), a few at a time.

use std::{collections::VecDeque, net::IpAddr};

use super::{Loss, link::Fragment};

/// Most packets that are put together at a time; one more drops the oldest.
const PACKETS: usize = 64;
/// Most fragments of one packet: a packet of 64 KiB on links of 576 bytes.
const FRAGMENTS: usize = 128;
/// Longest payload of a packet, in bytes.
const PACKET_BYTES: usize = 0xffff;

#[derive(Debug, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    network: u32,
    identification: u32,
    protocol: u8,
}

#[derive(Debug)]
struct Partial {
    key: Key,
    /// Offset and bytes, in the order they came.
    pieces: Vec<(usize, Vec<u8>)>,
    bytes: usize,
    total: Option<usize>,
}

/// Packets that are not whole yet.
#[derive(Debug, Default)]
pub(super) struct Fragments(VecDeque<Partial>);

impl Fragments {
    /// Takes a fragment; gives the payload of its packet when that is whole now. Fragments that
    /// overlap are an attack (RFC 5722) and drop their packet. `lost` is told of each fragment that
    /// leads nowhere.
    pub(super) fn push(
        &mut self,
        fragment: &Fragment<'_>,
        lost: &mut impl FnMut(Loss),
    ) -> Option<Vec<u8>> {
        let key = Key {
            source: fragment.source,
            destination: fragment.destination,
            network: fragment.network,
            identification: fragment.identification,
            protocol: fragment.protocol,
        };
        let at = match self.0.iter().position(|partial| partial.key == key) {
            Some(at) => at,
            None => {
                if self.0.len() >= PACKETS {
                    drop_all(self.0.pop_front(), lost);
                }
                self.0.push_back(Partial { key, pieces: Vec::new(), bytes: 0, total: None });
                self.0.len() - 1
            }
        };
        let partial = self.0.get_mut(at)?;
        if !partial.add(fragment) {
            lost(Loss::FragmentMissing);
            drop_all(self.0.remove(at), lost);
            return None;
        }
        let whole = partial.total == Some(partial.bytes);
        let mut pieces = if whole { self.0.remove(at)?.pieces } else { return None };
        pieces.sort_unstable_by_key(|(offset, _)| *offset);
        Some(pieces.into_iter().flat_map(|(_, bytes)| bytes).collect())
    }

    /// The capture ends: what is not whole is lost.
    pub(super) fn close(&mut self, lost: &mut impl FnMut(Loss)) {
        while let Some(partial) = self.0.pop_front() {
            drop_all(Some(partial), lost);
        }
    }
}

fn drop_all(partial: Option<Partial>, lost: &mut impl FnMut(Loss)) {
    let count = partial.map_or(0, |partial| partial.pieces.len());
    (0..count).for_each(|_| lost(Loss::FragmentMissing));
}

impl Partial {
    /// Adds a piece; false when it does not fit.
    fn add(&mut self, fragment: &Fragment<'_>) -> bool {
        let (start, end) = (fragment.offset, fragment.offset + fragment.payload.len());
        let is_empty = fragment.payload.is_empty();
        // The same fragment again is harmless.
        if self.pieces.iter().any(|(at, bytes)| *at == start && bytes == fragment.payload) {
            return true;
        }
        let overlaps = self.pieces.iter().any(|(at, b)| start < at + b.len() && *at < end);
        let beyond = self.total.is_some_and(|total| end > total || !fragment.has_more);
        let before = !fragment.has_more && self.pieces.iter().any(|(at, b)| at + b.len() > end);
        if is_empty
            || overlaps
            || beyond
            || before
            || end > PACKET_BYTES
            || self.pieces.len() >= FRAGMENTS
        {
            return false;
        }
        if !fragment.has_more {
            self.total = Some(end);
        }
        self.bytes += fragment.payload.len();
        self.pieces.push((start, fragment.payload.to_vec()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(
        identification: u32,
        offset: usize,
        has_more: bool,
        payload: &[u8],
    ) -> Fragment<'_> {
        let ip = IpAddr::from([10, 0, 0, 1]);
        Fragment {
            source: ip,
            destination: ip,
            network: 0,
            identification,
            protocol: 6,
            offset,
            has_more,
            payload,
        }
    }

    #[test]
    fn packets_are_put_together_in_any_order() {
        let mut fragments = Fragments::default();
        let mut lost = 0;
        let mut push = |f: Fragment<'_>| fragments.push(&f, &mut |_| lost += 1);
        assert_eq!(push(fragment(1, 8, true, b"89abcdef")), None);
        assert_eq!(push(fragment(2, 0, true, b"other...")), None);
        assert_eq!(push(fragment(1, 16, false, b"end")), None);
        assert_eq!(push(fragment(1, 16, false, b"end")), None);
        assert_eq!(push(fragment(1, 0, true, b"01234567")), Some(b"0123456789abcdefend".to_vec()));
        fragments.close(&mut |_| lost += 1);
        assert_eq!(lost, 1);
    }

    #[test]
    fn overlaps_and_floods_are_dropped_and_counted() {
        let mut fragments = Fragments::default();
        let mut lost = 0;
        fragments.push(&fragment(1, 0, true, b"01234567"), &mut |_| lost += 1);
        fragments.push(&fragment(1, 4, false, b"x"), &mut |_| lost += 1);
        assert_eq!(lost, 2);
        for id in 0..1000 {
            fragments.push(&fragment(id, 0, true, b"01234567"), &mut |_| lost += 1);
        }
        assert_eq!(lost, 2 + 1000 - PACKETS);
        assert_eq!(fragments.0.len(), PACKETS);
        fragments.push(&fragment(5000, 65_528, false, b"0123456789"), &mut |_| lost += 1);
        assert_eq!(lost, 2 + 1000 - PACKETS + 1 + 1);
    }
}
