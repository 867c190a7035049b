//! Packages, by their manifests.

use crate::route::{Component, short};

/// Manifests below a folder.
#[derive(Debug, Default)]
pub(crate) struct Components {
    /// Name of the folder that was read.
    pub(crate) top: String,
    found: Vec<Manifest>,
}

/// A manifest, with the folder that it is in.
#[derive(Debug)]
struct Manifest {
    folder: String,
    component: Component,
    /// Whether it says its name itself.
    is_named: bool,
}

/// Most manifests; what is below further ones belongs to the nearest of the others.
const MAX_MANIFESTS: usize = 2_000;

const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "Gemfile",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "go.mod",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
];

/// Whether a file of that name is a manifest.
pub(crate) fn is_manifest(name: &str) -> bool {
    MANIFESTS.contains(&name) || name.ends_with(".csproj")
}

impl Components {
    /// Notes the manifest at `path`.
    pub(crate) fn add(&mut self, path: &str, name: &str, text: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        // Of several in one folder the first that gives a name counts.
        let has_room = self.found.len() < MAX_MANIFESTS;
        let here = self.found.iter_mut().find(|manifest| manifest.folder == folder);
        let (said, version) = name_and_version(name, text);
        let is_named = said.is_some();
        let of_folder = if folder.is_empty() { &self.top } else { folder };
        let fallback = of_folder.rsplit('/').next().unwrap_or(of_folder);
        let component = Component {
            name: said.unwrap_or_else(|| fallback.to_owned()),
            version,
            manifest: path.to_owned(),
        };
        let manifest = Manifest { folder: folder.to_owned(), component, is_named };
        match here {
            Some(before) if is_named && !before.is_named => *before = manifest,
            Some(_) => {}
            None if has_room => self.found.push(manifest),
            None => {}
        }
    }

    /// The component that a file belongs to: that of the nearest manifest above it.
    pub(crate) fn of(&self, file: &str) -> Option<&Component> {
        let is_above = |folder: &str| {
            folder.is_empty() || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let above = self.found.iter().filter(|manifest| is_above(&manifest.folder));
        above.max_by_key(|manifest| manifest.folder.len()).map(|manifest| &manifest.component)
    }
}

/// What a manifest says of itself: enough is read for a name and a version.
fn name_and_version(manifest: &str, text: &str) -> (Option<String>, Option<String>) {
    match manifest {
        "package.json" | "composer.json" => (json(text, "name"), json(text, "version")),
        "Cargo.toml" | "pyproject.toml" => (toml(text, "name"), toml(text, "version")),
        "go.mod" => {
            let module = text.lines().find_map(|line| line.trim().strip_prefix("module "));
            (module.map(|name| short(name.trim())), None)
        }
        "pom.xml" => {
            // What is inside of <parent> and <dependencies> is of others.
            let own = cut(text, "<parent>", "</parent>");
            let own = own.split("<dependencies>").next().unwrap_or_default();
            (xml(own, "artifactId"), xml(own, "version"))
        }
        _ => (None, None),
    }
}

fn cut(text: &str, from: &str, to: &str) -> String {
    match (text.find(from), text.find(to)) {
        (Some(start), Some(end)) if start < end => format!("{}{}", &text[..start], &text[end..]),
        _ => text.to_owned(),
    }
}

/// The text of that name at the top of an object.
fn json(text: &str, name: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = at;
                while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                    at += if *byte == b'\\' { 2 } else { 1 };
                }
                let inner = text.get(start..at)?;
                at += 1;
                let value = text.get(at..).and_then(|rest| rest.trim_start().strip_prefix(':'));
                if let Some(value) = value.filter(|_| depth == 1 && inner == name) {
                    return quoted(value);
                }
            }
            _ => {}
        }
    }
    None
}

fn toml(text: &str, name: &str) -> Option<String> {
    let mut is_own = false;
    text.lines().map(str::trim).find_map(|line| {
        if line.starts_with('[') {
            is_own = matches!(line, "[package]" | "[project]" | "[tool.poetry]");
            return None;
        }
        let rest = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
        if is_own { quoted(rest) } else { None }
    })
}

fn xml(text: &str, name: &str) -> Option<String> {
    let rest = text.split_once(&format!("<{name}>"))?.1;
    let (inner, _) = rest.split_once('<')?;
    Some(short(inner)).filter(|inner| !inner.is_empty())
}

fn quoted(text: &str) -> Option<String> {
    let text = text.trim_start().strip_prefix('"')?;
    let (inner, _) = text.split_once('"')?;
    Some(short(inner)).filter(|inner| !inner.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_however_lines_are_broken() {
        for (text, name) in [
            (r#"{"name":"shop-api","version":"1"}"#, Some("shop-api")),
            (
                r#"{"author":{"name":"Al"},"tags":["name"],"x":"\"name\":\"no\"","name" : "b"}"#,
                Some("b"),
            ),
            ("{\n  \"name\":\n    \"c\"\n}", Some("c")),
            (r#"{"x":"name","y":{"name":"no"}}"#, None),
            (r#"{"name":7}"#, None),
            (r#"{"name":"cut"#, None),
            (r#"{"x":"cut \"#, None),
        ] {
            assert_eq!(json(text, "name").as_deref(), name, "{text}");
        }
    }

    #[test]
    fn the_nearest_manifest_names_what_is_below_it() {
        let mut components = Components { top: "shop".to_owned(), ..Components::default() };
        components.add("go.mod", "go.mod", "module example.com/shop\n");
        let tools = "{\n  \"author\": {\n    \"name\": \"Al\"\n  },\n  \"name\": \"tools\",\n  \"version\": \"1\"\n}\n";
        components.add("package.json", "package.json", tools);
        components.add("web/package.json", "package.json", tools);
        let name = |file: &str| components.of(file).map(|component| component.name.clone());
        assert_eq!(name("main.go").as_deref(), Some("example.com/shop"));
        assert_eq!(name("web/src/a.js").as_deref(), Some("tools"));
        assert_eq!(name("website/a.js").as_deref(), Some("example.com/shop"));
    }
}
