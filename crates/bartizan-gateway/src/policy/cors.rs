//! CORS: which pages of other origins may call and read (Fetch standard, "CORS protocol").

use bartizan_model::Mode;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    pass::Stage,
    record::Refusal,
    scope::{Reach, Scope},
};
use crate::phases::{Edits, Reply};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "cors",
    title: "CORS",
    mode: Mode::Monitor,
    documentation: "\
Answers preflight requests by itself (204, or 403 when origin, method or a field is not allowed) and \
writes the CORS fields of all other answers, in place of those of the upstream; answers that depend on \
the origin say so in `Vary`. An origin is compared as a whole: scheme, host and port, where `*.` in \
front of the host stands for exactly one more label. `*` allows every origin but never together with \
credentials, and an origin that is not listed is never echoed. `null`, which sandboxed pages and files \
send, is only allowed where it is listed, and never with credentials.

What is allowed is allowed only where every reading of path and method is in the scope: a page that \
asks for `/public/..%2fprivate/me` is allowed nothing by a policy for `/public/**`, its preflight \
requests are refused, and what the upstream allows by itself is removed. Where several policies hold a \
request, the first one that is enforced decides.

A WebSocket handshake asks no browser for leave and carries the cookies of whoever looks at the page, so \
it is held up here (RFC 6455 §10.2): one with an `Origin` that is neither listed nor that of the host it \
asks is refused (403), and so is a WebSocket that is open when its origin is listed no more. The scheme of \
its own host is not compared. `methods`, `headers` and `credentials` say nothing about WebSockets, and \
their answer (101) gets no fields: browsers read none.

CORS tells browsers what other pages may read. It keeps nobody else from calling: that is for \
authentication. In monitor mode preflight requests go to the upstream.",
    examples: &["\
name: web-app
mode: enforce
cors:
  origins: ['https://app.example.com', 'https://*.preview.example.com']
  methods: [GET, POST]
  headers: [authorization, content-type]
  credentials: true
"],
};

/// The code of the answer to a preflight request.
pub(crate) const PREFLIGHT: &str = "preflight";
/// Most entries of each list.
const ENTRIES: usize = 256;
/// Most bytes of a requested list of fields that is looked at.
const REQUESTED_BYTES: usize = 4_096;

const REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;
const REQUEST_HEADERS: HeaderName = header::ACCESS_CONTROL_REQUEST_HEADERS;
/// What an upstream may have said, and we say instead.
const WRITTEN: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// Settings of a CORS policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// Origins: `https://app.example.com`, with `*.` in front of the host for one more label, `*`
    /// for all of them, `null`.
    pub origins: Vec<String>,
    /// Methods beside GET, HEAD and POST, which need no leave.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Fields that a page may send.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Fields of answers that a page may read.
    #[serde(default)]
    pub expose: Vec<String>,
    /// Whether cookies and other credentials may be sent.
    #[serde(default)]
    pub credentials: bool,
    /// How long browsers may remember the answer to a preflight request, in seconds.
    #[serde(default = "ten_minutes")]
    pub max_age_seconds: u32,
}

const fn ten_minutes() -> u32 {
    600
}

