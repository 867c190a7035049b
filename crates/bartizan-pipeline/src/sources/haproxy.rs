//! HAProxy's HTTP and HTTPS logs.

use bartizan_model::{Exchange, source::Ordering};
use memchr::memmem;

use super::{
    Reading, SourceItem,
    logs::{
        Dialect, Form, LATENESS, RawLine,
        address::{is_list, with_port},
        escapes::unescape_hash,
        line::{Field, LogLine},
        quoted::{bracketed, text_word},
        request_line,
    },
    skip::SkipReason,
    target::looks_like_host,
    times,
};

/// Most brackets before the time: those of a syslog tag and of structured data.
const BRACKETS: usize = 8;
/// Most words between the bytes and the connections: captured cookies, which may hold blanks.
const COOKIE_WORDS: usize = 64;

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "haproxy",
    title: "HAProxy HTTP log (option httplog or httpslog)",
    what: "Reads `client:port [time] frontend backend/server timers status bytes cookies state \
           connections queues {captured fields} \"request\"`, with or without a syslog prefix, and \
           what `option httpslog` adds. `#HH` escapes are undone. The total of the timers is the \
           duration; a status of -1 means that no answer came; `~` behind the frontend means TLS. \
           Which fields were captured is not in the log: they are told by their form (a host, an \
           address list, a URL for the referer, an id, and else the agent), and those of the answer \
           are left out when there are two groups. The time has no zone in HAProxy's log and counts \
           as UTC. Bytes count the headers too. `<BADREQ>` and TCP logs are skipped and counted. \
           Bodies are not in such a log. Lines may come up to 5 minutes late.",
    extensions: &["log"],
    example: "Nov 22 10:00:00 lb1 haproxy[1423]: 203.0.113.7:53370 [22/Nov/2026:10:00:00.090] https-in~ api/srv1 0/0/1/11/12 200 512 - - ---- 73/5/0/0/0 0/0 {api.example.com|curl/8.4.0} \"GET /v1/orders/7 HTTP/1.1\"\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let (asked, mut out) = split(line.bytes).ok_or(SkipReason::NotALogLine)?;
    let asked = unescape_hash(asked);
    if asked.starts_with(b"<BADREQ>") {
        return Err(SkipReason::RequestNotHttp);
    }
    out.request.line = Some(request_line::read(&asked)?);
    out.exchange()
}

/// The request as written, and all the rest.
fn split(line: &[u8]) -> Option<(&[u8], LogLine)> {
    let (before, time, rest) = bracketed(line, BRACKETS, |text| {
        (text.as_bytes().get(2) == Some(&b'/')).then(|| times::parse(text)).flatten()
    })?;
    let mut out = LogLine { time: Some(time), ..LogLine::default() };
    let client = before.trim_ascii_end();
    let client = client.rsplit(|b| *b == b' ').next().unwrap_or_default();
    let client = std::str::from_utf8(client).ok()?;
    let (frontend, rest) = text_word(rest);
    let (backend, rest) = text_word(rest);
    let (timers, rest) = text_word(rest);
    let total = total_ms(timers)?;
    if !backend.contains('/') || !(with_port(client).is_some() || client.starts_with("unix:")) {
        return None;
    }
    out.set(Field::ClientWithPort, client);
    if frontend.ends_with('~') {
        out.set(Field::Scheme, "https");
    }
    out.set(Field::Milliseconds, total);
    let (status, rest) = text_word(rest);
    status.parse::<i16>().ok()?;
    out.set(Field::Status, status);
    let (bytes, rest) = text_word(rest);
    out.set(Field::Bytes, bytes.trim_start_matches('+'));
    let rest = behind_connections(rest)?;
    let (_queues, rest) = text_word(rest);
    let (captured, asked, tail) = split_request(rest)?;
    captures(captured, &mut out);
    handshake(tail, &mut out);
    Some((asked, out))
}

