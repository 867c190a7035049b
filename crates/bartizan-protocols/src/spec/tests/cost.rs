//! What hostile documents cost: each of these is small, and what it asks for is not.

use super::*;
use crate::spec::budget::Limits;

fn within(text: &str, limits: Limits) -> SpecDocument {
    read_within(text.as_bytes(), &mut NoFiles, limits).expect("a document")
}

/// The first problem that says this.
fn said<'d>(spec: &'d SpecDocument, what: &str) -> &'d Problem {
    let found = spec.problems.iter().find(|p| p.what.contains(what));
    found.unwrap_or_else(|| panic!("{what}: {:#?}", spec.problems))
}

fn work(steps: usize) -> Limits {
    Limits { work: steps, ..Limits::default() }
}

fn model(bytes: usize) -> Limits {
    Limits { model_bytes: bytes, ..Limits::default() }
}

fn repeated(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(",")
}

/// Paths that all are the path item `#/x`.
fn shared(count: usize, item: &str) -> String {
    let paths = repeated(count, |n| format!(r##""/{n}":{{"$ref":"#/x"}}"##));
    format!(r#"{{"openapi":"3.1.0","info":{{}},"x":{item},"paths":{{{paths}}}}}"#)
}

#[test]
fn bytes_that_aliases_stand_for_are_bounded() {
    let limits = Limits { expanded_bytes: 10_000, ..Limits::default() };
    let value = "v".repeat(1_000);
    for use_of_it in ["[*a]", "{b: *a}", "{*a : 1}", "{<<: {c: *a}}", "{$id: *a}"] {
        let lines = format!("- {use_of_it}\n").repeat(1_000);
        let spec = within(&format!("openapi: 3.1.0\na: &a {value}\nl:\n{lines}"), limits);
        let problem = said(&spec, "bytes by aliases");
        assert!((8..16).contains(&problem.line), "{use_of_it}: {problem}");
    }
}

#[test]
fn aliases_make_no_tree_that_is_deeper_than_one_may_be() {
    let nested = |inner: &str| format!("{}{inner}{}", "[".repeat(100), "]".repeat(100));
    let text = format!("openapi: 3.1.0\na: &a {}\nb: &b {}\nc: {}\n", nested("1"), nested("*a"), 1);
    assert!(said(&load(&text), "more than 200 levels").line == 3);
}

#[test]
fn text_that_reading_adds_is_bounded() {
    let limits = Limits { text_bytes: 20_000, ..Limits::default() };
    let elements = "<s:a/>".repeat(2_000);
    let text = format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"><binding>{elements}</binding></definitions>"#
    );
    said(&within(&text, limits), "bytes of names and values");
}

#[test]
fn what_operations_keep_of_shared_parts_is_bounded() {
    let long = "n".repeat(500);
    let servers = repeated(60, |n| format!(r#"{{"url":"https://a.example/{n}{long}"}}"#));
    let texts = repeated(60, |n| format!(r#""{n}{long}""#));
    let members = repeated(60, |n| format!(r#""x-{n}{long}":{{}}"#));
    let statuses = repeated(2_000, |n| format!(r##""{n}":{{"$ref":"#/y"}}"##));
    let swagger = format!(
        r#"{{"swagger":"2.0","info":{{}},"produces":[{texts}],"paths":{{"/a":{{"get":{{"responses":{{{}}}}}}}}}}}"#,
        repeated(2_000, |n| format!(r#""{n}":{{"schema":{{}}}}"#))
    );
    let bodies = format!(
        r#"{{"openapi":"3.1.0","info":{{}},"y":{{"content":{{{members}}}}},"paths":{{"/a":{{"get":{{"responses":{{{statuses}}}}}}}}}}}"#
    );
    for text in [
        shared(2_000, &format!(r#"{{"servers":[{servers}],"get":{{}}}}"#)),
        shared(2_000, &format!(r#"{{"get":{{"tags":[{texts}]}}}}"#)),
        shared(2_000, &format!(r#"{{"get":{{"security":[{{"a":[{texts}]}}]}}}}"#)),
        shared(2_000, &format!(r#"{{"get":{{{members}}}}}"#)),
        shared(2_000, &format!(r#"{{"get":{{"requestBody":{{"content":{{{members}}}}}}}}}"#)),
        swagger,
        bodies,
    ] {
        let spec = within(&text, model(400_000));
        assert!(said(&spec, "bytes of operations").line > 0);
        assert!(spec.operations.len() < 20, "{}", spec.operations.len());
        assert_eq!(spec.problems.len(), 1);
    }
}

#[test]
fn what_a_document_says_once_for_all_operations_is_no_copy() {
    let scopes = repeated(60, |n| format!(r#""{n}{}""#, "n".repeat(500)));
    let paths = repeated(200, |n| format!(r#""/{n}":{{"get":{{}}}}"#));
    let text = format!(
        r#"{{"openapi":"3.1.0","info":{{}},"components":{{"securitySchemes":{{"a":{{}}}}}},"security":[{{"a":[{scopes}]}}],"paths":{{{paths}}}}}"#
    );
    let spec = within(&text, model(400_000));
    assert_eq!((spec.operations.len(), spec.problems.len()), (200, 0));
}

#[test]
fn what_operations_share_is_walked_within_a_budget() {
    let numbers = |count| repeated(count, |n| format!(r#""{n}":0"#));
    let dead = format!(r#"{{"a":1{}}}"#, r#","a":1"#.repeat(2_000));
    let chain = repeated(30, |n| format!(r##""{n}":{{"$ref":"#/c/{}"}}"##, n + 1));
    let wide = format!("[{}[{}1]]", "0,".repeat(1_000), "0,".repeat(1_000));
    let lost = format!(r##"{{"$ref":"#/{}"}}"##, "q".repeat(4_000));
    let asyncapi = |item: &str| {
        let channels = repeated(1_000, |n| format!(r##""{n}":{{"$ref":"#/x"}}"##));
        format!(r#"{{"asyncapi":"2.6.0","x":{item},"channels":{{{channels}}}}}"#)
    };
    let wsdl = |message: &str, operation: &str| {
        format!(
            r#"<definitions xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"><message name="M">{message}</message><portType name="P"><operation name="o">{operation}</operation></portType><binding type="P"><s:binding/>{}</binding></definitions>"#,
            r#"<operation name="o"/>"#.repeat(500)
        )
    };
    for text in [
        shared(1_000, &format!(r#"{{"get":{{{}}}}}"#, numbers(2_000))),
        shared(1_000, &format!(r#"{{"get":{dead}}}"#)),
        shared(1_000, &format!(r#"{{"additionalOperations":{dead}}}"#)),
        shared(1_000, &format!(r#"{{"additionalOperations":{{{}}}}}"#, numbers(2_000))),
        shared(
            1_000,
            &format!(
                r#"{{"get":{{"callbacks":{{"a":{{{}}}}}}}}}"#,
                repeated(2_000, |n| format!(r#""x-{n}":0"#))
            ),
        ),
        shared(1_000, &format!(r#"{{"get":{{"tags":[{}1]}}}}"#, "[],".repeat(63))),
        shared(1_000, r##"{"parameters":[{"$ref":"#/c/0"}],"get":{}}"##)
            .replace(r#""x":"#, &format!(r#""c":{{{chain},"30":{{}}}},"x":"#)),
        shared(1_000, r##"{"parameters":[{"$ref":"#/w/1000/1000"}],"get":{}}"##)
            .replace(r#""x":"#, &format!(r#""w":{wide},"x":"#)),
        shared(1_000, &format!(r#"{{"parameters":[{lost}],"get":{{}}}}"#)),
        shared(1_000, &format!(r#"{{"servers":[{{"url":"{}"}}]}}"#, "{}".repeat(1_000))),
        asyncapi(&format!(r#"{{"publish":{{{}}}}}"#, numbers(2_000))),
        asyncapi(r##"{"publish":{"message":{"$ref":"#/x/publish/message"}}}"##),
        asyncapi(&format!(r#"{{"publish":{{"security":[{}1]}}}}"#, "{},".repeat(60))),
        wsdl(&"<x/>".repeat(1_000), r#"<input message="M"/>"#),
        wsdl("", &"<x/>".repeat(1_000)),
    ] {
        let spec = within(&text, work(40_000));
        let problem = said(&spec, "steps of reading");
        assert!(problem.line > 0 && problem.pointer.starts_with('/'), "{problem}");
        assert!(spec.operations.len() < 990, "{}: {text:.100}", spec.operations.len());
    }
}

#[test]
fn an_operation_that_was_read_in_part_is_not_kept() {
    // The last alternative allows anonymous callers: without it the operation would look secured.
    let security = format!(r#"{{"get":{{"security":[{}{{}}]}}}}"#, r#"{"a":[]},"#.repeat(60));
    let text = shared(100, &security);
    for steps in (500..5_000).step_by(37) {
        let spec = within(&text, work(steps));
        assert!(spec.operations.iter().all(|o| o.secured() == Some(false)), "{steps}");
        assert!(said(&spec, "steps of reading").line > 0);
    }
}

#[test]
fn pointers_and_texts_of_problems_have_an_end() {
    let name = "n".repeat(16_000);
    let open = format!(r#"{{"{name}":"#).repeat(100);
    let text = format!(
        r#"{{"openapi":"3.1.0","paths":{{}},"deep":{open}{{"a":1{}}}{}}}"#,
        r#","a":1"#.repeat(300_000),
        "}".repeat(100)
    );
    let begin = std::time::Instant::now();
    let spec = load(&text);
    assert_eq!(spec.problems.len(), MAX_PROBLEMS);
    assert!(spec.more_problems >= 299_800);
    for problem in &spec.problems {
        assert!(problem.pointer.len() <= tree::MAX_POINTER + 3, "{}", problem.pointer.len());
    }
    assert!(spec.problems[0].pointer.ends_with('…'));
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
    let problem = read(format!("<a></{name}>").as_bytes(), &mut NoFiles).expect_err("none");
    assert!(problem.what.len() < 6_000, "{}", problem.what.len());
}

#[test]
fn a_port_type_that_many_bindings_share_is_read_once() {
    let operations: String = (0..6_000).map(|n| format!(r#"<operation name="{n}"/>"#)).collect();
    let bindings = r#"<binding type="P"><s:binding/><operation name="7"/></binding>"#.repeat(6_000);
    let text = format!(
        r#"<definitions xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"><portType name="P">{operations}</portType>{bindings}</definitions>"#
    );
    let begin = std::time::Instant::now();
    let spec = load(&text);
    assert_eq!((spec.operations.len(), spec.problems.len()), (6_000, 0));
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn parts_of_messages_are_counted_and_long_names_not_looked_up() {
    let wsdl = |message: &str, parts: &str| {
        format!(
            r#"<definitions xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"><message name="M">{parts}</message><portType name="P"><operation name="o">{}</operation></portType><binding type="P"><s:binding/>{}</binding></definitions>"#,
            format!(r#"<output message="{message}"/>"#).repeat(50),
            r#"<operation name="o"/>"#.repeat(500)
        )
    };
    let spec = within(&wsdl("M", &r#"<part element="e"/>"#.repeat(200)), model(2_000_000));
    assert!(said(&spec, "bytes of operations").line > 0 && spec.operations.len() < 10);
    let spec = load(&wsdl(&"M".repeat(100_000), ""));
    assert_eq!(spec.operations.len(), 500);
    said(&spec, "a message that is not described");
}

#[test]
fn a_member_that_was_merged_is_not_searched_for() {
    let members: Vec<String> = (0..40_000).map(|n| format!("m{n}: 0")).collect();
    let refs = r##"{$ref: "#/x/<<"},"##.repeat(40_000);
    let text = format!(
        "openapi: 3.1.0\ninfo: {{}}\nx: {{<<: {{a: 1}}, {}}}\npaths: {{/p: {{get: {{parameters: [{refs}]}}}}}}\n",
        members.join(", ")
    );
    let begin = std::time::Instant::now();
    said(&load(&text), "leads nowhere");
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

/// A folder in which every file is there.
struct Endless(String, usize);

impl Files for Endless {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.1 += 1;
        assert!(path.len() < 10_000);
        Ok(self.0.clone().into_bytes())
    }
}

#[test]
fn all_files_together_are_bounded_as_one_is() {
    let limits = Limits { nodes: 1_000, ..Limits::default() };
    let mut files = Endless(format!("[{}0]", "0,".repeat(300)), 0);
    let refs = repeated(100, |n| format!(r#"{{"$ref":"f{n}"}}"#));
    let root = format!(r#"{{"openapi":"3.1.0","info":{{}},"paths":{{}},"a":[{refs}]}}"#);
    let spec = read_within(root.as_bytes(), &mut files, limits).expect("a document");
    assert_eq!(said(&spec, "more than 2000000 values").file, "f10");
    let long =
        format!(r#"{{"openapi":"3.1.0","paths":{{}},"a":{{"$ref":"{}"}}}}"#, "f".repeat(9_000));
    let mut files = Endless(String::new(), 0);
    let spec = read(long.as_bytes(), &mut files).expect("a document");
    assert!(said(&spec, "a reference of more than").line == 1 && files.1 == 0);
    let refs = repeated(3_000, |n| format!(r#"{{"$ref":"g{n}"}}"#));
    let root = format!(r#"{{"openapi":"3.1.0","info":{{}},"paths":{{}},"a":[{refs}]}}"#);
    let mut files = Endless("1".to_owned(), 0);
    let spec = read(root.as_bytes(), &mut files).expect("a document");
    assert!(spec.more_problems < 1_000 && files.1 < MAX_FILES);
    said(&spec, "more than 256 files");
}

#[test]
fn nested_messages_of_long_names_are_bounded() {
    let limits = Limits { text_bytes: 100_000, ..Limits::default() };
    let text = format!(
        "syntax = \"proto3\"; service S {{ rpc a(b) returns (c); }} message {} {{ {} }}",
        "m".repeat(500),
        "message a{} ".repeat(1_000)
    );
    let spec = within(&text, limits);
    assert_eq!(spec.operations.len(), 1);
    said(&spec, "bytes of names and values");
}

#[test]
fn methods_in_front_of_a_limit_are_kept() {
    let limits = Limits { nodes: 1_000, ..Limits::default() };
    let methods: String = (0..1_000).map(|n| format!("rpc a{n}(b) returns (c); ")).collect();
    let spec = within(&format!("syntax = \"proto3\"; service S {{ {methods} }}"), limits);
    assert!((150..300).contains(&spec.operations.len()), "{}", spec.operations.len());
    assert!(said(&spec, "more than 2000000 values").line > 0);
}

#[test]
fn many_fields_are_read_in_linear_time() {
    let many: String = (0..60_000).map(|n| format!("a{n:07}:I ")).collect();
    let begin = std::time::Instant::now();
    let spec = load(&format!("type Query {{{many}}}"));
    assert_eq!(spec.operations.len(), MAX_OPERATIONS);
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn hidden_members_behind_the_last_one_that_is_shown_are_counted() {
    let hidden = "<<: {}, ".repeat(2_000);
    let paths = repeated(1_000, |n| format!(r##""/{n}": {{$ref: "#/x"}}"##));
    let text = format!("openapi: 3.1.0\nx: {{get: {{a: 1, {hidden}}}}}\npaths: {{{paths}}}\n");
    let spec = within(&text, work(40_000));
    said(&spec, "steps of reading");
    assert!(spec.operations.len() < 990, "{}", spec.operations.len());
    let content = format!(r#"{{"a":{{}}{}}}"#, r#","a":{}"#.repeat(2_000));
    let item =
        format!(r#"{{"parameters":[{{"name":"a","in":"query","content":{content}}}],"get":{{}}}}"#);
    // All but the last are hidden.
    let spec = within(&shared(1_000, &item), work(40_000));
    said(&spec, "steps of reading");
    assert!(spec.operations.len() < 990, "{}", spec.operations.len());
}
