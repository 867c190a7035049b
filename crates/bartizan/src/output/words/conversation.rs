//! What goes on at an endpoint beyond one request and its answer, in words.

use bartizan_model::{Direction, Endpoint, MessageSeen};

use super::{counted, number};

/// Most kinds of messages that are named.
const MAX_MESSAGES: usize = 24;

/// What goes on beyond one request and its answer: what it is, and which.
pub(in crate::output) fn conversation(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let conversation = &endpoint.conversation;
    let mut out = Vec::new();
    for (direction, what) in [(Direction::Request, "takes"), (Direction::Response, "sends")] {
        let of = conversation.messages.iter().filter(|seen| seen.direction == direction);
        // What is written only was not counted.
        let named = |seen: &MessageSeen| match seen.count {
            0 => seen.name.clone(),
            count => format!("{} ({})", seen.name, number(count)),
        };
        let mut named: Vec<String> = of.map(named).collect();
        let more = named.len().saturating_sub(MAX_MESSAGES);
        named.truncate(MAX_MESSAGES);
        if more > 0 {
            named.push(counted(more as u64, "more kind", "more kinds"));
        }
        if !named.is_empty() {
            out.push((what, named.join(", ")));
        }
    }
    if conversation.messages_left_out > 0 {
        let kinds = counted(conversation.messages_left_out, "message", "messages");
        out.push(("not told apart", format!("{kinds} of further kinds")));
    }
    for end in &conversation.completed {
        out.push(("ends at", format!("{} ({}, {})", end.name, end.by, number(end.exchanges))));
    }
    if conversation.deliveries > 0 {
        let all = number(endpoint.requests);
        let deliveries = number(conversation.deliveries);
        out.push(("told of events", format!("by {deliveries} of {all} requests")));
    }
    out
}
