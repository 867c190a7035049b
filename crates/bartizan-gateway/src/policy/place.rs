//! Where a rule looks for values: `path.id`, `query.shop`, `header.x-tenant`, `cookie.shop`, `body:/items/*/owner`,
//! `xml:/Envelope/Body/Get/id`, `ws.message:/order`, `graphql:order.id` (an argument of a field).

use std::borrow::Cow;

use bartizan_model::{Root, Side};
use bartizan_protocols::{
    Decoded, NodeRef, Value, View,
    call::{ArgumentValue, arguments},
};

use super::asked::{self, Form};

/// Longest place and longest template, in bytes.
const PLACE_BYTES: usize = 512;
/// Most names in one.
const STEPS: usize = 32;

/// A place in a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A segment of the path, by its name in the template.
    Path(String),
    /// A parameter, field or cookie.
    Named(Root, String),
    /// A value in a document; `None` stands for any element or member.
    Below(Root, Vec<Option<String>>),
    /// An argument of a field in a GraphQL document.
    Argument(String, String),
}

/// A value in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held<'v> {
    /// A text, or an integer as text.
    Text(Cow<'v, str>),
    /// What is no identifier: an object, a truth value, a fraction, a path that cannot be read.
    Odd,
}

impl Place {
    /// Reads a place.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PLACE_BYTES {
            return Err(format!("has more than {PLACE_BYTES} bytes"));
        }
        for root in [Root::Body, Root::Xml, Root::Message] {
            let pointer = text.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix(":/"));
            if let Some(pointer) = pointer {
                return Ok(Self::Below(root, steps(pointer)?));
            }
        }
        if let Some(argument) = text.strip_prefix("graphql:") {
            let named = argument.split_once('.').filter(|(field, name)| {
                !field.is_empty() && !name.is_empty() && !name.contains('.')
            });
            let (field, name) = named.ok_or("expected `graphql:FIELD.ARGUMENT`")?;
            return Ok(Self::Argument(field.to_owned(), name.to_owned()));
        }
        let (kind, name) = text.split_once('.').unwrap_or((text, ""));
        if name.is_empty() {
            return Err(format!(
                "{text:?} is no place: `path.NAME`, `query.NAME`, `header.NAME`, `cookie.NAME`, \
                 `body:/NAME/*/NAME`, `xml:/NAME` or `ws.message:/NAME`"
            ));
        }
        match kind {
            "path" => Ok(Self::Path(name.to_owned())),
            "query" => Ok(Self::Named(Root::Query, name.to_owned())),
            "header" => Ok(Self::Named(Root::Header, name.to_ascii_lowercase())),
            "cookie" => Ok(Self::Named(Root::Cookie, name.to_owned())),
            _ => Err(format!("{kind:?} is no part of a request that values are in")),
        }
    }

    /// Whether it is of an answer's body.
    pub(crate) const fn is_of_body(&self) -> bool {
        matches!(self, Self::Below(Root::Body | Root::Xml, _))
    }

    /// Whether it is of messages of a WebSocket.
    pub(crate) const fn is_of_message(&self) -> bool {
        matches!(self, Self::Below(Root::Message, _))
    }

    /// The values in it of one side of what was read. Names are compared without case and `_` and `-`, as many
    /// servers bind them; where a name has several values all of them count. What is null counts as not there.
    pub(crate) fn values<'v>(&self, view: &'v View, side: Side) -> Vec<Held<'v>> {
        let mut found = Vec::new();
        for node in self.nodes(view, side) {
            match node.value() {
                Value::Array => found.extend(node.children().filter_map(held)),
                _ => found.extend(held(node)),
            }
        }
        found
    }

    /// The values in it, of those places that hold a list the list as one.
    pub(crate) fn nodes<'v>(&self, view: &'v View, side: Side) -> Vec<NodeRef<'v>> {
        match self {
            Self::Path(_) | Self::Argument(..) => Vec::new(),
            Self::Named(root, name) => {
                let children = view.root(side, *root).into_iter().flat_map(|root| root.children());
                children.filter(|child| is_same_name(child.key(), name)).collect()
            }
            Self::Below(root, steps) => {
                let Some(root) = view.root(side, *root) else { return Vec::new() };
                // Messages are elements of their root.
                let mut at: Vec<NodeRef<'_>> = match root.root() {
                    Root::Message => root.children().collect(),
                    _ => vec![root],
                };
                for step in steps {
                    at = at.into_iter().flat_map(|node| below(node, step.as_deref())).collect();
                }
                at
            }
        }
    }

    /// The values in it of the GraphQL documents of a request; `None` when that cannot be told.
    pub(crate) fn in_documents(&self, decoded: &Decoded) -> Option<Vec<Held<'static>>> {
        let Self::Argument(field, name) = self else { return None };
        let all = arguments(decoded)?.into_iter();
        let here = all.filter(|one| one.field == *field && one.name == *name);
        let held = here.filter_map(|one| match one.value {
            ArgumentValue::Text(text) => Some(Held::Text(Cow::Owned(text))),
            ArgumentValue::Null => None,
            ArgumentValue::Odd => Some(Held::Odd),
        });
        Some(held.collect())
    }

    /// The values in it of a path, in all its readings that fit the template.
    pub(crate) fn in_path(
        &self,
        template: &Template,
        forms: Option<&[Form]>,
    ) -> Vec<Held<'static>> {
        let Self::Path(name) = self else { return Vec::new() };
        let Some(forms) = forms else { return vec![Held::Odd] };
        let read = forms.iter().filter_map(|form| template.value(form, name));
        read.map(|text| Held::Text(Cow::Owned(asked::decoded(text)))).collect()
    }
}

