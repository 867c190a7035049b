//! Fields of requests on their way to the upstream: set, added where they are missing, removed.

use std::collections::BTreeMap;

use bartizan_model::Mode;
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    headers::{name, values},
};
use crate::{head::validate::is_alike, phases::Edits};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "request_headers",
    title: "Fields of requests",
    mode: Mode::Monitor,
    documentation: "\
Changes fields of requests that were let in, on their way to the upstream: `remove` takes one away, `set` replaces it, \
`add` gives one only where the request has none of that name. Something may be believed because of a field that the \
gateway sets, so `set` and `add` count only where the scope surely fits, while `remove` counts where it only may. \
Policies come in the order in which they are written, each after what the one before it has changed.

Servers that take fields for variables do not tell `X-User` from `X_User` or `X.User`. Where a field is removed or \
replaced, those go that differ from it in such marks only; where one is added, it takes the place of those. What \
comes behind a body (trailers) stays as it is: no server may take it for a field of the head (RFC 9110 §6.5.1).

Fields that are of the connection or frame the message cannot be changed (`Connection`, `Transfer-Encoding`, \
`Content-Length`, `TE`, `Upgrade` and others), nor what the gateway itself says about where a request is for and from \
(`Host`, `Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `X-Request-ID`), nor those in which servers look for another path or \
method (`X-Original-URL`, `X-HTTP-Method-Override` and others), except that they may be removed: policies have looked at \
them. What is kept of an exchange shows the fields as the client sent them.",
    examples: &["\
name: what-the-service-believes
mode: enforce
request_headers:
  set: {x-gateway: bartizan}
  remove: [x-internal-user, x-http-method-override]
"],
};

/// What a request is for and from, which the gateway says.
const ABOUT: [&str; 9] = [
    "host",
    "forwarded",
    "x-real-ip",
    "x-request-id",
    "expect",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "content-type",
];
/// What else it says so begins with this.
const FORWARDED: &str = "x-forwarded-";
/// In which servers look for another path or method: they may go, and not come.
const INSTEAD: [&str; 5] = [
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];
/// Most fields that are removed.
const FIELDS: usize = 64;

/// Settings of a policy about fields of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestHeadersConfig {
    /// Fields that are replaced.
    pub set: BTreeMap<String, String>,
    /// Fields that are given where there is none of that name.
    pub add: BTreeMap<String, String>,
    /// Fields that are removed.
    pub remove: Vec<String>,
}

/// A compiled policy about fields of requests.
#[derive(Debug)]
pub(crate) struct RequestFields {
    set: Vec<(HeaderName, HeaderValue)>,
    add: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
}

impl RequestFields {
    pub(crate) fn compile(config: &RequestHeadersConfig) -> Result<Self, Problem> {
        let (set, add) = (values("set", &config.set)?, values("add", &config.add)?);
        for (key, list) in [("set", &set), ("add", &add)] {
            for (name, _) in list {
                changeable(&format!("{key}.{name}"), name)?;
                if is_one_of(&INSTEAD, name) {
                    let problem = format!("{name} leads past policies and may only be removed");
                    return Err(Problem::new(format!("{key}.{name}"), problem));
                }
            }
        }
        if config.remove.len() > FIELDS {
            return Err(Problem::new("remove", format!("more than {FIELDS} fields")));
        }
        let mut remove = Vec::with_capacity(config.remove.len());
        for (at, text) in config.remove.iter().enumerate() {
            let key = format!("remove.{at}");
            let name = name(&key, text)?;
            changeable(&key, &name)?;
            remove.push(name);
        }
        if set.is_empty() && add.is_empty() && remove.is_empty() {
            return Err(Problem::new("", "there is nothing to do"));
        }
        Ok(Self { set, add, remove })
    }

    /// The changes for a request with fields of these names, which are those of the changed one afterwards; `false` when
    /// there is none.
    pub(crate) fn edit(
        &self,
        names: &mut Vec<HeaderName>,
        is_sure: bool,
        edits: &mut Edits,
    ) -> bool {
        let mut changes = false;
        for gone in &self.remove {
            changes |= take_away(gone, names, edits);
        }
        if !is_sure {
            return changes;
        }
        let missing = self.add.iter().filter(|(name, _)| !names.contains(name));
        let missing: Vec<_> = missing.collect();
        for (name, value) in missing.into_iter().chain(&self.set) {
            take_away(name, names, edits);
            edits.set(name.clone(), value.clone());
            names.push(name.clone());
            changes = true;
        }
        changes
    }
}

/// Takes away the fields that servers may take for one of this name.
fn take_away(name: &HeaderName, names: &mut Vec<HeaderName>, edits: &mut Edits) -> bool {
    let before = names.len();
    names.retain(|known| {
        let stays = !is_alike(known.as_str().as_bytes(), name.as_str().as_bytes());
        if !stays {
            edits.remove(known.clone());
        }
        stays
    });
    names.len() < before
}

fn changeable(key: &str, name: &HeaderName) -> Result<(), Problem> {
    let is_known = is_one_of(&ABOUT, name);
    let begins = name.as_str().get(..FORWARDED.len());
    let is_forwarded = begins.is_some_and(|start| is_alike(start.as_bytes(), FORWARDED.as_bytes()));
    if is_known || is_forwarded {
        let problem = format!("{name} says what the gateway knows and stays as it is");
        return Err(Problem::new(key, problem));
    }
    Ok(())
}

fn is_one_of(names: &[&str], name: &HeaderName) -> bool {
    names.iter().any(|known| is_alike(known.as_bytes(), name.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn compile(text: &str) -> Result<RequestFields, Problem> {
        RequestFields::compile(&serde_saphyr::from_str(text).expect(text))
    }

    fn edited(text: &str, is_sure: bool, odd: &[(&'static str, &'static str)]) -> Vec<String> {
        let rule = compile(text).expect("compiles");
        let mut fields = HeaderMap::new();
        for (name, value) in [("x-a", "0"), ("x-a", "9"), ("x-b", "0"), ("x-d", "0")] {
            fields.append(name, HeaderValue::from_static(value));
        }
        for (name, value) in odd {
            fields.append(*name, HeaderValue::from_static(value));
        }
        let (mut edits, before) = (Edits::default(), fields.clone());
        let mut names: Vec<HeaderName> = fields.keys().cloned().collect();
        let changes = rule.edit(&mut names, is_sure, &mut edits);
        edits.apply(&mut fields);
        assert_eq!(changes, fields != before);
        assert!(names.len() == fields.keys_len() && names.iter().all(|n| fields.contains_key(n)));
        let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
        let mut out: Vec<_> = fields.iter().map(|(n, v)| format!("{n}: {}", text(v))).collect();
        out.sort();
        out
    }

    #[test]
    fn fields_are_set_added_and_removed() {
        let text = "{set: {X-A: '1'}, add: {x-b: '2', x-c: '3'}, remove: [x-d]}";
        assert_eq!(edited(text, true, &[]), ["x-a: 1", "x-b: 0", "x-c: 3"]);
        // What a service may believe is only said where it is sure that it is meant.
        assert_eq!(edited(text, false, &[]), ["x-a: 0", "x-a: 9", "x-b: 0"]);
    }

    /// CGI makes `HTTP_X_A` of all of them, and who asks chooses which one counts.
    #[test]
    fn names_that_servers_take_for_the_same_are_the_same() {
        let odd = [("x_a", "evil"), ("x.d", "evil"), ("x_c", "evil"), ("x_b", "mine")];
        let text = "{set: {X-A: '1'}, add: {x-b: '2', x-c: '3'}, remove: [x-d]}";
        let expected = ["x-a: 1", "x-b: 0", "x-c: 3", "x_b: mine"];
        assert_eq!(edited(text, true, &odd), expected, "x-b is the client's anyway");
        let expected = ["x-a: 0", "x-a: 9", "x-b: 0", "x_a: evil", "x_b: mine", "x_c: evil"];
        assert_eq!(edited(text, false, &odd), expected);
        assert_eq!(edited("{remove: [x_a, X_b, 'x!d']}", false, &odd[2..3]), ["x_c: evil"]);
    }

    #[test]
    fn what_frames_routes_and_is_believed_stays() {
        for text in [
            "{}",
            "{set: {content-length: '1'}}",
            "{remove: [Transfer-Encoding]}",
            "{set: {Host: evil.example}}",
            "{remove: [host]}",
            "{add: {X-Forwarded-For: 127.0.0.1}}",
            "{remove: [x-forwarded-host]}",
            "{set: {x-original-url: /admin}}",
            "{add: {x-http-method-override: DELETE}}",
            "{add: {x_forwarded_for: 127.0.0.1}}",
            "{remove: [X.Real_IP]}",
            "{set: {x_original_url: /admin}}",
            "{set: {x-a: \"1\\r\\nx-b: 2\"}}",
            "{remove: ['a b']}",
        ] {
            assert!(compile(text).is_err(), "{text}");
        }
        assert!(compile("{remove: [x-original-url]}").is_ok());
    }
}
