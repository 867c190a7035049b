//! Bodies of requests, and fields of heads, as receivers take them.

use std::time::Duration;

use bartizan_model::Headers;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{counts::Refusal, work::Lease};

/// Reads a body to its end and keeps at most so many bytes of it; the rest is read and forgotten, so that
/// nobody finds a closed connection. Not longer than `patience`. With what there is to count when not all
/// of it is here.
pub(super) async fn gather(
    mut body: Incoming,
    most: usize,
    lease: &mut Lease,
    patience: Duration,
) -> (Bytes, Option<Refusal>) {
    let mut kept = BytesMut::new();
    let mut lack = None;
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Some(Refusal::BrokenOff) };
            let Ok(data) = frame.into_data() else { continue };
            if lack.is_some() {
                continue;
            }
            let piece = &data[..data.len().min(most - kept.len())];
            if !lease.grow(piece.len()) {
                lack = Some(Refusal::HeldBytes);
                continue;
            }
            kept.extend_from_slice(piece);
            if piece.len() < data.len() {
                lack = Some(Refusal::BodyBytes);
            }
        }
        lack
    };
    let lack = timeout(patience, reading).await.unwrap_or(Some(Refusal::Late));
    (kept.freeze(), lack)
}

/// Fields in order, names in lower case.
pub(super) fn fields(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name.as_str(), text(value.as_bytes()))).collect()
}

/// Field values are bytes; those outside UTF-8 are read as Latin-1, as RFC 9110 §5.5 tells of old
/// servers.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

/// The protocol that fields tell of.
pub(super) fn protocol(headers: &Headers) -> Option<String> {
    headers.media_type().starts_with("application/grpc").then(|| "grpc".to_owned())
}
