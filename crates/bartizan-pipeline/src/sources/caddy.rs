//! Caddy's access log in JSON.

use bartizan_model::{Exchange, source::Ordering};

use super::{
    Reading, SourceItem,
    logs::{
        Dialect, Form, LATENESS, RawLine,
        json::{Members, Table},
        line::Field,
    },
    skip::SkipReason,
};

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "caddy",
    title: "Caddy access log (JSON)",
    what: "Reads one JSON object per line as Caddy 2 writes them: `ts`, `request{remote_ip, \
           remote_port, client_ip, proto, method, host, uri, headers, tls}`, `user_id`, `duration`, \
           `size`, `status`, `resp_headers`; times as numbers or in any of Caddy's formats, \
           durations as numbers of seconds or with a unit. The client is `client_ip` (which minds \
           trusted proxies), else `remote_ip`, else `remote_addr` of older versions. Header fields \
           are taken over; what Caddy hides (`REDACTED`) is left out, for all who are hidden so \
           would look like one, and since filters may have removed more, a missing request field \
           proves nothing. Response fields count as complete. TLS versions and cipher suites are \
           named, not numbered. Bodies are not in such a log. Lines may come up to 5 minutes late.",
    extensions: &["log", "json"],
    example: "{\"level\":\"info\",\"ts\":1795341600.123,\"logger\":\"http.log.access\",\"msg\":\"handled request\",\"request\":{\"remote_ip\":\"203.0.113.7\",\"remote_port\":\"5123\",\"client_ip\":\"203.0.113.7\",\"proto\":\"HTTP/2.0\",\"method\":\"GET\",\"host\":\"api.example.com\",\"uri\":\"/v1/orders/7\",\"headers\":{\"User-Agent\":[\"curl/8.4.0\"]}},\"user_id\":\"\",\"duration\":0.012,\"size\":512,\"status\":200,\"resp_headers\":{\"Content-Type\":[\"application/json\"]}}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &Table = &[
    ("ts", Field::Time),
    ("time", Field::Time),
    ("request.clientip", Field::Client),
    ("request.remoteip", Field::Client),
    ("request.remoteaddr", Field::ClientWithPort),
    ("userid", Field::User),
    ("request.method", Field::Method),
    ("request.uri", Field::Target),
    ("request.host", Field::Host),
    ("request.proto", Field::Version),
    ("status", Field::Status),
    ("size", Field::Bytes),
    ("duration", Field::Seconds),
    ("duration", Field::Duration),
    ("request.tls.version", Field::TlsVersion),
    ("request.tls.ciphersuite", Field::TlsCipher),
    ("request.tls.servername", Field::Sni),
    ("request.tls.clientsubject", Field::CertificateSubject),
    ("requestid", Field::RequestId),
    ("uuid", Field::RequestId),
];

fn is_caddy(members: &Members) -> bool {
    members.has("request.method") && members.has("request.uri") && !members.names("request.url")
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let members = line.members().filter(|m| is_caddy(m)).ok_or(SkipReason::NotALogLine)?;
    let mut out = members.fill(TABLE);
    // The port is of the peer: of the client only when nobody stands between.
    let peer = members.text("request.remoteip");
    let client = members.text("request.clientip");
    if let Some(port) = members.text("request.remoteport")
        && (client.is_none() || client == peer)
    {
        out.set(Field::ClientPort, &port);
    }
    if out.tls.version.is_some() {
        out.set(Field::Scheme, "https");
    }
    out.headers = members.headers_below("request.headers.");
    out.response_headers = members.headers_below("respheaders.");
    out.response_headers_captured = !out.response_headers.is_empty();
    if out.request_id.is_none() {
        out.request_id = out.headers.get("x-request-id").map(str::to_owned);
    }
    out.exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    fn one(line: &str) -> Exchange {
        read(&RawLine::new(line.as_bytes(), &Columns::default())).expect(line)
    }

    #[test]
    fn everything_that_a_line_tells_arrives() {
        let e = one(r#"{"level":"info","ts":1777593600.125,"msg":"handled request","request":{
            "remote_ip":"2001:db8::1","remote_port":"5123","client_ip":"2001:db8::1",
            "proto":"HTTP/2.0","method":"POST","host":"API.h.test:443","uri":"/a%20b?x=1",
            "headers":{"User-Agent":["odd \"ä\" agent"],"Authorization":["REDACTED"],
            "X-Request-Id":["r7"]},"tls":{"version":771,"cipher_suite":49199,"server_name":"h.test"}},
            "user_id":"al","duration":0.0125,"size":7,"status":201,
            "resp_headers":{"Server":["Caddy"],"Set-Cookie":["REDACTED"]}}"#);
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_125_000));
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
        assert_eq!((e.client.port, e.client.user.as_deref()), (Some(5123), Some("al")));
        let request = &e.request;
        assert_eq!(
            (&*request.scheme, &*request.authority, &*request.target),
            ("https", "api.h.test", "/a%20b?x=1")
        );
        assert_eq!(request.headers.get("user-agent"), Some("odd \"ä\" agent"));
        assert_eq!(request.headers.get("authorization"), None);
        assert_eq!((e.duration_ms, e.request_id.as_deref()), (Some(12.5), Some("r7")));
        let response = e.response.expect("an answer");
        assert_eq!((response.status, response.body_bytes), (201, Some(7)));
        assert!(response.headers_captured && !response.headers.contains("set-cookie"));
        let tls = e.tls.expect("TLS");
        assert_eq!((tls.version.as_deref(), tls.sni.as_deref()), (Some("1.2"), Some("h.test")));
        assert_eq!(tls.cipher.as_deref(), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    }

    #[test]
    fn older_forms_and_proxies_are_read() {
        let e = one(r#"{"ts":"2026/05/01 00:00:00","request":{"remote_addr":"1.2.3.4:99",
            "method":"GET","uri":"/"},"duration":"1.5ms","status":200}"#);
        assert_eq!((e.client.port, e.duration_ms), (Some(99), Some(1.5)));
        assert!(e.time.is_some() && e.request.scheme.is_empty());
        let e = one(r#"{"ts":1777593600,"request":{"remote_ip":"10.0.0.1","remote_port":"5",
            "client_ip":"1.2.3.4","method":"GET","uri":"/"},"status":200}"#);
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("1.2.3.4"));
        assert_eq!(e.client.port, None, "the port is the proxy's");
    }
}
