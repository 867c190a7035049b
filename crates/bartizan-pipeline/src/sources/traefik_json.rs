//! Traefik's access log in JSON.

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
    name: "traefik-json",
    title: "Traefik access log (JSON)",
    what: "Reads one JSON object per line with Traefik's names: `StartUTC`, `ClientAddr`, \
           `ClientUsername`, `RequestAddr`, `RequestMethod`, `RequestPath`, `RequestProtocol`, \
           `RequestScheme`, `DownstreamStatus`, `DownstreamContentSize`, `Duration` (nanoseconds), \
           `ServiceAddr`, `TLSVersion`, `TLSCipher`, and the header fields that were asked for \
           (`request_…`, `downstream_…`, else `origin_…`). What Traefik hides (`REDACTED`) is left \
           out. Fields that Traefik was told to drop are missing, never invented. Bodies are not \
           in such a log. Traefik's common form is read as `access-log`. Lines may come up to 5 \
           minutes late.",
    extensions: &["log", "json"],
    example: "{\"ClientAddr\":\"203.0.113.7:5123\",\"ClientUsername\":\"-\",\"DownstreamContentSize\":512,\"DownstreamStatus\":200,\"Duration\":12345678,\"RequestAddr\":\"api.example.com\",\"RequestMethod\":\"GET\",\"RequestPath\":\"/v1/orders/7\",\"RequestProtocol\":\"HTTP/2.0\",\"RequestScheme\":\"https\",\"StartUTC\":\"2026-11-22T10:00:00.123456789Z\",\"request_User-Agent\":\"curl/8.4.0\",\"level\":\"info\",\"msg\":\"\",\"time\":\"2026-11-22T10:00:00Z\"}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &Table = &[
    ("startutc", Field::Time),
    ("startlocal", Field::Time),
    ("time", Field::Time),
    ("clientaddr", Field::ClientWithPort),
    ("clienthost", Field::Client),
    ("clientport", Field::ClientPort),
    ("clientusername", Field::User),
    ("requestmethod", Field::Method),
    ("requestpath", Field::Target),
    ("requestaddr", Field::Host),
    ("requesthost", Field::Host),
    ("requestport", Field::HostPort),
    ("requestscheme", Field::Scheme),
    ("requestprotocol", Field::Version),
    ("downstreamstatus", Field::Status),
    ("originstatus", Field::Status),
    ("downstreamcontentsize", Field::Bytes),
    ("duration", Field::Nanoseconds),
    ("serviceaddr", Field::Server),
    ("serviceurl", Field::Server),
    ("serviceurl.host", Field::Server),
    ("tlsversion", Field::TlsVersion),
    ("tlscipher", Field::TlsCipher),
    ("tlsclientsubject", Field::CertificateSubject),
    ("traceid", Field::RequestId),
];

fn is_traefik(members: &Members) -> bool {
    members.has("requestmethod")
        && members.has("requestpath")
        && ["downstreamstatus", "originstatus", "routername", "entrypointname"]
            .iter()
            .any(|name| members.names(name))
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let members = line.members().filter(|m| is_traefik(m)).ok_or(SkipReason::NotALogLine)?;
    let mut out = members.fill(TABLE);
    out.headers = members.headers_named("request_");
    out.response_headers = members.headers_named("downstream_");
    if out.response_headers.is_empty() {
        out.response_headers = members.headers_named("origin_");
    }
    if out.request_id.is_none() {
        out.request_id = out.headers.get("x-request-id").map(str::to_owned);
    }
    out.exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    #[test]
    fn everything_that_a_line_tells_arrives() {
        let line = r#"{"ClientAddr":"[2001:db8::1]:5123","ClientHost":"2001:db8::1","ClientPort":"5123",
            "ClientUsername":"al","DownstreamContentSize":512,"DownstreamStatus":404,"Duration":1500000,
            "RequestAddr":"h.test:8443","RequestHost":"h.test","RequestMethod":"GET","RequestPort":"8443",
            "RequestPath":"/a?b=1","RequestProtocol":"HTTP/3.0","RequestScheme":"https",
            "ServiceAddr":"172.18.0.4:8080","StartUTC":"2026-05-01T00:00:00.123456789Z","TLSVersion":"1.3",
            "TLSCipher":"TLS_AES_128_GCM_SHA256","downstream_Content-Type":"text/html",
            "origin_Content-Type":"text/plain","request_User-Agent":"x","request_Authorization":"REDACTED"}"#;
        let e = read(&RawLine::new(line.as_bytes(), &Columns::default())).expect("a request");
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_123_456));
        assert_eq!((e.client.port, e.client.user.as_deref()), (Some(5123), Some("al")));
        assert_eq!((&*e.request.authority, &*e.request.target), ("h.test:8443", "/a?b=1"));
        assert_eq!((&*e.request.scheme, e.request.http_version.as_deref()), ("https", Some("3")));
        assert_eq!(e.request.headers.len(), 1);
        assert_eq!(e.duration_ms, Some(1.5));
        assert_eq!(
            e.server.map(|(ip, port)| format!("{ip} {port:?}")).as_deref(),
            Some("172.18.0.4 Some(8080)")
        );
        let response = e.response.expect("an answer");
        assert_eq!(
            (response.status, response.headers.get("content-type")),
            (404, Some("text/html"))
        );
        assert!(!response.headers_captured, "a few fields are not all");
        assert_eq!(e.tls.and_then(|t| t.version).as_deref(), Some("1.3"));
    }
}
