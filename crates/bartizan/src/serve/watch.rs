//! What is told of exchanges while they are judged, to whoever watches: heads only, with what looks like
//! a value replaced by its shape.

use bartizan_analysis::Judgement;
use bartizan_model::{
    Action, ActorRef, EndpointId, Exchange, ExchangeId, Severity, Timestamp, redact,
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::broadcast;

/// How far behind somebody who watches may be, in exchanges; beyond, they are told how many they missed.
const BEHIND: usize = 1_024;
/// Longest part of a path that is shown as it is, in bytes.
const NAME_BYTES: usize = 24;
/// Longest path that is shown, in bytes.
const PATH_BYTES: usize = 512;

/// An exchange, as it is told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct LiveExchange {
    /// Its id.
    pub(crate) id: ExchangeId,
    /// When the request came.
    pub(crate) time: Option<Timestamp>,
    /// Method.
    pub(crate) method: String,
    /// Host.
    pub(crate) host: String,
    /// Path without query; parts that look like values by their shape.
    pub(crate) path: String,
    /// The endpoint, once it is known.
    pub(crate) endpoint_id: Option<EndpointId>,
    /// Status of the answer.
    pub(crate) status: Option<u16>,
    /// Who called.
    pub(crate) actor: ActorRef,
    /// What enforcement would do.
    pub(crate) action: Action,
    /// What was done.
    pub(crate) applied: Action,
    /// Codes of detections that it raised.
    pub(crate) codes: Vec<&'static str>,
    /// The worst severity among these.
    pub(crate) severity: Option<Severity>,
    /// Whether a part of it was not inspected.
    pub(crate) partly_inspected: bool,
    /// From the first byte of the request to the last one of the answer.
    pub(crate) duration_ms: Option<f64>,
}

/// Tells of exchanges. Nobody who watches slow down the judgement: they miss what they do not take.
#[derive(Clone, Debug)]
pub(crate) struct Watch(broadcast::Sender<LiveExchange>);

impl Default for Watch {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }
}

impl Watch {
    /// What comes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<LiveExchange> {
        self.0.subscribe()
    }

    /// How many watch.
    pub(crate) fn watchers(&self) -> usize {
        self.0.receiver_count()
    }

    /// Tells of an exchange, when somebody watches.
    pub(crate) fn tell(
        &self,
        exchange: &Exchange,
        judgement: &Judgement,
        endpoint: Option<&EndpointId>,
    ) {
        if self.watchers() > 0 {
            // The last one may have gone since.
            let _ = self.0.send(live(exchange, judgement, endpoint));
        }
    }
}

fn live(exchange: &Exchange, judgement: &Judgement, endpoint: Option<&EndpointId>) -> LiveExchange {
    let request = &exchange.request;
    LiveExchange {
        id: exchange.id.clone(),
        time: exchange.time,
        method: request.method.chars().take(NAME_BYTES).collect(),
        host: request.authority.chars().take(PATH_BYTES).collect(),
        path: path(&request.target),
        endpoint_id: endpoint.cloned(),
        status: exchange.response.as_ref().map(|response| response.status),
        actor: judgement.actor.clone(),
        action: judgement.verdict.action,
        applied: judgement.verdict.applied,
        codes: judgement.detections.iter().map(|raised| raised.code).collect(),
        severity: judgement.detections.iter().map(|raised| raised.severity).max(),
        partly_inspected: !judgement.not_inspected.is_empty(),
        duration_ms: exchange.duration_ms,
    }
}

/// A path without its query; only parts that look like names stay.
fn path(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let mut shown = String::new();
    for (at, part) in path.split('/').enumerate() {
        if shown.len() >= PATH_BYTES {
            shown.push('…');
            break;
        }
        if at > 0 {
            shown.push('/');
        }
        match is_name(part) {
            true => shown.push_str(part),
            false => shown.push_str(&redact::shape(part)),
        }
    }
    shown
}

/// Letters, `-`, `_` and `.`, or a version.
fn is_name(part: &str) -> bool {
    let letters = part.bytes().all(|b| b.is_ascii_alphabetic() || b"-_.".contains(&b));
    let version = part.strip_prefix('v').is_some_and(|rest| {
        (1..=2).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())
    });
    part.len() <= NAME_BYTES && (letters || version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_paths_are_shapes() {
        for (target, shown) in [
            ("/v1/orders/1042?card=4111111111111111", "/v1/orders/9999"),
            ("/users/ada.winter@example.net/x", "/users/aaa.aaaaaa@aaaaaaa.aaa/x"),
            ("/a/7f3c9a/b", "/a/9a9a9a/b"),
            ("/health", "/health"),
            ("*", "*"),
            ("/v2022/x", "/a9999/x"),
        ] {
            assert_eq!(path(target), shown, "{target}");
        }
        let long = format!("/{}", "ab/".repeat(10_000));
        assert!(path(&long).len() < PATH_BYTES + 8);
    }
}
