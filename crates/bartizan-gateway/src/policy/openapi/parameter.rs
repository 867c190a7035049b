//! Parameters: every place, style and way to write lists and objects (OpenAPI 3.1.1 section 4.8.12, 3.2.0 section 4.12,
//! 2.0 `collectionFormat`), written as JSON so that one schema is compared with all of them.

use bartizan_protocols::spec::{
    ParameterIn, Place, SpecDocument, SpecParameter,
    tree::{Node, Value as Written},
};

use super::{
    head::{Head, Pair},
    shape::Shape,
    text::{decoded, quote},
};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Elements with this between them: paths and header fields.
    Simple { between: char, explode: bool },
    /// `.a.b` (RFC 6570 section 3.2.5).
    Label { explode: bool },
    /// `;name=a` (RFC 6570 section 3.2.7).
    Matrix { explode: bool },
    /// `name=a`: queries and cookies.
    Form { between: char, explode: bool },
    /// `name[a]=b`.
    DeepObject,
    /// JSON in one text.
    Json,
    /// A text of another media type, as it is.
    Text,
    /// The whole query (OpenAPI 3.2), as a form.
    Whole,
    /// The whole query as JSON.
    WholeJson,
}

/// A parameter of an operation, or a header field of an answer.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) location: ParameterIn,
    pub(super) schema: Option<Place>,
    is_required: bool,
    allows_empty: bool,
    style: Style,
    shape: Shape,
}

/// The places that parameters are written by, in the words of a pointer.
pub(super) const LOCATIONS: [(ParameterIn, &str); 5] = [
    (ParameterIn::Path, "path"),
    (ParameterIn::Query, "query"),
    (ParameterIn::QueryString, "querystring"),
    (ParameterIn::Header, "header"),
    (ParameterIn::Cookie, "cookie"),
];

/// Why parameters cannot be written as JSON: where, and the keyword that says what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) place: String,
    pub(super) keyword: &'static str,
}

