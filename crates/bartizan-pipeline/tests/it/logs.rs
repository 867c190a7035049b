//! The same requests in the logs of several servers are the same exchanges, field by field, as far
//! as a format carries a field.

use std::path::{Path, PathBuf};

use bartizan_model::Exchange;
use bartizan_pipeline::sources::{Item, OpenOptions};
use serde_json::Value;

/// How a format writes what the truth says.
struct Format {
    file: &'static str,
    source: &'static str,
    has_host: bool,
    has_bytes: bool,
    /// How much longer the whole took than the upstream, in milliseconds; `None`: no duration.
    longer_ms: Option<f64>,
    /// Whether the time of the truth is there to its fraction; else only its second.
    has_fraction: bool,
}

const FORMATS: [Format; 11] = [
    format("nginx-combined.log", "access-log", false, true, None, false),
    format("apache-vhost-combined.log", "access-log", true, true, None, false),
    format("traefik-clf.log", "access-log", false, true, Some(0.0), false),
    format("envoy-default.log", "envoy", true, true, Some(0.0), false),
    format("envoy-json.log", "envoy-json", true, true, Some(0.0), false),
    // The timers: 1 ms to connect, before the server's own time.
    format("haproxy-http.log", "haproxy", true, true, Some(1.0), false),
    format("caddy-json.log", "caddy", true, true, Some(0.0), true),
    format("iis-w3c.log", "w3c", false, false, Some(0.0), false),
    // 1 ms in the load balancer itself.
    format("aws-alb.log", "aws-alb", true, true, Some(1.0), true),
    format("aws-cloudfront.log", "aws-cloudfront", true, true, Some(0.0), false),
    format("gcp-lb.jsonl", "gcp-load-balancer", true, true, Some(0.0), false),
];

const fn format(
    file: &'static str,
    source: &'static str,
    has_host: bool,
    has_bytes: bool,
    longer_ms: Option<f64>,
    has_fraction: bool,
) -> Format {
    Format { file, source, has_host, has_bytes, longer_ms, has_fraction }
}

fn read(path: &Path) -> (String, Vec<Exchange>, Vec<String>) {
    let mut source = OpenOptions::new().open(path).expect("opens");
    let (mut exchanges, mut skipped) = (Vec::new(), Vec::new());
    while let Some(item) = source.next() {
        match item.expect("reads") {
            Item::Exchange(exchange) => exchanges.push(*exchange),
            Item::Skipped(skip) => skipped.push(format!("{} at {}", skip.reason, skip.at)),
        }
    }
    (source.format().to_owned(), exchanges, skipped)
}

/// What differs from the truth, by field.
fn differences(format: &Format, exchange: &Exchange, truth: &Value) -> Vec<String> {
    let text = |name: &str| truth[name].as_str().unwrap_or("").to_owned();
    let response = exchange.response.as_ref();
    let mut fields = vec![
        ("ip", text("ip"), exchange.client.ip.map(|ip| ip.to_string()).unwrap_or_default()),
        ("method", text("method"), exchange.request.method.clone()),
        ("url", text("url"), exchange.request.target.clone()),
        ("status", truth["status"].to_string(), response.map_or(0, |r| r.status).to_string()),
        ("ua", text("ua"), exchange.request.headers.get("user-agent").unwrap_or("").to_owned()),
    ];
    let time = exchange.time.map(|time| time.to_string()).unwrap_or_default();
    if format.has_fraction {
        let expected = text("ts");
        let expected = match expected.len() {
            19 => format!("{expected}.000000Z"),
            _ => format!("{expected}Z"),
        };
        fields.push(("ts", expected, time));
    } else {
        let second = |time: &str| time.get(..19).unwrap_or("").to_owned();
        fields.push(("ts", second(&text("ts")), second(&time)));
    }
    if format.has_host {
        fields.push(("host", text("host"), exchange.request.authority.clone()));
    } else {
        fields.push(("host", String::new(), exchange.request.authority.clone()));
    }
    let bytes = response.and_then(|response| response.body_bytes);
    let expected = if format.has_bytes { truth["bytes"].as_u64() } else { None };
    fields.push(("bytes", format!("{expected:?}"), format!("{bytes:?}")));
    let expected = format.longer_ms.and_then(|longer| Some(truth["ms"].as_f64()? + longer));
    fields.push(("ms", format!("{expected:?}"), format!("{:?}", exchange.duration_ms)));
    fields
        .into_iter()
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| format!("{name}: {found} and not {expected}"))
        .collect()
}

