//! The signature base (RFC 9421 §2.5): the bytes that a signature of a message is made over.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write as _,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, Method, Uri};
use sfv::{
    BareItem, Dictionary, FieldType as _, InnerList, Item, List, ListEntry, Parser, Version,
};

/// Most components of a signature.
const COMPONENTS: usize = 32;
/// Most bytes of a signature base.
const BASE_BYTES: usize = 64 * 1024;

/// A request as signatures see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) scheme: &'a str,
    /// Host and port, as the request names them.
    pub(crate) authority: Option<&'a str>,
    pub(crate) uri: &'a Uri,
    pub(crate) fields: &'a HeaderMap,
}

/// A structured field whose members have names (RFC 8941 §3.2); lines are joined as one (RFC 9110 §5.3).
///
/// # Errors
/// It is none, or has more bytes than that. Of a name that is there twice the last member counts (RFC 8941 §4.2.2).
pub(super) fn dictionary(
    fields: &HeaderMap,
    name: &HeaderName,
    most: usize,
) -> Result<Dictionary, ()> {
    let text = joined(fields, name).map_err(drop)?.unwrap_or_default();
    if text.len() > most {
        return Err(());
    }
    Parser::new(&text).with_version(Version::Rfc8941).parse().map_err(drop)
}

/// The components that a signature covers, each in the one way in which it can be written.
///
/// # Errors
/// There are too many, or one is there twice.
pub(super) fn components(input: &InnerList) -> Result<Vec<String>, &'static str> {
    if input.items.len() > COMPONENTS {
        return Err("components-too-many");
    }
    let mut all = Vec::with_capacity(input.items.len());
    for component in &input.items {
        let component = component.serialize();
        if all.contains(&component) {
            return Err("component-twice");
        }
        all.push(component);
    }
    Ok(all)
}

/// A request whose components are read: each field with members and the query once, however many signatures cover
/// however much of it.
#[derive(Debug)]
pub(super) struct Message<'a> {
    asked: &'a Asked<'a>,
    /// Fields with members, by name; `None` for those that have none.
    dictionaries: HashMap<HeaderName, Option<Dictionary>>,
    parameters: Option<Parameters>,
}

/// Parameters of a query, by name; `None` for those that are there several times.
type Parameters = HashMap<String, Option<String>>;

impl<'a> Message<'a> {
    pub(super) fn new(asked: &'a Asked<'a>) -> Self {
        Self { asked, dictionaries: HashMap::new(), parameters: None }
    }

