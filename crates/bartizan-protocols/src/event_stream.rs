//! Events of a server (HTML standard §9.2.6): an array with one object for each event. Its members are those that
//! were sent: `event`, `id`, and `data`, which is read as JSON where it looks like it.

use crate::{
    decode::Decoder,
    view::{NodeId, Step, Value},
};

/// An event in the making.
#[derive(Default)]
struct Event<'t> {
    kind: Option<&'t str>,
    id: Option<&'t str>,
    data: Option<String>,
}

impl Decoder<'_> {
    /// Reads a text as events. `false` when nothing in it is a field of one: then it is no such stream.
    ///
    /// The last event counts also when the stream ends within it: nothing is left uninspected.
    pub(crate) fn event_stream(&mut self, root: NodeId, text: &str) -> bool {
        self.view.set_value(root, Value::Array);
        let mut event = Event::default();
        let (mut index, mut is_stream, mut is_full) = (0, false, false);
        for line in lines(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            if line.is_empty() {
                is_full |= !self.event(root, &mut index, std::mem::take(&mut event));
            } else {
                is_stream |= event.take(line);
            }
            // Beyond the limit on values, which is noted, nothing is taken.
            if is_full {
                break;
            }
        }
        self.event(root, &mut index, event);
        is_stream
    }

    /// Adds an event, if there is something in it. `false` when there is no room for it.
    fn event(&mut self, root: NodeId, index: &mut u32, event: Event<'_>) -> bool {
        let Event { kind, id, data } = event;
        if kind.is_none() && id.is_none() && data.is_none() {
            return true;
        }
        let Some(object) = self.view.open(root, Step::Index(*index), Value::Object) else {
            return false;
        };
        *index = index.saturating_add(1);
        for (name, text) in [("event", kind), ("id", id)] {
            if let Some(text) = text {
                self.text_leaf(object, Step::Key(name), text);
            }
        }
        if let Some(data) = data
            && let Some(node) = self.view.open(object, Step::Key("data"), Value::Null)
        {
            self.message(node, data.as_bytes(), true);
            self.view.close(node);
        }
        self.view.close(object);
        true
    }
}

impl<'t> Event<'t> {
    /// Takes a line that is not empty; whether it is a field or a comment.
    fn take(&mut self, line: &'t str) -> bool {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.kind = Some(value),
            "id" => self.id = Some(value),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "" | "retry" => {}
            _ => return false,
        }
        true
    }
}

/// Lines that end with CR LF, LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(at) = text.find(['\r', '\n']) else {
            rest = None;
            return Some(text);
        };
        let (line, behind) = text.split_at(at);
        let behind = behind.strip_prefix("\r\n").or_else(|| behind.get(1..)).unwrap_or("");
        rest = Some(behind).filter(|text| !text.is_empty());
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Response, Root, Side, limits::LimitName};

    use crate::{Decoded, Format, decode};

    fn streamed(body: &str) -> Decoded {
        let response = Response {
            status: 200,
            headers: [("content-type", "text/event-stream; charset=utf-8")].into_iter().collect(),
            headers_captured: true,
            body: body.as_bytes().to_vec().into(),
            ..Response::default()
        };
        let exchange = Exchange { response: Some(response), ..Exchange::default() };
        decode(&exchange, &Limits::default(), 1)
    }

    fn told(body: &str) -> Vec<String> {
        let decoded = streamed(body);
        assert_eq!(decoded.response_format, Format::EventStream, "{body}");
        let root = decoded.view.root(Side::Response, Root::Body).expect("a body");
        let leaves = root.descendants().filter(|node| node.value().is_scalar());
        leaves.map(|node| format!("{}={}", node.instance(), node.raw())).collect()
    }

    #[test]
    fn fields_make_events_whatever_ends_their_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = [
                ": hello",
                "event: order.paid",
                "id: 7",
                "data: {\"total\": 12}",
                "",
                "data: a",
                "data: b",
                "retry: 10",
                "",
                "data:last",
            ];
            assert_eq!(
                told(&stream.join(end)),
                [
                    "body:/0/event=order.paid",
                    "body:/0/id=7",
                    "body:/0/data/total=12",
                    "body:/1/data=a\nb",
                    "body:/2/data=last"
                ]
            );
        }
    }

    #[test]
    fn what_is_no_stream_is_read_as_what_it_is() {
        assert_eq!(streamed("{\"a\":1}").response_format, Format::Json);
        assert_eq!(streamed("just a sentence").response_format, Format::Text);
    }

    #[test]
    fn more_events_than_there_is_room_for_are_told() {
        let decoded = streamed(&"data\n\n".repeat(400_000));
        let gaps: Vec<String> =
            decoded.view.not_inspected().iter().map(ToString::to_string).collect();
        let nodes = LimitName::Nodes.as_str();
        assert!(gaps.iter().any(|gap| gap.contains(nodes)), "{gaps:?}");
    }
}
