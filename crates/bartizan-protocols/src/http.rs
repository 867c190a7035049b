//! Header fields (RFC 9110 §5): names in lower case, repeated ones numbered.

use bartizan_model::{Headers, LimitName, Root};

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    path::cut,
    percent,
    view::{NodeId, Step, Value},
};

/// Fields that must not come twice: two readers may believe two different ones.
const SINGLE: [&str; 14] = [
    "age",
    "authorization",
    "content-length",
    "content-location",
    "content-type",
    "etag",
    "host",
    "location",
    "origin",
    "proxy-authorization",
    "referer",
    "retry-after",
    "transfer-encoding",
    "user-agent",
];

impl Decoder<'_> {
    /// Fields as text leaves of one root. Credentials are searched for tokens behind their scheme.
    pub(crate) fn headers(&mut self, headers: &Headers, root: Root) {
        let Some(parent) = self.view.open_root(self.side, root) else { return };
        let mut names = std::mem::take(&mut self.scratch.names);
        let mut lower = std::mem::take(&mut self.scratch.name);
        names.clear();
        for (i, (name, value)) in headers.iter().enumerate() {
            if i >= self.limits.header_fields as usize {
                self.view.limit(self.side, LimitName::HeaderFields);
                break;
            }
            let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
                lower.clear();
                lower.push_str(name);
                lower.make_ascii_lowercase();
                &lower
            } else {
                name
            };
            let step = match names.add(self.hash(name), 0) {
                None => Step::Key(name),
                Some(seen) => {
                    if SINGLE.contains(&name) {
                        self.view.anomaly(self.side, AnomalyKind::DuplicateHeader);
                    }
                    Step::Repeat(name, seen.count)
                }
            };
            let Some(id) = self.view.open(parent, step, Value::Null) else { break };
            self.field(id, name, value);
        }
        self.scratch.names = names;
        self.scratch.name = lower;
        self.view.close(parent);
    }

    fn field(&mut self, id: NodeId, name: &str, value: &str) {
        if matches!(name, "cookie" | "set-cookie") {
            return self.view.set_value(id, Value::Opaque(value.len() as u64));
        }
        let kept = cut(value, self.limits.header_value_bytes as usize);
        if kept.len() < value.len() {
            self.view.limit(self.side, LimitName::HeaderValueBytes);
        }
        percent::controls(kept, self.view, self.side);
        // RFC 9110 §5.5: a field value has no line ends.
        if memchr::memchr2(b'\r', b'\n', kept.as_bytes()).is_some() {
            self.view.anomaly(self.side, AnomalyKind::ControlCharacter);
        }
        if matches!(name, "authorization" | "proxy-authorization")
            && let Some((_, credential)) = kept.split_once(' ')
        {
            self.view.set_value(id, Value::Text(kept));
            return self.embedded(id, credential.trim());
        }
        self.text(id, kept);
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Response, Side};

    use super::*;
    use crate::decode::{Decoded, decode};

    fn decoded(headers: &[(&str, &str)], limits: &Limits) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.headers = headers.iter().copied().collect();
        exchange.response = Some(Response { headers_captured: true, ..Response::default() });
        decode(&exchange, limits, 1)
    }

    #[test]
    fn names_are_lower_case_and_numbered() {
        let seen = decoded(
            &[("X-A", "1"), ("x-a", "2"), ("Cookie", "a=b"), ("content-type", "x")],
            &Limits::default(),
        );
        let root = seen.view.root(Side::Request, Root::Header).expect("headers");
        let all: Vec<_> = root.children().map(|n| (n.instance().to_string(), n.value())).collect();
        let expected = [
            ("header.x-a", Value::Text("1")),
            ("header.x-a#1", Value::Text("2")),
            ("header.cookie", Value::Opaque(3)),
            ("header.content-type", Value::Text("x")),
        ];
        assert_eq!(all, expected.map(|(a, b)| (a.to_owned(), b)));
        assert!(seen.view.anomalies().is_empty() && seen.view.not_inspected().is_empty());
    }

    #[test]
    fn duplicates_and_controls_are_noted() {
        let seen = decoded(
            &[("Content-Length", "1"), ("content-length", "1"), ("x", "a\r\nb: c"), ("y", "\0")],
            &Limits::default(),
        );
        let kinds: Vec<_> = seen.view.anomalies().iter().map(|(_, kind)| *kind).collect();
        assert_eq!(
            kinds,
            [AnomalyKind::DuplicateHeader, AnomalyKind::ControlCharacter, AnomalyKind::NulByte]
        );
    }

    #[test]
    fn limits_are_recorded() {
        let limits = Limits { header_fields: 2, header_value_bytes: 4, ..Limits::default() };
        let seen = decoded(&[("a", "ééé"), ("b", "1"), ("c", "2")], &limits);
        assert_eq!(seen.view.named(Side::Request, Root::Header, "a").map(|n| n.raw()), Some("éé"));
        let reasons: Vec<_> = seen.view.not_inspected().iter().map(ToString::to_string).collect();
        assert_eq!(reasons, ["request:limit_header_value_bytes", "request:limit_header_fields"]);
    }
}
