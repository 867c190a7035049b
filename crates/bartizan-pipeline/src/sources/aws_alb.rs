//! Access logs of AWS application load balancers.

use bartizan_model::{Duration, Exchange, source::Ordering};

use super::{
    Reading, SourceItem,
    logs::{
        Dialect, Form, RawLine,
        address::with_port,
        escapes::unescape,
        line::{Field, LogLine},
        quoted::{field, quoted, text_word},
        request_line,
    },
    skip::SkipReason,
    times,
};

/// Each node of a load balancer writes its own files every five minutes, and a line when the answer
/// is complete.
const LATENESS: Duration = Duration::minutes(15);

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "aws-alb",
    title: "AWS application load balancer (ALB) access log",
    what: "Reads the lines that AWS documents: type, time, client and target with ports, the three \
           processing times (their sum is the duration), the status that the client got, bytes \
           sent (headers included), request, user agent, TLS cipher and version, trace id (the \
           request id), the server name of the TLS handshake, and the time that the request came, \
           which is the exchange's; fields that AWS adds later at the end do no harm. The host comes \
           from the request's URL, without the port that its scheme implies. Requests that never \
           came whole (`- http://…:80- -`) are skipped and counted. Bodies and other header fields \
           are not in such a log. Lines may come up to 15 minutes late.",
    extensions: &["log"],
    example: "https 2026-11-22T10:00:00.186641Z app/my-lb/50dc6c495c0c9188 203.0.113.7:2817 10.0.0.1:80 0.000 0.012 0.000 200 200 34 512 \"GET https://api.example.com:443/v1/orders/7 HTTP/1.1\" \"curl/8.4.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/api/73e2d6bc24d8a067 \"Root=1-58337364-23a8c76965a2ef7629b185e3\" \"api.example.com\" \"arn:aws:acm:us-east-2:123456789012:certificate/x\" 0 2026-11-22T10:00:00.174000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\" TID_1234abcd\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let (asked, out) = split(line.bytes).ok_or(SkipReason::NotALogLine)?;
    let asked = unescape(asked);
    if asked.starts_with(b"- ") {
        return Err(SkipReason::RequestEmpty);
    }
    let mut out = out;
    out.request.line = Some(request_line::read(&asked)?);
    out.exchange()
}

/// The request as written, and all the rest.
fn split(line: &[u8]) -> Option<(&[u8], LogLine)> {
    let mut out = LogLine::default();
    let (kind, rest) = text_word(line);
    let protocol = match kind {
        "http" | "https" | "h2" => "",
        "grpcs" => "grpc",
        "ws" | "wss" => "websocket",
        _ => return None,
    };
    out.set(Field::Protocol, protocol);
    let (time, rest) = text_word(rest);
    let answered = times::parse(time)?;
    let (_balancer, rest) = text_word(rest);
    let (client, rest) = text_word(rest);
    with_port(client)?;
    out.set(Field::ClientWithPort, client);
    let (target, rest) = text_word(rest);
    out.set(Field::Server, target);
    let (mut total, mut rest) = (Some(0.0), rest);
    for _ in 0..3 {
        let (seconds, after) = text_word(rest);
        // -1 says that the request was not passed on.
        let seconds = seconds.parse::<f64>().ok()?;
        total = total.filter(|_| seconds >= 0.0).map(|sum| sum + seconds);
        rest = after;
    }
    if let Some(total) = total {
        out.set(Field::Seconds, &total.to_string());
    }
    let (status, rest) = text_word(rest);
    out.set(Field::Status, status);
    let (_target_status, rest) = text_word(rest);
    let (_received, rest) = text_word(rest);
    let (sent, rest) = text_word(rest);
    out.set(Field::Bytes, sent);
    let is_next_quoted = |after: &[u8]| after.starts_with(b" \"");
    let (asked, rest) = quoted_field(rest, is_next_quoted)?;
    let (agent, rest) = quoted_field(rest, is_tls)?;
    out.set(Field::Header("user-agent"), &String::from_utf8_lossy(&unescape(agent)));
    let (cipher, rest) = text_word(rest);
    out.set(Field::TlsCipher, cipher);
    let (version, rest) = text_word(rest);
    out.set(Field::TlsVersion, version);
    let (_group, rest) = text_word(rest);
    handshake_and_times(rest, &mut out);
    // Of before there was a time of creation.
    out.time = out.time.or(Some(answered));
    Some((asked, out))
}

