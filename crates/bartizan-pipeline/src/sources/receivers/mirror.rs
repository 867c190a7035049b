//! Copies of requests, as `mirror` of nginx and shadowing of Envoy send them.

use std::sync::Arc;

use async_trait::async_trait;
use bartizan_model::{BodyState, Client, Exchange, HeaderState, Headers, Request, Timestamp};
use bytes::Bytes;
use http::{StatusCode, request::Parts};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        logs::request_line::{from_parts, without_default_port},
        skip::SkipReason,
    },
    Answer, Kind, ReceiverItem,
    client::{NamedIn, Naming},
    counts::Refusal,
    receive::{fields, gather, protocol},
    work::{Visit, request_id},
};

pub(super) static RECEIVER: ReceiverItem = ReceiverItem {
    kind: "mirror",
    title: "Copies of requests over HTTP",
    what: "Takes a copy of a request (HTTP/1.1, or HTTP/2 by prior knowledge), answers 204 to everything as \
           soon as the copy is there, and judges it afterwards. A copy has no answer: what needs one is \
           *not evaluated*, and whether an attack succeeded is not known. Nor does a copy tell whether an \
           endpoint is there: the inventory lists what a specification declares, or what another source \
           saw answered. The client is the one that \
           `client_field` names; without it, none: the address of the sender is never taken for it. \
           Method, target and host are those of the copy, or of fields in which the sender writes the \
           original ones. The `-shadow` that Envoy appends to the host is taken off. A body above \
           `limits.body_bytes` is truncated. CONNECT is left out.",
    examples: &[
        "name: edge\nlisten: 127.0.0.1:9901\nmirror: {}\n",
        "name: mesh\nlisten: 10.1.0.5:9901\npeers: [10.0.0.0/8]\nmirror:\n  client_field: forwarded\n  \
         trusted_proxies: [192.0.2.0/24]\n  original_uri: x-envoy-original-path\n",
    ],
    sender: "nginx, beside the `proxy_pass` that is there:\n\n    \
             location / { mirror /copy; proxy_pass http://api; }\n    \
             location = /copy {\n      internal;\n      \
             proxy_pass http://127.0.0.1:9901$request_uri;\n      \
             proxy_set_header Host $host;\n      \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n      \
             proxy_set_header X-Forwarded-Proto $scheme;\n      \
             proxy_set_header X-Request-Id $request_id;\n      \
             proxy_connect_timeout 200ms; proxy_read_timeout 1s;\n    }\n\n\
             Envoy, in a route, with a cluster for the receiver:\n\n    \
             request_mirror_policies: [{cluster: bartizan}]",
};

/// Copies of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MirrorConfig {
    /// The field in which the sender names the client.
    pub client_field: NamedIn,
    /// Addresses and networks of proxies before the sender: they are passed over in that field.
    pub trusted_proxies: Vec<String>,
    /// The field in which the sender names the original path and query, when it changes them.
    pub original_uri: String,
    /// The field in which the sender names the original method, when it changes it.
    pub original_method: String,
    /// The field in which the sender names the original host, when it changes it.
    pub original_host: String,
    /// What the sender appends to the host, before the port. Empty: nothing.
    pub shadow_suffix: String,
}

impl Default for MirrorConfig {
    fn default() -> Self {
        Self {
            client_field: NamedIn::default(),
            trusted_proxies: Vec::new(),
            original_uri: "x-original-uri".to_owned(),
            original_method: "x-original-method".to_owned(),
            original_host: "x-original-host".to_owned(),
            shadow_suffix: "-shadow".to_owned(),
        }
    }
}

struct Mirror {
    config: MirrorConfig,
    naming: Naming,
}

pub(super) fn open(config: &MirrorConfig, peers: &[String]) -> Result<Arc<dyn Kind>, String> {
    for name in [&config.original_uri, &config.original_method, &config.original_host] {
        if http::HeaderName::try_from(name.as_str()).is_err() {
            return Err(format!("`{name}` is no name of a field"));
        }
    }
    let naming = Naming::new(config.client_field, peers, &config.trusted_proxies)?;
    Ok(Arc::new(Mirror { config: config.clone(), naming }))
}

#[async_trait]
impl Kind for Mirror {
    async fn answer(&self, request: http::Request<Incoming>, visit: Visit) -> Answer {
        let time = (visit.work.outside.now)();
        let (head, body) = request.into_parts();
        let mut lease = visit.lease();
        let (most, patience) = (visit.limits.body_bytes as usize, visit.limits.patience());
        let (body, lack) = gather(body, most, &mut lease, patience).await;
        if let Some(why) = lack {
            visit.refuse(why);
        }
        let mut read = self.read(&head, time);
        if let Ok(exchange) = &mut read {
            exchange.request.body = body;
            exchange.request.body_state =
                if lack.is_none() { BodyState::Complete } else { BodyState::Truncated };
        }
        // What broke off may be half a request that never was.
        if lack != Some(Refusal::BrokenOff) {
            visit.work.give_read(read);
        }
        taken()
    }

    fn full(&self) -> Answer {
        taken()
    }
}

