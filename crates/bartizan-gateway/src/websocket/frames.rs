//! WebSocket frames (RFC 6455 §5) in one direction, without sockets: strict, bounded, and written
//! anew rather than passed through.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Why a WebSocket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The frames break the protocol.
    Protocol,
    /// A text is not UTF-8.
    Text,
    /// A frame or message is too large.
    TooLarge,
    /// A policy refused a message.
    Policy,
}

impl Violation {
    /// The close code (RFC 6455 §7.4.1).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::Text => 1007,
            Self::Policy => 1008,
            Self::TooLarge => 1009,
        }
    }
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PONG: u8 = 10;

/// What may go on after some bytes were read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unit {
    /// A control frame.
    Control {
        /// Whether it closes its direction.
        is_close: bool,
    },
    /// A whole message.
    Message {
        /// Its payload, unmasked.
        data: Bytes,
        /// Whether it is a text; then it is UTF-8.
        is_text: bool,
    },
}

/// Reads frames of one direction.
#[derive(Debug)]
pub struct FrameReader {
    from_client: bool,
    most_frame: usize,
    most_message: usize,
    /// Opcode of the message that is being read.
    opcode: Option<u8>,
    message: BytesMut,
    /// Frames of that message, to be sent when it is whole.
    pending: BytesMut,
    is_closed: bool,
}

struct Head {
    is_final: bool,
    opcode: u8,
    key: Option<[u8; 4]>,
    length: usize,
    /// Bytes of the head itself.
    size: usize,
}

impl FrameReader {
    /// A reader of what one side sends, with the most bytes of a frame and of a message.
    #[must_use]
    pub fn new(from_client: bool, most_frame: usize, most_message: usize) -> Self {
        Self {
            from_client,
            most_frame,
            most_message,
            opcode: None,
            message: BytesMut::new(),
            pending: BytesMut::new(),
            is_closed: false,
        }
    }

    /// Bytes of a message that is not whole yet, and of its frames.
    #[must_use]
    pub fn held(&self) -> usize {
        self.message.len() + self.pending.len()
    }

