//! Entries of the gRPC access log service of Envoy.

use std::sync::Arc;

use async_trait::async_trait;
use bartizan_model::{Exchange, Timestamp};
use hyper::body::Incoming;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        logs::line::{Field, LogLine},
        protobuf::{Fields, Malformed, Value, entry},
        skip::SkipReason,
    },
    Answer, Kind, ReceiverItem,
    counts::Refusal,
    grpc::{self, Conversation, Heard},
    work::{Visit, Work},
};

/// Most fields of a head that are read.
const MAX_FIELDS: usize = 1_000;
const PATH: &str = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";

pub(super) static RECEIVER: ReceiverItem = ReceiverItem {
    kind: "access_log_service",
    title: "Access log service of Envoy (gRPC)",
    what: "Serves `envoy.service.accesslog.v3.AccessLogService`: every entry of HTTP is an exchange, as one \
           line of an access log is, with client, TLS, time, duration, status and sizes. Fields of \
           requests and answers are those that Envoy is told to send \
           (`additional_request_headers_to_log` …). Bodies are not in it. Entries of TCP, and those about \
           exchanges that still go on, are left out. Envoy sends entries in batches; how late it may do so \
           is `buffer_flush_interval` there, a second if nothing is said.",
    examples: &["name: mesh\nlisten: 127.0.0.1:9902\naccess_log_service: {}\n"],
    sender: "Envoy, in the connection manager, with a cluster that speaks HTTP/2 to the receiver:\n\n    \
             access_log:\n    - name: envoy.access_loggers.http_grpc\n      typed_config:\n        \
             \"@type\": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig\n        \
             common_config:\n          log_name: api\n          transport_api_version: V3\n          \
             grpc_service: {envoy_grpc: {cluster_name: bartizan}}\n        \
             additional_request_headers_to_log: [authorization, content-type, traceparent]\n        \
             additional_response_headers_to_log: [content-type]",
};

/// Entries of the access log service of Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccessLogServiceConfig {}

struct AccessLogService;

pub(super) fn open(_config: &AccessLogServiceConfig) -> Arc<dyn Kind> {
    Arc::new(AccessLogService)
}

#[async_trait]
impl Kind for AccessLogService {
    async fn answer(&self, request: http::Request<Incoming>, visit: Visit) -> Answer {
        if request.uri().path() != PATH {
            visit.refuse(Refusal::NotServed);
            return grpc::closed(grpc::UNIMPLEMENTED);
        }
        let entries = Entries { work: Arc::clone(&visit.work) };
        grpc::open(request, visit, entries)
    }

    fn full(&self) -> Answer {
        grpc::closed(grpc::RESOURCE_EXHAUSTED)
    }
}

struct Entries {
    work: Arc<Work>,
}

impl Conversation for Entries {
    const TROUBLE: grpc::Status = grpc::RESOURCE_EXHAUSTED;

    fn hear(&mut self, message: &[u8]) -> Heard {
        let read = each(message, &mut |read| {
            self.work.give_read(read);
        });
        if read.is_err() {
            self.work.counts.refuse(Refusal::Unreadable);
        }
        Heard::Noted
    }

    /// `StreamAccessLogsResponse`, which is empty.
    fn farewell(&mut self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

/// Reads a `StreamAccessLogsMessage` (`envoy/service/accesslog/v3/als.proto`): `http_logs` = 2 and
/// `tcp_logs` = 3, each with entries = 1.
pub(super) fn each(
    message: &[u8],
    give: &mut dyn FnMut(Result<Box<Exchange>, SkipReason>),
) -> Result<(), Malformed> {
    for logs in Fields::of(message) {
        let (kind @ (2 | 3), Value::Bytes(logs)) = logs? else { continue };
        for field in Fields::of(logs) {
            let (1, Value::Bytes(one)) = field? else { continue };
            let read = if kind == 2 { read(one)? } else { Err(SkipReason::NotHttpFlow) };
            give(read);
        }
    }
    Ok(())
}

/// `HTTPAccessLogEntry` (`envoy/data/accesslog/v3/accesslog.proto`).
fn read(message: &[u8]) -> Result<Result<Box<Exchange>, SkipReason>, Malformed> {
    let mut out = LogLine::default();
    let mut goes_on = false;
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(common)) => goes_on = read_common(&mut out, common)?,
            (2, version) => {
                let names = ["", "1.0", "1.1", "2", "3"];
                out.set(Field::Version, names.get(version.number() as usize).unwrap_or(&""));
            }
            (3, Value::Bytes(request)) => read_request(&mut out, request)?,
            (4, Value::Bytes(response)) => read_response(&mut out, response)?,
            _ => {}
        }
    }
    // No answer was sent: that is told, not missing.
    out.set(Field::Status, "0");
    Ok(if goes_on { Err(SkipReason::StillGoesOn) } else { out.exchange().map(Box::new) })
}

