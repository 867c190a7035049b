//! nginx's access log in JSON, and whatever else writes requests with such names.

use bartizan_model::{Exchange, source::Ordering};

use super::{
    Reading, SourceItem, aws_api_gateway, envoy_json,
    logs::{
        Dialect, Form, LATENESS, RawLine,
        json::{Members, Table},
        line::Field,
    },
    skip::SkipReason,
};

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "nginx-json",
    title: "Access log in JSON with nginx's names (nginx, Apache, HAProxy, this gateway, own servers)",
    what: "Reads one JSON object per line that has a status and either a request line (`request`) \
           or a method and a target: the names of nginx's variables (`remote_addr`, `request_uri`, \
           `request_time`, `http_user_agent`, `ssl_protocol` …) and the usual words for them \
           (`client_ip`, `url`, `user_agent`, `duration_ms` …), however they are spelled. Reads \
           what `escape=json` writes, raw bytes that are no UTF-8, and the `\\xHH` of logs without \
           it. `request_time` is seconds; a `duration` or `latency` without a unit counts only with \
           a fraction, as seconds. Bodies and most header fields are not in such a log. Lines may \
           come up to 5 minutes late.",
    extensions: &["log", "json"],
    example: "{\"time_iso8601\":\"2026-11-22T10:00:00+00:00\",\"msec\":\"1795341600.123\",\"remote_addr\":\"203.0.113.7\",\"remote_user\":\"\",\"request_method\":\"GET\",\"request_uri\":\"/v1/orders/7\",\"server_protocol\":\"HTTP/1.1\",\"status\":\"200\",\"body_bytes_sent\":\"512\",\"request_time\":\"0.012\",\"host\":\"api.example.com\",\"http_user_agent\":\"curl/8.4.0\"}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Common }),
};

