//! Properties: which members of objects somebody sees, and which nobody sets.

use bartizan_model::{Mode, Protocol, Root, Side};
use bartizan_protocols::{Decoded, Format, NodeRef, Value};
use bytes::Bytes;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::{OVER_BUDGET, OnGap, thread_nanos},
    identity::Identity,
    place::is_same_name,
    record::Refusal,
    roles,
};

mod rewrite;

use rewrite::Rewriter;

/// Most names in a pointer.
const STEPS: usize = 32;
/// Longest processor time for writing an answer anew, in nanoseconds.
const REWRITE_NANOS: u64 = 5_000_000;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "properties",
    title: "Properties by role",
    mode: Mode::Monitor,
    documentation: "\
Keeps members of JSON objects from callers, and from being set by them, unless a verified identity has one of \
`exempt_roles`. `strip` takes members out of answers; `mask` leaves the name and puts `***` in the place of a text and \
null in that of all else. An answer is written anew only where something is taken out: numbers stay as they were \
written, blanks between values go, content coding too, and fields about the very bytes (`ETag`, `Last-Modified`, \
digests) are removed. The original is learned from as always. An answer that is signed or has a signed digest is never \
changed, and counts as one that cannot be read. `read_only` refuses requests (403) that hold such a member or \
parameter, wherever they do: in the query, in JSON, forms and XML, below a name with brackets or dots \
(`user[role]`), in the variables of GraphQL or as an argument in its document.

A property is a name, which stands for every member of that name, or a pointer (`/users/*/iban`, `*` for any element). \
Requests are compared without case, `_` and `-`, answers without case. A GraphQL document that asks for a \
stripped or masked field is refused, as an alias would give it another name; of a document that is known by its hash \
only it cannot be told.

Messages are read up to 1 MiB, for at most 5 milliseconds of processor time, and as long for writing one anew. \
`on_unreadable` says what becomes of requests that `read_only` cannot read and of answers that `strip` and `mask` \
cannot: longer, slower, passed on as they come, or no JSON; a refused answer is replaced by a problem document (502).",
    examples: &[
        "\
name: users-without-secrets
mode: enforce
scope: {paths: [/v1/users, /v1/users/**]}
properties: {strip: [password_hash, api_key], mask: [/users/*/iban], exempt_roles: [admin]}
",
        "\
name: nobody-promotes-himself
mode: enforce
scope: {paths: [/v1/me], methods: [PATCH, PUT]}
properties: {read_only: [role, tenant, credit_limit]}
",
    ],
};

/// Settings of a properties policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PropertiesConfig {
    /// Members that are taken out of answers.
    pub strip: Vec<String>,
    /// Members whose values are hidden in answers.
    pub mask: Vec<String>,
    /// Members and parameters that requests must not hold.
    pub read_only: Vec<String>,
    /// Roles for which none of this holds.
    pub exempt_roles: Vec<String>,
    /// Claims in which roles are looked for.
    pub role_claims: Vec<String>,
    /// What becomes of messages that cannot be read.
    pub on_unreadable: OnGap,
}

