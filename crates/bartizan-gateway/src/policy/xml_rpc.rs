//! XML-RPC: which methods may be called, and how many of them at once.

use bartizan_model::{Mode, Root, Side};
use bartizan_protocols::{AnomalyKind, Decoded, Format, NodeRef, Value};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    detectors::OnGap,
    names::{Names, NamesConfig},
    reading::{Checked, NOT_READABLE, Within, has},
    readings::Readings,
    record::Refusal,
    soap::elements,
};
use crate::{call::Call, phases::BodyView};

/// Most calls at once that can be asked for.
const MOST_CALLS: u32 = 10_000;
/// The method that calls others.
const MULTICALL: &str = "system.multicall";
const CODE: &str = "xml-rpc-refused";

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "xml_rpc",
    title: "XML-RPC methods",
    mode: Mode::Monitor,
    documentation: "\
Says which methods of XML-RPC may be called; a call of another one is refused (403). So are, unless `introspection` is \
set, `system.listMethods`, `system.methodHelp`, `system.methodSignature` and `system.getCapabilities`, which tell what there is, and any \
document with a document type, which XML-RPC needs none of and attacks do. Methods that `system.multicall` calls are \
looked at one by one, and are at most `calls` (400): it is how passwords are guessed by the thousand. A name is the text of \
its element, or of one `string` in it, and nothing else: neither an attribute nor a text beside other elements.

It reads XML bodies of requests, within `body_bytes` and `budget_micros` of processor time; what is beyond is refused \
(413) unless `on_budget` lets it pass. A body that is no XML, or is broken, is `not-readable`, one that is passed on as \
it comes is `body-not-held`: `on_unreadable` says whether these are refused (415), as they are by default, or pass and \
count as not evaluated. A request without a body passes.",
    examples: &["\
name: xml-rpc
mode: enforce
scope: {paths: [/xmlrpc]}
xml_rpc: {methods: {allow: [depot.list, depot.get]}, calls: 1}
"],
};

/// Settings of an XML-RPC policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct XmlRpcConfig {
    /// Which methods may be called.
    pub methods: NamesConfig,
    /// Most calls in one `system.multicall`, up to 10000; 0 refuses it.
    pub calls: u32,
    /// Whether methods may be called that tell which others there are.
    pub introspection: bool,
    /// Most bytes of a body that are read, up to 8388608.
    pub body_bytes: u32,
    /// Most microseconds of processor time that a body is read for, 100 to 1000000.
    pub budget_micros: u32,
    /// What becomes of requests whose body is beyond these or takes longer.
    pub on_budget: OnGap,
    /// What becomes of requests whose body cannot be read as XML.
    pub on_unreadable: OnGap,
}

impl Default for XmlRpcConfig {
    fn default() -> Self {
        Self {
            methods: NamesConfig::default(),
            calls: 10,
            introspection: false,
            body_bytes: 128 * 1024,
            budget_micros: 2_000,
            on_budget: OnGap::Refuse,
            on_unreadable: OnGap::Refuse,
        }
    }
}

/// A compiled XML-RPC policy.
#[derive(Debug)]
pub(crate) struct XmlRpc {
    methods: Names,
    calls: u32,
    introspection: bool,
    pub(super) within: Within,
}

impl XmlRpc {
    /// Compiles a policy. `seed` keys the hashes by which names are compared.
    pub(crate) fn compile(config: &XmlRpcConfig, seed: u64) -> Result<Self, Problem> {
        if config.calls > MOST_CALLS {
            return Err(Problem::new("calls", format!("expected at most {MOST_CALLS}")));
        }
        let bounds = (config.body_bytes, config.budget_micros);
        let gaps = (config.on_budget, config.on_unreadable);
        Ok(Self {
            methods: Names::compile("methods", &config.methods)?,
            calls: config.calls,
            introspection: config.introspection,
            within: Within::compile(CODE, bounds, gaps, seed)?,
        })
    }

    /// What follows for a request.
    pub(super) fn check(
        &self,
        call: &Call,
        body: BodyView<'_>,
        readings: &mut Readings,
    ) -> Checked {
        self.within.judge(readings, call, body, |decoded| self.judge(decoded))
    }

    fn judge(&self, decoded: &Decoded) -> Checked {
        if decoded.request_format == Format::Empty {
            return Ok(None);
        }
        let Some(root) = decoded.view.root(Side::Request, Root::Xml) else {
            return self.within.gap(NOT_READABLE);
        };
        if has(&decoded.view, AnomalyKind::XmlDoctype) {
            return Err(denied("a document type is not taken here").because("doctype"));
        }
        let mut calls = root.children().filter(|child| child.key() == "methodCall");
        let (Some(call), None) = (calls.next(), calls.next()) else {
            return Err(denied("the body is one call").because("no-method"));
        };
        let mut names = call.children().filter(|child| child.key() == "methodName");
        let (Some(name), None) = (names.next().and_then(text_of), names.next()) else {
            return Err(denied("a call names its method").because("no-method"));
        };
        let name = name.trim();
        self.named(name)?;
        if !name.eq_ignore_ascii_case(MULTICALL) {
            return Ok(None);
        }
        let Some(called) = multicalled(call) else {
            return Err(denied("each call names its method").because("no-method"));
        };
        if called.len() > self.calls as usize {
            let title = "more methods are called at once than is taken here";
            let refusal = Refusal::deny(StatusCode::BAD_REQUEST, CODE, title).because("calls");
            return Err(refusal);
        }
        for name in called {
            self.named(name)?;
        }
        Ok(None)
    }

