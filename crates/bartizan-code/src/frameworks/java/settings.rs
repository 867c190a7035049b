//! `application.properties` and `application.yml`, by key.

use std::collections::HashMap;

use crate::{
    project::Project,
    syntax::{File, Language},
};

/// The settings of one file.
#[derive(Debug)]
pub(super) struct Settings<'f> {
    /// The file.
    pub(super) file: &'f File,
    values: HashMap<String, String>,
}

/// Lines of a file that are looked at.
const MAX_LINES: usize = 20_000;

impl<'f> Settings<'f> {
    /// Reads all such files.
    pub(super) fn all(project: &Project<'f>) -> Vec<Self> {
        project
            .files(&[Language::Settings])
            .filter(|file| file.name().starts_with("application."))
            .map(|file| {
                let is_flat = file.name().ends_with(".properties");
                let values = if is_flat { flat(&file.text) } else { nested(&file.text) };
                Settings { file, values }
            })
            .collect()
    }

    /// The value of a key, written in any of the ways that Spring takes for the same.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(&relaxed(key)).map(String::as_str)
    }

    /// The value of the one key that ends in `name`.
    pub(super) fn ending(&self, name: &str) -> Option<&str> {
        let end = format!(".{}", relaxed(name));
        let mut found = self.values.iter().filter(|(key, _)| key.ends_with(&end));
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    }
}

fn relaxed(key: &str) -> String {
    key.trim().chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

fn flat(text: &str) -> HashMap<String, String> {
    let mut values: HashMap<String, String> = HashMap::new();
    for line in text.lines().take(MAX_LINES).map(str::trim) {
        // Behind a separator begins what is for a profile.
        if line.starts_with("#---") {
            break;
        }
        if line.starts_with(['#', '!']) {
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        // `key[0]` are the members of a list.
        let key = relaxed(key.split('[').next().unwrap_or(key));
        add(&mut values, key, value.trim());
    }
    values
}

fn nested(text: &str) -> HashMap<String, String> {
    let mut values = HashMap::new();
    for (at, document) in text.split("\n---").enumerate() {
        if at > 0 && (document.contains("on-profile") || document.contains("profiles:")) {
            continue;
        }
        let mut above: Vec<(usize, String)> = Vec::new();
        for line in document.lines().take(MAX_LINES) {
            let bare = line.trim_start();
            let indent = line.len() - bare.len();
            let bare = bare.trim_end();
            if bare.is_empty() || bare.starts_with('#') || bare.starts_with("---") {
                continue;
            }
            if let Some(item) = bare.strip_prefix("- ") {
                let key = joined(&above);
                add(&mut values, key, item);
                continue;
            }
            above.retain(|(of, _)| *of < indent);
            let Some((key, value)) = bare.split_once(':') else { continue };
            above.push((indent, relaxed(key.trim_matches(['"', '\'']))));
            let value = value.split(" #").next().unwrap_or_default().trim();
            if !value.is_empty() && above.len() < 40 {
                add(&mut values, joined(&above), value);
            }
        }
    }
    values
}

fn joined(above: &[(usize, String)]) -> String {
    above.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".")
}

/// Notes a value; further ones of the same key are members of a list.
fn add(values: &mut HashMap<String, String>, key: String, value: &str) {
    let value =
        value.trim().trim_matches(['"', '\'']).trim_start_matches('[').trim_end_matches(']');
    let has = values.entry(key).or_default();
    if !has.is_empty() {
        has.push(',');
    }
    has.push_str(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_forms() {
        let flat =
            flat("# x\nserver.servlet.context-path=/api\nopen.paths[0]=/a\nopen.paths[1]=/b");
        assert_eq!(flat["server.servlet.contextpath"], "/api");
        assert_eq!(flat["open.paths"], "/a,/b");
        let text = "server:\n  servlet:\n    context-path: \"/api\" # x\n  port: 1\nopen:\n  paths:\n    - /a\n    - /b\n---\nspring.config.activate.on-profile: dev\nserver.port: 2";
        let nested = nested(text);
        assert_eq!(nested["server.servlet.contextpath"], "/api");
        assert_eq!(nested["open.paths"], "/a,/b");
        assert_eq!(nested["server.port"], "1");
    }
}
