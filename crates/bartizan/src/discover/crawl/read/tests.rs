use bartizan_model::{HashKey, Scope};

use super::*;

fn origin() -> Origin {
    Origin::parse("https://shop.example").expect("a URL").0
}

fn finds(role: Role, target: &str, media: &str, body: &str) -> Finds {
    let origin = origin();
    let answer = Answer {
        status: 200,
        headers: [("content-type", media)].into_iter().collect(),
        body: body.as_bytes().to_vec().into(),
        is_cut: false,
    };
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([5; 32]));
    let subject =
        Subject { origin: &origin, target, role, answer: &answer, snapshot: Some(&snapshot) };
    read(subject, &mut Patience::default())
}

fn routes(finds: &Finds) -> Vec<String> {
    let mut out: Vec<String> =
        finds.routes.iter().map(|(method, path, by)| format!("{method} {path} {by:?}")).collect();
    out.sort();
    out
}

fn links(finds: &Finds) -> Vec<String> {
    finds.links.iter().map(|link| format!("{:?} {}", link.role, link.reference)).collect()
}

#[test]
fn a_page_gives_links_forms_and_what_its_scripts_call() {
    let page = "<base href=/app/><a href=a>x</a><form method=post action=login></form>\
        <script src=main.js></script><script>fetch('/api/orders'); x('https://cdn.example/a')</script>\
        <script type=application/json>{\"a\":\"/api/not\"}</script>";
    let finds = finds(Role::Page, "/", "text/html; charset=utf-8", page);
    assert!(finds.is_html);
    assert_eq!(finds.base, "/app/");
    assert_eq!(links(&finds), ["Page a", "Script main.js"]);
    assert_eq!(routes(&finds), ["GET /api/orders Script", "POST /app/login Page"]);
    assert_eq!(finds.elsewhere, ["https://cdn.example"]);
}

#[test]
fn a_base_of_another_origin_takes_the_links_with_it() {
    let page = "<base href=https://other.example/><a href=/a>x</a><form action=/b></form>\
        <a href=https://shop.example/c>";
    let finds = finds(Role::Page, "/", "text/html", page);
    assert_eq!(links(&finds), ["Page https://shop.example/c"]);
    assert_eq!(finds.elsewhere, ["https://other.example"]);
    assert!(finds.routes.is_empty());
}

#[test]
fn scripts_lead_to_maps_and_maps_to_sources() {
    let code = "axios.post(`/api/orders/${e}/cancel`)\n//# sourceMappingURL=main.js.map\n";
    let script = finds(Role::Script, "/main.js", "text/javascript", code);
    assert_eq!(links(&script), ["SourceMap main.js.map"]);
    assert_eq!(routes(&script), ["POST /api/orders/{e}/cancel Script"]);
    let map = r#"{"version":3,"sources":["src/api.ts","node_modules/a/b.js","a.vue"],
        "sourcesContent":["export const f = (id: string) => fetch(`/api/users/${id}`)","",""],
        "mappings":"AAAA"}"#;
    let map = finds(Role::SourceMap, "/main.js.map", "application/json", map);
    assert_eq!(routes(&map), ["GET /api/users/{id} SourceMap"]);
    assert_eq!(map.documents, [(DocumentKind::SourceMap, Some(1))]);
    assert_eq!(map.left_out.len(), 2);
}

#[test]
fn documentation_pages_name_their_specification() {
    let page = "<div id=swagger-ui></div><script>window.ui = SwaggerUIBundle({ url: 'openapi.json', \
        urls: [{ url: \"/v3/api-docs/shop\" }] })</script>";
    let finds = finds(Role::Documentation, "/docs", "text/html", page);
    let mut links = links(&finds);
    links.sort();
    assert_eq!(links, ["Specification /v3/api-docs/shop", "Specification openapi.json"]);
    assert_eq!(finds.documents, [(DocumentKind::Documentation, None)]);
}

#[test]
fn specifications_introspection_and_metadata_are_read() {
    let spec = r#"{"swagger":"2.0","info":{"title":"a","version":"1"},"basePath":"/v1",
        "paths":{"/pets":{"get":{"responses":{}}}}}"#;
    let spec = finds(Role::Specification, "/swagger.json", "application/json", spec);
    assert_eq!(routes(&spec), ["GET /v1/pets Specification"]);
    let answer = r#"{"data":{"__schema":{"queryType":{"name":"Query"},"types":[{"kind":"OBJECT",
        "name":"Query","fields":[{"name":"me","args":[],"type":{"kind":"SCALAR","name":"ID"}}]}]}}}"#;
    let graphql = finds(Role::Introspection, "/graphql", "application/json", answer);
    assert_eq!(graphql.documents, [(DocumentKind::Graphql, Some(1))]);
    assert_eq!(routes(&graphql), ["POST /graphql Specification"]);
    let metadata = r#"{"issuer":"https://shop.example","token_endpoint":"https://shop.example/oauth/token",
        "jwks_uri":"https://keys.example/jwks"}"#;
    let path = "/.well-known/openid-configuration";
    let metadata = finds(Role::WellKnown, path, "application/json", metadata);
    assert_eq!(routes(&metadata), ["POST /oauth/token Answer"]);
    assert_eq!(metadata.elsewhere, ["https://keys.example"]);
}

#[test]
fn what_is_no_text_or_hostile_is_passed_over() {
    assert!(finds(Role::Page, "/", "image/png", "<a href=/x>").links.is_empty());
    assert!(finds(Role::Page, "/", "", "\u{0}<a href=/x>").links.is_empty());
    assert!(finds(Role::Script, "/a.js", "text/html", "<a href=/x>").links.is_empty());
    let many = "<a href=/x>".repeat(MAX_FINDS + 10);
    let finds = finds(Role::Page, "/", "text/html", &many);
    assert_eq!(finds.links.len(), MAX_FINDS);
    assert_eq!(finds.left_out, [("finds_of_one_answer", 10)]);
}

#[test]
fn secrets_are_found_where_everybody_can_read_them() {
    let places = |finds: &Finds| -> Vec<String> {
        let secrets = finds.secrets.iter();
        secrets.map(|one| format!("{}:{} {}", one.place.file, one.place.line, one.name)).collect()
    };
    let line = "const key = 'AKIAQ3EGRN7XWLZP5TB2';";
    let script =
        finds(Role::Script, "/a.js", "text/javascript", &format!("\n\nlet a = 1;\n{line}\n"));
    assert_eq!(places(&script), ["https://shop.example/a.js:4 key"]);
    let page = format!("<html>\n<script>let a = 1;</script>\n<script>\n{line}\n</script></html>");
    let page = finds(Role::Page, "/", "text/html", &page);
    assert_eq!(places(&page), ["https://shop.example/:4 key"]);
    let map = serde_json::json!({
        "version": 3, "mappings": "", "sources": ["src/config.ts", "node_modules/x/y.js"],
        "sourcesContent": [format!("\n\nexport {line}"), line]
    });
    let map = finds(Role::SourceMap, "/a.js.map", "application/json", &map.to_string());
    assert_eq!(places(&map), ["https://shop.example/a.js.map#src/config.ts:3 key"]);
    let nothing = finds(Role::Script, "/b.js", "text/javascript", "const title = 'Sign in here';");
    assert!(nothing.secrets.is_empty());
    assert!(!format!("{:?}", script.secrets).contains("AKIAQ3EGRN7XWLZP5TB2"));
}
