//! Bodies of type `application/x-www-form-urlencoded` (WHATWG URL §5.1).

use bartizan_model::Side;

use crate::{
    anomaly::AnomalyKind,
    decode::Decoder,
    names::Names,
    percent,
    view::{NodeId, Place},
};

impl Decoder<'_> {
    /// Fields become texts below `root`, as in a query.
    pub(crate) fn form(&mut self, root: NodeId, text: &str) {
        percent::controls(text, self.view, self.side);
        let mut names = std::mem::take(&mut self.scratch.names);
        self.pairs(root, text.trim_end_matches(['\r', '\n', '\0']), &mut names);
        self.compare_with_query(&names);
        self.scratch.names = names;
    }

    /// Notes that a field of the body is also a parameter of the query: which one counts differs
    /// between frameworks.
    pub(crate) fn compare_with_query(&mut self, names: &Names) {
        if self.side == Side::Request
            && names.iter().any(|name| self.scratch.query.get(name).is_some())
        {
            // Odd is that the target has it too.
            let place = self.view.enter(Place::Target);
            self.view.anomaly(self.side, AnomalyKind::DuplicateParameter);
            self.view.enter(place);
        }
    }
}

/// Whether a text looks like form fields: a plain name, `=`, and nothing that forms escape.
pub(crate) fn looks_like(text: &str) -> bool {
    let text = text.trim_end_matches(['\r', '\n']);
    let Some(equals) = text.find('=') else { return false };
    let name = text.as_bytes().get(..equals).unwrap_or_default();
    let in_name = |b: &u8| b.is_ascii_alphanumeric() || b"_-.[]%+~:$@".contains(b);
    !name.is_empty()
        && name.len() <= 256
        && name.iter().all(in_name)
        && !text
            .bytes()
            .any(|b| matches!(b, b'\n' | b'\r' | b' ' | b'<' | b'>' | b'"' | b'{' | b'}'))
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Exchange, Limits, Root};

    use super::*;
    use crate::{
        decode::{Decoded, decode},
        media::Format,
    };

    fn decoded(target: &str, media_type: &str, body: &str) -> Decoded {
        let mut exchange = Exchange::default();
        exchange.request.target = target.to_owned();
        if !media_type.is_empty() {
            exchange.request.headers.push("Content-Type", media_type);
        }
        exchange.request.body = body.to_owned().into();
        decode(&exchange, &Limits::default(), 1)
    }

    #[test]
    fn fields_are_leaves_of_the_body() {
        let seen = decoded("/", "application/x-www-form-urlencoded", "a=1&b=x+y%21&a=1\r\n");
        assert_eq!(seen.request_format, Format::Form);
        let body = seen.view.root(Side::Request, Root::Body).expect("body root");
        let fields: Vec<_> =
            body.children().map(|n| (n.instance().to_string(), n.raw().to_owned())).collect();
        let expected = [("body:/a", "1"), ("body:/b", "x y!"), ("body:/a#1", "1")];
        assert_eq!(fields, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(seen.view.anomalies().is_empty());
    }

    #[test]
    fn the_same_parameter_in_query_and_body_is_noted() {
        let form = "application/x-www-form-urlencoded";
        let twice = [(Side::Request, AnomalyKind::DuplicateParameter)];
        assert_eq!(decoded("/?role=user", form, "x=1&role=admin").view.anomalies(), twice);
        assert!(decoded("/?role=user", form, "x=1").view.anomalies().is_empty());
    }

    #[test]
    fn recognised_without_a_type_but_not_in_prose() {
        assert_eq!(decoded("/", "", "user=a&pass=b").request_format, Format::Form);
        for text in ["a", "x y = 1", "1 = 1", "<a href=\"x\">", "e = mc^2"] {
            assert!(!looks_like(text), "{text}");
        }
    }
}
