//! Access logs of AWS API Gateway in JSON.

use bartizan_model::{Duration, Exchange, source::Ordering};

use super::{
    Reading, SourceItem,
    logs::{
        Dialect, Form, RawLine,
        json::{Members, Table},
        line::Field,
    },
    skip::SkipReason,
};

/// CloudWatch keeps the lines of many log streams, exported one stream after the other.
const LATENESS: Duration = Duration::minutes(15);

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "aws-api-gateway",
    title: "AWS API Gateway access log (JSON)",
    what: "Reads one JSON object per line with the names that AWS's console proposes for \
           `$context` (`requestId`, `ip`, `requestTime`, `httpMethod`, `resourcePath`, `routeKey`, \
           `path`, `status`, `protocol`, `responseLength`) and the usual ones for the rest \
           (`domainName`, `userAgent`, `responseLatency` in milliseconds, `requestTimeEpoch`, \
           `caller`, `user`), also behind the time that an export to S3 writes before them. A log \
           without `path` tells the template only (`/orders/{id}`), which then is the target. The \
           form after CLF that AWS proposes is read as `access-log`. Bodies and most header fields \
           are not in such a log. Lines may come up to 15 minutes late.",
    extensions: &["log", "json"],
    example: "{\"requestId\":\"c6af9ac6-7b61-11e6-9a41-93e8deadbeef\",\"ip\":\"203.0.113.7\",\"caller\":\"-\",\"user\":\"-\",\"requestTime\":\"22/Nov/2026:10:00:00 +0000\",\"httpMethod\":\"GET\",\"resourcePath\":\"/orders/{id}\",\"path\":\"/prod/orders/7\",\"status\":\"200\",\"protocol\":\"HTTP/1.1\",\"responseLength\":\"512\"}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &Table = &[
    ("requesttimeepoch", Field::Time),
    ("requesttime", Field::Time),
    ("timestamp", Field::Time),
    ("ip", Field::Client),
    ("sourceip", Field::Client),
    ("identity.sourceip", Field::Client),
    ("identitysourceip", Field::Client),
    ("clientip", Field::Client),
    ("user", Field::User),
    ("caller", Field::User),
    ("principalid", Field::User),
    ("httpmethod", Field::Method),
    ("method", Field::Method),
    ("path", Field::Target),
    ("requestpath", Field::Target),
    ("resourcepath", Field::Target),
    ("domainname", Field::Host),
    ("domain", Field::Host),
    ("host", Field::Host),
    ("protocol", Field::Version),
    ("status", Field::Status),
    ("statuscode", Field::Status),
    ("responselength", Field::Bytes),
    ("responsesize", Field::Bytes),
    ("dataprocessed", Field::Bytes),
    ("responselatency", Field::Milliseconds),
    ("latency", Field::Milliseconds),
    ("useragent", Field::Header("user-agent")),
    ("identity.useragent", Field::Header("user-agent")),
    ("identityuseragent", Field::Header("user-agent")),
    ("requestid", Field::RequestId),
    ("extendedrequestid", Field::RequestId),
    ("connectionid", Field::ConnectionId),
];

/// Whether the names are those of API Gateway.
pub(super) fn is_api_gateway(members: &Members) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| members.names(name));
    let is_gateway = any(&["resourcepath", "routekey"])
        || (any(&["requesttime", "requesttimeepoch"])
            && any(&["responselength", "responselatency"]));
    is_gateway && any(&["httpmethod", "routekey"]) && any(&["status", "statuscode"])
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let members = line.members().filter(|m| is_api_gateway(m)).ok_or(SkipReason::NotALogLine)?;
    let mut out = members.fill(TABLE);
    if !out.request.is_there()
        && let Some(route) = members.text("routekey")
    {
        // `GET /orders/{id}`, which is all that a log of an HTTP API may tell.
        if let Some((method, path)) = route.split_once(' ') {
            out.set(Field::Method, method);
            out.set(Field::Target, path);
        }
    }
    out.exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::{
        logs::columns::Columns,
        tests::{read as read_all, split},
    };

    fn one(line: &str) -> Result<Exchange, SkipReason> {
        read(&RawLine::new(line.as_bytes(), &Columns::default()))
    }

    #[test]
    fn rest_and_http_apis_are_read() {
        let e = one(r#"2026-05-01T00:00:00.000Z {"requestId":"r7","ip":"2001:db8::1","user":"al",
            "requestTime":"01/May/2026:00:00:00 +0000","requestTimeEpoch":"1777593600123",
            "httpMethod":"POST","resourcePath":"/orders/{id}","path":"/prod/orders/7","status":"201",
            "protocol":"HTTP/1.1","responseLength":"91","domainName":"api.h.test",
            "responseLatency":"350","userAgent":"odd \"q\""}"#)
        .expect("a request");
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_123_000));
        assert_eq!((&*e.request.authority, &*e.request.target), ("api.h.test", "/prod/orders/7"));
        assert_eq!((e.duration_ms, e.request_id.as_deref()), (Some(350.0), Some("r7")));
        assert_eq!(e.client.user.as_deref(), Some("al"));
        let e = one(r#"{"requestId":"r","ip":"1.2.3.4","requestTime":"01/May/2026:00:00:00 +0000",
            "routeKey":"GET /orders/{id}","status":"200","protocol":"HTTP/1.1","responseLength":"2"}"#)
        .expect("a request");
        assert_eq!((&*e.request.method, &*e.request.target), ("GET", "/orders/{id}"));
        let default = one(r#"{"requestId":"r","routeKey":"$default","status":"404"}"#);
        assert_eq!(default.err(), Some(SkipReason::RequestEmpty));
        assert_eq!(one(r#"{"httpMethod":"GET","path":"/"}"#).err(), Some(SkipReason::NotALogLine));
    }

    #[test]
    fn the_form_after_clf_is_an_access_log() {
        let line = "203.0.113.7 - al [01/May/2026:00:00:00 +0000]\"GET /orders/{id} HTTP/1.1\" 200 91 \
                    c6af9ac6-7b61-11e6-9a41-93e8deadbeef\n";
        let (exchanges, skipped) = split(read_all("x", line.as_bytes()));
        assert!(skipped.is_empty() && exchanges.len() == 1, "{skipped:?}");
        let e = &exchanges[0];
        assert_eq!(e.request_id.as_deref(), Some("c6af9ac6-7b61-11e6-9a41-93e8deadbeef"));
        assert_eq!((&*e.request.target, e.client.user.as_deref()), ("/orders/{id}", Some("al")));
    }
}
