//! Ownership: objects are for whom they belong to.

use std::sync::Arc;

use bartizan_model::{HashKey, KeyedHash, Mode, Side, owners::ObjectOwners};
use bartizan_protocols::{Decoded, NodeRef, Value};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    asked::Form,
    config::Problem,
    detectors::OnGap,
    identity::Identity,
    place::{Held, Place, Template, is_same_name},
    record::Refusal,
    roles,
};

/// Most relations of one sort in a policy.
const RELATIONS: usize = 64;
/// Domains of the hashes under which owners are kept.
const OBJECT: &str = "policy-object";
const OWNER: &str = "policy-owner";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "ownership",
    title: "Ownership of objects",
    mode: Mode::Monitor,
    documentation: "\
Keeps objects for whom they belong to, by relations between values and claims of whoever asks; all of them must \
hold. `request`: a value of the request must be the caller's (`path.user` is `sub`; a tenant, or one of the shops \
that a claim lists). `answer`: a field of a successful answer must be the caller's; where the place holds a list, the \
caller must be in it. So the first read of a foreign object is stopped although nobody knew whose it was. `objects`: \
the object that a request names must not be known to be somebody else's. Who owns what is learned from answers of \
all policies that say which members are id and owner (`shows`): from every JSON object that has both, whoever asked \
for it, under keyed hashes, the latest 262144; it stops changes before they are made. What is not known passes and \
counts as not evaluated (`owner-unknown`).

A place is `path.NAME` (a segment by its name in `template`), `query.NAME`, `header.NAME`, `cookie.NAME`, \
`body:/NAME/*/NAME` (JSON, forms; `*` is any element), `xml:/NAME/NAME`, `graphql:FIELD.ARGUMENT` (whatever alias, \
fragment or variable it is written with) or, for messages of a WebSocket, `ws.message:/NAME`. Names are compared without case, `_` and `-`; a path counts in all readings that fit the template; where a name \
is there several times each value must be the caller's. Identifiers are compared as text: 7 and \"7\" are equal, 7 \
and 07 are not. A value that is not there is a matter of `on_missing`.

The claim is one of a verified token; `sub` is also the subject of a client certificate and the owner of an own API \
key. Where nobody was identified, or only by a key without owner, the policy is not evaluated (`nobody-identified`): \
whether somebody has to be is for an `authentication` or `authorization` policy to say. Sessions that only the \
upstream knows are nobody to it. Whoever has a role of `exempt_roles` passes; a token without the claim never owns anything.

