//! Where a key stands in a configuration file.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::load::from_yaml;

/// Values, each with its place. How deep they nest is bounded by the reader.
enum Located {
    Map(BTreeMap<String, Spanned<Located>>),
    List(Vec<Spanned<Located>>),
    Value,
}

/// Line and column (from 1) of the value of a key in a YAML file: `catalog.rules.0.name`. `None` when it is not
/// there, or in another file format.
pub(crate) fn place_of(file: &Path, key: &str) -> Option<(u64, u64)> {
    let text = std::fs::read_to_string(file).ok()?;
    place_in(&text, key)
}

fn place_in(text: &str, key: &str) -> Option<(u64, u64)> {
    let mut at: Spanned<Located> = from_yaml(text).ok()?;
    for name in key.split('.') {
        at = match at.value {
            Located::Map(mut map) => map.remove(name)?,
            Located::List(list) => list.into_iter().nth(name.parse().ok()?)?,
            Located::Value => return None,
        };
    }
    Some((at.referenced.line(), at.referenced.column()))
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Located;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Located, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = access.next_entry()? {
            map.insert(name, value);
        }
        Ok(Located::Map(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Located, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Located::List(list))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Located, D::Error> {
        Located::deserialize(deserializer)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Located, E> {
        Ok(Located::Value)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Located, E> {
        Ok(Located::Value)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Located, E> {
        Ok(Located::Value)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Located, E> {
        Ok(Located::Value)
    }

    fn visit_str<E>(self, _: &str) -> Result<Located, E> {
        Ok(Located::Value)
    }

    fn visit_none<E>(self) -> Result<Located, E> {
        Ok(Located::Value)
    }

    fn visit_unit<E>(self) -> Result<Located, E> {
        Ok(Located::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_they_are_written() {
        let text = "store: {exchange_days: 7}\ncatalog:\n  paths:\n    - a.example/b\n    - 1\n  \
                    codeowners: ~\n  rules:\n    - name: a\n      set:\n        owner: x\n";
        for (key, line) in [
            ("store.exchange_days", Some(1)),
            ("catalog.paths.0", Some(4)),
            ("catalog.paths.1", Some(5)),
            ("catalog.rules.0.set.owner", Some(10)),
            ("catalog.rules.0.name", Some(8)),
            ("catalog.rules.1", None),
            ("catalog.rules.x", None),
            ("catalog.paths.0.a", None),
            ("gateway", None),
        ] {
            assert_eq!(place_in(text, key).map(|(line, _)| line), line, "{key}");
        }
        assert_eq!(place_in("a: [", "a"), None);
        assert_eq!(place_in("", "a"), None);
    }
}
