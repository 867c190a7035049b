//! Where a rule looks for values: `path.id`, `query.shop`, `header.x-tenant`, `cookie.shop`, `body:/items/*/owner`,
//! `xml:/Envelope/Body/Get/id`, `ws.message:/order`, `graphql:order.id` (an argument of a field).

use std::borrow::Cow;

use bartizan_model::{Root, Side};
use bartizan_protocols::{
    NodeRef, Value, View,
    call::{Argument, ArgumentValue},
};

use super::{
    asked::{self, Form},
    spelling::{Along, STEPS, Way, is_same_name, local},
    time::Time,
};

/// Longest place and longest template, in bytes.
const PLACE_BYTES: usize = 512;

/// A place in a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A segment of the path, by its name in the template.
    Path(String),
    /// A field, by its name.
    Header(String),
    /// A parameter or cookie.
    Named(Root, Way),
    /// A value in a document.
    Below(Root, Way),
    /// An argument of a field in a GraphQL document.
    Argument(String, String),
}

/// A value in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held<'v> {
    /// A text, or a number as it is written.
    Text(Cow<'v, str>),
    /// What is no identifier: an object, a truth value, a path that cannot be read.
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
            "query" => Ok(Self::Named(Root::Query, Way::new([Some(name)]))),
            "header" => Ok(Self::Header(name.to_ascii_lowercase())),
            "cookie" => Ok(Self::Named(Root::Cookie, Way::new([Some(name)]))),
            _ => Err(format!("{kind:?} is no part of a request that values are in")),
        }
    }

    /// The part of a body that it is in; `None` when it is in none.
    pub(crate) const fn of_body(&self) -> Option<Root> {
        match self {
            Self::Below(root @ (Root::Body | Root::Xml), _) => Some(*root),
            _ => None,
        }
    }

    /// Whether it is of messages of a WebSocket.
    pub(crate) const fn is_of_message(&self) -> bool {
        matches!(self, Self::Below(Root::Message, _))
    }

    /// Whether it is of the head, but for the path.
    pub(crate) const fn is_of_head(&self) -> bool {
        matches!(self, Self::Header(_) | Self::Named(..))
    }

    /// The values in it of one side of what was read, as far as there is time. Names are compared as many servers
    /// bind them ([`is_same_name`]); where a name has several values all of them count. What is null counts as not
    /// there.
    pub(crate) fn values<'v>(&self, view: &'v View, side: Side, time: &Time) -> Vec<Held<'v>> {
        let mut found = Vec::new();
        for node in self.nodes(view, side, time) {
            match node.value() {
                Value::Array => found.extend(node.children().filter_map(held)),
                _ => found.extend(held(node)),
            }
        }
        if let Self::Named(Root::Query, way) = self {
            let query = view.root(side, Root::Query).into_iter().flat_map(|root| root.children());
            let behind = query.filter(|_| time.is_left_for(0)).flat_map(behind_semicolons);
            let own = behind.filter(|(name, _)| way.is_end(way.by_key(Along::BEGIN, name)));
            found.extend(own.map(|(_, value)| Held::Text(Cow::Borrowed(value))));
        }
        found
    }

    /// The values in it, of those places that hold a list the list as one.
    pub(crate) fn nodes<'v>(&self, view: &'v View, side: Side, time: &Time) -> Vec<NodeRef<'v>> {
        match self {
            Self::Path(_) | Self::Argument(..) => Vec::new(),
            Self::Header(name) => {
                let root = view.root(side, Root::Header).into_iter();
                let fields = root.flat_map(|root| root.children());
                fields.filter(|field| is_same_name(field.key(), name)).collect()
            }
            Self::Named(root, way) | Self::Below(root, way) => {
                let Some(root) = view.root(side, *root) else { return Vec::new() };
                // Messages are elements of their root.
                let mut open: Vec<_> = match root.root() {
                    Root::Message => root.children().map(|one| (one, Along::BEGIN)).collect(),
                    _ => vec![(root, Along::BEGIN)],
                };
                let mut found = Vec::new();
                while let Some((node, along)) = open.pop() {
                    for child in node.children().filter(|child| child.codec().is_none()) {
                        if !time.is_left_for(child.key().len()) {
                            return found;
                        }
                        let along = along_to(child, way, along);
                        if way.is_end(along) {
                            found.push(child);
                        } else if !along.is_lost() {
                            open.push((child, along));
                        }
                    }
                }
                found.sort_by_key(NodeRef::id);
                found
            }
        }
    }

    /// The values in it of the arguments of GraphQL documents.
    pub(crate) fn in_documents<'a>(&self, all: &'a [Argument]) -> Vec<Held<'a>> {
        let Self::Argument(field, name) = self else { return Vec::new() };
        let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let here = all.iter().filter(|one| is(&one.field, field) && is(&one.name, name));
        let held = here.filter_map(|one| match &one.value {
            ArgumentValue::Text(text) => Some(Held::Text(Cow::Borrowed(text))),
            ArgumentValue::Null => None,
            ArgumentValue::Odd => Some(Held::Odd),
        });
        held.collect()
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
        Value::Number(_) if !node.raw().is_empty() => Some(Held::Text(Cow::Borrowed(node.raw()))),
        _ => Some(Held::Odd),
    }
}

