//! Whether a request tells its receiver of an event rather than calling an API: by fields that senders of webhooks
//! use in common, whoever they are.

use bartizan_model::Request;

/// Segments of paths that receive events.
const RECEIVING: [&str; 8] =
    ["hook", "hooks", "webhook", "webhooks", "callback", "callbacks", "notify", "notifications"];

/// Whether a request is a delivery: `webhook-id` and its like (Standard Webhooks 1.0), an event of CloudEvents 1.0
/// (HTTP binding §3), a field that names the event beside one that signs it or numbers the delivery, or a sender's
/// signature, with its time or at a path that receives events, and no key of the caller, which signed calls have.
pub(super) fn is_delivery(request: &Request) -> bool {
    let headers = &request.headers;
    let kind = headers.get("content-type").unwrap_or("").trim_start();
    let is_event = kind
        .get(.."application/cloudevents".len())
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/cloudevents"));
    let is_binary_event = headers.contains("ce-specversion") && headers.contains("ce-type");
    let (mut names_event, mut is_numbered, mut says_so) = (false, false, false);
    for (name, _) in headers.iter() {
        let has = |word: &str| contains(name, word);
        says_so |= has("webhook") && (has("id") || has("signature") || has("event"));
        names_event |= ends(name, "-event") || ends(name, "-event-type") || ends(name, "-topic");
        is_numbered |= has("signature") || ends(name, "-delivery") || has("hmac");
    }
    let told = is_event || is_binary_event || says_so || (names_event && is_numbered);
    told || (request.method == "POST" && is_signed_by_sender(request))
}

/// Whether whoever sends signs with a name of its own, and does not say whose key it has.
fn is_signed_by_sender(request: &Request) -> bool {
    let headers = &request.headers;
    let is_key = |name: &str| {
        ["authorization", "cookie"].iter().any(|known| name.eq_ignore_ascii_case(known))
            || ["-key", "-key-id", "-token", "-client-id"].iter().any(|end| ends(name, end))
    };
    if headers.iter().any(|(name, _)| is_key(name)) {
        return false;
    }
    let mut signatures = headers.iter().filter_map(|(name, value)| Some((sender(name)?, value)));
    signatures.any(|(sender, value)| {
        let is_timed = headers.iter().any(|(name, _)| {
            ends(name, "-timestamp")
                && name.get(..sender.len()).is_some_and(|start| start.eq_ignore_ascii_case(sender))
        });
        is_timed || has_time(value) || receives(request.path())
    })
}

/// What stands before `-signature`, when it names somebody: `X-Shop` of `X-Shop-Signature`.
fn sender(name: &str) -> Option<&str> {
    let end = name.len().checked_sub("-signature".len()).filter(|_| ends(name, "-signature"))?;
    let named = name.get(..end)?;
    let bare = named.strip_prefix(['x', 'X']).and_then(|rest| rest.strip_prefix('-'));
    let is_plain = ["x", "request", "content", "body", "api"];
    let bare = bare.unwrap_or(named);
    (!is_plain.iter().any(|plain| bare.eq_ignore_ascii_case(plain))).then_some(named)
}

/// Whether a signature states when it was made: `t=1492774577,v1=…`.
fn has_time(value: &str) -> bool {
    let mut parts = value.split([',', ';']).map(str::trim);
    parts.any(|part| {
        let time = part.strip_prefix("t=").or_else(|| part.strip_prefix("ts="));
        time.is_some_and(|t| t.len() >= 10 && t.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn receives(path: &str) -> bool {
    path.split('/').any(|segment| RECEIVING.iter().any(|one| segment.eq_ignore_ascii_case(one)))
}

fn contains(name: &str, word: &str) -> bool {
    name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

fn ends(name: &str, word: &str) -> bool {
    let start = name.len().checked_sub(word.len());
    let end = start.and_then(|start| name.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use bartizan_model::Headers;

    use super::*;

    #[test]
    fn deliveries_are_told_from_calls() {
        let at = |path: &str, fields: &[(&str, &str)]| {
            let headers: Headers = fields.iter().copied().collect();
            let (method, target) = ("POST".to_owned(), path.to_owned());
            is_delivery(&Request { method, target, headers, ..Request::default() })
        };
        let told = |fields: &[(&str, &str)]| at("/v1/in", fields);
        assert!(told(&[("webhook-id", "msg_1"), ("webhook-timestamp", "1")]));
        assert!(told(&[("X-Shop-Topic", "orders/paid"), ("X-Shop-Hmac-Sha256", "a")]));
        assert!(told(&[("X-Code-Event", "push"), ("X-Code-Delivery", "a")]));
        assert!(told(&[("ce-specversion", "1.0"), ("ce-type", "order.paid")]));
        assert!(told(&[("Content-Type", "application/cloudevents+json; charset=utf-8")]));
        assert!(!told(&[("x-request-signature", "a"), ("content-type", "application/json")]));
        assert!(!told(&[("x-event", "a"), ("last-event-id", "7")]));
        assert!(!told(&[]));
        // Signed, with the time, by whoever sends.
        assert!(told(&[("Shop-Signature", "t=1492774577,v1=5257a869e7")]));
        assert!(told(&[("X-Chat-Signature", "v0=a"), ("X-Chat-Request-Timestamp", "1531420618")]));
        assert!(at("/hooks/calls", &[("X-Phone-Signature", "a=")]));
        assert!(!told(&[("X-Phone-Signature", "a=")]), "nothing tells that it is an event");
        // Calls that are signed with a key of the caller.
        let signed = [("X-Bank-Signature", "a"), ("X-Bank-Timestamp", "1531420618")];
        assert!(!told(&[signed[0], signed[1], ("X-Bank-Key", "k")]));
        assert!(!told(&[signed[0], signed[1], ("Authorization", "Bearer a")]));
        assert!(!told(&[("X-Signature", "a"), ("X-Timestamp", "1531420618")]));
    }
}
