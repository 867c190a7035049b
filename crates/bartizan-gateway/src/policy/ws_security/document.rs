//! The XML of a message: read strictly, within bounds that the parser does not have by itself, and refused where another
//! parser may read something else.

use memchr::{memchr_iter, memmem};
use roxmltree::{Document, Node, ParsingOptions};

use super::Fault;
use crate::policy::{detectors::OVER_LIMITS, reading::NOT_READABLE};

/// Most tags, comments and sections.
const TAGS: usize = 65_536;
/// Most elements, texts and comments.
const NODES: u32 = 131_072;
/// Most characters `=`: each may begin the value of an attribute, for which the parser makes room.
const PAIRS: usize = 262_144;
/// Most attributes of one element, declarations of namespaces among them: the parser compares each with each.
const ATTRIBUTES: usize = 64;
/// Most declarations of namespaces.
const DECLARATIONS: usize = 256;
/// Most tags and attributes times declarations of namespaces: what the parser compares to resolve prefixes.
const WORK: usize = 8_000_000;
/// Most elements inside each other.
pub(super) const DEPTH: usize = 100;

/// An element, a text or a comment of a message.
pub(super) type Part<'d> = Node<'d, 'd>;

/// Reads the XML of a message: in UTF-8, without document type, without entities but the predefined ones, and without
/// instructions, which SOAP forbids as well (SOAP 1.1 §3, SOAP 1.2 part 1 §5).
pub(super) fn read(bytes: &[u8]) -> Result<Document<'_>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Gap("not-utf-8"))?;
    if !text.starts_with('<') || !is_declared_right(text) {
        return Err(Fault::Gap(NOT_READABLE));
    }
    check_amounts(text)?;
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => Fault::Refused("document-type"),
        roxmltree::Error::NodesLimitReached => Fault::Gap(OVER_LIMITS),
        _ => Fault::Gap(NOT_READABLE),
    })?;
    for node in document.descendants() {
        if node.is_pi() {
            return Err(Fault::Refused("instruction"));
        }
        // Namespaces in XML 1.0 §5 forbids to take a prefix back.
        let is_taken_back = node.is_element()
            && node.namespaces().any(|one| one.name().is_some() && one.uri().is_empty());
        if is_taken_back {
            return Err(Fault::Gap(NOT_READABLE));
        }
    }
    Ok(document)
}

/// Whether the declaration of a text, if it has one, is of XML 1.0 in UTF-8.
fn is_declared_right(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("<?xml") else { return true };
    let Some((declaration, _)) = rest.split_once("?>") else { return false };
    let value = |name: &str| {
        let (_, rest) = declaration.split_once(name)?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.get(1..)?.split_once(quote).map(|(value, _)| value)
    };
    let is_encoded = !declaration.contains("encoding")
        || value("encoding").is_some_and(|name| name.eq_ignore_ascii_case("utf-8"));
    value("version") == Some("1.0") && is_encoded
}

/// Bounds the work of the parser before it begins. A `<` begins a tag, or stands in a comment or a section; as none is
/// in the value of an attribute, the attributes of a tag are before the next.
fn check_amounts(text: &str) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let tags = memchr_iter(b'<', bytes).take(TAGS + 1).count();
    let pairs = memchr_iter(b'=', bytes).take(PAIRS + 1).count();
    let declarations = memmem::find_iter(bytes, "xmlns").count();
    // For each tag that declares one the parser compares all that are in scope with each other.
    if declarations > DECLARATIONS
        || tags > TAGS
        || pairs > PAIRS
        || (tags + pairs).saturating_mul(declarations) > WORK
    {
        return Err(Fault::Gap(OVER_LIMITS));
    }
    memchr_iter(b'<', bytes).try_for_each(|at| check_tag(bytes.get(at + 1..).unwrap_or_default()))
}

