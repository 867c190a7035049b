//! Relations, compared with what a message holds.

use std::cell::OnceCell;

use bartizan_model::{Root, Side};
use bartizan_protocols::{
    Decoded, Format, NodeRef, Value,
    call::{Argument, arguments},
};
use http::StatusCode;

use super::{
    super::{
        asked::Form,
        detectors::{OVER_BUDGET, OnGap},
        identity::Identity,
        place::{Held, Place},
        reading::{self, NOT_HELD, NOT_READABLE},
        record::Refusal,
        roles,
        time::Time,
    },
    Ownership,
};

/// In about how many ways an identifier is read, each of which costs time.
const WAYS: usize = 8;

/// What a rule is asked about.
pub(crate) struct About<'a> {
    /// Who asks.
    who: &'a [Identity],
    /// All readings of the path; `None` when there are too many.
    forms: Option<&'a [Form]>,
    /// What was read; `None` when it is not held.
    decoded: Option<&'a Decoded>,
    /// Why not all of the body was read.
    gap: Option<&'static str>,
    time: &'a Time,
    /// Arguments of its GraphQL documents, once somebody has asked for them.
    arguments: OnceCell<Option<Vec<Argument>>>,
}

impl<'a> About<'a> {
    /// About what was read, as far as it was; `gap` says why not all of the body was.
    pub(crate) fn new(
        who: &'a [Identity],
        decoded: Option<&'a Decoded>,
        gap: Option<&'static str>,
        time: &'a Time,
    ) -> Self {
        Self { who, forms: None, decoded, gap, time, arguments: OnceCell::new() }
    }

    /// With all readings of the path.
    pub(crate) fn at(self, forms: Option<&'a [Form]>) -> Self {
        Self { forms, ..self }
    }
}

/// Whether places are in bodies, and none of them in one of this format: it says in another one what they would.
fn is_of_others<'p>(format: Format, places: impl Iterator<Item = &'p Place>) -> bool {
    let root = match format {
        Format::Empty | Format::NotCaptured => return false,
        Format::Xml => Some(Root::Xml),
        Format::Grpc => None,
        _ => Some(Root::Body),
    };
    let roots: Vec<_> = places.filter_map(Place::of_body).collect();
    !roots.is_empty() && !roots.iter().any(|one| Some(*one) == root)
}

/// What could not be compared, and why; the first reason counts.
type Open = Option<&'static str>;

impl Ownership {
    /// What follows for a request, or for a message of a WebSocket.
    pub(crate) fn check_request(
        &self,
        about: &About<'_>,
        is_message: bool,
    ) -> Result<Open, Refusal> {
        let is_asked = |place: &Place| place.is_of_message() == is_message;
        let request = self.request.iter().filter(|(place, _)| is_asked(place));
        let objects = self.objects.iter().filter(|(place, _)| is_asked(place));
        if (request.clone().next().is_none() && objects.clone().next().is_none())
            || self.is_exempt(about.who)
        {
            return Ok(None);
        }
        if about.who.is_empty() {
            return Ok(Some("nobody-identified"));
        }
        let mut open = None;
        let places = request.clone().map(|(at, _)| at).chain(objects.clone().map(|(at, _)| at));
        let format = about.decoded.map(|decoded| decoded.request_format);
        if format.is_some_and(|format| is_of_others(format, places)) {
            open = self.unreadable(NOT_READABLE)?;
        }
        for (place, claim) in request {
            let values = self.values(place, about, &mut open)?;
            if values.is_empty() {
                open = open.or(self.missing(place, about)?);
            }
            for held in values {
                if self.has_time(about, &held)? {
                    open = open.or(self.compare(&held, claim, about.who, "request-of-others")?);
                }
            }
        }
        for (place, object) in objects {
            for held in self.values(place, about, &mut open)? {
                open = open.or(match held {
                    _ if !self.has_time(about, &held)? => None,
                    Held::Text(id) => self.compare_owner(&id, object, about.who)?,
                    Held::Odd => self.unreadable("value-unreadable")?,
                });
            }
        }
        Ok(open.or(self.has_had_time(about)?))
    }

    /// What follows for a successful answer. What it tells is learned.
    pub(crate) fn check_answer(&self, about: &About<'_>) -> Result<Open, Refusal> {
        let checked = self.compare_answer(about);
        let learned = about.decoded.is_none_or(|decoded| self.learn(decoded, about.time));
        Ok(checked?.or((!learned).then_some(OVER_BUDGET)))
    }

    fn compare_answer(&self, about: &About<'_>) -> Result<Open, Refusal> {
        if self.answer.is_empty() || self.is_exempt(about.who) {
            return Ok(None);
        }
        if about.who.is_empty() {
            return Ok(Some("nobody-identified"));
        }
        let Some(decoded) = about.decoded else { return self.unreadable(NOT_HELD) };
        if is_of_others(decoded.response_format, self.answer.iter().map(|(place, _)| place)) {
            return self.unreadable(NOT_READABLE);
        }
        let mut open = None;
        for (place, claim) in &self.answer {
            let nodes = place.nodes(&decoded.view, Side::Response, about.time);
            if nodes.iter().all(|node| node.value() == Value::Null) {
                open = open.or(self.missing(place, about)?);
            }
            for node in nodes {
                open = open.or(self.compare_field(node, claim, about)?);
            }
        }
        // What is behind the part that was read may be anybody's.
        if let Some(gap) = about.gap {
            return self.unreadable(gap);
        }
        Ok(open.or(self.has_had_time(about)?))
    }