/// What a value is as an identifier; `None` for null and for what was decoded out of its parent.
fn held(node: NodeRef<'_>) -> Option<Held<'_>> {
    if node.codec().is_some() {
        return None;
    }
    match node.value() {
        Value::Null => None,
        Value::Text(text) => Some(Held::Text(Cow::Borrowed(text))),
        Value::Integer(number) => Some(Held::Text(Cow::Owned(number.to_string()))),
        _ => Some(Held::Odd),
    }
}

fn below<'v>(node: NodeRef<'v>, step: Option<&str>) -> Vec<NodeRef<'v>> {
    let children = |node: NodeRef<'v>| node.children().filter(|child| child.codec().is_none());
    match (step, node.value()) {
        (None, _) => children(node).collect(),
        // A document that is wrapped into a list says the same to lenient servers.
        (Some(name), Value::Array) => {
            let inner = children(node).flat_map(children);
            inner.filter(|child| is_same_name(child.key(), name)).collect()
        }
        (Some(name), _) => children(node).filter(|child| is_same_name(child.key(), name)).collect(),
    }
}

fn steps(pointer: &str) -> Result<Vec<Option<String>>, String> {
    let names: Vec<_> = pointer.split('/').collect();
    if names.len() > STEPS || names.contains(&"") {
        return Err(format!("expected 1 to {STEPS} names, each behind a slash"));
    }
    let step = |name: &str| (name != "*").then(|| name.replace("~1", "/").replace("~0", "~"));
    Ok(names.into_iter().map(step).collect())
}

/// Whether servers may take two names for the same: letters without case (of Unicode, as Go's `encoding/json`
/// does), without `_` and `-`.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let folded = |text: &str| {
        let kept = text.chars().filter(|c| !matches!(c, '_' | '-'));
        kept.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>()
    };
    folded(one) == folded(other)
}

