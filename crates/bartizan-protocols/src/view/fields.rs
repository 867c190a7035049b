//! Names for the fields of gRPC messages, which are numbers on the wire: a specification has them.

use bartizan_model::location::Root;

use super::{NO_PARENT, StepKind, View};

impl View {
    /// Names the fields of messages, and moves all that is below them. `tops`: the kind of message that the request and
    /// the answer carry; `field`: name of the field of a message with a number, and the kind of message that it holds.
    /// What has no name keeps its number.
    pub fn name_fields<'m>(
        &mut self,
        tops: [Option<u32>; 2],
        field: impl Fn(u32, u32) -> Option<(&'m str, Option<u32>)>,
    ) {
        let Some(first) = self.nodes.iter().position(|node| node.root == Root::Grpc) else {
            return;
        };
        // Kinds of the messages that nodes from the first on are.
        let mut kinds: Vec<Option<u32>> = vec![None; self.nodes.len() - first];
        for at in first..self.nodes.len() {
            let node = self.nodes[at];
            if node.root != Root::Grpc || node.parent == NO_PARENT {
                continue;
            }
            let above = node.parent as usize;
            if self.nodes[above].parent == NO_PARENT {
                kinds[at - first] = tops[node.side as usize];
                continue;
            }
            let kind = above.checked_sub(first).and_then(|above| kinds[above]);
            let key = &self.text[node.key.start as usize..node.key.end as usize];
            let number = key.parse().ok().filter(|_| node.step == StepKind::Repeat);
            if let Some((name, inner)) = kind.zip(number).and_then(|(kind, no)| field(kind, no)) {
                kinds[at - first] = inner;
                if let Some(span) = self.keep(node.side, name) {
                    self.nodes[at].key = span;
                }
            }
            self.hash_again(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Limits, Side};

    use super::*;
    use crate::{Codec, Step, Value};

    #[test]
    fn fields_get_their_names_and_places() {
        let build = |names: [&str; 3]| {
            let mut view = View::new(&Limits::default(), 7);
            let root = view.open_root(Side::Request, Root::Grpc).expect("room");
            let message = view.open(root, Step::Repeat("Pay", 0), Value::Object).expect("room");
            let card = view.open(message, Step::Repeat(names[0], 0), Value::Object).expect("room");
            let number = Step::Repeat(names[1], 0);
            let number = view.open(card, number, Value::Text("[1]")).expect("room");
            view.leaf(number, Step::Decoded(Codec::Json), Value::Integer(1));
            view.close(number);
            view.leaf(card, Step::Repeat(names[1], 1), Value::Text("b"));
            view.close(card);
            view.leaf(message, Step::Repeat(names[2], 0), Value::Integer(7));
            view.close(message);
            view.close(root);
            view
        };
        let field = |kind: u32, number: u32| match (kind, number) {
            (1, 1) => Some(("card", Some(2))),
            (2, 2) => Some(("number", None)),
            _ => None,
        };
        let mut view = build(["1", "2", "9"]);
        view.name_fields([Some(1), None], field);
        let shown = |view: &View| -> Vec<(String, u64)> {
            view.nodes().map(|n| (n.instance().to_string(), n.general_hash())).collect()
        };
        assert_eq!(shown(&view), shown(&build(["card", "number", "9"])));
        assert_eq!(shown(&view)[4].0, "grpc:Pay.card.number!json");
        let mut view = build(["1", "2", "9"]);
        view.name_fields([None, Some(1)], field);
        assert_eq!(shown(&view), shown(&build(["1", "2", "9"])), "the answer is another message");
    }
}