impl Default for PropertiesConfig {
    fn default() -> Self {
        Self {
            strip: Vec::new(),
            mask: Vec::new(),
            read_only: Vec::new(),
            exempt_roles: Vec::new(),
            role_claims: roles::usual_role_claims(),
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A property: the names that lead to it, `None` for any element; a name alone is looked for everywhere.
#[derive(Clone, Debug)]
struct Property {
    names: Vec<Option<String>>,
    is_anywhere: bool,
}

/// A compiled properties policy.
#[derive(Debug)]
pub(crate) struct Properties {
    strip: Vec<Property>,
    mask: Vec<Property>,
    read_only: Vec<Property>,
    config: PropertiesConfig,
}

/// What becomes of an answer.
#[derive(Debug)]
pub(crate) enum Shown {
    /// It is passed on as it is.
    AsItIs,
    /// It is passed on as it is, though it was not looked at completely, and why.
    NotRead(&'static str),
    /// This is passed on.
    Changed(Bytes),
    /// It is not passed on.
    Refused(Refusal),
}

impl Properties {
    pub(crate) fn compile(config: &PropertiesConfig) -> Result<Self, Problem> {
        roles::check_names("exempt_roles", &config.exempt_roles)?;
        roles::check_names("role_claims", &config.role_claims)?;
        let properties = |key: &str, list: &[String]| {
            roles::check_names(key, list)?;
            let one = |(at, text): (usize, &String)| {
                Property::parse(text).map_err(|why| Problem::new(format!("{key}.{at}"), why))
            };
            list.iter().enumerate().map(one).collect::<Result<Vec<_>, Problem>>()
        };
        let strip = properties("strip", &config.strip)?;
        let mask = properties("mask", &config.mask)?;
        let read_only = properties("read_only", &config.read_only)?;
        if strip.is_empty() && mask.is_empty() && read_only.is_empty() {
            let problem = "a property is needed in `strip`, `mask` or `read_only`";
            return Err(Problem::new("", problem));
        }
        Ok(Self { strip, mask, read_only, config: config.clone() })
    }

    /// Whether answers have to be read for it.
    pub(crate) fn asks_of_answers(&self) -> bool {
        !(self.strip.is_empty() && self.mask.is_empty())
    }

    /// What follows for a request. `gap` says why not all of it was read.
    pub(crate) fn check_request(
        &self,
        who: &[Identity],
        decoded: Option<&Decoded>,
        gap: Option<&'static str>,
    ) -> Result<Option<&'static str>, Refusal> {
        if self.is_exempt(who) {
            return Ok(None);
        }
        let is_asked = !self.read_only.is_empty();
        let Some(decoded) = decoded else {
            return if is_asked { self.unread("body-not-held") } else { Ok(None) };
        };
        if is_asked {
            self.check_members(decoded)?;
        }
        let is_graphql = |call: &bartizan_protocols::Call| call.protocol == Protocol::Graphql;
        if decoded.call.as_ref().is_some_and(is_graphql) {
            self.check_documents(decoded)?;
        }
        match gap {
            Some(gap) if is_asked => self.unread(gap),
            _ => Ok(None),
        }
    }

    fn check_members(&self, decoded: &Decoded) -> Result<(), Refusal> {
        let is_read = |root| matches!(root, Root::Query | Root::Body | Root::Xml | Root::Message);
        let nodes = decoded.view.nodes().filter(|node| node.side() == Side::Request);
        for node in nodes.filter(|node| is_read(node.root()) && !node.key().is_empty()) {
            if let Some(property) = self.read_only.iter().find(|one| one.is_set_by(node)) {
                return Err(property.read_only());
            }
        }
        Ok(())
    }

    /// Looks at the documents of a GraphQL request.
    fn check_documents(&self, decoded: &Decoded) -> Result<(), Refusal> {
        let is_body = |node: &NodeRef<'_>| node.root() == Root::Body && node.is_root();
        let nodes = decoded.view.nodes().filter(|node| node.side() == Side::Request);
        let documents = nodes.filter_map(|node| match node.value() {
            Value::Text(text) if node.key() == "query" || is_body(&node) => Some(text),
            _ => None,
        });
        for (word, behind) in documents.flat_map(words) {
            let is_it = |one: &&Property| one.name().eq_ignore_ascii_case(word);
            if self.strip.iter().chain(&self.mask).any(|one| is_it(&one)) {
                let title = "a field that is asked for is not shown to whoever asks";
                let refusal = Refusal::deny(StatusCode::FORBIDDEN, "field-not-shown", title);
                return Err(refusal.because("graphql-field"));
            }
            let is_argument = behind.trim_start().starts_with(':');
            if let Some(one) = self.read_only.iter().filter(|_| is_argument).find(is_it) {
                return Err(one.read_only());
            }
        }
        Ok(())
    }

    /// What becomes of an answer. `gap` says why not all of it was read.
    pub(crate) fn show(
        &self,
        who: &[Identity],
        decoded: Option<&Decoded>,
        gap: Option<&'static str>,
    ) -> Shown {
        if !self.asks_of_answers() || self.is_exempt(who) {
            return Shown::AsItIs;
        }
        let Some(decoded) = decoded else { return self.not_read("body-not-held") };
        if decoded.response_format == Format::Empty {
            return Shown::AsItIs;
        }
        let root = decoded.view.root(Side::Response, Root::Body);
        let is_json = decoded.response_format == Format::Json;
        let (Some(root), true) = (root, is_json) else { return self.not_read("not-readable") };
        if let Some(gap) = gap {
            return self.not_read(gap);
        }
        let rewriter = Rewriter {
            strip: &self.strip,
            mask: &self.mask,
            until: thread_nanos() + REWRITE_NANOS,
        };
        match rewriter.write(root) {
            Ok(None) => Shown::AsItIs,
            Ok(Some(text)) => Shown::Changed(Bytes::from(text)),
            Err(()) => self.not_read(OVER_BUDGET),
        }
    }

    /// What becomes of an answer that must not be changed.
    pub(crate) fn not_read(&self, reason: &'static str) -> Shown {
        match self.config.on_unreadable {
            OnGap::Pass => Shown::NotRead(reason),
            OnGap::Refuse => {
                let title = "the answer cannot be shown to whoever asks";
                let refusal = Refusal::deny(StatusCode::BAD_GATEWAY, "answer-withheld", title);
                Shown::Refused(refusal.because(reason))
            }
        }
    }

    fn unread(&self, reason: &'static str) -> Result<Option<&'static str>, Refusal> {
        match self.config.on_unreadable {
            OnGap::Pass => Ok(Some(reason)),
            OnGap::Refuse => {
                let title = "this cannot be read and is not let through";
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                Err(Refusal::deny(status, "properties-unread", title).because(reason))
            }
        }
    }

    fn is_exempt(&self, who: &[Identity]) -> bool {
        let roles = &self.config.exempt_roles;
        who.iter().any(|one| roles::has_role(one, &self.config.role_claims, roles))
    }
}

impl Property {
    fn parse(text: &str) -> Result<Self, String> {
        let Some(pointer) = text.strip_prefix('/') else {
            if text.contains('/') {
                return Err(format!("{text:?}: a pointer begins with a slash"));
            }
            return Ok(Self { names: vec![Some(text.to_owned())], is_anywhere: true });
        };
        let names: Vec<_> = pointer.split('/').collect();
        if names.len() > STEPS || names.contains(&"") {
            return Err(format!("expected 1 to {STEPS} names, each behind a slash"));
        }
        let step = |name: &&str| (*name != "*").then(|| name.replace("~1", "/").replace("~0", "~"));
        let names: Vec<_> = names.iter().map(step).collect();
        if names.last().is_none_or(Option::is_none) {
            return Err("the last name is that of the property".to_owned());
        }
        Ok(Self { names, is_anywhere: false })
    }

    /// Its own name.
    fn name(&self) -> &str {
        self.names.last().and_then(Option::as_deref).unwrap_or_default()
    }

    /// Whether a value of a request sets it.
    fn is_set_by(&self, node: NodeRef<'_>) -> bool {
        let mut parts = node.key().split(['[', ']', '.']).filter(|part| !part.is_empty());
        if self.is_anywhere {
            return parts.any(|part| is_same_name(part, self.name()));
        }
        let mut at = Some(node);
        for name in self.names.iter().rev() {
            let Some(here) = at.filter(|here| !here.is_root()) else { return false };
            if name.as_deref().is_some_and(|name| !is_same_name(here.key(), name)) {
                return false;
            }
            at = here.parent();
        }
        at.is_some_and(|node| node.is_root())
    }

    fn read_only(&self) -> Refusal {
        let title = "a property is not for callers to set";
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "read-only-property", title);
        refusal.with_detail(format!("`{}` cannot be set", self.name()))
    }
}

/// Names in a document of GraphQL, wherever they stand, each with what is behind it.
fn words(document: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = document;
    std::iter::from_fn(move || {
        rest = rest.get(rest.find(is_of_name)?..)?;
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some((word, behind))
    })
}

#[cfg(test)]
mod tests;