/// A compiled CORS policy.
#[derive(Debug)]
pub(crate) struct Cors {
    any: bool,
    origins: Vec<Origin>,
    methods: Vec<Method>,
    headers: Vec<HeaderName>,
    expose: Option<HeaderValue>,
    allow_methods: HeaderValue,
    allow_headers: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

#[derive(Debug, PartialEq, Eq)]
enum Origin {
    Exact(String),
    /// Scheme with `://`, and the host with port behind one more label.
    Below(String, String),
}

impl Cors {
    pub(crate) fn compile(config: &CorsConfig) -> Result<Self, Problem> {
        for (key, length) in [
            ("origins", config.origins.len()),
            ("methods", config.methods.len()),
            ("headers", config.headers.len()),
            ("expose", config.expose.len()),
        ] {
            if length > ENTRIES {
                return Err(Problem::new(key, format!("more than {ENTRIES} entries")));
            }
        }
        if config.origins.is_empty() {
            return Err(Problem::new("origins", "at least one is needed"));
        }
        let any = config.origins.iter().any(|origin| origin == "*");
        if any && (config.credentials || config.origins.len() > 1) {
            let problem = "`*` stands alone, and never goes with credentials";
            return Err(Problem::new("origins", problem));
        }
        let mut origins = Vec::new();
        for (at, text) in config.origins.iter().enumerate().filter(|(_, text)| *text != "*") {
            let key = format!("origins.{at}");
            if text == "null" && config.credentials {
                return Err(Problem::new(key, "`null` never goes with credentials"));
            }
            let origin = Origin::compile(text).ok_or_else(|| {
                Problem::new(&key, format!("{text:?} is no origin (scheme, host, port if need be)"))
            })?;
            origins.push(origin);
        }
        let mut methods = vec![Method::GET, Method::HEAD, Method::POST];
        for (at, text) in config.methods.iter().enumerate() {
            let method = Method::from_bytes(text.as_bytes()).ok().filter(|_| text != "*");
            let method = method.ok_or_else(|| {
                Problem::new(format!("methods.{at}"), format!("{text:?} is no method"))
            })?;
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        let headers = names("headers", &config.headers)?;
        let expose = names("expose", &config.expose)?;
        let allow_methods = join(methods.iter().map(Method::as_str));
        Ok(Self {
            any,
            origins,
            headers: headers.clone(),
            expose: join(expose.iter().map(HeaderName::as_str)),
            allow_methods: allow_methods.unwrap_or(HeaderValue::from_static("GET")),
            allow_headers: join(headers.iter().map(HeaderName::as_str)),
            methods,
            credentials: config.credentials,
            max_age: HeaderValue::from(config.max_age_seconds),
        })
    }

    /// The answer to a preflight request, or why it is refused; `None` when it is none.
    pub(crate) fn preflight(
        &self,
        method: &Method,
        fields: &HeaderMap,
    ) -> Option<Result<Reply, Refusal>> {
        let origin = fields.get(header::ORIGIN)?;
        let wanted = fields.get(REQUEST_METHOD)?;
        if method != Method::OPTIONS {
            return None;
        }
        let refuse = |title| {
            let refusal = Refusal::deny(StatusCode::FORBIDDEN, "cors-refused", title);
            Some(Err(refusal.with(header::VARY, HeaderValue::from_static("Origin"))))
        };
        let Some(allowed) = self.allowed(origin) else {
            return refuse("this origin is not allowed");
        };
        if !self.methods.iter().any(|method| method.as_str().as_bytes() == wanted.as_bytes()) {
            return refuse("this method is not allowed");
        }
        if !fields.get_all(REQUEST_HEADERS).iter().all(|value| self.allows_fields(value)) {
            return refuse("one of these fields is not allowed");
        }
        let mut reply = Reply::body(
            StatusCode::NO_CONTENT,
            PREFLIGHT,
            HeaderValue::from_static("text/plain"),
            bytes::Bytes::new(),
        );
        reply.headers.remove(header::CONTENT_TYPE);
        let varies = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        reply = reply
            .with(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed)
            .with(header::ACCESS_CONTROL_ALLOW_METHODS, self.allow_methods.clone())
            .with(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone())
            .with(header::VARY, HeaderValue::from_static(varies));
        if let Some(allow) = &self.allow_headers {
            reply = reply.with(header::ACCESS_CONTROL_ALLOW_HEADERS, allow.clone());
        }
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            reply = reply.with(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        Some(Ok(reply))
    }

    /// Whether the page that asks may open a WebSocket to that host. Where the scope only may be
    /// meant, nobody but pages of the host itself may. `None` when it is no handshake of a page.
    pub(crate) fn handshake(
        &self,
        fields: &HeaderMap,
        host: Option<&str>,
        is_sure: bool,
    ) -> Option<Result<(), Refusal>> {
        let mut origins = fields.get_all(header::ORIGIN).iter();
        let origin = origins.next().filter(|_| fields.contains_key(header::UPGRADE))?;
        let is_own = host.is_some_and(|host| is_of_host(origin, host));
        let is_listed = is_sure && self.allowed(origin).is_some();
        if (is_own || is_listed) && origins.next().is_none() {
            return Some(Ok(()));
        }
        let title = "this origin may open no WebSocket here";
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "cors-refused", title);
        Some(Err(refusal.because("cors-websocket")))
    }

    /// Why a preflight request is refused for a target that servers read differently.
    pub(crate) fn ambiguous() -> Refusal {
        let title = "servers read this path in different ways";
        Refusal::deny(StatusCode::FORBIDDEN, "cors-refused", title)
            .because("cors-ambiguous-target")
            .with(header::VARY, HeaderValue::from_static("Origin"))
    }

    /// Writes the fields of an answer to a request from `origin`; nothing is allowed without
    /// one. `fields` are those the answer has.
    pub(crate) fn edit(&self, origin: Option<&HeaderValue>, fields: &HeaderMap, edits: &mut Edits) {
        for name in WRITTEN {
            edits.remove(name);
        }
        if !self.any
            && let Some(vary) = with_origin(fields)
        {
            edits.set(header::VARY, vary);
        }
        let Some(allowed) = origin.and_then(|origin| self.allowed(origin)) else { return };
        edits.set(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            edits.set(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if let Some(expose) = &self.expose {
            edits.set(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }

    /// What `Access-Control-Allow-Origin` says to an origin. Only what is listed is ever echoed.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?;
        self.origins.iter().any(|known| known.is(text)).then(|| origin.clone())
    }

    fn allows_fields(&self, value: &HeaderValue) -> bool {
        let Some(text) = value.to_str().ok().filter(|text| text.len() <= REQUESTED_BYTES) else {
            return false;
        };
        let mut wanted = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        wanted
            .all(|name| self.headers.iter().any(|known| known.as_str().eq_ignore_ascii_case(name)))
    }
}

impl Origin {
    /// In the form browsers send: lower case, no path, no default port (RFC 6454 §6.2).
    fn compile(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Exact(text.to_owned()));
        }
        let (scheme, host) = text.split_once("://")?;
        let (is_below, name) = match host.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, host),
        };
        let is_scheme = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
        let is_host =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
        let default = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => "",
        };
        let is_well_formed = !scheme.is_empty()
            && scheme.bytes().all(is_scheme)
            && !name.is_empty()
            && name.bytes().all(is_host)
            && !name.starts_with(['.', ':'])
            && !name.ends_with(['.', ':'])
            && (default.is_empty() || !name.ends_with(default));
        // `*.com` would be everybody.
        if !is_well_formed || is_below && !name.contains('.') {
            return None;
        }
        Some(match is_below {
            true => Self::Below(format!("{scheme}://"), format!(".{name}")),
            false => Self::Exact(text.to_owned()),
        })
    }

