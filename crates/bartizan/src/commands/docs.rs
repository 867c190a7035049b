//! Documentation of items, as outputs look it up.

use bartizan_analysis::{
    checks::CHECKS,
    classes::{ClassTraits, custom::CustomClasses, item_named},
    detectors::DETECTORS,
};

use crate::{
    discover,
    output::{ClassDoc, Docs, ItemDoc},
};

/// Documentation of everything that this binary knows.
pub(super) const DOCS: Docs<'static> = Docs { item: &item, class: &class };

fn item(code: &str) -> Option<ItemDoc> {
    let checks = CHECKS.iter().map(|item| &item.meta);
    let of_code = discover::checks::CHECKS.iter().map(|item| &item.meta);
    let mut all = checks.chain(of_code).chain(DETECTORS.iter().map(|item| &item.meta));
    all.find(|meta| meta.code == code).map(ItemDoc::from)
}

fn class(name: &str) -> Option<ClassDoc> {
    item_named(name).map(|item| of(ClassTraits::from(item)))
}

/// Documentation of built-in classes and of those of the operator.
pub(super) fn classes(custom: &CustomClasses) -> impl Fn(&str) -> Option<ClassDoc> {
    move |name| class(name).or_else(|| custom.traits_of(name).map(of))
}

const fn of(traits: ClassTraits) -> ClassDoc {
    ClassDoc { group: traits.group, sensitive: traits.sensitive }
}
