use bartizan_model::{
    Action, BodyState, Client, Flow, HeaderState, Headers, Message, PolicyDecision, PolicyOutcome,
    Request, Response, Timestamp, Tls,
};

use super::*;

fn parsed(line: &str) -> Exchange {
    parse_line(line.as_bytes()).expect(line)
}

#[test]
fn the_documented_form_is_read() {
    let exchange = parsed(
        r#"{"id":"1","time":"2026-11-22T10:00:00.123Z","client":{"ip":"203.0.113.7","port":5123,
            "ja4":null,"certificate_subject":null},
            "request":{"method":"POST","url":"https://API.example.com/v1/orders?expand=1#f",
            "http_version":"1.1","headers":[["content-type","application/json"]],
            "body":"{\"sku\":1}"},
            "response":{"status":201,"headers":{"z":"1","b":["2"],"b":"3"},"body":{"id": 7}},
            "duration_ms":12.3,"source":"x","server":{"ip":"::1","port":443},
            "tls":{"version":"1.3","sni":"h","cipher":"c"},"protocol":"http","connection_id":7,
            "request_id":"r","environment":"e","unknown":[1],"trailers":{"grpc-status":0},
            "messages":[{"direction":"client","data":{"a":1}},{"data_base64":"AAE="}]}"#,
    );
    assert_eq!(exchange.id.as_str(), "1");
    assert_eq!(exchange.time, Some(Timestamp::from_micros(1_795_341_600_123_000)));
    assert_eq!(exchange.client.port, Some(5123));
    let request = &exchange.request;
    assert_eq!(
        (request.scheme.as_str(), request.authority.as_str(), request.target.as_str()),
        ("https", "api.example.com", "/v1/orders?expand=1#f")
    );
    assert_eq!(&request.body[..], b"{\"sku\":1}");
    let response = exchange.response.as_ref().expect("response");
    assert_eq!(response.headers, Headers::from_iter([("z", "1"), ("b", "2"), ("b", "3")]));
    assert_eq!((&response.body[..], response.headers_captured), (&b"{\"id\": 7}"[..], true));
    assert_eq!(exchange.connection_id.as_deref(), Some("7"));
    assert_eq!(exchange.trailers.get("grpc-status"), Some("0"));
    let kinds: Vec<_> =
        exchange.messages.iter().map(|m| (m.from_client, m.text, m.data.len())).collect();
    assert_eq!(kinds, [(true, true, 7), (false, false, 2)]);
}

#[test]
fn urls_may_be_paths() {
    for (method, url, parts) in [
        ("GET", "/a?b", ("", "h:1", "/a?b")),
        ("GET", "//a", ("", "h:1", "//a")),
        ("OPTIONS", "*", ("", "h:1", "*")),
        ("CONNECT", "Up.example:443", ("", "up.example:443", "Up.example:443")),
        ("GET", "http://x", ("http", "x", "/")),
        ("GET", "wss://x?y", ("wss", "x", "/?y")),
    ] {
        let line = format!(
            r#"{{"request":{{"method":"{method}","url":"{url}","headers":{{"Host":"H:1"}}}}}}"#
        );
        let request = parsed(&line).request;
        let read = (request.scheme.as_str(), request.authority.as_str(), request.target.as_str());
        assert_eq!(read, parts, "{url}");
    }
}