/// A value in its parts, as they came.
enum Parts<'t> {
    One(&'t str),
    List(Vec<&'t str>),
    Pairs(Vec<(&'t str, &'t str)>),
}

impl Parameter {
    /// A parameter as it is documented; `None` for one that says nothing: fields that other parts of a specification
    /// are about, and fields of forms.
    pub(super) fn new(document: &SpecDocument, documented: &SpecParameter) -> Option<Self> {
        let node = document.node(documented.place);
        let location = documented.location;
        let others = ["accept", "content-type", "authorization"];
        let is_other = |name: &&str| documented.name.eq_ignore_ascii_case(name);
        let is_known = LOCATIONS.iter().any(|(known, _)| *known == location);
        if !is_known || (location == ParameterIn::Header && others.iter().any(is_other)) {
            return None;
        }
        let flag = |name| node.get(name).and_then(Node::as_bool);
        let shape = documented.schema.map(|place| Shape::of(document, place)).unwrap_or_default();
        Some(Self {
            name: documented.name.clone(),
            location,
            schema: documented.schema,
            is_required: documented.required,
            allows_empty: flag("allowEmptyValue") == Some(true) && location == ParameterIn::Query,
            style: style(node, location),
            shape,
        })
    }

    /// A header field of an answer.
    pub(super) fn of_answer(document: &SpecDocument, name: &str, place: Place) -> Option<Self> {
        let node = document.node(place);
        let at = |node: Node<'_>| Place { file: place.file, node: node.id() };
        let content = || node.get("content")?.children().next()?.get("schema");
        // In OpenAPI 2.0 the field itself is like a schema.
        let is_schema = || node.get("type").is_some().then_some(place);
        let documented = SpecParameter {
            name: name.to_owned(),
            location: ParameterIn::Header,
            required: node.get("required").and_then(Node::as_bool) == Some(true),
            schema: node.get("schema").or_else(content).map(at).or_else(is_schema),
            place,
            ..SpecParameter::default()
        };
        Self::new(document, &documented)
    }

    /// Whether it takes fields of the query or cookies by the names of its properties.
    fn is_spread(&self) -> bool {
        let is_form = matches!(self.style, Style::Form { explode: true, .. });
        is_form && self.shape.is_object && !self.shape.is_array && !self.shape.is_scalar()
    }

    fn wrong(&self, keyword: &'static str) -> Wrong {
        let word = LOCATIONS
            .iter()
            .find(|(known, _)| *known == self.location)
            .map_or("", |(_, word)| word);
        let name = self.name.replace('~', "~0").replace('/', "~1");
        Wrong { place: format!("/{word}/{name}"), keyword }
    }

    /// Writes the value, if there is one.
    fn write(&self, head: &Head<'_>, out: &mut String) -> Result<(), Wrong> {
        let before = out.len();
        let is_there = match self.location {
            ParameterIn::Path => {
                let raw = head.path.iter().find(|(name, _)| *name == self.name);
                // One that the template does not name cannot be there.
                let Some((_, raw)) = raw else { return Ok(()) };
                self.value(raw, false, out).ok_or_else(|| self.wrong("style"))?;
                true
            }
            ParameterIn::Header => self.field(head, out)?,
            ParameterIn::Cookie => self.pairs(&head.cookies, false, out)?,
            ParameterIn::QueryString => self.whole(head, out)?,
            _ => self.pairs(&head.query, true, out)?,
        };
        if out.len() == before && self.is_required && !is_there {
            return Err(self.wrong("required"));
        }
        Ok(())
    }

    /// Whether it is there, in a header field or several.
    fn field(&self, head: &Head<'_>, out: &mut String) -> Result<bool, Wrong> {
        let is_it = |name: &&http::HeaderName| name.as_str().eq_ignore_ascii_case(&self.name);
        let values: Vec<_> = head.fields.iter().filter(|(name, _)| is_it(name)).collect();
        let texts: Result<Vec<_>, _> = values.iter().map(|(_, value)| value.to_str()).collect();
        let texts = texts.map_err(|_| self.wrong("not-readable"))?;
        match texts.as_slice() {
            [] => return Ok(false),
            [one] => self.text(one.trim(), out),
            many if self.shape.is_array => self.text(&many.join(","), out),
            _ => return Err(self.wrong("duplicate")),
        }
        .ok_or_else(|| self.wrong("style"))?;
        Ok(true)
    }

    /// A header field, where nothing is encoded.
    fn text(&self, text: &str, out: &mut String) -> Option<()> {
        match self.parts(text)? {
            Parts::One(text) if self.style == Style::Json => json(text, out),
            Parts::One(text) => self.shape.scalar(out, text),
            Parts::List(list) => self.shape.array(out, list.into_iter().map(str::trim)),
            Parts::Pairs(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.trim(), v.trim())).collect();
                self.shape.object(out, &pairs);
            }
        }
        Some(())
    }

    /// Whether it is there, among fields of a query or cookies.
    fn pairs(&self, all: &[Pair<'_>], is_form: bool, out: &mut String) -> Result<bool, Wrong> {
        if self.style == Style::DeepObject || self.is_spread() {
            return self.properties(all, is_form, out);
        }
        let mine: Vec<&Pair<'_>> = all.iter().filter(|pair| *pair.name == *self.name).collect();
        mine.iter().for_each(|pair| pair.is_used.set(true));
        let is_list =
            self.shape.is_array && matches!(self.style, Style::Form { explode: true, .. });
        match mine.as_slice() {
            [] => return Ok(false),
            [one] if one.raw.is_empty() && self.allows_empty => return Ok(true),
            many if is_list && (many.len() > 1 || !self.shape.is_scalar()) => {
                let texts: Option<Vec<_>> =
                    many.iter().map(|pair| decoded(pair.raw, is_form)).collect();
                let texts = texts.ok_or_else(|| self.wrong("not-readable"))?;
                self.shape.array(out, texts.iter().map(|text| &**text));
            }
            [one] => self.value(one.raw, is_form, out).ok_or_else(|| self.wrong("style"))?,
            _ => return Err(self.wrong("duplicate")),
        }
        Ok(true)
    }

    /// Properties that are fields of their own, as `name[property]` or by their own names.
    fn properties(&self, all: &[Pair<'_>], is_form: bool, out: &mut String) -> Result<bool, Wrong> {
        let mut found = Vec::new();
        for pair in all.iter().filter(|pair| !pair.is_used.get()) {
            let name = match self.style {
                Style::DeepObject => {
                    let inner =
                        pair.name.strip_prefix(&*self.name).and_then(|rest| rest.strip_prefix('['));
                    let inner = inner.and_then(|rest| rest.strip_suffix(']'));
                    let Some(inner) = inner.filter(|inner| !inner.contains(['[', ']'])) else {
                        continue;
                    };
                    inner
                }
                // Other cookies have nothing to do with it.
                _ if !self.shape.takes(&pair.name) => continue,
                _ => &*pair.name,
            };
            pair.is_used.set(true);
            let value = decoded(pair.raw, is_form).ok_or_else(|| self.wrong("not-readable"))?;
            found.push((name, value));
        }
        if found.is_empty() {
            return Ok(false);
        }
        let pairs: Vec<_> = found.iter().map(|(name, value)| (*name, &**value)).collect();
        self.shape.object(out, &pairs);
        Ok(true)
    }

    /// The whole query.
    fn whole(&self, head: &Head<'_>, out: &mut String) -> Result<bool, Wrong> {
        head.query.iter().for_each(|pair| pair.is_used.set(true));
        if head.whole_query.is_empty() {
            return Ok(false);
        }
        if self.style == Style::WholeJson {
            let text =
                decoded(head.whole_query, false).ok_or_else(|| self.wrong("not-readable"))?;
            json(&text, out);
            return Ok(true);
        }
        let values: Option<Vec<_>> =
            head.query.iter().map(|pair| decoded(pair.raw, true)).collect();
        let values = values.ok_or_else(|| self.wrong("not-readable"))?;
        let names = head.query.iter().map(|pair| &*pair.name);
        let pairs: Vec<_> = names.zip(values.iter().map(|value| &**value)).collect();
        self.shape.object(out, &pairs);
        Ok(true)
    }

    /// One value in one text that is percent-encoded: its parts are told apart before that is undone.
    fn value(&self, raw: &str, is_form: bool, out: &mut String) -> Option<()> {
        match self.parts(raw)? {
            Parts::One(raw) => {
                let text = decoded(raw, is_form)?;
                match self.style {
                    Style::Json => json(&text, out),
                    Style::Text => quote(out, &text),
                    _ => self.shape.scalar(out, &text),
                }
            }
            Parts::List(list) => {
                let list: Option<Vec<_>> =
                    list.into_iter().map(|raw| decoded(raw, is_form)).collect();
                self.shape.array(out, list?.iter().map(|text| &**text));
            }
            Parts::Pairs(pairs) => {
                let pair =
                    |(name, value)| Some((decoded(name, is_form)?, decoded(value, is_form)?));
                let pairs: Option<Vec<_>> = pairs.into_iter().map(pair).collect();
                let pairs = pairs?;
                let pairs: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
                self.shape.object(out, &pairs);
            }
        }
        Some(())
    }

    /// The parts of a value; `None` when it is not written in this style.
    fn parts<'t>(&self, raw: &'t str) -> Option<Parts<'t>> {
        let (text, between, explode) = match self.style {
            Style::Simple { between, explode } | Style::Form { between, explode } => {
                (raw, between, explode)
            }
            Style::Label { explode } => {
                (raw.strip_prefix('.')?, if explode { '.' } else { ',' }, explode)
            }
            Style::Matrix { explode } => return self.matrix(raw.strip_prefix(';')?, explode),
            _ => return Some(Parts::One(raw)),
        };
        if self.is_list(text, between) {
            return Some(Parts::List(split(text, between)));
        }
        if self.is_pairs() {
            return pairs(&split(text, between), explode).map(Parts::Pairs);
        }
        Some(Parts::One(text))
    }

    /// Behind the first `;`: every part has its name.
    fn matrix<'t>(&self, text: &'t str, explode: bool) -> Option<Parts<'t>> {
        let all: Vec<(&str, &str)> =
            text.split(';').map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        if explode && self.is_pairs() {
            return Some(Parts::Pairs(all));
        }
        if !all.iter().all(|(name, _)| decoded(name, false).as_deref() == Some(&*self.name)) {
            return None;
        }
        match all.as_slice() {
            many if explode && self.shape.is_array => {
                Some(Parts::List(many.iter().map(|(_, v)| *v).collect()))
            }
            [(_, value)] if self.is_list(value, ',') => Some(Parts::List(split(value, ','))),
            [(_, value)] if self.is_pairs() => pairs(&split(value, ','), false).map(Parts::Pairs),
            [(_, value)] => Some(Parts::One(value)),
            _ => None,
        }
    }

    /// What may be a list or something else is a list when it has several elements.
    fn is_list(&self, text: &str, between: char) -> bool {
        self.shape.is_array && (!self.shape.is_scalar() || split(text, between).len() > 1)
    }

    fn is_pairs(&self) -> bool {
        self.shape.is_object && !self.shape.is_scalar()
    }
}

