//! SOAP: which operations may be called, whether the action is that of the body, and what is in it.

use std::path::PathBuf;

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, Places, Value, media};
use http::{HeaderName, StatusCode, header, response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::OnGap,
    leak,
    names::{Names, NamesConfig},
    reading::{Checked, NOT_HELD, NOT_READABLE, Within, essence, fields, has},
    readings::Readings,
    record::Refusal,
};
use crate::{call::Call, phases::BodyView};

mod described;

use described::{Described, Misfit};

const CODE: &str = "soap-refused";
const ACTION: HeaderName = HeaderName::from_static("soapaction");

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "soap",
    title: "SOAP operations",
    mode: Mode::Monitor,
    documentation: "\
Says which operations of SOAP 1.1 and 1.2 may be called, by the name of the first element of the body \
(`operations`, 403), and refuses (403) messages with a document type, which SOAP forbids and attacks on parsers need, those \
that are not one envelope with one body, and those whose action (`SOAPAction`, or `action` in the media type) is not that of the body: \
some servers go by the one and guards by the other. Without a WSDL the last part of the action \
has to be the name of the element, which may go on with `Request`; an empty action says nothing.

With a WSDL (1.1 or 2.0, `wsdl`) the element has to be one that an operation of it takes, the action one of its own (403), \
and the elements below those that its XML Schema has there, with all that it demands (422). Names are compared without \
their namespace; values, order, attributes and how often an element comes are not. Where the schema is open (`any`, groups by \
name, types from elsewhere) nothing below is compared.

It reads XML bodies of requests, within `body_bytes` and `budget_micros` of processor time; what is beyond is refused \
(413) unless `on_budget` lets it pass. A body that is no XML, or is broken, or has attachments (`multipart/related`), is `not-readable`, one \
that is passed on as it comes is `body-not-held`: `on_unreadable` says whether these are refused (415), as they \
are by default, or pass and count as not evaluated. A request without a body passes, as one for the WSDL is.

With `fault_details: refuse` an answer with a fault that says in `detail` more than its code and its string do (the exception, \
and where it was thrown) is replaced by a problem document with the same status and the id of the request, under which the \
original is kept. Those whose WSDL declares faults have to pass: these are in `detail` too.",
    examples: &["\
name: soap
mode: enforce
scope: {paths: [/soap]}
soap: {operations: {deny: [VoidDeclaration]}}
"],
};

/// Settings of a SOAP policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoapConfig {
    /// Which operations may be called: names of the first element of the body, without prefix.
    pub operations: NamesConfig,
    /// A WSDL, up to 8 MiB, read again at each reload. Files that it imports are not read: give one that holds all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wsdl: Option<PathBuf>,
    /// Whether the action has to be that of the body.
    pub match_action: bool,
    /// What becomes of answers with details of a fault.
    pub fault_details: FaultDetails,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read as XML.
    pub on_unreadable: OnGap,
}

/// What becomes of answers with details of a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultDetails {
    /// They pass.
    #[default]
    Pass,
    /// They are replaced.
    Refuse,
}

