use crate::spec::{NoFiles, OperationKind, ParameterIn, SpecDocument, read};

fn load(text: &str) -> SpecDocument {
    read(text.as_bytes(), &mut NoFiles).expect("a document")
}

const WSDL: &str = r##"<?xml version="1.0"?>
<description xmlns="http://www.w3.org/ns/wsdl" targetNamespace="urn:hotel" xmlns:t="urn:hotel"
  xmlns:wsoap="http://www.w3.org/ns/wsdl/soap" xmlns:whttp="http://www.w3.org/ns/wsdl/http"
  xmlns:wsdlx="http://www.w3.org/ns/wsdl-extensions" xmlns:xs="http://www.w3.org/2001/XMLSchema">
 <types><xs:schema>
  <xs:element name="check" type="t:tCheck"/>
  <xs:complexType name="tCheck"><xs:sequence>
   <xs:element name="room" type="xs:string"/><xs:element name="day" type="xs:date"/><xs:element name="beds" type="xs:int"/>
  </xs:sequence></xs:complexType>
  <xs:element name="told" type="xs:double"/><xs:element name="wrong" type="xs:string"/>
 </xs:schema></types>
 <interface name="base"><fault name="bad" element="t:wrong"/>
  <operation name="opPing"><input element="#none"/></operation></interface>
 <interface name="hotel" extends="t:base t:hotel"><fault name="bad" element="t:wrong"/>
  <operation name="opCheck" wsdlx:safe="true"><documentation>Is one free?</documentation>
   <input messageLabel="In" element="t:check"/><output element="t:told"/><outfault ref="t:bad"/></operation>
  <operation name="opBook"><input element="t:check"/></operation></interface>
 <binding name="soap" interface="t:hotel" type="http://www.w3.org/ns/wsdl/soap" wsoap:protocol="http://www.w3.org/2003/05/soap/bindings/HTTP/">
  <operation ref="t:opCheck" wsoap:action="urn:check"/></binding>
 <binding name="rest" interface="t:hotel" type="http://www.w3.org/ns/wsdl/http">
  <operation ref="t:opCheck" whttp:location="rooms/{room}?on={day}"/>
  <operation ref="t:opBook" whttp:location="/bookings" whttp:method="PUT"/>
  <operation ref="t:opGone"/></binding>
 <binding name="mail" interface="t:hotel" type="urn:mail"/>
 <service name="Hotel" interface="t:hotel">
  <endpoint name="s" binding="t:soap" address="https://hotel.example/soap"/>
  <endpoint name="r" binding="t:rest" address="https://hotel.example/api/"/>
  <endpoint name="n" binding="t:rest"/></service>
</description>"##;

#[test]
fn operations_of_both_bindings_are_read() {
    let spec = load(WSDL);
    assert_eq!((spec.format.name(), spec.version.as_str()), ("WSDL", "2.0"));
    assert_eq!(spec.title, "Hotel");
    let list: Vec<_> = spec
        .operations
        .iter()
        .map(|o| {
            let server = o.servers.first().map_or("", |server| server.base_path.as_str());
            (o.kind, o.method.as_str(), server, o.path.as_str(), o.action.as_deref())
        })
        .collect();
    use OperationKind::{Http, Soap};
    assert_eq!(
        list,
        [
            (Soap, "POST", "/soap", "opCheck", Some("urn:check")),
            (Soap, "POST", "/soap", "opPing", None),
            (Soap, "POST", "/soap", "opBook", None),
            (Http, "GET", "/api", "/rooms/{room}", None),
            (Http, "PUT", "", "/bookings", None),
        ]
    );
    let [check, _, _, rooms, book] = &spec.operations[..] else { panic!("five") };
    assert_eq!((check.summary.as_str(), check.element.as_deref()), ("Is one free?", Some("check")));
    assert_eq!(
        (check.position.line, check.pointer.as_str()),
        (19, "/description/binding/operation")
    );
    assert_eq!(check.bodies[0].media_type, "application/soap+xml");
    let statuses: Vec<_> = check
        .responses
        .iter()
        .map(|r| (r.status.as_str(), r.bodies[0].type_name.as_str(), r.bodies[0].schema.is_some()))
        .collect();
    assert_eq!(statuses, [("200", "t:told", true), ("500", "t:wrong", true)]);
    let parameters: Vec<_> = rooms
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.location, p.required, p.type_name.as_str()))
        .collect();
    assert_eq!(
        parameters,
        [
            ("room", ParameterIn::Path, true, "xs:string"),
            ("on", ParameterIn::Query, false, "xs:date"),
            ("beds", ParameterIn::Query, false, "xs:int"),
        ]
    );
    assert!(
        rooms.bodies.is_empty() && rooms.responses[0].bodies[0].media_type == "application/xml"
    );
    assert_eq!(book.bodies[0].media_type, "application/xml");
    assert_eq!(spec.servers.len(), 2);
    let lines: Vec<u32> = spec.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [28, 23, 24], "{:#?}", spec.problems);
}

#[test]
fn a_binding_without_an_interface_is_for_those_of_its_services() {
    let text =
        WSDL.replace("<binding name=\"soap\" interface=\"t:hotel\"", "<binding name=\"soap\"");
    assert_eq!(load(&text).operations.len(), 5);
    let text =
        text.replace("<service name=\"Hotel\" interface=\"t:hotel\">", "<service name=\"Hotel\">");
    let spec = load(&text);
    assert_eq!(spec.operations.len(), 2, "those of the binding that says its own");
    assert!(
        spec.problems.iter().any(|p| p.what.contains("does not describe")),
        "{:?}",
        spec.problems
    );
}

#[test]
fn a_description_that_is_cut_or_goes_in_circles_is_read_as_far_as_it_goes() {
    for cut in 0..WSDL.len() {
        if let Ok(spec) = read(&WSDL.as_bytes()[..cut], &mut NoFiles) {
            assert!(!spec.problems.is_empty(), "{cut}");
        }
    }
    let circle =
        WSDL.replace("<interface name=\"base\">", "<interface name=\"base\" extends=\"t:hotel\">");
    assert_eq!(load(&circle).operations.len(), 5);
    let many: String = (0..200).map(|n| format!(" t:i{n}")).collect();
    let spec =
        load(&WSDL.replace("extends=\"t:base t:hotel\"", &format!("extends=\"t:base{many}\"")));
    assert_eq!(spec.operations.len(), 5);
    assert!(spec.problems.iter().any(|p| p.what.contains("more than 64 interfaces")));
}

#[test]
fn what_many_bindings_share_is_walked_within_a_budget() {
    let begin = std::time::Instant::now();
    let bindings =
        r#"<binding name="b" interface="i" type="http://www.w3.org/ns/wsdl/soap"/>"#.repeat(5_000);
    let operations: String = (0..5_000).map(|n| format!(r#"<operation name="o{n}"/>"#)).collect();
    let text = format!(
        r#"<description xmlns="http://www.w3.org/ns/wsdl"><interface name="i" extends="{}">{operations}</interface>{bindings}</description>"#,
        "x ".repeat(100_000)
    );
    let spec = load(&text);
    assert!(spec.operations.len() <= crate::spec::MAX_OPERATIONS);
    assert!(!spec.problems.is_empty());
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
