//! Odd requests, written by the escaping rules of each server, are read as they were sent.

use std::{fmt::Write as _, io::Cursor};

use bartizan_model::Exchange;
use bartizan_pipeline::sources::{Item, OpenOptions};
use serde_json::json;

struct Odd {
    ip: &'static str,
    target: &'static str,
    agent: &'static str,
}

const AGENTS: [&str; 14] = [
    "Mozilla/5.0 (X11; Linux x86_64) \"quoted\" agent",
    "one \" left open",
    "back\\slash and end\\",
    "C:\\new\\table\\x22\\",
    "ümläut ☃ 漢字",
    "tab\tand, comma; semicolon",
    "pipe | brace {x} [y] hash # at @",
    "100% %41 %zz %20x",
    "<script>alert('x')</script>",
    "a+b c",
    "\" 500 9 \"-\" \"forged",
    "[01/May/2026:00:00:00 +0000] \"GET /forged HTTP/1.1\" 200 5",
    "{\"status\":200}",
    "-x -",
];

const TARGETS: [&str; 7] = [
    "/v1/orders/7?expand=1&x=a+b",
    "/a%20b/%C3%A4?q=%22x%22",
    "//double//slash?",
    "/a?b=c?d&e[]=1",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/x;y=1,2:3@4",
    "/it's(1)!*~$",
];

fn odd() -> impl Iterator<Item = Odd> {
    let ips = ["203.0.113.7", "2001:db8::7", "2001:db8:0:1:2:3:4:5"];
    AGENTS.iter().enumerate().map(move |(n, agent)| Odd {
        ip: ips[n % ips.len()],
        target: TARGETS[n % TARGETS.len()],
        agent,
    })
}

