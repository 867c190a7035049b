//! Envoy's access log in its default text form, also as Istio extends it.

use bartizan_model::{Exchange, source::Ordering};
use memchr::memmem;

use super::{
    Reading, SourceItem,
    logs::{
        Dialect, Form, LATENESS, RawLine,
        line::{Field, LogLine},
        quoted::{bracketed, field, request, text_word},
        request_line, shipping,
    },
    skip::SkipReason,
    times,
};

/// Most brackets before the time, which a shipper's tag may have.
const BRACKETS: usize = 8;
/// Most fields between the flags and the sizes: details, termination and failure with Istio.
const DETAILS: usize = 4;

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "envoy",
    title: "Envoy access log (default text form, also Istio's)",
    what: "Reads `[time] \"method path protocol\" code flags received sent duration upstream-time \
           \"x-forwarded-for\" \"user agent\" \"request id\" \"authority\" \"upstream\"`, with \
           or without what Istio adds: details of the answer before the sizes; and cluster, local \
           and remote addresses and the server name at the end. Envoy escapes no quotes: the \
           request id, authority and upstream are found from the end, so that an agent with quotes \
           stays whole. Without Istio's remote address, the client is the last address of \
           `x-forwarded-for` that is not of a private network. An answer of 0 means that none came. \
           Syslog and container prefixes are passed over. Bodies and most header fields are not in \
           such a log. Lines may come up to 5 minutes late.",
    extensions: &["log"],
    example: "[2026-11-22T10:00:00.123Z] \"GET /v1/orders/7 HTTP/2\" 200 - 0 512 12 11 \"203.0.113.7\" \"curl/8.4.0\" \"068508d5-1f0c-4f07-9a30-5f2cd76ee016\" \"api.example.com\" \"10.0.1.5:8080\"\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let (asked, mut out) = split(line.bytes).ok_or(SkipReason::NotALogLine)?;
    if asked == b"- - -" {
        return Err(SkipReason::RequestEmpty);
    }
    out.request.line = Some(request_line::read(asked)?);
    out.exchange()
}

