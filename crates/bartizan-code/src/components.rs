//! Packages, by their manifests.

use crate::route::{Component, short};

/// Manifests below a folder.
#[derive(Debug, Default)]
pub(crate) struct Components {
    /// Name of the folder that was read.
    pub(crate) top: String,
    found: Vec<(String, Component)>,
}

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
        let here = self.found.iter().position(|(of, _)| of == folder);
        let (said, version) = name_and_version(name, text);
        let is_named = said.is_some();
        let of_folder = if folder.is_empty() { &self.top } else { folder };
        let fallback = of_folder.rsplit('/').next().unwrap_or(of_folder);
        let component = Component {
            name: said.unwrap_or_else(|| fallback.to_owned()),
            version,
            manifest: path.to_owned(),
        };
        match here {
            None => self.found.push((folder.to_owned(), component)),
            Some(at) if is_named => {
                if let Some((_, before)) = self.found.get_mut(at)
                    && before.version.is_none()
                {
                    *before = component;
                }
            }
            Some(_) => {}
        }
    }

    /// The component that a file belongs to: that of the nearest manifest above it.
    pub(crate) fn of(&self, file: &str) -> Option<&Component> {
        self.found
            .iter()
            .filter(|(folder, _)| {
                folder.is_empty()
                    || file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
            .max_by_key(|(folder, _)| folder.len())
            .map(|(_, component)| component)
    }
}

/// What a manifest says of itself, read line by line: enough for a name and a version.
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

/// The first member of that name that has a text; `package.json` has its own at the top.
fn json(text: &str, name: &str) -> Option<String> {
    let key = format!("\"{name}\"");
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix(&key)?.trim_start().strip_prefix(':')?;
        quoted(rest)
    })
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
