//! Ownership: objects are for whom they belong to.

use std::sync::Arc;

use bartizan_model::{HashKey, Mode, owners::ObjectOwners};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::OnGap,
    place::{Place, Template},
    roles,
};

mod check;
mod known;
mod readings;

pub(crate) use check::About;

/// Most relations of one sort in a policy.
const RELATIONS: usize = 64;

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
is there several times, or with brackets (`shop[]`), each value must be the caller's. Identifiers are compared as text: \
7 and \"7\" are equal, 7 and 07 are not. For `objects`, which would let pass what is not known, 07, 7.0, 7e0 and \
7-shoes are 7 too unless they are known themselves, UUIDs have no case, lists (`7,8`) are taken apart, and what is no \
identifier (an object, digits of other scripts) is a matter of `on_unreadable`. A value that is not there is a \
matter of `on_missing`.

The claim is one of a verified token; `sub` is also the subject of a client certificate and the owner of an own API \
key. Where nobody was identified, or only by a key without owner, the policy is not evaluated (`nobody-identified`): \
whether somebody has to be is for an `authentication` or `authorization` policy to say. Sessions that only the \
upstream knows are nobody to it. Whoever has a role of `exempt_roles` passes; a token without the claim never owns anything.

Bodies are read up to 1 MiB and for at most 5 milliseconds of processor time, without their coding, and compared for as \
long with all policies together. `on_unreadable` says what becomes of a body that a relation needs and that is longer, \
slower, passed on as it comes, no such document or one that servers read in different ways. An answer is looked at when its status is below 300; a refused one is replaced, and the original kept under the id of \
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
                place if is_answer && place.of_body().is_none() => {
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
}

fn check_claim(key: &str, claim: &str) -> Result<(), Problem> {
    roles::check_names(key, std::slice::from_ref(&claim.to_owned()))
        .map_err(|Problem { problem, .. }| Problem::new(key, problem))
}

#[cfg(test)]
mod tests;
