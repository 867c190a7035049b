use bartizan_model::{Exchange, Limits, Root, Side};

use crate::{
    anomaly::AnomalyKind as A,
    decode::{Decoded, decode},
    media::Format,
};

fn with(body: &str, limits: &Limits) -> Decoded {
    let mut exchange = Exchange::default();
    exchange.request.headers.push("content-type", "text/xml");
    exchange.request.body = body.to_owned().into();
    decode(&exchange, limits, 1)
}

fn decoded(body: &str) -> Decoded {
    with(body, &Limits::default())
}

fn nodes(decoded: &Decoded) -> Vec<String> {
    let root = decoded.view.root(Side::Request, Root::Xml).expect("xml root");
    root.descendants()
        .map(|n| format!("{} {} {}", n.instance(), n.value().type_name(), n.raw()))
        .collect()
}

fn kinds(decoded: &Decoded) -> Vec<A> {
    decoded.view.anomalies().iter().map(|(_, kind)| *kind).collect()
}

fn reasons(decoded: &Decoded) -> Vec<String> {
    let entries = decoded.view.not_inspected().iter().filter(|e| e.side == Side::Request);
    entries.map(|e| e.reason.to_string()).collect()
}

#[test]
fn elements_attributes_and_text_are_values() {
    let seen = decoded(
        "<?xml version=\"1.0\"?>\n<s:Envelope xmlns:s=\"urn:x\"><s:Body a='1 &lt; 2'>\n\
         <item> one </item><item>t&amp;w&#111;</item><empty/><c><![CDATA[<raw>]]></c></s:Body>\
         <!-- note --></s:Envelope>",
    );
    assert_eq!(
        nodes(&seen),
        [
            "xml:/Envelope object ",
            "xml:/Envelope/@xmlns:s string urn:x",
            "xml:/Envelope/Body object ",
            "xml:/Envelope/Body/@a string 1 < 2",
            "xml:/Envelope/Body/item string one",
            "xml:/Envelope/Body/item#1 string t&wo",
            "xml:/Envelope/Body/empty string ",
            "xml:/Envelope/Body/c string <raw>",
        ]
    );
    assert_eq!((kinds(&seen), seen.request_format), (vec![], Format::Xml));
}

#[test]
fn mixed_content_is_a_text_with_children() {
    let seen = decoded("<p>a<b>c</b>d</p>");
    assert_eq!(nodes(&seen), ["xml:/p string ad", "xml:/p/b string c"]);
    let seen = decoded("<p x='1'>{\"k\":1}</p>");
    assert_eq!(nodes(&seen)[3], "xml:/p!json/k integer 1");
}

#[test]
fn document_types_and_entities_are_never_resolved() {
    let seen = decoded(
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY y \"&x;&x;\">]>\
         <a b=\"&x;\">&x;&y;</a>",
    );
    assert_eq!(
        nodes(&seen),
        [
            "xml:/~3DOCTYPE string <!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY y \"&x;&x;\">]>",
            "xml:/a string &x;&y;",
            "xml:/a/@b string &x;",
        ]
    );
    assert_eq!(kinds(&seen), [A::XmlDoctype, A::XmlEntity]);
    let seen = decoded("<a>x<!DOCTYPE b></a>");
    assert_eq!(nodes(&seen)[1], "xml:/a/~3DOCTYPE string <!DOCTYPE b>");
    assert_eq!(kinds(&decoded("<a><?php x?></a>")), [A::XmlInstruction]);
    for split in ["b<!--c-->d", "<!--c-->b", "b<![CDATA[c]]>", "<![CDATA[b]]><![CDATA[c]]>"] {
        assert_eq!(kinds(&decoded(&format!("<a>{split}</a>"))), [A::XmlSplitText], "{split}");
    }
    for whole in ["<!--c-->", "\n<![CDATA[b]]>\n", "b&amp;c&#100;", "<!--c--><b>d</b>"] {
        assert_eq!(kinds(&decoded(&format!("<a>{whole}</a>"))), [], "{whole}");
    }
    assert_eq!(kinds(&decoded("<a b='1' b='2'/>")), [A::DuplicateKey]);
}

#[test]
fn broken_documents_keep_what_was_understood() {
    for body in ["<a><b>1</b><c>", "<a><b>1</b></c>", "<a><b>1</b><", "<a><b>1</b></a></a>"] {
        let seen = decoded(body);
        assert!(nodes(&seen).contains(&"xml:/a/b string 1".to_owned()), "{body}");
        assert!(kinds(&seen).contains(&A::Malformed), "{body}");
        assert_eq!(reasons(&seen), ["malformed"], "{body}");
    }
    assert_eq!(kinds(&decoded("<a>1</a>tail")), [A::TrailingData]);
    assert_eq!(decoded("no xml").request_format, Format::Text);
}

#[test]
fn limits_are_recorded() {
    let deep = "<a>".repeat(100_000);
    assert_eq!(reasons(&decoded(&deep)), ["limit_depth", "malformed"]);
    let closed = format!("{}x{}<b>1</b>", "<a>".repeat(70), "</a>".repeat(70));
    let seen = decoded(&format!("<r>{closed}</r>"));
    assert!(nodes(&seen).contains(&"xml:/r/b string 1".to_owned()));
    assert_eq!(reasons(&seen), ["limit_depth"]);
    let attributes: String = (0..300).map(|i| format!(" a{i}='1'")).collect();
    assert_eq!(reasons(&decoded(&format!("<a{attributes}/>"))), ["limit_xml_attributes"]);
    let limits = Limits { nodes: 10, ..Limits::default() };
    assert_eq!(reasons(&with(&format!("<r>{}</r>", "<a/>".repeat(50)), &limits)), ["limit_nodes"]);
}

#[test]
fn time_is_linear_in_hostile_references_and_names() {
    // Quadratic work on these would take minutes.
    let value = format!("<a b='{}'/>", "&".repeat(2_000_000));
    assert_eq!(decoded(&value).request_format, Format::Xml);
    let siblings = "<a/>".repeat(90_000);
    let seen = decoded(&format!("<r>{siblings}</r>"));
    assert_eq!(nodes(&seen).last().map(String::as_str), Some("xml:/r/a#89999 string "));
}
