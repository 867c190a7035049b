//! What a line of any log can tell, and the exchange that it makes.

use std::net::IpAddr;

use bartizan_model::{
    BodyState, Client, Exchange, Flow, HeaderState, Headers, Request, Response, Timestamp, Tls,
};

use super::{
    super::{
        skip::SkipReason,
        target::{http_version, looks_like_host},
        times,
    },
    address::{address, forwarded_client, upstream, with_port},
    request_line::{self, RequestLine, without_default_port},
    tls::{cipher_name, tls_version},
};

/// A member of a line: where its value goes and, for numbers, in which unit it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Field {
    /// Any form that [`times::parse`] reads.
    Time,
    /// Date and clock apart, as W3C logs have them.
    Date,
    /// See [`Field::Date`].
    Clock,
    /// Address of the client, perhaps with its port.
    Client,
    /// Address of the client, always with its port.
    ClientWithPort,
    ClientPort,
    User,
    Method,
    /// Path with query, or an absolute URL.
    Target,
    /// Path without query, see [`Field::Query`].
    Path,
    /// Query without its question mark, or with it.
    Query,
    /// Method, target and version in one.
    RequestLine,
    Host,
    /// Port that the client asked for, when the host does not name one.
    HostPort,
    /// `http` or `https`; also `on` and `off`, as `$https` has them.
    Scheme,
    Version,
    Status,
    /// Bytes of the answer.
    Bytes,
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    /// With a unit (`350ms`, `0.35s`), or a fraction of a second.
    Duration,
    /// A field of the request, by name.
    Header(&'static str),
    /// A field of the answer, by name.
    ResponseHeader(&'static str),
    RequestId,
    ConnectionId,
    /// Address of who answered, perhaps with a port; of several, the last.
    Server,
    ServerPort,
    TlsVersion,
    TlsCipher,
    Sni,
    Ja4,
    /// Subject of a client certificate.
    CertificateSubject,
    /// As the source names it.
    Protocol,
}

/// A line in its parts, each absent that the line does not tell.
#[derive(Debug, Default)]
pub(in super::super) struct LogLine {
    pub(in super::super) time: Option<Timestamp>,
    pub(in super::super) ip: Option<IpAddr>,
    pub(in super::super) port: Option<u16>,
    pub(in super::super) user: Option<String>,
    pub(in super::super) request: Asked,
    pub(in super::super) status: Option<u16>,
    pub(in super::super) bytes: Option<u64>,
    pub(in super::super) duration_ms: Option<f64>,
    pub(in super::super) headers: Headers,
    pub(in super::super) response_headers: Headers,
    /// Whether the answer's fields are all of them.
    pub(in super::super) response_headers_captured: bool,
    pub(in super::super) request_id: Option<String>,
    pub(in super::super) connection_id: Option<String>,
    pub(in super::super) server_ip: Option<IpAddr>,
    pub(in super::super) server_port: Option<u16>,
    pub(in super::super) tls: Tls,
    pub(in super::super) ja4: Option<String>,
    pub(in super::super) certificate_subject: Option<String>,
    pub(in super::super) protocol: Option<String>,
    /// Which way it went, where it was not recorded by who answered.
    pub(in super::super) flow: Option<Flow>,
    pub(in super::super) caller: Option<String>,
    pub(in super::super) callee: Option<String>,
    /// Template of the path, see [`Exchange::route`].
    pub(in super::super) route: Option<String>,
    pub(in super::super) date: Option<String>,
    pub(in super::super) clock: Option<String>,
}

/// What a line tells about the request.
#[derive(Debug, Default)]
pub(in super::super) struct Asked {
    pub(in super::super) line: Option<RequestLine>,
    pub(in super::super) raw_line: Option<String>,
    pub(in super::super) method: Option<String>,
    pub(in super::super) target: Option<String>,
    pub(in super::super) path: Option<String>,
    pub(in super::super) query: Option<String>,
    pub(in super::super) host: Option<String>,
    pub(in super::super) host_port: Option<String>,
    pub(in super::super) scheme: Option<String>,
    pub(in super::super) version: Option<String>,
}

fn keep<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

fn keep_text(slot: &mut Option<String>, value: &str) {
    keep(slot, Some(value.to_owned()));
}

impl LogLine {
    /// Takes a value to its place. The first of several counts; `-` and nothing are no value, and
    /// what has not the form of its field is left out.
    pub(in super::super) fn set(&mut self, field: Field, value: &str) {
        let value = value.trim();
        if matches!(value, "" | "-") {
            return;
        }
        match field {
            Field::Time => keep(&mut self.time, times::parse(value)),
            Field::Date => keep_text(&mut self.date, value),
            Field::Clock => keep_text(&mut self.clock, value),
            Field::Client => self.client(address(value)),
            Field::ClientWithPort => self.client(with_port(value)),
            Field::ClientPort => keep(&mut self.port, value.parse().ok()),
            Field::User => keep_text(&mut self.user, value),
            Field::Status => keep(&mut self.status, status(value)),
            Field::Bytes => keep(&mut self.bytes, count(value)),
            Field::Nanoseconds => self.duration(value, 1e-6),
            Field::Microseconds => self.duration(value, 1e-3),
            Field::Milliseconds => self.duration(value, 1.0),
            Field::Seconds => self.duration(value, 1e3),
            Field::Duration => keep(&mut self.duration_ms, duration_ms(value, false)),
            Field::Header(name) => push_once(&mut self.headers, name, value),
            Field::ResponseHeader(name) => push_once(&mut self.response_headers, name, value),
            Field::RequestId => keep_text(&mut self.request_id, value),
            Field::ConnectionId => keep_text(&mut self.connection_id, value),
            Field::Server => self.server(upstream(value)),
            Field::ServerPort => keep(&mut self.server_port, value.parse().ok()),
            Field::TlsVersion => keep(&mut self.tls.version, tls_version(value)),
            Field::TlsCipher => keep(&mut self.tls.cipher, cipher_name(value)),
            Field::Sni => keep_text(&mut self.tls.sni, value),
            Field::Ja4 => keep_text(&mut self.ja4, value),
            Field::CertificateSubject => keep_text(&mut self.certificate_subject, value),
            Field::Protocol => keep_text(&mut self.protocol, value),
            _ => self.request.set(field, value),
        }
    }

    fn client(&mut self, found: Option<(IpAddr, Option<u16>)>) {
        if let (None, Some((ip, port))) = (self.ip, found) {
            self.ip = Some(ip);
            keep(&mut self.port, port);
        }
    }

    fn server(&mut self, found: Option<(IpAddr, Option<u16>)>) {
        if let (None, Some((ip, port))) = (self.server_ip, found) {
            self.server_ip = Some(ip);
            keep(&mut self.server_port, port);
        }
    }

    fn duration(&mut self, value: &str, to_ms: f64) {
        let number = value.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        keep(&mut self.duration_ms, number.map(|n| rounded(n * to_ms)));
    }

    /// The exchange, without id and source name. A request that is none is named.
    pub(in super::super) fn exchange(mut self) -> Result<Exchange, SkipReason> {
        let asked = self.request.read()?;
        let forwarded = self.headers.get("x-forwarded-for").and_then(forwarded_client);
        self.client(forwarded);
        let time = self.time.or_else(|| {
            let (date, clock) = (self.date?, self.clock?);
            times::parse(&format!("{date}T{clock}"))
        });
        let tls = (self.tls != Tls::default()).then_some(self.tls);
        Ok(Exchange {
            time,
            client: Client {
                ip: self.ip,
                port: self.port.filter(|_| self.ip.is_some()),
                user: self.user,
                ja4: self.ja4,
                certificate_subject: self.certificate_subject,
            },
            request: Request {
                method: asked.method,
                scheme: asked.scheme,
                authority: asked.authority,
                target: asked.target,
                http_version: asked.version,
                headers: self.headers,
                header_state: HeaderState::Incomplete,
                body_state: BodyState::NotCaptured,
                ..Request::default()
            },
            response: self.status.map(|status| Response {
                status,
                headers: self.response_headers,
                headers_captured: self.response_headers_captured,
                body_state: BodyState::NotCaptured,
                body_bytes: self.bytes,
                ..Response::default()
            }),
            duration_ms: self.duration_ms,
            request_id: self.request_id,
            connection_id: self.connection_id,
            server: self.server_ip.map(|ip| (ip, self.server_port)),
            protocol: self.protocol,
            tls,
            // Servers and proxies write logs of what they answered.
            flow: Some(self.flow.unwrap_or(Flow::Inbound)),
            caller: self.caller,
            callee: self.callee,
            route: self.route,
            ..Exchange::default()
        })
    }
}

impl Asked {
    fn set(&mut self, field: Field, value: &str) {
        let slot = match field {
            Field::Method => &mut self.method,
            Field::Target => &mut self.target,
            Field::Path => &mut self.path,
            Field::Query => &mut self.query,
            Field::RequestLine => &mut self.raw_line,
            Field::Host => &mut self.host,
            Field::HostPort => &mut self.host_port,
            Field::Scheme => return keep(&mut self.scheme, scheme(value)),
            Field::Version => return keep(&mut self.version, http_version(value)),
            _ => return,
        };
        keep_text(slot, value);
    }

    /// Whether there is anything that could be a request.
    pub(in super::super) const fn is_there(&self) -> bool {
        self.line.is_some()
            || self.raw_line.is_some()
            || (self.method.is_some() && (self.target.is_some() || self.path.is_some()))
    }

    fn read(&mut self) -> Result<RequestLine, SkipReason> {
        let mut line = if let Some(line) = self.line.take() {
            line
        } else if let Some(raw) = self.raw_line.take() {
            request_line::read(raw.as_bytes())?
        } else {
            self.apart()?
        };
        if line.version.is_none() {
            line.version = self.version.take();
        }
        if line.scheme.is_empty() {
            line.scheme = self.scheme.take().unwrap_or_default();
        }
        if line.authority.is_empty() {
            let host = self.host.take().unwrap_or_default().to_lowercase();
            let is_host = looks_like_host(&host) || is_name(&host);
            line.authority = if is_host { host } else { String::new() };
            if let Some(port) = self.host_port.take().filter(|_| !has_port(&line.authority))
                && !line.authority.is_empty()
                && port.parse::<u16>().is_ok()
            {
                line.authority = format!("{}:{port}", line.authority);
            }
            line.authority = without_default_port(&line.scheme, line.authority);
        }
        Ok(line)
    }

    /// Of a log that has method and target apart.
    fn apart(&mut self) -> Result<RequestLine, SkipReason> {
        let method = self.method.take().ok_or(SkipReason::RequestEmpty)?;
        let mut target = match (self.target.take(), self.path.take()) {
            (Some(target), _) | (None, Some(target)) => target,
            (None, None) => return Err(SkipReason::RequestIncomplete),
        };
        if let Some(query) = self.query.take().filter(|_| !target.contains('?')) {
            if !query.starts_with('?') {
                target.push('?');
            }
            target.push_str(&query);
        }
        request_line::from_parts(&method, &target)
    }
}

fn has_port(authority: &str) -> bool {
    let bare = authority.rsplit(']').next().unwrap_or("");
    bare.contains(':')
}

/// A host of one label, as inner networks have them.
fn is_name(host: &str) -> bool {
    host.bytes().any(|b| b.is_ascii_alphanumeric())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn push_once(headers: &mut Headers, name: &str, value: &str) {
    if !headers.contains(name) {
        headers.push(name, value);
    }
}

fn scheme(value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    match value.as_str() {
        "http" | "https" | "ws" | "wss" => Some(value),
        "on" | "true" => Some("https".to_owned()),
        "off" | "false" => Some("http".to_owned()),
        _ => None,
    }
}

/// A status; what is below 100 or negative says that no answer came.
fn status(value: &str) -> Option<u16> {
    let number = value.parse::<f64>().ok().filter(|n| (-1.0..1000.0).contains(n))?;
    Some(if number < 100.0 { 0 } else { number as u16 })
}

/// A count, also one that a program wrote with a fraction.
fn count(value: &str) -> Option<u64> {
    let whole = || value.parse::<f64>().ok().filter(|n| (0.0..9e15).contains(n)).map(|n| n as u64);
    value.parse().ok().or_else(whole)
}

/// Without the dust of binary fractions: to the nanosecond, the finest that a log has.
fn rounded(ms: f64) -> f64 {
    (ms * 1e6).round() / 1e6
}

/// `350ms`, `0.350s`, `350µs`, `0.350`; whole numbers, as seconds, only when `named`, for they may
/// be anything.
pub(in super::super) fn duration_ms(text: &str, named: bool) -> Option<f64> {
    let units = [("ms", 1.0), ("µs", 1e-3), ("us", 1e-3), ("ns", 1e-6), ("s", 1e3)];
    let unit = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(*unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1e3));
    let is_number = number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && number.starts_with(|c: char| c.is_ascii_digit());
    let is_time = named || unit.is_some() || number.contains('.');
    let number = (is_number && is_time).then(|| number.parse::<f64>().ok()).flatten();
    number.map(|n| rounded(n * factor)).filter(|ms| ms.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fields: &[(Field, &str)]) -> Result<Exchange, SkipReason> {
        let mut line = LogLine::default();
        fields.iter().for_each(|(field, value)| line.set(*field, value));
        line.exchange()
    }

    const GET: (Field, &str) = (Field::Method, "GET");

    #[test]
    fn hosts_schemes_and_ports_come_together() {
        for (fields, scheme, authority, target) in [
            (&[GET, (Field::Target, "/a?b"), (Field::Host, "H.test")][..], "", "h.test", "/a?b"),
            (
                &[GET, (Field::Target, "https://h.test:443/a"), (Field::Host, "x")],
                "https",
                "h.test",
                "/a",
            ),
            (
                &[GET, (Field::Path, "/a"), (Field::Query, "?b=1"), (Field::Scheme, "https")],
                "https",
                "",
                "/a?b=1",
            ),
            (
                &[
                    GET,
                    (Field::Path, "/"),
                    (Field::Host, "[::1]"),
                    (Field::HostPort, "443"),
                    (Field::Scheme, "https"),
                ],
                "https",
                "[::1]",
                "/",
            ),
            (
                &[
                    (Field::RequestLine, "GET /a HTTP/1.1"),
                    (Field::Host, "h.test"),
                    (Field::HostPort, "8080"),
                ],
                "",
                "h.test:8080",
                "/a",
            ),
            (&[GET, (Field::Target, "/"), (Field::Host, "<script>")], "", "", "/"),
        ] {
            let request = line(fields).expect("a request").request;
            assert_eq!(
                (&*request.scheme, &*request.authority, &*request.target),
                (scheme, authority, target),
                "{fields:?}"
            );
        }
    }

    #[test]
    fn values_of_no_form_are_absent_and_the_first_counts() {
        let e = line(&[
            GET,
            (Field::Target, "/"),
            (Field::Time, "yesterday"),
            (Field::Client, "nobody"),
            (Field::Client, "1.2.3.4:99"),
            (Field::Client, "5.6.7.8"),
            (Field::Status, "-1"),
            (Field::Bytes, "-"),
            (Field::Milliseconds, "-1"),
            (Field::Seconds, "0.35"),
            (Field::Header("referer"), "-"),
        ])
        .expect("a request");
        assert_eq!((e.time, e.client.port, e.duration_ms), (None, Some(99), Some(350.0)));
        assert_eq!(e.response.map(|r| (r.status, r.body_bytes)), Some((0, None)));
        assert!(e.request.headers.is_empty() && e.tls.is_none() && e.server.is_none());
        assert_eq!(line(&[GET]).err(), Some(SkipReason::RequestIncomplete));
        assert_eq!(line(&[]).err(), Some(SkipReason::RequestEmpty));
        let connect = [(Field::Method, "CONNECT"), (Field::Target, "h.test:443")];
        assert_eq!(line(&connect).err(), Some(SkipReason::ConnectTunnel));
    }

    #[test]
    fn durations_have_units() {
        for (text, ms) in [
            ("350ms", Some(350.0)),
            ("0.350s", Some(350.0)),
            ("12.5µs", Some(0.0125)),
            ("0.567", Some(567.0)),
            ("350", None),
            ("s", None),
            ("-1ms", None),
        ] {
            assert_eq!(duration_ms(text, false), ms, "{text}");
        }
        assert_eq!(duration_ms("2", true), Some(2000.0));
    }
}
