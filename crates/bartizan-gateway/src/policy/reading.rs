//! What policies make of a message that was read: whether everybody reads the same, and what follows where it was not
//! read.

use bartizan_model::{
    LimitName, Root, Side,
    limits::{NotInspected, NotInspectedReason},
};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, Places, View};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::{
    config::Problem,
    detectors::{Bounds, OVER_BUDGET, OVER_LIMITS, OnGap, thread_nanos},
    leak,
    readings::{Amount, Reading, Readings, is_cut},
    record::Refusal,
    spelling::is_same_name,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

/// Why a body was not looked at that is passed on as it comes.
pub(super) const NOT_HELD: &str = "body-not-held";
/// Why one was not that can be read in no way, or in several.
pub(super) const NOT_READABLE: &str = "not-readable";

/// Others may read a body differently that has one of these.
const READ_DIFFERENTLY: [AnomalyKind; 19] = [
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
    AnomalyKind::XmlSplitText,
    AnomalyKind::FormToo,
];

/// These are there too where names are there twice, of which policies that look at all of them see both.
const TWICE: [AnomalyKind; 2] = [AnomalyKind::DuplicateKey, AnomalyKind::DuplicateParameter];
/// What is meant is told elsewhere.
const TOLD_ELSEWHERE: [AnomalyKind; 2] = [AnomalyKind::XmlDoctype, AnomalyKind::XmlEntity];
/// Limits on the head of a request.
const OF_HEAD: [LimitName; 5] = [
    LimitName::QueryParameters,
    LimitName::HeaderFields,
    LimitName::HeaderValueBytes,
    LimitName::Cookies,
    LimitName::TargetBytes,
];

/// What came of asking a rule: a call passes, or passes though it was not looked at completely (why), or is refused.
pub(super) type Checked = Result<Option<&'static str>, Refusal>;

/// How much of a body is read, and what follows where it is not.
#[derive(Debug)]
pub(super) struct Within {
    /// Code of its refusals.
    code: &'static str,
    pub(super) amount: Amount,
    pub(super) seed: u64,
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
        let amount = Bounds::checked(body_bytes, budget_micros)?.amount();
        Ok(Self { code, amount, seed, on_budget, on_unreadable })
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
        thread_nanos() + self.amount.nanos
    }

    /// A message, or a text within one, of this type, as it is written.
    pub(super) fn decode(&self, media_type: &str, text: Bytes) -> Decoded {
        let kind = HeaderValue::from_str(media_type).ok().filter(|_| !media_type.is_empty());
        let fields = kind.iter().map(|kind| (&header::CONTENT_TYPE, kind));
        Reading::of(fields, text, self.amount, self.seed, self.until()).into_decoded()
    }

    /// A message of a WebSocket, read to its end and in the one way in which it can be read.
    ///
    /// # Errors
    /// Why it was not.
    pub(super) fn read_message(&self, message: &Message) -> Result<Decoded, &'static str> {
        let decoded = self.decode("", message.data.clone());
        if let Some(reason) = cut(&decoded.view, Places::BODY) {
            return Err(reason);
        }
        if is_one(&decoded.view) { Ok(decoded) } else { Err(NOT_READABLE) }
    }

    /// The body of a request, read to its end. Only what is in [`Places::BODY`] counts of it.
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
        let pairs = call.request_fields.iter().map(|(name, value)| (name, value));
        let decoded = readings.body(pairs, bytes, self.amount)?.decoded();
        let is_twice = are_several(fields(call, header::CONTENT_TYPE));
        let is_form_too = has(&decoded.view, AnomalyKind::FormToo);
        if is_twice || is_form_too {
            return Err(NOT_READABLE);
        }
        Ok(decoded)
    }

    /// What follows for the body of a request: what `judge` says, where it is read to its end and in the one way in
    /// which it can be read.
    pub(super) fn judge(
        &self,
        readings: &mut Readings,
        call: &Call,
        body: BodyView<'_>,
        judge: impl FnOnce(&Decoded) -> Checked,
    ) -> Checked {
        match self.peek(readings, call, body) {
            Ok(decoded) if is_one(&decoded.view) => judge(decoded),
            Ok(_) => self.gap(NOT_READABLE),
            Err(reason) => self.gap(reason),
        }
    }
}

/// Why these places of a request were not read to their end.
pub(super) fn cut(view: &View, places: Places) -> Option<&'static str> {
    view.missing(Side::Request, places).filter(is_cut).map(leak::reason).min()
}

/// Whether everything of the body of a request was read.
pub(super) fn is_read(view: &View) -> bool {
    view.missing(Side::Request, Places::BODY).next().is_none()
}

/// Whether everything of the body of a request was read, and everybody reads the same.
fn is_one(view: &View) -> bool {
    is_read(view) && is_plain(view, Places::BODY)
}

/// Whether the body of a request, as it is written, is odd in this way.
pub(super) fn has(view: &View, kind: AnomalyKind) -> bool {
    view.has_one_of(Side::Request, Places::BODY, &[kind])
}

