//! Secrets that stand in code, of a folder or of what a server gives to everybody: the recognisers of values in
//! traffic look at the texts of each file, with the names that they are given there.

use bartizan_analysis::{Snapshot, classes};
use bartizan_code::{Literal, Observer, Place};
use bartizan_model::{DataClass, EvidenceValue, Exchange, Side};
use bartizan_protocols::decode::decode;
use serde_json::{Map, Value};

/// Texts that are looked at together.
const CHUNK: usize = 500;
/// Most secrets of a folder or a crawl; a folder full of keys needs no longer list. More are counted.
pub const MAX_SECRETS: usize = 1_000;
/// The families that are secrets.
const FAMILIES: &[&str] = &["password", "secret"];

/// A secret that stands in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What kind.
    pub class: DataClass,
    /// Where.
    pub place: Place,
    /// The name that it is given.
    pub name: String,
    /// The value, redacted.
    pub value: EvidenceValue,
    /// Whether its form alone says that it is one; else its name does.
    pub is_certain: bool,
}

/// Looks at files while they are read.
pub struct Search<'a> {
    snapshot: &'a Snapshot,
    progress: &'a mut dyn FnMut(u64),
    /// What was found, by file and line.
    pub found: Vec<Secret>,
    /// How many more were found than are kept.
    pub beyond: u64,
}

impl<'a> Search<'a> {
    /// A search with the limits and the key of `snapshot`; `progress` is told how many files were read.
    pub fn new(snapshot: &'a Snapshot, progress: &'a mut dyn FnMut(u64)) -> Self {
        Self { snapshot, progress, found: Vec::new(), beyond: 0 }
    }

    /// Looks at a few texts, as a message that has them as its members.
    fn look(&mut self, file: &str, literals: &[Literal<'_>]) {
        let objects = literals.iter().map(|literal| {
            let name = if literal.name.is_empty() { "text" } else { literal.name };
            Value::Object(Map::from_iter([(name.to_owned(), Value::from(literal.text))]))
        });
        let body = Value::Array(objects.collect()).to_string();
        let mut exchange = Exchange::default();
        exchange.request.method = "POST".into();
        exchange.request.headers.push("content-type", "application/json");
        exchange.request.body = body.into_bytes().into();
        let decoded = decode(&exchange, &self.snapshot.limits, self.snapshot.seed);
        for hit in classes::classify(&decoded, self.snapshot) {
            if !FAMILIES.contains(&hit.family.as_str()) {
                continue;
            }
            let Some(node) = decoded.view.node(hit.node) else { continue };
            // The element of the array that it is in says which text it is.
            let mut at = Some(node);
            let mut index = None;
            while let Some(here) = at {
                index = here.index().or(index);
                at = here.parent();
            }
            let literal = index.and_then(|index| literals.get(index as usize));
            let Some(literal) = literal.filter(|_| node.side() == Side::Request) else { continue };
            let is_certain = hit.certainty >= classes::Certainty::Pattern;
            // Where only the name says so, a sentence is a label or a message about it.
            let is_sentence = !is_certain && literal.text.contains(char::is_whitespace);
            if is_reference(literal.text) || is_sentence {
                continue;
            }
            if self.found.len() >= MAX_SECRETS {
                self.beyond += 1;
                continue;
            }
            self.found.push(Secret {
                class: hit.class,
                place: Place { file: file.to_owned(), line: literal.line },
                name: bartizan_code::short(literal.name),
                value: EvidenceValue::of(&self.snapshot.key, hit.class.as_str(), literal.text),
                is_certain,
            });
        }
    }
}

impl Observer for Search<'_> {
    fn progress(&mut self, files: u64) {
        (self.progress)(files);
    }

    fn literals(&mut self, file: &str, literals: &[Literal<'_>]) {
        for chunk in literals.chunks(CHUNK) {
            self.look(file, chunk);
        }
    }
}

/// Whether a text is put in from elsewhere when the program runs: `${DB_PASSWORD}`, `{{ password }}`,
/// `#{secret}`, `%s`. Code that builds a text holds no secret, and says so. Of an address its password alone
/// decides: a host that is put in makes it no less known.
fn is_reference(text: &str) -> bool {
    let of_address = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'))
        .and_then(|(user, _)| user.split_once(':'));
    let secret = of_address.map_or(text, |(_, password)| password);
    ["${", "{{", "#{", "<%", "$(", "%s", "%(", "{}"].iter().any(|sign| secret.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_model::{HashKey, Scope};

    #[test]
    fn secrets_beyond_the_most_are_counted() {
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([5; 32]));
        let mut progress = |_| {};
        let mut search = Search::new(&snapshot, &mut progress);
        let texts: Vec<String> =
            (0..MAX_SECRETS + 7).map(|at| format!("c0rrect-h0rse-{at}")).collect();
        let literals: Vec<Literal<'_>> =
            texts.iter().map(|text| Literal { name: "dbPassword", text, line: 1 }).collect();
        search.literals("config.js", &literals);
        assert_eq!((search.found.len(), search.beyond), (MAX_SECRETS, 7));
    }

    #[test]
    fn what_is_put_in_later_is_no_secret_unless_the_password_stands_there() {
        for text in ["${PASSWORD}", "{{ token }}", "postgres://app:${PASSWORD}@db/app", "key-%s"] {
            assert!(is_reference(text), "{text}");
        }
        for text in ["postgres://app:s3cr3t@${HOST}/app", "s3cr3t", "https://example.com/"] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
