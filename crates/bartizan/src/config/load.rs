//! Reads the configuration: file, then `BARTIZAN_SECTION__KEY` variables, then the command line.

use std::path::{Path, PathBuf};

use bartizan_analysis::governance::RuleMistake;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Config, ConfigError,
    place::place_of,
    problem::{explain, nearest},
};

/// Names that are looked for in the working directory when no file is named.
pub(super) const DEFAULT_FILES: &[&str] = &["bartizan.yaml", "bartizan.yml", "bartizan.toml"];

/// Largest configuration file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Prefix of environment variables. Two underscores separate section and key.
const PREFIX: &str = "BARTIZAN_";

/// A configuration and where it came from.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The file it was read from, if any.
    pub file: Option<PathBuf>,
    /// Environment variables that changed it.
    pub variables: Vec<String>,
}

/// Loads the configuration: `file`, else a default file in the working directory if there is one,
/// then the given environment variables.
///
/// # Errors
/// When the file cannot be read, or any key or value is wrong: file, line, key path and the nearest
/// known key are named.
pub fn load(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let found = file
        .map(Path::to_path_buf)
        .or_else(|| DEFAULT_FILES.iter().map(PathBuf::from).find(|path| path.is_file()));
    let mut tree = match &found {
        Some(path) => read(path)?,
        None => Value::Object(serde_json::Map::new()),
    };
    let mut used: Vec<(String, String)> =
        variables.filter(|(name, _)| name.starts_with(PREFIX) && name.contains("__")).collect();
    used.sort();
    for (name, value) in &used {
        set(&mut tree, name, value)?;
    }
    let mut config: Config = serde_path_to_error::deserialize(&tree).map_err(|error| {
        let key = error.path().to_string();
        let (message, help) = explain(&error.inner().to_string());
        let variable = used.iter().find(|(name, _)| path_of(name).join(".").starts_with(&key));
        let message = match variable {
            Some((name, _)) if key != "." => format!("{message} (from {name})"),
            _ => message,
        };
        ConfigError { file: None, place: None, key, message, help }
    })?;
    let of_preset = |message| ConfigError {
        file: found.clone(),
        place: None,
        key: "preset".to_owned(),
        message,
        help: "`bartizan config schema` describes every key".to_owned(),
    };
    config.expand_presets().map_err(of_preset)?;
    config.compile().map_err(|mistake| against_the_rules(found.as_deref(), &mistake))?;
    let variables = used.into_iter().map(|(name, _)| name).collect();
    Ok(Loaded { config, file: found, variables })
}

/// A rule that is wrong, with the nearest known name where it names something unknown.
fn against_the_rules(file: Option<&Path>, mistake: &RuleMistake) -> ConfigError {
    let dot = if mistake.key.is_empty() { "" } else { "." };
    let given = mistake.message.split('`').nth(1).unwrap_or("");
    let help = match nearest(given, mistake.known.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`bartizan config schema` describes every key".to_owned(),
    };
    ConfigError {
        file: file.map(Path::to_path_buf),
        place: file.and_then(|file| place_of(file, &format!("governance.{}", mistake.rule))),
        key: format!("governance[{}]{dot}{}", mistake.rule, mistake.key),
        message: mistake.message.clone(),
        help,
    }
}

