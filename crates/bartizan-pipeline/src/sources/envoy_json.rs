//! Envoy's access log in JSON, as service meshes and gateways configure it.

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
    name: "envoy-json",
    title: "Envoy access log (JSON: Envoy, Istio, Envoy Gateway, Contour)",
    what: "Reads one JSON object per line with the names that Envoy's own examples, Istio, Envoy \
           Gateway and Contour use, however they are spelled (`user_agent`, `user-agent`, \
           `userAgent`; `:authority`, `authority`, `host`): `start_time`, `method`, `path` (also \
           `x-envoy-origin-path`), `protocol`, `response_code`, `bytes_sent`, `duration` in \
           milliseconds, `x_forwarded_for`, `user_agent`, `request_id`, `authority`, \
           `upstream_host`, `downstream_remote_address`, `requested_server_name`, TLS version, \
           cipher and subject. Without an address of the peer, the client is the last address of \
           `x_forwarded_for` that is not of a private network. An answer of 0 means that none came. \
           Bodies and most header fields are not in such a log. Lines may come up to 5 minutes \
           late.",
    extensions: &["log", "json"],
    example: "{\"start_time\":\"2026-11-22T10:00:00.123Z\",\"method\":\"GET\",\"path\":\"/v1/orders/7\",\"protocol\":\"HTTP/2\",\"response_code\":200,\"response_flags\":\"-\",\"bytes_received\":0,\"bytes_sent\":512,\"duration\":12,\"x_forwarded_for\":\"203.0.113.7\",\"user_agent\":\"curl/8.4.0\",\"request_id\":\"068508d5-1f0c-4f07-9a30-5f2cd76ee016\",\"authority\":\"api.example.com\",\"upstream_host\":\"10.0.1.3:8080\"}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &Table = &[
    ("starttime", Field::Time),
    ("timestamp", Field::Time),
    ("time", Field::Time),
    ("downstreamremoteaddress", Field::ClientWithPort),
    ("downstreamremoteaddresswithoutport", Field::Client),
    ("downstreamremoteport", Field::ClientPort),
    ("method", Field::Method),
    ("requestmethod", Field::Method),
    ("reqmethod", Field::Method),
    ("xenvoyoriginalpath", Field::Target),
    ("xenvoyoriginpath", Field::Target),
    ("path", Field::Target),
    ("requestpath", Field::Target),
    ("uripath", Field::Target),
    ("requesturi", Field::Target),
    ("uri", Field::Target),
    ("url", Field::Target),
    ("protocol", Field::Version),
    ("httpversion", Field::Version),
    ("requestedauthority", Field::Host),
    ("authority", Field::Host),
    ("requestauthority", Field::Host),
    ("host", Field::Host),
    ("scheme", Field::Scheme),
    ("requestscheme", Field::Scheme),
    ("xforwardedproto", Field::Scheme),
    ("responsecode", Field::Status),
    ("statuscode", Field::Status),
    ("status", Field::Status),
    ("code", Field::Status),
    ("bytessent", Field::Bytes),
    ("responsebytes", Field::Bytes),
    ("duration", Field::Milliseconds),
    ("durationms", Field::Milliseconds),
    ("totalduration", Field::Milliseconds),
    ("requestduration", Field::Milliseconds),
    ("duration", Field::Duration),
    ("xforwardedfor", Field::Header("x-forwarded-for")),
    ("forwardedfor", Field::Header("x-forwarded-for")),
    ("useragent", Field::Header("user-agent")),
    ("requestuseragent", Field::Header("user-agent")),
    ("referer", Field::Header("referer")),
    ("requestcontenttype", Field::Header("content-type")),
    ("responsecontenttype", Field::ResponseHeader("content-type")),
    ("requestid", Field::RequestId),
    ("xrequestid", Field::RequestId),
    ("traceid", Field::RequestId),
    ("connectionid", Field::ConnectionId),
    ("upstreamremoteaddress", Field::Server),
    ("upstreamhost", Field::Server),
    ("requestedservername", Field::Sni),
    ("downstreamtlsversion", Field::TlsVersion),
    ("downstreamtlscipher", Field::TlsCipher),
    ("downstreampeersubject", Field::CertificateSubject),
    ("tlsja4fingerprint", Field::Ja4),
];

/// Names that nobody but Envoy uses.
const MARKS: [&str; 8] = [
    "responseflags",
    "responsecodedetails",
    "upstreamhost",
    "upstreamcluster",
    "downstreamremoteaddress",
    "requestedservername",
    "xenvoyupstreamservicetime",
    "upstreamservicetime",
];

/// Whether the names are Envoy's.
pub(super) fn is_envoy(members: &Members) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| members.names(name));
    let has_path =
        any(&["path", "xenvoyoriginalpath", "xenvoyoriginpath", "requestpath", "uripath", "uri"]);
    let has_authority = any(&["authority", "requestauthority"]);
    let has_code = any(&["responsecode"]);
    any(&["method", "requestmethod", "reqmethod"])
        && has_path
        && (any(&MARKS) || (has_code && (has_authority || any(&["starttime"]))))
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let members = line.members().filter(|m| is_envoy(m)).ok_or(SkipReason::NotALogLine)?;
    members.fill(TABLE).exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::logs::columns::Columns;

    fn one(line: &str) -> Result<Exchange, SkipReason> {
        read(&RawLine::new(line.as_bytes(), &Columns::default()))
    }

    #[test]
    fn names_of_gateways_and_meshes_are_read() {
        let e = one(r#"{":authority":"h.test","bytes_received":7,"bytes_sent":384,"duration":350,
            "downstream_remote_address":"[2001:db8::1]:51234","method":"POST","protocol":"HTTP/2",
            "requested_server_name":"h.test","response_code":201,"response_flags":null,
            "start_time":"2026-05-01T00:00:00.856Z","upstream_host":"10.0.1.3:8080",
            "user-agent":"odd \"agent\"","x-envoy-origin-path":"/a?b=1","x-forwarded-for":"6.6.6.6",
            "x-request-id":"r7","downstream_tls_version":"TLSv1.3"}"#)
        .expect("a request");
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
        assert_eq!(e.client.port, Some(51234), "the peer is known, so the list is not asked");
        assert_eq!((&*e.request.authority, &*e.request.target), ("h.test", "/a?b=1"));
        assert_eq!(e.request.headers.get("x-forwarded-for"), Some("6.6.6.6"));
        assert_eq!((e.duration_ms, e.request_id.as_deref()), (Some(350.0), Some("r7")));
        let tls = e.tls.expect("TLS");
        assert_eq!((tls.version.as_deref(), tls.sni.as_deref()), (Some("1.3"), Some("h.test")));
        assert_eq!(e.server.map(|(_, port)| port), Some(Some(8080)));
    }

    #[test]
    fn no_answer_is_none_and_other_json_is_another_dialect() {
        let e = one(r#"{"method":"GET","path":"/","response_code":0,"response_flags":"DC"}"#);
        assert_eq!(e.expect("a request").response.map(|r| r.status), Some(0));
        for line in [
            r#"{"method":"GET","path":"/","status":200}"#,
            r#"{"method":null,"path":null,"response_code":0}"#,
            "{}",
            "x",
        ] {
            assert_eq!(one(line).err(), Some(SkipReason::NotALogLine), "{line}");
        }
        let tcp = r#"{"method":null,"path":null,"response_code":0,"response_flags":"-"}"#;
        assert_eq!(one(tcp).err(), Some(SkipReason::RequestEmpty));
    }
}
