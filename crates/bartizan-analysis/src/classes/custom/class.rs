//! One class of the operator, compiled.

use bartizan_model::DataClass;
use regex::{Regex, RegexBuilder};

use super::{CheckDigits, ClassDefinition, Mistake, interned};
use crate::classes::{
    Certainty, ClassTraits, family_of, item_named, names::MAX_PHRASE_WORDS, words::Words,
};

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// Longest title, in characters.
const MAX_TITLE_CHARS: usize = 120;
/// Most field names of a class.
const MAX_FIELD_NAMES: usize = 32;
/// Longest pattern as written, in bytes.
const MAX_PATTERN_BYTES: usize = 512;
/// Most memory of a compiled pattern, in bytes; of its cache per thread, the same again.
const MAX_PATTERN_MEMORY: usize = 256 * 1024;
/// Deepest nesting of a pattern.
const MAX_PATTERN_DEPTH: u32 = 32;
/// Longest value that is looked at, in characters.
const MAX_VALUE_CHARS: u16 = 1_024;

/// A class of the operator.
#[derive(Debug)]
pub struct CustomClass {
    definition: ClassDefinition,
    class: DataClass,
    family: DataClass,
    sensitive: bool,
    what: String,
    /// Field names as names are split.
    phrases: Vec<String>,
    pattern: Option<Regex>,
}

/// Why a value is not of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Length,
    Pattern,
    Check,
}

impl CustomClass {
    pub(super) fn compile(definition: &ClassDefinition) -> Result<Self, Mistake> {
        named(definition)?;
        let phrases: Vec<String> =
            definition.names.iter().map(|name| phrase(name)).collect::<Result<_, _>>()?;
        if phrases.len() > MAX_FIELD_NAMES {
            let given = format!("`names`: {} of them", phrases.len());
            return Err(Mistake::new(given, format!("at most {MAX_FIELD_NAMES}")));
        }
        let pattern = definition.pattern.as_deref().map(compiled).transpose()?;
        if phrases.is_empty() && pattern.is_none() {
            let given = "neither `names` nor `pattern`";
            return Err(Mistake::new(given, "one of them, as every value would be of this class"));
        }
        let (least, most) = (definition.min_length, definition.max_length);
        if least == 0 || least > most || most > MAX_VALUE_CHARS {
            let given = format!("`min_length`, `max_length`: {least} to {most} characters");
            return Err(Mistake::new(given, format!("1 to {MAX_VALUE_CHARS}, the least first")));
        }
        let class = interned(&definition.name)?;
        let head = definition.family.as_deref().map(head).transpose()?;
        let is_grave =
            head.is_some_and(|head| item_named(head.as_str()).is_some_and(|item| item.sensitive));
        Ok(Self {
            class,
            family: head.unwrap_or(class),
            sensitive: definition.sensitive || is_grave,
            what: what(definition),
            definition: definition.clone(),
            phrases,
            pattern,
        })
    }

    /// What results call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.class.as_str()
    }

    /// The class.
    #[must_use]
    pub const fn class(&self) -> DataClass {
        self.class
    }

    /// The built-in class whose checks count it too; else the class itself.
    #[must_use]
    pub const fn family(&self) -> DataClass {
        self.family
    }

    /// One line for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.definition.title
    }

    /// What is recognised, in words.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What results need to know of it.
    #[must_use]
    pub fn traits(&self) -> ClassTraits {
        ClassTraits {
            group: self.definition.group,
            sensitive: self.sensitive,
            support: self.definition.support.into(),
        }
    }

    pub(super) const fn definition(&self) -> &ClassDefinition {
        &self.definition
    }

    pub(super) fn phrases(&self) -> &[String] {
        &self.phrases
    }

    /// Whether its phrases count anywhere in a name: where the form is looked at as well.
    pub(super) const fn fits_anywhere(&self) -> bool {
        self.pattern.is_some()
    }

    /// How sure it is that a value under a fitting name is of this class. Time is linear in `text`.
    pub(super) fn fits(&self, text: &str) -> Result<Certainty, Unfit> {
        let (least, most) = (self.definition.min_length, self.definition.max_length);
        let (least, most) = (usize::from(least), usize::from(most));
        // A character has one to four bytes, so long texts need not be counted.
        if text.len() < least
            || text.len() > most * 4
            || !(least..=most).contains(&characters(text))
        {
            return Err(Unfit::Length);
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            return Err(Unfit::Pattern);
        }
        match (self.definition.check, &self.pattern) {
            (CheckDigits::None, None) => Ok(Certainty::Context),
            (CheckDigits::None, Some(_)) => Ok(Certainty::Pattern),
            (check, _) if check.hold(text) => Ok(Certainty::Checked),
            _ => Err(Unfit::Check),
        }
    }
}

fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// Whether name and title are ones.
fn named(definition: &ClassDefinition) -> Result<(), Mistake> {
    let name = definition.name.as_str();
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if !begins || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_plain) {
        let expected =
            format!("lower-case letters, digits and `_`, a letter first, at most {MAX_NAME_BYTES}");
        return Err(Mistake::new(format!("`name`: {name:?}"), expected));
    }
    if item_named(name).is_some() {
        return Err(Mistake::new(format!("`name`: the built-in class `{name}`"), "another name"));
    }
    let title = definition.title.trim();
    if title.is_empty()
        || title.chars().count() > MAX_TITLE_CHARS
        || title.contains(char::is_control)
    {
        let expected = format!("one line of at most {MAX_TITLE_CHARS} characters");
        return Err(Mistake::new("`title`", expected));
    }
    Ok(())
}

/// A field name as names are split.
fn phrase(name: &str) -> Result<String, Mistake> {
    let words = Words::of(name);
    if (1..=MAX_PHRASE_WORDS).contains(&words.count()) {
        return Ok(words.text().to_owned());
    }
    let expected = format!("1 to {MAX_PHRASE_WORDS} words, for example `customer number`");
    Err(Mistake::new(format!("`names`: {name:?}"), expected))
}

/// The expression for whole values.
fn compiled(pattern: &str) -> Result<Regex, Mistake> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        let given = format!("`pattern`: {} bytes", pattern.len());
        return Err(Mistake::new(given, format!("1 to {MAX_PATTERN_BYTES}")));
    }
    let build = |text: &str| {
        RegexBuilder::new(text)
            .size_limit(MAX_PATTERN_MEMORY)
            .dfa_size_limit(MAX_PATTERN_MEMORY)
            .nest_limit(MAX_PATTERN_DEPTH)
            .build()
            .map_err(|error| {
                // The last line says what; those before draw the place.
                let error = error.to_string();
                let why = error.lines().last().unwrap_or("").trim_start_matches("error: ");
                let expected = "a regular expression of linear time within its limits";
                Mistake::new(format!("`pattern`: {why}"), expected)
            })
    };
    // Alone first: `a)|(b` would come out of the brackets that hold it.
    build(pattern)?;
    build(&format!(r"\A(?:{pattern})\z"))
}

/// The class that recognises the values of a family.
fn head(family: &str) -> Result<DataClass, Mistake> {
    let known = item_named(family).and_then(|_| item_named(family_of(family)));
    let expected = "a built-in class, see `bartizan explain`";
    known
        .map(|item| item.class)
        .ok_or_else(|| Mistake::new(format!("`family`: {family:?}"), expected))
}

/// A definition in words.
fn what(definition: &ClassDefinition) -> String {
    let mut parts = Vec::new();
    if !definition.names.is_empty() {
        parts.push(format!("a field name that says `{}`", definition.names.join("`, `")));
    }
    if let Some(pattern) = &definition.pattern {
        parts.push(format!("a whole value that fits `{pattern}`"));
    }
    if definition.check != CheckDigits::None {
        parts.push(format!("check digits ({})", definition.check.as_str()));
    }
    let (least, most) = (definition.min_length, definition.max_length);
    parts.push(format!("{least} to {most} characters"));
    format!("From the configuration: {}.", parts.join("; "))
}
