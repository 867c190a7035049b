use std::collections::BTreeMap;

use super::*;

mod cost;

const YAML: &str = r##"
openapi: 3.0.1
info: {title: Shop, version: 2}
servers:
  - url: https://{stage}.shop.example:8443/v{n}/
    variables: {stage: {default: api}, n: {}}
  - url: /v1
  - {}
security: [{key: []}]
paths:
  /orders/{id}:
    servers: [{url: "//eu.shop.example"}]
    parameters: [{name: id, in: path, schema: {type: integer}}]
    get:
      operationId: order
      deprecated: true
      x-owner: sales
      parameters: [{$ref: "#/components/parameters/page"}, {name: 7}]
      responses: {200: {content: {application/json: {schema: {$ref: "#/components/schemas/a"}}}}}
      callbacks: {paid: {"{$request.query.url}": {post: {}}}}
    delete: {security: []}
    post: 7
  /shared: {$ref: "#/components/pathItems/shared"}
  /elsewhere: {$ref: "other.yaml#/x"}
  x-hidden: {get: {}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  parameters: {page: {name: page, in: query, schema: {type: integer}}}
  schemas: {a: {$ref: "#/components/schemas/b"}, b: {$ref: "#/components/schemas/a"}}
  pathItems: {shared: {put: {security: [{}, {key: []}]}}}
"##;

fn load(text: &str) -> SpecDocument {
    read(text.as_bytes(), &mut NoFiles).expect("a document")
}

#[test]
fn reads_servers_operations_and_lists_problems() {
    let spec = load(YAML);
    assert_eq!((spec.title.as_str(), spec.api_version.as_str()), ("Shop", "2"));
    assert_eq!(spec.servers[0].host, "api.shop.example");
    assert_eq!(spec.servers[0].base_path, "/v{n}");
    assert_eq!(spec.servers[1], SpecServer { base_path: "/v1".into(), ..SpecServer::default() });
    let list: Vec<_> = spec
        .operations
        .iter()
        .map(|o| (o.kind.name(), o.method.as_str(), o.path.as_str(), o.deprecated, o.secured()))
        .collect();
    assert_eq!(
        list,
        [
            ("HTTP", "GET", "/orders/{id}", true, Some(true)),
            ("callback", "POST", "{$request.query.url}", false, Some(true)),
            ("HTTP", "DELETE", "/orders/{id}", false, Some(false)),
            ("HTTP", "PUT", "/shared", false, Some(false)),
        ]
    );
    assert_eq!(spec.operations[0].servers[0].host, "eu.shop.example");
    assert_eq!(spec.operations[0].pointer, "/paths/~1orders~1{id}/get");
    assert_eq!(spec.operations[0].position.line, 14);
    let problems: Vec<_> =
        spec.problems.iter().map(|p| (p.pointer.as_str(), p.line, p.column)).collect();
    assert_eq!(
        problems,
        [
            ("/paths/~1elsewhere/$ref", 24, 16),
            ("/servers/2", 8, 5),
            ("/paths/~1orders~1{id}/get/parameters/1", 18, 60),
            ("/paths/~1orders~1{id}/post", 22, 5),
            ("/paths/~1elsewhere", 24, 3),
        ]
    );
}

#[test]
fn an_operation_has_parameters_bodies_responses_and_extensions() {
    let spec = load(YAML);
    let order = &spec.operations[0];
    let parameters: Vec<_> = order
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.location, p.required, p.schema.is_some()))
        .collect();
    assert_eq!(
        parameters,
        [("page", ParameterIn::Query, false, true), ("id", ParameterIn::Path, true, true)]
    );
    assert_eq!(order.extensions[0].0, "x-owner");
    assert_eq!(spec.node(order.extensions[0].1).as_str(), Some("sales"));
    let body = &order.responses[0].bodies[0];
    assert_eq!(
        (order.responses[0].status.as_str(), body.media_type.as_str()),
        ("200", "application/json")
    );
    // Two schemas that refer to each other end somewhere.
    let schema = body.schema.expect("a schema");
    assert_eq!(spec.follow(schema), schema);
    assert_eq!(spec.schemes[0].parameter, "X-Key");
    let requirement = &order.security.as_ref().expect("said")[0];
    assert_eq!(requirement.schemes, [("key".to_owned(), Vec::new())]);
}

