//! One exchange, as its number and a few choices decide it.

use std::fmt::Write as _;

use super::{Dice, wire::Message};

/// What is asked for. The request body is `document(id, sent)`, the answer has the status that is
/// asked for, the number in `x-id`, and `document(id, items)` as its body.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Number of the exchange; unique in a run.
    pub id: u64,
    /// `GET`, `PUT`, `DELETE` or `POST`; only the last is not idempotent (RFC 9110 §9.2.2).
    pub method: &'static str,
    /// Status that the origin is to answer.
    pub status: u16,
    /// Items in the request body; `None` for no body.
    pub sent: Option<u64>,
    /// Items in the answer.
    pub items: u64,
    /// Milliseconds that the origin rests in the middle of the answer.
    pub rest: u64,
    /// Whether the answer is chunked.
    pub is_chunked: bool,
}

/// The body that belongs to a number: JSON with so many items, each of which names it.
#[must_use]
pub fn document(id: u64, items: u64) -> String {
    let mut text = format!("{{\"id\":{id},\"items\":[");
    for n in 0..items {
        let comma = if n == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{{\"n\":{n},\"of\":{id}}}");
    }
    text.push_str("]}");
    text
}

impl Ask {
    /// An exchange with bodies of fewer than `items` items.
    pub(crate) fn roll(id: u64, items: u64, dice: &mut Dice) -> Self {
        let method = ["GET", "GET", "POST", "POST", "PUT", "DELETE"][dice.below(6) as usize];
        let status = [200, 200, 200, 201, 404, 500][dice.below(6) as usize];
        let has_body = matches!(method, "POST" | "PUT");
        Self {
            id,
            method,
            status,
            sent: has_body.then(|| dice.below(items)),
            items: dice.below(items),
            rest: if dice.below(4) == 0 { 1 + dice.below(8) } else { 0 },
            is_chunked: dice.below(3) == 0,
        }
    }

    /// Head and body as they are sent.
    #[must_use]
    pub fn bytes(&self) -> (String, String) {
        let body = self.sent.map(|sent| document(self.id, sent));
        let Self { id, method, status, items, rest, .. } = self;
        let chunked = u8::from(self.is_chunked);
        let mut head = format!(
            "{method} /v1/echo/{id}?status={status}&items={items}&rest={rest}&chunked={chunked} \
             HTTP/1.1\r\nhost: api.example.com\r\nx-id: {id}\r\n"
        );
        if let Some(body) = &body {
            let length = body.len();
            let sent = self.sent.unwrap_or_default();
            let _ = write!(
                head,
                "x-items: {sent}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
            );
        }
        head.push_str("\r\n");
        (head, body.unwrap_or_default())
    }

    /// Reads what [`Ask::bytes`] made, at the origin; the error says what does not fit together.
    pub(crate) fn read(request: &Message) -> Result<Self, String> {
        let mut words = request.first.split(' ');
        let method = match words.next() {
            Some("GET") => "GET",
            Some("POST") => "POST",
            Some("PUT") => "PUT",
            Some("DELETE") => "DELETE",
            other => return Err(format!("method {other:?}")),
        };
        let target = words.next().ok_or("no target")?;
        let (path, query) = target.split_once('?').ok_or("no query")?;
        let id = path.strip_prefix("/v1/echo/").and_then(|id| id.parse().ok()).ok_or("no id")?;
        let named = request.field("x-id").and_then(|id| id.parse().ok());
        if named != Some(id) {
            return Err(format!("{target} came with the id {named:?}"));
        }
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).and_then(|(_, value)| value.parse::<u64>().ok())
        };
        let sent = request.field("x-items").and_then(|sent| sent.parse().ok());
        let expected = sent.map_or_else(String::new, |sent| document(id, sent));
        if request.body != expected.as_bytes() {
            return Err(format!("the body of {id} has {} bytes of others", request.body.len()));
        }
        Ok(Self {
            id,
            method,
            status: number("status").and_then(|s| s.try_into().ok()).ok_or("no status")?,
            sent,
            items: number("items").ok_or("no items")?,
            rest: number("rest").ok_or("no rest")?,
            is_chunked: number("chunked") == Some(1),
        })
    }

    /// What is wrong with an answer; `None` when it is the right one.
    pub(crate) fn fault(&self, answer: &Message) -> Option<String> {
        let id = self.id;
        let status = status(answer);
        if status != Some(self.status) {
            return Some(format!("{id}: status {status:?}, not {}", self.status));
        }
        let named = answer.field("x-id");
        if named != Some(id.to_string().as_str()) {
            return Some(format!("{id}: the answer is for {named:?}"));
        }
        let expected = document(id, self.items);
        let (is, should) = (answer.body.len(), expected.len());
        (answer.body != expected.as_bytes())
            .then(|| format!("{id}: a body of {is} bytes is not the one of {should} bytes"))
    }
}

/// The status of an answer.
pub(crate) fn status(answer: &Message) -> Option<u16> {
    answer.first.split(' ').nth(1)?.parse().ok()
}
