//! Bodies as the policies of a protocol read them: each parsed once for all that read as much of it, and what follows
//! where one was not read.

use bartizan_model::{Limits, Request, Side, limits::NotInspectedReason};
use bartizan_protocols::{AnomalyKind, Decoded, View, decode_body};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::{
    config::Problem,
    detectors::{Bounds, OVER_BUDGET, OVER_LIMITS, OnGap, pace, thread_nanos},
    record::Refusal,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

/// Why a body was not looked at that is passed on as it comes.
pub(super) const NOT_HELD: &str = "body-not-held";
/// Why one was not that can be read in no way, or in several.
pub(super) const NOT_READABLE: &str = "not-readable";

/// Others may read a body differently that has one of these.
const READ_DIFFERENTLY: [AnomalyKind; 17] = [
    AnomalyKind::DuplicateKey,
    AnomalyKind::DuplicateParameter,
    AnomalyKind::DuplicateHeader,
    AnomalyKind::OverlongUtf8,
    AnomalyKind::InvalidUtf8,
    AnomalyKind::NulByte,
    AnomalyKind::NonStandardNumber,
    AnomalyKind::NonStandardJson,
    AnomalyKind::LoneSurrogate,
    AnomalyKind::TrailingData,
    AnomalyKind::UnexpectedEnd,
    AnomalyKind::Malformed,
    AnomalyKind::MultipartBoundary,
    AnomalyKind::MultipartHeader,
    AnomalyKind::BrokenEncoding,
    AnomalyKind::AmbiguousEncoding,
    AnomalyKind::UnknownCharset,
];

/// What came of asking a rule: a call passes, or passes though it was not looked at completely (why), or is refused.
pub(super) type Checked = Result<Option<&'static str>, Refusal>;

/// How much of a body is read, and what follows where it is not.
#[derive(Debug)]
pub(super) struct Within {
    /// Code of its refusals.
    code: &'static str,
    pub(super) limits: Limits,
    budget_nanos: u64,
    seed: u64,
    on_budget: OnGap,
    on_unreadable: OnGap,
}

impl Within {
    /// `seed` keys the hashes by which names are compared.
    pub(super) fn compile(
        code: &'static str,
        (body_bytes, budget_micros): (u32, u32),
        (on_budget, on_unreadable): (OnGap, OnGap),
        seed: u64,
    ) -> Result<Self, Problem> {
        let bounds = Bounds::checked(body_bytes, budget_micros)?;
        let (limits, budget_nanos) = (bounds.limits(), bounds.budget_nanos());
        Ok(Self { code, limits, budget_nanos, seed, on_budget, on_unreadable })
    }

    /// What follows where a body was not looked at, for this reason.
    pub(super) fn gap(&self, reason: &'static str) -> Checked {
        let is_cut = [OVER_BUDGET, OVER_LIMITS].contains(&reason);
        let (on_gap, status, title) = if is_cut {
            let title = "the body takes more to look at than is given here";
            (self.on_budget, StatusCode::PAYLOAD_TOO_LARGE, title)
        } else {
            let title = "the body cannot be read as what is taken here";
            (self.on_unreadable, StatusCode::UNSUPPORTED_MEDIA_TYPE, title)
        };
        match on_gap {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => Err(Refusal::deny(status, self.code, title).because(reason)),
        }
    }

    /// Until when there is time, from now on, in processor time of this thread.
    pub(super) fn until(&self) -> u64 {
        thread_nanos() + self.budget_nanos
    }

    /// A body of this type, parsed; nothing that is encoded in its values.
    pub(super) fn decode(&self, media_type: &str, body: Bytes) -> Decoded {
        let mut request = Request { body, ..Request::default() };
        if !media_type.is_empty() {
            request.headers.push("content-type", media_type);
        }
        self.decode_request(&request)
    }

    fn decode_request(&self, request: &Request) -> Decoded {
        let mut decoded = Decoded::default();
        decode_body(&mut decoded, request, &self.limits, self.seed, pace(self.until()));
        decoded
    }

    /// A message of a WebSocket, read to its end and in the one way in which it can be read.
    ///
    /// # Errors
    /// Why it was not.
    pub(super) fn read_message(&self, message: &Message) -> Result<Decoded, &'static str> {
        let decoded = self.decode("", message.data.clone());
        if let Some(reason) = cut(&decoded.view) {
            return Err(reason);
        }
        let is_read = decoded.view.is_fully_inspected(Side::Request) && is_plain(&decoded.view);
        if is_read { Ok(decoded) } else { Err(NOT_READABLE) }
    }

    /// The body of a request, read to its end.
    ///
    /// # Errors
    /// Why it was not.
    pub(super) fn peek<'r>(
        &self,
        readings: &'r mut Readings,
        call: &Call,
        body: BodyView<'_>,
    ) -> Result<&'r Decoded, &'static str> {
        let BodyView::Whole(bytes) = body else { return Err(NOT_HELD) };
        let decoded = readings.body(call, bytes, self);
        cut(&decoded.view).map_or(Ok(decoded), Err)
    }

    /// The body of a request, read to its end and in the one way in which it can be read.
    ///
    /// # Errors
    /// Why it was not.
    pub(super) fn read<'r>(
        &self,
        readings: &'r mut Readings,
        call: &Call,
        body: BodyView<'_>,
    ) -> Result<&'r Decoded, &'static str> {
        let decoded = self.peek(readings, call, body)?;
        let is_read = decoded.view.is_fully_inspected(Side::Request) && is_plain(&decoded.view);
        if is_read { Ok(decoded) } else { Err(NOT_READABLE) }
    }
}