/// The request as written, and all the rest.
fn split(line: &[u8]) -> Option<(&[u8], LogLine)> {
    let (before, time, rest) =
        bracketed(line, BRACKETS, |text| text.contains('T').then(|| times::parse(text)).flatten())?;
    // A common log has an address, a name and a user there.
    let is_shipped = shipping::is_shipped(std::str::from_utf8(before).ok()?);
    if !before.trim_ascii().is_empty() && !is_shipped {
        return None;
    }
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let (asked, rest) = request(rest)?;
    let mut out = LogLine { time: Some(time), ..LogLine::default() };
    let (status, rest) = text_word(rest);
    out.set(Field::Status, status);
    let (flags, mut rest) = text_word(rest);
    // A common log has a size there.
    if flags.is_empty() || is_number(flags) {
        return None;
    }
    let mut sizes = None;
    for _ in 0..=DETAILS {
        rest = rest.trim_ascii_start();
        if let Some((_, after)) = field(rest) {
            rest = after;
            continue;
        }
        let (word, after) = text_word(rest);
        rest = after;
        if is_number(word) {
            sizes = Some(());
            break;
        }
    }
    sizes?;
    for field in [Field::Bytes, Field::Milliseconds] {
        let (word, after) = text_word(rest);
        if word != "-" && !is_number(word) {
            return None;
        }
        out.set(field, word);
        rest = after;
    }
    let (_upstream_time, rest) = text_word(rest);
    tail(rest.trim_ascii(), &mut out);
    Some((asked, out))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// `"x-forwarded-for" "user agent" "request id" "authority" "upstream"`, and Istio's words.
fn tail(text: &[u8], out: &mut LogLine) {
    let Some(last) = memchr::memrchr(b'"', text) else { return };
    let (quoted, after) = text.split_at_checked(last).unwrap_or((text, b""));
    let words = String::from_utf8_lossy(after.get(1..).unwrap_or_default()).into_owned();
    let mut words = words.split_ascii_whitespace();
    let (_cluster, _upstream_local, _local) = (words.next(), words.next(), words.next());
    out.set(Field::ClientWithPort, words.next().unwrap_or(""));
    out.set(Field::Sni, words.next().unwrap_or(""));
    let mut inside = quoted.strip_prefix(b"\"").unwrap_or(quoted);
    for field in [Field::Server, Field::Host, Field::RequestId] {
        let Some(at) = memmem::rfind(inside, b"\" \"") else { break };
        let value = inside.get(at + 3..).unwrap_or_default();
        out.set(field, &String::from_utf8_lossy(value));
        inside = inside.get(..at).unwrap_or_default();
    }
    let (forwarded, agent) = match memmem::find(inside, b"\" \"") {
        Some(at) => (inside.get(..at), inside.get(at + 3..)),
        None => (None, Some(inside)),
    };
    let text =
        |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    out.set(Field::Header("x-forwarded-for"), &text(forwarded));
    out.set(Field::Header("user-agent"), &text(agent));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    fn one(line: &str) -> Result<Exchange, SkipReason> {
        read(&RawLine::new(line.as_bytes(), &Columns::default()))
    }

    #[test]
    fn an_agent_with_quotes_stays_whole() {
        let e = one("2026-05-01T00:00:01Z stdout F [2026-05-01T00:00:00.856Z] \"GET /a\"b?c=%20 HTTP/2\" \
                     204 - 5 0 350 - \"2001:db8::7, 10.0.0.7\" \"odd \"quoted\" \\ \" \" agent, x\" \
                     \"r-7\" \"[2001:db8::9]:8443\" \"[fd00::5]:8080\"")
        .expect("a request");
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_856_000));
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::7"));
        assert_eq!(e.request.target, "/a\"b?c=%20");
        assert_eq!(e.request.headers.get("user-agent"), Some("odd \"quoted\" \\ \" \" agent, x"));
        assert_eq!((e.request_id.as_deref(), e.duration_ms), (Some("r-7"), Some(350.0)));
        assert_eq!(e.request.authority, "[2001:db8::9]:8443");
        assert_eq!(e.server.map(|(ip, _)| ip.to_string()).as_deref(), Some("fd00::5"));
        assert_eq!(e.response.and_then(|r| r.body_bytes), Some(0));
    }

    #[test]
    fn what_istio_adds_is_read() {
        let e = one("[2026-05-01T00:00:00.856Z] \"POST /pay HTTP/1.1\" 503 UF \
                     upstream_reset_before_response_started{connection_failure} - \"delayed connect \
                     error: 111\" 7 91 12 - \"-\" \"curl/8\" \"r\" \"pay:8000\" \"10.1.0.9:8000\" \
                     outbound|8000||pay.default.svc 10.1.0.1:40000 10.2.0.1:8000 10.1.0.7:51234 \
                     pay.test default")
        .expect("a request");
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("10.1.0.7"));
        assert_eq!((e.client.port, e.duration_ms), (Some(51234), Some(12.0)));
        assert_eq!(e.response.map(|r| (r.status, r.body_bytes)), Some((503, Some(91))));
        assert_eq!(e.tls.and_then(|t| t.sni).as_deref(), Some("pay.test"));
        assert_eq!(e.request.authority, "pay:8000");
    }

    #[test]
    fn what_is_no_request_or_no_envoy_is_named() {
        let tail = "0 0 0 - \"-\" \"-\" \"-\" \"-\" \"-\"";
        let e = one(&format!("[2026-05-01T00:00:00Z] \"GET / HTTP/1.1\" 0 DC {tail}"));
        assert_eq!(e.expect("a request").response.map(|r| r.status), Some(0));
        let tcp = one(&format!("[2026-05-01T00:00:00Z] \"- - -\" 0 UF {tail}"));
        assert_eq!(tcp.err(), Some(SkipReason::RequestEmpty));
        for line in [
            "1.2.3.4 - - [2026-05-01T00:00:00+00:00] \"GET / HTTP/1.1\" 200 5 7 8",
            "May  1 00:00:00 lb nginx: 1.2.3.4 - - [2026-05-01T00:00:00Z] \"GET / HTTP/1.1\" 200 5 7 8 9",
            "web | 1.2.3.4 - - [2026-05-01T00:00:00Z] \"GET / HTTP/1.1\" 200 - \"-\" \"x\" 1 \"y\" 3",
            "[2026-05-01T00:00:00Z] \"GET / HTTP/1.1\" 200 - x y z \"\"",
            "[2026-05-01T00:00:00Z] \"GET / HTTP/1.1",
            "[2026-05-01T00:00:00Z] ",
        ] {
            assert_eq!(one(line).err(), Some(SkipReason::NotALogLine), "{line}");
        }
    }
}
