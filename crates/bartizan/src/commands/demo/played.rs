//! What was truly played: which request belongs to which chapter, and what it was.

use std::collections::HashMap;

use bartizan_lab::player::{
    Label, Record,
    story::{CHAPTERS, chapter_at},
};

/// Most requests that are remembered; further ones are not compared.
const MOST: usize = 200_000;

/// A request that was sent.
pub(super) struct Sent {
    id: String,
    minute: u32,
    label: Label,
    /// Method and path, of an attack.
    what: Option<String>,
}

impl From<&Record> for Sent {
    fn from(record: &Record) -> Self {
        let is_hostile = record.label == Label::Hostile;
        Self {
            id: record.id.clone(),
            minute: record.minute(),
            label: record.label,
            what: is_hostile.then(|| format!("{} {}", record.method, record.path)),
        }
    }
}

/// How many requests of a chapter were what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Of ordinary users.
    pub(super) users: u64,
    /// That were an attack.
    pub(super) hostile: u64,
}

/// All requests so far.
#[derive(Default)]
pub(super) struct Played {
    requests: HashMap<String, (Option<usize>, Label)>,
    /// Attacks, in their order: chapter, id, method and path.
    attacks: Vec<(usize, String, String)>,
    chapters: [Counts; CHAPTERS.len()],
    begun: usize,
}

impl Played {
    /// Remembers a request. Gives its chapter when it is the first one of it.
    pub(super) fn take(&mut self, sent: Sent, is_afterwards: bool) -> Option<usize> {
        let chapter = (!is_afterwards).then(|| chapter_at(sent.minute));
        if self.requests.len() < MOST {
            if let (Some(chapter), Some(what)) = (chapter, sent.what) {
                self.attacks.push((chapter, sent.id.clone(), what));
            }
            self.requests.insert(sent.id, (chapter, sent.label));
        }
        let chapter = chapter?;
        let counts = &mut self.chapters[chapter];
        counts.users += u64::from(sent.label == Label::Benign);
        counts.hostile += u64::from(sent.label == Label::Hostile);
        let is_new = chapter >= self.begun;
        self.begun = self.begun.max(chapter + 1);
        is_new.then_some(chapter)
    }

    /// What a request was, and in which chapter (none: after the story).
    pub(super) fn request(&self, id: &str) -> Option<(Option<usize>, Label)> {
        self.requests.get(id).copied()
    }

    /// Attacks of a chapter, in their order: id, and method with path.
    pub(super) fn attacks(&self, chapter: usize) -> impl Iterator<Item = (&str, &str)> {
        let here = self.attacks.iter().filter(move |(at, ..)| *at == chapter);
        here.map(|(_, id, what)| (id.as_str(), what.as_str()))
    }

    /// Counts of a chapter; `None` as long as it has not begun.
    pub(super) fn counts(&self, chapter: usize) -> Option<Counts> {
        (chapter < self.begun).then(|| self.chapters[chapter])
    }
}