    fn compare_field(
        &self,
        node: NodeRef<'_>,
        claim: &str,
        about: &About<'_>,
    ) -> Result<Open, Refusal> {
        let held = |node: NodeRef<'_>| match node.value() {
            Value::Text(text) => Some(Held::Text(text.to_owned().into())),
            Value::Integer(number) => Some(Held::Text(number.to_string().into())),
            Value::Null => None,
            _ => Some(Held::Odd),
        };
        let compare = |held: &Held<'_>| match self.has_time(about, held)? {
            true => self.compare(held, claim, about.who, "answer-of-others"),
            false => Ok(None),
        };
        if node.value() != Value::Array {
            return held(node).map(|held| compare(&held)).transpose().map(Option::flatten);
        }
        // Several owners: whoever asks must be one of them.
        let mut last = Ok(None);
        for held in node.children().filter_map(held) {
            last = compare(&held);
            if last.is_ok() {
                return last;
            }
        }
        last
    }

    fn compare(
        &self,
        held: &Held<'_>,
        claim: &str,
        who: &[Identity],
        reason: &'static str,
    ) -> Result<Open, Refusal> {
        let Held::Text(text) = held else { return Err(self.refusal(reason)) };
        let mut is_known = false;
        for one in who {
            match roles::is_said(one, claim, text) {
                Some(true) => return Ok(None),
                Some(false) => is_known = true,
                None => {}
            }
        }
        if is_known { Err(self.refusal(reason)) } else { Ok(Some("nobody-identified")) }
    }

    /// The values in a place of a request; what could not be read of it is left open.
    fn values<'d>(
        &self,
        place: &Place,
        about: &'d About<'_>,
        open: &mut Open,
    ) -> Result<Vec<Held<'d>>, Refusal> {
        if let (Place::Path(_), Some(template)) = (place, &self.template) {
            return Ok(place.in_path(template, about.forms));
        }
        let Some(decoded) = about.decoded else {
            *open = open.or(self.unreadable(NOT_HELD)?);
            return Ok(Vec::new());
        };
        // A value behind the part that was read would be one more.
        let gap = if place.is_of_head() { reading::head_gap(decoded) } else { about.gap };
        if let Some(gap) = gap {
            *open = open.or(self.unreadable(gap)?);
        }
        if !matches!(place, Place::Argument(..)) {
            return Ok(place.values(&decoded.view, Side::Request, about.time));
        }
        match about.arguments.get_or_init(|| arguments(decoded)) {
            Some(all) => Ok(place.in_documents(all)),
            None => {
                *open = open.or(self.unreadable(NOT_READABLE)?);
                Ok(Vec::new())
            }
        }
    }

    fn is_exempt(&self, who: &[Identity]) -> bool {
        let roles = &self.config.exempt_roles;
        who.iter().any(|one| roles::has_role(one, &self.config.role_claims, roles))
    }

    fn missing(&self, place: &Place, about: &About<'_>) -> Result<Open, Refusal> {
        let gap = about.gap.filter(|_| matches!(place, Place::Below(..)));
        match (gap, self.config.on_missing) {
            (Some(gap), _) => self.unreadable(gap),
            (None, OnGap::Pass) => Ok(Some("value-missing")),
            (None, OnGap::Refuse) => Err(self.refusal("value-missing")),
        }
    }

    pub(super) fn unreadable(&self, reason: &'static str) -> Result<Open, Refusal> {
        match self.config.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => Err(self.refusal(reason)),
        }
    }

    /// Whether there is time for one more value. `false` only where what is not read passes.
    fn has_time(&self, about: &About<'_>, held: &Held<'_>) -> Result<bool, Refusal> {
        let bytes = match held {
            Held::Text(text) => text.len().saturating_mul(WAYS),
            Held::Odd => 0,
        };
        let is_left = about.time.is_left_for(bytes);
        if !is_left {
            self.unreadable(OVER_BUDGET)?;
        }
        Ok(is_left)
    }

    fn has_had_time(&self, about: &About<'_>) -> Result<Open, Refusal> {
        if about.time.is_over() { self.unreadable(OVER_BUDGET) } else { Ok(None) }
    }

    pub(super) fn refusal(&self, reason: &'static str) -> Refusal {
        let refusal = if self.config.hide {
            Refusal::deny(StatusCode::NOT_FOUND, "not-found", "there is no such object")
        } else {
            Refusal::deny(StatusCode::FORBIDDEN, "not-owner", "this belongs to somebody else")
        };
        refusal.because(reason)
    }
}
