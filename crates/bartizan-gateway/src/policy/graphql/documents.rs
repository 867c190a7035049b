//! Documents that are known: a list by id, as tools write it that collect those of an application.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::policy::files;

/// Most bytes of a file with documents.
const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The documents of a list.
#[derive(Debug)]
pub(super) struct Documents {
    ids: HashSet<String>,
    texts: HashSet<String>,
}

/// A file: documents by id, or a manifest of Apollo (`apollo-persisted-query-manifest`).
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Manifest { operations: Vec<Operation> },
    ById(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

impl Documents {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = files::text(path, FILE_BYTES)?;
        Self::of_text(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    fn of_text(text: &str) -> Result<Self, &'static str> {
        let written: Written = serde_json::from_str(text).map_err(
            |_| "expected an object of documents by id, or `operations` with `id` and `body`",
        )?;
        let all: Vec<(String, String)> = match written {
            Written::Manifest { operations } => {
                operations.into_iter().map(|one| (one.id, one.body)).collect()
            }
            Written::ById(documents) => documents.into_iter().collect(),
        };
        if all.is_empty() {
            return Err("has no document");
        }
        let texts = all.iter().map(|(_, text)| text.trim().to_owned()).collect();
        Ok(Self { ids: all.into_iter().map(|(id, _)| id).collect(), texts })
    }

    /// Whether a document is one of them, letter by letter.
    pub(super) fn has(&self, document: &str) -> bool {
        self.texts.contains(document.trim())
    }

    /// Whether one of them has this id, or it is the hash of the document that comes with it.
    pub(super) fn has_id(&self, id: &str, document: Option<&str>) -> bool {
        self.ids.contains(id) || document.is_some_and(|document| is_hash(id, document))
    }
}

/// Whether this is the SHA-256 of a document in hexadecimal, as automatic persisted queries send it.
fn is_hash(id: &str, document: &str) -> bool {
    let digits = Sha256::digest(document.as_bytes());
    let digits = digits.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.map(|digit| char::from_digit(u32::from(digit), 16));
    id.chars().map(|digit| Some(digit.to_ascii_lowercase())).eq(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_document() {
        let hash = "E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(is_hash(hash, "") && !is_hash(hash, "a") && !is_hash("", ""));
    }

    #[test]
    fn both_ways_to_write_a_list_say_the_same() {
        for text in [
            r#"{"ab12": "{me{name}}\n"}"#,
            r#"{"format": "apollo-persisted-query-manifest", "version": 1,
                "operations": [{"id": "ab12", "name": "Me", "type": "query", "body": "{me{name}}"}]}"#,
        ] {
            let read = Documents::of_text(text).expect("read");
            assert!(
                read.has_id("ab12", None) && read.has("{me{name}}") && read.has(" {me{name}} ")
            );
            assert!(!read.has_id("", None) && !read.has("{me{name id}}"));
        }
        for text in ["", "[]", "{}", r#"{"a": 1}"#, r#"{"operations": []}"#] {
            assert!(Documents::of_text(text).is_err(), "{text}");
        }
    }
}
