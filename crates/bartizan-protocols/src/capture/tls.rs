//! TLS 1.2 and 1.3 on a connection whose secrets are given (RFC 5246, RFC 8446): records of both
//! directions in, what they protect out.
//!
//! Nothing is verified but the records themselves: who has the secrets of a connection need not know
//! whom the client trusted. Secrets are looked up when the ServerHello is there, so those inside a
//! capture have to come before it, as editors of captures put them.

mod aws_lc;
mod early;
mod gaps;
mod hello;
mod key_log;
mod messages;
mod record;

use std::sync::Arc;

use bartizan_model::Tls as About;

pub use self::{
    aws_lc::AwsLc,
    key_log::{KeyLog, KeyLogLines},
    record::{TlsCipher, TlsCrypto, TlsHash, TlsOpener},
};
use self::{
    early::Early,
    hello::{ClientHello, ServerHello},
    key_log::{Label, Secret},
    messages::{CLIENT_HELLO, ENCRYPTED_EXTENSIONS, FINISHED, KEY_UPDATE, Messages, SERVER_HELLO},
    record::{Protection, Suite},
};
use super::{Loss, Stamp, message::Side};

/// Longest protected record: 2^14 bytes and what protection may add (RFC 5246 §6.2.3).
const RECORD: usize = (1 << 14) + 2048;
/// Most bytes of one side that wait for the hello of the other.
const WAITING: usize = 256 * 1024;
const HEADER: usize = 5;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

/// What reads TLS: primitives, and secrets by precedence.
pub(super) struct Keys {
    pub(super) crypto: Box<dyn TlsCrypto>,
    /// Those of the user.
    pub(super) given: Arc<KeyLog>,
    /// Those that the capture holds.
    pub(super) inside: KeyLog,
}

impl Keys {
    /// Whether any connection can be read.
    pub(super) fn has_any(&self) -> bool {
        !(self.given.is_empty() && self.inside.is_empty())
    }

    fn get(&self, random: &[u8; 32], label: Label) -> Option<Arc<Secret>> {
        self.given.get(random, label).or_else(|| self.inside.get(random, label))
    }
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Out {
    Data(Side, Vec<u8>, Stamp),
    /// So many protected bytes are not in the capture.
    Gap(Side, u64),
    Lost(Loss),
}

/// Secrets of TLS 1.3 that one direction goes through.
struct Traffic {
    now: Arc<Secret>,
    /// That behind the handshake.
    then: Option<Arc<Secret>>,
}

#[derive(Default)]
struct Half {
    buffer: Vec<u8>,
    stamp: Stamp,
    /// Bytes of a lost record that are still to come.
    skip: usize,
    messages: Messages,
    protection: Option<Protection>,
    /// What protects once the direction says so (TLS 1.2).
    pending: Option<Protection>,
    traffic: Option<Traffic>,
    /// Whether the rest is left out.
    is_dead: bool,
}

/// One connection.
#[derive(Default)]
pub(super) struct Tls {
    halves: [Half; 2],
    client: Option<ClientHello>,
    suite: Option<Suite>,
    about: Option<About>,
    early: Early,
    is_over: bool,
    out: Vec<Out>,
}

impl Tls {
    pub(super) fn held(&self) -> usize {
        let half = |half: &Half| half.buffer.capacity() + half.messages.held();
        self.halves.iter().map(half).sum()
    }

    /// What is known of the connection, once it can be read.
    pub(super) const fn about(&self) -> Option<&About> {
        self.about.as_ref()
    }

    /// Whether all is read that the client asked from the beginning of the connection on, as far as
    /// is known.
    pub(super) const fn is_whole(&self) -> bool {
        !self.early.is_missed()
    }

    /// Whether the client asks before it was answered.
    pub(super) const fn is_eager(&self) -> bool {
        self.early.is_read()
    }

