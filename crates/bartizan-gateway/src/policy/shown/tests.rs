//! Objects that were guessed, wherever they are named.

use bartizan_model::Response;
use bartizan_protocols::decode;

use super::{
    super::{owners::OwnerTable, readings::tests::posted, roles::tests::somebody},
    *,
};

fn compile(text: &str) -> Result<ShownObjects, Problem> {
    let config: ShownConfig = serde_saphyr::from_str(text).expect("settings");
    let table: Arc<dyn ObjectOwners> = Arc::new(OwnerTable::default());
    ShownObjects::compile(&config, &table, &HashKey::new([1; 32]))
}

fn rule() -> ShownObjects {
    let text = "{kind: shipment, shows: ['body:/shipments/*/id', 'xml:/list/shipment/id'],
        asks: [query.shipment, 'body:/shipment', 'ws.message:/shipment', 'graphql:shipment.id', 'xml:/get/id'],
        exempt_roles: [clerk]}";
    compile(text).expect("compiles")
}

fn show(rule: &ShownObjects, who: &[Identity], kind: &str, body: &str) {
    let mut response = Response { status: 200, headers_captured: true, ..Response::default() };
    response.headers.push("content-type", kind);
    response.body = body.to_owned().into();
    rule.learn(who, &read(&Exchange { response: Some(response), ..Exchange::default() }, 1));
}

fn read(exchange: &Exchange, seed: u64) -> Decoded {
    decode(exchange, &RIGHTS.limits(), seed)
}

type Said = Result<Option<&'static str>, &'static str>;

fn ask(rule: &ShownObjects, who: &[Identity], target: &str, kind: &str, body: &str) -> Said {
    let decoded = read(&posted(target, kind, body), 1);
    let about = About { who, forms: None, decoded: &decoded, gap: cut(&decoded.view, Places::ALL) };
    rule.check(&about, false).map_err(|refusal| refusal.reason)
}

fn send(rule: &ShownObjects, who: &[Identity], text: &str) -> Said {
    let said = super::Said {
        from_client: true,
        time: None,
        data: text.as_bytes().to_vec().into(),
        text: true,
    };
    let decoded = read(&Exchange { messages: vec![said], ..Exchange::default() }, 1);
    let about = About { who, forms: None, decoded: &decoded, gap: None };
    rule.check(&about, true).map_err(|refusal| refusal.reason)
}

const JSON: &str = "application/json";

#[test]
fn who_was_shown_an_object_may_ask_for_it() {
    let rule = rule();
    let [ada, bea] = [[somebody("1", "{}")], [somebody("2", "{}")]];
    show(&rule, &ada, JSON, r#"{"shipments":[{"id":1001,"owner":1},{"id":"1002"}],"id":1003}"#);
    let deny = Err("not-shown");
    for (who, id, expected) in [
        (&ada, "1001", Ok(None)),
        (&ada, "1002", Ok(None)),
        (&ada, "1003", deny),
        (&ada, "01001", deny),
        (&bea, "1001", deny),
    ] {
        assert_eq!(ask(&rule, who, &format!("/e?shipment={id}"), JSON, ""), expected, "{id}");
        assert_eq!(
            ask(&rule, who, "/e", JSON, &format!(r#"{{"Shipment":"{id}"}}"#)),
            expected,
            "{id}"
        );
        let text = format!(r#"{{"type":"subscribe","shipment":"{id}"}}"#);
        assert_eq!(send(&rule, who, &text), expected, "{id}");
        let query = |document: String| serde_json::json!({ "query": document }).to_string();
        let aliased = query(format!("{{me{{id}} x: shipment(id: \"{id}\"){{id}}}}"));
        assert_eq!(ask(&rule, who, "/graphql", JSON, &aliased), expected, "{id}");
        let xml = format!("<get><id>{id}</id></get>");
        assert_eq!(ask(&rule, who, "/soap", "text/xml", &xml), expected, "{id}");
    }
    // One of several is enough, and who is nobody was shown nothing.
    assert_eq!(ask(&rule, &ada, "/e?shipment=1001&shipment=1003", JSON, ""), deny);
    assert_eq!(ask(&rule, &[], "/e?shipment=1001", JSON, ""), deny);
    assert_eq!(ask(&rule, &[], "/e", JSON, r#"{"other":1}"#), Ok(None));
    assert_eq!(send(&rule, &[], r#"{"type":"ping"}"#), Ok(None));
    let clerk = [somebody("3", r#"{"role":"clerk"}"#)];
    assert_eq!(ask(&rule, &clerk, "/e?shipment=1003", JSON, ""), Ok(None));
}

#[test]
fn lists_in_xml_show_too_and_what_cannot_be_read_is_refused() {
    let rule = rule();
    let ada = [somebody("1", "{}")];
    let list = "<list><shipment><id>7</id></shipment><shipment><id>8</id></shipment></list>";
    show(&rule, &ada, "text/xml", list);
    assert_eq!(ask(&rule, &ada, "/soap", "text/xml", "<get><id>8</id></get>"), Ok(None));
    // A document that is known by its hash names nobody knows what.
    let hashed = r#"{"extensions":{"persistedQuery":{"sha256Hash":"ab"}}}"#;
    assert_eq!(ask(&rule, &ada, "/graphql", JSON, hashed), Err(NOT_READABLE));
    let me = r#"{"query":"{me{id}}"}"#;
    assert_eq!(ask(&rule, &ada, "/graphql", JSON, me), Ok(None));
}

#[test]
fn what_is_wrong_is_refused_with_its_key() {
    let (shows, asks) = ("shows: ['body:/a']", "asks: [query.a]");
    for (text, key) in [
        (format!("{{{shows}, {asks}}}"), "kind"),
        ("{kind: a}".to_owned(), ""),
        (format!("{{kind: a, shows: [query.a], {asks}}}"), "shows.0"),
        (format!("{{kind: a, {shows}, asks: [path.a]}}"), "asks.0"),
    ] {
        assert_eq!(compile(&text).expect_err("wrong").key, key, "{text}");
    }
}
