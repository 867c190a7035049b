//! A message, read once for all policies that ask what it says: when the first of them asks, and as far as any of them
//! asks that applies to it.
//!
//! Most look at the body as it is written. Those that look at the head too, or for what is hidden in values, need all of
//! it, and where there is one of these the others take what was read for it. Only where that came to an end before its
//! time is the body read once more for them: what is encoded in a value must not take away the time of whoever does not
//! look there.

use bartizan_model::{
    BodyState, Exchange, Headers, LimitName, Limits, Request, Response, Root, Side,
    limits::NotInspectedReason,
};
use bartizan_protocols::{
    AnomalyKind, Decoded, Format, NodeRef, Pace, Places, decode_body, decode_paced,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header, request, response};

use super::{
    authorization::Authorization,
    condition::Condition,
    detectors::{pace, thread_nanos},
    leak, login,
    ownership::Ownership,
    pass::Stage,
    properties::Properties,
    record::{Decisions, Policy},
};
use crate::{call::Call, handover::request_of, phases::BodyView};

/// How much of a message those read who ask what somebody may.
pub(super) const RIGHTS: Amount = Amount::new(1024 * 1024, 5_000_000);
/// Successful answers have a status below this.
pub(super) const SUCCESS: u16 = 300;
/// Bodies up to this length are read in any case: nobody looks at the clock before that.
const ANY_CASE: usize = 4 * 1024;

/// How much of a message somebody reads, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// Most bytes of a body, as transferred and without its coding.
    pub(super) bytes: u32,
    /// Most bytes of the text of a file in a form, where that is more than usual.
    pub(super) text_bytes: u32,
    /// Longest processor time, in nanoseconds.
    pub(super) nanos: u64,
    /// How much of it may go into making a body readable.
    pub(super) prepare_nanos: u64,
}

impl Amount {
    /// So many bytes, for so long.
    pub(super) const fn new(bytes: u32, nanos: u64) -> Self {
        Self { bytes, text_bytes: 0, nanos, prepare_nanos: nanos }
    }

    /// What one or the other reads. Whoever has time to read left when a body was made readable still has it.
    pub(super) fn or(self, other: Self) -> Self {
        let prepare_nanos = self.prepare_nanos.max(other.prepare_nanos);
        let left = |one: Self| one.nanos.saturating_sub(one.prepare_nanos);
        let least = prepare_nanos + left(self).max(left(other));
        Self {
            bytes: self.bytes.max(other.bytes),
            text_bytes: self.text_bytes.max(other.text_bytes),
            nanos: self.nanos.max(other.nanos).max(least),
            prepare_nanos,
        }
    }

    /// What a message is decoded within.
    pub(super) fn limits(self) -> Limits {
        let usual = Limits::default();
        Limits {
            body_bytes: self.bytes,
            decoded_bytes: self.bytes,
            value_bytes: usual.value_bytes.max(self.text_bytes),
            ..usual
        }
    }

    fn pace(self) -> Pace {
        let now = thread_nanos();
        pace(now + self.nanos).prepare_until(now + self.prepare_nanos)
    }
}

/// All of an exchange, what is encoded in its values among it, and the nanoseconds of processor time that it took.
pub(super) fn decode_all(exchange: &Exchange, amount: Amount, seed: u64) -> (Decoded, u64) {
    let (began, mut decoded) = (thread_nanos(), Decoded::default());
    decode_paced(&mut decoded, exchange, &amount.limits(), seed, amount.pace());
    #[cfg(test)]
    tests::COUNT.set(tests::COUNT.get() + 1);
    (decoded, thread_nanos().saturating_sub(began))
}

/// A message, or its body alone, that was read.
#[derive(Debug)]
pub(super) struct Reading {
    exchange: Exchange,
    side: Side,
    decoded: Decoded,
    amount: Amount,
    /// Nanoseconds of processor time that it took.
    spent: u64,
}

impl Reading {
    /// Reads all of a message, what is encoded in its values among it.
    pub(super) fn all(exchange: Exchange, side: Side, amount: Amount, seed: u64) -> Self {
        let (decoded, spent) = decode_all(&exchange, amount, seed);
        Self { exchange, side, decoded, amount, spent }
    }

