//! Messages that are not what they say, or not what the description says.

use super::{described::tests::WSDL, *};

fn compile(text: &str) -> Soap {
    let config: SoapConfig = serde_saphyr::from_str(text).expect("settings");
    Soap::compile(&config, 1).expect("compiles")
}

fn ask(
    rule: &Soap,
    body: &str,
    actions: &[&str],
) -> Result<Option<&'static str>, (u16, &'static str)> {
    let decoded = rule.within.decode("text/xml", body.to_owned().into());
    let actions: Vec<_> = actions.iter().map(|action| (*action).to_owned()).collect();
    let checked = rule.judge(&decoded, &actions);
    checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
}

fn envelope(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:q=\"urn:customs\">\
         <s:Body>{body}</s:Body></s:Envelope>"
    )
}

#[test]
fn the_element_counts_and_the_action_is_its_own() {
    let rule = compile("{budget_micros: 1000000, operations: {deny: [Void*]}}");
    let lodge = envelope("<q:Lodge><goods>a</goods></q:Lodge>");
    for (body, actions, expected) in [
        (lodge.clone(), &[][..], Ok(None)),
        (lodge.clone(), &[""], Ok(None)),
        (lodge.clone(), &["urn:customs#Lodge"], Ok(None)),
        (lodge.clone(), &["http://customs.example/Void"], Err((403, "action"))),
        (lodge.clone(), &["Lodge", "Void"], Err((403, "action"))),
        (envelope("<q:LodgeRequest/>"), &["urn:customs/Lodge"], Ok(None)),
        (envelope("<q:Void><id>1</id></q:Void>"), &["Lodge"], Err((403, "operation"))),
        (envelope("<q:VOID/>"), &[], Err((403, "operation"))),
        (envelope(""), &["Lodge"], Err((403, "no-operation"))),
        (
            format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{lodge}"),
            &[],
            Err((403, "doctype")),
        ),
        (
            lodge.replace("</s:Body>", "</s:Body><s:Body><q:Void/></s:Body>"),
            &[],
            Err((403, "no-operation")),
        ),
        ("<methodCall/>".to_owned(), &[], Err((403, "no-operation"))),
        ("hello".to_owned(), &[], Err((415, NOT_READABLE))),
        (String::new(), &[], Ok(None)),
    ] {
        assert_eq!(ask(&rule, &body, actions), expected, "{body} {actions:?}");
    }
    // Who believes the declaration may see a document type that others do not.
    let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?>{lodge}");
    let read = |name: &str| {
        let decoded = rule.within.decode("text/xml", declared(name).into());
        crate::policy::reading::is_plain(&decoded.view, Places::BODY)
    };
    assert!(read("UTF-8") && read("iso-8859-15") && !read("UTF-7") && !read("ibm037"));
    let loose = compile("{budget_micros: 1000000, match_action: false}");
    assert_eq!(ask(&loose, &lodge, &["Void"]), Ok(None));
}

#[test]
fn messages_fit_their_description() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("customs.wsdl");
    std::fs::write(&path, WSDL).expect("written");
    let rule = compile(&format!("{{budget_micros: 1000000, wsdl: '{}'}}", path.display()));
    for (body, actions, expected) in [
        ("<q:Lodge><goods>a</goods></q:Lodge>", &["urn:customs/lodge"][..], Ok(None)),
        (
            "<q:Lodge a='1'><goods/><value>1</value><part><name>x</name></part></q:Lodge>",
            &[],
            Ok(None),
        ),
        ("<q:Lodge><goods>a</goods></q:Lodge>", &["urn:customs/void"], Err((403, "action"))),
        ("<q:Lodge><goods>a</goods></q:Lodge>", &["urn:other/Lodge"], Err((403, "action"))),
        ("<q:Lodge><goods>a</goods><role>admin</role></q:Lodge>", &[], Err((422, "element"))),
        ("<q:Lodge><goods>a</goods><part><name/><x/></part></q:Lodge>", &[], Err((422, "element"))),
        ("<q:Lodge><value>1</value></q:Lodge>", &[], Err((422, "missing-element"))),
        ("<q:Lodge><goods/><part/></q:Lodge>", &[], Err((422, "missing-element"))),
        ("<q:Drop/>", &[], Err((403, "undescribed"))),
    ] {
        assert_eq!(ask(&rule, &envelope(body), actions), expected, "{body}");
    }
    let config = SoapConfig { wsdl: Some(folder.path().join("none")), ..SoapConfig::default() };
    assert_eq!(Soap::compile(&config, 1).expect_err("no file").key, "wsdl");
}

#[test]
fn details_of_faults_are_kept_from_clients() {
    let fault = |detail: &str| {
        envelope(&format!(
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>id is no number</faultstring>{detail}</s:Fault>"
        ))
    };
    let thrown = "<detail>NumberFormatException: \"abc\" at quayside.soap.Dispatcher:88</detail>";
    let told = |rule: &Soap, body: &str| {
        let response = http::Response::builder().status(500).header("content-type", "text/xml");
        let (parts, ()) = response.body(()).expect("an answer").into_parts();
        let bytes = bytes::Bytes::copy_from_slice(body.as_bytes());
        let answer = leak::answer(parts.status, &parts.headers, &bytes);
        let mut readings = Readings::of_exchange(answer, rule.within.amount);
        let checked = rule.check_answer(&parts, BodyView::Whole(&bytes), &mut readings);
        checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
    };
    let rule = compile("{budget_micros: 1000000, fault_details: refuse}");
    let withheld = Err((500, "fault-details"));
    assert_eq!(told(&rule, &fault(thrown)), withheld);
    assert_eq!(told(&rule, &fault("<s:Detail><e:trace xmlns:e='urn:e'/></s:Detail>")), withheld);
    for fine in [fault(""), fault("<detail/>"), envelope("<q:Got><detail>x</detail></q:Got>")] {
        assert_eq!(told(&rule, &fine), Ok(None), "{fine}");
    }
    assert!(rule.hides_details() && !compile("{}").hides_details());
}