fn along_to(child: NodeRef<'_>, way: &Way, along: Along) -> Along {
    let key = child.key();
    match child.root() {
        Root::Xml if key.starts_with('@') => {
            // With its prefix or without.
            let without = way.by_name(along, &format!("@{}", local(key)));
            if without.is_lost() { way.by_name(along, key) } else { without }
        }
        _ => way.by_key(along, key),
    }
}

/// Parameters behind a semicolon in one, which some servers take for the next one.
pub(crate) fn behind_semicolons(node: NodeRef<'_>) -> impl Iterator<Item = (&str, &str)> {
    let text = match node.value() {
        Value::Text(text) => text,
        _ => "",
    };
    let own = node.key().rsplit_once(';').map(|(_, name)| (name, before_semicolon(text)));
    own.into_iter().chain(text.split(';').skip(1).filter_map(|pair| pair.split_once('=')))
}

fn before_semicolon(text: &str) -> &str {
    text.split_once(';').map_or(text, |(before, _)| before)
}

fn steps(pointer: &str) -> Result<Way, String> {
    let names: Vec<_> = pointer.split('/').collect();
    if names.len() > STEPS || names.contains(&"") {
        return Err(format!("expected 1 to {STEPS} names, each behind a slash"));
    }
    let step = |name: &&str| (*name != "*").then(|| name.replace("~1", "/").replace("~0", "~"));
    let names: Vec<_> = names.iter().map(step).collect();
    Ok(Way::new(names.iter().map(Option::as_deref)))
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

    /// The segment of that name in one reading of a path, without its encoding, where that fits.
    pub(crate) fn text(&self, form: &Form, name: &str) -> Option<String> {
        self.value(form, name).map(asked::decoded)
    }

    /// The names of its segments.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name),
            Segment::Literal(_) | Segment::Rest => None,
        })
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
    use bartizan_model::Limits;
    use bartizan_protocols::decode;

    use super::{super::readings::tests::posted, *};

    fn texts(place: &str, target: &str, body: &str) -> Vec<String> {
        let exchange = posted(target, "application/json", body);
        let decoded = decode(&exchange, &Limits::default(), 1);
        let place = Place::parse(place).expect("a place");
        let show = |held: &Held<'_>| match held {
            Held::Text(text) => text.to_string(),
            Held::Odd => "?".to_owned(),
        };
        let time = Time::without_end();
        place.values(&decoded.view, Side::Request, &time).iter().map(show).collect()
    }

    #[test]
    fn all_values_of_a_place_are_found() {
        let body = r#"{"owner":7,"items":[{"owner_id":"a"},{"ownerId":"b"}],"to":["x",null,1.5]}"#;
        assert_eq!(texts("body:/owner", "/", body), ["7"]);
        assert_eq!(texts("body:/items/*/owner_id", "/", body), ["a", "b"]);
        assert_eq!(texts("body:/to", "/", body), ["x", "1.5"]);
        assert_eq!(texts("body:/items", "/", body), ["?", "?"]);
        assert_eq!(texts("body:/missing", "/", body), [""; 0]);
        assert_eq!(texts("body:/owner", "/", r#"[{"Owner":8}]"#), ["8"], "wrapped, other case");
        let query = "/?shop=a&x=1&shop=b&SHOP[]=c&shop%5B0%5D=d&y=1;shop=e&z;shop=f&shops=g";
        assert_eq!(texts("query.shop", query, "{}"), ["a", "b", "c", "d", "e", "f"]);
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
    }
}