#[test]
fn reads_swagger() {
    let spec = load(
        r##"{"swagger":"2.0","info":{"title":"a"},"host":"API.example:80","basePath":"/v2/",
        "consumes":["application/json"],"produces":["application/xml"],
        "paths":{"/x":{"post":{"parameters":[{"name":"b","in":"body","schema":{"$ref":"#/definitions/B"}}],
        "responses":{"200":{"schema":{"type":"array"}}}},
        "put":{"parameters":[{"name":"f","in":"formData","type":"file"}]}}},"definitions":{"B":{}}}"##,
    );
    assert_eq!(spec.servers[0].host, "api.example");
    assert_eq!(spec.servers[0].base_path, "/v2");
    let [put, post] = &spec.operations[..] else { panic!("two: {:?}", spec.operations) };
    assert_eq!(post.secured(), None);
    assert_eq!(post.bodies[0].media_type, "application/json");
    assert_eq!(post.responses[0].bodies[0].media_type, "application/xml");
    assert_eq!(put.bodies[0].media_type, "application/json");
    assert_eq!(put.parameters[0].location, ParameterIn::Form);
    assert_eq!(
        spec.node(spec.follow(post.bodies[0].schema.expect("a schema"))).pointer(),
        "/definitions/B"
    );
    assert_eq!(spec.problems, []);
}

#[test]
fn reads_what_came_with_3_1_and_3_2() {
    let spec = load(
        r##"{"openapi":"3.2.0","$self":"https://a.example/api","info":{"title":"t"},
        "servers":[{"url":"https://a.example","name":"live"}],
        "paths":{"/s":{"query":{"operationId":"search"},"additionalOperations":{"COPY":{"summary":"c"}}}},
        "webhooks":{"created":{"post":{"requestBody":{"content":{"application/jsonl":{"itemSchema":{}}}}}}}}"##,
    );
    let list: Vec<_> = spec
        .operations
        .iter()
        .map(|o| (o.kind.name(), o.method.as_str(), o.path.as_str()))
        .collect();
    assert_eq!(
        list,
        [("HTTP", "QUERY", "/s"), ("HTTP", "COPY", "/s"), ("webhook", "POST", "created")]
    );
    assert_eq!(spec.servers[0].name, "live");
    assert!(spec.operations[2].bodies[0].schema.is_some());
    assert_eq!(spec.problems, []);
}

struct Memory(BTreeMap<&'static str, &'static str>, Vec<String>);

impl Files for Memory {
    fn name(&self) -> &str {
        "root.yaml"
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.1.push(path.to_owned());
        self.0.get(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| "no such file".into())
    }
}

#[test]
fn reads_the_other_files_of_a_specification_once_and_no_others() {
    let root = r##"
openapi: 3.1.0
info: {title: t}
x-own: {name: own, in: query}
paths:
  /a: {$ref: "paths/a.yaml#/a"}
  /b: {get: {parameters: [{$ref: "common.yaml#/page"}, {$ref: "common.yaml#named"}]}}
  /c: {$ref: "../secret.yaml"}
  /d: {$ref: "https://evil.example/x.yaml"}
  /e: {$ref: "%2e%2e/secret.yaml"}
  /f: {$ref: "/etc/passwd"}
  /g: {$ref: "file:///etc/passwd"}
  /h: {$ref: "missing.yaml"}
"##;
    let files = [
        (
            "paths/a.yaml",
            "a: {get: {parameters: [{$ref: '../common.yaml#/page'}, {$ref: '../root.yaml#/x-own'}]}, put: 1}",
        ),
        ("common.yaml", "page: {name: page, in: query}\nx: {$anchor: named, name: n, in: header}"),
    ];
    let mut files = Memory(files.into_iter().collect(), Vec::new());
    let spec = read(root.as_bytes(), &mut files).expect("a document");
    assert_eq!(files.1, ["common.yaml", "missing.yaml", "paths/a.yaml"]);
    assert_eq!(spec.files(), 3);
    let names: Vec<Vec<&str>> = spec
        .operations
        .iter()
        .map(|o| o.parameters.iter().map(|p| p.name.as_str()).collect())
        .collect();
    assert_eq!(names, [vec!["page", "own"], vec!["page", "n"]]);
    assert_eq!(spec.file(spec.operations[0].place), "paths/a.yaml");
    let reasons = spec.problems.iter().filter(|p| p.what.contains("is not followed")).count();
    assert_eq!(reasons, 5, "{:#?}", spec.problems);
    let helped = |path: &str, what: &str| {
        let problem = spec.problems.iter().find(|p| p.what.starts_with(path)).expect(path);
        assert!(problem.line > 0 && problem.what.contains(what), "{problem}");
    };
    helped("../secret.yaml", "put it in or below that folder");
    helped("https://evil.example/x.yaml", "never the network: put it in or below the folder");
    helped("/etc/passwd", "refer to it by a relative path");
    assert!(spec.problems.iter().any(|p| p.file == "paths/a.yaml" && p.pointer == "/a/put"));
}

