//! The signature base (RFC 9421 §2.5): the bytes that a signature of a message is made over.

use std::fmt::Write as _;

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

/// A component as `Signature-Input` writes it, in the one way in which that can be written.
pub(super) fn identifier(component: &Item) -> String {
    component.serialize()
}

/// Makes the base for what a signature says that it covers.
///
/// # Errors
/// A short name of what is wrong with that, or is not there.
pub(super) fn make(covered: &InnerList, asked: &Asked<'_>) -> Result<String, &'static str> {
    if covered.items.len() > COMPONENTS {
        return Err("components-too-many");
    }
    let mut base = String::new();
    let mut seen = Vec::with_capacity(covered.items.len());
    for component in &covered.items {
        let identifier = identifier(component);
        if seen.contains(&identifier) {
            return Err("component-twice");
        }
        let value = value(component, asked)?;
        if base.len() + identifier.len() + value.len() > BASE_BYTES {
            return Err("components-too-many");
        }
        let _ = writeln!(base, "{identifier}: {value}");
        seen.push(identifier);
    }
    let params: List = vec![ListEntry::InnerList(covered.clone())];
    let params = params.serialize().ok_or("signature-malformed")?;
    let _ = write!(base, "\"@signature-params\": {params}");
    Ok(base)
}

/// The value of a component (RFC 9421 §2.1 and §2.2).
fn value(component: &Item, asked: &Asked<'_>) -> Result<String, &'static str> {
    let name = component.bare_item.as_string().ok_or("signature-malformed")?.as_str();
    if !name.starts_with('@') {
        return field(name, component, asked.fields);
    }
    let mut params = component.params.iter();
    if name == "@query-param" {
        return match (params.next(), params.next()) {
            (Some((key, BareItem::String(wanted))), None) if key.as_str() == "name" => {
                parameter(asked.uri.query().unwrap_or_default(), wanted.as_str())
            }
            _ => Err("component-unsupported"),
        };
    }
    if params.next().is_some() {
        return Err("component-unsupported");
    }
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

/// The value of a field, or of what a parameter says of it.
fn field(name: &str, component: &Item, fields: &HeaderMap) -> Result<String, &'static str> {
    let known = HeaderName::from_bytes(name.as_bytes()).ok();
    // Names are in lower case (RFC 9421 §2.1); they could be taken for others else.
    let known = known.filter(|known| known.as_str() == name).ok_or("signature-malformed")?;
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
            let members = dictionary(fields, &known, BASE_BYTES);
            let members = members.map_err(|()| "component-malformed")?;
            let member = members.get(member.as_str()).ok_or("component-missing")?;
            let alone: List = vec![member.clone()];
            alone.serialize().ok_or("component-missing")
        }
        _ => Err("component-unsupported"),
    }
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

/// The only parameter of a query that has a name (RFC 9421 §2.2.8). Both are compared and written as the standard for URLs
/// says: decoded as forms are, and encoded again, with `%20` for a space.
fn parameter(query: &str, wanted: &str) -> Result<String, &'static str> {
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if encoded(name) != wanted {
            continue;
        }
        if found.replace(encoded(value)).is_some() {
            return Err("component-twice");
        }
    }
    found.ok_or("component-missing")
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
        let base = make(&covered(&format!("({components})")), &asked)?;
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
}
