//! Data that a client sends before the server answers (RFC 8446 §2.3 and §4.2.10).

use super::{
    HANDSHAKE, Keys,
    key_log::Label,
    record::{self, Protection, Suite},
};

/// What the server does with early data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// It did not say yet.
    #[default]
    Open,
    Taken,
    Refused,
    /// What it said is not in the capture.
    Unknown,
}

/// Early data of one connection.
#[derive(Default)]
pub(super) struct Early {
    /// Whether the next record of the client may be of it.
    may_come: bool,
    fate: Fate,
    /// What opens it, when its secret is there and the server takes it, or may still do.
    protection: Option<Protection>,
    is_read: bool,
    is_told: bool,
    is_missed: bool,
}

impl Early {
    /// Whether the client offers it. A second hello, which must not, changes nothing.
    pub(super) const fn offer(&mut self, is_offered: bool) {
        self.may_come |= is_offered;
    }

    /// The server refuses it: by another version than 1.3, or when it asks for another hello.
    pub(super) fn refuse(&mut self) {
        self.answer(false);
    }

    /// The server says whether it takes it.
    pub(super) fn answer(&mut self, is_taken: bool) {
        if self.fate != Fate::Open {
            return;
        }
        self.fate = if is_taken { Fate::Taken } else { Fate::Refused };
        if !is_taken {
            self.protection = None;
        }
    }

    /// What the server says will not come.
    pub(super) fn settle(&mut self) {
        if self.fate == Fate::Open {
            self.fate = Fate::Unknown;
            self.protection = None;
        }
    }

    /// The suite is known. It is that of early data too: the server may take none under another
    /// (RFC 8446 §4.2.10).
    pub(super) fn ready(&mut self, random: &[u8; 32], suite: Suite, keys: &Keys) {
        if !self.may_come || self.fate != Fate::Open {
            return;
        }
        let secret = keys.get(random, Label::ClientEarly);
        self.protection =
            secret.and_then(|secret| record::from_traffic(&*keys.crypto, suite, &secret));
    }

    /// Whether records of the client wait until the server said what it does with it.
    pub(super) fn is_waiting(&self) -> bool {
        self.may_come && self.fate == Fate::Open
    }

    pub(super) const fn may_come(&self) -> bool {
        self.may_come
    }

    /// A record of so many bytes is lost: how many it held, when others of it are read.
    pub(super) fn pass(&mut self, size: usize) -> Option<usize> {
        let protection = self.protection.as_mut()?;
        protection.pass();
        // What was asked in it may be answered all the same.
        self.is_missed = true;
        Some(protection.inside(size))
    }

    /// Opens a record of it; the handshake message in it is its end (RFC 8446 §4.5).
    pub(super) fn open(&mut self, header: [u8; 5], body: &[u8]) -> Option<(u8, Vec<u8>)> {
        let opened = self.protection.as_mut()?.open(header, body)?;
        match opened.0 {
            HANDSHAKE => self.end(),
            _ => self.is_read = true,
        }
        Some(opened)
    }

    /// No more of it comes.
    pub(super) fn end(&mut self) {
        self.may_come = false;
        self.protection = None;
    }

    /// A record that is not read. True when that is to be told: once.
    pub(super) fn miss(&mut self) -> bool {
        self.is_missed |= self.fate != Fate::Refused;
        !std::mem::replace(&mut self.is_told, true)
    }

    /// Whether some was read.
    pub(super) const fn is_read(&self) -> bool {
        self.is_read
    }

    /// Whether some was not read.
    pub(super) const fn is_told(&self) -> bool {
        self.is_told
    }

    /// Whether some was not read that the server may have taken.
    pub(super) const fn is_missed(&self) -> bool {
        self.is_missed
    }
}
