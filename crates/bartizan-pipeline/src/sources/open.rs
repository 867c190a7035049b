//! Opening inputs: by path or reader, with the format recognised, from a checkpoint or anew.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use bartizan_model::source::Checkpoint;
use bartizan_protocols::capture::KeyLog;

use super::{
    Head, Merged, SOURCES, Source, SourceItem, SourceLimits,
    error::SourceError,
    foreign,
    input::Input,
    ledger::{Ledger, ReaderState},
};

/// Sure enough to be told apart by content.
const BY_CONTENT: u8 = 50;

/// How inputs are opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    format: Option<String>,
    limits: SourceLimits,
    prefix: String,
    secrets: Arc<KeyLog>,
}

impl OpenOptions {
    /// Formats are recognised, limits are the default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes every input for this format, see [`SourceItem::name`].
    #[must_use]
    pub fn format(mut self, name: &str) -> Self {
        self.format = Some(name.to_owned());
        self
    }

    /// Sets the limits.
    #[must_use]
    pub const fn limits(mut self, limits: SourceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads TLS in captures with these secrets, beside those that a capture holds.
    #[must_use]
    pub fn secrets(mut self, secrets: KeyLog) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// Puts text before the numbers of exchanges without id.
    #[must_use]
    pub fn number_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read or its format is not known.
    pub fn open(&self, path: &Path) -> Result<Box<dyn Source>, SourceError> {
        self.start(Input::path(path, None)?, None)
    }

    /// Opens any reader; `name` stands for it.
    ///
    /// # Errors
    /// As [`OpenOptions::open`].
    pub fn open_reader(
        &self,
        name: &str,
        reader: impl Read + Send + 'static,
    ) -> Result<Box<dyn Source>, SourceError> {
        self.start(Input::reader(name, Box::new(reader), None)?, None)
    }

    /// Goes on with a file where a checkpoint was taken. A file that has grown since is the same
    /// file. Compressed input and UTF-16 is read again and passed over up to there.
    ///
    /// # Errors
    /// As [`OpenOptions::open`]; and [`SourceError::Changed`] when the file shrank or begins
    /// differently.
    pub fn resume(&self, path: &Path, at: &Checkpoint) -> Result<Box<dyn Source>, SourceError> {
        self.start(Input::path(path, Some(at))?, Some(at))
    }

    /// Opens several files as one source, see [`Merged`]; a single one as itself. Exchanges
    /// without id are numbered `n`, or `input:n` with several inputs (both from 1).
    ///
    /// # Errors
    /// The first file that cannot be opened.
    pub fn open_all(&self, paths: &[PathBuf]) -> Result<Box<dyn Source>, SourceError> {
        self.all(paths, |options, path, _| options.open(path))
    }

    /// Goes on with several files; see [`OpenOptions::open_all`] and [`OpenOptions::resume`].
    ///
    /// # Errors
    /// The first file that cannot be gone on with, or a checkpoint of other inputs.
    pub fn resume_all(
        &self,
        paths: &[PathBuf],
        at: &Checkpoint,
    ) -> Result<Box<dyn Source>, SourceError> {
        if let [path] = paths {
            return self.resume(path, at);
        }
        let each = Merged::split_checkpoint(at)?;
        if each.len() != paths.len() {
            return Err(SourceError::Changed {
                name: format!("{} inputs", paths.len()),
                found: format!("the checkpoint is of {}", each.len()),
            });
        }
        self.all(paths, |options, path, i| match each.get(i) {
            Some(at) => options.resume(path, at),
            None => options.open(path),
        })
    }

    fn all(
        &self,
        paths: &[PathBuf],
        open: impl Fn(&Self, &Path, usize) -> Result<Box<dyn Source>, SourceError>,
    ) -> Result<Box<dyn Source>, SourceError> {
        if let [path] = paths {
            return open(self, path, 0);
        }
        let mut sources = Vec::with_capacity(paths.len());
        for (i, path) in paths.iter().enumerate() {
            let options = self.clone().number_prefix(&format!("{}{}:", self.prefix, i + 1));
            sources.push(open(&options, path, i)?);
        }
        Ok(Box::new(Merged::new(sources)))
    }

    fn start(
        &self,
        mut input: Input,
        at: Option<&Checkpoint>,
    ) -> Result<Box<dyn Source>, SourceError> {
        let resume = at.map(|at| reader_state(&input, at)).transpose()?.flatten();
        let item = match (&resume, &self.format) {
            (Some((_, state)), _) => by_name(&state.format)?,
            (None, Some(name)) => by_name(name)?,
            (None, None) => recognise(&input)?,
        };
        input.drop_head();
        let ledger = Ledger::new(self.prefix.clone(), resume);
        Ok(item.open(input, ledger, &self.limits, &self.secrets))
    }
}

/// What the checkpoint says to the reader; `None` when it was taken before the first exchange.
fn reader_state<'a>(
    input: &Input,
    at: &'a Checkpoint,
) -> Result<Option<(&'a Checkpoint, ReaderState)>, SourceError> {
    match ReaderState::read(&at.reader) {
        Some(state) => Ok(Some((at, state))),
        None if at.offset == 0 => Ok(None),
        None => Err(SourceError::Changed {
            name: input.name().to_owned(),
            found: "the checkpoint is not one of a source".to_owned(),
        }),
    }
}

