use super::*;
use crate::sources::{Item, OpenOptions};

/// A span of the kind, with attributes as `key=value`.
fn span(kind: u8, attributes: &[(&str, &str)]) -> String {
    let attributes: Vec<String> = attributes
        .iter()
        .map(|(key, value)| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#))
        .collect();
    format!(
        r#"{{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","kind":{kind},"startTimeUnixNano":"1777593600123456789","endTimeUnixNano":"1777593600125456789","attributes":[{}]}}"#,
        attributes.join(",")
    )
}

fn line(spans: &[String]) -> String {
    format!(
        r#"{{"resourceSpans":[{{"resource":{{}},"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    )
}

fn all(request: Request) -> Vec<Result<Box<Exchange>, SkipReason>> {
    let mut known = Known::default();
    known.export(&request);
    request.spans().map(|span| read(span, &known)).collect()
}

fn exchange(attributes: &[(&str, &str)]) -> Exchange {
    let text = line(&[span(2, attributes)]);
    let request: Request = serde_json::from_str(&text).expect("JSON");
    *all(request).remove(0).expect("an exchange")
}

#[test]
fn names_of_today_and_of_before_tell_the_same() {
    let today = exchange(&[
        ("http.request.method", "GET"),
        ("url.path", "/v1/orders/7"),
        ("url.query", "expand=1"),
        ("url.scheme", "https"),
        ("server.address", "api.example.com"),
        ("http.response.status_code", "404"),
        ("client.address", "203.0.113.7"),
        ("user_agent.original", "curl/8"),
        ("network.protocol.version", "1.1"),
        ("http.route", "/v1/orders/{id}"),
    ]);
    let before = exchange(&[
        ("http.method", "GET"),
        ("http.target", "/v1/orders/7?expand=1"),
        ("http.scheme", "https"),
        ("http.host", "api.example.com"),
        ("http.status_code", "404"),
        ("http.client_ip", "203.0.113.7"),
        ("http.user_agent", "curl/8"),
        ("http.flavor", "1.1"),
    ]);
    assert_eq!(today.route.as_deref(), Some("/v1/orders/{id}"));
    let today = Exchange { route: None, ..today };
    assert_eq!(today, before);
    assert_eq!(
        (&*today.request.authority, &*today.request.target),
        ("api.example.com", "/v1/orders/7?expand=1")
    );
    assert_eq!(today.client.ip.map(|ip| ip.to_string()).as_deref(), Some("203.0.113.7"));
    assert_eq!(today.time.map(|time| time.micros()), Some(1_777_593_600_123_456));
    assert_eq!(today.duration_ms, Some(2.0));
    assert_eq!(today.response.map(|response| response.status), Some(404));
}

#[test]
fn a_call_of_grpc_is_a_post_to_its_method() {
    let call = exchange(&[
        ("rpc.system", "grpc"),
        ("rpc.service", "pay.v1.Payments"),
        ("rpc.method", "Charge"),
        ("server.address", "pay.example.com"),
    ]);
    assert_eq!(&*call.request.target, "/pay.v1.Payments/Charge");
    assert_eq!(&*call.request.method, "POST");
}

/// What a span of a service of the shop gives.
fn of_service(kind: u8, attributes: &[(&str, &str)]) -> Result<Box<Exchange>, SkipReason> {
    let named = r#"{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}},{"key":"service.namespace","value":{"stringValue":"shop"}}]}"#;
    let text = line(&[span(kind, attributes)]);
    let text = text.replace(r#""resource":{}"#, &format!(r#""resource":{named}"#));
    let text = text.replace(r#""kind""#, r#""spanId":"00f067aa0ba902b7","kind""#);
    let request: Request = serde_json::from_str(&text).expect("JSON");
    all(request).remove(0)
}

#[test]
fn a_call_to_others_is_read_from_the_span_of_its_client() {
    let with = |peer: &str| {
        of_service(
            3,
            &[
                ("http.request.method", "POST"),
                ("url.full", "https://api.pay.example/v1/payments"),
                ("server.address", "api.pay.example"),
                ("network.peer.address", peer),
                ("network.peer.port", "443"),
                ("http.response.status_code", "201"),
                ("peer.service", "payments"),
            ],
        )
    };
    let call = with("9.9.9.9").expect("an exchange");
    assert_eq!(call.flow, Some(Flow::Outbound));
    assert_eq!(call.server.map(|(ip, _)| ip.to_string()).as_deref(), Some("9.9.9.9"));
    assert_eq!(call.client.ip, None, "the peer is who answers");
    assert_eq!(
        (call.caller.as_deref(), call.callee.as_deref()),
        (Some("shop/orders"), Some("payments"))
    );
    assert_eq!(
        (&*call.request.authority, &*call.request.target),
        ("api.pay.example", "/v1/payments")
    );
    for ours in ["10.0.0.7", "fd00::7"] {
        assert_eq!(with(ours).err(), Some(SkipReason::NotOfAServer), "{ours}");
    }
    for nothing in ["", "nonsense"] {
        assert!(with(nothing).is_ok_and(|call| call.server.is_none()), "its name is public");
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A span with its number and the one above it, both below 256.
fn numbered(kind: u8, own: u8, parent: u8, host: &str) -> String {
    let attributes = [("http.request.method", "GET"), ("url.path", "/a"), ("server.address", host)];
    let ids = format!(r#""spanId":"{own:016x}","parentSpanId":"{parent:016x}","kind""#);
    span(kind, &attributes).replace(r#""kind""#, &ids)
}

/// What the spans of exports that come one after the other give: hosts and fields of trace context.
fn told(exports: &[&[String]]) -> Vec<(String, Option<String>, Option<String>)> {
    let mut known = Known::default();
    let mut out = Vec::new();
    for export in exports {
        let request: Request = serde_json::from_str(&line(export)).expect("JSON");
        known.export(&request);
        for exchange in request.spans().filter_map(|span| read(span, &known).ok()) {
            let parent = exchange.request.headers.get("traceparent").map(str::to_owned);
            let answer = exchange.response.as_ref();
            let own = answer.and_then(|answer| answer.headers.get("traceresponse"));
            out.push((exchange.request.authority.clone(), parent, own.map(str::to_owned)));
        }
    }
    out
}

fn hosts(exports: &[&[String]]) -> Vec<String> {
    told(exports).into_iter().map(|(host, ..)| host).collect()
}

#[test]
fn a_call_that_a_server_of_ours_answers_is_told_once() {
    let shop = numbered(2, 0xa1, 0, "shop.example.com");
    let to = |own, host| numbered(3, own, 0xa1, host);
    let of_stock = numbered(2, 0xb2, 0xb1, "stock-7.example.com");
    let calls = [
        shop,
        to(0xb1, "stock.example.com"),
        of_stock,
        to(0xc1, "api.others.example"),
        to(0xd1, "stock"),
        to(0xe1, "pay.svc.cluster.local"),
        to(0xf1, "shop.example.com"),
    ];
    let seen = hosts(&[&calls]);
    assert_eq!(seen, ["shop.example.com", "stock-7.example.com", "api.others.example"]);
    let later = [to(1, "shop.example.com"), to(2, "new.example.com")];
    assert_eq!(hosts(&[&calls, &later]).last().map(String::as_str), Some("new.example.com"));
    assert_eq!(hosts(&[&calls, &later]).len(), 4, "hosts of servers stay known");
}

#[test]
fn spans_of_servers_are_joined_by_those_between() {
    let status = r#"{"key":"http.response.status_code","value":{"intValue":"200"}},{"key":"http.request.method""#;
    let with_status = |span: String| span.replacen(r#"{"key":"http.request.method""#, status, 1);
    let spans = [
        with_status(numbered(2, 0xb2, 0xb1, "stock")),
        numbered(3, 0xb1, 0xaa, "stock"),
        numbered(1, 0xaa, 0xa1, ""),
        with_status(numbered(2, 0xa1, 0, "shop")),
        with_status(numbered(2, 0xc2, 0xc1, "pay")),
    ];
    let context = |span: u8| Some(format!("00-{TRACE}-{span:016x}-01"));
    let told = told(&[&spans]);
    assert_eq!(told[0], ("stock".to_owned(), context(0xa1), context(0xb2)));
    assert_eq!(told[1], ("shop".to_owned(), context(0xa1), context(0xa1)), "it began the trace");
    assert_eq!(told[2].1, context(0xc1), "what is above it is not there");
}

#[test]
fn spans_in_a_circle_end() {
    let spans = [numbered(2, 3, 1, "a.test"), numbered(1, 1, 2, ""), numbered(1, 2, 1, "")];
    assert_eq!(hosts(&[&spans]), ["a.test"]);
}

#[test]
fn the_span_of_a_server_names_it_and_its_trace() {
    let call = of_service(2, &[("http.request.method", "GET"), ("url.path", "/a")]);
    let call = call.expect("an exchange");
    assert_eq!((call.flow, call.callee.as_deref()), (Some(Flow::Inbound), Some("shop/orders")));
    let context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(call.request.headers.get("traceparent"), Some(context));
    let bare = exchange(&[("http.request.method", "GET"), ("url.path", "/a")]);
    assert_eq!((bare.callee, bare.request.headers.get("traceparent")), (None, None));
}

/// Everything from `checkpoint` on, `most` items of it.
fn rest(
    path: &std::path::Path,
    from: Option<&bartizan_model::source::Checkpoint>,
    most: usize,
) -> (Vec<String>, bartizan_model::source::Checkpoint) {
    let options = OpenOptions::new();
    let source = match from {
        Some(checkpoint) => options.resume(path, checkpoint),
        None => options.open(path),
    };
    let mut source = source.expect("opens");
    let mut out = Vec::new();
    while out.len() < most {
        match source.next() {
            Some(Ok(Item::Exchange(exchange))) => out.push(exchange.request.target.to_string()),
            Some(Ok(Item::Skipped(skipped))) => out.push(format!("{:?}", skipped.reason)),
            _ => break,
        }
    }
    (out, source.checkpoint())
}

#[test]
fn reading_goes_on_in_the_middle_of_a_line() {
    let get = |path: &str| {
        span(2, &[("http.request.method", "GET"), ("url.path", path), ("server.address", "a.test")])
    };
    let inner = span(1, &[]);
    let text = format!(
        "{}\n{}\nnonsense\n{}\n",
        line(&[get("/1"), inner, get("/2")]),
        line(&[]),
        line(&[get("/3")])
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("traces.json");
    std::fs::write(&path, text).expect("written");
    let (all, _) = rest(&path, None, usize::MAX);
    assert_eq!(all, ["/1", "NotOfAServer", "/2", "NotJson", "/3"]);
    for cut in 0..all.len() {
        let (mut first, checkpoint) = rest(&path, None, cut);
        let (second, _) = rest(&path, Some(&checkpoint), usize::MAX);
        first.extend(second);
        assert_eq!(first, all, "cut behind {cut}");
    }
}

#[test]
fn a_list_without_end_is_refused_before_it_is_kept() {
    let spans = vec!["{}"; MAX_LIST + 1].join(",");
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    assert!(serde_json::from_str::<Request>(&text).is_err());
}