    /// Takes the next unit off the front of `bytes`; what may go on for it is added to `out`.
    /// `None` when more bytes are needed.
    ///
    /// # Errors
    /// The rule that the frames break; nothing more may be read then.
    pub fn next(
        &mut self,
        bytes: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Result<Option<Unit>, Violation> {
        loop {
            let Some(head) = self.head(bytes)? else { return Ok(None) };
            if bytes.len() < head.size + head.length {
                return Ok(None);
            }
            bytes.advance(head.size);
            let mut payload = bytes.split_to(head.length);
            if let Some(key) = head.key {
                mask(&mut payload, key);
            }
            if head.opcode >= CLOSE {
                self.is_closed = head.opcode == CLOSE;
                check_control(head.opcode, &payload)?;
                write(out, true, head.opcode, head.key, &payload);
                return Ok(Some(Unit::Control { is_close: self.is_closed }));
            }
            if let Some(unit) = self.data(&head, payload, out)? {
                return Ok(Some(unit));
            }
        }
    }

    fn data(
        &mut self,
        head: &Head,
        payload: BytesMut,
        out: &mut BytesMut,
    ) -> Result<Option<Unit>, Violation> {
        let opcode = match (head.opcode, self.opcode) {
            (CONTINUATION, Some(opcode)) => opcode,
            (TEXT | BINARY, None) => head.opcode,
            _ => return Err(Violation::Protocol),
        };
        if self.message.len() + payload.len() > self.most_message {
            return Err(Violation::TooLarge);
        }
        // Many empty fragments must not cost memory either.
        if self.pending.len() > self.most_message + self.most_message / 2 + 4096 {
            return Err(Violation::TooLarge);
        }
        write(&mut self.pending, head.is_final, head.opcode, head.key, &payload);
        if self.message.is_empty() {
            self.message = payload;
        } else {
            self.message.unsplit(payload);
        }
        if !head.is_final {
            self.opcode = Some(opcode);
            return Ok(None);
        }
        self.opcode = None;
        let data = self.message.split().freeze();
        let is_text = opcode == TEXT;
        if is_text && std::str::from_utf8(&data).is_err() {
            return Err(Violation::Text);
        }
        out.unsplit(self.pending.split());
        Ok(Some(Unit::Message { data, is_text }))
    }

    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, Violation> {
        let [first, second, ..] = *bytes else { return Ok(None) };
        let opcode = first & 15;
        let is_known = opcode <= BINARY || (CLOSE..=PONG).contains(&opcode);
        // No extension was negotiated: the handshake removes the offer.
        let is_reserved = first & 0x70 != 0;
        let is_masked = second & 0x80 != 0;
        let is_final = first & 0x80 != 0;
        let is_control = opcode >= CLOSE;
        let short = usize::from(second & 0x7f);
        let is_broken = !is_known
            || is_reserved
            || is_masked != self.from_client
            || self.is_closed
            || (is_control && (!is_final || short > 125));
        if is_broken {
            return Err(Violation::Protocol);
        }
        let (length, mut size) = match short {
            126 => {
                let Some(b) = bytes.get(2..4) else { return Ok(None) };
                (u64::from(u16::from_be_bytes([b[0], b[1]])), 4)
            }
            127 => {
                let Some(b) = bytes.get(2..10) else { return Ok(None) };
                let b = <[u8; 8]>::try_from(b).map_err(|_| Violation::Protocol)?;
                (u64::from_be_bytes(b), 10)
            }
            short => (short as u64, 2),
        };
        let is_shortest = match size {
            4 => length > 125,
            10 => length > 0xffff && length < 1 << 63,
            _ => true,
        };
        if !is_shortest {
            return Err(Violation::Protocol);
        }
        let length = usize::try_from(length).map_err(|_| Violation::TooLarge)?;
        if length > self.most_frame {
            return Err(Violation::TooLarge);
        }
        let key = if is_masked {
            let Some(b) = bytes.get(size..size + 4) else { return Ok(None) };
            size += 4;
            <[u8; 4]>::try_from(b).ok()
        } else {
            None
        };
        Ok(Some(Head { is_final, opcode, key, length, size }))
    }
}

fn check_control(opcode: u8, payload: &[u8]) -> Result<(), Violation> {
    if opcode != CLOSE {
        return Ok(());
    }
    match payload {
        [] => Ok(()),
        [_] => Err(Violation::Protocol),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let is_code = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            match (is_code, std::str::from_utf8(reason)) {
                (false, _) => Err(Violation::Protocol),
                (true, Err(_)) => Err(Violation::Text),
                (true, Ok(_)) => Ok(()),
            }
        }
    }
}

fn mask(payload: &mut [u8], key: [u8; 4]) {
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[at & 3];
    }
}

/// Writes a frame, masked again with the key it came with.
fn write(out: &mut BytesMut, is_final: bool, opcode: u8, key: Option<[u8; 4]>, payload: &[u8]) {
    let masked = if key.is_some() { 0x80 } else { 0 };
    out.reserve(payload.len() + 14);
    out.put_u8(if is_final { 0x80 } else { 0 } | opcode);
    match payload.len() {
        length @ 0..=125 => out.put_u8(masked | length as u8),
        length @ 126..=0xffff => {
            out.put_u8(masked | 126);
            out.put_u16(length as u16);
        }
        length => {
            out.put_u8(masked | 127);
            out.put_u64(length as u64);
        }
    }
    if let Some(key) = key {
        out.put_slice(&key);
    }
    let start = out.len();
    out.put_slice(payload);
    if let Some(key) = key {
        mask(&mut out[start..], key);
    }
}

/// The code that says that we stop serving (RFC 6455 §7.4.1).
pub(crate) const GOING_AWAY: u16 = 1001;

