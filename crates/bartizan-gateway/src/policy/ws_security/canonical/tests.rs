//! Canonical forms: the rules of the recommendations, each with a document of its own, and forms that xmllint made.

use std::{path::Path, time::Instant};

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ws-security");

/// Bounds that nothing here reaches.
pub(in crate::policy::ws_security) fn wide() -> Bounds {
    Bounds { left: 64 * 1024 * 1024, until: u64::MAX, elements: 0 }
}

/// The form of the first element of that local name, or of the root when it is empty.
fn form_of(text: &str, local: &str, form: &Form) -> (String, Written) {
    let document = roxmltree::Document::parse(text).expect(text);
    let mut all = document.descendants().filter(|node| node.is_element());
    let apex = all.find(|node| local.is_empty() || node.tag_name().name() == local).expect(local);
    let mut out = Vec::new();
    let written = write(apex, form, None, &mut wide(), &mut |piece| out.extend_from_slice(piece));
    (String::from_utf8(out).expect("text"), written.expect("written"))
}

fn exclusive(text: &str, local: &str, prefixes: &[&str]) -> String {
    let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    form_of(text, local, &Form::Exclusive(prefixes)).0
}

fn inclusive(text: &str, local: &str) -> String {
    form_of(text, local, &Form::Inclusive).0
}

#[test]
fn forms_are_those_of_xmllint() {
    let read = |name: &str| {
        let text = std::fs::read_to_string(Path::new(FIXTURES).join(name)).expect(name);
        text.replace('\r', "")
    };
    let text = read("forms.xml");
    assert_eq!(exclusive(&text, "", &[]), read("forms.exclusive"));
    assert_eq!(inclusive(&text, ""), read("forms.inclusive"));
}

/// Canonical XML 1.0 §1.1 and §2.3.
#[test]
fn an_element_is_written_in_one_way() {
    for (text, expected) in [
        // Empty elements become pairs, quotes are double, whitespace in tags is one space.
        ("<a  b = 'c'\n d='e' />", "<a b=\"c\" d=\"e\"></a>"),
        // Sections become text, references characters, and characters that need it references.
        ("<a><![CDATA[<&>]]>&#65;&#13;\"</a>", "<a>&lt;&amp;&gt;A&#xD;\"</a>"),
        (
            "<a b='&#9;&#10;&#13;&quot;&lt;&gt;&amp;&#39;'/>",
            "<a b=\"&#x9;&#xA;&#xD;&quot;&lt;>&amp;'\"></a>",
        ),
        // Line breaks become one character, in attributes a space.
        ("<a b='1\r\n2'>1\r\n2\r3</a>", "<a b=\"1 2\">1\n2\n3</a>"),
        // Comments go, instructions stay.
        ("<a><!-- c --><?go  on  now?><?stop?></a>", "<a><?go on  now?><?stop?></a>"),
        // Namespaces first, the default one before the others; then attributes by namespace and name.
        (
            "<a x:b='1' c='2' y:a='3' xmlns:y='urn:1' xmlns:x='urn:2' xmlns='urn:3'/>",
            "<a xmlns=\"urn:3\" xmlns:x=\"urn:2\" xmlns:y=\"urn:1\" c=\"2\" y:a=\"3\" x:b=\"1\"></a>",
        ),
        // What is said already is not said again.
        (
            "<a xmlns='u'><b xmlns='u'/><c xmlns=''><d xmlns=''/></c></a>",
            "<a xmlns=\"u\"><b></b><c xmlns=\"\"><d></d></c></a>",
        ),
    ] {
        assert_eq!(exclusive(text, "", &[]), expected, "{text}");
        assert_eq!(inclusive(text, ""), expected, "{text}");
    }
}

