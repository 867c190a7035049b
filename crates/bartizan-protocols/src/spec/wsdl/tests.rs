use crate::spec::{NoFiles, read};

const WSDL: &str = r#"<?xml version="1.0"?>
<w:definitions name="Stock" xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t"
  xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:h="http://schemas.xmlsoap.org/wsdl/http/">
 <w:types><schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="Ask"/><element name="Told"/></schema></w:types>
 <w:message name="In"><w:part name="p" element="t:Ask"/></w:message>
 <w:message name="Out"><w:part name="p" element="t:Told"/></w:message>
 <w:portType name="P">
  <w:operation name="Price"><w:documentation>Last &amp; best price</w:documentation><w:input message="t:In"/><w:output message="t:Out"/></w:operation>
  <w:operation name="Stop"><w:input message="t:Gone"/></w:operation>
 </w:portType>
 <w:binding name="B11" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <w:operation name="Price"><s:operation soapAction="urn:price"/></w:operation>
  <w:operation name="Stop"><s:operation soapAction=""/></w:operation></w:binding>
 <w:binding name="B12" type="t:P"><s12:binding/><w:operation name="Price"><s12:operation soapAction="urn:p"/></w:operation></w:binding>
 <w:binding name="Get" type="t:P"><h:binding verb="GET"/><w:operation name="Price"/></w:binding>
 <w:service name="S"><w:port name="one" binding="t:B11"><s:address location="http://soap.example:81/stock"/></w:port></w:service>
</w:definitions>"#;

#[test]
fn each_operation_of_a_soap_binding_has_its_action_and_messages() {
    let spec = read(WSDL.as_bytes(), &mut NoFiles).expect("a document");
    assert_eq!((spec.format.name(), spec.title.as_str()), ("WSDL", "Stock"));
    let list: Vec<_> = spec
        .operations
        .iter()
        .map(|o| (o.path.as_str(), o.action.as_deref(), o.bodies.len(), o.responses.len()))
        .collect();
    assert_eq!(
        list,
        [
            ("Price", Some("urn:price"), 1, 1),
            ("Stop", Some(""), 0, 0),
            ("Price", Some("urn:p"), 1, 1)
        ]
    );
    let price = &spec.operations[0];
    assert_eq!(price.element.as_deref(), Some("Ask"));
    assert_eq!(
        (price.servers[0].host.as_str(), price.servers[0].base_path.as_str()),
        ("soap.example", "/stock")
    );
    assert_eq!(
        (price.bodies[0].media_type.as_str(), price.bodies[0].type_name.as_str()),
        ("text/xml", "t:Ask")
    );
    assert_eq!(spec.operations[2].bodies[0].media_type, "application/soap+xml");
    let schema = spec.node(price.bodies[0].schema.expect("a schema"));
    assert_eq!(schema.pointer(), "/definitions/types/schema/element");
    assert_eq!(price.pointer, "/definitions/binding/operation");
    assert_eq!(spec.operations[1].pointer, "/definitions/binding/operation[2]");
    assert_eq!((price.position.line, price.position.column), (13, 3));
    let what: Vec<_> = spec.problems.iter().map(|p| (p.line, p.pointer.as_str())).collect();
    assert_eq!(
        what,
        [(10, "/definitions/portType/operation[2]/input"), (16, "/definitions/binding[3]"),]
    );
}

#[test]
fn parts_of_style_rpc_are_elements_below_the_operation() {
    let binding = |style: &str, usage: &str| {
        format!(
            r#"<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
<w:types><schema xmlns="http://www.w3.org/2001/XMLSchema"><complexType name="To"/><element name="Oops"/></schema></w:types>
<w:message name="In"><w:part name="a" type="t:To"/><w:part name="b" type="xs:int"/><w:part name="h" type="xs:int"/></w:message>
<w:message name="Out"><w:part name="sum" type="xs:int"/></w:message>
<w:message name="Bad"><w:part name="p" element="t:Oops"/></w:message>
<w:portType name="P"><w:operation name="Add"><w:input message="t:In"/><w:output message="t:Out"/><w:fault message="t:Bad"/></w:operation></w:portType>
<w:binding name="B" type="t:P"><s:binding style="{style}"/><w:operation name="Add"><s:operation soapAction=""/>
<w:input><s:body use="{usage}" parts="a b" namespace="urn:add"/></w:input></w:operation></w:binding>
</w:definitions>"#
        )
    };
    let read = |text: &str| read(text.as_bytes(), &mut NoFiles).expect("a document");
    let rpc = read(&binding("rpc", "literal"));
    let add = &rpc.operations[0];
    assert_eq!((add.path.as_str(), add.element.as_deref()), ("Add", None));
    let parts: Vec<_> = add
        .bodies
        .iter()
        .map(|b| {
            (b.part.as_str(), b.type_name.as_str(), b.schema.map(|s| rpc.node(s).text_of("@name")))
        })
        .collect();
    assert_eq!(parts, [("a", "t:To", Some("a")), ("b", "xs:int", Some("b"))], "one is a header");
    assert_eq!(add.responses[0].bodies[0].part, "sum");
    let fault = &add.responses[1].bodies[0];
    assert_eq!((fault.part.as_str(), fault.type_name.as_str()), ("", "t:Oops"));
    let encoded = read(&binding("rpc", "encoded"));
    assert!(encoded.operations[0].bodies.iter().all(|b| b.schema.is_none() && !b.part.is_empty()));
    let document = read(&binding("document", "literal"));
    assert!(document.operations[0].bodies.iter().all(|b| b.part.is_empty()));
}