#[test]
fn hostile_documents_give_one_clear_problem() {
    let deep = "[".repeat(100_000);
    for (bytes, part) in [
        (&b"{\"a\":1}"[..], "no `openapi`"),
        (b"{\"openap", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"- a", "no `openapi`"),
        (b"", "is empty"),
        (deep.as_bytes(), "more than 200 levels"),
    ] {
        let problem = read(bytes, &mut NoFiles).expect_err("no document");
        assert!(problem.what.contains(part), "{} / {part}", problem.what);
    }
    let bomb = format!(
        "openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x,x,x]\n{}paths: {{/late: {{get: {{}}}}}}",
        (b'b'..=b'k')
            .map(|c| {
                let (c, p) = (c as char, (c - 1) as char);
                format!("{c}: &{c} [{}]\n", vec![format!("*{p}"); 10].join(","))
            })
            .collect::<String>()
    );
    let spec = load(&bomb);
    assert!(spec.problems.iter().any(|p| p.what.contains("by aliases") && p.line > 2));
    assert_eq!(spec.operations.len(), 0);
}

#[test]
fn a_broken_document_is_read_up_to_its_fault() {
    for text in [
        "openapi: 3.0.0\ninfo: {}\npaths:\n  /a: {get: {}}\n  /b: {get: {}}\n bad: [\n",
        r#"{"openapi":"3.0.0","info":{},"paths":{"/a":{"get":{}},"/b":{"get":{}}, x"#,
    ] {
        let spec = load(text);
        assert_eq!(spec.operations.len(), 2, "{text}");
        let broken = spec.problems.iter().find(|p| p.what.contains("nothing behind this"));
        let broken = broken.unwrap_or_else(|| panic!("{:?}", spec.problems));
        assert!(broken.line > 0 && broken.severity == ProblemSeverity::Error);
    }
}

#[test]
fn a_security_that_cannot_be_read_is_not_known_and_never_none() {
    let with = |security: &str| {
        let text = format!(
            r#"{{"openapi":"3.1.0","security":{security},"paths":{{"/a":{{"get":{{}}}}}}}}"#
        );
        load(&text).operations[0].secured()
    };
    assert_eq!(with("[]"), Some(false));
    assert_eq!(with(r#"[{"bearer":[]}]"#), Some(true));
    assert_eq!(with(r#"["bearer"]"#), None);
}

#[test]
fn what_is_long_costs_no_more_than_its_length() {
    let begin = std::time::Instant::now();
    let braces = "{".repeat(4_000_000);
    let text = format!(
        r#"{{"openapi":"3.1.0","servers":[{{"url":"{braces}"}}],"paths":{{"/a":{{"get":{{}}}}}}}}"#
    );
    assert_eq!(load(&text).operations.len(), 1);
    let name = "n".repeat(20_000);
    let text = format!(r#"{{"openapi":"3.1.0","{name}":{{"a":1,"a":2}},"paths":{{}}}}"#);
    assert!(!load(&text).problems.is_empty());
    let space = "x".repeat(1_000_000);
    let elements = "<s:a/>".repeat(20_000);
    let text = format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="u/wsdl/{space}">{elements}</definitions>"#
    );
    let _ = read(text.as_bytes(), &mut NoFiles);
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