    /// Reads a text with the fields that say what it is, as a body, until the processor time of this thread is `until`.
    /// `seed` keys the hashes by which names are compared.
    pub(super) fn of<'f>(
        fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
        text: Bytes,
        amount: Amount,
        seed: u64,
        until: u64,
    ) -> Self {
        let body = (headers(fields), text);
        Self::written(body, Side::Request, (amount, pace(until)), seed)
    }

    /// Reads a body as it is written.
    fn written(
        (headers, bytes): (Headers, Bytes),
        side: Side,
        (amount, pace): (Amount, Pace),
        seed: u64,
    ) -> Self {
        let (began, mut decoded) = (thread_nanos(), Decoded::default());
        decode_body(&mut decoded, (side, &headers, &bytes), &amount.limits(), seed, pace);
        #[cfg(test)]
        tests::COUNT.set(tests::COUNT.get() + 1);
        let spent = thread_nanos().saturating_sub(began);
        let exchange = match side {
            Side::Request => {
                let request = Request { headers, body: bytes, ..Request::default() };
                Exchange { request, ..Exchange::default() }
            }
            Side::Response => {
                let response = Response { headers, body: bytes, ..Response::default() };
                Exchange { response: Some(response), ..Exchange::default() }
            }
        };
        Self { exchange, side, decoded, amount, spent }
    }

    /// What was read.
    pub(super) const fn decoded(&self) -> &Decoded {
        &self.decoded
    }

    pub(super) fn into_decoded(self) -> Decoded {
        self.decoded
    }

    /// What was read, of what, and the nanoseconds that it took.
    pub(super) const fn parts(&mut self) -> (&Exchange, &mut Decoded, u64) {
        (&self.exchange, &mut self.decoded, self.spent)
    }

    fn body(&self) -> (&Headers, &[u8]) {
        body(&self.exchange, self.side)
    }

    /// Whether it is these bytes that were read.
    fn is_of(&self, bytes: &[u8]) -> bool {
        is_same(self.body().1, bytes)
    }

    /// Why all that was read is more than this amount lets look at.
    pub(super) fn beyond(&self, amount: Amount) -> Option<NotInspectedReason> {
        let (length, undone) = (self.body().1.len(), self.decoded.undone_bytes(self.side));
        let is_more = |bytes: usize| bytes > amount.bytes as usize;
        if is_more(length) {
            return Some(NotInspectedReason::Limit(LimitName::BodyBytes));
        }
        if is_more(undone) {
            return Some(NotInspectedReason::Limit(LimitName::DecodedBytes));
        }
        // Where it was read for no longer, it has come to an end in time.
        let is_late = self.amount.nanos > amount.nanos && self.spent > amount.nanos;
        let is_late = is_late && length.max(undone) > ANY_CASE;
        is_late.then_some(NotInspectedReason::OutOfTime)
    }

    /// The same, as refusals say it.
    pub(super) fn gap(&self, amount: Amount) -> Option<&'static str> {
        self.beyond(amount).map(leak::reason)
    }

    /// Why it, or within these places, was not read to its end.
    pub(super) fn cut(&self, places: Places) -> Option<&'static str> {
        let missing = self.decoded.view.missing(self.side, places);
        missing.filter(is_cut).map(leak::reason).min()
    }

    /// The whole value, when it is JSON that says the same to everybody.
    pub(super) fn json(&self) -> Option<NodeRef<'_>> {
        let mut types = self.body().0.get_all("content-type");
        let is_one_type = types.next().is_none_or(is_json) && types.next().is_none();
        let view = &self.decoded.view;
        let is_plain = self.decoded.format(self.side) == Format::Json
            && is_one_type
            && !view.has_other_than(self.side, Places::BODY, &ODD_BUT_SAME)
            && view.missing(self.side, Places::BODY).next().is_none();
        self.root().filter(|_| is_plain)
    }

    /// The whole value, when it is of this format and nothing about it is odd. Files inside of it need not have been
    /// understood.
    pub(super) fn plain(&self, format: Format) -> Option<NodeRef<'_>> {
        let is_file = |reason| reason == NotInspectedReason::UnknownMediaType;
        let view = &self.decoded.view;
        let is_it = self.decoded.format(self.side) == format
            && !view.has_other_than(self.side, Places::BODY, &OF_FORMS)
            && view.missing(self.side, Places::BODY).all(is_file);
        self.root().filter(|_| is_it)
    }

    /// The value that the body is.
    pub(super) fn root(&self) -> Option<NodeRef<'_>> {
        self.decoded.view.root(self.side, Root::Body)
    }

    /// What the body was read as.
    pub(super) const fn format(&self) -> Format {
        self.decoded.format(self.side)
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

/// Whether there was more to read than there was time or room for.
pub(super) const fn is_cut(reason: &NotInspectedReason) -> bool {
    matches!(reason, NotInspectedReason::OutOfTime | NotInspectedReason::Limit(_))
}

fn body(exchange: &Exchange, side: Side) -> (&Headers, &[u8]) {
    static NONE: Headers = Headers::new();
    match (side, &exchange.response) {
        (Side::Request, _) => (&exchange.request.headers, &exchange.request.body),
        (Side::Response, Some(response)) => (&response.headers, &response.body),
        (Side::Response, None) => (&NONE, &[]),
    }
}

/// Whether bytes are the same ones, and not only equal.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && (one.is_empty() || std::ptr::eq(one.as_ptr(), other.as_ptr()))
}