const TABLE: &Table = &[
    ("msec", Field::Time),
    ("timeiso8601", Field::Time),
    ("timestamp", Field::Time),
    ("timelocal", Field::Time),
    ("time", Field::Time),
    ("starttime", Field::Time),
    ("datetime", Field::Time),
    ("date", Field::Time),
    ("ts", Field::Time),
    ("remoteaddr", Field::Client),
    ("remoteaddress", Field::Client),
    ("clientip", Field::Client),
    ("remoteip", Field::Client),
    ("clientaddr", Field::Client),
    ("client", Field::Client),
    ("remotehost", Field::Client),
    ("ip", Field::Client),
    ("remoteport", Field::ClientPort),
    ("clientport", Field::ClientPort),
    ("remoteuser", Field::User),
    ("user", Field::User),
    ("username", Field::User),
    ("request", Field::RequestLine),
    ("requestline", Field::RequestLine),
    ("requestmethod", Field::Method),
    ("method", Field::Method),
    ("httpmethod", Field::Method),
    ("verb", Field::Method),
    ("requesturi", Field::Target),
    ("requesturl", Field::Target),
    ("url", Field::Target),
    ("uri", Field::Target),
    ("requestpath", Field::Target),
    ("path", Field::Target),
    ("args", Field::Query),
    ("querystring", Field::Query),
    ("query", Field::Query),
    ("httphost", Field::Host),
    ("host", Field::Host),
    ("vhost", Field::Host),
    ("authority", Field::Host),
    ("domain", Field::Host),
    ("servername", Field::Host),
    ("scheme", Field::Scheme),
    ("requestscheme", Field::Scheme),
    ("httpxforwardedproto", Field::Scheme),
    ("https", Field::Scheme),
    ("serverprotocol", Field::Version),
    ("protocol", Field::Version),
    ("httpversion", Field::Version),
    ("proto", Field::Version),
    ("version", Field::Version),
    ("status", Field::Status),
    ("statuscode", Field::Status),
    ("responsestatus", Field::Status),
    ("responsecode", Field::Status),
    ("bodybytessent", Field::Bytes),
    ("bodybytes", Field::Bytes),
    ("bytessent", Field::Bytes),
    ("responsesize", Field::Bytes),
    ("responselength", Field::Bytes),
    ("size", Field::Bytes),
    ("responsebytes", Field::Bytes),
    ("bytes", Field::Bytes),
    ("requesttime", Field::Seconds),
    ("requesttimems", Field::Milliseconds),
    ("durationms", Field::Milliseconds),
    ("latencyms", Field::Milliseconds),
    ("responsetimems", Field::Milliseconds),
    ("durationus", Field::Microseconds),
    ("durationns", Field::Nanoseconds),
    ("duration", Field::Duration),
    ("latency", Field::Duration),
    ("responsetime", Field::Duration),
    ("elapsed", Field::Duration),
    ("httpuseragent", Field::Header("user-agent")),
    ("useragent", Field::Header("user-agent")),
    ("agent", Field::Header("user-agent")),
    ("httpreferer", Field::Header("referer")),
    ("httpreferrer", Field::Header("referer")),
    ("referer", Field::Header("referer")),
    ("referrer", Field::Header("referer")),
    ("httpxforwardedfor", Field::Header("x-forwarded-for")),
    ("xforwardedfor", Field::Header("x-forwarded-for")),
    ("httpauthorization", Field::Header("authorization")),
    ("httpcookie", Field::Header("cookie")),
    ("httporigin", Field::Header("origin")),
    ("httpaccept", Field::Header("accept")),
    ("httpacceptlanguage", Field::Header("accept-language")),
    ("httpcontenttype", Field::Header("content-type")),
    ("contenttype", Field::Header("content-type")),
    ("senthttpcontenttype", Field::ResponseHeader("content-type")),
    ("senthttplocation", Field::ResponseHeader("location")),
    ("requestid", Field::RequestId),
    ("reqid", Field::RequestId),
    ("httpxrequestid", Field::RequestId),
    ("xrequestid", Field::RequestId),
    ("traceid", Field::RequestId),
    ("id", Field::RequestId),
    ("connection", Field::ConnectionId),
    ("connectionid", Field::ConnectionId),
    ("upstreamaddr", Field::Server),
    ("upstream", Field::Server),
    ("serveraddr", Field::Server),
    ("sslprotocol", Field::TlsVersion),
    ("tlsversion", Field::TlsVersion),
    ("tlsprotocol", Field::TlsVersion),
    ("sslcipher", Field::TlsCipher),
    ("tlscipher", Field::TlsCipher),
    ("sslservername", Field::Sni),
    ("sni", Field::Sni),
    ("sslclientsdn", Field::CertificateSubject),
    ("ja4", Field::Ja4),
];

const STATUS: [&str; 4] = ["status", "statuscode", "responsestatus", "responsecode"];
const METHOD: [&str; 4] = ["requestmethod", "method", "httpmethod", "verb"];
const TARGET: [&str; 6] = ["requesturi", "requesturl", "url", "uri", "requestpath", "path"];

