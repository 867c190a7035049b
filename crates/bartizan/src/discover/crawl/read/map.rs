//! Source maps (ECMA-426): the sources that a script was made from.

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde::Deserialize;

/// Most sources of a map that are read.
const MAX_SOURCES: usize = 2_000;
/// Longest reference to a map that is kept, in bytes; one that holds the map is decoded.
const MAX_REFERENCE: usize = 2_048;

#[derive(Deserialize)]
struct Map {
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default, rename = "sourcesContent")]
    contents: Option<Vec<Option<String>>>,
    /// Maps of parts, in an index of maps. They hold no further ones.
    #[serde(default)]
    sections: Vec<Section>,
    #[serde(default)]
    mappings: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Section {
    map: Part,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default, rename = "sourcesContent")]
    contents: Option<Vec<Option<String>>>,
}

/// What a source map holds.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Names and texts of sources of its own.
    pub(super) own: Vec<(String, String)>,
    /// Sources of dependencies, which are not read.
    pub(super) dependencies: u64,
    /// Sources whose text is not in the map, and those beyond what is read.
    pub(super) missing: u64,
}

/// Where a script says that its map is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// At this address.
    At(String),
    /// In the script itself.
    Within(Vec<u8>),
}

/// Reads a source map; `None` when the bytes are none.
pub(super) fn read(bytes: &[u8]) -> Option<Sources> {
    // A prefix that keeps browsers from running it as a script.
    let bytes = bytes.strip_prefix(b")]}'").unwrap_or(bytes);
    let map: Map = serde_json::from_slice(bytes).ok()?;
    if map.mappings.is_none() && map.sections.is_empty() {
        return None;
    }
    let mut out = Sources::default();
    out.take(map.sources, map.contents);
    for section in map.sections {
        out.take(section.map.sources, section.map.contents);
    }
    Some(out)
}

impl Sources {
    fn take(&mut self, names: Vec<Option<String>>, contents: Option<Vec<Option<String>>>) {
        let mut contents = contents.unwrap_or_default().into_iter();
        for name in names {
            let name = name.unwrap_or_default();
            match contents.next().flatten() {
                _ if is_dependency(&name) => self.dependencies += 1,
                Some(content) if self.own.len() < MAX_SOURCES => self.own.push((name, content)),
                _ => self.missing += 1,
            }
        }
    }
}

/// Whether a source is not of who made the script.
fn is_dependency(name: &str) -> bool {
    ["node_modules/", "webpack/", "bower_components/"].iter().any(|folder| name.contains(folder))
}

/// The reference to its map in a script: the last one counts.
pub(super) fn reference(script: &str) -> Option<Reference> {
    let (_, rest) = script.rsplit_once("sourceMappingURL=")?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '*' | '`'));
    let address = rest.get(..end.unwrap_or(rest.len()))?;
    if let Some(data) = address.strip_prefix("data:") {
        let (kind, data) = data.split_once(',')?;
        return kind
            .ends_with(";base64")
            .then(|| BASE64.decode(data).ok())
            .flatten()
            .map(Reference::Within);
    }
    (!address.is_empty() && address.len() <= MAX_REFERENCE)
        .then(|| Reference::At(address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_found_in_maps_and_indexes_of_maps() {
        let map = br#")]}'{"version":3,"sources":["src/a.ts","../node_modules/x/b.js",null],
            "sourcesContent":["fetch('/a')","x"],"mappings":"AAAA"}"#;
        let found = read(map).expect("a map");
        assert_eq!(found.own, [("src/a.ts".to_owned(), "fetch('/a')".to_owned())]);
        assert_eq!((found.dependencies, found.missing), (1, 1));
        let index = br#"{"version":3,"sections":[{"offset":{"line":0,"column":0},
            "map":{"version":3,"sources":["b.js"],"sourcesContent":["b"],"mappings":""}}]}"#;
        assert_eq!(read(index).expect("an index").own.len(), 1);
        for other in [&b"{}"[..], b"[]", b"", b"{\"sources\":[]}", b"\xff"] {
            assert!(read(other).is_none());
        }
    }

    #[test]
    fn references_are_found_at_the_end_of_scripts() {
        let at = |text: &str| Some(Reference::At(text.to_owned()));
        assert_eq!(reference("x;\n//# sourceMappingURL=app.js.map\n"), at("app.js.map"));
        assert_eq!(reference("x /*# sourceMappingURL=a.map */"), at("a.map"));
        assert_eq!(
            reference("//# sourceMappingURL=data:application/json;base64,e30="),
            Some(Reference::Within(b"{}".to_vec()))
        );
        assert_eq!(reference("//# sourceMappingURL=data:application/json,{}"), None);
        assert_eq!(reference("x"), None);
        assert_eq!(reference("sourceMappingURL=\"+x"), None);
    }
}