    fn named(&self, name: &str) -> Result<(), Refusal> {
        const TELLING: [&str; 4] = [
            "system.listmethods",
            "system.methodhelp",
            "system.methodsignature",
            "system.getcapabilities",
        ];
        let is_telling = TELLING.iter().any(|one| one.eq_ignore_ascii_case(name));
        if is_telling && !self.introspection {
            return Err(denied("the methods are not told here").because("introspection"));
        }
        if self.methods.allows(name) {
            Ok(())
        } else {
            Err(denied("this method is not served here").because("method"))
        }
    }
}

/// The names in the structures that `system.multicall` takes, wherever they are; `None` when one of them cannot be told.
fn multicalled(call: NodeRef<'_>) -> Option<Vec<&str>> {
    let mut called = Vec::new();
    for member in call.written().filter(|node| node.key() == "member") {
        let named = |name: &'static str| elements(member).filter(move |child| child.key() == name);
        let names: Option<Vec<_>> = named("name").map(text_of).collect();
        if names?.iter().any(|name| name.trim().eq_ignore_ascii_case("methodName")) {
            let values: Option<Vec<_>> = named("value").map(name_in).collect();
            called.extend(values?);
        }
    }
    Some(called)
}

/// The text of an element that holds nothing else.
fn text_of(element: NodeRef<'_>) -> Option<&str> {
    match element.value() {
        Value::Text(text) if elements(element).next().is_none() => Some(text.trim()),
        _ => None,
    }
}

/// The name that a value is: its text, or that of the `string` in it.
fn name_in(value: NodeRef<'_>) -> Option<&str> {
    let mut inner = elements(value);
    match (inner.next(), inner.next()) {
        (None, _) => text_of(value),
        (Some(string), None) if string.key() == "string" && value.value() == Value::Object => {
            text_of(string)
        }
        _ => None,
    }
}

fn denied(title: &'static str) -> Refusal {
    Refusal::deny(StatusCode::FORBIDDEN, CODE, title)
}

#[cfg(test)]
mod tests {
    use bartizan_protocols::Places;

    use super::{super::reading::is_plain, *};

    fn rule(text: &str) -> XmlRpc {
        let config: XmlRpcConfig = serde_saphyr::from_str(text).expect("settings");
        XmlRpc::compile(&config, 1).expect("compiles")
    }

    fn ask(rule: &XmlRpc, body: &str) -> Result<Option<&'static str>, (u16, &'static str)> {
        let decoded = rule.within.decode("text/xml", body.to_owned().into());
        let checked = match is_plain(&decoded.view, Places::BODY) {
            true => rule.judge(&decoded),
            false => rule.within.gap(NOT_READABLE),
        };
        checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
    }

    fn call(method: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params/></methodCall>"
        )
    }

    fn multicall(methods: &[&str]) -> String {
        let of = |method: &&str| {
            format!(
                "<value><struct><member><name>methodName</name><value><string>{method}</string></value></member>\
                 <member><name>params</name><value><array><data/></array></value></member></struct></value>"
            )
        };
        let calls: String = methods.iter().map(of).collect();
        format!(
            "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>{calls}\
             </data></array></value></param></params></methodCall>"
        )
    }

    #[test]
    fn methods_are_listed_and_nothing_hides_them() {
        let rule = rule(
            "{budget_micros: 1000000, methods: {allow: [depot.*, system.*], deny: [depot.close]}, calls: 2}",
        );
        for (body, expected) in [
            (call("depot.list"), Ok(None)),
            (call(" depot.list "), Ok(None)),
            (call("depot.close"), Err((403, "method"))),
            (call("depot.c&#108;ose"), Err((403, "method"))),
            (call("user.drop"), Err((403, "method"))),
            (call("system.listMethods"), Err((403, "introspection"))),
            (multicall(&["depot.list", "depot.get"]), Ok(None)),
            (multicall(&["depot.list", "depot.close"]), Err((403, "method"))),
            (multicall(&["depot.list"; 3]), Err((400, "calls"))),
            // Neither attributes nor texts beside elements are what a server reads.
            (
                multicall(&["depot.close"]).replace("<value><string>", "<value a='depot.list'><string b='depot.list'>"),
                Err((403, "method")),
            ),
            (
                multicall(&["depot.close"]).replace("<value><string>", "<value>depot.list<string>"),
                Err((403, "no-method")),
            ),
            (
                multicall(&["depot.close"]).replace("<name>methodName", "<name a='x'>MethodName"),
                Err((403, "method")),
            ),
            (
                multicall(&["ZGVwb3QuY2xvc2U="]).replace("string>", "base64>"),
                Err((403, "no-method")),
            ),
            (call("depot.list<x>depot.close</x>"), Err((403, "no-method"))),
            // Some read only what is before the comment.
            (call("depot.close<!---->d"), Err((415, NOT_READABLE))),
            ("<methodCall/>".to_owned(), Err((403, "no-method"))),
            (
                "<methodCall><methodName>depot.list</methodName><methodName>depot.close</methodName></methodCall>"
                    .to_owned(),
                Err((403, "no-method")),
            ),
            (
                format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{}", "<methodCall><methodName>depot.list</methodName></methodCall>"),
                Err((403, "doctype")),
            ),
            (String::new(), Ok(None)),
            ("hello".to_owned(), Err((415, NOT_READABLE))),
        ] {
            assert_eq!(ask(&rule, &body), expected, "{body}");
        }
    }

    #[test]
    fn utf_16_hides_no_document_type() {
        let rule = rule("{budget_micros: 1000000}");
        let text = "<!DOCTYPE a><methodCall><methodName>a</methodName></methodCall>";
        let bytes: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let decoded = rule.within.decode("text/xml", bytes.into());
        assert_eq!(rule.judge(&decoded).err().map(|refusal| refusal.reason), Some("doctype"));
    }
}
