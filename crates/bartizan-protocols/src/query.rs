//! Query strings: names and values (WHATWG URL §5.1, the rules of forms).

use std::hash::{BuildHasher, Hasher};

use bartizan_model::{LimitName, Root};
use foldhash::fast::FixedState;

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    names::Names,
    percent,
    view::{NodeId, Step, Value},
};

impl Decoder<'_> {
    /// The query without `?`.
    pub(crate) fn query(&mut self, query: &str) {
        let Some(root) = self.view.open_root(self.side, Root::Query) else { return };
        let mut names = std::mem::take(&mut self.scratch.query);
        self.pairs(root, query, &mut names);
        self.scratch.query = names;
        self.view.close(root);
    }

    /// `name=value` pairs separated by `&` below `root`. A name that came before becomes
    /// [`Step::Repeat`]; names with brackets are plain names.
    pub(crate) fn pairs(&mut self, root: NodeId, text: &str, names: &mut Names) {
        names.clear();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        for (i, pair) in pairs.enumerate() {
            if i >= self.limits.query_parameters as usize {
                return self.view.limit(self.side, LimitName::QueryParameters);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if self.pair(root, (name, value), true, names).is_none() {
                return;
            }
        }
    }

    /// One name and its value, each decoded once; `+` is a space in forms.
    pub(crate) fn pair(
        &mut self,
        root: NodeId,
        (name, value): (&str, &str),
        is_form: bool,
        names: &mut Names,
    ) -> Option<()> {
        let mut name_buffer = std::mem::take(&mut self.scratch.name);
        let mut value_buffer = std::mem::take(&mut self.scratch.value);
        let name = self.unescape(name, is_form, &mut name_buffer);
        let value = self.unescape(value, is_form, &mut value_buffer);
        if percent::has_escape(name.as_bytes()) || percent::has_escape(value.as_bytes()) {
            self.view.anomaly(self.side, AnomalyKind::DoubleEncoding);
        }
        let hash = self.hash(value);
        let before = names.add(self.hash(name), hash);
        let step = match before {
            None => Step::Key(name),
            Some(seen) => {
                if seen.value != hash && !name.ends_with(']') {
                    self.view.anomaly(self.side, AnomalyKind::DuplicateParameter);
                }
                Step::Repeat(name, seen.count)
            }
        };
        let id = self.view.open(root, step, Value::Null);
        if let Some(id) = id {
            self.text(id, value);
        }
        self.scratch.name = name_buffer;
        self.scratch.value = value_buffer;
        id.map(|_| ())
    }

    /// Decodes once, `+` as space in forms; borrows when there is nothing to decode.
    fn unescape<'t>(&mut self, text: &'t str, is_form: bool, buffer: &'t mut String) -> &'t str {
        let second = if is_form { b'+' } else { b'%' };
        if memchr::memchr2(b'%', second, text.as_bytes()).is_none() {
            return text;
        }
        buffer.clear();
        self.scratch.bytes.clear();
        let met = percent::decode_into(&mut self.scratch.bytes, text.as_bytes(), is_form);
        if met.invalid {
            self.view.anomaly(self.side, AnomalyKind::InvalidPercent);
        }
        percent::push_text(buffer, &self.scratch.bytes, self.view, self.side);
        buffer
    }

    /// Keyed, so that a client cannot build names that collide.
    pub(crate) fn hash(&self, text: &str) -> u64 {
        let mut hasher = FixedState::with_seed(self.seed).build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Side};

    use super::*;
    use crate::decode::{Decoded, decode};

    fn decoded(query: &str) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.target = format!("/?{query}");
        decode(&exchange, &Limits::default(), 1)
    }

    fn pairs(decoded: &Decoded) -> Vec<(String, &str)> {
        let root = decoded.view.root(Side::Request, Root::Query).expect("query root");
        root.children().map(|node| (node.instance().to_string(), node.raw())).collect()
    }

    #[test]
    fn names_and_values_are_decoded_once() {
        let decoded = decoded("a=1&b=x%20y+z&&c&=v&f[0]=%C3%A9&d=p=q");
        let expected = [
            ("query.a", "1"),
            ("query.b", "x y z"),
            ("query.c", ""),
            ("query.", "v"),
            ("query.f[0]", "é"),
            ("query.d", "p=q"),
        ];
        assert_eq!(pairs(&decoded), expected.map(|(a, b)| (a.to_owned(), b)));
        assert!(decoded.view.anomalies().is_empty());
    }

    #[test]
    fn repeated_names_are_counted() {
        let seen = decoded("a=1&a=1&a=2&b[]=1&b[]=2");
        let places: Vec<_> = pairs(&seen).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["query.a", "query.a#1", "query.a#2", "query.b[]", "query.b[]#1"]);
        assert_eq!(seen.view.anomalies(), [(Side::Request, AnomalyKind::DuplicateParameter)]);
        assert!(decoded("a=1&a=1&b[]=1&b[]=2").view.anomalies().is_empty());
    }

    #[test]
    fn odd_escapes_are_noted() {
        for (query, kind) in [
            ("a=%2527", AnomalyKind::DoubleEncoding),
            ("%2561=1", AnomalyKind::DoubleEncoding),
            ("a=100%", AnomalyKind::InvalidPercent),
            ("a=%u0027", AnomalyKind::InvalidPercent),
            ("a=%00", AnomalyKind::NulByte),
            ("a=%1b", AnomalyKind::ControlCharacter),
            ("a=%c0%a7", AnomalyKind::OverlongUtf8),
            ("a=%ff", AnomalyKind::InvalidUtf8),
        ] {
            assert_eq!(decoded(query).view.anomalies(), [(Side::Request, kind)], "{query}");
        }
    }

    #[test]
    fn a_limit_on_parameters_is_recorded() {
        let mut exchange = Exchange::default();
        exchange.request.target = format!("/?{}", "a=1&".repeat(20));
        let limits = Limits { query_parameters: 5, ..Limits::default() };
        let decoded = decode(&exchange, &limits, 1);
        assert_eq!(pairs(&decoded).len(), 5);
        let reasons: Vec<_> =
            decoded.view.not_inspected().iter().map(ToString::to_string).collect();
        assert_eq!(reasons[0], "request:limit_query_parameters");
    }
}