fn taken() -> Answer {
    let mut answer = Answer::new(Empty::<Bytes>::new().boxed_unsync());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

impl Mirror {
    /// The exchange, without its body. The version is that of the copy and not told.
    fn read(&self, head: &Parts, time: Timestamp) -> Result<Box<Exchange>, SkipReason> {
        let mut headers = fields(&head.headers);
        let config = &self.config;
        let mut original = |name: &str| {
            let value = headers.get(name).map(str::trim).filter(|value| !value.is_empty());
            let value = value.map(str::to_owned);
            headers.remove(name);
            value
        };
        let method = original(&config.original_method);
        let target = original(&config.original_uri);
        let host = original(&config.original_host);
        let target = target
            .unwrap_or_else(|| head.uri.path_and_query().map_or("/", |t| t.as_str()).to_owned());
        let method = method.unwrap_or_else(|| head.method.as_str().to_owned());
        let line = from_parts(&method, &target)?;
        let named = head.uri.authority().map(ToString::to_string);
        let host = host.or(named).or_else(|| headers.get("host").map(str::to_owned));
        let scheme = if line.scheme.is_empty() { scheme(&headers) } else { line.scheme };
        let authority = match line.authority.is_empty() {
            true => self.without_suffix(host.unwrap_or_default().trim().to_ascii_lowercase()),
            false => line.authority,
        };
        let authority = without_default_port(&scheme, authority);
        // It tells of the connection between the sender and us.
        headers.remove("connection");
        if headers.contains("host") {
            headers.remove("host");
            headers.push("host", authority.clone());
        }
        Ok(Box::new(Exchange {
            time: Some(time),
            client: Client { ip: self.naming.client(&headers), ..Client::default() },
            protocol: protocol(&headers),
            request_id: request_id(headers.get("x-request-id")),
            request: Request {
                method: line.method,
                scheme,
                authority,
                target: line.target,
                headers,
                header_state: HeaderState::Complete,
                ..Request::default()
            },
            ..Exchange::default()
        }))
    }

    fn without_suffix(&self, host: String) -> String {
        let port =
            host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let (name, port) = port.unwrap_or((&host, ""));
        match name.strip_suffix(&self.config.shadow_suffix) {
            Some(bare) if !bare.is_empty() && !port.is_empty() => format!("{bare}:{port}"),
            Some(bare) if !bare.is_empty() => bare.to_owned(),
            _ => host,
        }
    }
}

/// The scheme that the client used, as the sender says last.
fn scheme(headers: &Headers) -> String {
    let named =
        headers.get_all("x-forwarded-proto").last().and_then(|list| list.rsplit(',').next());
    let named = named.unwrap_or("").trim().to_ascii_lowercase();
    if matches!(&*named, "http" | "https") { named } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(request: http::request::Builder) -> Result<Box<Exchange>, SkipReason> {
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let config = MirrorConfig::default();
        let naming =
            Naming::new(config.client_field, &["127.0.0.1".to_owned()], &[]).expect("right");
        Mirror { config, naming }.read(&head, Timestamp::from_micros(7))
    }

    #[test]
    fn a_copy_is_the_request_that_it_was_made_of() {
        let copy = http::Request::post("/copy")
            .header("host", "API.example.com-shadow:8443")
            .header("x-original-uri", "/v1/orders?expand=%2e")
            .header("x-original-method", "PUT")
            .header("x-forwarded-for", "6.6.6.6, 192.0.2.9")
            .header("x-forwarded-proto", "http, https")
            .header("x-request-id", "r-1")
            .header("connection", "close")
            .header("content-type", "application/grpc+proto");
        let e = read(copy).expect("an exchange");
        assert_eq!((&*e.request.method, &*e.request.target), ("PUT", "/v1/orders?expand=%2e"));
        assert_eq!((&*e.request.scheme, &*e.request.authority), ("https", "api.example.com:8443"));
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.9"));
        assert_eq!((e.request_id.as_deref(), e.protocol.as_deref()), (Some("r-1"), Some("grpc")));
        assert!(e.response.is_none() && e.request.http_version.is_none());
        let names: Vec<_> = e.request.headers.iter().map(|(name, _)| name).collect();
        let expected =
            ["x-forwarded-for", "x-forwarded-proto", "x-request-id", "content-type", "host"];
        assert_eq!(names, expected);
        assert_eq!(e.request.headers.get("host"), Some("api.example.com:8443"));
    }

    #[test]
    fn hosts_lose_what_was_appended_and_nothing_else() {
        for (given, expected) in [
            ("api.test-shadow", "api.test"),
            ("api.test-shadow:80", "api.test:80"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:db8::1]-shadow:8", "[2001:db8::1]:8"),
            ("-shadow", "-shadow"),
            ("shadow.test", "shadow.test"),
            ("", ""),
        ] {
            let e = read(http::Request::get("/a").header("host", given)).expect("an exchange");
            assert_eq!(e.request.authority, expected, "{given}");
            assert_eq!(e.client.ip, None);
        }
    }

    #[test]
    fn what_is_no_request_is_named() {
        let tunnel = http::Request::connect("h.test:443");
        assert_eq!(read(tunnel).err(), Some(SkipReason::ConnectTunnel));
        let odd = http::Request::get("/").header("x-original-method", "GET /");
        assert_eq!(read(odd).err(), Some(SkipReason::RequestNotHttp));
    }
}
