//! Messages of a gRPC call: what its bodies carry, each behind its length.

use std::io::Read as _;

use bartizan_model::Message as Payload;
use flate2::read::{GzDecoder, ZlibDecoder};

use super::super::{
    Loss, Stamp,
    message::{Answered, Asked, Env, Message, Side, payload},
};

/// A flag that says whether the message is compressed, and four bytes of length.
const PREFIX: usize = 5;
/// Largest ratio of a message to its compressed form, beyond the first 64 KiB.
const RATIO: usize = 200;
const RATIO_FREE: usize = 64 * 1024;

/// The messages of both sides in the order they were complete, those that are whole.
pub(super) fn messages(
    asked: &Asked,
    answered: Option<&Answered>,
    env: &mut Env<'_>,
) -> Vec<Payload> {
    let mut all = Vec::new();
    // Room for what compressed messages of one call become together.
    let mut room = env.limits.connection_bytes;
    of(Side::Client, &asked.message, &mut all, &mut room, env);
    if let Some(answered) = answered {
        of(Side::Server, &answered.message, &mut all, &mut room, env);
    }
    all.sort_by_key(|(packet, _)| *packet);
    all.into_iter().map(|(_, message)| message).collect()
}

fn of(
    side: Side,
    message: &Message,
    all: &mut Vec<(u64, Payload)>,
    room: &mut usize,
    env: &mut Env<'_>,
) {
    let coding = message.headers.get("grpc-encoding").unwrap_or("identity");
    let (mut rest, mut end) = (&*message.body, 0);
    while let [flag, a, b, c, d, behind @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let Some((data, next)) = behind.split_at_checked(length) else { return };
        (rest, end) = (next, end + PREFIX + length);
        let most = env.limits.body_bytes.min(*room);
        let data = match flag {
            0 => Some(data.to_vec()).filter(|data| data.len() <= most),
            _ => inflated(coding, data, most),
        };
        let Some(data) = data.filter(|_| all.len() < env.limits.messages) else {
            env.lost(Loss::GrpcTooMuch);
            return;
        };
        *room -= data.len();
        let at: Stamp = message.came(end);
        all.push((at.packet, payload(side, data, false, at)));
    }
}

/// A message without its compression; as it was sent where that is not known or broken, `None` when
/// it gives more than `most`.
fn inflated(coding: &str, data: &[u8], most: usize) -> Option<Vec<u8>> {
    let most = most.min(RATIO_FREE.max(data.len().saturating_mul(RATIO)));
    let mut out = Vec::new();
    let limit = most as u64 + 1;
    let read = match coding {
        "gzip" => GzDecoder::new(data).take(limit).read_to_end(&mut out),
        "deflate" => ZlibDecoder::new(data).take(limit).read_to_end(&mut out),
        _ => return Some(data.to_vec()).filter(|data| data.len() <= most),
    };
    match read {
        Ok(size) => (size <= most).then_some(out),
        Err(_) => Some(data.to_vec()).filter(|data| data.len() <= most),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn compressed_messages_are_read_up_to_a_limit() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&[7; 100_000]).expect("memory takes all");
        let bytes = encoder.finish().expect("memory takes all");
        assert_eq!(inflated("gzip", &bytes, 200_000).map(|out| out.len()), None, "ratio");
        assert_eq!(inflated("snappy", b"abc", 10).as_deref(), Some(&b"abc"[..]));
        assert_eq!(inflated("gzip", b"no gzip", 10).as_deref(), Some(&b"no gzip"[..]));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(b"hello").expect("memory takes all");
        let bytes = encoder.finish().expect("memory takes all");
        assert_eq!(inflated("gzip", &bytes, 5).as_deref(), Some(&b"hello"[..]));
        assert_eq!(inflated("gzip", &bytes, 4), None);
    }
}