/// The fields that say what a body is.
fn headers<'f>(fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>) -> Headers {
    let shown = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
    let mut headers = Headers::default();
    for (name, value) in fields.filter(|(name, _)| shown.contains(name)) {
        headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    headers
}

/// What policies read of one message.
#[derive(Debug)]
pub(super) struct Readings {
    side: Side,
    seed: u64,
    /// The message, where somebody asks for all of it, until it is read; and how much of it.
    asked: Option<(Exchange, Amount)>,
    all: Option<Reading>,
    /// How much those read who look at the body as it is written.
    least: Amount,
    written: Option<Reading>,
}

impl Default for Readings {
    /// Of a request that nobody asks for all of.
    fn default() -> Self {
        let (side, least) = (Side::Request, Amount::default());
        Self { side, seed: 0, asked: None, all: None, least, written: None }
    }
}

impl Readings {
    /// For a request as far as it is there. `head` where it may be a login.
    pub(super) fn of_request(
        stage: &Stage,
        call: &Call,
        head: Option<&request::Parts>,
        body: BodyView<'_>,
    ) -> Self {
        let set = &*stage.set;
        let calls = |rule: &Authorization| rule.is_about_calls().then_some(RIGHTS);
        let owners = |rule: &Ownership| rule.asks_of_requests().then_some(RIGHTS);
        let all = [
            largest(stage, &set.authorizations, calls),
            largest(stage, &set.owners, owners),
            largest(stage, &set.properties, |_| Some(RIGHTS)),
            largest(stage, &set.shown, |_| Some(RIGHTS)),
            largest(stage, &set.urls, |rule| Some(rule.within.amount)),
            largest(stage, &set.detectors, |rule| Some(rule.amount())),
            head.and_then(|head| login::amount(stage, head)),
        ];
        let written = [
            largest(stage, &set.conditions, Condition::amount),
            largest(stage, &set.schemas, |rule| Some(rule.amount())),
            largest(stage, &set.contracts, |rule| Some(rule.amount())),
            largest(stage, &set.graphql, |rule| Some(rule.within.amount)),
            largest(stage, &set.json_rpc, |rule| Some(rule.within.amount)),
            largest(stage, &set.xml_rpc, |rule| Some(rule.within.amount)),
            largest(stage, &set.soap, |rule| Some(rule.within.amount)),
            largest(stage, &set.uploads, |rule| Some(rule.within.amount)),
            largest(stage, &set.single_uses, |rule| rule.amount()),
        ];
        Self::new(stage, Side::Request, (&all, &written), || {
            let mut request = request_of(call);
            if let BodyView::Whole(bytes) = body {
                // A handshake has none, which is all of it.
                (request.body, request.body_state) = (bytes.clone(), BodyState::Complete);
            }
            Exchange { request, ..Exchange::default() }
        })
    }

    /// For an answer.
    pub(super) fn of_answer(
        stage: &Stage,
        call: &Call,
        response: &response::Parts,
        body: BodyView<'_>,
    ) -> Self {
        let BodyView::Whole(bytes) = body else { return Self::default() };
        let (set, status) = (&*stage.set, response.status);
        let is_success = status.as_u16() < SUCCESS;
        let owners = |rule: &Ownership| (is_success && rule.asks_of_answers()).then_some(RIGHTS);
        let properties = |rule: &Properties| rule.asks_of_answers().then_some(RIGHTS);
        let is_shown = is_success && Decisions::knows_somebody(call);
        let all = [
            largest(stage, &set.leaks, |rule| rule.amount(status)),
            largest(stage, &set.owners, owners),
            largest(stage, &set.properties, properties),
            largest(stage, &set.soap, |rule| rule.hides_details().then_some(rule.within.amount)),
            largest(stage, &set.shown, |_| is_shown.then_some(RIGHTS)),
        ];
        let written = [
            largest(stage, &set.contracts, |rule| rule.looks_at_answers().then(|| rule.amount())),
            largest(stage, &set.graphql, |rule| rule.masks().then_some(rule.within.amount)),
        ];
        Self::new(stage, Side::Response, (&all, &written), || {
            leak::answer(status, &response.headers, bytes)
        })
    }

