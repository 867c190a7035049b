//! Handshake messages in the records of one direction (RFC 8446 §4, RFC 5246 §7.4).

/// Longest message that is kept; the longest of those that are of use is a ClientHello.
const KEPT: usize = 64 * 1024;

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const ENCRYPTED_EXTENSIONS: u8 = 8;
pub(super) const FINISHED: u8 = 20;
pub(super) const KEY_UPDATE: u8 = 24;
/// Stands for the kind of a message of which bytes are lost; TLS has none of this number.
const LOST: u8 = 255;

/// Whether the body of a message is of use.
const fn is_kept(kind: u8) -> bool {
    matches!(kind, CLIENT_HELLO | SERVER_HELLO | ENCRYPTED_EXTENSIONS)
}

/// Finds messages in records, of which each may hold several and a part of one.
#[derive(Debug, Default)]
pub(super) struct Messages {
    head: Vec<u8>,
    /// Bytes of the message's body that did not come yet.
    left: usize,
    body: Vec<u8>,
}

impl Messages {
    pub(super) fn held(&self) -> usize {
        self.head.capacity() + self.body.capacity()
    }

    /// Passes over bytes that are lost. Behind the end of a message, or where none is known, another is
    /// taken to begin.
    pub(super) fn pass(&mut self, bytes: usize) {
        match self.left.checked_sub(bytes) {
            Some(left) if left > 0 => self.left = left,
            _ => *self = Self::default(),
        }
        // What is left of the body of one of use is of none.
        if let Some(kind) = self.head.first_mut().filter(|kind| is_kept(**kind)) {
            (*kind, self.body) = (LOST, Vec::new());
        }
    }

    /// Takes a record, and gives the messages that are whole now: kind, and body when it is
    /// of use. `None` when one of use is too long.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
        let mut out = Vec::new();
        loop {
            if self.head.len() < 4 {
                let wanted = 4 - self.head.len();
                let (head, rest) = bytes.split_at(wanted.min(bytes.len()));
                self.head.extend_from_slice(head);
                bytes = rest;
                let [_, a, b, c] = *self.head.as_slice() else { return Some(out) };
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
            }
            let kind = self.head.first().copied().unwrap_or_default();
            let is_kept = is_kept(kind);
            if is_kept && self.body.len() + self.left > KEPT {
                return None;
            }
            let (part, rest) = bytes.split_at(self.left.min(bytes.len()));
            if is_kept {
                self.body.extend_from_slice(part);
            }
            self.left -= part.len();
            bytes = rest;
            if self.left > 0 {
                return Some(out);
            }
            out.push((kind, std::mem::take(&mut self.body)));
            self.head.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_records_cut_them() {
        let bytes = [
            &[CLIENT_HELLO, 0, 0, 3, 1, 2, 3][..],
            &[11, 0, 1, 0],
            &[0; 256],
            &[FINISHED, 0, 0, 0],
            &[SERVER_HELLO, 0, 0, 1, 9],
        ]
        .concat();
        let wanted = vec![
            (CLIENT_HELLO, vec![1, 2, 3]),
            (11, vec![]),
            (FINISHED, vec![]),
            (SERVER_HELLO, vec![9]),
        ];
        for size in [1, 2, 5, 300] {
            let mut messages = Messages::default();
            let mut found = Vec::new();
            for record in bytes.chunks(size) {
                found.extend(messages.push(record).expect("short ones"));
            }
            assert_eq!(found, wanted, "records of {size}");
        }
        assert_eq!(Messages::default().push(&[CLIENT_HELLO, 1, 0, 1]), None);
    }

    #[test]
    fn lost_bytes_are_passed_over() {
        for (kind, lost, wanted) in [
            // Within a message, up to its end, beyond it.
            (11, 10, vec![11, FINISHED]),
            (11, 18, vec![FINISHED]),
            (11, 30, vec![FINISHED]),
            (ENCRYPTED_EXTENSIONS, 10, vec![LOST, FINISHED]),
        ] {
            let mut messages = Messages::default();
            assert_eq!(messages.push(&[kind, 0, 0, 20, 1, 2]), Some(vec![]));
            messages.pass(lost);
            let rest = [&vec![0; 18usize.saturating_sub(lost)][..], &[FINISHED, 0, 0, 0]].concat();
            let found = messages.push(&rest).expect("short ones");
            assert!(found.iter().all(|(_, body)| body.is_empty()));
            assert_eq!(found.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), wanted);
        }
    }
}