    /// Makes the base for what a signature says that it covers, which is [`components`] of it.
    ///
    /// # Errors
    /// A short name of what is wrong with that, or is not there.
    pub(super) fn base(
        &mut self,
        input: &InnerList,
        components: &[String],
    ) -> Result<String, &'static str> {
        let mut base = String::new();
        for (component, written) in input.items.iter().zip(components) {
            let value = self.value(component)?;
            if base.len() + written.len() + value.len() > BASE_BYTES {
                return Err("components-too-many");
            }
            let _ = writeln!(base, "{written}: {value}");
        }
        let params: List = vec![ListEntry::InnerList(input.clone())];
        let params = params.serialize().ok_or("signature-malformed")?;
        let _ = write!(base, "\"@signature-params\": {params}");
        Ok(base)
    }

    /// The value of a component (RFC 9421 §2.1 and §2.2).
    fn value(&mut self, component: &Item) -> Result<String, &'static str> {
        let name = component.bare_item.as_string().ok_or("signature-malformed")?.as_str();
        if !name.starts_with('@') {
            return self.field(name, component);
        }
        let mut params = component.params.iter();
        if name == "@query-param" {
            return match (params.next(), params.next()) {
                (Some((key, BareItem::String(wanted))), None) if key.as_str() == "name" => {
                    self.parameter(wanted.as_str())
                }
                _ => Err("component-unsupported"),
            };
        }
        if params.next().is_some() {
            return Err("component-unsupported");
        }
        derived(name, self.asked)
    }

    /// The value of a field, or of what a parameter says of it.
    fn field(&mut self, name: &str, component: &Item) -> Result<String, &'static str> {
        let known = HeaderName::from_bytes(name.as_bytes()).ok();
        // Names are in lower case (RFC 9421 §2.1); they could be taken for others else.
        let known = known.filter(|known| known.as_str() == name).ok_or("signature-malformed")?;
        let fields = self.asked.fields;
        let mut params = component.params.iter();
        match (params.next(), params.next()) {
            (None, _) => joined(fields, &known)?.ok_or("component-missing"),
            (Some((key, BareItem::Boolean(true))), None) if key.as_str() == "bs" => {
                let lines = fields.get_all(&known).iter();
                let lines: Vec<_> = lines
                    .map(|value| format!(":{}:", STANDARD.encode(value.as_bytes().trim_ascii())))
                    .collect();
                if lines.is_empty() { Err("component-missing") } else { Ok(lines.join(", ")) }
            }
            (Some((key, BareItem::String(member))), None) if key.as_str() == "key" => {
                self.member(known, member.as_str())
            }
            _ => Err("component-unsupported"),
        }
    }

    /// A member of a field.
    fn member(&mut self, name: HeaderName, member: &str) -> Result<String, &'static str> {
        let members = match self.dictionaries.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let members = dictionary(self.asked.fields, place.key(), BASE_BYTES).ok();
                place.insert(members)
            }
        };
        let members = members.as_ref().ok_or("component-malformed")?;
        let member = members.get(member).ok_or("component-missing")?;
        let alone: List = vec![member.clone()];
        alone.serialize().ok_or("component-missing")
    }

    /// The only parameter of the query that has a name (RFC 9421 §2.2.8).
    fn parameter(&mut self, wanted: &str) -> Result<String, &'static str> {
        let query = || parameters(self.asked.uri.query().unwrap_or_default());
        match self.parameters.get_or_insert_with(query).get(wanted) {
            Some(Some(value)) => Ok(value.clone()),
            Some(None) => Err("component-twice"),
            None => Err("component-missing"),
        }
    }
}

/// The value of a component that is no field and has no parameters (RFC 9421 §2.2).
fn derived(name: &str, asked: &Asked<'_>) -> Result<String, &'static str> {
    let authority = || asked.authority.map(|host| host_of(asked.scheme, host));
    let authority = || authority().ok_or("component-missing");
    let path = match asked.uri.path() {
        "" => "/",
        path => path,
    };
    let query = asked.uri.query().map(|query| format!("?{query}"));
    Ok(match name {
        "@method" => asked.method.as_str().to_owned(),
        "@scheme" => asked.scheme.to_ascii_lowercase(),
        "@authority" => authority()?,
        "@path" => path.to_owned(),
        "@query" => query.unwrap_or_else(|| "?".to_owned()),
        "@target-uri" => {
            let (scheme, query) = (asked.scheme.to_ascii_lowercase(), query.unwrap_or_default());
            format!("{scheme}://{}{path}{query}", authority()?)
        }
        _ => return Err("component-unsupported"),
    })
}

/// A host in lower case, without the port that the scheme has anyway (RFC 9421 §2.2.3).
fn host_of(scheme: &str, host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).map(str::to_owned).unwrap_or(host)
}

/// All lines of a field as one; `None` when there is none.
fn joined(fields: &HeaderMap, name: &HeaderName) -> Result<Option<String>, &'static str> {
    let mut out: Option<String> = None;
    for value in fields.get_all(name) {
        let line = value.to_str().map_err(|_| "component-malformed")?.trim();
        match &mut out {
            None => out = Some(line.to_owned()),
            Some(out) => {
                out.push_str(", ");
                out.push_str(line);
            }
        }
    }
    Ok(out)
}

/// Names and values of a query, written as the standard for URLs says: decoded as forms are, and encoded again, with `%20`
/// for a space.
fn parameters(query: &str) -> Parameters {
    let mut all = Parameters::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = Some(encoded(value));
        all.entry(encoded(name)).and_modify(|known| *known = None).or_insert(value);
    }
    all
}

