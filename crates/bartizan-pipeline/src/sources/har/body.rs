//! Bodies of a HAR entry: what the exporter kept of them, and in which coding.

use std::fmt::Write as _;

use bartizan_model::{BodyState, Headers};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use super::{
    super::target::percent_encode,
    fields::{Content, Param, PostData, Request, Response},
};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
/// Boundary of a multipart body that is put together from its parts.
const BOUNDARY: &str = "----bartizan-rebuilt-multipart";

/// A body and how much of it there is.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) state: BodyState,
    /// Size as the exporter reports it, when it is not the length of `bytes`.
    pub(super) reported: Option<u64>,
}

impl Body {
    fn missing(reported: Option<u64>) -> Self {
        Self { bytes: Bytes::new(), state: BodyState::NotCaptured, reported }
    }

    fn complete(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), state: BodyState::Complete, reported: None }
    }
}

/// The body of a request. Fields without a text are put back into the form they were sent in, and
/// `content-type` is set when there is none.
pub(super) fn request(request: &Request<'_>, headers: &mut Headers) -> Body {
    let post = &request.post;
    let declared = size(request.body_size.0).or_else(|| content_length(headers));
    if !post.present || (post.text.0.is_none() && post.params.0.is_empty()) {
        let may_have_body = !matches!(
            &*request.method.as_str().to_ascii_uppercase(),
            "GET" | "HEAD" | "OPTIONS" | "DELETE" | "TRACE"
        );
        return match declared {
            Some(0) => Body::complete(Vec::new()),
            None if !may_have_body && !post.present => Body::complete(Vec::new()),
            _ => Body::missing(declared),
        };
    }
    if !headers.contains("content-type") && !post.mime.as_str().is_empty() {
        headers.push("content-type", post.mime.as_str());
    }
    let (bytes, still_encoded) = match post.text.0.as_deref() {
        Some(text) if !text.is_empty() || post.params.0.is_empty() => {
            decode_text(text, post.encoding.as_str(), headers)
        }
        _ => return Body::complete(from_params(post, headers)),
    };
    if !still_encoded {
        headers.remove("content-encoding");
    }
    with_size(bytes, if still_encoded { None } else { declared })
}

/// The body of a response. HAR holds it after its content coding was undone, so that
/// `content-encoding` goes, unless the bytes are plainly still encoded.
pub(super) fn response(method: &str, response: &Response<'_>, headers: &mut Headers) -> Body {
    let Content { present, size: reported, text, encoding, .. } = &response.content;
    let reported = size(reported.0);
    if let Some(text) = text.0.as_deref().filter(|text| !text.is_empty()) {
        let (bytes, still_encoded) = decode_text(text, encoding.as_str(), headers);
        if !still_encoded {
            headers.remove("content-encoding");
        }
        return with_size(bytes, reported);
    }
    let status = response.status.0.unwrap_or(0.0);
    // RFC 9110 §6.4.1: these have no content, whatever their headers say.
    let bodyless = method.eq_ignore_ascii_case("HEAD")
        || (100.0..200.0).contains(&status)
        || status == 204.0
        || status == 304.0;
    if bodyless {
        return Body::complete(Vec::new());
    }
    let on_the_wire = size(response.body_size.0).or_else(|| content_length(headers));
    match reported {
        Some(0) if *present && on_the_wire.unwrap_or(0) == 0 => Body::complete(Vec::new()),
        Some(0) | None => Body::missing(on_the_wire.filter(|bytes| *bytes > 0)),
        Some(bytes) => Body::missing(Some(bytes)),
    }
}

/// A body that is shorter than its size was cut by the exporter. Longer is common (a charset was
/// decoded to UTF-8) and says nothing.
fn with_size(bytes: Vec<u8>, size: Option<u64>) -> Body {
    match size {
        Some(size) if size > 0 && bytes.is_empty() => Body::missing(Some(size)),
        Some(size) if size > bytes.len() as u64 => {
            Body { bytes: bytes.into(), state: BodyState::Truncated, reported: Some(size) }
        }
        _ => Body::complete(bytes),
    }
}