/// A path with names for some of its segments: `/v1/orders/{order}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
    /// Any number of segments, at the end.
    Rest,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PLACE_BYTES {
            return Err(format!("has more than {PLACE_BYTES} bytes"));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("{text:?} does not begin with a slash"));
        };
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            if segments.last() == Some(&Segment::Rest) {
                return Err("`**` is for the end".to_owned());
            }
            let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            segments.push(match (segment, name) {
                ("**", _) => Segment::Rest,
                ("", _) | (_, Some("")) => return Err(format!("{text:?} has an empty segment")),
                (_, Some(name)) => Segment::Parameter(name.to_owned()),
                (literal, None) if literal.contains(['{', '}', '*']) => {
                    return Err(format!("{literal:?} is neither a word nor `{{name}}`"));
                }
                (literal, None) => Segment::Literal(literal.to_owned()),
            });
        }
        if segments.len() > STEPS {
            return Err(format!("has more than {STEPS} segments"));
        }
        Ok(Self(segments))
    }

    /// Whether it names a segment.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|segment| matches!(segment, Segment::Parameter(own) if own == name))
    }

    /// The segment of that name in a path that fits.
    fn value<'f>(&self, form: &'f Form, name: &str) -> Option<&'f str> {
        let mut found = None;
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Rest => return found,
                Segment::Literal(word) => {
                    form.segment(at).filter(|text| text.eq_ignore_ascii_case(word))?;
                }
                Segment::Parameter(own) => {
                    let text = form.segment(at)?;
                    if own == name {
                        found = Some(text);
                    }
                }
            }
        }
        found.filter(|_| form.len() == self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Request};
    use bartizan_protocols::decode;

    use super::*;

    fn texts(place: &str, target: &str, body: &str) -> Vec<String> {
        let mut request = Request {
            method: "POST".to_owned(),
            target: target.to_owned(),
            body: body.to_owned().into(),
            ..Request::default()
        };
        request.headers.push("content-type", "application/json");
        let exchange = Exchange { request, ..Exchange::default() };
        let decoded = decode(&exchange, &Limits::default(), 1);
        let place = Place::parse(place).expect("a place");
        let show = |held: &Held<'_>| match held {
            Held::Text(text) => text.to_string(),
            Held::Odd => "?".to_owned(),
        };
        place.values(&decoded.view, Side::Request).iter().map(show).collect()
    }

    #[test]
    fn all_values_of_a_place_are_found() {
        let body = r#"{"owner":7,"items":[{"owner_id":"a"},{"ownerId":"b"}],"to":["x",null,1.5]}"#;
        assert_eq!(texts("body:/owner", "/", body), ["7"]);
        assert_eq!(texts("body:/items/*/owner_id", "/", body), ["a", "b"]);
        assert_eq!(texts("body:/to", "/", body), ["x", "?"]);
        assert_eq!(texts("body:/items", "/", body), ["?", "?"]);
        assert_eq!(texts("body:/missing", "/", body), [""; 0]);
        assert_eq!(texts("body:/owner", "/", r#"[{"Owner":8}]"#), ["8"], "wrapped, other case");
        assert_eq!(texts("query.shop", "/?shop=a&x=1&shop=b", "{}"), ["a", "b"]);
    }

    #[test]
    fn segments_are_named_by_a_template() {
        let template = Template::parse("/v1/users/{user}/**").expect("a template");
        let place = Place::parse("path.user").expect("a place");
        let read = |path: &str| {
            let request = http::Request::get(path).body(()).expect("a request").into_parts().0;
            let wanted = super::super::scope::Wanted { paths: true, ..Default::default() };
            let asked = asked::Asked::new(wanted, None, &request);
            place.in_path(&template, asked.paths(false))
        };
        let text = |text: &'static str| Held::Text(Cow::Borrowed(text));
        assert_eq!(read("/v1/users/7/orders"), [text("7")]);
        assert_eq!(read("/V1/Users/7/"), [text("7")]);
        assert!(read("/v1/orders/7").is_empty());
        let seen = read("/v1/users/7/../8");
        assert!(seen.contains(&text("7")) && seen.contains(&text("8")), "{seen:?}");
        assert!(read("/v1/users/%38").iter().all(|held| *held == text("8")));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for place in ["", "id", "path.", "method.x", "body:/", "body:/a//b", "body:a"] {
            assert!(Place::parse(place).is_err(), "{place}");
        }
        for template in ["", "v1", "/a//b", "/{}", "/a*", "/**/a"] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
        assert!(is_same_name("carrier_cost", "carrierCost") && is_same_name("Role", "role"));
        assert!(is_same_name("\u{212a}ey", "key"), "the Kelvin sign");
        assert!(!is_same_name("role", "roles"));
    }
}
