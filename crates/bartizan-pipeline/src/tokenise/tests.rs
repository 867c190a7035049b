//! What stays and what goes, by example.

use bartizan_model::{Client, Headers, Request, Response, redact::shape};
use bytes::Bytes;

use super::*;

fn tokeniser() -> Tokeniser {
    Tokeniser::new(&HashKey::new([7; 32]))
}

#[test]
fn values_keep_their_shape_and_equality() {
    let tokeniser = tokeniser();
    for value in ["ada.winter@example.net", "4111 1111 1111 1111", "Zoe", ""] {
        let token = tokeniser.text(value);
        assert_eq!(shape(&token), shape(value), "{value}");
        assert_eq!(token, tokeniser.text(value));
        assert!(value.len() < 4 || token != value);
    }
    assert!(tokeniser.text("Zoë").ends_with('x'));
    assert_ne!(
        tokeniser.text("ada.winter"),
        Tokeniser::new(&HashKey::new([8; 32])).text("ada.winter")
    );
}

#[test]
fn json_stays_json_with_its_keys() {
    let tokeniser = tokeniser();
    let body =
        r#"{"id": 42, "neg": -0.50e+3, "t": true, "s": "a\"b\u00e9", "n": null, "l": ["x", 0]}"#;
    let token = tokeniser.json(body);
    let value: serde_json::Value = serde_json::from_str(&token).expect("JSON");
    let keys: Vec<_> = value.as_object().expect("object").keys().cloned().collect();
    assert_eq!(keys, ["id", "l", "n", "neg", "s", "t"]);
    assert_eq!((&value["t"], &value["n"]), (&true.into(), &serde_json::Value::Null));
    assert_ne!(value["id"], 42);
    for broken in ["{\"a", "\"", "[1, \"\\", "{\"a\":\"\\u12", "{\"é\":\"é"] {
        assert_eq!(tokeniser.json(broken).is_empty(), broken.is_empty());
    }
}

#[test]
fn exchanges_lose_their_values_and_keep_their_structure() {
    let mut exchange = Exchange {
        client: Client { ip: Some([203, 0, 113, 7].into()), ..Client::default() },
        request: Request {
            method: "POST".to_owned(),
            target: "/v1/users/ada@example.com/orders?page=2&q=blue%20shoes".to_owned(),
            headers: Headers::from_iter([
                ("content-type", "application/json"),
                ("authorization", "Bearer abc.def"),
                ("cookie", "sid=12345; theme=dark"),
                ("x-tenant", "acme"),
            ]),
            body: Bytes::from_static(b"{\"email\":\"ada@example.com\"}"),
            ..Request::default()
        },
        response: Some(Response {
            status: 200,
            headers: Headers::from_iter([("content-type", "application/octet-stream")]),
            body: Bytes::from_static(b"\x00\x01secret"),
            ..Response::default()
        }),
        ..Exchange::default()
    };
    tokeniser().exchange(&mut exchange);
    let request = &exchange.request;
    assert!(request.target.starts_with("/v1/users/") && request.target.contains("/orders?page="));
    let all = format!("{exchange:?}");
    for gone in ["ada", "blue", "abc.def", "12345", "dark", "acme", "secret", "203.0.113.7\""] {
        assert!(!all.contains(gone), "{gone} in {all}");
    }
    assert!(request.headers.get("authorization").is_some_and(|v| v.starts_with("Bearer ")));
    assert!(request.headers.get("cookie").is_some_and(|v| v.starts_with("sid=")));
    assert!(request.body.starts_with(b"{\"email\":\""));
    assert_eq!(exchange.response.map(|r| r.body_state), Some(BodyState::NotCaptured));
    let ip = exchange.client.ip.expect("address");
    assert!(ip.to_string().starts_with("203.0.113."));
}

#[test]
fn identifiers_stay_identifiers() {
    let tokeniser = tokeniser();
    let body = r#"{"550e8400-e29b-41d4-a716-446655440000": 1, "ada@example.com": 2, "2026-11-22": 3,
        "4111111111111111": 4, "order_id": 5, "with space": 6, "\u0061da": 7, "line2": 8}"#;
    let token = tokeniser.json(body);
    let value: serde_json::Value = serde_json::from_str(&token).expect("JSON");
    let keys: Vec<_> = value.as_object().expect("object").keys().cloned().collect();
    assert_eq!(keys.len(), 8);
    let identifiers = keys.iter().filter(|key| bartizan_protocols::is_identifier(key)).count();
    assert_eq!(identifiers, 4, "{keys:?}");
    let kept: Vec<_> = keys.iter().filter(|key| body.contains(key.as_str())).collect();
    assert_eq!(kept, ["line2", "order_id"]);
}

#[test]
fn numbers_stay_numbers() {
    let tokeniser = tokeniser();
    for number in
        ["0", "-0.5", "10", "1.25e-30", "9E400", "1e+4111111111111111", "123456789012345678"]
    {
        let token = tokeniser.json(number);
        assert!(serde_json::from_str::<f64>(&token).is_ok(), "{number}: {token}");
        assert_eq!(token.starts_with('-'), number.starts_with('-'));
    }
}

#[test]
fn what_is_encoded_stays_well_formed() {
    let tokeniser = tokeniser();
    let mut out = String::new();
    tokeniser.pairs(&mut out, "name=Zo%C3%AB+Winter%20%26%20Co&%41da=1&b=%zz&flag");
    let (first, rest) = out.split_once('&').expect("pairs");
    assert!(first.starts_with("name=") && first.contains("%20%26%20"), "{out}");
    assert!(!out.contains("%C3") && !out.contains("Winter") && !rest.contains("flag"), "{out}");
    assert_eq!(out.len(), "name=Zoxx+Winter%20%26%20Co&Ada=1&b=%zz&flag".len());
}

#[test]
fn markup_keeps_its_elements() {
    let tokeniser = tokeniser();
    let text = "<?xml version='1.0'?><s:Envelope xmlns:s=\"http://h/soap/envelope/\"><s:Body>\
                <user id='4711' name=\"Ada &amp; Co\">ada &#65;</user><br/></s:Body></s:Envelope>";
    let token = tokeniser.markup(text).expect("markup");
    for kept in [
        "<s:Envelope xmlns:s=\"http://h/soap/envelope/\">",
        "<user id='",
        " &amp; ",
        "<br/>",
        "</s:Body>",
    ] {
        assert!(token.contains(kept), "{kept} in {token}");
    }
    for gone in ["4711", "Ada", "ada", "65"] {
        assert!(!token.contains(gone), "{gone} in {token}");
    }
    for broken in ["<", "<a", "<a b", "<a b='", "<!--", "<![CDATA[x", "<?", "<!x", "<1>", "a < b"] {
        assert_eq!(tokeniser.markup(broken), None, "{broken}");
    }
}