/// The last of `TR/Tw/Tc/Tr/Ta`; a log that is not waited for (`option logasap`) has a plus there.
fn total_ms(timers: &str) -> Option<&str> {
    let mut parts = timers.split('/');
    let is_number = |part: &&str| {
        let digits = part.trim_start_matches(['-', '+']);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let last = parts.clone().next_back().filter(|_| parts.clone().count() == 5)?;
    parts.all(|part| is_number(&part)).then(|| last.trim_start_matches('+'))
}

/// What follows `termination-state a/b/c/d/e`, wherever captured cookies end.
fn behind_connections(mut rest: &[u8]) -> Option<&[u8]> {
    let mut state = "";
    for _ in 0..COOKIE_WORDS {
        let (word, after) = text_word(rest);
        if after.is_empty() {
            return None;
        }
        let counts = word.split('/').filter(|part| {
            let digits = part.trim_start_matches('+');
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        });
        if (2..=4).contains(&state.len()) && word.split('/').count() == 5 && counts.count() == 5 {
            return Some(after);
        }
        state = word;
        rest = after;
    }
    None
}

/// Captured fields, the request, and what follows it. HAProxy escapes quotes, so that the last
/// opening one before a request's end is the request's.
fn split_request(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = rest.trim_ascii();
    let close = memchr::memrchr(b'"', rest)?;
    let inside = rest.get(..close)?;
    let (captured, asked) = match memmem::rfind(inside, b" \"") {
        Some(at) => (rest.get(..at)?, inside.get(at + 2..)?),
        None => (&b""[..], inside.strip_prefix(b"\"")?),
    };
    Some((captured, asked, rest.get(close + 1..)?))
}

/// `{a|b}` of the request and `{c|d}` of the answer; one group is taken for the request's.
fn captures(text: &[u8], out: &mut LogLine) {
    let text = text.trim_ascii();
    let Some(inside) = text.strip_prefix(b"{").and_then(|t| t.strip_suffix(b"}")) else { return };
    let end = memmem::find(inside, b"} {").unwrap_or(inside.len());
    let group = inside.get(..end).unwrap_or_default();
    for value in group.split(|b| *b == b'|') {
        let value = String::from_utf8_lossy(&unescape_hash(value)).into_owned();
        let is_id = value.len() == 36 && value.bytes().filter(|b| *b == b'-').count() == 4;
        let field = if out.request.host.is_none() && looks_like_host(&value) {
            Field::Host
        } else if is_list(&value) {
            Field::Header("x-forwarded-for")
        } else if value.starts_with("http://") || value.starts_with("https://") {
            Field::Header("referer")
        } else if is_id && !value.contains(' ') {
            Field::RequestId
        } else {
            Field::Header("user-agent")
        };
        out.set(field, &value);
    }
}

/// `fc_err/ssl_err/c_err/ca_err/resumed sni/version/cipher` of `option httpslog`.
fn handshake(tail: &[u8], out: &mut LogLine) {
    let (errors, rest) = text_word(tail);
    let (session, _) = text_word(rest);
    let mut parts = session.rsplitn(3, '/');
    if let (5, Some(cipher), Some(version), Some(sni)) =
        (errors.split('/').count(), parts.next(), parts.next(), parts.next())
    {
        out.set(Field::TlsCipher, cipher);
        out.set(Field::TlsVersion, version);
        out.set(Field::Sni, sni);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    fn one(line: &str) -> Result<Exchange, SkipReason> {
        read(&RawLine::new(line.as_bytes(), &Columns::default()))
    }

    #[test]
    fn escapes_addresses_and_captures_are_read() {
        let e = one("<134>1 2026-05-01T00:00:00Z lb haproxy 7 - [x@1 a=\"b\"] 2001:db8::1:53370 \
                     [01/May/2026:00:00:00.090] in~ api/srv1 0/0/1/350/351 201 384 sid=a b - --VN \
                     73/5/0/0/+1 0/0 {h.test:8443|odd #22q#22 #7C #C3#A4 {x}|9.9.9.9|https://r.test/} \
                     {nginx|1} \"POST /a#22b?c=#23 HTTP/2.0\" 0/0/0/0/0 h.test/TLSv1.3/TLS_AES_128_GCM_SHA256")
        .expect("a request");
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_090_000));
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
        assert_eq!((e.client.port, e.duration_ms), (Some(53370), Some(351.0)));
        assert_eq!(
            (&*e.request.scheme, &*e.request.authority, &*e.request.target),
            ("https", "h.test:8443", "/a\"b?c=#")
        );
        assert_eq!(e.request.headers.get("user-agent"), Some("odd \"q\" | ä {x}"));
        assert_eq!(e.request.headers.get("x-forwarded-for"), Some("9.9.9.9"));
        assert_eq!(e.request.headers.get("referer"), Some("https://r.test/"));
        let tls = e.tls.expect("TLS");
        assert_eq!((tls.version.as_deref(), tls.sni.as_deref()), (Some("1.3"), Some("h.test")));
    }

    #[test]
    fn lines_without_captures_or_answer_are_read() {
        let line = |status: &str, tail: &str| {
            format!(
                "1.2.3.4:99 [01/May/2026:00:00:00.090] in api/<NOSRV> 0/-1/-1/-1/5 {status} 0 - - SC-- \
                 1/1/0/0/0 0/0 {tail}"
            )
        };
        let e = one(&line("-1", "\"GET / HTTP/1.1\"")).expect("a request");
        assert_eq!(e.response.map(|r| r.status), Some(0));
        assert_eq!((&*e.request.scheme, e.request.headers.len()), ("", 0));
        let e = one(&line("503", "{|x} \"GET / HTTP/1.1\"")).expect("a request");
        assert_eq!(e.request.headers.get("user-agent"), Some("x"));
        assert_eq!(one(&line("400", "\"<BADREQ>\"")).err(), Some(SkipReason::RequestNotHttp));
        for line in [
            "1.2.3.4:99 [01/May/2026:00:00:00.090] in api/s 0/0/5 200 -- 1/1/0/0/0 0/0",
            "1.2.3.4 - - [01/May/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
            "1.2.3.4:99 [01/May/2026:00:00:00.090] in api/s 0/0/1/2/3 200 5 - - ---- 1/1/0/0/0 0/0",
            "haproxy[7]: Proxy api started.",
        ] {
            assert_eq!(one(line).err(), Some(SkipReason::NotALogLine), "{line}");
        }
    }
}
