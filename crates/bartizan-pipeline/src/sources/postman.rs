//! Postman collections: what requests of them were answered, as far as that was saved.

mod example;

use std::{fmt, ops::Range};

use bartizan_model::{Duration, source::Ordering};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use self::example::Variables;
use super::{
    Head, Reading, Source, SourceItem, SourceLimits,
    entries::{Entries, EntrySource, Found},
    error::SourceError,
    foreign,
    input::Input,
    ledger::Ledger,
    skip::{Place, SkipReason},
};

const HELP: &str = "save answers as examples in Postman, and export the collection as v2.1";
/// Folders inside each other.
const DEPTH: usize = 32;
/// Items of one folder, and saved answers of one request.
const ELEMENTS: usize = 50_000;

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "postman",
    title: "Postman collection with saved answers",
    what: "Reads the examples of a Postman collection (v2.0, v2.1): each saved answer with the \
           request that it was saved for. They have no time and no client, and Postman adds header \
           fields of its own when it sends, so that a missing request field proves nothing. \
           Variables that the collection gives a value are filled in; a base address that has none \
           leaves the host open. A body that a file would have filled is *not captured*. Requests \
           without a saved answer are skipped and counted: nothing says that they were sent. The \
           collection is read as a whole, up to 64 MiB, folders up to 32 deep with 50,000 items each.",
    extensions: &["json"],
    example: r#"{"info":{"name":"Shop","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},"item":[{"name":"Order","request":{"method":"GET","url":"https://api.example.com/v1/orders/7"},"response":[{"name":"found","originalRequest":{"method":"GET","header":[],"url":{"raw":"https://api.example.com/v1/orders/7"}},"status":"OK","code":200,"header":[{"key":"Content-Type","value":"application/json"}],"body":"{\"id\":7}"}]}]}"#,
    ordering: Ordering { lateness: Duration::ZERO },
    reading: Reading::Own { recognise, open },
};

fn recognise(head: &Head<'_>) -> u8 {
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.bytes);
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return 0;
    }
    let keys = foreign::keys(bytes);
    let has = |name: &str| keys.iter().any(|key| key == name);
    let is_named = memchr::memmem::find(bytes, b"postman").is_some();
    match (has("info") && has("item"), has("collection"), is_named) {
        (true, _, true) => 95,
        (true, ..) => 70,
        (_, true, true) => 80,
        // Items longer than the head may come before `info`.
        _ if has("item") && is_named => 60,
        _ => 0,
    }
}

fn open(input: Input, ledger: Ledger, limits: &SourceLimits) -> Box<dyn Source> {
    let entries = Collection {
        limit: limits.document_bytes,
        passed: ledger.state().number,
        number: 0,
        document: None,
        variables: Variables::default(),
        left: Vec::new(),
    };
    let empty = ("a collection without requests", HELP);
    Box::new(EntrySource { item: &SOURCE, input, ledger, entries, empty })
}

/// A part of the document, as what it is.
enum Part {
    /// A folder or a request, and how many folders it is in.
    Item(Range<usize>, usize),
    /// A saved answer, and the request that it belongs to.
    Example { response: Range<usize>, request: Option<Range<usize>> },
    /// A request without one.
    Unanswered,
    /// What a folder or request holds beyond [`ELEMENTS`].
    More,
}

/// Walks the document in the order in which it is written. Only ranges are held, the document once.
struct Collection {
    limit: usize,
    /// Entries that were handed over before.
    passed: u64,
    number: u64,
    document: Option<String>,
    variables: Variables,
    /// What comes next is at the end.
    left: Vec<Part>,
}

#[derive(Deserialize)]
struct Root<'a> {
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    variable: Option<&'a RawValue>,
    #[serde(borrow, default)]
    collection: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

/// Where `part` is in `whole`.
fn range(whole: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start.saturating_add(part.len())
}

/// Where the elements of a list are in `whole`, and whether there are more than are read; nothing
/// for what is no list.
fn elements(whole: &str, list: Option<&RawValue>) -> (Vec<Range<usize>>, bool) {
    let read = list.and_then(|list| serde_json::from_str::<Elements<'_>>(list.get()).ok());
    let Elements(list, more) = read.unwrap_or_default();
    (list.into_iter().map(|element| range(whole, element.get())).collect(), more)
}

#[derive(Default)]
struct Elements<'a>(Vec<&'a RawValue>, bool);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements<'de>, A::Error> {
        let mut out = Vec::new();
        while out.len() < ELEMENTS {
            match list.next_element()? {
                Some(element) => out.push(element),
                None => return Ok(Elements(out, false)),
            }
        }
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(Elements(out, more))
    }
}