/// A close frame with a code.
pub(crate) fn close(code: u16, to_client: bool) -> Bytes {
    let mut out = BytesMut::new();
    let key = (!to_client).then_some([0; 4]);
    write(&mut out, true, CLOSE, key, &code.to_be_bytes());
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> BytesMut {
        let mut out = BytesMut::new();
        write(&mut out, first & 0x80 != 0, first & 15, key, payload);
        out[0] = first;
        out
    }

    fn read(mut bytes: BytesMut, from_client: bool) -> (Result<Vec<Unit>, Violation>, BytesMut) {
        let mut reader = FrameReader::new(from_client, 1000, 2000);
        let (mut units, mut out) = (Vec::new(), BytesMut::new());
        loop {
            match reader.next(&mut bytes, &mut out) {
                Ok(Some(unit)) => units.push(unit),
                Ok(None) => return (Ok(units), out),
                Err(violation) => return (Err(violation), out),
            }
        }
    }

    const KEY: Option<[u8; 4]> = Some([1, 2, 3, 4]);

    #[test]
    fn messages_and_fragments_go_on_as_they_came() {
        let mut bytes = frame(0x81, b"hello", KEY);
        bytes.extend(frame(0x02, &[0; 200], KEY));
        bytes.extend(frame(0x89, b"ping", KEY));
        bytes.extend(frame(0x80, &[1; 300], KEY));
        bytes.extend(frame(0x88, &[3, 232], KEY));
        let (units, out) = read(bytes.clone(), true);
        let binary: Vec<u8> = [[0; 200].as_slice(), &[1; 300]].concat();
        assert_eq!(
            units.unwrap(),
            [
                Unit::Message { data: Bytes::from_static(b"hello"), is_text: true },
                Unit::Control { is_close: false },
                Unit::Message { data: binary.into(), is_text: false },
                Unit::Control { is_close: true },
            ]
        );
        // The ping overtakes the fragments, as it may.
        assert_eq!(out.len(), bytes.len());
    }

    #[test]
    fn violations() {
        let text = |payload: &[u8]| frame(0x81, payload, KEY);
        let mut after_close = frame(0x88, b"", KEY);
        after_close.extend(text(b"x"));
        let mut interleaved = frame(0x01, b"a", KEY);
        interleaved.extend(text(b"b"));
        for (bytes, wanted) in [
            (frame(0x81, b"x", None), Violation::Protocol),
            (frame(0xc1, b"x", KEY), Violation::Protocol),
            (frame(0x83, b"x", KEY), Violation::Protocol),
            (frame(0x09, b"x", KEY), Violation::Protocol),
            (frame(0x89, &[0; 126], KEY), Violation::Protocol),
            (frame(0x80, b"x", KEY), Violation::Protocol),
            (frame(0x88, b"x", KEY), Violation::Protocol),
            (frame(0x88, &[3, 237], KEY), Violation::Protocol),
            (after_close, Violation::Protocol),
            (interleaved, Violation::Protocol),
            (text(b"\xff"), Violation::Text),
            (text(&[b'a'; 1001]), Violation::TooLarge),
            (BytesMut::from(&[0x81, 0xfe, 0, 5][..]), Violation::Protocol),
            (BytesMut::from(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 5][..]), Violation::Protocol),
            (BytesMut::from(&[0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 5][..]), Violation::Protocol),
        ] {
            let (units, out) = read(bytes.clone(), true);
            assert_eq!(units, Err(wanted), "{bytes:?}");
            assert!(out.len() <= 8, "nothing but a close may go on");
        }
        assert_eq!(read(text(b"x"), false).0, Err(Violation::Protocol));
        assert_eq!(read(frame(0x81, b"x", None), false).0.unwrap().len(), 1);
        let mut long = frame(0x01, &[b'a'; 900], KEY);
        for _ in 0..3 {
            long.extend(frame(0x00, &[b'a'; 900], KEY));
        }
        assert_eq!(read(long, true).0, Err(Violation::TooLarge));
        let mut empty = frame(0x01, b"", KEY);
        for _ in 0..10_000 {
            empty.extend(frame(0x00, b"", KEY));
        }
        assert_eq!(read(empty, true).0, Err(Violation::TooLarge));
    }

    #[test]
    fn cuts_do_not_matter() {
        let mut bytes = frame(0x01, &[b'a'; 200], KEY);
        bytes.extend(frame(0x80, b"b", KEY));
        let mut reader = FrameReader::new(true, 1000, 2000);
        let (mut held, mut out, mut units) = (BytesMut::new(), BytesMut::new(), 0);
        for byte in bytes.clone() {
            held.put_u8(byte);
            units += usize::from(reader.next(&mut held, &mut out).unwrap().is_some());
        }
        assert_eq!((units, out), (1, bytes));
    }
}