#[test]
fn missing_bodies_have_a_state() {
    let state = |message: &str| {
        parsed(&format!(r#"{{"request":{{"method":"GET","url":"/",{message}}}}}"#))
            .request
            .body_state
    };
    assert_eq!(state(r#""body":"x""#), BodyState::Complete);
    assert_eq!(state(r#""headers":{"content-length":"0"}"#), BodyState::Complete);
    assert_eq!(state(r#""headers":{"content-length":5}"#), BodyState::NotCaptured);
    assert_eq!(state(r#""headers":{"content-length":5},"body":"""#), BodyState::Complete);
    assert_eq!(state(r#""body_state":"truncated","body":"x""#), BodyState::Truncated);
    let bare = parsed(r#"{"request":{"method":"GET","url":"/"},"response":{"status":"200"}}"#);
    assert_eq!(bare.request.header_state, HeaderState::Incomplete);
    for (text, state) in [
        (r#""headers":[]"#, HeaderState::Complete),
        (r#""headers":[],"header_state":"incomplete""#, HeaderState::Incomplete),
        (r#""headers":[],"header_state":"?""#, HeaderState::Incomplete),
        (r#""header_state":"complete""#, HeaderState::Complete),
    ] {
        let line = format!(r#"{{"request":{{"method":"GET","url":"/",{text}}}}}"#);
        assert_eq!(parsed(&line).request.header_state, state, "{text}");
    }
    assert!(bare.response.is_some_and(|r| !r.headers_captured && r.status == 200));
}

#[test]
fn sloppy_values_are_understood() {
    for (time, micros) in [
        ("1795341600", 1_795_341_600_000_000),
        ("1795341600.5", 1_795_341_600_500_000),
        ("1795341600123", 1_795_341_600_123_000),
        ("\"1795341600123456\"", 1_795_341_600_123_456),
    ] {
        let line = format!(r#"{{"time":{time},"request":{{"method":"GET","url":"/"}}}}"#);
        assert_eq!(parsed(&line).time, Some(Timestamp::from_micros(micros)), "{time}");
    }
    for (ip, expected) in [
        ("203.0.113.7:80", Some("203.0.113.7")),
        ("[::1]:80", Some("::1")),
        ("[::1]", Some("::1")),
        ("unknown", None),
    ] {
        let line = format!(
            r#"{{"client":{{"ip":"{ip}","port":"x"}},"request":{{"method":"A","url":"/"}}}}"#
        );
        let client = parsed(&line).client;
        assert_eq!(client.ip.map(|ip| ip.to_string()).as_deref(), expected);
        assert_eq!(client.port, None);
    }
}

#[test]
fn errors_name_their_reason() {
    for (line, error) in [
        ("", LineError::NotJson),
        ("{", LineError::NotJson),
        ("[]", LineError::WrongShape),
        ("7", LineError::WrongShape),
        (r#"{"request":7}"#, LineError::WrongShape),
        ("{}", LineError::MissingRequest),
        (r#"{"request":{"url":"/"}}"#, LineError::MissingMethod),
        (r#"{"request":{"method":"GET"}}"#, LineError::MissingUrl),
        (r#"{"request":{"method":"GET","url":"a/b"}}"#, LineError::InvalidUrl),
        (r#"{"request":{"method":"GET","url":"://x"}}"#, LineError::InvalidUrl),
        (r#"{"time":"noon","request":{"method":"GET","url":"/"}}"#, LineError::InvalidTime),
        (r#"{"request":{"method":"GET","url":"/","headers":7}}"#, LineError::InvalidHeaders),
        (r#"{"request":{"method":"GET","url":"/","headers":[["a"]]}}"#, LineError::InvalidHeaders),
        (r#"{"request":{"method":"GET","url":"/","body_base64":"*"}}"#, LineError::InvalidBase64),
        (r#"{"request":{"method":"GET","url":"/","body_state":"?"}}"#, LineError::InvalidBodyState),
        (r#"{"request":{"method":"GET","url":"/"},"response":{}}"#, LineError::InvalidStatus),
        (
            r#"{"request":{"method":"GET","url":"/"},"response":{"status":1000}}"#,
            LineError::InvalidStatus,
        ),
    ] {
        assert_eq!(parse_line(line.as_bytes()), Err(error), "{line}");
    }
    assert_eq!(parse_line(b"\xff"), Err(LineError::NotUtf8));
    let mut reasons: Vec<_> = LineError::ALL.iter().map(|e| e.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons.len(), LineError::ALL.len());
}

#[test]
fn what_is_written_is_read_back() {
    let full = Exchange {
        id: bartizan_model::ExchangeId::from_text("x\n\"1\""),
        time: Some(Timestamp::from_micros(1_795_341_600_123_456)),
        client: Client {
            ip: "2001:db8::1".parse().ok(),
            port: Some(1),
            ja4: Some("t13".to_owned()),
            certificate_subject: Some("CN=é".to_owned()),
            user: Some(String::new()),
        },
        request: Request {
            method: "post".to_owned(),
            scheme: "https".to_owned(),
            authority: "h".to_owned(),
            target: "/a b?\u{1}#x".to_owned(),
            http_version: Some("2".to_owned()),
            headers: [("a", "1"), ("A", "\0")].into_iter().collect(),
            body: vec![0xff, 0, 1].into(),
            body_state: BodyState::Truncated,
            trailers: [("t", "of the request")].into_iter().collect(),
            ..Request::default()
        },
        response: Some(Response {
            status: 0,
            headers_captured: true,
            body_state: BodyState::NotCaptured,
            body_bytes: Some(5),
            ..Response::default()
        }),
        duration_ms: Some(0.25),
        source: Some("s".to_owned()),
        server: Some(("127.0.0.1".parse().expect("address"), None)),
        upstream: Some("10.0.0.7:3000".to_owned()),
        tls: Some(Tls { version: None, sni: Some("s".to_owned()), cipher: None }),
        messages: vec![Message { from_client: true, data: "x".into(), ..Message::default() }],
        flow: Some(Flow::Outbound),
        caller: Some("shop/orders".to_owned()),
        callee: Some("7".to_owned()),
        through_gateway: None,
        route: None,
        environment: Some("e".to_owned()),
        protocol: Some("p".to_owned()),
        connection_id: Some("7".to_owned()),
        request_id: Some("r".to_owned()),
        trailers: [("t", "v")].into_iter().collect(),
        policies: vec![PolicyDecision {
            policy: "few".to_owned(),
            kind: "rate".to_owned(),
            outcome: PolicyOutcome::Monitored,
            action: Action::Throttle,
            status: Some(429),
            reason: "rate-limited".to_owned(),
        }],
    };
    let odd = |scheme: &str, authority: &str, target: &str| Exchange {
        request: Request {
            method: "GET".to_owned(),
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            target: target.to_owned(),
            ..Request::default()
        },
        ..Exchange::default()
    };
    let incomplete = |headers: &[(&str, &str)]| {
        let mut exchange = odd("https", "h", "/x");
        exchange.request.header_state = HeaderState::Incomplete;
        exchange.request.headers = headers.iter().copied().collect();
        exchange
    };
    for exchange in [
        full,
        incomplete(&[]),
        incomplete(&[("user-agent", "curl/8")]),
        odd("", "h", "//a"),
        odd("", "H", "/"),
        odd("https", "a/b", "/x"),
        odd("ht tp", "h", "/x"),
        odd("http", "h", "*"),
        odd("", "", "no path"),
        odd("", "", ""),
    ] {
        let mut line = String::new();
        write_line(&mut line, &exchange);
        assert!(!line.contains('\n'));
        assert_eq!(parse_line(line.as_bytes()), Ok(exchange), "{line}");
    }
}

#[test]
fn the_asterisk_is_no_part_of_the_host() {
    let request = Request {
        method: "OPTIONS".to_owned(),
        scheme: "http".to_owned(),
        authority: "h".to_owned(),
        target: "*".to_owned(),
        ..Request::default()
    };
    let mut line = String::new();
    write_line(&mut line, &Exchange { request, ..Exchange::default() });
    let written: serde_json::Value = serde_json::from_str(&line).expect("a line is JSON");
    assert_eq!(written["request"]["url"], "http://h");
    assert_eq!(written["request"]["target"], "*");
}