/// `AccessLogCommon`. Whether the exchange still goes on.
fn read_common(out: &mut LogLine, message: &[u8]) -> Result<bool, Malformed> {
    let (mut direct, mut until_sent, mut goes_on) = (None, None, false);
    for field in Fields::of(message) {
        match field? {
            (2, Value::Bytes(address)) => out.set(Field::Client, &socket(address)),
            (4, Value::Bytes(tls)) => read_tls(out, tls)?,
            (5, Value::Bytes(time)) => {
                let (seconds, nanos) = seconds_and_nanos(time);
                let micros =
                    seconds.checked_mul(1_000_000).and_then(|s| s.checked_add(nanos / 1_000));
                out.time = micros.map(Timestamp::from_micros);
            }
            (12, Value::Bytes(duration)) => until_sent = Some(duration),
            (13, Value::Bytes(address)) => out.set(Field::Server, &socket(address)),
            (20, Value::Bytes(address)) => direct = Some(address),
            (23, Value::Bytes(duration)) => set_duration(out, duration),
            (26, value) => goes_on = value.is_true(),
            _ => {}
        }
    }
    // The first that is there counts.
    if let Some(address) = direct {
        out.set(Field::Client, &socket(address));
    }
    if let Some(duration) = until_sent {
        set_duration(out, duration);
    }
    Ok(goes_on)
}

fn set_duration(out: &mut LogLine, message: &[u8]) {
    let (seconds, nanos) = seconds_and_nanos(message);
    let nanos = seconds.checked_mul(1_000_000_000).and_then(|s| s.checked_add(nanos));
    out.set(Field::Nanoseconds, &nanos.unwrap_or(-1).to_string());
}

/// `Timestamp` and `Duration` of Protocol Buffers.
fn seconds_and_nanos(message: &[u8]) -> (i64, i64) {
    let fields = Fields::of(message);
    let number = |field| fields.last(field).map_or(0, |value| value.number().cast_signed());
    (number(1), number(2))
}

/// `Address` with a `SocketAddress` = 1: `address` = 2, `port_value` = 3. Others give nothing.
fn socket(message: &[u8]) -> String {
    let socket = Fields::of(message).last(1).map_or(&[][..], Value::bytes);
    let fields = Fields::of(socket);
    let (host, port) = (fields.last(2), fields.last(3));
    let host = host.map(Value::text).unwrap_or_default();
    match port.map(Value::number) {
        Some(port) if host.contains(':') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
        None => host.into_owned(),
    }
}