    fn is(&self, origin: &str) -> bool {
        match self {
            Self::Exact(known) => known == origin,
            Self::Below(scheme, behind) => {
                let host = origin.strip_prefix(scheme.as_str());
                let label = host.and_then(|host| host.strip_suffix(behind.as_str()));
                label.is_some_and(|label| {
                    let is_label = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
                    !label.is_empty() && label.bytes().all(is_label)
                })
            }
        }
    }
}

/// Whether an origin is that of a host. Who ends TLS in front of us need not have said so: the scheme
/// only says which port may be left out.
fn is_of_host(origin: &HeaderValue, host: &str) -> bool {
    let Some((scheme, name)) = origin.to_str().ok().and_then(|text| text.split_once("://")) else {
        return false;
    };
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let bare = |text| str::strip_suffix(text, port).unwrap_or(text);
    bare(name).eq_ignore_ascii_case(bare(host))
}

fn names(key: &str, list: &[String]) -> Result<Vec<HeaderName>, Problem> {
    let parse = |(at, text): (usize, &String)| {
        let name = HeaderName::from_bytes(text.as_bytes()).ok().filter(|_| text != "*");
        name.ok_or_else(|| {
            Problem::new(format!("{key}.{at}"), format!("{text:?} is no field name"))
        })
    };
    list.iter().enumerate().map(parse).collect()
}

fn join<'a>(parts: impl Iterator<Item = &'a str>) -> Option<HeaderValue> {
    let text = parts.collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(text).ok().filter(|value| !value.is_empty())
}

/// `Vary` with `Origin`; `None` when it says so already.
fn with_origin(fields: &HeaderMap) -> Option<HeaderValue> {
    let mut text = String::new();
    for value in fields.get_all(header::VARY) {
        let Ok(value) = value.to_str() else { continue };
        let mut names = value.split(',').map(str::trim);
        if names.any(|name| name == "*" || name.eq_ignore_ascii_case("origin")) {
            return None;
        }
        text.push_str(value);
        text.push_str(", ");
    }
    text.push_str("Origin");
    HeaderValue::try_from(text).ok()
}

/// The origin that a CORS policy is asked about: none where its scope only may be meant, so that it
/// allows nothing. `None` out of its scope.
pub(super) fn origin_in<'a>(
    stage: &Stage,
    scope: &Scope,
    origin: Option<&'a HeaderValue>,
) -> Option<Option<&'a HeaderValue>> {
    match stage.reach(scope) {
        Reach::Out => None,
        Reach::Perhaps => Some(None),
        Reach::Surely => Some(origin),
    }
}

#[cfg(test)]
mod tests;
