//! What a resolver counts and hands out: limits, outcomes, leaves, aliases, listings.

use std::{borrow::Cow, sync::Arc};

use bartizan_model::EndpointId;
use bartizan_protocols::Call;
use serde::{Deserialize, Serialize};

use super::{
    Template,
    catch_all::Kin,
    hosts::AtHost,
    shape::{Shape, Shapes},
    tree::{NodeId, Step},
};

/// Limits of one resolver. What happens at each is counted in [`ResolverCounts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointLimits {
    /// Most hosts, those of one pattern counted as one; requests to further ones share one tree under the host
    /// name `*`.
    pub hosts: u32,
    /// Most words of fixed text at one position; further ones become a parameter.
    pub children: u32,
    /// Most positions per host; requests that need a new one are not listed.
    pub nodes: u32,
    /// Most endpoints and unmatched paths over all hosts; further ones share one leaf per method.
    pub leaves: u32,
    /// Most unmatched paths per host.
    pub pending: u32,
    /// Most segments of a path.
    pub segments: u32,
    /// Most methods at one path.
    pub methods: u32,
    /// Most operations that are called at one path; further ones are one.
    pub operations: u32,
    /// Most entries of the alias table.
    pub aliases: u32,
}

impl Default for EndpointLimits {
    fn default() -> Self {
        Self {
            hosts: 4_096,
            children: 256,
            nodes: 65_536,
            leaves: 262_144,
            pending: 4_096,
            segments: 48,
            methods: 16,
            operations: 1_024,
            aliases: 131_072,
        }
    }
}

/// Names one endpoint or unmatched path inside a resolver. Stays valid for the resolver's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeafId(pub u32);

/// What kind of body a response had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// No body, or the source does not say.
    #[default]
    Unknown,
    /// `text/html` or `application/xhtml+xml`: a page for people.
    Page,
    /// Anything else: JSON, XML, binary.
    Data,
}

impl MediaKind {
    /// From a `content-type` value.
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match essence.as_str() {
            "" => Self::Unknown,
            "text/html" | "application/xhtml+xml" => Self::Page,
            _ => Self::Data,
        }
    }
}

/// How much it tells that unrelated paths are answered alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// What is answered does not belong to the path: pages, redirects, errors.
    #[default]
    Much,
    /// An acknowledgement without data: many operations of one API answer so.
    Little,
    /// Data, or nobody knows: it tells something where scanners ask, and nothing elsewhere.
    OfProbes,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Status; `None` when no response was seen.
    pub status: Option<u16>,
    /// Kind of the response's body.
    pub media: MediaKind,
    /// Hash of how the answer looks (status, shape, size), for answers that may be given to any path:
    /// pages, answers of unknown kind, redirects, server errors, data. 0 for all others and when
    /// nothing is known: such an answer is never taken for another.
    pub look: u64,
    /// How much the look tells.
    pub telling: Telling,
    /// Whether the body itself was seen.
    pub read: bool,
    /// The fields of an answer with data, where it was granted and all of it seen.
    pub shape: Shape,
}

impl Outcome {
    /// Whether the API answered with success or a redirect. A missing response counts as one: the
    /// source (an old log) may not record it.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.status.is_none_or(|s| s < 400)
    }

    /// Whether the error tells that something handles the path.
    pub(crate) fn tells_existence(&self) -> bool {
        matches!(self.status, Some(409 | 412 | 415 | 422 | 428))
    }
}

/// One request, as it is resolved.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Host; compared without case.
    pub host: AtHost<'a>,
    /// Method.
    pub method: &'a str,
    /// What is called there, where the protocol says so in the message.
    pub call: Option<&'a Call>,
    /// The canonical path, percent-decoded, without empty and dot segments; none for `/`.
    pub segments: &'a [&'a str],
    /// How it was answered.
    pub outcome: Outcome,
}

/// What a request was resolved to.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Names the endpoint; see [`Resolver::final_endpoint`].
    pub leaf: LeafId,
    /// The endpoint as known from what was seen before.
    pub template: Arc<Template>,
    /// Where the path belongs, when its answer may be that of a catch-all.
    pub(crate) kin: Option<Kin>,
}

