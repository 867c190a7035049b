//! Documentation of items, as outputs look it up.

use bartizan_analysis::{checks::CHECKS, classes::CLASSES, detectors::DETECTORS};

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
    let item = CLASSES.iter().find(|item| item.class.as_str() == name)?;
    Some(ClassDoc { group: item.group, sensitive: item.sensitive })
}
