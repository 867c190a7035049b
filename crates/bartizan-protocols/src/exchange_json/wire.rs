//! The shape of a line, borrowed from it as far as possible.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct WireExchange<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) client: Option<WireClient<'a>>,
    #[serde(borrow, default)]
    pub(super) request: Option<WireMessage<'a>>,
    #[serde(borrow, default)]
    pub(super) response: Option<WireMessage<'a>>,
    #[serde(borrow, default)]
    pub(super) duration_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) server: Option<WireServer<'a>>,
    #[serde(borrow, default)]
    pub(super) upstream: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) tls: Option<WireTls<'a>>,
    #[serde(borrow, default)]
    pub(super) direction: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) caller: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) callee: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) protocol: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) connection_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) request_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) environment: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) messages: Option<Vec<WireData<'a>>>,
    #[serde(borrow, default)]
    pub(super) trailers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) policies: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct WireClient<'a> {
    #[serde(borrow, default)]
    pub(super) ip: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) port: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) ja4: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) certificate_subject: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) user: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct WireServer<'a> {
    #[serde(borrow, default)]
    pub(super) ip: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) port: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct WireTls<'a> {
    #[serde(borrow, default)]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) sni: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) cipher: Option<Cow<'a, str>>,
}

/// A request or a response.
#[derive(Deserialize)]
pub(super) struct WireMessage<'a> {
    #[serde(borrow, default)]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) scheme: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) authority: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) target: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) http_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) headers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) header_state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) body_base64: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) body_state: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) body_bytes: Option<u64>,
    #[serde(borrow, default)]
    pub(super) trailers: Option<&'a RawValue>,
}

/// A message of a stream.
#[derive(Deserialize)]
pub(super) struct WireData<'a> {
    #[serde(borrow, default)]
    pub(super) direction: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) data_base64: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) text: Option<bool>,
}
