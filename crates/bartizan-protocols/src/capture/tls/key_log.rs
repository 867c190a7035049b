//! Secrets of TLS connections in the form that browsers and libraries log them (NSS key log format,
//! draft-ietf-tls-keylogfile): a label, the random of the ClientHello and a secret on each line.

use std::{collections::HashMap, fmt, sync::Arc};

use zeroize::Zeroizing;

/// Most secrets of one log; each takes some 200 bytes.
const SECRETS: usize = 256 * 1024;
/// Longest secret: that of SHA-384 and of TLS 1.2 alike.
const SECRET_BYTES: usize = 48;

/// Bytes that nobody is shown.
pub(in super::super) type Secret = Zeroizing<Vec<u8>>;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Label {
    /// The master secret of TLS 1.2.
    Master,
    ClientEarly,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

impl Label {
    fn read(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"CLIENT_RANDOM" => Self::Master,
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Self::ClientEarly,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshake,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshake,
            b"CLIENT_TRAFFIC_SECRET_0" => Self::ClientTraffic,
            b"SERVER_TRAFFIC_SECRET_0" => Self::ServerTraffic,
            _ => return None,
        })
    }
}

/// What became of the lines of a key log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLogLines {
    /// Secrets that were taken.
    pub taken: usize,
    /// Secrets that traffic is not read with, for example those of exporters.
    pub other: usize,
    /// Lines that are neither a secret nor a comment.
    pub malformed: usize,
    /// Secrets beyond the limit of 262,144; they were left out.
    pub beyond: usize,
}

/// Secrets of TLS connections. They are overwritten when they are dropped, and never shown.
#[derive(Clone, Default)]
pub struct KeyLog {
    secrets: HashMap<([u8; 32], Label), Arc<Secret>>,
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl KeyLog {
    /// Whether there is no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Adds the secrets of a log. Of two for the same the later stays.
    pub fn add(&mut self, log: &[u8]) -> KeyLogLines {
        let mut lines = KeyLogLines::default();
        for line in log.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let mut words =
                line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|w| !w.is_empty());
            let (label, random, secret) = (words.next(), words.next(), words.next());
            let random = random.and_then(|hex| bytes_of(hex, 32));
            let random = random.and_then(|random| <[u8; 32]>::try_from(random.as_slice()).ok());
            let secret = secret.and_then(|hex| bytes_of(hex, SECRET_BYTES));
            let (Some(label), Some(random), Some(secret), None) =
                (label, random, secret, words.next())
            else {
                lines.malformed += 1;
                continue;
            };
            let Some(label) = Label::read(label) else {
                lines.other += 1;
                continue;
            };
            let key = (random, label);
            if self.secrets.len() >= SECRETS && !self.secrets.contains_key(&key) {
                lines.beyond += 1;
                continue;
            }
            lines.taken += 1;
            self.secrets.insert(key, Arc::new(secret));
        }
        lines
    }

    pub(super) fn get(&self, random: &[u8; 32], label: Label) -> Option<Arc<Secret>> {
        self.secrets.get(&(*random, label)).cloned()
    }
}

/// Bytes in hexadecimal digits: between one and `most`.
fn bytes_of(hex: &[u8], most: usize) -> Option<Secret> {
    let (pairs, rest) = hex.as_chunks::<2>();
    if !rest.is_empty() || pairs.is_empty() || pairs.len() > most {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        out.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_or_counted() {
        let (random, secret) = ("ab".repeat(32), "0F".repeat(48));
        let log = format!(
            "# comment\n\nCLIENT_RANDOM {random} {secret}\r\nEXPORTER_SECRET {random} {secret}\n\
             CLIENT_RANDOM {random} {secret}00\nCLIENT_RANDOM {random} xy\nCLIENT_RANDOM {random}\n\
             CLIENT_RANDOM {random} 00 00\nCLIENT_TRAFFIC_SECRET_0 {random} 0102"
        );
        let mut keys = KeyLog::default();
        let lines = keys.add(log.as_bytes());
        assert_eq!(lines, KeyLogLines { taken: 2, other: 1, malformed: 4, beyond: 0 });
        let found = keys.get(&[0xab; 32], Label::Master).expect("a secret");
        assert_eq!(**found, vec![0x0f; 48]);
        assert!(keys.get(&[0xac; 32], Label::Master).is_none());
        assert_eq!(format!("{keys:?}"), "KeyLog { secrets: 2, .. }");
    }
}