fn by_name(name: &str) -> Result<&'static SourceItem, SourceError> {
    SOURCES.iter().find(|item| item.name == name).copied().ok_or_else(|| {
        let known: Vec<_> = SOURCES.iter().map(|item| item.name).collect();
        SourceError::UnknownFormat { asked: name.to_owned(), known: known.join(", ") }
    })
}

/// The format of an input, or what it looks like instead.
fn recognise(input: &Input) -> Result<&'static SourceItem, SourceError> {
    let name = || input.name().to_owned();
    let head = input.head();
    if head.is_empty() {
        return Err(match input.wrapping().filter(|_| input.is_broken()) {
            Some(wrapping) => {
                SourceError::Unpackable { name: name(), wrapping: wrapping.to_string() }
            }
            None => SourceError::Empty { name: name() },
        });
    }
    let inside = |found: &str| match input.wrapping() {
        Some(wrapping) => format!("{found} inside {wrapping}"),
        None => found.to_owned(),
    };
    let not_read = |f: foreign::Foreign| SourceError::NotReadYet {
        name: name(),
        found: inside(f.found),
        help: f.help,
    };
    if let Some(found) = foreign::by_magic(head, input.wrapping()) {
        return Err(not_read(found));
    }
    let extension = extension(input.name());
    let head_of = Head { bytes: head, is_all: input.head_is_all(), extension: &extension };
    // Of equals, the first in the list.
    let best = SOURCES.iter().rev().map(|item| (item.recognise(&head_of), *item));
    let (sure, item) = best.max_by_key(|(sure, _)| *sure).unwrap_or((0, SOURCES[0]));
    if sure >= BY_CONTENT {
        return Ok(item);
    }
    if let Some(found) = foreign::by_text(head) {
        return Err(not_read(found));
    }
    let (found, help) = foreign::describe(head);
    if sure > 0 && !found.starts_with("binary") {
        return Ok(item);
    }
    Err(SourceError::NotRecognised { name: name(), found: inside(&found), help })
}

/// Extension in lower case, without that of a compression; `log` for `access.log.1`.
fn extension(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let mut parts: Vec<_> = name.split('.').skip(1).collect();
    while parts.last().is_some_and(|last| {
        matches!(*last, "gz" | "zst" | "z") || last.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    }) {
        parts.pop();
    }
    parts.last().map(|last| (*last).to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_found_behind_rotation_and_compression() {
        for (name, found) in [
            ("/var/log/nginx/access.log.2.gz", "log"),
            ("access.log-20260501.zst", "log-20260501"),
            ("A.HAR", "har"),
            ("x.d/plain", ""),
            ("-", ""),
        ] {
            assert_eq!(extension(name), found, "{name}");
        }
    }
}