fn compare(folder: &Path) {
    let truth = std::fs::read_to_string(folder.join("truth.jsonl")).expect("the truth");
    let truth: Vec<Value> =
        truth.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for format in &FORMATS {
        let file = format.file;
        let (source, exchanges, skipped) = read(&folder.join(file));
        assert_eq!((&*source, &skipped), (format.source, &Vec::new()), "{file}");
        assert_eq!(exchanges.len(), truth.len(), "{file}");
        for (exchange, truth) in exchanges.iter().zip(&truth) {
            let differences = differences(format, exchange, truth);
            assert!(differences.is_empty(), "{file}, {}: {differences:?}", truth["line"]);
        }
    }
}

#[test]
fn every_format_tells_the_same_requests() {
    compare(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/logs")));
}

/// The whole of what the fixtures are a slice of: `BARTIZAN_LOGS=FOLDER`.
#[test]
#[ignore = "needs a folder of whole logs, which are not in the repository"]
fn every_whole_log_tells_the_same_requests() {
    let folder = std::env::var_os("BARTIZAN_LOGS").expect("BARTIZAN_LOGS names the folder");
    compare(&PathBuf::from(folder));
}

#[test]
fn what_only_some_formats_tell_arrives_too() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/logs"));
    let first = |file: &str| read(&folder.join(file)).1.into_iter().next().expect("an exchange");
    let shown = |e: &Exchange| {
        let tls = e.tls.clone().unwrap_or_default();
        let server = e.server.map(|(ip, port)| format!("{ip} {}", port.unwrap_or(0)));
        [
            e.request.scheme.clone(),
            e.request.http_version.clone().unwrap_or_default(),
            e.client.port.map(|port| port.to_string()).unwrap_or_default(),
            server.unwrap_or_default(),
            tls.version.unwrap_or_default(),
            tls.cipher.unwrap_or_default(),
            tls.sni.unwrap_or_default(),
            e.request_id.clone().unwrap_or_default(),
        ]
        .join("|")
    };
    for (file, expected) in [
        ("apache-vhost-combined.log", "https|1.1||||||"),
        ("traefik-clf.log", "|2||172.18.0.4 8080||||"),
        ("envoy-default.log", "|2||10.0.1.5 8080||||068508d5-1f0c-4f07-9a30-5f2cd76ee016"),
        ("envoy-json.log", "|2||10.0.1.3 8080||||068508d5-1f0c-4f07-9a30-5f2cd76ee016"),
        ("haproxy-http.log", "https|1.1|53370|||||"),
        ("caddy-json.log", "https|2|5123||1.3|TLS_AES_128_GCM_SHA256|www.googleapis.com|"),
        ("iis-w3c.log", "https|||10.0.0.4 443||||"),
        (
            "aws-alb.log",
            "https|2|38974|10.0.0.5 80|1.2|ECDHE-RSA-AES128-GCM-SHA256|www.googleapis.com|\
             1-58337262-36d228ad5d99923122bbe354",
        ),
        (
            "aws-cloudfront.log",
            "https|2|||1.3|TLS_AES_128_GCM_SHA256||068508d51f0c4f079a305f2cd76ee016",
        ),
        ("gcp-lb.jsonl", "https|2||||||068508d5-1f0"),
    ] {
        assert_eq!(shown(&first(file)), expected, "{file}");
    }
}
