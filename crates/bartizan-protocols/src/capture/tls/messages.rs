//! Handshake messages in the records of one direction (RFC 8446 §4, RFC 5246 §7.4).

/// Longest message that is kept; the longest of those that are of use is a ClientHello.
const KEPT: usize = 64 * 1024;

pub(super) const HELLO_REQUEST: u8 = 0;
pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const FINISHED: u8 = 20;
pub(super) const KEY_UPDATE: u8 = 24;

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

    /// Takes a record, and gives the messages that are whole now: kind, and body when it is a hello.
    /// `None` when a hello is too long.
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
            let is_kept = matches!(kind, CLIENT_HELLO | SERVER_HELLO);
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
}