/// Exclusive XML Canonicalization 1.0 §3 and §2.2: what is around a part does not change it.
#[test]
fn the_exclusive_form_has_what_is_used() {
    let inner = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
    let enclosed = |around: &str, close: &str| {
        format!(
            "{around}<n1:elem2 xmlns:n1='http://example.net' xml:lang='en'><n3:stuff xmlns:n3='ftp://example.org'/></n1:elem2>{close}"
        )
    };
    for (around, close) in [
        ("<n0:pdu xmlns:n0='http://a.example'>", "</n0:pdu>"),
        (
            "<n2:pdu xmlns:n1='http://example.com' xmlns:n2='http://foo.example' xml:lang='fr' xml:space='retain'>",
            "</n2:pdu>",
        ),
        ("<pdu xmlns='urn:default'>", "</pdu>"),
    ] {
        let text = enclosed(around, close).replace(
            "<n1:elem2 xmlns:n1='http://example.net'",
            "<n1:elem2 xmlns:n1='http://example.net' xmlns:unused='urn:u'",
        );
        assert_eq!(exclusive(&text, "elem2", &[]), inner, "{text}");
    }
    // Namespaces are written where they are first used, also when an element outside declares them.
    let text = "<a xmlns:p='urn:p' xmlns='urn:d'><b><p:c/><c p:d='1'/></b></a>";
    assert_eq!(
        exclusive(text, "b", &[]),
        "<b xmlns=\"urn:d\"><p:c xmlns:p=\"urn:p\"></p:c><c xmlns:p=\"urn:p\" p:d=\"1\"></c></b>"
    );
    // An attribute without prefix uses no namespace, an element does.
    let text = "<p:a xmlns='urn:d' xmlns:p='urn:p' b='1'><c/></p:a>";
    assert_eq!(
        exclusive(text, "", &[]),
        "<p:a xmlns:p=\"urn:p\" b=\"1\"><c xmlns=\"urn:d\"></c></p:a>"
    );
    // Listed prefixes are written as in the inclusive form.
    let text = "<a xmlns:p='urn:p' xmlns:q='urn:q' xmlns='urn:d'><q:b><q:c/></q:b></a>";
    let listed = "<q:b xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><q:c></q:c></q:b>";
    assert_eq!(exclusive(text, "b", &["", "p", "none"]), listed);
    // No default namespace is said only below one that was written.
    let text = "<p:a xmlns:p='urn:p' xmlns='urn:d'><p:b xmlns=''><c/></p:b></p:a>";
    assert_eq!(exclusive(text, "b", &[]), "<p:b xmlns:p=\"urn:p\"><c></c></p:b>");
    let text = "<a xmlns='urn:d'><p:b xmlns:p='urn:p'><c xmlns=''/></p:b></a>";
    assert_eq!(
        exclusive(text, "", &[]),
        "<a xmlns=\"urn:d\"><p:b xmlns:p=\"urn:p\"><c xmlns=\"\"></c></p:b></a>"
    );
}

/// Canonical XML 1.0 §2.4: a part takes along what is around it.
#[test]
fn the_inclusive_form_has_what_is_in_scope() {
    let text = "<a xmlns='urn:d' xmlns:p='urn:p' xml:lang='en' xml:space='preserve' id='1'>\
                <b xml:lang='de'><c xml:base='x'><d/></c></b></a>";
    assert_eq!(
        inclusive(text, "c"),
        "<c xmlns=\"urn:d\" xmlns:p=\"urn:p\" xml:base=\"x\" xml:lang=\"de\" xml:space=\"preserve\"><d></d></c>"
    );
    assert_eq!(inclusive("<a xmlns='u'><b xmlns=''/></a>", "b"), "<b></b>");
}

#[test]
fn one_signature_is_left_out() {
    let document = roxmltree::Document::parse("<a><b/><s>1</s><s>2</s></a>").expect("read");
    let root = document.root_element();
    let left_out = root.children().find(|node| node.tag_name().name() == "s");
    let mut out = Vec::new();
    let form = Form::Exclusive(Vec::new());
    write(root, &form, left_out, &mut wide(), &mut |piece| out.extend_from_slice(piece))
        .expect("written");
    assert_eq!(out, b"<a><b></b><s>2</s></a>");
}

#[test]
fn what_is_open_in_what_is_written_is_known() {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";
    let flags = |text: &str, prefixes: &[&str]| {
        let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let (_, written) = form_of(text, "b", &Form::Exclusive(prefixes));
        (written.has_split_text, written.has_open_type)
    };
    let typed = format!("<a xmlns:p='urn:p'><b {xsi} xsi:type='p:order'/></a>");
    assert_eq!(flags(&typed, &[]), (false, true), "the meaning of the prefix is outside");
    assert_eq!(flags(&typed, &["p"]), (false, false));
    let used = format!("<a xmlns:p='urn:p'><b {xsi} p:c='' xsi:type='p:order'/></a>");
    assert_eq!(flags(&used, &[]), (false, false));
    let default = format!("<a xmlns:p='urn:p' xmlns='urn:d'><p:b {xsi} xsi:type='order'/></a>");
    assert_eq!(flags(&default, &[]), (false, true));
    let none = format!("<p:b xmlns:p='urn:p' {xsi} xsi:type='order'/>");
    assert_eq!(flags(&none, &[]), (false, false));
    assert_eq!(flags("<b>10<!-- -->00</b>", &[]), (true, false));
}

#[test]
fn what_is_written_is_bounded() {
    let form = Form::Exclusive(Vec::new());
    let reason = |text: &str, bounds: &mut Bounds| {
        let document = roxmltree::Document::parse(text).expect("read");
        let written = write(document.root_element(), &form, None, bounds, &mut |_| {});
        written.err().map(|fault| fault.reason())
    };
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(reason(&nested(DEPTH), &mut wide()), None);
    assert_eq!(reason(&nested(DEPTH + 1), &mut wide()), Some(OVER_LIMITS));
    // A long namespace that each of many elements is written with: 64 MB of 130 kB.
    let long = format!("<a xmlns:p='{}'>{}</a>", "u".repeat(10_000), "<p:b/>".repeat(20_000));
    let mut bounds = Bounds { left: 4 * long.len(), ..wide() };
    assert_eq!(reason(&long, &mut bounds), Some(OVER_LIMITS));
    let begin = Instant::now();
    let mut bounds = Bounds { until: 0, ..wide() };
    assert_eq!(reason(&long, &mut bounds), Some(OVER_BUDGET));
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}
