//! What the gateway would do with a request: everything up to the upstream, with nothing sent and nothing opened.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
};

use bartizan_model::PrincipalKind;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde::Serialize;

use crate::{
    call::{Call, Captured, flatten},
    config::{Config, ConfigError, OverLimit},
    forward::ids::Ids,
    listen::{Link, Peer},
    metrics::Metrics,
    phases::{BodyView, Policies, Reply, Streamed},
    policy::{Decisions, Enforcement, Reached},
    serve::{place, service},
    snapshot::Snapshot,
};

/// A request that nobody sent.
#[derive(Debug)]
pub struct Imagined {
    /// What is asked: a target with path and query, `Host` among the fields, the whole body.
    pub request: Request<Vec<u8>>,
    /// The address that connects.
    pub from: IpAddr,
    /// Whether it comes by HTTPS.
    pub is_secure: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Rehearsal {
    /// The service that it goes to; `None` when there is none for it.
    pub service: Option<String>,
    /// The address that counts as that of the client.
    pub client: IpAddr,
    /// What each policy that is not off made of it, kind by kind, in the order in which they are asked.
    pub policies: Vec<Reached>,
    /// Who calls, as far as it was verified.
    pub identities: Vec<Identified>,
    /// What the client is answered by the gateway itself; `None` when the request goes to the service.
    pub answer: Option<Answered>,
}

/// Somebody who was identified.
#[derive(Debug, Serialize)]
pub struct Identified {
    /// By what.
    pub kind: PrincipalKind,
    /// Who vouches for the name; empty for own keys.
    pub issuer: String,
    /// The name.
    pub subject: String,
    /// What the credential may be used for.
    pub scopes: Vec<String>,
}

/// An answer of the gateway itself.
#[derive(Debug, Serialize)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// Why: a short name.
    pub code: &'static str,
    /// What the client is told.
    pub title: String,
    /// What the client is told about this very request; empty when there is nothing.
    pub detail: String,
}

impl From<&Reply> for Answered {
    fn from(reply: &Reply) -> Self {
        let (title, detail) = (reply.title.clone(), reply.detail.clone());
        Self { status: reply.status.as_u16(), code: reply.code, title, detail }
    }
}

/// Asks what would become of a request. `enforcement` must not have been asked about anything before: what it counts
/// is what is told. Its look-ups are its own matter ([`LookUps::offline`](crate::policy::LookUps::offline)).
///
/// # Errors
/// The configuration cannot be compiled.
pub async fn rehearse(
    config: &Config,
    enforcement: Arc<Enforcement>,
    imagined: Imagined,
) -> Result<Rehearsal, ConfigError> {
    let policies = Arc::clone(&enforcement) as Arc<dyn Policies>;
    let snapshot = Arc::new(Snapshot::compile(config, policies, &Metrics::new(), None)?);
    let local = SocketAddr::new(imagined.from, if imagined.is_secure { 443 } else { 80 });
    let peer = Peer::new(SocketAddr::new(imagined.from, 0), local, true);
    let link = Arc::new(Link::new(0, peer, Weak::new()));
    let mut call = Call::new(link, snapshot, Ids::new());
    call.scheme = if imagined.is_secure { "https" } else { "http" };
    let answer = ask(&mut call, imagined.request).await.err();
    let identities = call.extension::<Decisions>().map_or(&[][..], |decided| &decided.identities);
    let identities = identities.iter().map(|one| Identified {
        kind: one.kind,
        issuer: one.issuer.to_string(),
        subject: one.subject.to_string(),
        scopes: one.scopes.to_vec(),
    });
    Ok(Rehearsal {
        service: call.service().map(str::to_owned),
        client: call.client(),
        policies: enforcement.reached(&call),
        identities: identities.collect(),
        answer: answer.as_deref().map(Answered::from),
    })
}

/// As an exchange goes, up to where it is sent on.
async fn ask(call: &mut Call, request: Request<Vec<u8>>) -> Result<(), Box<Reply>> {
    let snapshot = Arc::clone(&call.snapshot);
    call.method = request.method().clone();
    call.uri = request.uri().clone();
    call.request_fields = flatten(request.headers());
    call.is_read = true;
    if !snapshot.methods.serve(request.method()) {
        let title = "this method is not served";
        return Err(Box::new(Reply::problem(StatusCode::NOT_IMPLEMENTED, "unknown-method", title)));
    }
    place(call, &request)?;
    let (parts, bytes) = request.into_parts();
    let bytes = Bytes::from(bytes);
    let filter = snapshot.policies.request_filter(call, &parts);
    filter.decide().await.map_or(Ok(()), Err)?;
    if parts.headers.contains_key(header::UPGRADE) {
        return Ok(());
    }
    let is_large = bytes.len() > snapshot.limits.request_body_bytes;
    if is_large && service(call).request_over == OverLimit::Refuse {
        let title = "the body is larger than this service takes";
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(Box::new(Reply::problem(status, "body-too-large", title)));
    }
    call.request_body = Captured::whole(bytes.clone());
    let body = match is_large {
        true => BodyView::Streamed(Streamed::TooLarge),
        false => BodyView::Whole(&bytes),
    };
    let step = snapshot.policies.request_body(call, &parts, body);
    step.decide().await.map_or(Ok(()), Err)
}
