//! One value in every place of an exchange, in shapes that were made to slip through: it must be
//! nowhere in the capture.

use bartizan_model::{Client, Headers, Message, Request, Response, Tls};
use bartizan_protocols::exchange_json::write_line;
use bytes::Bytes;

use super::*;

/// Values that are somebody's, each with a part that must not be seen anywhere.
const MARKERS: [(&str, &str); 5] = [
    ("ada.winter@example.net", "winter"),
    ("4111111111111111", "4111111111111111"),
    ("4111 1111 1111 1111", "4111 1111"),
    ("eyJhbGciOi.SECRET7token9xyz.Q", "SECRET7token9xyz"),
    ("Zoë-Ångström-77-Ünal", "Ångström"),
];

/// Bodies; `@@` stands for the value.
const BODIES: [(&str, &str); 45] = [
    ("application/json", r#"{"email":"@@"}"#),
    ("application/json", r#"{"a":{"b":[1,["@@",{"c":"x @@ y"}]]}}"#),
    ("application/json", r#"{"@@":1}"#),
    ("application/json", r#"{"a":{"@@":{"@@":true}}}"#),
    ("application/json", r#""@@""#),
    ("application/json", r#"{"json":"{\"inner\":\"@@\"}"}"#),
    ("application/json", r#"{"deep":"\"{\\\"x\\\":\\\"@@\\\"}\""}"#),
    ("application/json", r#"{'email':'@@'}"#),
    ("application/json", r#"{email: @@}"#),
    ("application/json", r#"{"a":"@@",}"#),
    ("application/json", r#"{"a":"@@""#),
    ("application/json", r#"{"a":1} @@"#),
    ("application/json", r#"// @@"#),
    ("application/json", r#"{"a":/* @@ */1}"#),
    ("application/json", "while(1);{\"a\":\"@@\"}"),
    ("application/json", "@@"),
    ("application/json", r#"[@@]"#),
    ("application/x-ndjson", "{\"a\":\"@@\"}\n{\"@@\":2}\n"),
    ("application/x-ndjson", "{\"a\":\"@@\"}\nlog line of @@\n"),
    ("application/problem+json", r#"{"detail":"no user @@"}"#),
    ("text/plain", "[info] login @@ password @@"),
    ("text/plain", "{user: @@}"),
    ("text/plain", r#"{"a":"@@"}"#),
    ("text/plain", "\"@@"),
    ("text/plain", "@@"),
    ("text/csv", "id,mail\n1,@@\n"),
    ("application/octet-stream", "@@"),
    ("application/octet-stream", "[@@"),
    ("", "<@@"),
    ("application/xml", "<a><![CDATA[@@]]></a>"),
    ("application/xml", "<a><!-- @@ --></a>"),
    ("application/xml", "<a b='@@' c=\"@@\">@@</a>"),
    ("application/xml", "<a xmlns='http://h/@@'/>"),
    ("application/xml", "<a xmlns:x=\"http://h/?q=@@\"/>"),
    ("application/xml", "<?xml version='1.0' note='@@'?><?pi @@?><a/>"),
    ("application/xml", "<!DOCTYPE a [<!ENTITY x \"@@\">]><a>&x;</a>"),
    ("application/xml", "<a><b>@@"),
    ("application/xml", "<a b='@@"),
    ("application/xml", "<!-- @@"),
    ("application/xml", "@@"),
    ("text/html", "<a href=@@ title='@@'><script>var t='@@'</script><style>/*@@*/</style>"),
    ("text/html", "<a href='https://h/reset?token=@@#@@'>x</a>"),
    ("application/x-www-form-urlencoded", "a=@@&@@=1&@@&b=c@@d"),
    ("application/x-www-form-urlencoded", "{\"a\":\"@@\"}=&x"),
    (
        "multipart/form-data; boundary=x",
        "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n@@\r\n--x--",
    ),
];

fn fields(value: &str) -> Headers {
    let mut fields = Headers::new();
    let percent = value.replace(' ', "%20").replace('@', "%40");
    for (name, text) in [
        ("grpc-status", value.to_owned()),
        ("grpc-timeout", format!("{value}S")),
        ("grpc-message", value.to_owned()),
        ("accept", format!("text/html;q={value}")),
        ("user-agent", format!("app/1.0 ({value})")),
        ("host", value.to_owned()),
        ("cache-control", format!("max-age={value}")),
        ("content-type", format!("application/json; x={value}")),
        ("www-authenticate", format!("Bearer realm=\"{value}\"")),
        ("authorization", format!("Bearer {value}")),
        ("authorization", format!("{value} x")),
        ("proxy-authorization", value.to_owned()),
        ("cookie", format!("a={value}; {value}=1; {value}")),
        ("set-cookie", format!("a={value}; Path=/{percent}; X={value}; Domain={value}; {value}")),
        ("location", format!("https://h/{percent}?a={percent}&{percent}#{percent}")),
        ("referer", format!("https://{percent}/a")),
        ("content-location", value.to_owned()),
        ("x-anything", value.to_owned()),
        ("content-length", value.to_owned()),
    ] {
        fields.push(name, text);
    }
    fields.push(format!("x-{value}"), "1");
    fields
}

fn exchange(media: &str, body: &str, value: &str) -> Exchange {
    let body = Bytes::from(body.replace("@@", value).into_bytes());
    let message = |text| Message { from_client: true, time: None, data: body.clone(), text };
    let encoded: String = value.bytes().map(|b| format!("%{b:02x}")).collect();
    let mut request = Request {
        method: format!("X{value}"),
        authority: format!("{value}.example"),
        target: format!("/v1/{value}/x;id={value}/{encoded}?a={value}&{value}=1&{encoded}&{value}"),
        headers: fields(value),
        body: body.clone(),
        trailers: fields(value),
        ..Request::default()
    };
    request.headers.remove("content-type");
    request.headers.push("content-type", media);
    let headers = request.headers.clone();
    Exchange {
        id: ExchangeId::from_text(value),
        client: Client {
            user: Some(value.to_owned()),
            certificate_subject: Some(format!("CN={value}")),
            ja4: Some(value.to_owned()),
            ..Client::default()
        },
        request,
        response: Some(Response {
            status: 200,
            headers,
            headers_captured: true,
            body: body.clone(),
            ..Response::default()
        }),
        tls: Some(Tls { sni: Some(value.to_owned()), ..Tls::default() }),
        messages: vec![message(true), message(false)],
        caller: Some(value.to_owned()),
        callee: Some(value.to_owned()),
        environment: Some(value.to_owned()),
        protocol: Some(value.to_owned()),
        source: Some(value.to_owned()),
        connection_id: Some(value.to_owned()),
        request_id: Some(value.to_owned()),
        trailers: fields(value),
        ..Exchange::default()
    }
}

#[test]
fn no_value_is_anywhere_in_a_capture() {
    let tokeniser = Tokeniser::new(&HashKey::new([7; 32]));
    let mut leaks = Vec::new();
    for (media, body) in BODIES {
        for (value, part) in MARKERS {
            let mut exchange = exchange(media, body, value);
            let mut line = String::new();
            write_line(&mut line, &exchange);
            assert!(line.contains(part), "the value was there: {line}");
            tokeniser.exchange(&mut exchange);
            line.clear();
            write_line(&mut line, &exchange);
            // Neither decoded.
            let decoded = line.replace("%20", " ").replace("%40", "@");
            let hex: String = part.bytes().map(|b| format!("%{b:02x}")).collect();
            let is_there = decoded.contains(part) || line.to_ascii_lowercase().contains(&hex);
            if line.contains(part) || is_there {
                let at = decoded.find(part).unwrap_or_default();
                let near: String = decoded[..at].chars().rev().take(60).collect();
                let near: String = near.chars().rev().collect();
                leaks.push(format!("{media} {body}: {part} behind {near}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Values where the path of a call of gRPC has names, with the part that must not be seen; most of them
/// are made of what identifiers are made of.
const CALL_MARKERS: [(&str, &str); 14] = [
    ("ada.winter@example.net", "winter"),
    ("ada.winter%40example.net", "winter"),
    ("4111111111111111", "4111111111111111"),
    ("v4111.v1111.v1111.v1111", "4111"),
    ("card4111.n1111.n1111.n1111", "4111"),
    ("QSCU1003", "1003"),
    ("ada1985", "1985"),
    ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "4f89"),
    ("a3f2504e04f8941d39a0c0305e82c3301", "e04f"),
    ("eyJhbGciOiJIUzI1NiJ9", "JIUzI1"),
    ("eyJhbGciOi.SECRET7token9xyz.Q", "SECRET7token9xyz"),
    ("sk_live_Kq7RbWmZtYd", "Kq7Rb"),
    ("AKIAWINTERTEN7EXAMPLE", "WINTERTEN7"),
    ("Zoë-Ångström", "Ångström"),
];

#[test]
fn no_value_stays_where_the_path_of_a_call_has_names() {
    let tokeniser = Tokeniser::new(&HashKey::new([7; 32]));
    let paths = [
        "/@@/Get",
        "/quayside.v1.Tracking/@@",
        "/quayside.@@/Get",
        "/@@.v1.Tracking/Get",
        "/quayside.@@.Tracking/Get",
        "/quayside.v1.Tracking@@/Get",
        "/quayside.v1.Tracking/Get@@",
        "/@@",
        "/quayside.v1.Tracking/Get/@@",
        "/quayside.v1.Tracking/Get?@@&a=@@",
        "http://quayside.example/@@/@@",
    ];
    for media in ["application/grpc", "application/grpc-web+proto", "APPLICATION/GRPC; x=1"] {
        for (path, (value, part)) in
            paths.iter().flat_map(|path| CALL_MARKERS.iter().map(move |marker| (path, *marker)))
        {
            let mut call = call("POST", media, &path.replace("@@", value));
            tokeniser.exchange(&mut call);
            let shown = &call.request.target;
            assert!(!shown.contains(part), "{media} {path}: {part} in {shown}");
        }
    }
}

fn call(method: &str, media: &str, target: &str) -> Exchange {
    let request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Headers::from_iter([("content-type", media)]),
        ..Request::default()
    };
    Exchange { request, ..Exchange::default() }
}

#[test]
fn names_with_dots_stay_in_calls_of_grpc_and_nowhere_else() {
    let tokeniser = Tokeniser::new(&HashKey::new([7; 32]));
    let shown = |method: &str, media: &str, target: &str| {
        let mut call = call(method, media, target);
        tokeniser.exchange(&mut call);
        call.request.target
    };
    for name in [
        "/quayside.v1.Tracking/GetContainer",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/google.cloud.vision.v1p1beta1.ImageAnnotator/BatchAnnotateImages",
        "/google.monitoring.v3.Notifications/SendNotificationChannelVerificationCode",
        "/package_of_us.Greeter2/say_hello",
        "/Greeter/SayHello",
    ] {
        for media in ["application/grpc", "application/grpc+proto", "application/grpc-web-text"] {
            assert_eq!(shown("POST", media, name), name, "{media}");
        }
    }
    let grpc = "application/grpc";
    for (method, media, target) in [
        ("POST", "application/json", "/john.smith/Get"),
        ("POST", "application/grpcurl", "/john.smith/Get"),
        ("GET", grpc, "/john.smith/Get"),
        ("POST", grpc, "/john.smith"),
        ("POST", grpc, "/users/john.smith"),
        ("POST", grpc, "/v1/users/john.smith"),
        ("POST", grpc, "/john.smith/orders/open"),
    ] {
        let shown = shown(method, media, target);
        assert!(!shown.contains("john.smith"), "{method} {media} {target}: {shown}");
    }
    // Equal names become equal tokens, whatever else the path holds.
    let [one, two] = ["/a.EC2Service/List", "/a.EC2Service/Get"].map(|t| shown("POST", grpc, t));
    assert_eq!(one.split('/').nth(1), two.split('/').nth(1));
}

#[test]
fn any_prefix_of_a_body_is_replaced_without_a_panic() {
    let tokeniser = Tokeniser::new(&HashKey::new([7; 32]));
    for (media, body) in BODIES {
        for end in (0..=body.len()).filter(|end| body.is_char_boundary(*end)) {
            let mut state = BodyState::Complete;
            let mut bytes = Bytes::from(body[..end].replace("@@", "4111111111111111").into_bytes());
            tokeniser.body(media, false, &mut bytes, &mut state);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains("4111111111111111"), "{media} {body}: {text}");
        }
    }
}
