//! Families: one class recognises values, and its members say more exactly what a value is. A
//! member costs nothing until a value is recognised, and whoever asks for the family gets all of it.

use std::sync::LazyLock;

use bartizan_model::DataClass;

use super::{CLASSES, Candidate, Certainty, ClassItem, form::BY_PRIORITY, names};

/// How a class stands to others.
#[derive(Clone, Copy)]
pub enum Family {
    /// It recognises its values itself, and they are of no other class.
    Alone,
    /// It recognises the values of its members too. The function says which member a recognised
    /// value belongs to where the value shows it; otherwise the names of the members decide.
    Head(fn(&Candidate<'_>, Certainty) -> Option<DataClass>),
    /// Values are recognised by the class of that name.
    MemberOf(DataClass),
}

/// All items by name.
static BY_NAME: LazyLock<Vec<&'static ClassItem>> = LazyLock::new(|| {
    let mut items = CLASSES.to_vec();
    items.sort_unstable_by_key(|item| item.class.as_str());
    items
});

/// Members by the position of their head in [`BY_PRIORITY`].
static MEMBERS: LazyLock<Vec<Vec<&'static ClassItem>>> =
    LazyLock::new(|| BY_PRIORITY.iter().map(|head| members_of(head).collect()).collect());

/// The members of a family.
pub(super) fn members_of(head: &ClassItem) -> impl Iterator<Item = &'static ClassItem> {
    let of = head.class;
    CLASSES
        .iter()
        .copied()
        .filter(move |item| matches!(item.family, Family::MemberOf(class) if class == of))
}

/// The item of a class by its name; `None` for an unknown one.
#[must_use]
pub fn item_named(name: &str) -> Option<&'static ClassItem> {
    let at = BY_NAME.binary_search_by_key(&name, |item| item.class.as_str()).ok()?;
    BY_NAME.get(at).copied()
}

/// The class that recognises the values of a class: `secret` for `api_key`, else the class itself.
#[must_use]
pub fn family_of(name: &str) -> &str {
    match item_named(name).map(|item| item.family) {
        Some(Family::MemberOf(head)) => head.as_str(),
        _ => name,
    }
}

/// The class of a value that the item at that position of [`BY_PRIORITY`] recognised.
pub(super) fn finest(
    at: usize,
    item: &ClassItem,
    candidate: &Candidate<'_>,
    certainty: Certainty,
) -> DataClass {
    let Family::Head(tell) = item.family else { return item.class };
    tell(candidate, certainty).or_else(|| by_name(at, candidate)).unwrap_or(item.class)
}

/// The member with the longest phrase in the field name.
fn by_name(at: usize, candidate: &Candidate<'_>) -> Option<DataClass> {
    if !candidate.in_context {
        return None;
    }
    let name = candidate.name.text();
    let mut best: Option<(usize, DataClass)> = None;
    for member in MEMBERS.get(at)? {
        for phrase in member.names {
            if best.is_none_or(|(len, _)| phrase.len() > len)
                && names::contains_phrase(name, phrase)
            {
                best = Some((phrase.len(), member.class));
            }
        }
    }
    best.map(|(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_a_head_and_heads_have_members() {
        for item in CLASSES {
            match item.family {
                Family::MemberOf(head) => {
                    let head = item_named(head.as_str()).expect("an item");
                    assert!(matches!(head.family, Family::Head(_)), "{}", item.class);
                    // Whoever looks for serious classes must not lose what became finer.
                    assert_eq!(item.sensitive, head.sensitive, "{}", item.class);
                    assert_eq!(family_of(item.class.as_str()), head.class.as_str());
                }
                Family::Head(_) => assert!(members_of(item).count() > 0, "{}", item.class),
                Family::Alone => assert_eq!(family_of(item.class.as_str()), item.class.as_str()),
            }
        }
        assert_eq!(family_of("no_such_class"), "no_such_class");
        assert!(item_named("").is_none());
    }
}