/// A text of a query, decoded and encoded again.
fn encoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high << 4 | low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        at += 1;
    }
    // What is no UTF-8 becomes what others make of it too.
    for byte in String::from_utf8_lossy(&decoded).bytes() {
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn covered(text: &str) -> InnerList {
        let list: List = Parser::new(text).parse().expect(text);
        match list.into_iter().next() {
            Some(ListEntry::InnerList(list)) => list,
            other => panic!("{other:?}"),
        }
    }

    fn fields(list: &[(&str, &str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in list {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            fields.append(name, value.parse().expect("a value"));
        }
        fields
    }

    fn lines(
        components: &str,
        (method, uri): (&str, &str),
        list: &[(&str, &str)],
    ) -> Result<String, &'static str> {
        let fields = fields(list);
        let (method, uri) = (method.parse().expect("a method"), uri.parse().expect("a URI"));
        let (scheme, authority) = ("https", Some("www.Example.com:443"));
        let asked = Asked { method: &method, scheme, authority, uri: &uri, fields: &fields };
        let input = covered(&format!("({components})"));
        let base = Message::new(&asked).base(&input, &self::components(&input)?)?;
        let (lines, params) = base.rsplit_once("\"@signature-params\": ").expect("the last line");
        assert_eq!(params, format!("({components})"));
        Ok(lines.trim_end().to_owned())
    }

    /// The examples of RFC 9421 §2.2.
    #[test]
    fn derived_components_are_those_of_the_standard() {
        let asked = ("POST", "/path?param=value");
        for (component, expected) in [
            (r#""@method""#, "POST"),
            (r#""@target-uri""#, "https://www.example.com/path?param=value"),
            (r#""@authority""#, "www.example.com"),
            (r#""@scheme""#, "https"),
            (r#""@path""#, "/path"),
            (r#""@query""#, "?param=value"),
        ] {
            let expected = format!("{component}: {expected}");
            assert_eq!(lines(component, asked, &[]), Ok(expected));
        }
        let line = |component: &str, uri| lines(component, ("GET", uri), &[]);
        assert_eq!(line(r#""@query""#, "/path"), Ok(r#""@query": ?"#.to_owned()));
        assert_eq!(
            line(r#""@query""#, "/path?queryString"),
            Ok(r#""@query": ?queryString"#.to_owned())
        );
        for wrong in [
            r#""@status""#,
            r#""@request-target""#,
            r#""@method";req"#,
            r#""@other""#,
            r#""@signature-params""#,
            r#""@query-param""#,
            r#""@query-param";name="a";req"#,
        ] {
            assert_eq!(line(wrong, "/?a=1"), Err("component-unsupported"), "{wrong}");
        }
    }

    /// The examples of RFC 9421 §2.2.8.
    #[test]
    fn parameters_are_encoded_in_one_way() {
        let uri = "/path?param=value&foo=bar&baz=batman&qux=";
        for (name, expected) in [("baz", "batman"), ("qux", ""), ("param", "value")] {
            let component = format!(r#""@query-param";name="{name}""#);
            let expected = format!("{component}: {expected}");
            assert_eq!(lines(&component, ("GET", uri), &[]), Ok(expected.trim_end().to_owned()));
        }
        let uri = "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace\
                   &fa%C3%A7ade%22%3A%20=something";
        for (name, expected) in [
            ("var", "this%20is%20a%20big%0Amultiline%20value"),
            ("bar", "with%20plus%20whitespace"),
            ("fa%C3%A7ade%22%3A%20", "something"),
        ] {
            let component = format!(r#""@query-param";name="{name}""#);
            let expected = format!("{component}: {expected}");
            assert_eq!(lines(&component, ("GET", uri), &[]), Ok(expected));
        }
        let line = |uri| lines(r#""@query-param";name="a""#, ("GET", uri), &[]);
        assert_eq!(line("/?b=1"), Err("component-missing"));
        assert_eq!(line("/"), Err("component-missing"));
        assert_eq!(line("/?a=1&a=1"), Err("component-twice"), "which one would be anybody's guess");
        assert_eq!(line("/?a=1&%61=2"), Err("component-twice"), "in whatever spelling");
        assert_eq!(encoded("%zz%4"), "%25zz%254");
    }

    /// The examples of RFC 9421 §2.1.
    #[test]
    fn fields_are_joined_and_read_as_parameters_say() {
        let list = [
            ("Cache-Control", "max-age=60"),
            ("Cache-Control", "  must-revalidate"),
            ("Example-Dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c), d"),
            ("Example-Header", "value, with, lots"),
            ("Example-Header", "of, commas"),
            ("X-Empty", ""),
        ];
        let line = |component: &str| lines(component, ("GET", "/"), &list);
        for (component, expected) in [
            (r#""cache-control""#, "max-age=60, must-revalidate"),
            (r#""example-dict";key="a""#, "1"),
            (r#""example-dict";key="d""#, "?1"),
            (r#""example-dict";key="b""#, "2;x=1;y=2"),
            (r#""example-dict";key="c""#, "(a b c)"),
            (r#""example-header""#, "value, with, lots, of, commas"),
            (r#""example-header";bs"#, ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"),
        ] {
            assert_eq!(line(component), Ok(format!("{component}: {expected}")));
        }
        assert_eq!(line(r#""x-empty""#), Ok(r#""x-empty":"#.to_owned()));
        for (component, reason) in [
            (r#""x-other""#, "component-missing"),
            (r#""x-other";bs"#, "component-missing"),
            (r#""example-dict";key="e""#, "component-missing"),
            (r#""example-header";key="a""#, "component-missing"),
            (r#""cache-control";sf"#, "component-unsupported"),
            (r#""cache-control";tr"#, "component-unsupported"),
            (r#""cache-control";bs;key="a""#, "component-unsupported"),
            (r#""Cache-Control""#, "signature-malformed"),
            (r#""""#, "signature-malformed"),
            ("1", "signature-malformed"),
            (r#""cache-control" "cache-control""#, "component-twice"),
        ] {
            assert_eq!(line(component), Err(reason), "{component}");
        }
        let many: Vec<_> = (0..40).map(|n| format!("\"x-{n}\"")).collect();
        assert_eq!(line(&many.join(" ")), Err("components-too-many"));
    }

    /// What a base costs is what its request has, not how often it is asked for.
    #[test]
    fn many_components_cost_little_more_than_one() {
        let members: Vec<_> = (0..2_000).map(|n| format!("member-{n}")).collect();
        let members = members.join(", ");
        let query: Vec<_> = (0..2_000).map(|n| format!("p{n}=%20")).collect();
        let fields = fields(&[("x-a", members.as_str()), ("x-a", members.as_str())]);
        let uri = format!("/?{}", query.join("&")).parse().expect("a URI");
        let (method, authority) = (Method::GET, Some("a"));
        let asked =
            Asked { method: &method, scheme: "https", authority, uri: &uri, fields: &fields };
        let quickest = |components: &[String]| {
            let input = covered(&format!("({})", components.join(" ")));
            let written = self::components(&input).expect("few");
            let once = || {
                let (began, mut message) = (Instant::now(), Message::new(&asked));
                for _ in 0..4 {
                    message.base(&input, &written).expect("a base");
                }
                began.elapsed()
            };
            (0..5).map(|_| once()).min().expect("some")
        };
        let of = |count: usize| {
            let member = |n| format!(r#""x-a";key="member-{n}""#);
            let parameter = |n| format!(r#""@query-param";name="p{n}""#);
            (0..count).flat_map(|n| [member(n), parameter(n)]).collect::<Vec<_>>()
        };
        let (one, many) = (quickest(&of(1)), quickest(&of(16)));
        assert!(many < one * 4, "{many:?} {one:?}");
    }
}