    /// Whether something of a direction is left out up to its end.
    pub(super) fn is_torn(&self, side: Side) -> bool {
        let half = &self.halves[side.index()];
        self.is_over || half.is_dead || half.skip > 0 || !half.buffer.is_empty()
    }

    pub(super) fn piece(
        &mut self,
        side: Side,
        bytes: &[u8],
        stamp: Stamp,
        keys: &Keys,
    ) -> Vec<Out> {
        let half = &mut self.halves[side.index()];
        if self.is_over || half.is_dead {
            return Vec::new();
        }
        let skipped = half.skip.min(bytes.len());
        half.skip -= skipped;
        half.buffer.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
        half.stamp = stamp;
        self.read(side, keys);
        self.read_all(keys);
        std::mem::take(&mut self.out)
    }

    /// Reads on where one side waited for the other.
    fn read_all(&mut self, keys: &Keys) {
        self.read(Side::Client, keys);
        self.read(Side::Server, keys);
        self.read(Side::Client, keys);
    }

    /// The end of the connection or the capture.
    pub(super) fn close(&mut self, keys: &Keys) -> Vec<Out> {
        self.early.settle();
        self.read_all(keys);
        if self.about.is_none() && !self.is_over {
            self.give_up(Loss::StreamEncrypted);
        }
        let is_cut = |half: &&Half| !half.is_dead && (half.skip > 0 || !half.buffer.is_empty());
        for _ in 0..self.halves.iter().filter(is_cut).count() {
            self.out.push(Out::Lost(Loss::TlsCut));
        }
        let [client, server] = &self.halves;
        if self.early.is_told() && client.is_shaking() && !server.is_shaking() {
            // What seemed to be early data was more than that.
            self.out.push(Out::Lost(Loss::TlsNotDecrypted));
        }
        std::mem::take(&mut self.out)
    }

    fn miss_early(&mut self) {
        if self.early.miss() {
            self.out.push(Out::Lost(Loss::TlsEarlyData));
        }
    }

    fn give_up(&mut self, loss: Loss) {
        self.out.push(Out::Lost(loss));
        self.is_over = true;
        self.halves.iter_mut().for_each(Half::kill);
    }

    fn read(&mut self, side: Side, keys: &Keys) {
        let mut at = 0;
        while !self.is_over {
            let is_waiting = match side {
                Side::Client => {
                    let is_undecided = self.client.is_some() && self.suite.is_none();
                    is_undecided || (self.early.is_waiting() && self.halves[1].is_shaking())
                }
                Side::Server => self.client.is_none(),
            };
            let half = &mut self.halves[side.index()];
            let rest = half.buffer.get(at..).unwrap_or_default();
            if half.is_dead || rest.len() < HEADER {
                break;
            }
            if is_waiting {
                match rest.len() > WAITING {
                    true if self.suite.is_some() => self.early.settle(),
                    true => self.give_up(Loss::TlsMalformed),
                    false => break,
                }
                continue;
            }
            let Some(size) = length(rest) else {
                self.give_up(Loss::TlsMalformed);
                break;
            };
            let Some((header, rest)) = rest.split_first_chunk::<HEADER>() else { break };
            let Some(body) = rest.get(..size) else { break };
            let (header, body) = (*header, body.to_vec());
            at += HEADER + size;
            self.record(side, header, &body, keys);
        }
        let half = &mut self.halves[side.index()];
        half.buffer.drain(..at.min(half.buffer.len()));
        if half.buffer.is_empty() {
            half.buffer = Vec::new();
        }
    }

