//! What calls are read as.

use bartizan_model::{BodyState, Exchange, Limits, Protocol, Response};

use super::{Answered, Persisted, persisted};
use crate::decode;

/// An exchange that posts `body` to `/rpc`, and what it calls.
fn posted(kind: &str, body: &str) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.request.method = "POST".to_owned();
    exchange.request.target = "/rpc".to_owned();
    exchange.request.headers.push("content-type", kind);
    exchange.request.body = body.to_owned().into();
    exchange.request.body_state = BodyState::Complete;
    exchange
}

fn call_of(exchange: &Exchange) -> Option<(Protocol, String)> {
    let call = decode(exchange, &Limits::default(), 7).call;
    call.map(|call| (call.protocol, call.operation))
}

fn called(kind: &str, body: &str) -> Option<(Protocol, String)> {
    call_of(&posted(kind, body))
}

/// What the answer to `asked` says.
fn answered(kind: &str, asked: &str, answer: &str) -> Answered {
    let mut exchange = posted(kind, asked);
    let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
    response.headers.push("content-type", kind);
    response.body = answer.to_owned().into();
    response.body_state = BodyState::Complete;
    exchange.response = Some(response);
    let decoded = decode(&exchange, &Limits::default(), 7);
    assert!(decoded.call.is_some());
    decoded.answered
}

/// A GraphQL document as JSON.
fn graphql(document: &str) -> Option<String> {
    let body = serde_json::json!({ "query": document }).to_string();
    let (protocol, operation) = called("application/json", &body)?;
    assert_eq!(protocol, Protocol::Graphql);
    Some(operation)
}

#[test]
fn fields_of_the_root_name_graphql() {
    let cases = [
        ("{ me { name } }", "query me"),
        (
            "query Who($id: ID! = \"}\") @live { user(id: $id) { name friends { name } } }",
            "query user",
        ),
        (
            "mutation { all: createUser(input: {name: \"a\", tags: [1, 2]}) { id } }",
            "mutation createUser",
        ),
        ("subscription S { messageAdded { id } }", "subscription messageAdded"),
        ("query { b { x } a __typename }", "query a+query b"),
        ("{ __typename }", "query __typename"),
        (
            "{ ...F } fragment F on Query { user { id } ...G } fragment G on Query { me { id } ...F }",
            "query me+query user",
        ),
        (
            "{ ... on Query @include(if: true) { user { id } } ... { me { id } } }",
            "query me+query user",
        ),
        ("# a comment\n{ user(id: 1, note: \"\"\"{ } \"\"\") , me }", "query me+query user"),
        ("{ a b c d e }", ""),
    ];
    for (document, expected) in cases {
        assert_eq!(graphql(document).as_deref(), Some(expected), "{document}");
    }
    for other in [
        "shoes",
        "query",
        "{",
        "{ a",
        "{ \"a\": 1 }",
        "{}}",
        "query of a customer",
        "type A { b: C }",
    ] {
        assert_eq!(graphql(other), None, "{other}");
    }
}

#[test]
fn the_operation_that_is_chosen_counts() {
    let document = "query A { me { id } } mutation B { leave }";
    let ask = |chosen: &str| {
        let body = serde_json::json!({ "query": document, "operationName": chosen }).to_string();
        called("application/json", &body).map(|(_, operation)| operation)
    };
    assert_eq!(ask("B").as_deref(), Some("mutation leave"));
    assert_eq!(ask("A").as_deref(), Some("query me"));
    assert_eq!(ask("C").as_deref(), Some("query me"));
}

