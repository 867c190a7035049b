//! Reading one HTTP/1.1 message from a socket.

use std::io::{self, BufRead, Read as _};

/// Longest body that is read, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// Longest line of a head, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// A message: first line, fields with lower-case names, body.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) first: String,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.take(MAX_LINE).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(Some(line.to_owned())),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The head of the next message, `None` when the other end closed before its first byte.
///
/// # Errors
/// The other end closed or broke off inside it, or it is malformed.
pub(crate) fn head(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(first) = line(reader)? else { return Ok(None) };
    let mut message = Message { first, ..Message::default() };
    loop {
        let line = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(Some(message));
        }
        let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
        message.fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The body of a message whose head was read: as long as it says, or chunked (RFC 9112 §6, §7).
///
/// # Errors
/// The other end broke off, or the framing is malformed.
pub(crate) fn body(reader: &mut impl BufRead, message: &mut Message) -> io::Result<()> {
    if message.field("transfer-encoding") == Some("chunked") {
        loop {
            let size = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let size = usize::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            read(reader, message, size)?;
            let end = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if !end.is_empty() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if size == 0 {
                return Ok(());
            }
        }
    }
    match message.field("content-length") {
        None => Ok(()),
        Some(length) => {
            let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            read(reader, message, length)
        }
    }
}

fn read(reader: &mut impl BufRead, message: &mut Message, more: usize) -> io::Result<()> {
    let from = message.body.len();
    if from.saturating_add(more) > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    message.body.resize(from + more, 0);
    reader.read_exact(&mut message.body[from..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(mut text: &[u8]) -> io::Result<Message> {
        let mut message = head(&mut text)?.expect("a head");
        body(&mut text, &mut message)?;
        Ok(message)
    }

    #[test]
    fn both_framings() {
        let message = whole(b"HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 3\r\n\r\nabcdef");
        let message = message.expect("whole");
        assert_eq!((message.field("x-id"), &message.body[..]), (Some("7"), &b"abc"[..]));
        let chunked = b"A\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(whole(chunked).expect("whole").body, b"abcd");
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        for text in ["A", "A\r\n", "A\r\nb: c\r\n", "A\r\ncontent-length: 2\r\n\r\na"] {
            assert!(whole(text.as_bytes()).is_err(), "{text}");
        }
        assert!(head(&mut &b""[..]).expect("no error").is_none());
    }
}