fn is_request(members: &Members) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| members.has(name));
    // nginx writes an empty request where a connection sent none.
    let has_line = ["request", "requestline"].iter().any(|name| {
        members.text(name).is_some_and(|line| line.contains(' ') || line.contains('\\'))
            || (members.names(name) && any(&["remoteaddr"]))
    });
    any(&STATUS)
        && (has_line || (any(&METHOD) && any(&TARGET)))
        && !envoy_json::is_envoy(members)
        && !aws_api_gateway::is_api_gateway(members)
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let members = line.members().filter(|m| is_request(m)).ok_or(SkipReason::NotALogLine)?;
    let mut out = members.fill(TABLE);
    // nginx's port is the client's when its address is.
    if out.port.is_some() && out.ip.is_none() {
        out.port = None;
    }
    out.exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    fn one(line: &[u8]) -> Result<Exchange, SkipReason> {
        read(&RawLine::new(line, &Columns::default()))
    }

    #[test]
    fn variables_of_nginx_are_read() {
        let e = one(br#"{"time_local":"01/May/2026:02:00:00 +0200","msec":"1777593600.123",
            "remote_addr":"2001:db8::1","remote_port":"5123","remote_user":"al",
            "request":"GET /a?b=\"1\" HTTP/2.0","status":"200","body_bytes_sent":"7","bytes_sent":"300",
            "request_time":"0.350","http_user_agent":"odd \"q\" \u00e4","http_referer":"",
            "http_x_forwarded_for":"6.6.6.6","http_host":"h.test","scheme":"https","server_name":"_",
            "ssl_protocol":"TLSv1.2","ssl_cipher":"ECDHE-RSA-AES128-GCM-SHA256","request_id":"r7",
            "upstream_addr":"10.0.0.1:80, 10.0.0.2:81"}"#)
        .expect("a request");
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_123_000));
        assert_eq!((e.client.port, e.client.user.as_deref()), (Some(5123), Some("al")));
        assert_eq!((&*e.request.authority, &*e.request.target), ("h.test", "/a?b=\"1\""));
        assert_eq!(e.request.headers.get("user-agent"), Some("odd \"q\" ä"));
        assert_eq!(e.request.headers.get("referer"), None);
        assert_eq!(e.response.map(|r| (r.status, r.body_bytes)), Some((200, Some(7))));
        assert_eq!((e.duration_ms, e.request_id.as_deref()), (Some(350.0), Some("r7")));
        assert_eq!(e.server.map(|(ip, _)| ip.to_string()).as_deref(), Some("10.0.0.2"));
        assert_eq!(e.tls.and_then(|t| t.version).as_deref(), Some("1.2"));
    }

    #[test]
    fn logs_that_forgot_to_escape_are_read() {
        let e = one(
            b"{\"remote_addr\":\"1.2.3.4\",\"request\":\"GET /\xff\\x22 HTTP/1.1\",\"status\":200,\
                      \"http_user_agent\":\"a \\x22b\\x22\",}",
        )
        .expect("a request");
        assert_eq!(e.request.target, "/%FF\"");
        assert_eq!(e.request.headers.get("user-agent"), Some("a \"b\""));
    }

    #[test]
    fn other_names_are_read_and_other_json_is_not() {
        let e = one(br#"{"@timestamp":"2026-05-01T00:00:00Z","clientIp":"1.2.3.4:99","verb":"PUT",
            "path":"/a","query_string":"b=1","statusCode":204,"durationMs":12.5,"userAgent":"x"}"#)
        .expect("a request");
        assert_eq!((&*e.request.method, &*e.request.target), ("PUT", "/a?b=1"));
        assert_eq!((e.client.port, e.duration_ms), (Some(99), Some(12.5)));
        let own = br#"{"time":"2026-05-01T00:00:00.123000Z","id":"x7","client":"2001:db8::1","method":"GET",
            "host":"h.test","path":"/a","version":"2","service":"s","upstream":"10.0.0.1:80","outcome":"ok",
            "status":200,"request_bytes":0,"response_bytes":7,"duration_ms":1.250,"connection":3}"#;
        let e = one(own).expect("the gateway's own log");
        assert_eq!((e.duration_ms, e.request_id.as_deref()), (Some(1.25), Some("x7")));
        assert_eq!(
            (e.request.http_version.as_deref(), e.connection_id.as_deref()),
            (Some("2"), Some("3"))
        );
        assert_eq!(e.response.and_then(|r| r.body_bytes), Some(7));
        for line in [
            &br#"{"level":"info","msg":"started","status":"ok"}"#[..],
            br#"{"status":200,"request":{"method":"GET","url":"https://h.test/"}}"#,
            br#"{"method":"GET","path":"/"}"#,
        ] {
            assert_eq!(one(line).err(), Some(SkipReason::NotALogLine));
        }
        let empty = br#"{"remote_addr":"1.2.3.4","request":"","status":"400"}"#;
        assert_eq!(one(empty).err(), Some(SkipReason::RequestEmpty));
        let tls = br#"{"remote_addr":"1.2.3.4","request":"\u0016\u0003\u0001","status":"400"}"#;
        assert_eq!(one(tls).err(), Some(SkipReason::RequestTls));
    }
}