/// Names and values of an object, `a=b,c=d` or `a,b,c,d`.
fn pairs<'t>(parts: &[&'t str], explode: bool) -> Option<Vec<(&'t str, &'t str)>> {
    if explode {
        return parts.iter().map(|part| part.split_once('=')).collect();
    }
    let two = parts.chunks_exact(2);
    two.remainder()
        .is_empty()
        .then(|| two.filter_map(|two| Some((*two.first()?, *two.get(1)?))).collect())
}

/// The elements of a list; none of nothing.
pub(super) fn split(text: &str, between: char) -> Vec<&str> {
    let separators: &[&str] = match between {
        ' ' => &["%20", "+", " "],
        '|' => &["|", "%7C", "%7c"],
        '\t' => &["%09", "\t"],
        '.' => &["."],
        _ => &[","],
    };
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(found) = separators.iter().find(|one| rest.starts_with(**one)) {
            parts.extend(text.get(from..at));
            at += found.len();
            from = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    if !text.is_empty() {
        parts.extend(text.get(from..));
    }
    parts
}

/// Writes what is JSON as it is; else as the text that it is, which no other schema than that of a text takes.
fn json(text: &str, out: &mut String) {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => out.push_str(text),
        Err(_) => quote(out, text),
    }
}

/// How a parameter says that it is written.
fn style(node: Node<'_>, location: ParameterIn) -> Style {
    if let Some(content) = node.get("content").filter(|content| content.is_object()) {
        let media = content.members().next().map_or("", |(media, _)| media);
        let media = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let is_json = media.ends_with("/json") || media.ends_with("+json");
        return match (location, is_json) {
            (ParameterIn::QueryString, true) => Style::WholeJson,
            (ParameterIn::QueryString, false) => Style::Whole,
            (_, true) => Style::Json,
            (_, false) => Style::Text,
        };
    }
    let is_form = matches!(location, ParameterIn::Query | ParameterIn::Cookie);
    // OpenAPI 2.0.
    let explode = node.text_of("collectionFormat") == "multi";
    if let Some(between) = between(node.text_of("collectionFormat")) {
        return if is_form {
            Style::Form { between, explode }
        } else {
            Style::Simple { between, explode }
        };
    }
    if node.get("schema").is_none() && node.get("type").is_some() {
        return if is_form {
            Style::Form { between: ',', explode: false }
        } else {
            Style::Simple { between: ',', explode: false }
        };
    }
    let said = match node.get("explode").map(Node::value) {
        Some(Written::Bool(explode)) => Some(explode),
        _ => None,
    };
    let explode = said.unwrap_or(false);
    match (node.text_of("style"), location) {
        ("label", ParameterIn::Path) => Style::Label { explode },
        ("matrix", ParameterIn::Path) => Style::Matrix { explode },
        ("deepObject", ParameterIn::Query) => Style::DeepObject,
        ("spaceDelimited", ParameterIn::Query) => Style::Form { between: ' ', explode },
        ("pipeDelimited", ParameterIn::Query) => Style::Form { between: '|', explode },
        // `cookie` is of 3.2; both spread lists and objects unless they say otherwise.
        _ if is_form => Style::Form { between: ',', explode: said.unwrap_or(true) },
        _ => Style::Simple { between: ',', explode },
    }
}

