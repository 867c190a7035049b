//! A body, read once for all policies that ask what it says.

use bartizan_model::{Request, Root, Side, limits::NotInspectedReason};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, View, decode_body};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use super::detectors::{Bounds, OVER_BUDGET, OVER_LIMITS, pace};

/// A body that was read within some bounds.
pub(super) struct Reading {
    decoded: Decoded,
    request: Request,
    bounds: Bounds,
}

impl Reading {
    /// Reads a body with the fields that say what it is, those of a request or of an answer, until the processor time
    /// of this thread is `until`. `seed` keys the hashes by which names are compared.
    pub(super) fn of<'f>(
        fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
        bytes: &Bytes,
        bounds: Bounds,
        seed: u64,
        until: u64,
    ) -> Self {
        let mut request = Request { body: bytes.clone(), ..Request::default() };
        let shown = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
        for (name, value) in fields.filter(|(name, _)| shown.contains(name)) {
            request.headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
        }
        let mut decoded = Decoded::default();
        decode_body(&mut decoded, &request, &bounds.limits(), seed, pace(until));
        Self { decoded, request, bounds }
    }

    /// Why it was not read to its end.
    pub(super) fn cut(&self) -> Option<&'static str> {
        cut(&self.decoded.view)
    }

    /// The whole value, when it is JSON that says the same to everybody.
    pub(super) fn json(&self) -> Option<NodeRef<'_>> {
        let mut types = self.request.headers.get_all("content-type");
        let is_one_type = types.next().is_none_or(is_json) && types.next().is_none();
        let is_plain = self.decoded.request_format == Format::Json
            && is_one_type
            && self.is_sound(&ODD_BUT_SAME)
            && self.decoded.view.is_fully_inspected(Side::Request);
        self.root().filter(|_| is_plain)
    }

    /// The whole value, when it is of this format and nothing about it is odd. Files inside of it need not have been
    /// understood.
    pub(super) fn plain(&self, format: Format) -> Option<NodeRef<'_>> {
        let is_file = |reason| reason == NotInspectedReason::UnknownMediaType;
        let missing = self.decoded.view.not_inspected();
        let is_read = missing.iter().all(|one| is_file(one.reason));
        let is_it = self.decoded.request_format == format && is_read && self.is_sound(&OF_FORMS);
        self.root().filter(|_| is_it)
    }

    fn root(&self) -> Option<NodeRef<'_>> {
        self.decoded.view.root(Side::Request, Root::Body)
    }

    fn is_sound(&self, allowed: &[AnomalyKind]) -> bool {
        self.decoded.view.anomalies().iter().all(|(_, kind)| allowed.contains(kind))
    }
}

/// These are of RFC 8259, but for control characters that are not escaped: who takes them reads the same.
const ODD_BUT_SAME: [AnomalyKind; 2] = [AnomalyKind::NumberRange, AnomalyKind::ControlCharacter];
/// In forms names may be there several times, which whoever asks has to look at, and values may hold percent signs.
const OF_FORMS: [AnomalyKind; 4] = [
    AnomalyKind::NumberRange,
    AnomalyKind::ControlCharacter,
    AnomalyKind::DuplicateParameter,
    AnomalyKind::DoubleEncoding,
];

/// What policies have read of one message: the next one need not do it again.
#[derive(Default)]
pub(super) struct Readings(Option<Reading>);

impl Readings {
    /// What was read, when that was all and not more than these bounds let; else what `read` reads.
    pub(super) fn within(&mut self, bounds: Bounds, read: impl FnOnce() -> Reading) -> &Reading {
        let stays = |known: &Reading| known.cut().is_none() && known.bounds.is_within(bounds);
        let kept = self.0.take().filter(stays).unwrap_or_else(read);
        self.0.insert(kept)
    }
}

fn cut(view: &View) -> Option<&'static str> {
    let reasons = view.not_inspected().iter().filter_map(|missing| match missing.reason {
        NotInspectedReason::OutOfTime => Some(OVER_BUDGET),
        NotInspectedReason::Limit(_) => Some(OVER_LIMITS),
        _ => None,
    });
    reasons.min()
}

/// Whether it is exactly one media type (RFC 9110 section 8.3.1), of JSON or of anything, and names no
/// character set but UTF-8.
pub(super) fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(|part| part.trim_matches([' ', '\t']));
    let (kind, subtype) = parts.next().and_then(|full| full.split_once('/')).unwrap_or_default();
    let is = |text: &str, known: &str| text.eq_ignore_ascii_case(known);
    let suffix = subtype.len().checked_sub("+json".len()).and_then(|at| subtype.get(at..));
    let is_known = is(subtype, "json")
        || suffix.is_some_and(|suffix| is(suffix, "+json"))
        || (is(kind, "application") && is(subtype, "octet-stream"));
    let is_fine = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or_default();
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let is_value = quoted.map_or_else(|| is_token(value), |text| !text.contains(['"', '\\']));
        let value = quoted.unwrap_or(value);
        let is_utf8 = !is(name, "charset") || is(value, "utf-8") || is(value, "utf8");
        parameter.is_empty() || (is_token(name) && is_value && is_utf8)
    };
    is_known && is_token(kind) && is_token(subtype) && parts.all(is_fine)
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.as_bytes().iter().all(is_one)
}
