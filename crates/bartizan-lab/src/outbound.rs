//! Requests that the lab itself sends: web hooks, imports, the carrier. They reach the lab's own
//! address and the loopback addresses it was started with, and nothing else.

use std::net::SocketAddr;

use axum::http::Uri;
use bytes::Bytes;
use tokio::net::lookup_host;

use crate::{
    client::{Client, Reply},
    lab::Lab,
};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

/// Why nothing came back, in the words of an HTTP client.
const UNREACHABLE: &str = "connection refused";

/// Sends a request as the lab, from inside its network.
///
/// # Errors
/// A text for the caller when nothing could be reached.
pub(crate) async fn fetch(
    lab: &Lab,
    method: &str,
    url: &str,
    follow: bool,
) -> Result<Reply, String> {
    let mut url = url.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        let (address, path) = place(lab, &url).await.ok_or(UNREACHABLE)?;
        let inside = [(INSIDE.to_owned(), inside(lab))];
        let client = Client::at(address);
        // Only the lab's own services know the sign; others do not get to see it.
        let headers = if address == lab.address { &inside[..] } else { &[] };
        let reply = client.send(method, &path, headers, Bytes::new()).await;
        let reply = reply.map_err(|error| error.to_string())?;
        let location = reply.header("location");
        if !follow || !(300..400).contains(&reply.status) || location.is_empty() {
            return Ok(reply);
        }
        url = if location.starts_with('/') {
            format!("http://{address}{location}")
        } else {
            location
        };
    }
    Err("too many redirects".to_owned())
}

/// Sends a hook: a POST that follows no redirect and carries no sign of the inside.
///
/// # Errors
/// A text for people when nothing came back.
pub(crate) async fn post(
    lab: &Lab,
    url: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Result<Reply, String> {
    let (address, path) = place(lab, url).await.ok_or(UNREACHABLE)?;
    let reply = Client::at(address).send("POST", &path, headers, body).await;
    reply.map_err(|error| error.to_string())
}

/// Header by which internal services recognise a request from inside.
pub(crate) const INSIDE: &str = "x-quayside-inside";

/// What that header says.
pub(crate) fn inside(lab: &Lab) -> String {
    crate::seed::digest(&format!("inside {}", lab.seed))
}

/// Name of the partner, whom the lab plays itself: its services are under `/_partner`. So a customer
/// can name a receiver without knowing where the lab listens.
const PARTNER: &str = "partner.example";

/// Path prefix of the places that the repaired twin sends hooks and imports to.
const REGISTERED: &str = "/_partner/hooks/";

/// Whether a URL is one that customers may name: the registered receiver, nothing inside.
pub(crate) async fn is_registered(lab: &Lab, url: &str) -> bool {
    place(lab, url).await.is_some_and(|(address, path)| {
        let plain = !path.contains("..") && !path.contains('%');
        plain && (address != lab.address || path.starts_with(REGISTERED))
    })
}

/// Address and path of a URL that the lab may send to.
async fn place(lab: &Lab, url: &str) -> Option<(SocketAddr, String)> {
    let uri: Uri = url.trim().parse().ok()?;
    if uri.scheme_str() != Some("http") {
        return None;
    }
    let host = uri.host()?.trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(80);
    let path = uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    if host == PARTNER {
        return Some((lab.address, path));
    }
    let mut addresses = lookup_host((host, port)).await.ok()?;
    let address = addresses.find(|a| *a == lab.address || lab.callbacks.contains(a))?;
    Some((address, path))
}
