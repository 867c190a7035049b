//! Whether a request tells its receiver of an event rather than calling an API: by fields that senders of webhooks
//! use in common, whoever they are.

use bartizan_model::Headers;

/// Whether the head of a request is that of a delivery: `webhook-id` and its like (Standard Webhooks 1.0), an event
/// of CloudEvents 1.0 (HTTP binding §3), or a field that names the event beside one that signs it or numbers the
/// delivery.
pub(super) fn is_delivery(headers: &Headers) -> bool {
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
    is_event || is_binary_event || says_so || (names_event && is_numbered)
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
    use super::*;

    #[test]
    fn deliveries_are_told_from_calls() {
        let told = |fields: &[(&str, &str)]| is_delivery(&fields.iter().copied().collect());
        assert!(told(&[("webhook-id", "msg_1"), ("webhook-timestamp", "1")]));
        assert!(told(&[("X-Shop-Topic", "orders/paid"), ("X-Shop-Hmac-Sha256", "a")]));
        assert!(told(&[("X-Code-Event", "push"), ("X-Code-Delivery", "a")]));
        assert!(told(&[("ce-specversion", "1.0"), ("ce-type", "order.paid")]));
        assert!(told(&[("Content-Type", "application/cloudevents+json; charset=utf-8")]));
        assert!(!told(&[("x-request-signature", "a"), ("content-type", "application/json")]));
        assert!(!told(&[("x-event", "a"), ("last-event-id", "7")]));
        assert!(!told(&[]));
    }
}