/// What is between the elements of a list in OpenAPI 2.0.
pub(super) fn between(format: &str) -> Option<char> {
    Some(match format {
        "csv" | "multi" => ',',
        "ssv" => ' ',
        "tsv" => '\t',
        "pipes" => '|',
        _ => return None,
    })
}

/// Writes all parameters as one JSON value, by place and name.
pub(super) fn write(parameters: &[Parameter], head: &Head<'_>) -> Result<String, Wrong> {
    let mut out = String::with_capacity(128);
    out.push('{');
    for (location, word) in LOCATIONS {
        if out.len() > 1 && !out.ends_with(',') {
            out.push(',');
        }
        quote(&mut out, word);
        out.push_str(":{");
        let mine = || parameters.iter().filter(|one| one.location == location);
        let mut is_first = true;
        // What takes whatever is left comes last.
        for one in mine().filter(|one| !one.is_spread()).chain(mine().filter(|one| one.is_spread()))
        {
            let mut value = String::new();
            one.write(head, &mut value)?;
            if value.is_empty() {
                continue;
            }
            if !is_first {
                out.push(',');
            }
            is_first = false;
            quote(&mut out, &one.name);
            out.push(':');
            out.push_str(&value);
        }
        out.push('}');
    }
    out.push('}');
    Ok(out)
}

#[cfg(test)]
mod tests;