    fn record(&mut self, side: Side, header: [u8; HEADER], body: &[u8], keys: &Keys) {
        let [kind, ..] = header;
        let is_1_3 = self.suite.is_some_and(|suite| suite.is_1_3);
        let half = &mut self.halves[side.index()];
        if half.protection.is_none() {
            match kind {
                HANDSHAKE => self.handshake(side, body, keys),
                CHANGE_CIPHER_SPEC => half.protection = half.pending.take(),
                ALERT => {}
                DATA if side == Side::Client && self.early.may_come() => self.miss_early(),
                _ => self.give_up(Loss::TlsMalformed),
            }
            return;
        }
        match kind {
            // Only there to look like TLS 1.2 (RFC 8446 §5).
            CHANGE_CIPHER_SPEC if is_1_3 => return,
            ALERT if is_1_3 && body.len() == 2 => return,
            CHANGE_CIPHER_SPEC => return self.give_up(Loss::TlsRenegotiated),
            _ => {}
        }
        let Some((kind, plain)) = self.open(side, header, body) else { return };
        let half = &self.halves[side.index()];
        match kind {
            DATA => {
                if !plain.is_empty() {
                    self.out.push(Out::Data(side, plain, half.stamp));
                }
            }
            HANDSHAKE => self.handshake(side, &plain, keys),
            ALERT => {}
            _ => self.give_up(Loss::TlsMalformed),
        }
    }

    /// Opens a protected record. What does not open is told, or was early data.
    fn open(&mut self, side: Side, header: [u8; HEADER], body: &[u8]) -> Option<(u8, Vec<u8>)> {
        if side == Side::Client && self.early.is_waiting() && !self.halves[1].is_shaking() {
            // Where the server said whether it takes early data is lost.
            self.early.settle();
        }
        let half = &mut self.halves[side.index()];
        // Up to the first record under the key of the handshake.
        let may_be_early = side == Side::Client && half.is_shaking() && self.early.may_come();
        if may_be_early && let Some(opened) = self.early.open(header, body) {
            return Some(opened);
        }
        let opened = half.protection.as_mut()?.open(header, body);
        match (&opened, may_be_early) {
            (Some(_), true) => self.early.end(),
            (Some(_), false) => {}
            (None, true) => self.miss_early(),
            (None, false) => {
                half.kill();
                self.out.push(Out::Lost(Loss::TlsNotDecrypted));
            }
        }
        opened
    }

    fn handshake(&mut self, side: Side, bytes: &[u8], keys: &Keys) {
        let half = &mut self.halves[side.index()];
        let is_protected = half.protection.is_some();
        let Some(messages) = half.messages.push(bytes) else {
            return self.give_up(Loss::TlsMalformed);
        };
        for (kind, body) in messages {
            if self.is_over {
                return;
            }
            match (kind, side) {
                (CLIENT_HELLO, Side::Client) if !is_protected && self.client.is_none() => {
                    self.client = hello::client(&body);
                    match &self.client {
                        Some(hello) => self.early.offer(hello.has_early_data),
                        None => self.give_up(Loss::TlsMalformed),
                    }
                }
                (SERVER_HELLO, Side::Server) if !is_protected && self.suite.is_none() => {
                    match hello::server(&body) {
                        Some(hello) if hello.is_retry => {
                            self.client = None;
                            self.early.refuse();
                        }
                        Some(hello) => self.decided(&hello, keys),
                        None => self.give_up(Loss::TlsMalformed),
                    }
                }
                // A HelloRequest alone may be refused (RFC 5246 §7.4.1.1).
                (CLIENT_HELLO, _) if is_protected => self.give_up(Loss::TlsRenegotiated),
                (ENCRYPTED_EXTENSIONS, Side::Server) if is_protected => {
                    match hello::takes_early_data(&body) {
                        Some(is_taken) => self.early.answer(is_taken),
                        None => self.give_up(Loss::TlsMalformed),
                    }
                }
                (FINISHED, _) if is_protected => self.advance(side, keys, true),
                (KEY_UPDATE, _) if is_protected => self.advance(side, keys, false),
                _ => {}
            }
        }
    }

