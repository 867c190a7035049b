//! Logs of Google Cloud's load balancers, and of whatever else writes an `httpRequest` there.

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

/// Cloud Logging orders entries by the time they came in from many frontends.
const LATENESS: Duration = Duration::minutes(15);

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "gcp-load-balancer",
    title: "Google Cloud load balancer log (JSON)",
    what: "Reads log entries of Cloud Logging that hold an `httpRequest`, one JSON object per line \
           (sinks, `gcloud logging read --format=json`, which is a list, is read too): \
           `requestMethod`, `requestUrl`, `status`, `responseSize`, `userAgent`, `remoteIp`, \
           `serverIp`, `referer`, `latency`, `protocol`, with `timestamp` to its precision; the \
           `insertId` becomes the request id. Entries of Cloud Run, App Engine and API Gateway have \
           the same form. `responseSize` counts the headers too. Bodies and most header fields are \
           not in such a log. Entries without an `httpRequest` are counted as no log lines. Entries \
           may come up to 15 minutes late.",
    extensions: &["jsonl", "json"],
    example: "{\"httpRequest\":{\"requestMethod\":\"GET\",\"requestUrl\":\"https://api.example.com/v1/orders/7\",\"requestSize\":\"120\",\"status\":200,\"responseSize\":\"512\",\"userAgent\":\"curl/8.4.0\",\"remoteIp\":\"203.0.113.7\",\"latency\":\"0.012000s\",\"protocol\":\"HTTP/2\"},\"insertId\":\"1abc\",\"timestamp\":\"2026-11-22T10:00:00.123456Z\",\"resource\":{\"type\":\"http_load_balancer\"}}\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &Table = &[
    ("timestamp", Field::Time),
    ("receivetimestamp", Field::Time),
    ("httprequest.remoteip", Field::Client),
    ("httprequest.requestmethod", Field::Method),
    ("httprequest.requesturl", Field::Target),
    ("httprequest.protocol", Field::Version),
    ("httprequest.status", Field::Status),
    ("httprequest.responsesize", Field::Bytes),
    ("httprequest.latency", Field::Duration),
    ("httprequest.useragent", Field::Header("user-agent")),
    ("httprequest.referer", Field::Header("referer")),
    ("httprequest.serverip", Field::Server),
    ("insertid", Field::RequestId),
    ("trace", Field::RequestId),
];

fn is_gcp(members: &Members) -> bool {
    members.names("httprequest.requestmethod") || members.names("httprequest.requesturl")
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    let members = line.members().filter(|m| is_gcp(m)).ok_or(SkipReason::NotALogLine)?;
    members.fill(TABLE).exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::{
        logs::columns::Columns,
        tests::{read as read_all, split},
    };

    #[test]
    fn everything_that_a_line_tells_arrives() {
        let line = r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://[2001:db8::9]:443/a?b=%20",
            "status":502,"responseSize":"384","userAgent":"a \"b\"","remoteIp":"2001:db8::1",
            "serverIp":"10.0.0.1","referer":"https://r.test/","latency":"0.350000s","protocol":"HTTP/1.1"},
            "insertId":"i7","timestamp":"2026-05-01T00:00:00.856123Z"}"#;
        let e = read(&RawLine::new(line.as_bytes(), &Columns::default())).expect("a request");
        assert_eq!(e.time.map(|t| t.micros()), Some(1_777_593_600_856_123));
        assert_eq!((&*e.request.authority, &*e.request.target), ("[2001:db8::9]", "/a?b=%20"));
        assert_eq!((&*e.request.scheme, e.request.http_version.as_deref()), ("https", Some("1.1")));
        assert_eq!(e.request.headers.get("user-agent"), Some("a \"b\""));
        assert_eq!((e.duration_ms, e.request_id.as_deref()), (Some(350.0), Some("i7")));
        assert!(e.server.is_some() && e.response.is_some_and(|r| r.body_bytes == Some(384)));
    }

    #[test]
    fn a_list_is_read_too() {
        let list = format!("[\n  {},\n  7,\n  {}]", SOURCE.example.trim(), SOURCE.example.trim());
        let (exchanges, skipped) = split(read_all("log.json", list.as_bytes()));
        assert_eq!((exchanges.len(), skipped), (2, vec!["entry_not_object at entry 2".to_owned()]));
    }
}
