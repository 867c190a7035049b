//! Names as servers may bind them: in other letters, with brackets or dots that lead into objects.

use std::iter::from_fn;

/// Whether servers may take two names for the same: letters without case (of Unicode, as Go's `encoding/json`
/// does), without `_` and `-`, and without what PHP writes as `_` or cuts: dots, brackets, blanks.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    // As nearly all names are.
    if one.is_ascii() && other.is_ascii() {
        return letters(one).eq(letters(other));
    }
    folded(one).eq(folded(other))
}

/// [`folded`] of ASCII.
fn letters(text: &str) -> impl Iterator<Item = u8> {
    let kept = text.bytes().filter(|b| !is_left_out(char::from(*b)));
    kept.map(|b| b.to_ascii_lowercase())
}

fn is_left_out(c: char) -> bool {
    matches!(c, '_' | '-' | '.' | '[' | ']' | ' ') || c.is_control()
}

/// The letters by which names are compared.
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> {
    let kept = text.chars().filter(|c| !is_left_out(*c));
    kept.flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// The names that one name is made of: `items[0][owner_id]`, `user.role`, `shop[]`, whose last is empty.
pub(crate) fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(name);
    from_fn(move || {
        let text = rest?;
        let (inner, is_end): (&str, fn(char) -> bool) = match text.strip_prefix('[') {
            Some(inner) => (inner, |c| c == ']'),
            None => (text.strip_prefix('.').unwrap_or(text), |c| matches!(c, '[' | '.')),
        };
        let (part, behind) = inner.split_at(inner.find(is_end).unwrap_or(inner.len()));
        let behind = behind.strip_prefix(']').unwrap_or(behind);
        rest = (!behind.is_empty()).then_some(behind);
        Some(part)
    })
}

/// The name of an attribute or element of XML without its prefix, and without the mark of attributes.
pub(crate) fn local(name: &str) -> &str {
    let name = name.strip_prefix('@').unwrap_or(name);
    name.rsplit_once(':').map_or(name, |(_, last)| last)
}

/// Most names of a way through a document.
pub(crate) const STEPS: usize = 32;

/// A way to a value: names as they are compared, `None` for any element or member. At most [`STEPS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way(Vec<Option<String>>);

/// How far somebody has come on a way: a bit for each number of steps, as an element may be one or be passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Along(u64);

impl Along {
    /// Nothing of it has been gone.
    pub(crate) const BEGIN: Self = Self(1);

    /// As far as one or the other.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it leads nowhere.
    pub(crate) const fn is_lost(self) -> bool {
        self.0 == 0
    }
}

impl Way {
    /// The first [`STEPS`] of these.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = Option<&'n str>>) -> Self {
        let folded = |name: &str| folded(name).collect::<String>();
        Self(names.into_iter().take(STEPS).map(|name| name.map(folded)).collect())
    }

    /// Whether it has been gone to its end.
    pub(crate) fn is_end(&self, along: Along) -> bool {
        (along.0 >> self.0.len()) & 1 == 1
    }

    /// Whether some of it has been gone, and not all.
    pub(crate) fn is_above(&self, along: Along) -> bool {
        !self.is_end(along) && along.0 & !1 != 0
    }

    /// Along it by the name of a member, whole or by its parts. What lies behind its end in that name is not looked
    /// at.
    pub(crate) fn by_key(&self, along: Along, key: &str) -> Along {
        let whole = self.by_name(along, key);
        if self.is_end(whole) || !key.contains(['[', '.']) {
            return whole;
        }
        let mut at = along;
        for part in parts(key) {
            at = self.by_name(at, part);
            if self.is_end(at) || at.is_lost() {
                break;
            }
        }
        whole.or(at)
    }

    /// Along it by one name. Elements, which are empty names, numbers or `-`, may be passed over: a document that is
    /// wrapped into a list says the same to lenient servers.
    pub(crate) fn by_name(&self, along: Along, name: &str) -> Along {
        let is_element = name == "-" || name.bytes().all(|b| b.is_ascii_digit());
        let mut to = 0;
        for (at, step) in self.0.iter().enumerate().filter(|(at, _)| (along.0 >> at) & 1 == 1) {
            to |= match step {
                None => 2 << at,
                Some(step) if folded(name).eq(step.chars()) => 2 << at,
                Some(_) if is_element => 1 << at,
                Some(_) => 0,
            };
        }
        Along(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_servers_bind_them() {
        for (one, other) in [
            ("carrier_cost", "carrierCost"),
            ("Role", "role"),
            ("METHOD", "method"),
            ("persisted_query", "persistedQuery"),
            ("\u{212a}ey", "key"),
            ("variable\u{17f}", "variables"),
            ("user.id", "user_id"),
            (" shop", "shop"),
        ] {
            assert!(is_same_name(one, other), "{one}");
        }
        for (one, other) in [("role", "roles"), ("", "a"), ("meth\u{f3}d", "method")] {
            assert!(!is_same_name(one, other), "{one}");
        }
        let odd = "a\u{7f}_B-c. [1]\t";
        assert!(folded(odd).eq(letters(odd).map(char::from)), "both ways are one");
        assert_eq!((local("@x:role"), local("role")), ("role", "role"));
    }

    #[test]
    fn brackets_and_dots_lead_into_objects() {
        for (name, expected) in [
            ("shop", &["shop"][..]),
            ("shop[]", &["shop", ""]),
            ("items[0][owner_id]", &["items", "0", "owner_id"]),
            ("user.role", &["user", "role"]),
            ("a[b", &["a", "b"]),
            ("a[b]c", &["a", "b", "c"]),
            ("", &[""]),
        ] {
            assert_eq!(parts(name).collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn ways_are_gone_by_names_and_past_elements() {
        let way = Way::new([Some("items"), None, Some("owner_id")]);
        let ends = |keys: &[&str]| {
            let go = |at, key: &&str| way.by_key(at, key);
            way.is_end(keys.iter().fold(Along::BEGIN, go))
        };
        assert!(ends(&["items", "", "ownerId"]));
        assert!(ends(&["", "Items", "", "owner_id"]), "wrapped");
        assert!(ends(&["items[0][owner_id]"]) && ends(&["items[][owner_id][]"]));
        assert!(!ends(&["items", "owner_id"]) && !ends(&["other", "", "owner_id"]));
        assert!(way.is_above(way.by_key(Along::BEGIN, "items")));
        assert!(!way.is_above(way.by_key(Along::BEGIN, "other")));
    }
}