/// A size that an exporter reports; -1 stands for unknown.
fn size(value: Option<f64>) -> Option<u64> {
    value.filter(|n| *n >= 0.0 && *n < 1e15).map(|n| n as u64)
}

fn content_length(headers: &Headers) -> Option<u64> {
    headers.get("content-length").and_then(|text| text.trim().parse().ok())
}

/// The bytes of a text, and whether they are still in their content coding.
fn decode_text(text: &str, encoding: &str, headers: &Headers) -> (Vec<u8>, bool) {
    let codings = headers.get("content-encoding").unwrap_or("").to_ascii_lowercase();
    let outermost = codings.rsplit(',').next().unwrap_or("").trim();
    if encoding.eq_ignore_ascii_case("base64")
        && let Some(bytes) = from_base64(text)
    {
        let encoded = is_still_encoded(&bytes, outermost, &headers.media_type());
        return (bytes, encoded);
    }
    // Some exporters write raw bytes as the characters U+0000 to U+00FF.
    if matches!(outermost, "gzip" | "x-gzip") && text.starts_with("\u{1f}\u{8b}") {
        let bytes: Option<Vec<u8>> =
            text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        if let Some(bytes) = bytes {
            return (bytes, true);
        }
    }
    (text.as_bytes().to_vec(), false)
}

fn is_still_encoded(bytes: &[u8], coding: &str, media_type: &str) -> bool {
    let is_text = media_type.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded"]
            .iter()
            .any(|kind| media_type.ends_with(kind));
    match coding {
        "gzip" | "x-gzip" => bytes.starts_with(&[0x1f, 0x8b]),
        "zstd" => bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
        // These have no magic bytes: text that is no text gives them away.
        "br" | "deflate" => is_text && std::str::from_utf8(bytes).is_err(),
        _ => false,
    }
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    // Line ends as in MIME; a space between words means that this is text in spite of its label.
    let spaced = text.contains(['\r', '\n']);
    let packed: String;
    let text = if spaced {
        packed = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        &packed
    } else {
        text
    };
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Puts a body together from its fields.
fn from_params(post: &PostData<'_>, headers: &mut Headers) -> Vec<u8> {
    headers.remove("content-encoding");
    if headers.media_type() == "multipart/form-data" {
        multipart(&post.params.0, headers).into_bytes()
    } else {
        if !headers.contains("content-type") {
            headers.push("content-type", "application/x-www-form-urlencoded");
        }
        let params = post.params.0.iter().filter(|p| p.present);
        let pairs = params.map(|p| (p.name.as_str(), p.value.as_str()));
        form(pairs).into_bytes()
    }
}

/// Writes pairs as a form or query. Text that is percent-encoded already stays as it is.
pub(in super::super) fn form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        form_text(name, &mut out);
        out.push('=');
        form_text(value, &mut out);
    }
    out
}

fn form_text(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' => {
                out.push(char::from(*byte));
            }
            b'%' if is_hex(at + 1) && is_hex(at + 2) => out.push('%'),
            b' ' => out.push('+'),
            _ => percent_encode(&[*byte], out),
        }
    }
}

fn multipart(params: &[Param<'_>], headers: &mut Headers) -> String {
    let sent = headers.get("content-type").unwrap_or("");
    let boundary = sent.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty()).then_some(value)
    });
    let boundary = match boundary {
        Some(boundary) => boundary.to_owned(),
        None => {
            headers.remove("content-type");
            headers.push("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
            BOUNDARY.to_owned()
        }
    };
    let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let mut out = String::new();
    for param in params.iter().filter(|p| p.present) {
        let name = quoted(param.name.as_str());
        let _ = write!(out, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some(file) = &param.file.0 {
            let _ = write!(out, "; filename=\"{}\"", quoted(file));
        }
        if let Some(mime) = &param.mime.0 {
            let _ = write!(out, "\r\nContent-Type: {}", mime.replace(['\r', '\n'], " "));
        }
        let _ = write!(out, "\r\n\r\n{}\r\n", param.value.as_str());
    }
    let _ = write!(out, "--{boundary}--\r\n");
    out
}