/// Where a leaf hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    Node(NodeId),
    Pending,
    Overflow,
    /// Stands for what a catch-all answered.
    CatchAll,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leaf {
    pub(crate) host: String,
    pub(crate) method: String,
    pub(crate) call: Option<Box<Call>>,
    pub(crate) place: Place,
    pub(crate) id: EndpointId,
    pub(crate) merged_into: Option<LeafId>,
    pub(crate) requests: u64,
    /// Answers with data or without body.
    pub(crate) answers: u64,
    /// Answers with a page.
    pub(crate) pages: u64,
    /// Errors that tell that the path exists.
    pub(crate) existing: u64,
    /// Server errors that were given to accepted callers or by a documented operation.
    pub(crate) vouched: u64,
    /// Answers that cannot be those of a catch-all.
    pub(crate) own: u64,
    /// How the other answers look, up to [`MAX_LOOKS_OF_LEAF`].
    pub(crate) looks: Vec<u64>,
    /// What the answers with data look like.
    pub(crate) shapes: Shapes,
    /// From a specification or an earlier catalogue.
    pub(crate) declared: bool,
    pub(crate) noise: bool,
    /// Part of a catch-all.
    pub(crate) caught: bool,
    /// The path of something that scanners ask for.
    pub(crate) probe: bool,
    /// Attack text in the path.
    pub(crate) hostile: bool,
    pub(crate) template: Arc<Template>,
    pub(crate) stale: bool,
}

impl Leaf {
    /// Its name among the leaves of one path.
    pub(crate) fn key(&self) -> String {
        key_of(&self.method, self.call.as_deref()).into_owned()
    }
}

/// The name of a leaf among those of one path: no method has a space in it (RFC 9110 §9.1).
pub(crate) fn key_of<'a>(method: &'a str, call: Option<&Call>) -> Cow<'a, str> {
    match call {
        None => Cow::Borrowed(method),
        Some(call) => Cow::Owned(format!("{method} {} {}", call.protocol, call.operation)),
    }
}

/// Most looks that are remembered per leaf; one with more has pages of its own.
pub(crate) const MAX_LOOKS_OF_LEAF: usize = 4;

/// Why one id leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasReason {
    /// Words of one position turned out to be values of one parameter.
    Merged,
    /// Extensions of one name turned out to be formats.
    Format,
    /// An unmatched path fits an endpoint that was found later.
    Matched,
    /// A merge was undone, or what was taken for a value turned out to be fixed text.
    Split,
    /// Shards were joined.
    Joined,
    /// Hosts turned out to be one, or were written down as one.
    Host,
}

/// One entry of the alias table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The id that is no longer listed.
    pub from: EndpointId,
    /// The id it leads to.
    pub to: EndpointId,
    /// Why.
    pub reason: AliasReason,
    /// For people.
    pub evidence: String,
    /// True after a split undid it.
    pub undone: bool,
    pub(crate) leaf: LeafId,
    pub(crate) steps: Vec<Step>,
}

/// Figures of a resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverCounts {
    /// Requests observed.
    pub requests: u64,
    /// Requests to hosts beyond `hosts`.
    pub over_hosts: u64,
    /// Requests that `nodes`, `leaves`, `segments` or `methods` kept from being listed.
    pub over_nodes: u64,
    /// Unmatched requests beyond `pending`, without those that catch-alls answered.
    pub over_pending: u64,
    /// Positions that reached `children`.
    pub collapsed: u64,
    /// Entries that the alias table had no room for.
    pub over_aliases: u64,
}

/// Requests kept out of the inventory, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noise {
    /// Never answered with success, and nothing else shows that there is an endpoint; those that no
    /// table has room for as well.
    pub unanswered: u64,
    /// Of these, paths that scanners ask for, as far as there is room to know them.
    pub probes: u64,
    /// Answered, and beyond a limit: nothing is said about them.
    pub over_limit: u64,
}

/// An endpoint of the inventory.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The endpoint.
    pub template: Arc<Template>,
    /// Its leaf.
    pub leaf: LeafId,
    /// Requests, those of merged endpoints included.
    pub requests: u64,
    /// Requests answered with success.
    pub answers: u64,
    /// From a specification or an earlier catalogue.
    pub declared: bool,
    /// Ids that lead here.
    pub aliases: Vec<EndpointId>,
}
