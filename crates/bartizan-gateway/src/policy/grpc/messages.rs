//! Messages of one direction of a call: how many there are, how large they are, and whether they are what is described.

use bartizan_model::{LimitName, Limits, limits::NotInspectedReason};
use bartizan_protocols::expand;
use http::StatusCode;

use super::{
    super::{
        detectors::{OVER_BUDGET, OVER_LIMITS, pace},
        leak, nanos_now,
        reading::{Checked, NOT_HELD, NOT_READABLE},
        record::Refusal,
    },
    CODE, Form, Grpc,
    descriptors::Fit,
    too_many, unfit,
};
use crate::{
    messages::{PREFIX, Piece},
    phases::BodyView,
};

/// Most messages of one body.
const MAX_MESSAGES: usize = 10_000;

/// What messages are said about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) method: &'a str,
    pub(super) from_client: bool,
    /// The coding of those that are compressed; empty for none.
    pub(super) coding: &'a str,
}

/// Messages of one direction of a call so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    messages: u64,
    /// When the next one is due.
    due: Option<u64>,
}

/// A message without its compression, or why there is none.
pub(super) type Plain<'m> = Result<&'m [u8], NotInspectedReason>;

impl Grpc {
    /// What follows for a whole body, or for one that goes on.
    pub(super) fn body(&self, said: Said<'_>, form: Form, body: BodyView<'_>) -> Checked {
        let bytes = match (body, form) {
            (BodyView::Whole(bytes), _) => bytes,
            // Its messages are looked at one by one.
            (BodyView::Streamed(_), Form::Framed(_)) => return Ok(None),
            (BodyView::Streamed(_), _) => return self.within.gap(NOT_HELD),
        };
        if bytes.len() > self.body_bytes as usize {
            return self.within.gap(OVER_LIMITS);
        }
        let until = self.within.until();
        match form {
            _ if bytes.is_empty() => Ok(None),
            Form::Plain => self.message(said, bytes.len(), Ok(bytes), until),
            Form::Other => self.within.gap(NOT_READABLE),
            Form::Connect => self.framed(said, bytes, form, until),
            Form::Framed(spoken) => match spoken.frames(bytes) {
                Some(bytes) => self.framed(said, &bytes, form, until),
                None => Err(no_messages()),
            },
        }
    }

    fn framed(&self, said: Said<'_>, body: &[u8], form: Form, until: u64) -> Checked {
        let (mut rest, mut missing) = (body, None);
        let is_web = matches!(form, Form::Framed(spoken) if spoken.is_web);
        let is_protobuf = !matches!(form, Form::Framed(spoken) if !spoken.is_protobuf);
        let mut counted = Counted::default();
        for _ in 0..MAX_MESSAGES {
            if rest.is_empty() {
                return Ok(missing);
            }
            let Some((prefix, behind)) = rest.split_first_chunk::<PREFIX>() else {
                return Err(no_messages());
            };
            let [flags, length @ ..] = *prefix;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            let Some((message, behind)) = behind.split_at_checked(length) else {
                return Err(no_messages());
            };
            rest = behind;
            let checked = match flags {
                0 | 1 => {
                    self.count(said, &mut counted)?;
                    let mut expanded = Vec::new();
                    match self.plain(said, flags == 1, message, &mut expanded, until) {
                        Ok(plain) if !is_protobuf => self.other(message.len().max(plain.len())),
                        plain => self.message(said, message.len(), plain, until),
                    }
                }
                // What ends a stream.
                2 | 3 if form == Form::Connect => Ok(None),
                0x80 | 0x81 if is_web => Ok(None),
                _ => Err(no_messages()),
            };
            missing = missing.or(checked?);
        }
        self.within.gap(OVER_LIMITS)
    }