impl Collection {
    /// Reads the document. `None` when it is too large.
    fn load(&mut self, input: &mut Input) -> Result<Option<String>, SourceError> {
        let mut bytes = Vec::new();
        let mut too_large = false;
        loop {
            let chunk = input.fill()?;
            if chunk.is_empty() {
                break;
            }
            let taken = chunk.len();
            if bytes.len() + taken > self.limit {
                too_large = true;
                bytes = Vec::new();
            }
            if !too_large {
                bytes.extend_from_slice(chunk);
            }
            input.consume(taken);
        }
        if too_large {
            return Ok(None);
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }))
    }

    /// Finds the outermost items; false when the document is none.
    fn begin(&mut self, text: &str) -> bool {
        let Ok(mut root) = serde_json::from_str::<Root<'_>>(text) else { return false };
        // Postman's own API wraps a collection once.
        if let Some(inner) = root.collection.and_then(|c| serde_json::from_str(c.get()).ok()) {
            root = inner;
        }
        self.variables = Variables::read(root.variable);
        self.left.clear();
        let (items, more) = elements(text, root.item);
        self.left.extend(more.then_some(Part::More));
        self.left.extend(items.into_iter().rev().map(|at| Part::Item(at, 1)));
        true
    }

    /// The next entry that is one.
    fn step(&mut self, text: &str) -> Found {
        let Some(part) = self.left.pop() else { return Found::End };
        let piece = |at: &Range<usize>| text.get(at.clone()).unwrap_or_default();
        let read = match part {
            Part::Item(at, depth) => {
                let Ok(item) = serde_json::from_str::<Item<'_>>(piece(&at)) else {
                    return Found::Entry(Err(SkipReason::WrongShape));
                };
                if item.item.is_some() && depth >= DEPTH {
                    return Found::Entry(Err(SkipReason::TooDeep));
                }
                let (inner, more) = elements(text, item.item);
                let request = item.request.map(|request| range(text, request.get()));
                let (answers, more_answers) = elements(text, item.response);
                self.left.extend((more || more_answers).then_some(Part::More));
                self.left.extend(inner.into_iter().rev().map(|at| Part::Item(at, depth + 1)));
                if request.is_some() && answers.is_empty() {
                    self.left.push(Part::Unanswered);
                }
                self.left.extend(
                    answers
                        .into_iter()
                        .rev()
                        .map(|response| Part::Example { response, request: request.clone() }),
                );
                return Found::Nothing;
            }
            Part::Example { response, request } => {
                let request = request.as_ref().map(piece);
                example::read(piece(&response), request, &self.variables)
            }
            Part::Unanswered => Err(SkipReason::NoSavedAnswer),
            Part::More => Err(SkipReason::TooMany),
        };
        Found::Entry(read.map(Box::new))
    }
}

impl Entries for Collection {
    fn next(&mut self, input: &mut Input) -> Result<Found, SourceError> {
        let text = match self.document.take() {
            Some(text) => text,
            None => {
                let loaded = self.load(input)?;
                // Whatever comes of it, it is not read twice.
                self.document = Some(String::new());
                if input.is_broken() {
                    return Ok(Found::Cut);
                }
                let wrong = match loaded {
                    None => SkipReason::EntryTooLarge,
                    Some(text) if self.begin(&text) => {
                        self.document = Some(text);
                        return Ok(Found::Nothing);
                    }
                    Some(_) => SkipReason::NotJson,
                };
                self.number = 1;
                return Ok(if self.passed > 0 { Found::End } else { Found::Entry(Err(wrong)) });
            }
        };
        let found = loop {
            let found = self.step(&text);
            if matches!(found, Found::Entry(_)) {
                self.number += 1;
                if self.number <= self.passed {
                    continue;
                }
            }
            if !matches!(found, Found::Nothing) {
                break found;
            }
        };
        self.document = Some(text);
        Ok(found)
    }

    fn place(&self) -> Place {
        Place::Entry(self.number)
    }

    /// The document is read from its beginning again: what was handed over is passed by number.
    fn mark(&self, _: &Input) -> (u64, u8, u64) {
        (0, 0, self.number.max(self.passed))
    }
}

#[cfg(test)]
mod tests;