/// Why not all of a request was read, or others may read its body differently. Names that are there twice are no
/// reason: whoever asks looks at all of them.
pub(super) fn gap(decoded: &Decoded) -> Option<&'static str> {
    let view = &decoded.view;
    let missing = view.not_inspected().iter().filter(|one| one.side == Side::Request);
    // Whoever finds something else in plain text has looked at it, as we have.
    let is_said_to_be_text = types(view).any(|of| of == "text/plain");
    let are_several = types(view).any(|of| of.contains(','));
    let is_odd = |kind: &AnomalyKind| match kind {
        AnomalyKind::ContentTypeMismatch => !is_said_to_be_text,
        kind if TWICE.contains(kind) => false,
        kind => READ_DIFFERENTLY.contains(kind) || TOLD_ELSEWHERE.contains(kind),
    };
    let mut odd = view.anomalies().iter().filter(|(side, _)| *side == Side::Request);
    let mut is_odd = || has_content(decoded) && (are_several || odd.any(|(_, kind)| is_odd(kind)));
    worst(missing).or_else(|| is_odd().then_some(NOT_READABLE))
}

/// Why not all of the head of a request was read.
pub(super) fn head_gap(decoded: &Decoded) -> Option<&'static str> {
    let view = &decoded.view;
    // What comes behind the head is begun only when there was time for the head.
    let behind = [Root::Body, Root::Xml, Root::Grpc];
    let is_cut = || !behind.iter().any(|root| view.root(Side::Request, *root).is_some());
    let missing = view.not_inspected().iter().filter(|one| one.side == Side::Request);
    let of_head = missing.filter(|one| match one.reason {
        NotInspectedReason::Limit(name) => OF_HEAD.contains(&name),
        NotInspectedReason::OutOfTime => is_cut(),
        _ => false,
    });
    worst(of_head)
}

/// Of several reasons that it was cut, which makes the rest unreadable.
fn worst<'v>(missing: impl Iterator<Item = &'v NotInspected>) -> Option<&'static str> {
    let reasons = missing.map(|one| leak::reason(one.reason));
    reasons.min_by_key(|reason| (![OVER_BUDGET, OVER_LIMITS].contains(reason), *reason))
}

/// Whether there is a body or a message.
fn has_content(decoded: &Decoded) -> bool {
    !matches!(decoded.request_format, Format::Empty | Format::NotCaptured)
        || decoded.view.root(Side::Request, Root::Message).is_some()
}

/// The media types that a request names for its body.
pub(super) fn types(view: &View) -> impl Iterator<Item = String> {
    let fields =
        view.root(Side::Request, Root::Header).into_iter().flat_map(|root| root.children());
    let types = fields.filter(|field| field.key().eq_ignore_ascii_case("content-type"));
    types.map(|field| essence(field.raw()))
}

/// Why something of a request was not read that may be a text.
pub(super) fn text_gap(decoded: &Decoded) -> Option<&'static str> {
    if !has_content(decoded) {
        return head_gap(decoded);
    }
    let missing = decoded.view.not_inspected().iter().filter(|one| one.side == Side::Request);
    let text = missing.filter(|one| one.reason != NotInspectedReason::UnknownMediaType);
    worst(text)
}

/// Whether everybody reads the same in these places of a request.
pub(super) fn is_plain(view: &View, places: Places) -> bool {
    !view.has_one_of(Side::Request, places, &READ_DIFFERENTLY)
}

/// The same where names that are there twice do not matter: whoever asks looks at all of them.
pub(super) fn is_plain_but_for_names(view: &View, places: Places) -> bool {
    let mut odd = READ_DIFFERENTLY.iter().filter(|kind| !TWICE.contains(kind));
    !odd.any(|kind| view.has_one_of(Side::Request, places, &[*kind]))
}

/// Whether a body has several types, in fields of their own or in one: servers differ in which they go by.
fn are_several<'f>(mut types: impl Iterator<Item = &'f str>) -> bool {
    let first = types.next();
    types.next().is_some() || first.is_some_and(|kind| essence(kind).contains(','))
}

/// The members that servers may take for the one of that name.
pub(super) fn members<'v>(
    object: NodeRef<'v>,
    name: &'static str,
) -> impl Iterator<Item = NodeRef<'v>> {
    object.children().filter(move |child| is_same_name(child.key(), name))
}

/// The member that servers take for the one of that name.
///
/// # Errors
/// Several are: which of them counts is a matter of the server.
pub(super) fn member<'v>(
    object: NodeRef<'v>,
    name: &'static str,
) -> Result<Option<NodeRef<'v>>, &'static str> {
    let mut found = members(object, name);
    match (found.next(), found.next()) {
        (one, None) => Ok(one),
        _ => Err(NOT_READABLE),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_types_are_known() {
        let several = |types: &[&str]| are_several(types.iter().copied());
        let (form, json) = ("application/x-www-form-urlencoded", "application/json; charset=utf-8");
        assert!(several(&[json, form]) && several(&["application/json, text/plain"]));
        assert!(!several(&[json]) && !several(&[]));
        assert!(!several(&["multipart/form-data; boundary=\"a,b\""]));
    }
}