/// `TLSProperties`.
fn read_tls(out: &mut LogLine, message: &[u8]) -> Result<(), Malformed> {
    for field in Fields::of(message) {
        match field? {
            (1, version) => {
                let names = ["", "1.0", "1.1", "1.2", "1.3"];
                out.set(Field::TlsVersion, names.get(version.number() as usize).unwrap_or(&""));
            }
            (2, Value::Bytes(cipher)) => {
                let number = Fields::of(cipher).last(1).map_or(0, Value::number);
                out.set(Field::TlsCipher, &number.to_string());
            }
            (3, name) => out.set(Field::Sni, &name.text()),
            (4, Value::Bytes(certificate)) => out.callee = workload(certificate),
            (5, Value::Bytes(certificate)) => {
                out.caller = workload(certificate);
                if let Some(subject) = Fields::of(certificate).last(2) {
                    out.set(Field::CertificateSubject, &subject.text());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The SPIFFE ID of `CertificateProperties`: subject_alt_name = 1, of which uri = 1.
fn workload(certificate: &[u8]) -> Option<String> {
    let names = Fields::of(certificate).map_while(Result::ok).filter(|(field, _)| *field == 1);
    let uris = names.filter_map(|(_, name)| Fields::of(name.bytes()).last(1));
    uris.map(|uri| uri.text().into_owned()).find(|uri| uri.starts_with("spiffe://"))
}

/// `RequestMethod` of `envoy/config/core/v3/base.proto`.
const METHODS: [&str; 10] =
    ["", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// `HTTPRequestProperties`.
fn read_request(out: &mut LogLine, message: &[u8]) -> Result<(), Malformed> {
    let mut path = None;
    for field in Fields::of(message) {
        match field? {
            (1, method) => {
                let name = METHODS.get(method.number() as usize).unwrap_or(&"");
                out.set(Field::Method, name);
            }
            (2, scheme) => out.set(Field::Scheme, &scheme.text()),
            (3, authority) => out.set(Field::Host, &authority.text()),
            (5, text) => path = Some(text),
            (6, agent) => out.set(Field::Header("user-agent"), &agent.text()),
            (7, referer) => out.set(Field::Header("referer"), &referer.text()),
            (9, id) => out.set(Field::RequestId, &id.text()),
            // Before Envoy rewrote it.
            (10, text) => out.set(Field::Target, &text.text()),
            (13, Value::Bytes(pair)) => push(&mut out.headers, pair),
            _ => {}
        }
    }
    if let Some(path) = path {
        out.set(Field::Target, &path.text());
    }
    Ok(())
}

/// `HTTPResponseProperties`.
fn read_response(out: &mut LogLine, message: &[u8]) -> Result<(), Malformed> {
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(code)) => {
                let code = Fields::of(code).last(1).map_or(0, Value::number);
                out.set(Field::Status, &code.to_string());
            }
            (3, bytes) => out.set(Field::Bytes, &bytes.number().to_string()),
            (4, Value::Bytes(pair)) => push(&mut out.response_headers, pair),
            _ => {}
        }
    }
    Ok(())
}

fn push(headers: &mut bartizan_model::Headers, pair: &[u8]) {
    let (name, value) = entry(pair);
    // `:method` and such are told apart already.
    if headers.len() < MAX_FIELDS && !name.is_empty() && !name.starts_with(':') {
        headers.push(name, value.map(Value::text).unwrap_or_default());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sources::protobuf::write;

    fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        fields.iter().for_each(|(field, value)| write::bytes(&mut out, *field, value));
        out
    }

    fn numbers(fields: &[(u32, u64)]) -> Vec<u8> {
        let mut out = Vec::new();
        fields.iter().for_each(|(field, value)| write::number(&mut out, *field, *value));
        out
    }

    fn address(host: &str, port: u64) -> Vec<u8> {
        let mut socket = message(&[(2, host.as_bytes())]);
        write::number(&mut socket, 3, port);
        message(&[(1, &socket)])
    }

    /// `CertificateProperties` of a workload of a mesh.
    fn certificate(account: &str) -> Vec<u8> {
        let uri = format!("spiffe://cluster.local/ns/shop/sa/{account}");
        message(&[(1, &message(&[(1, uri.as_bytes())])), (2, b"O=shop")])
    }

    /// A `StreamAccessLogsMessage` with one entry.
    pub(in super::super) fn batch(goes_on: bool) -> Vec<u8> {
        let tls = [
            numbers(&[(1, 4)]),
            message(&[
                (2, &numbers(&[(1, 0x1301)])),
                (3, b"a.test"),
                (4, &certificate("cart")),
                (5, &certificate("orders")),
            ]),
        ]
        .concat();
        let mut common = message(&[
            (20, &address("10.0.0.1", 1)),
            (2, &address("2001:db8::7", 40_000)),
            (4, &tls),
            (5, &numbers(&[(1, 1_795_341_600), (2, 123_456_789)])),
            (23, &numbers(&[(2, 2_500_000)])),
        ]);
        write::number(&mut common, 26, goes_on.into());
        let request = [
            numbers(&[(1, 3)]),
            message(&[
                (2, b"https"),
                (3, b"API.test"),
                (5, b"/inner/7?a=1"),
                (10, b"/v1/orders/7?a=1"),
                (9, b"r-7"),
                (13, &message(&[(1, b"content-type"), (2, b"application/json")])),
                (13, &message(&[(1, b":path"), (2, b"/x")])),
            ]),
        ]
        .concat();
        let response = [message(&[(1, &numbers(&[(1, 201)]))]), numbers(&[(3, 17)])].concat();
        let entry = [
            message(&[(1, &common)]),
            numbers(&[(2, 3)]),
            message(&[(3, &request), (4, &response)]),
        ]
        .concat();
        message(&[(1, b""), (2, &message(&[(1, &entry)])), (3, &message(&[(1, b"")]))])
    }

    fn all(bytes: &[u8]) -> Vec<Result<Box<Exchange>, SkipReason>> {
        let mut out = Vec::new();
        // What is malformed is looked at in its own test.
        let _ = each(bytes, &mut |one| out.push(one));
        out
    }

    #[test]
    fn an_entry_is_an_exchange() {
        let all = all(&batch(false));
        let e = all[0].as_ref().expect("an exchange");
        assert_eq!((&*e.request.method, &*e.request.target), ("POST", "/v1/orders/7?a=1"));
        assert_eq!((&*e.request.scheme, &*e.request.authority), ("https", "api.test"));
        assert_eq!(e.request.http_version.as_deref(), Some("2"));
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::7"));
        assert_eq!((e.client.port, e.duration_ms), (Some(40_000), Some(2.5)));
        assert_eq!(e.time.map(|t| t.micros()), Some(1_795_341_600_123_456));
        assert_eq!(e.response.as_ref().map(|r| (r.status, r.body_bytes)), Some((201, Some(17))));
        let tls = e.tls.as_ref().expect("TLS");
        assert_eq!(tls.version.as_deref(), Some("1.3"));
        assert_eq!(tls.cipher.as_deref(), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(e.request_id.as_deref(), Some("r-7"));
        assert_eq!(e.request.headers.len(), 1);
        let workload = |name: &str| Some(format!("spiffe://cluster.local/ns/shop/sa/{name}"));
        assert_eq!((&e.caller, &e.callee), (&workload("orders"), &workload("cart")));
        assert_eq!(all[1].as_ref().err(), Some(&SkipReason::NotHttpFlow));
    }

    #[test]
    fn an_exchange_that_goes_on_is_told_later() {
        assert_eq!(all(&batch(true))[0].as_ref().err(), Some(&SkipReason::StillGoesOn));
    }

    #[test]
    fn whatever_is_cut_or_damaged_panics_nowhere() {
        let whole = batch(false);
        for at in 0..whole.len() {
            assert!(all(&whole[..at]).len() <= 2);
            for with in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = with;
                assert!(all(&damaged).len() <= whole.len());
            }
        }
    }
}