/// Counts the attributes of a tag, and refuses what the parser takes for the declaration of a default namespace and
/// others do not, or not a second time.
fn check_tag(rest: &[u8]) -> Result<(), Fault> {
    if rest.first().is_some_and(|first| b"!?/".contains(first)) {
        return Ok(());
    }
    let (mut quote, mut begin, mut pairs, mut defaults) = (None, 0, 0, 0);
    for (at, &byte) in rest.iter().enumerate() {
        match quote {
            _ if byte == b'<' => break,
            None if byte == b'>' => break,
            Some(open) if byte == open => (quote, begin) = (None, at + 1),
            None if matches!(byte, b'"' | b'\'') => {
                quote = Some(byte);
                pairs += 1;
                let before = rest.get(begin..at).unwrap_or_default().trim_ascii();
                let name = before.strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
                let name = name.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
                defaults += usize::from(name == b"xmlns");
                if name.ends_with(b":xmlns") || defaults > 1 {
                    return Err(Fault::Gap(NOT_READABLE));
                }
            }
            _ => {}
        }
        if pairs > ATTRIBUTES {
            return Err(Fault::Gap(OVER_LIMITS));
        }
    }
    Ok(())
}

/// Whether this is the element of that name.
pub(super) fn is(node: Part<'_>, namespace: &str, local: &str) -> bool {
    node.is_element()
        && node.tag_name().namespace() == Some(namespace)
        && node.tag_name().name() == local
}

/// The child elements.
pub(super) fn elements(node: Part<'_>) -> impl Iterator<Item = Part<'_>> + Clone {
    node.children().filter(Node::is_element)
}

/// The attribute of that name without a namespace, and none of that name in another.
pub(super) fn attribute<'d>(node: Part<'d>, name: &str) -> Option<&'d str> {
    let mut all = node.attributes();
    all.find(|one| one.namespace().is_none() && one.name() == name).map(|one| one.value())
}

/// The one child element of that name.
///
/// # Errors
/// The code given, when there is none or there are several.
pub(super) fn one<'d>(
    node: Part<'d>,
    (namespace, local): (&str, &str),
    code: &'static str,
) -> Result<Part<'d>, Fault> {
    at_most_one(node, (namespace, local), code)?.ok_or(Fault::Refused(code))
}

/// The child element of that name, if there is one.
///
/// # Errors
/// The code given, when there are several.
pub(super) fn at_most_one<'d>(
    node: Part<'d>,
    (namespace, local): (&str, &str),
    code: &'static str,
) -> Result<Option<Part<'d>>, Fault> {
    let mut found = elements(node).filter(|child| is(*child, namespace, local));
    match (found.next(), found.next()) {
        (found, None) => Ok(found),
        _ => Err(Fault::Refused(code)),
    }
}

/// The text of an element that holds nothing else: in one piece, so that whoever takes the first piece has all of it.
pub(super) fn value(node: Part<'_>) -> Result<&str, Fault> {
    let mut children = node.children();
    match (children.next(), children.next()) {
        (None, None) => Ok(""),
        (Some(only), None) if only.is_text() && !written(only).contains('<') => {
            Ok(only.text().unwrap_or(""))
        }
        _ => Err(Fault::Refused("split-text")),
    }
}

/// A text as it is written, with its sections.
fn written(text: Part<'_>) -> &str {
    let input = text.document().input_text();
    let end = text.next_sibling().map(|next| next.range().start).or_else(|| {
        let parent = input.get(..text.parent()?.range().end)?;
        parent.rfind('<')
    });
    input.get(text.range().start..end.unwrap_or(input.len())).unwrap_or("")
}