#[test]
fn graphql_comes_in_several_ways() {
    let batch = r#"[{"query":"{ me { id } }"},{"query":"mutation { leave }"},{"query":"{me{a}}"}]"#;
    let name = |operation: &str| Some((Protocol::Graphql, operation.to_owned()));
    assert_eq!(called("application/json", batch), name("[batch]"));
    assert_eq!(called("application/graphql", "{ me { id } }"), name("query me"));
    let hash = r#"{"operationName":"Who","extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}}"#;
    assert_eq!(called("application/json", hash), name("Who"));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n\
                 {\"query\":\"mutation { upload(file: 1) }\",\"variables\":{}}\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--b--\r\n";
    assert_eq!(called("multipart/form-data; boundary=b", parts), name("mutation upload"));
    let mut asked = posted("", "");
    asked.request.method = "GET".to_owned();
    asked.request.target = "/graphql?query=%7B+me+%7B+id+%7D+%7D".to_owned();
    assert_eq!(call_of(&asked), name("query me"));
    let hash = "%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A%22ab%22%7D%7D";
    asked.request.target = format!("/graphql?operationName=Who&extensions={hash}");
    assert_eq!(call_of(&asked), name("Who"));
    let decoded = decode(&asked, &Limits::default(), 7);
    assert_eq!(persisted(&decoded), Some(Persisted { hash: "ab", is_told: false }));
    asked.request.target = format!("/graphql?query=%7Bme%7D&extensions={hash}");
    let decoded = decode(&asked, &Limits::default(), 7);
    assert_eq!(persisted(&decoded), Some(Persisted { hash: "ab", is_told: true }));
    asked.request.target = "/search?query=shoes".to_owned();
    assert_eq!(call_of(&asked), None);
}

#[test]
fn methods_name_json_rpc_and_tools_name_mcp() {
    let rpc = |operation: &str| Some((Protocol::JsonRpc, operation.to_owned()));
    let mcp = |operation: &str| Some((Protocol::Mcp, operation.to_owned()));
    let json = |body: &str| called("application/json", body);
    assert_eq!(
        json(r#"{"jsonrpc":"2.0","method":"eth_call","params":[],"id":1}"#),
        rpc("eth_call")
    );
    assert_eq!(
        json(r#"[{"jsonrpc":"2.0","method":"b"},{"jsonrpc":"2.0","method":"a"}]"#),
        rpc("[batch]")
    );
    assert_eq!(
        json(
            r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"search","arguments":{}}}"#
        ),
        mcp("tools/call search")
    );
    assert_eq!(json(r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#), mcp("tools/list"));
    assert_eq!(
        json(
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#
        ),
        mcp("initialize")
    );
    assert_eq!(
        json(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#),
        rpc("initialize")
    );
    for other in [r#"{"method":"a"}"#, "[]", "[1]", "{}", r#"{"jsonrpc":2,"method":"a"}"#] {
        assert_eq!(json(other), None, "{other}");
    }
    let long = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "a".repeat(300));
    assert_eq!(json(&long), rpc(""));
    assert_eq!(json("{\"jsonrpc\":\"2.0\",\"method\":\"a\\nb\"}"), rpc(""));
}

#[test]
fn elements_name_soap_and_xml_rpc() {
    let soap = |operation: &str| Some((Protocol::Soap, operation.to_owned()));
    let envelope = |body: &str| {
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header/>\
             <s:Body>{body}</s:Body></s:Envelope>"
        )
    };
    assert_eq!(called("text/xml", &envelope("<m:Add xmlns:m=\"u\"><a>1</a></m:Add>")), soap("Add"));
    assert_eq!(called("text/xml", &envelope("")), soap(""));
    let mut unseen = posted("text/xml; charset=utf-8", "");
    unseen.request.body_state = BodyState::NotCaptured;
    unseen.request.headers.push("SOAPAction", "\"http://tempuri.org/Add\"");
    assert_eq!(call_of(&unseen), soap("Add"));
    let mut unseen = posted("application/soap+xml; action=\"urn:calculator#Add\"", "");
    unseen.request.body_state = BodyState::NotCaptured;
    assert_eq!(call_of(&unseen), soap("Add"));
    let rpc = "<?xml version=\"1.0\"?><methodCall><methodName>system.listMethods</methodName>\
               <params/></methodCall>";
    assert_eq!(called("text/xml", rpc), Some((Protocol::XmlRpc, "system.listMethods".to_owned())));
    assert_eq!(called("application/xml", "<order><id>1</id></order>"), None);
}

#[test]
fn paths_name_grpc() {
    let grpc = |kind: &str, target: &str| {
        let mut exchange = posted(kind, "");
        exchange.request.target = target.to_owned();
        call_of(&exchange)
    };
    let name = |operation: &str| Some((Protocol::Grpc, operation.to_owned()));
    assert_eq!(grpc("application/grpc", "/shop.v1.Users/Get"), name("shop.v1.Users/Get"));
    assert_eq!(grpc("application/grpc-web-text", "/api/shop.Users/Get"), name("shop.Users/Get"));
    assert_eq!(grpc("application/grpc+proto", "/a%00/b"), name(""));
    assert_eq!(grpc("application/json", "/shop.v1.Users/Get"), None);
}

#[test]
fn a_handshake_is_a_websocket_when_it_was_taken() {
    let mut asked = posted("", "");
    asked.request.headers.push("Upgrade", "websocket");
    asked.response = Some(Response { status: 101, ..Response::default() });
    assert_eq!(call_of(&asked), Some((Protocol::Websocket, String::new())));
    asked.response = Some(Response { status: 400, ..Response::default() });
    assert_eq!(call_of(&asked), None);
}

#[test]
fn refusals_are_told_in_the_words_of_the_protocol() {
    let graphql = |answer| answered("application/json", r#"{"query":"{ me { id } }"}"#, answer);
    assert_eq!(graphql(r#"{"data":{"me":{"id":1}}}"#), Answered::Granted);
    assert_eq!(graphql(r#"{"data":{"me":null},"errors":[{"message":"a"}]}"#), Answered::Failed);
    assert_eq!(graphql(r#"{"data":{"me":null}}"#), Answered::Granted);
    let some = r#"{"data":{"me":{"id":1},"you":null},"errors":[{"message":"a"}]}"#;
    assert_eq!(graphql(some), Answered::Granted);
    assert_eq!(graphql(r#"{"data":null,"errors":[{"message":"a"}]}"#), Answered::Failed);
    assert_eq!(graphql(r#"{"errors":[{"message":"no such field"}]}"#), Answered::NotThere);
    assert_eq!(graphql(r#"{"a":1}"#), Answered::Unknown);
    let call = r#"{"jsonrpc":"2.0","method":"a","id":1}"#;
    let rpc = |answer| answered("application/json", call, answer);
    assert_eq!(rpc(r#"{"jsonrpc":"2.0","result":1,"id":1}"#), Answered::Granted);
    assert_eq!(rpc(r#"{"jsonrpc":"2.0","error":{"code":-32601},"id":1}"#), Answered::NotThere);
    assert_eq!(rpc(r#"{"jsonrpc":"2.0","error":{"code":-32602},"id":1}"#), Answered::Failed);
    let tool = r#"{"jsonrpc":"2.0","result":{"content":[],"isError":true},"id":1}"#;
    assert_eq!(rpc(tool), Answered::Failed);
    let soap = "<Envelope><Body><Add/></Body></Envelope>";
    let fault = "<Envelope><Body><Fault><faultcode>a</faultcode></Fault></Body></Envelope>";
    assert_eq!(answered("text/xml", soap, fault), Answered::Failed);
    assert_eq!(
        answered("text/xml", soap, "<Envelope><Body><R/></Body></Envelope>"),
        Answered::Granted
    );
}

#[test]
fn hostile_documents_end_soon() {
    let begin = std::time::Instant::now();
    let fragments: String = (0..2_000)
        .map(|i| format!("fragment F{i} on Q {{ ...F{} ...F{} a{i} }} ", i + 1, (i * 7) % 2_000))
        .collect();
    // Beyond what is looked at, so that nothing is said about its fields.
    assert_eq!(graphql(&format!("{{ ...F0 }} {fragments}")).as_deref(), Some(""));
    let some: String = fragments.chars().take(20_000).collect();
    let some = some.rsplit_once("fragment").map_or("", |(whole, _)| whole);
    assert_eq!(graphql(&format!("{{ ...F0 }} {some}")).as_deref(), Some(""));
    for deep in ["{a", "{...{", "{a(b:[", "{...on A{a{"] {
        assert_eq!(graphql(&deep.repeat(200_000)), None, "{deep}");
    }
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn tools_that_a_server_lists_are_told() {
    let told = |method: &str, answer: &str| {
        let mut exchange = Exchange::default();
        exchange.request.headers.push("content-type", "application/json");
        exchange.request.body = format!(r#"{{"jsonrpc":"2.0","id":3,"method":"{method}"}}"#).into();
        let mut response = Response { status: 200, ..Response::default() };
        response.headers.push("content-type", "application/json");
        response.body = answer.to_owned().into();
        exchange.response = Some(response);
        let decoded = decode(&exchange, &Limits::default(), 1);
        let call = decoded.call.clone().expect("a call");
        let names = call.told(&decoded).into_iter().map(|call| call.operation);
        names.collect::<Vec<_>>()
    };
    let tools = r#"[{"name":"search","inputSchema":{}},{"name":"wipe"},{"name":""},7,{"name":7}]"#;
    let answer = format!(r#"{{"jsonrpc":"2.0","id":3,"result":{{"tools":{tools}}}}}"#);
    assert_eq!(told("tools/list", &answer), ["tools/call search", "tools/call wipe"]);
    assert!(told("prompts/list", &answer).is_empty());
    let refused = r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32000},"tools":[{"name":"a"}]}"#;
    assert!(told("tools/list", refused).is_empty());
    let many: Vec<String> = (0..400).map(|n| format!(r#"{{"name":"t{n}"}}"#)).collect();
    let many = format!(r#"{{"jsonrpc":"2.0","id":3,"result":{{"tools":[{}]}}}}"#, many.join(","));
    assert_eq!(told("tools/list", &many).len(), super::MAX_TOLD);
}
