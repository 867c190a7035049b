//! The messages of a handshake that decide the rest: both hellos, which are sent in the clear (RFC 8446
//! §4.1, RFC 5246 §7.4.1), and what the server says of early data (RFC 8446 §4.3.1).

use super::super::message::text;

/// The random of a ServerHello that asks for another ClientHello (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
const SERVER_NAME: u16 = 0;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientHello {
    pub(super) random: [u8; 32],
    pub(super) server_name: Option<String>,
    /// Whether it may send data before the server answers.
    pub(super) has_early_data: bool,
}

/// What a server decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) random: [u8; 32],
    /// For example 0x0304 for TLS 1.3.
    pub(super) version: u16,
    pub(super) suite: u16,
    pub(super) is_compressed: bool,
    /// Whether it asks for another ClientHello.
    pub(super) is_retry: bool,
}

pub(super) fn client(body: &[u8]) -> Option<ClientHello> {
    let mut rest = body;
    take(&mut rest, 2)?;
    let random = <[u8; 32]>::try_from(take(&mut rest, 32)?).ok()?;
    list8(&mut rest)?;
    list16(&mut rest)?;
    list8(&mut rest)?;
    let mut hello = ClientHello { random, server_name: None, has_early_data: false };
    extensions(rest, |kind, mut value| match kind {
        SERVER_NAME => {
            // A list of which the first, of type 0, is the name of a host (RFC 6066 §3).
            let name = list16(&mut value).and_then(|mut list| match take(&mut list, 1)? {
                [0] => list16(&mut list),
                _ => None,
            });
            hello.server_name = name.filter(|name| name.len() <= 255).map(text);
        }
        EARLY_DATA => hello.has_early_data = true,
        _ => {}
    })?;
    Some(hello)
}

pub(super) fn server(body: &[u8]) -> Option<ServerHello> {
    let mut rest = body;
    let version = u16_of(take(&mut rest, 2)?);
    let random = <[u8; 32]>::try_from(take(&mut rest, 32)?).ok()?;
    list8(&mut rest)?;
    let suite = u16_of(take(&mut rest, 2)?);
    let is_compressed = take(&mut rest, 1)? != [0];
    let is_retry = random == RETRY;
    let mut hello = ServerHello { random, version, suite, is_compressed, is_retry };
    extensions(rest, |kind, value| {
        if kind == SUPPORTED_VERSIONS {
            hello.version = u16_of(value);
        }
    })?;
    Some(hello)
}

/// Whether EncryptedExtensions say that the server takes early data (RFC 8446 §4.2.10).
pub(super) fn takes_early_data(body: &[u8]) -> Option<bool> {
    let mut is_taken = false;
    extensions(body, |kind, _| is_taken |= kind == EARLY_DATA)?;
    Some(is_taken)
}

/// Calls with each extension; there may be none at all.
fn extensions<'a>(mut rest: &'a [u8], mut each: impl FnMut(u16, &'a [u8])) -> Option<()> {
    if rest.is_empty() {
        return Some(());
    }
    let mut all = list16(&mut rest)?;
    while !all.is_empty() {
        let kind = u16_of(take(&mut all, 2)?);
        each(kind, list16(&mut all)?);
    }
    Some(())
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(size)?;
    *rest = left;
    Some(taken)
}

fn list8<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [size] = *take(rest, 1)? else { return None };
    take(rest, usize::from(size))
}

fn list16<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = u16_of(take(rest, 2)?);
    take(rest, usize::from(size))
}

fn u16_of(bytes: &[u8]) -> u16 {
    <[u8; 2]>::try_from(bytes).map_or(0, u16::from_be_bytes)
}