    /// The server has chosen: the keys are known from here on, or never.
    fn decided(&mut self, hello: &ServerHello, keys: &Keys) {
        let Some(client) = &self.client else { return };
        let suite = record::suite(hello.suite);
        let suite = suite.filter(|suite| suite.is_1_3 == (hello.version == 0x0304));
        let is_read = matches!(hello.version, 0x0303 | 0x0304) && !hello.is_compressed;
        let Some(suite) = suite.filter(|_| is_read) else {
            return self.give_up(Loss::TlsUnsupported);
        };
        let is_ready = match suite.is_1_3 {
            true => traffic(client, suite, keys).map(|ready| {
                for (half, (protection, traffic)) in self.halves.iter_mut().zip(ready) {
                    half.protection = Some(protection);
                    half.traffic = Some(traffic);
                }
            }),
            false => keys.get(&client.random, Label::Master).and_then(|master| {
                let randoms = [&client.random, &hello.random];
                let both = record::from_master(&*keys.crypto, suite, &master, randoms)?;
                for (half, protection) in self.halves.iter_mut().zip(both) {
                    half.pending = Some(protection);
                }
                Some(())
            }),
        };
        if is_ready.is_none() {
            return self.give_up(Loss::StreamEncrypted);
        }
        self.about = Some(About {
            version: Some(if suite.is_1_3 { "1.3" } else { "1.2" }.to_owned()),
            sni: client.server_name.clone(),
            cipher: Some(suite.name.to_owned()),
        });
        match suite.is_1_3 {
            true => self.early.ready(&client.random, suite, keys),
            false => self.early.refuse(),
        }
        self.suite = Some(suite);
    }

    /// Goes on to the next secret of a direction: that of the traffic behind the handshake, or an
    /// updated one. TLS 1.2 has neither.
    fn advance(&mut self, side: Side, keys: &Keys, is_finished: bool) {
        let Some(suite) = self.suite.filter(|suite| suite.is_1_3) else { return };
        let half = &mut self.halves[side.index()];
        let Some(traffic) = &mut half.traffic else { return };
        match (is_finished, traffic.then.take()) {
            (true, Some(then)) => traffic.now = then,
            (false, None) => {
                let next = record::updated(&*keys.crypto, suite, &traffic.now);
                traffic.now = Arc::new(next);
            }
            // The client was asked who it is behind the handshake (RFC 8446 §4.6.2).
            (true, None) if side == Side::Client => return,
            // An update before the handshake was over, or a second end of it.
            _ => return self.give_up(Loss::TlsMalformed),
        }
        half.protection = record::from_traffic(&*keys.crypto, suite, &traffic.now);
        if half.protection.is_none() {
            self.give_up(Loss::TlsNotDecrypted);
        }
    }
}

/// Protection of both directions in the handshake of TLS 1.3, and where they go from there.
fn traffic(client: &ClientHello, suite: Suite, keys: &Keys) -> Option<[(Protection, Traffic); 2]> {
    let direction = |now: Label, then: Label| {
        let now = keys.get(&client.random, now)?;
        let then = keys.get(&client.random, then)?;
        let protection = record::from_traffic(&*keys.crypto, suite, &now)?;
        Some((protection, Traffic { now, then: Some(then) }))
    };
    Some([
        direction(Label::ClientHandshake, Label::ClientTraffic)?,
        direction(Label::ServerHandshake, Label::ServerTraffic)?,
    ])
}

/// Length of the body of the record that bytes begin with; `None` when they begin with none, or too
/// few are there.
fn length(bytes: &[u8]) -> Option<usize> {
    let [CHANGE_CIPHER_SPEC..=DATA, 3, _, high, low, ..] = *bytes else { return None };
    let size = usize::from(u16::from_be_bytes([high, low]));
    (size <= RECORD).then_some(size)
}

impl Half {
    /// Whether it is in the handshake of TLS 1.3.
    fn is_shaking(&self) -> bool {
        self.traffic.as_ref().is_some_and(|traffic| traffic.then.is_some())
    }

    /// Leaves the rest out.
    fn kill(&mut self) {
        *self = Self { is_dead: true, ..Self::default() };
    }
}