    fn plain<'m>(
        &self,
        said: Said<'_>,
        is_compressed: bool,
        message: &'m [u8],
        expanded: &'m mut Vec<u8>,
        until: u64,
    ) -> Plain<'m> {
        if !is_compressed {
            return Ok(message);
        }
        *expanded = expand(said.coding, message, &limits(self.most()), pace(until))?;
        Ok(expanded)
    }

    /// Most bytes of a message that are read.
    pub(super) fn most(&self) -> usize {
        // One more than there may be tells that there are too many.
        self.body_bytes.min(self.message_bytes.saturating_add(1)) as usize
    }

    /// Until when there is time for a message, from now on.
    pub(super) fn until(&self) -> u64 {
        self.within.until()
    }

    /// Counts one more message.
    ///
    /// # Errors
    /// There are more than there may be.
    pub(super) fn count(&self, said: Said<'_>, counted: &mut Counted) -> Result<(), Refusal> {
        counted.messages += 1;
        let streams = self.descriptors.as_ref().and_then(|described| described.streams(said));
        if counted.messages > 1 && streams == Some(false) {
            return Err(unfit("this method takes one message").because("messages"));
        }
        if self.call_messages.is_some_and(|most| counted.messages > u64::from(most)) {
            return Err(too_many("a call has more messages than are taken").because("messages"));
        }
        let rate = self.rate.filter(|_| said.from_client);
        if rate.is_some_and(|rate| !rate.conforms(&mut counted.due, nanos_now())) {
            return Err(too_many("messages come faster than they are taken").because("rate"));
        }
        Ok(())
    }

    /// What follows for a message. `sent`: its bytes as it was sent. It is read until `until`.
    pub(super) fn message(
        &self,
        said: Said<'_>,
        sent: usize,
        plain: Plain<'_>,
        until: u64,
    ) -> Checked {
        self.size(sent)?;
        let plain = match plain {
            Ok(plain) => plain,
            // It is larger than what is read, which may be as large as it may be.
            Err(NotInspectedReason::Limit(LimitName::DecodedBytes))
                if self.message_bytes < self.body_bytes =>
            {
                return Err(too_large());
            }
            Err(reason) => return self.within.gap(leak::reason(reason)),
        };
        self.size(plain.len())?;
        if plain.len() > self.body_bytes as usize {
            return self.within.gap(OVER_LIMITS);
        }
        let Some(descriptors) = &self.descriptors else { return Ok(None) };
        let title = "a message is not what is described";
        match descriptors.compare(said, plain, until) {
            Fit::Fits => Ok(None),
            Fit::Field => Err(unfit(title).because("field")),
            Fit::Type => Err(unfit(title).because("type")),
            Fit::Value => Err(unfit(title).because("value")),
            Fit::Text => Err(unfit(title).because("utf-8")),
            Fit::Required => Err(unfit(title).because("required")),
            Fit::Depth => Err(unfit("messages are too deep in each other").because("depth")),
            Fit::NoMessage => self.within.gap(NOT_READABLE),
            Fit::OutOfTime => self.within.gap(OVER_BUDGET),
        }
    }

    fn size(&self, bytes: usize) -> Result<(), Refusal> {
        if bytes > self.message_bytes as usize { Err(too_large()) } else { Ok(()) }
    }

    /// What follows for a message of so many bytes of which only the beginning is held.
    pub(super) fn cut(&self, length: usize) -> Checked {
        self.size(length)?;
        self.within.gap(OVER_LIMITS)
    }

    /// What follows for a message that is no protocol buffer, of so many bytes.
    pub(super) fn other(&self, bytes: usize) -> Checked {
        self.size(bytes)?;
        self.within.gap(NOT_READABLE)
    }

    /// What follows where there are no messages.
    pub(super) fn unreadable(&self, piece: &Piece) -> Checked {
        match piece {
            Piece::Broken => Err(no_messages()),
            _ => Ok(None),
        }
    }
}

/// What messages are expanded within.
pub(super) fn limits(most: usize) -> Limits {
    let decoded_bytes = u32::try_from(most).unwrap_or(u32::MAX);
    Limits { decoded_bytes, ..Limits::default() }
}

fn no_messages() -> Refusal {
    unfit("the body is no series of messages").because("frames")
}

fn too_large() -> Refusal {
    let title = "a message is larger than is taken here";
    Refusal::deny(StatusCode::PAYLOAD_TOO_LARGE, CODE, title).because("message-size")
}