Bodies are read up to 1 MiB and for at most 5 milliseconds of processor time, without their coding. `on_unreadable` \
says what becomes of a body that a relation needs and that is longer, slower, passed on as it comes or no such \
document. An answer is looked at when its status is below 300; a refused one is replaced, and the original kept under the id of \
the request.",
    examples: &[
        "\
name: own-preferences
mode: enforce
scope: {paths: [/v1/users/*/**]}
ownership:
  template: /v1/users/{user}/**
  request: [{at: path.user, is: sub}]
  exempt_roles: [support]
",
        "\
name: own-orders
mode: enforce
scope: {paths: [/v1/orders, /v1/orders/**]}
ownership:
  template: /v1/orders/{order}/**
  answer: [{at: 'body:/owner_id'}, {at: 'body:/tenant', is: tenant}]
  objects: [{at: path.order, kind: order}]
  shows: [{kind: order, id: id, owner: owner_id}]
  hide: true
",
    ],
};

/// Settings of an ownership policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnershipConfig {
    /// Names for segments of the path, `/v1/orders/{order}`; `**` at the end stands for any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Values of the request that must be the caller's.
    pub request: Vec<RelationConfig>,
    /// Fields of a successful answer that must be the caller's.
    pub answer: Vec<RelationConfig>,
    /// Objects that the request names, which must not be known to be somebody else's.
    pub objects: Vec<ObjectConfig>,
    /// What answers tell about owners.
    pub shows: Vec<ShowsConfig>,
    /// Roles that may see what belongs to others.
    pub exempt_roles: Vec<String>,
    /// Claims in which roles are looked for.
    pub role_claims: Vec<String>,
    /// What becomes of messages without a value that has to be the caller's.
    pub on_missing: OnGap,
    /// What becomes of messages that cannot be read as far as they have to be.
    pub on_unreadable: OnGap,
    /// Whether the client is told that there is no such object (404 in the place of 403).
    pub hide: bool,
}

impl Default for OwnershipConfig {
    fn default() -> Self {
        Self {
            template: None,
            request: Vec::new(),
            answer: Vec::new(),
            objects: Vec::new(),
            shows: Vec::new(),
            exempt_roles: Vec::new(),
            role_claims: roles::usual_role_claims(),
            on_missing: OnGap::Pass,
            on_unreadable: OnGap::Refuse,
            hide: false,
        }
    }
}

/// A value that must be what a claim says, or one of what it lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationConfig {
    /// Where the value is.
    pub at: String,
    /// The claim.
    #[serde(default = "subject")]
    pub is: String,
}

/// An object that a request names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectConfig {
    /// Where its id is.
    pub at: String,
    /// What it is, as in `shows`.
    pub kind: String,
    /// The claim that says the same as the owner of such an object.
    #[serde(default = "subject")]
    pub is: String,
}

/// Members of JSON objects in answers that say whose something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowsConfig {
    /// What the objects are: any name.
    pub kind: String,
    /// The member with its id.
    pub id: String,
    /// The member with its owner.
    pub owner: String,
}

fn subject() -> String {
    roles::SUBJECT.to_owned()
}

impl OwnershipConfig {
    /// Claims that it reads.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &String> {
        let related = self.request.iter().chain(&self.answer).map(|one| &one.is);
        related.chain(self.objects.iter().map(|one| &one.is)).chain(&self.role_claims)
    }
}

/// A compiled ownership policy.
#[derive(Debug)]
pub(crate) struct Ownership {
    template: Option<Template>,
    request: Vec<(Place, String)>,
    answer: Vec<(Place, String)>,
    objects: Vec<(Place, ObjectConfig)>,
    config: OwnershipConfig,
    owners: Arc<dyn ObjectOwners>,
    key: HashKey,
}

/// What a rule is asked about.
pub(crate) struct About<'a> {
    /// Who asks.
    pub(crate) who: &'a [Identity],
    /// All readings of the path; `None` when there are too many.
    pub(crate) forms: Option<&'a [Form]>,
    /// What was read; `None` when it is not held.
    pub(crate) decoded: Option<&'a Decoded>,
    /// Why not all of it was read.
    pub(crate) gap: Option<&'static str>,
}

impl Ownership {
    pub(crate) fn compile(
        config: &OwnershipConfig,
        owners: &Arc<dyn ObjectOwners>,
        key: &HashKey,
    ) -> Result<Self, Problem> {
        roles::check_names("exempt_roles", &config.exempt_roles)?;
        roles::check_names("role_claims", &config.role_claims)?;
        let template = config.template.as_deref().map(Template::parse).transpose();
        let template = template.map_err(|problem| Problem::new("template", problem))?;
        let place = |key: String, text: &str, is_answer: bool| {
            let place = Place::parse(text).map_err(|why| Problem::new(&key, why))?;
            match &place {
                Place::Path(name) if !template.as_ref().is_some_and(|one| one.has(name)) => {
                    Err(Problem::new(key, format!("`template` has no `{{{name}}}`")))
                }
                place if is_answer && !place.is_of_body() => {
                    Err(Problem::new(key, "only bodies of answers are looked at"))
                }
                _ => Ok(place),
            }
        };
        let relations = |key: &str, list: &[RelationConfig]| {
            let one = |(at, one): (usize, &RelationConfig)| {
                check_claim(&format!("{key}.{at}.is"), &one.is)?;
                let place = place(format!("{key}.{at}.at"), &one.at, key == "answer")?;
                Ok((place, one.is.clone()))
            };
            list.iter().enumerate().map(one).collect::<Result<Vec<_>, Problem>>()
        };
        let (request, answer) =
            (relations("request", &config.request)?, relations("answer", &config.answer)?);
        let object = |(at, one): (usize, &ObjectConfig)| {
            check_claim(&format!("objects.{at}.is"), &one.is)?;
            Ok((place(format!("objects.{at}.at"), &one.at, false)?, one.clone()))
        };
        let objects: Vec<_> =
            config.objects.iter().enumerate().map(object).collect::<Result<_, Problem>>()?;
        let lists = [request.len(), answer.len(), objects.len(), config.shows.len()];
        if lists.iter().all(|length| *length == 0) {
            let problem = "a relation is needed: `request`, `answer`, `objects` or `shows`";
            return Err(Problem::new("", problem));
        }
        if lists.iter().any(|length| *length > RELATIONS) {
            return Err(Problem::new("", format!("more than {RELATIONS} relations of one sort")));
        }
        let (config, owners, key) = (config.clone(), Arc::clone(owners), key.derive("ownership"));
        Ok(Self { template, request, answer, objects, config, owners, key })
    }

    /// Whether requests have to be read for it.
    pub(crate) fn asks_of_requests(&self) -> bool {
        !(self.request.is_empty() && self.objects.is_empty())
    }

    /// Whether answers have to be read for it.
    pub(crate) fn asks_of_answers(&self) -> bool {
        !(self.answer.is_empty() && self.config.shows.is_empty())
    }

    /// Whether messages of a WebSocket have to be read for it.
    pub(crate) fn asks_of_messages(&self) -> bool {
        self.request.iter().any(|(place, _)| place.is_of_message())
            || self.objects.iter().any(|(place, _)| place.is_of_message())
    }

    /// What follows for a request, or for a message of a WebSocket.
    pub(crate) fn check_request(
        &self,
        about: &About<'_>,
        is_message: bool,
    ) -> Result<Option<&'static str>, Refusal> {
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
        for (place, claim) in request {
            let values = self.values(place, about)?;
            if values.is_empty() {
                open = open.or(self.missing(place, about)?);
            }
            for held in values {
                open = open.or(self.compare(&held, claim, about.who, "request-of-others")?);
            }
        }
        for (place, object) in objects {
            for held in self.values(place, about)? {
                let Held::Text(id) = held else { continue };
                open = open.or(self.compare_owner(&id, object, about.who)?);
            }
        }
        Ok(open)
    }

    /// What follows for a successful answer, after what it tells was learned.
    pub(crate) fn check_answer(&self, about: &About<'_>) -> Result<Option<&'static str>, Refusal> {
        if let Some(decoded) = about.decoded {
            self.learn(decoded);
        }
        if self.answer.is_empty() || self.is_exempt(about.who) {
            return Ok(None);
        }
        if about.who.is_empty() {
            return Ok(Some("nobody-identified"));
        }
        let Some(decoded) = about.decoded else { return self.unreadable("body-not-held") };
        let mut open = None;
        for (place, claim) in &self.answer {
            let nodes = place.nodes(&decoded.view, Side::Response);
            if nodes.iter().all(|node| node.value() == Value::Null) {
                open = open.or(self.missing(place, about)?);
            }
            for node in nodes {
                open = open.or(self.compare_field(node, claim, about.who)?);
            }
        }
        // What is behind the part that was read may be anybody's.
        if let Some(gap) = about.gap {
            return self.unreadable(gap);
        }
        Ok(open)
    }

    fn compare_field(
        &self,
        node: NodeRef<'_>,
        claim: &str,
        who: &[Identity],
    ) -> Result<Option<&'static str>, Refusal> {
        let text = |node: NodeRef<'_>| match node.value() {
            Value::Text(text) => Some(Held::Text(text.to_owned().into())),
            Value::Integer(number) => Some(Held::Text(number.to_string().into())),
            Value::Null => None,
            _ => Some(Held::Odd),
        };
        if node.value() != Value::Array {
            let held = text(node);
            let compared = held.map(|held| self.compare(&held, claim, who, "answer-of-others"));
            return compared.transpose().map(Option::flatten);
        }
        // Several owners: whoever asks must be one of them.
        let mut last = Ok(None);
        for held in node.children().filter_map(text) {
            last = self.compare(&held, claim, who, "answer-of-others");
            if last.is_ok() {
                return last;
            }
        }
        last
    }

    /// Learns whose objects are from an answer.
    fn learn(&self, decoded: &Decoded) {
        for shows in &self.config.shows {
            let objects = decoded
                .view
                .nodes()
                .filter(|node| node.side() == Side::Response && node.value() == Value::Object);
            for object in objects {
                let member = |name: &str| {
                    let child = object.children().find(|child| is_same_name(child.key(), name))?;
                    match child.value() {
                        Value::Text(text) => Some(text.to_owned()),
                        Value::Integer(number) => Some(number.to_string()),
                        _ => None,
                    }
                };
                if let (Some(id), Some(owner)) = (member(&shows.id), member(&shows.owner)) {
                    self.owners.note(self.object(&shows.kind, &id), self.owner(&owner));
                }
            }
        }
    }

    fn compare_owner(
        &self,
        id: &str,
        object: &ObjectConfig,
        who: &[Identity],
    ) -> Result<Option<&'static str>, Refusal> {
        let Some(owner) = self.owners.owner(self.object(&object.kind, id)) else {
            return Ok(Some("owner-unknown"));
        };
        let mut is_known = false;
        for one in who {
            let values = roles::said(one, &object.is);
            is_known |= values.is_some();
            if values.unwrap_or_default().iter().any(|value| self.owner(value) == owner) {
                return Ok(None);
            }
        }
        if is_known { Err(self.refusal("object-of-others")) } else { Ok(Some("nobody-identified")) }
    }

    fn compare(
        &self,
        held: &Held<'_>,
        claim: &str,
        who: &[Identity],
        reason: &'static str,
    ) -> Result<Option<&'static str>, Refusal> {
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

    fn values<'d>(&self, place: &Place, about: &About<'d>) -> Result<Vec<Held<'d>>, Refusal> {
        match (place, &self.template, about.decoded) {
            (Place::Path(_), Some(template), _) => Ok(place.in_path(template, about.forms)),
            (_, _, Some(decoded)) => {
                // A value behind the part that was read would be one more.
                if let Some(gap) = about.gap.filter(|_| matches!(place, Place::Below(..))) {
                    self.unreadable(gap)?;
                }
                if matches!(place, Place::Argument(..)) {
                    let found = place.in_documents(decoded);
                    let untold = || self.unreadable("not-readable").map(|_| Vec::new());
                    return found.map_or_else(untold, Ok);
                }
                Ok(place.values(&decoded.view, Side::Request))
            }
            _ => self.unreadable("body-not-held").map(|_| Vec::new()),
        }
    }

    fn is_exempt(&self, who: &[Identity]) -> bool {
        let roles = &self.config.exempt_roles;
        who.iter().any(|one| roles::has_role(one, &self.config.role_claims, roles))
    }

    fn missing(&self, place: &Place, about: &About<'_>) -> Result<Option<&'static str>, Refusal> {
        let gap = about.gap.filter(|_| matches!(place, Place::Below(..)));
        match (gap, self.config.on_missing) {
            (Some(gap), _) => self.unreadable(gap),
            (None, OnGap::Pass) => Ok(Some("value-missing")),
            (None, OnGap::Refuse) => Err(self.refusal("value-missing")),
        }
    }

    fn unreadable(&self, reason: &'static str) -> Result<Option<&'static str>, Refusal> {
        match self.config.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => Err(self.refusal(reason)),
        }
    }

    fn refusal(&self, reason: &'static str) -> Refusal {
        let refusal = if self.config.hide {
            Refusal::deny(StatusCode::NOT_FOUND, "not-found", "there is no such object")
        } else {
            Refusal::deny(StatusCode::FORBIDDEN, "not-owner", "this belongs to somebody else")
        };
        refusal.because(reason)
    }

    fn object(&self, kind: &str, id: &str) -> KeyedHash {
        self.key.hash(OBJECT, format!("{}:{kind}{id}", kind.len()).as_bytes())
    }

    fn owner(&self, value: &str) -> KeyedHash {
        self.key.hash(OWNER, value.as_bytes())
    }
}

fn check_claim(key: &str, claim: &str) -> Result<(), Problem> {
    roles::check_names(key, std::slice::from_ref(&claim.to_owned()))
        .map_err(|Problem { problem, .. }| Problem::new(key, problem))
}

#[cfg(test)]
mod tests;