    fn new(
        stage: &Stage,
        side: Side,
        (all, written): (&[Option<Amount>], &[Option<Amount>]),
        exchange: impl FnOnce() -> Exchange,
    ) -> Self {
        let sum = |asked: &[Option<Amount>]| asked.iter().copied().flatten().reduce(Amount::or);
        let least = sum(written).unwrap_or_default();
        let asked = sum(all).map(|all| (exchange(), all.or(least)));
        Self { side, seed: stage.set.seed, asked, all: None, least, written: None }
    }

    /// All of the message. Only for those for whom [`Readings::of_request`] or [`Readings::of_answer`] has asked.
    pub(super) fn all(&mut self) -> &mut Reading {
        let Self { side, seed, asked, all, .. } = self;
        all.get_or_insert_with(|| {
            debug_assert!(asked.is_some(), "nobody has asked for all of it");
            let (exchange, amount) = asked.take().unwrap_or_default();
            Reading::all(exchange, *side, amount, *seed)
        })
    }

    /// A body with the fields that say what it is, as it is written. Of [`Reading::decoded`] only what is in
    /// [`Places::BODY`] counts then, and no value that has a codec.
    ///
    /// # Errors
    /// Why it was not read to its end, or not by who reads so much.
    pub(super) fn body<'f>(
        &mut self,
        fields: impl Iterator<Item = (&'f HeaderName, &'f HeaderValue)>,
        bytes: &Bytes,
        amount: Amount,
    ) -> Result<&Reading, &'static str> {
        if bytes.len() > amount.bytes as usize {
            return Err(leak::reason(NotInspectedReason::Limit(LimitName::BodyBytes)));
        }
        if self.has_all_of(bytes, amount) {
            let reading = &*self.all();
            return reading.gap(amount).map_or(Ok(reading), Err);
        }
        let amounts = amount.or(self.least);
        let serves = |known: &Reading| {
            let is_enough = known.cut(Places::BODY).is_none() || known.amount == amounts;
            known.is_of(bytes) && is_enough
        };
        let (side, seed) = (self.side, self.seed);
        let known = self.written.take().filter(serves).unwrap_or_else(|| {
            let body = (headers(fields), bytes.clone());
            Reading::written(body, side, (amounts, amounts.pace()), seed)
        });
        let reading = &*self.written.insert(known);
        reading.cut(Places::BODY).or_else(|| reading.gap(amount)).map_or(Ok(reading), Err)
    }

    /// Whether these bytes are read for those who ask for all of the message, and in time.
    fn has_all_of(&mut self, bytes: &[u8], amount: Amount) -> bool {
        let side = self.side;
        let is_asked = |(exchange, _): &(Exchange, Amount)| is_same(body(exchange, side).1, bytes);
        if !self.asked.as_ref().is_some_and(is_asked) && self.all.is_none() {
            return false;
        }
        let reading = &*self.all();
        let is_late = reading.beyond(amount) == Some(NotInspectedReason::OutOfTime);
        reading.is_of(bytes) && reading.cut(Places::BODY).is_none() && !is_late
    }

    /// Of one message that is there.
    #[cfg(test)]
    pub(super) fn of_exchange(exchange: Exchange, amount: Amount) -> Self {
        let side = if exchange.response.is_some() { Side::Response } else { Side::Request };
        Self { side, seed: 1, asked: Some((exchange, amount)), ..Self::default() }
    }
}

/// The largest amount that policies read which apply.
fn largest<R>(
    stage: &Stage,
    policies: &[Policy<R>],
    amount: impl Fn(&R) -> Option<Amount>,
) -> Option<Amount> {
    let reading = policies.iter().filter_map(|policy| Some((policy, amount(&policy.rule)?)));
    let applying = reading.filter(|(policy, _)| stage.is_in(&policy.scope));
    applying.map(|(_, amount)| amount).reduce(Amount::or)
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

#[cfg(test)]
pub(crate) mod tests;