/// Escapes the bytes for which `is_odd` holds.
fn escaped(text: &str, is_odd: fn(u8) -> bool, write: fn(&mut String, u8)) -> String {
    let mut out = Vec::new();
    for byte in text.bytes() {
        if is_odd(byte) {
            let mut piece = String::new();
            write(&mut piece, byte);
            out.extend(piece.into_bytes());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).expect("text")
}

fn nginx(text: &str) -> String {
    let odd = |b: u8| !(0x20..0x7f).contains(&b) || b == b'"' || b == b'\\';
    escaped(text, odd, |out, b| {
        let _ = write!(out, "\\x{b:02X}");
    })
}

fn apache(text: &str) -> String {
    let odd = |b: u8| !(0x20..0x7f).contains(&b) || b == b'"' || b == b'\\';
    escaped(text, odd, |out, b| {
        let _ = match b {
            b'"' | b'\\' => write!(out, "\\{}", char::from(b)),
            b'\t' => write!(out, "\\t"),
            _ => write!(out, "\\x{b:02x}"),
        };
    })
}

/// As Go's `strconv.Quote` does.
fn go(text: &str) -> String {
    let odd = |b: u8| b < 0x20 || b == b'"' || b == b'\\';
    escaped(text, odd, |out, b| {
        let _ = match b {
            b'"' | b'\\' => write!(out, "\\{}", char::from(b)),
            b'\t' => write!(out, "\\t"),
            _ => write!(out, "\\x{b:02x}"),
        };
    })
}

fn haproxy(text: &str) -> String {
    let odd = |b: u8| !(32..=126).contains(&b) || b"\"#{|}".contains(&b);
    escaped(text, odd, |out, b| {
        let _ = write!(out, "#{b:02X}");
    })
}

fn percent(text: &str) -> String {
    let odd = |b: u8| !(b.is_ascii_alphanumeric() || b"/.-_".contains(&b));
    escaped(text, odd, |out, b| {
        let _ = write!(out, "%{b:02X}");
    })
}

type Writer = fn(&Odd) -> String;

const WRITERS: [(&str, &str, Writer); 14] = [
    ("access-log", "", |o| {
        let agent = nginx(o.agent);
        format!(
            "{} - - [01/May/2026:00:00:00 +0000] \"GET {} HTTP/1.1\" 200 5 \"-\" \"{agent}\"",
            o.ip, o.target
        )
    }),
    ("access-log", "", |o| {
        let agent = apache(o.agent);
        format!(
            "h.test:443 {} - al [01/May/2026:00:00:00 +0000] \"GET {} HTTP/1.1\" 200 5 \"-\" \"{agent}\"",
            o.ip, o.target
        )
    }),
    ("access-log", "", |o| {
        let agent = go(o.agent);
        format!(
            "{} - - [01/May/2026:00:00:00 +0000] \"GET {} HTTP/2.0\" 200 5 \"-\" \"{agent}\" 1 \"api@docker\" \
             \"http://172.18.0.4:8080\" 350ms",
            o.ip, o.target
        )
    }),
    ("envoy", "", |o| {
        format!(
            "[2026-05-01T00:00:00.5Z] \"GET {} HTTP/2\" 200 - 0 5 350 349 \"{}, 10.0.0.7\" \"{}\" \"r-1\" \"h.test\" \
             \"10.0.1.5:8080\"",
            o.target, o.ip, o.agent
        )
    }),
    ("envoy-json", "", |o| {
        json!({"start_time": "2026-05-01T00:00:00.5Z", "method": "GET", "path": o.target, "response_code": 200,
            "duration": 350, "x_forwarded_for": format!("{}, 10.0.0.7", o.ip), "user_agent": o.agent,
            "authority": "h.test", "bytes_sent": 5}).to_string()
    }),
    ("haproxy", "", |o| {
        let agent = haproxy(o.agent);
        format!(
            "May  1 00:00:00 lb haproxy[7]: {}:5123 [01/May/2026:00:00:00.500] in~ api/s1 0/0/1/349/350 200 5 - - ---- \
             1/1/0/0/0 0/0 {{h.test|{agent}}} \"GET {} HTTP/1.1\"",
            o.ip, o.target
        )
    }),
    ("caddy", "", |o| {
        json!({"ts": 1_777_593_600.5, "logger": "http.log.access", "msg": "handled request", "status": 200, "size": 5,
            "duration": 0.35, "request": {"remote_ip": o.ip, "remote_port": "5123", "method": "GET", "host": "h.test",
            "uri": o.target, "proto": "HTTP/2.0", "headers": {"User-Agent": [o.agent]}}}).to_string()
    }),
    ("traefik-json", "", |o| {
        json!({"StartUTC": "2026-05-01T00:00:00.5Z", "ClientHost": o.ip, "ClientPort": "5123", "RequestMethod": "GET",
            "RequestPath": o.target, "RequestHost": "h.test", "DownstreamStatus": 200, "Duration": 350_000_000,
            "DownstreamContentSize": 5, "request_User-Agent": o.agent}).to_string()
    }),
    ("nginx-json", "", |o| {
        json!({"time_iso8601": "2026-05-01T00:00:00+00:00", "remote_addr": o.ip, "request_method": "GET",
            "request_uri": o.target, "status": "200", "body_bytes_sent": "5", "request_time": "0.350",
            "http_user_agent": o.agent, "host": "h.test"}).to_string()
    }),
    ("aws-api-gateway", "", |o| {
        json!({"requestId": "r", "ip": o.ip, "requestTime": "01/May/2026:00:00:00 +0000", "httpMethod": "GET",
            "path": o.target, "resourcePath": "/{proxy+}", "status": "200", "responseLength": "5",
            "responseLatency": "350", "userAgent": o.agent, "domainName": "h.test"}).to_string()
    }),
    ("gcp-load-balancer", "", |o| {
        json!({"timestamp": "2026-05-01T00:00:00.5Z", "httpRequest": {"requestMethod": "GET", "status": 200,
            "requestUrl": format!("https://h.test{}", o.target), "userAgent": o.agent, "remoteIp": o.ip,
            "responseSize": "5", "latency": "0.350s"}}).to_string()
    }),
    ("aws-alb", "", |o| {
        let ip = if o.ip.contains(':') { format!("[{}]", o.ip) } else { o.ip.to_owned() };
        format!(
            "h2 2026-05-01T00:00:00.5Z app/l/5 {ip}:5123 10.0.0.5:80 0.000 0.350 0.000 200 200 34 5 \
             \"GET https://h.test:443{} HTTP/2.0\" \"{}\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x \"Root=1-2\" \
             \"h.test\" \"arn\" 1 2026-05-01T00:00:00.5Z \"forward\" \"-\" \"-\" \"10.0.0.5:80\" \"200\" \"-\" \"-\" TID_1",
            o.target,
            nginx(o.agent)
        )
    }),
    (
        "aws-cloudfront",
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status \
         cs(User-Agent) cs-uri-query x-host-header cs-protocol time-taken\n",
        |o| {
            let (stem, query) = o.target.split_once('?').unwrap_or((o.target, "-"));
            let query = if query.is_empty() { "-" } else { query };
            format!(
                "2026-05-01\t00:00:00\tFRA\t5\t{}\tGET\td.cloudfront.net\t{stem}\t200\t{}\t{query}\th.test\thttps\t0.350",
                o.ip,
                percent(o.agent)
            )
        },
    ),
    (
        "w3c",
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken\n",
        |o| {
            let (stem, query) = o.target.split_once('?').unwrap_or((o.target, "-"));
            let query = if query.is_empty() { "-" } else { query };
            format!(
                "2026-05-01 00:00:00 10.0.0.4 GET {stem} {query} 443 - {} {} 200 350",
                o.ip,
                o.agent.replace([' ', '\t'], "+")
            )
        },
    ),
];

fn read(text: &str) -> (&'static str, Vec<Exchange>, Vec<String>) {
    let mut source =
        OpenOptions::new().open_reader("-", Cursor::new(text.to_owned())).expect("recognised");
    let (mut exchanges, mut skipped) = (Vec::new(), Vec::new());
    while let Some(item) = source.next() {
        match item.expect("reads") {
            Item::Exchange(exchange) => exchanges.push(*exchange),
            Item::Skipped(skip) => skipped.push(format!("{} at {}", skip.reason, skip.at)),
        }
    }
    (source.format(), exchanges, skipped)
}

#[test]
fn odd_requests_are_read_as_they_were_sent() {
    for (name, head, writer) in WRITERS {
        let mut text = head.to_owned();
        for odd in odd() {
            let _ = writeln!(text, "{}", writer(&odd));
        }
        let (format, exchanges, skipped) = read(&text);
        assert_eq!((format, &skipped, exchanges.len()), (name, &Vec::new(), AGENTS.len()));
        for (odd, exchange) in odd().zip(&exchanges) {
            let shown = format!("{name}: {}", writer(&odd));
            let agent = match name {
                // A blank is a plus there, so that some agents cannot be told apart: two of them are a blank
                // and a plus, as agents write before an address.
                "w3c" => {
                    let blanks = odd.agent.replace('\t', " ").replace(" +", "\0");
                    blanks.replace('+', " ").replace('\0', " +")
                }
                _ => odd.agent.to_owned(),
            };
            assert_eq!(exchange.request.headers.get("user-agent"), Some(&*agent), "{shown}");
            let target = match name {
                // Of a query without anything, these do not tell that it was there.
                "w3c" | "aws-cloudfront" => odd.target.trim_end_matches('?'),
                _ => odd.target,
            };
            assert_eq!(exchange.request.target, target, "{shown}");
            let ip = exchange.client.ip.map(|ip| ip.to_string());
            assert_eq!(ip.as_deref(), Some(odd.ip), "{shown}");
            assert_eq!(exchange.response.as_ref().map(|r| r.status), Some(200), "{shown}");
            let time = exchange.time.map(|time| time.seconds());
            assert_eq!(time, Some(1_777_593_600), "{shown}");
        }
    }
}