/// Why a body was not read to its end.
pub(super) fn cut(view: &View) -> Option<&'static str> {
    let reasons = view.not_inspected().iter().filter(|missing| missing.side == Side::Request);
    let reasons = reasons.filter_map(|missing| match missing.reason {
        NotInspectedReason::OutOfTime => Some(OVER_BUDGET),
        NotInspectedReason::Limit(_) => Some(OVER_LIMITS),
        _ => None,
    });
    reasons.min()
}

/// Whether everybody reads the same.
pub(super) fn is_plain(view: &View) -> bool {
    is_plain_but_for(view, &[])
}

/// The same where some differences do not matter.
pub(super) fn is_plain_but_for(view: &View, fine: &[AnomalyKind]) -> bool {
    let mut odd = view.anomalies().iter().filter(|(side, _)| *side == Side::Request);
    !odd.any(|(_, kind)| READ_DIFFERENTLY.contains(kind) && !fine.contains(kind))
}

/// The bodies of one request, parsed: one for each amount that is read of it.
#[derive(Debug, Default)]
pub(super) struct Readings(Vec<(Limits, u64, Decoded)>);

impl Readings {
    fn body(&mut self, call: &Call, bytes: &Bytes, within: &Within) -> &Decoded {
        let is_same = |(limits, budget, _): &(Limits, u64, Decoded)| {
            *limits == within.limits && *budget == within.budget_nanos
        };
        let at = self.0.iter().position(is_same).unwrap_or_else(|| {
            let request = request(call.request_fields.iter().map(|(n, v)| (n, v)), bytes);
            let decoded = within.decode_request(&request);
            self.0.push((within.limits.clone(), within.budget_nanos, decoded));
            self.0.len() - 1
        });
        &self.0[at].2
    }
}

/// A body with the fields that say what it is.
fn request<'f>(
    fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
    bytes: &Bytes,
) -> Request {
    let mut request = Request { body: bytes.clone(), ..Request::default() };
    let shown = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
    for (name, value) in fields.filter(|(name, _)| shown.contains(name)) {
        request.headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    request
}

/// The values of a field.
pub(super) fn fields(call: &Call, name: HeaderName) -> impl Iterator<Item = &str> {
    let all = call.request_fields.iter().filter(move |(known, _)| *known == name);
    // What is no ASCII is nothing that is known.
    all.map(|(_, value)| value.to_str().unwrap_or("?"))
}

/// The media type that a request names, in lower case and without parameters; empty when it names none or several.
pub(super) fn media_type(call: &Call) -> String {
    let mut named = fields(call, header::CONTENT_TYPE);
    match (named.next(), named.next()) {
        (Some(one), None) => essence(one),
        _ => String::new(),
    }
}

/// A media type in lower case and without parameters.
pub(super) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}
