//! Steps that many checks take: was it seen, does it apply, what is the evidence.

use std::{cell::OnceCell, collections::HashSet};

use bartizan_model::{
    BodyState, Evidence, EvidenceValue, HeaderState, Input, Outcome, Response, Root, Side,
    data_class::DataGroup, limits::NotInspectedReason,
};
use bartizan_protocols::NodeRef;

use crate::{
    classes::{ClassHit, ClassTraits},
    facts::Facts,
};

/// The outcome, or the reason why there is none; both are outcomes.
pub(crate) type Answer = Result<Outcome, Outcome>;

/// Makes one outcome of both.
pub(crate) fn settle(answer: Answer) -> Outcome {
    answer.unwrap_or_else(|outcome| outcome)
}

/// `Err(NotApplicable)` unless `condition`.
pub(crate) fn applies(condition: bool) -> Result<(), Outcome> {
    if condition { Ok(()) } else { Err(Outcome::NotApplicable) }
}

/// The response, when one was seen.
pub(crate) fn response<'a>(facts: &Facts<'a>) -> Result<&'a Response, Outcome> {
    let response = facts.exchange.response.as_ref().filter(|r| r.status > 0);
    response.ok_or(Outcome::NotEvaluated(Input::Status))
}

/// The response, when its headers were recorded.
pub(crate) fn head<'a>(facts: &Facts<'a>) -> Result<&'a Response, Outcome> {
    let response = response(facts)?;
    if response.headers_captured {
        Ok(response)
    } else {
        Err(Outcome::NotEvaluated(Input::ResponseHead))
    }
}

/// The response, when it is a success.
pub(crate) fn success<'a>(facts: &Facts<'a>) -> Result<&'a Response, Outcome> {
    let response = response(facts)?;
    applies(facts.is_success())?;
    Ok(response)
}

/// *Not evaluated* when the source may have left out header fields that were sent.
pub(crate) fn request_head(facts: &Facts<'_>) -> Result<(), Outcome> {
    match facts.exchange.request.header_state {
        HeaderState::Complete => Ok(()),
        HeaderState::Incomplete => Err(Outcome::NotEvaluated(Input::RequestHead)),
    }
}

/// `Err(NotApplicable)` when the request carries a credential, *not evaluated* when it may.
pub(crate) fn anonymous(facts: &Facts<'_>) -> Result<(), Outcome> {
    applies(facts.credentials.is_empty())?;
    request_head(facts)
}

/// `Err(NotApplicable)` when the request carries nothing of what is asked about (`carried` is
/// false), *not evaluated* when it may.
pub(crate) fn carries(facts: &Facts<'_>, carried: bool) -> Result<(), Outcome> {
    if carried {
        return Ok(());
    }
    request_head(facts)?;
    Err(Outcome::NotApplicable)
}

/// *Pass*, or *not evaluated* when a part of the response body was not inspected.
pub(crate) fn pass_if_body_seen(facts: &Facts<'_>) -> Outcome {
    if is_body_seen(facts) { Outcome::Pass } else { Outcome::NotEvaluated(Input::ResponseBody) }
}

/// Whether everything of the response body was inspected.
pub(crate) fn is_body_seen(facts: &Facts<'_>) -> bool {
    let complete = facts
        .exchange
        .response
        .as_ref()
        .is_some_and(|response| response.body_state == BodyState::Complete);
    complete
        && facts.decoded.view.not_inspected().iter().all(|entry| {
            entry.side != Side::Response || entry.reason == NotInspectedReason::HeadersNotCaptured
        })
}

/// Hits of one side with their nodes, where `fits` is asked about the family of the class: a check
/// that looks for `secret` gets API keys and session tokens too.
pub(crate) fn hits_of<'a>(
    facts: &Facts<'a>,
    side: Side,
    fits: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = (ClassHit, NodeRef<'a>)> + 'a {
    let view = &facts.decoded.view;
    facts.classes.iter().filter(move |hit| fits(hit.family.as_str())).filter_map(move |hit| {
        let node = view.node(hit.node)?;
        (node.side() == side).then_some((*hit, node))
    })
}

/// Hits of one side whose class holds values of people that are serious by themselves (not
/// credentials). A class of the operator may be so where its family is not.
pub(crate) fn personal_hits_of<'a>(
    facts: &Facts<'a>,
    side: Side,
) -> impl Iterator<Item = (ClassHit, NodeRef<'a>)> + 'a {
    let (view, snapshot) = (&facts.decoded.view, facts.snapshot);
    let is_personal = |known: ClassTraits| known.sensitive && known.group != DataGroup::Credential;
    let fits = move |hit: &&ClassHit| {
        snapshot.class(hit.family.as_str()).is_some_and(is_personal)
            || snapshot.classes.traits_of(hit.class.as_str()).is_some_and(is_personal)
    };
    facts.classes.iter().filter(fits).filter_map(move |hit| {
        let node = view.node(hit.node)?;
        (node.side() == side).then_some((*hit, node))
    })
}

/// Whether a class is so serious that one value is enough.
pub(crate) fn is_grave(class: &str) -> bool {
    matches!(
        class,
        "payment_card"
            | "iban"
            | "us_ssn"
            | "national_id"
            | "health_id"
            | "identity_document"
            | "date_of_birth"
            | "password"
            | "bank_account"
            | "card_track"
            | "mrz"
    )
}

/// What the caller sent: an echo in the answer tells nothing new.
pub(crate) struct Sent<'f> {
    facts: &'f Facts<'f>,
    /// The values, once somebody asks.
    values: OnceCell<HashSet<&'f str>>,
}

impl<'f> Sent<'f> {
    pub(crate) const fn by(facts: &'f Facts<'f>) -> Self {
        Self { facts, values: OnceCell::new() }
    }

    /// Whether the caller sent the value of a response node. One look-up, however many values there are.
    pub(crate) fn holds(&self, node: &NodeRef<'_>) -> bool {
        let view = &self.facts.decoded.view;
        let values =
            self.values.get_or_init(|| view.leaves(Side::Request).map(|leaf| leaf.raw()).collect());
        !node.raw().is_empty() && values.contains(node.raw())
    }
}

/// Whether a hit is in the body (or messages) rather than in headers or cookies.
pub(crate) fn in_body(node: &NodeRef<'_>) -> bool {
    matches!(node.root(), Root::Body | Root::Xml | Root::Message | Root::Grpc)
}

/// Nodes of the body and messages of the response, in document order.
pub(crate) fn answered<'a>(facts: &Facts<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    let view = &facts.decoded.view;
    let roots = [Root::Body, Root::Xml, Root::Message, Root::Grpc];
    let roots = roots.into_iter().filter_map(|root| view.root(Side::Response, root));
    roots.flat_map(|root| std::iter::once(root).chain(root.descendants()))
}

/// Evidence about a value: place, class, shape, keyed hash and a sentence.
pub(crate) fn evidence(facts: &Facts<'_>, node: &NodeRef<'_>, class: &str, note: &str) -> Evidence {
    Evidence::at(node.side(), node.instance(), note)
        .with_value(EvidenceValue::of(&facts.snapshot.key, class, node.raw()))
        .in_exchange(&facts.exchange.id)
}

/// Evidence without a value.
pub(crate) fn note(facts: &Facts<'_>, text: impl Into<String>) -> Evidence {
    Evidence::note(text).in_exchange(&facts.exchange.id)
}