fn read(path: &Path) -> Result<Value, ConfigError> {
    let fail = |message: String, help: &str| ConfigError {
        file: Some(path.to_path_buf()),
        place: None,
        key: String::new(),
        message,
        help: help.to_owned(),
    };
    let size = std::fs::metadata(path)
        .map_err(|error| fail(error.to_string(), "check the path given with --config"))?
        .len();
    if size > MAX_BYTES {
        return Err(fail(
            format!("larger than {MAX_BYTES} bytes"),
            "is this a configuration file?",
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| fail(error.to_string(), "the file must be readable UTF-8 text"))?;
    if path.extension().is_some_and(|extension| extension == "toml") {
        read_toml(path, &text)
    } else {
        read_yaml(path, &text)
    }
}

/// Reads YAML by its version 1.2, in which `no`, `off` and `n` are words: the names of a schema, the code of a country.
pub(crate) fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

fn read_yaml(path: &Path, text: &str) -> Result<Value, ConfigError> {
    let only_comments = text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    });
    if only_comments {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    // The typed reading knows the line, the untyped one the path of the key.
    let tree: Result<Value, _> = from_yaml(text);
    if let Err(error) = from_yaml::<Config>(text) {
        let place = error.location().map(|at| (at.line(), at.column()));
        return Err(wrong(path, place, &plain(&error), tree.as_ref().ok()));
    }
    tree.map_err(|error| wrong(path, None, &plain(&error), None))
}

/// The message without the excerpt of the file that the library appends.
fn plain(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or("").trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn read_toml(path: &Path, text: &str) -> Result<Value, ConfigError> {
    let place_of = |error: &toml::de::Error| {
        error.span().map(|span| {
            let before = &text[..span.start.min(text.len())];
            let line = before.matches('\n').count() as u64 + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u64 + 1;
            (line, column)
        })
    };
    let tree: Result<Value, _> = toml::from_str(text);
    if let Err(error) = toml::from_str::<Config>(text) {
        return Err(wrong(path, place_of(&error), error.message(), tree.as_ref().ok()));
    }
    tree.map_err(|error| wrong(path, place_of(&error), error.message(), None))
}

fn wrong(
    path: &Path,
    place: Option<(u64, u64)>,
    message: &str,
    tree: Option<&Value>,
) -> ConfigError {
    let (mut text, mut help) = explain(message);
    let mut key = String::new();
    if let Some(tree) = tree
        && let Err(error) = serde_path_to_error::deserialize::<_, Config>(tree)
    {
        key = error.path().to_string();
        let (better, found) = explain(&error.inner().to_string());
        if !found.is_empty() {
            (text, help) = (better, found);
        }
    }
    if help.is_empty() {
        "`bartizan config schema` lists every key with its type".clone_into(&mut help);
    }
    ConfigError { file: Some(path.to_path_buf()), place, key, message: text, help }
}

fn path_of(variable: &str) -> Vec<String> {
    let rest = variable.strip_prefix(PREFIX).unwrap_or(variable);
    rest.split("__").map(str::to_ascii_lowercase).collect()
}

fn set(tree: &mut Value, variable: &str, value: &str) -> Result<(), ConfigError> {
    let path = path_of(variable);
    let mut at = tree;
    for key in &path {
        if !at.is_object() {
            return Err(ConfigError {
                file: None,
                place: None,
                key: path.join("."),
                message: format!("{variable} goes below a value that is not a section"),
                help: "two underscores separate section and key: BARTIZAN_STORE__DATA".to_owned(),
            });
        }
        let Value::Object(map) = at else { break };
        at = map.entry(key.clone()).or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    // A number or truth value is one; everything else is text.
    *at = match serde_json::from_str::<Value>(value) {
        Ok(scalar @ (Value::Number(_) | Value::Bool(_))) => scalar,
        _ => Value::String(value.to_owned()),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn unknown_keys_are_refused_with_line_path_and_nearest_key() {
        let text = "organisation: acme\nstore:\n  exchange_day: 3\n";
        let (_folder, path) = written("bartizan.yaml", text);
        let error = load(Some(&path), std::iter::empty()).expect_err("refused");
        assert_eq!(error.place.map(|p| p.0), Some(3), "{error}");
        assert_eq!(error.key, "store.exchange_day", "{error}");
        assert!(error.to_string().contains("did you mean `exchange_days`?"), "{error}");
        let (_folder, path) = written("bartizan.toml", "[store]\nexchange_day = 3\n");
        let error = load(Some(&path), std::iter::empty()).expect_err("refused");
        assert_eq!(error.place.map(|p| p.0), Some(2), "{error}");
        assert!(error.to_string().contains("did you mean `exchange_days`?"), "{error}");
    }

    #[test]
    fn variables_override_the_file() {
        let (_folder, path) = written("b.yaml", "store:\n  exchange_days: 3\n");
        let variables = [("BARTIZAN_STORE__EXCHANGE_DAYS", "7"), ("BARTIZAN_X", "ignored")];
        let variables = variables.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned()));
        let loaded = load(Some(&path), variables).expect("loads");
        assert_eq!(loaded.config.store.exchange_days, 7);
        assert_eq!(loaded.variables, ["BARTIZAN_STORE__EXCHANGE_DAYS"]);
        let variables = [("BARTIZAN_STORE__EXCHANGE_DAY".to_owned(), "7".to_owned())];
        let error = load(None, variables.into_iter()).expect_err("refused");
        assert!(error.to_string().contains("exchange_days"), "{error}");
    }

    #[test]
    fn classes_and_rules_are_proven_while_they_are_read() {
        let class = |value: &str| {
            format!(
                "classes:\n  - name: badge\n    title: Badges\n    group: personal\n    \
                 pattern: B-[0-9]+\n    examples: [{{field: a, value: B-1}}]\n    \
                 counterexamples: [{{field: a, value: {value}}}]\n"
            )
        };
        let rule =
            |class: &str| format!("governance:\n  - name: none\n    deny: [iban, {class}]\n");
        let right = class("B-x") + &rule("badge");
        let (_folder, path) = written("bartizan.yaml", &right);
        let loaded = load(Some(&path), std::iter::empty()).expect("loads").config;
        assert_eq!((loaded.classes.len(), loaded.governance.len()), (1, 1));
        let shown = loaded.to_yaml().expect("YAML");
        let (_folder, path) = written("bartizan.yaml", &shown);
        let again = load(Some(&path), std::iter::empty()).expect("what is shown can be read");
        assert_eq!(again.config, loaded);
        for (text, line, key, message) in [
            (class("B-2"), 2, "classes[0]", "`counterexamples[0]`: recognised"),
            (class("B-x") + &rule("bagde"), 9, "governance[0].deny[1]", "unknown class `bagde`"),
        ] {
            let (_folder, path) = written("bartizan.yaml", &text);
            let error = load(Some(&path), std::iter::empty()).expect_err("refused");
            assert_eq!(
                (error.place.map(|at| at.0), error.key.as_str()),
                (Some(line), key),
                "{error}"
            );
            assert!(error.message.contains(message) && error.file.is_some(), "{error}");
        }
        let toml = "[[classes]]\nname = \"badge\"\ntitle = \"Badges\"\ngroup = \"personal\"\n\
                    pattern = \"B-[0-9]+\"\nexamples = [{field = \"a\", value = \"b\"}]\n\
                    counterexamples = [{field = \"a\", value = \"b\"}]\n";
        let (_folder, path) = written("bartizan.toml", toml);
        let error = load(Some(&path), std::iter::empty()).expect_err("refused");
        assert_eq!((error.key.as_str(), error.place.is_some()), ("classes[0]", true), "{error}");
        assert!(error.message.contains("`examples[0]`: not recognised"), "{error}");
    }

    #[test]
    fn wrong_types_and_broken_files_are_explained() {
        for text in
            ["store: [1", "store: 5", "analyze:\n  fail_on: hihg\n", "limits:\n  depth: -1\n"]
        {
            let (_folder, path) = written("b.yaml", text);
            let error = load(Some(&path), std::iter::empty()).expect_err(text);
            assert!(error.to_string().contains("help: "), "{error}");
        }
        let (_folder, path) = written("b.yaml", "# nothing\n");
        assert_eq!(load(Some(&path), std::iter::empty()).expect("loads").config, Config::default());
    }
}
