//! Properties: which members of objects somebody sees, and which nobody sets.

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::{Decoded, Format};
use bytes::Bytes;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::{OVER_BUDGET, OnGap, thread_nanos},
    identity::Identity,
    record::Refusal,
    roles,
    spelling::{STEPS, Way, folded},
};

mod patch;
mod requests;
mod rewrite;

use rewrite::Rewriter;

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
only it cannot be told, which counts as not evaluated (`document-unknown`).

`read_only` knows operations of JSON Patch (RFC 6902; objects with `op` and `path`, whatever the media type): none but \
`test` may name such a member, nor remove or overwrite what holds one that is given as a pointer; in a merge patch \
(RFC 7396) nor may a null. In XML, attributes are members too. Messages of WebSockets are looked at as bodies are.

Messages are read up to 1 MiB, for at most 5 milliseconds of processor time, and as long for comparing, and for writing \
one anew. `on_unreadable` says what becomes of requests that cannot be read as far as they may hold what is asked about, \
and of answers: longer, slower, passed on as they come, or written so that servers read them differently; answers also \
when they are no JSON. A refused answer is replaced by a problem document (502).",
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
    way: Way,
    /// Its own name, as names of requests are compared.
    folded: String,
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

    /// Whether messages of a WebSocket have to be read for it.
    pub(crate) fn asks_of_messages(&self) -> bool {
        !self.read_only.is_empty()
    }

    /// Whether answers have to be read for it.
    pub(crate) fn asks_of_answers(&self) -> bool {
        !(self.strip.is_empty() && self.mask.is_empty())
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
            return Ok(Self::new(vec![Some(text.to_owned())], true));
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
        Ok(Self::new(names, false))
    }

    fn new(names: Vec<Option<String>>, is_anywhere: bool) -> Self {
        let way = Way::new(names.iter().map(Option::as_deref));
        let folded = folded(names.last().and_then(Option::as_deref).unwrap_or_default()).collect();
        Self { names, is_anywhere, way, folded }
    }

    /// Its own name.
    fn name(&self) -> &str {
        self.names.last().and_then(Option::as_deref).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