/// Whether a text is in several pieces to whoever does not join them: with a comment beside it, or a section beside
/// other text. What is signed does not tell the pieces apart.
pub(super) fn is_split(text: Part<'_>) -> bool {
    const BEGIN: &str = "<![CDATA[";
    const END: &str = "]]>";
    if text.text().unwrap_or("").trim_ascii().is_empty() {
        return false;
    }
    let is_comment = |beside: Option<Part<'_>>| beside.is_some_and(|node| node.is_comment());
    if is_comment(text.prev_sibling()) || is_comment(text.next_sibling()) {
        return true;
    }
    let written = written(text).trim_ascii();
    let is_whole =
        written.starts_with(BEGIN) && written.find(END) == Some(written.len() - END.len());
    written.contains(BEGIN) && !is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<&'static str> {
        read(text.as_bytes()).err().map(|fault| fault.reason())
    }

    #[test]
    fn only_what_everybody_reads_the_same_is_read() {
        for fine in [
            "<a/>",
            "<?xml version=\"1.0\"?><a/>",
            "<?xml version='1.0' encoding='Utf-8' standalone='yes'?>\n<a xmlns='u' b = \"1\"/>",
            "<a>&lt;&#x41;<![CDATA[<]]></a><!-- end -->",
        ] {
            assert_eq!(refused(fine), None, "{fine}");
        }
        for (odd, reason) in [
            ("<!DOCTYPE a><a/>", "document-type"),
            ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "document-type"),
            ("<a>&e;</a>", NOT_READABLE),
            ("<a><?go on?></a>", "instruction"),
            ("<?go on?><a/>", "instruction"),
            ("<?xml version='1.1'?><a/>", NOT_READABLE),
            ("<?xml version='1.0' encoding='utf-16'?><a/>", NOT_READABLE),
            ("<?xml version='1.0' encoding='iso-8859-1'?><a/>", NOT_READABLE),
            ("<a/><b/>", NOT_READABLE),
            ("<a b='1' b='2'/>", NOT_READABLE),
            ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", NOT_READABLE),
            ("<a xmlns:p='u' xmlns:p='v'/>", NOT_READABLE),
            ("<a xmlns='u' xmlns='v'/>", NOT_READABLE),
            ("<a xmlns:p='u' p:xmlns='v'/>", NOT_READABLE),
            ("<a xmlns:p='u'><b xmlns:p=''/></a>", NOT_READABLE),
            ("<p:a/>", NOT_READABLE),
            ("<a>&#0;</a>", NOT_READABLE),
            ("\u{feff}<a/>", NOT_READABLE),
            (" <a/>", NOT_READABLE),
            ("{}", NOT_READABLE),
            ("", NOT_READABLE),
        ] {
            assert_eq!(refused(odd), Some(reason), "{odd}");
        }
        assert_eq!(read(b"<a>\xff</a>").err().map(|fault| fault.reason()), Some("not-utf-8"));
    }

    #[test]
    fn the_work_of_the_parser_is_bounded_before_it_begins() {
        let attributes = |count: usize| (0..count).map(|n| format!(" a{n}=''")).collect::<String>();
        assert_eq!(refused(&format!("<a{}/>", attributes(ATTRIBUTES))), None);
        assert_eq!(refused(&format!("<a{}/>", attributes(ATTRIBUTES + 1))), Some(OVER_LIMITS));
        assert_eq!(refused(&format!("<a>{}</a>", "<b/>".repeat(TAGS))), Some(OVER_LIMITS));
        assert_eq!(refused(&format!("<a>{}</a>", "=".repeat(PAIRS + 1))), Some(OVER_LIMITS));
        let declared: String = (0..3_000).map(|n| format!("<a xmlns:p{n}='u'>")).collect();
        let closed = "</a>".repeat(3_000);
        assert_eq!(refused(&format!("{declared}{closed}")), Some(OVER_LIMITS));
    }

    #[test]
    fn texts_in_several_pieces_are_known() {
        for (text, is_in_pieces) in [
            ("<a>admin</a>", false),
            ("<a>admin<!-- -->.evil</a>", true),
            ("<a><!-- -->admin</a>", true),
            ("<a>  <!-- -->\n<b/></a>", false),
            ("<a><![CDATA[10]]></a>", false),
            ("<a>\n<![CDATA[10]]>\n</a>", false),
            ("<a>10<![CDATA[00]]></a>", true),
            ("<a><![CDATA[10]]><![CDATA[00]]></a>", true),
            ("<a><![CDATA[10]]>00</a>", true),
        ] {
            let document = read(text.as_bytes()).expect(text);
            let mut texts = document.descendants().filter(Node::is_text);
            assert_eq!(texts.any(is_split), is_in_pieces, "{text}");
        }
        let document = read(b"<a xmlns:o='o' o:b='1' c='2'/>").expect("read");
        let of_root = |name: &str| attribute(document.root_element(), name);
        assert_eq!((of_root("b"), of_root("c")), (None, Some("2")));
        let document = read(b"<a><b>x</b><c/><d><![CDATA[x]]></d><e>x<f/></e></a>").expect("read");
        let values: Vec<_> =
            elements(document.root_element()).map(|node| value(node).ok()).collect();
        assert_eq!(values, [Some("x"), Some(""), None, None]);
    }
}