/// Trace id, server name, certificate, rule, time of creation, seven more in quotes, and the id of
/// the connection.
fn handshake_and_times(rest: &[u8], out: &mut LogLine) {
    let Some((trace, rest)) = field(rest.trim_ascii_start()) else { return };
    let trace = String::from_utf8_lossy(trace).into_owned();
    let root = trace.split(';').find_map(|part| part.strip_prefix("Root="));
    out.set(Field::RequestId, root.unwrap_or(&trace));
    let Some((sni, rest)) = field(rest.trim_ascii_start()) else { return };
    out.set(Field::Sni, &String::from_utf8_lossy(sni));
    let Some((_certificate, rest)) = field(rest.trim_ascii_start()) else { return };
    let (_rule, rest) = text_word(rest);
    let (created, mut rest) = text_word(rest);
    out.set(Field::Time, created);
    for _ in 0..7 {
        let Some((_, after)) = field(rest.trim_ascii_start()) else { return };
        rest = after;
    }
    out.set(Field::ConnectionId, text_word(rest).0);
}

fn quoted_field(rest: &[u8], follows: impl Fn(&[u8]) -> bool) -> Option<(&[u8], &[u8])> {
    let text = rest.trim_ascii_start().strip_prefix(b"\"")?;
    quoted(text, true, &follows).or_else(|| quoted(text, false, &follows))
}

/// Cipher and version, or `-` for both, come behind the agent.
fn is_tls(after: &[u8]) -> bool {
    if !after.starts_with(b" ") {
        return false;
    }
    let (cipher, rest) = text_word(after);
    let (version, _) = text_word(rest);
    !cipher.is_empty()
        && !cipher.contains('"')
        && (version == "-" || version.starts_with("TLS") || version.starts_with("SSL"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    fn one(line: &str) -> Result<Exchange, SkipReason> {
        read(&RawLine::new(line.as_bytes(), &Columns::default()))
    }

    #[test]
    fn everything_that_a_line_tells_arrives() {
        let e = one(SOURCE.example.trim()).expect("a request");
        assert_eq!(e.time.map(|t| t.to_string()).as_deref(), Some("2026-11-22T10:00:00.174000Z"));
        assert_eq!((e.client.port, e.duration_ms), (Some(2817), Some(12.0)));
        let request = &e.request;
        assert_eq!(
            (&*request.scheme, &*request.authority, &*request.target),
            ("https", "api.example.com", "/v1/orders/7")
        );
        assert_eq!(e.request_id.as_deref(), Some("1-58337364-23a8c76965a2ef7629b185e3"));
        assert_eq!(e.connection_id.as_deref(), Some("TID_1234abcd"));
        assert_eq!(
            e.server.map(|(ip, port)| format!("{ip} {port:?}")).as_deref(),
            Some("10.0.0.1 Some(80)")
        );
        let tls = e.tls.expect("TLS");
        assert_eq!(
            (tls.version.as_deref(), tls.sni.as_deref()),
            (Some("1.2"), Some("api.example.com"))
        );
    }

    #[test]
    fn odd_agents_addresses_and_requests_are_read() {
        let line = |client: &str, request: &str, agent: &str| {
            format!(
                "http 2026-05-01T00:00:00.5Z app/lb/1 {client} - -1 -1 -1 503 - 34 384 \"{request}\" \
                 \"{agent}\" - - - \"Self=1-2;Root=1-3-4\" \"-\" \"-\" - 2026-05-01T00:00:00.1Z \"-\" \"-\""
            )
        };
        for agent in ["odd \"quoted\" agent, v=1;x", "-", "C:\\", "a\\x22b"] {
            let e =
                one(&line("[2001:db8::1]:99", "GET http://[2001:db8::9]:80/a\"?b HTTP/1.1", agent))
                    .expect(agent);
            let expected = match agent {
                "-" => None,
                "a\\x22b" => Some("a\"b"),
                agent => Some(agent),
            };
            assert_eq!(e.request.headers.get("user-agent"), expected);
            assert_eq!((&*e.request.authority, &*e.request.target), ("[2001:db8::9]", "/a\"?b"));
            assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
            assert_eq!((e.duration_ms, e.server, e.tls), (None, None, None));
            assert_eq!(e.request_id.as_deref(), Some("1-3-4"));
        }
        let none = one(&line("1.2.3.4:5", "- http://lb.test:80- -", "-"));
        assert_eq!(none.err(), Some(SkipReason::RequestEmpty));
        for line in ["http 2026-05-01T00:00:00Z", "https x y 1.2.3.4:5", "", "GET / HTTP/1.1"] {
            assert_eq!(one(line).err(), Some(SkipReason::NotALogLine), "{line}");
        }
    }
}
