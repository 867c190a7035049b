//! What is wrong with a configuration, said so that it can be mended.

use std::{fmt, path::PathBuf};

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file; `None` for an environment variable.
    pub file: Option<PathBuf>,
    /// Line and column from 1, when known.
    pub place: Option<(u64, u64)>,
    /// Path of the key, for example `store.exchange_days`; empty when the file cannot be read.
    pub key: String,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some((line, column)) = self.place {
                write!(f, ":{line}:{column}")?;
            }
            f.write_str(": ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Splits serde's "unknown field `x`, expected one of `a`, `b`" into a short message and a
/// suggestion with the nearest known key.
pub(super) fn explain(message: &str) -> (String, String) {
    let mut names = message.split('`').skip(1).step_by(2);
    let is_unknown = message.contains("unknown field") || message.contains("unknown variant");
    let Some(given) = names.next().filter(|_| is_unknown) else {
        return (message.trim().to_owned(), String::new());
    };
    let known: Vec<&str> = names.collect();
    let what = if message.contains("unknown field") { "key" } else { "value" };
    let list = known.join("`, `");
    let help = match nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? known here: `{list}`"),
        None if known.is_empty() => String::new(),
        None => format!("known here: `{list}`"),
    };
    (format!("unknown {what} `{given}`"), help)
}

/// The known name that is near enough to be meant.
pub(super) fn nearest<'n>(given: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 3.max(name.len() / 3))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key_is_named() {
        let (message, help) =
            explain("unknown field `exchange_day`, expected one of `data`, `exchange_days`");
        assert_eq!(message, "unknown key `exchange_day`");
        assert!(help.starts_with("did you mean `exchange_days`?"));
        let (_, help) = explain("unknown field `zzzzzzzz`, expected `data` or `keys`");
        assert_eq!(help, "known here: `data`, `keys`");
        assert_eq!(explain("invalid type: string").0, "invalid type: string");
    }
}
