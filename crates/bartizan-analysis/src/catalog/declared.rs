//! What a specification says about whose an operation is, for whom, and where in its life.
//!
//! Read are members of the operation, its path item, `info` and the document, in this order: `x-owner`,
//! `x-team`, `x-business-unit`, `x-lifecycle`, `x-stage`, `x-audience` (with the words of Zalando's
//! RESTful API Guidelines, rule 219), `x-internal`, and `info.contact` (OpenAPI 3.1.1 §4.8.3).

use bartizan_model::{Access, LifeStage};
use bartizan_protocols::spec::{SpecFormat, tree::Node};

use super::fact_text;
use crate::specs::Described;

const OWNER: [&str; 2] = ["x-owner", "x-team"];
const BUSINESS_UNIT: [&str; 1] = ["x-business-unit"];
const STAGE: [&str; 2] = ["x-lifecycle", "x-stage"];
const INTERNAL: &str = "x-internal";
const ACCESS: [&str; 2] = ["x-audience", INTERNAL];

/// A value and where it stands.
pub(super) type Said<T> = (T, String);

/// What a specification says about one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) owner: Option<Said<String>>,
    pub(super) contact: Option<Said<String>>,
    pub(super) business_unit: Option<Said<String>>,
    pub(super) stage: Option<Said<LifeStage>>,
    pub(super) access: Option<Said<Access>>,
}

impl Declared {
    pub(super) fn of(described: Described<'_>) -> Self {
        let Described { document, operation, .. } = described;
        let node = document.node(operation.place);
        let root = document.node(Default::default());
        let is_below_path = document.format == SpecFormat::OpenApi;
        let item = node.parent().filter(|_| is_below_path);
        let info = root.get("info");
        let places: Vec<Node<'_>> =
            [Some(node), item, info, Some(root)].into_iter().flatten().collect();
        let of_operation = [Some(node), item].into_iter().flatten().count();
        let read = Read { described, places };
        let contact = info.and_then(|info| info.get("contact"));
        let is_deprecated = operation.deprecated.then_some(LifeStage::Deprecated);
        let own = read.first(&STAGE, of_operation, stage);
        Self {
            owner: read.first(&OWNER, usize::MAX, text),
            contact: contact.and_then(|node| Some((text(node)?, read.place(node)))),
            business_unit: read.first(&BUSINESS_UNIT, usize::MAX, text),
            stage: own
                .or_else(|| Some((is_deprecated?, read.place(node))))
                .or_else(|| read.first(&STAGE, usize::MAX, stage)),
            access: read.first(&ACCESS, usize::MAX, access),
        }
    }
}

/// Places of one specification, the closest to an operation first.
struct Read<'a> {
    described: Described<'a>,
    places: Vec<Node<'a>>,
}

impl<'a> Read<'a> {
    /// The first of these members that says something, in the first `most` places.
    fn first<T>(
        &self,
        names: &[&str],
        most: usize,
        read: impl Fn(Node<'a>) -> Option<T>,
    ) -> Option<Said<T>> {
        let of = |place: &Node<'a>| {
            let place = *place;
            names.iter().filter_map(move |name| place.get(name))
        };
        let mut nodes = self.places.iter().take(most).flat_map(of);
        nodes.find_map(|node| Some((read(node)?, self.place(node))))
    }

    /// `openapi.yaml#/info/x-owner, line 4`.
    fn place(&self, node: Node<'_>) -> String {
        let (name, pointer) = (self.described.name, node.pointer());
        match node.position().line {
            0 => format!("{name}#{pointer}"),
            line => format!("{name}#{pointer}, line {line}"),
        }
    }
}

/// A text, or of an object its name.
fn text(node: Node<'_>) -> Option<String> {
    let named = |name: &str| node.get(name).and_then(Node::as_str);
    let text = match node.as_str() {
        Some(text) => text,
        None => ["name", "team", "email"].into_iter().find_map(named)?,
    };
    fact_text(text)
}

fn stage(node: Node<'_>) -> Option<LifeStage> {
    LifeStage::named(node.as_str()?)
}

fn access(node: Node<'_>) -> Option<Access> {
    if node.key() == Some(INTERNAL) {
        // That something is not internal does not say for whom it is.
        return node.as_bool()?.then_some(Access::Private);
    }
    Some(match node.as_str()?.trim().to_ascii_lowercase().as_str() {
        "external-public" | "public" => Access::Public,
        "external-partner" | "partner" => Access::Partner,
        "component-internal"
        | "business-unit-internal"
        | "company-internal"
        | "internal"
        | "private" => Access::Private,
        _ => return None,
    })
}