impl Default for SoapConfig {
    fn default() -> Self {
        Self {
            operations: NamesConfig::default(),
            wsdl: None,
            match_action: true,
            fault_details: FaultDetails::Pass,
            body_bytes: 256 * 1024,
            budget_micros: 5_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled SOAP policy.
#[derive(Debug)]
pub(crate) struct Soap {
    operations: Names,
    described: Option<Described>,
    match_action: bool,
    fault_details: FaultDetails,
    pub(super) within: Within,
}

impl Soap {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &SoapConfig, seed: u64) -> Result<Self, Problem> {
        let described = config.wsdl.as_deref().map(Described::read).transpose();
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        Ok(Self {
            operations: Names::compile("operations", &config.operations)?,
            described: described.map_err(|why| Problem::new("wsdl", why))?,
            match_action: config.match_action,
            fault_details: config.fault_details,
            within: Within::compile(CODE, bounds, gaps, seed)?,
        })
    }

    /// What follows for a request.
    pub(super) fn check(
        &self,
        call: &Call,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        self.within.judge(readings, call, body, |decoded| self.judge(decoded, &actions(call)))
    }

    /// Whether answers are looked at.
    pub(super) fn hides_details(&self) -> bool {
        self.fault_details == FaultDetails::Refuse
    }

    /// What follows for an answer, where details of faults are hidden.
    pub(super) fn check_answer(
        &self,
        response: &response::Parts,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        let BodyView::Whole(_) = body else { return Ok(Some(NOT_HELD)) };
        let reading = &*readings.all();
        let view = &reading.decoded().view;
        let root = view.root(Side::Response, Root::Xml);
        let mut at: Vec<_> = root.into_iter().collect();
        for name in ["Envelope", "Body", "Fault", "detail"] {
            let below = at.into_iter().flat_map(elements);
            at = below.filter(|one| one.key().eq_ignore_ascii_case(name)).collect();
        }
        if at.into_iter().any(says_something) {
            let title = "the service could not answer this; the id tells whoever runs it why";
            let refusal = Refusal::deny(response.status, "answer-withheld", title);
            return Err(refusal.because("fault-details"));
        }
        let missing = view.missing(Side::Response, Places::ALL);
        Ok(missing.chain(reading.beyond(self.within.amount)).map(leak::reason).min())
    }

    fn judge(&self, decoded: &Decoded, actions: &[String]) -> Checked {
        if decoded.request_format == Format::Empty {
            return Ok(None);
        }
        let Some(root) = decoded.view.root(Side::Request, Root::Xml) else {
            return self.within.gap(NOT_READABLE);
        };
        if has(&decoded.view, AnomalyKind::XmlDoctype) {
            return Err(denied("a document type is not taken here").because("doctype"));
        }
        let called = only(root, "Envelope").and_then(|envelope| only(envelope, "Body"));
        let called = called.and_then(|body| elements(body).next());
        let Some(called) = called else {
            return Err(denied("the body is one envelope with one body").because("no-operation"));
        };
        if !self.operations.allows(called.key()) {
            return Err(denied("this operation is not served here").because("operation"));
        }
        if self.match_action && !actions.iter().all(|action| self.is_of(action, called.key())) {
            let title = "the action is not that of the body";
            return Err(denied(title).because("action"));
        }
        let Some(described) = &self.described else { return Ok(None) };
        match described.compare(called) {
            None => Ok(None),
            Some(Misfit::Operation) => {
                Err(denied("this operation is not described").because("undescribed"))
            }
            Some(Misfit::Element) => Err(unfit().because("element")),
            Some(Misfit::Missing) => Err(unfit().because("missing-element")),
        }
    }

    fn is_of(&self, action: &str, element: &str) -> bool {
        if action.is_empty() {
            return true;
        }
        match self.described.as_ref().and_then(|described| described.is_action(action, element)) {
            Some(is_described) => is_described,
            None => {
                let name = last_part(action);
                element == name || element.strip_suffix("Request") == Some(name)
            }
        }
    }
}

/// `Add` of `http://tempuri.org/Add` and of `urn:calculator#Add`.
fn last_part(action: &str) -> &str {
    action.rsplit(['/', '#', ':']).find(|part| !part.is_empty()).unwrap_or("")
}

/// The actions that a request names, in whatever version of SOAP it is.
fn actions(call: &Call) -> Vec<String> {
    let trimmed = |text: &str| text.trim().trim_matches('"').to_owned();
    let mut found: Vec<_> = fields(call, ACTION).map(trimmed).collect();
    for kind in fields(call, header::CONTENT_TYPE) {
        if essence(kind) == "application/soap+xml" {
            let parameters = media::parameters(kind);
            let named = parameters.filter(|(name, _)| name.eq_ignore_ascii_case("action"));
            found.extend(named.map(|(_, action)| trimmed(&action)));
        }
    }
    found
}

/// Elements in an element: neither attributes nor what stands for a document type.
pub(super) fn elements(node: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let is_element = |key: &str| !key.is_empty() && !key.starts_with(['@', '!']);
    node.children().filter(move |child| is_element(child.key()))
}

/// Whether an element holds a text or an element.
fn says_something(element: NodeRef<'_>) -> bool {
    matches!(element.value(), Value::Text(text) if !text.trim().is_empty())
        || elements(element).next().is_some()
}

/// The one element of this name; `None` when there are several.
fn only<'a>(node: NodeRef<'a>, name: &str) -> Option<NodeRef<'a>> {
    let mut named = elements(node).filter(|child| child.key() == name);
    match (named.next(), named.next()) {
        (one, None) => one,
        _ => None,
    }
}

fn denied(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, CODE, title)
}

fn unfit() -> Refusal {
    let title = "the message does not fit its description";
    Refusal::deny(StatusCode::UNPROCESSABLE_ENTITY, CODE, title)
}

#[cfg(test)]
mod tests;
