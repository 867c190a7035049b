//! The bytes of an input: opened, identified, unwrapped, and given out in bounded pieces.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bartizan_model::{HashKey, source::Checkpoint};

use super::{
    encoding::{self, Utf16Reader, Wrapping},
    error::SourceError,
    skip::SkipReason,
};

/// How much of the beginning identifies an input and is looked at to recognise its format.
pub(super) const HEAD_BYTES: usize = 64 * 1024;
const BUFFER_BYTES: usize = 128 * 1024;
/// Not a secret: an identity must be the same on every machine.
const IDENTITY_KEY: [u8; 32] = *b"bartizan input identity v1......";

enum Origin {
    File(File),
    Reader(Box<dyn Read + Send>),
}

/// An input whose bytes are decompressed and UTF-8 (or meant to be).
pub struct Input {
    name: String,
    identity: String,
    total: Option<u64>,
    plain: bool,
    wrapping: Option<Wrapping>,
    raw_read: Arc<AtomicU64>,
    raw_failed: Arc<AtomicBool>,
    reader: Box<dyn Read + Send>,
    head: Vec<u8>,
    head_is_all: bool,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    broken: Option<SkipReason>,
}

/// Counts raw bytes, and remembers whether a failure came from here or from a decoder above.
struct RawReader<R> {
    inner: R,
    read: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl<R: Read> Read for RawReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(n) => {
                self.read.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.failed.store(true, Ordering::Relaxed);
                }
                Err(error)
            }
        }
    }
}

impl Input {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// When the file cannot be opened or read, or when it is not what `resume` was taken from.
    pub fn path(path: &Path, resume: Option<&Checkpoint>) -> Result<Self, SourceError> {
        if path.as_os_str() == "-" {
            return Self::reader("-", Box::new(io::stdin()), resume);
        }
        let name = path.display().to_string();
        let open = |cause| SourceError::Open { name: name.clone(), cause };
        let file = File::open(path).map_err(open)?;
        let metadata = file.metadata().map_err(open)?;
        if metadata.is_dir() {
            let cause = io::Error::other("it is a directory: name the files in it");
            return Err(open(cause));
        }
        if metadata.is_file() {
            Self::open(name, Origin::File(file), Some(metadata.len()), resume)
        } else {
            Self::open(name, Origin::Reader(Box::new(file)), None, resume)
        }
    }

    /// Takes any reader; `name` stands for it in messages and identities.
    ///
    /// # Errors
    /// As [`Input::path`].
    pub fn reader(
        name: &str,
        reader: Box<dyn Read + Send>,
        resume: Option<&Checkpoint>,
    ) -> Result<Self, SourceError> {
        Self::open(name.to_owned(), Origin::Reader(reader), None, resume)
    }

    fn open(
        name: String,
        mut origin: Origin,
        total: Option<u64>,
        resume: Option<&Checkpoint>,
    ) -> Result<Self, SourceError> {
        let first = match &mut origin {
            Origin::File(file) => read_head(file),
            Origin::Reader(reader) => read_head(reader),
        };
        let first =
            first.map_err(|cause| SourceError::Read { name: name.clone(), at: 0, cause })?;
        let identity = match resume {
            Some(checkpoint) => same_input(&name, &first, checkpoint)?,
            None => identity_of(&name, &first),
        };
        let wrapping = encoding::wrapping(&first);
        let plain = wrapping.is_none() && encoding::utf16(&first).is_none();
        let (raw_read, raw_failed) = (Arc::default(), Arc::default());
        let mut input = Self {
            name,
            identity,
            total,
            plain,
            wrapping,
            raw_read: Arc::clone(&raw_read),
            raw_failed: Arc::clone(&raw_failed),
            reader: Box::new(io::empty()),
            head: Vec::new(),
            head_is_all: false,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            broken: None,
        };
        let skip = resume.map_or(0, |checkpoint| checkpoint.offset);
        match origin {
            Origin::File(mut file) if plain && skip > 0 => {
                input.seek(&mut file, skip)?;
                input.head = first;
                raw_read.store(skip, Ordering::Relaxed);
                input.reader =
                    Box::new(RawReader { inner: file, read: raw_read, failed: raw_failed });
                input.buffer.resize(BUFFER_BYTES, 0);
            }
            Origin::File(file) => input.start(first, file, skip)?,
            Origin::Reader(reader) => input.start(first, reader, skip)?,
        }
        Ok(input)
    }

    fn seek(&mut self, file: &mut File, skip: u64) -> Result<(), SourceError> {
        if let Some(total) = self.total.filter(|total| *total < skip) {
            let found = format!("it shrank to {total} bytes and was read up to byte {skip}");
            return Err(SourceError::Changed { name: self.name.clone(), found });
        }
        file.seek(SeekFrom::Start(skip)).map_err(|cause| self.read_error(cause))?;
        self.offset = skip;
        Ok(())
    }

    /// Builds the chain of readers over what was read already, and skips what was handed over.
    fn start(
        &mut self,
        first: Vec<u8>,
        rest: impl Read + Send + 'static,
        skip: u64,
    ) -> Result<(), SourceError> {
        let raw = RawReader {
            inner: io::Cursor::new(first).chain(rest),
            read: Arc::clone(&self.raw_read),
            failed: Arc::clone(&self.raw_failed),
        };
        self.reader = match self.wrapping {
            Some(wrapping) => {
                encoding::unwrap(wrapping, Box::new(raw)).map_err(|cause| self.read_error(cause))?
            }
            None => Box::new(raw),
        };
        self.buffer.resize(BUFFER_BYTES, 0);
        self.fill_head()?;
        let head = self.buffer.get(..self.end).unwrap_or_default();
        if let Some(order) = encoding::utf16(head) {
            let reader = std::mem::replace(&mut self.reader, Box::new(io::empty()));
            let again = io::Cursor::new(head.to_vec()).chain(reader);
            self.reader = Box::new(Utf16Reader::new(again, order));
            (self.start, self.end, self.ended) = (0, 0, false);
            self.fill_head()?;
        }
        self.head = self.buffer.get(..self.end.min(HEAD_BYTES)).unwrap_or_default().to_vec();
        self.head_is_all = self.ended;
        self.skip(skip)
    }

    fn fill_head(&mut self) -> Result<(), SourceError> {
        while self.end < HEAD_BYTES && !self.ended {
            self.read_more()?;
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), SourceError> {
        while self.offset < bytes {
            let there = self.fill()?.len();
            if there == 0 {
                let found = format!("it ends at byte {} and was read up to {bytes}", self.offset);
                return Err(SourceError::Changed { name: self.name.clone(), found });
            }
            let left = usize::try_from(bytes - self.offset).unwrap_or(usize::MAX);
            self.consume(there.min(left));
        }
        Ok(())
    }

    /// Reads behind what is in the buffer. A damaged compression ends the input.
    fn read_more(&mut self) -> Result<(), SourceError> {
        let Some(free) = self.buffer.get_mut(self.end..).filter(|free| !free.is_empty()) else {
            return Ok(());
        };
        match self.reader.read(free) {
            Ok(0) => self.ended = true,
            Ok(n) => self.end += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if self.wrapping.is_some() && !self.raw_failed.load(Ordering::Relaxed) => {
                self.ended = true;
                self.broken = Some(match error.kind() {
                    io::ErrorKind::UnexpectedEof => SkipReason::Truncated,
                    _ => SkipReason::CompressionBroken,
                });
            }
            Err(error) => {
                self.ended = true;
                return Err(self.read_error(error));
            }
        }
        Ok(())
    }

    fn read_error(&self, cause: io::Error) -> SourceError {
        SourceError::Read { name: self.name.clone(), at: self.offset, cause }
    }

    /// What can be read next; empty at the end.
    pub(super) fn fill(&mut self) -> Result<&[u8], SourceError> {
        if self.start >= self.end {
            (self.start, self.end) = (0, 0);
            while self.end == 0 && !self.ended {
                self.read_more()?;
            }
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    /// Takes `bytes` of what [`Input::fill`] gave.
    pub(super) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.end - self.start);
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// The next byte, left where it is.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, SourceError> {
        Ok(self.fill()?.first().copied())
    }

    /// Why a compressed input ended before its end, once it has.
    pub(super) fn broken(&mut self) -> Option<SkipReason> {
        self.broken.take()
    }

    /// Whether a compressed input ended before its end.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Name as given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name, and length and hash of the beginning, as checkpoints have it.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The first bytes after unwrapping, at most 64 KiB.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the head is the whole input.
    #[must_use]
    pub const fn head_is_all(&self) -> bool {
        self.head_is_all
    }

    /// Frees the head once the format is known.
    pub(super) fn drop_head(&mut self) {
        self.head = Vec::new();
    }

    pub(super) const fn wrapping(&self) -> Option<Wrapping> {
        self.wrapping
    }

    /// Bytes taken, counted after unwrapping: what checkpoints hold.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes of the file read so far, for progress.
    #[must_use]
    pub fn position(&self) -> u64 {
        if self.plain { self.offset } else { self.raw_read.load(Ordering::Relaxed) }
    }

    /// Bytes of the file when it was opened; `None` for what is not a regular file.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.total
    }
}

pub(super) fn read_head(reader: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn identity_of(name: &str, head: &[u8]) -> String {
    let hash = HashKey::new(IDENTITY_KEY).hash("input", head);
    format!("{}:{hash}:{name}", head.len())
}

/// The identity of the checkpoint, when `head` is the beginning of the same input. The hash covers
/// as much as there was when reading began, so that a log that has grown since is still the same.
fn same_input(name: &str, head: &[u8], checkpoint: &Checkpoint) -> Result<String, SourceError> {
    let changed = |found: String| SourceError::Changed { name: name.to_owned(), found };
    let mut parts = checkpoint.input.splitn(3, ':');
    let length = parts.next().and_then(|length| length.parse::<usize>().ok());
    let (Some(length), Some(_), Some(known)) = (length, parts.next(), parts.next()) else {
        return Err(changed("the checkpoint is not one of a source".to_owned()));
    };
    if known != name {
        return Err(changed(format!("the checkpoint is of {known}")));
    }
    let Some(beginning) = head.get(..length) else {
        return Err(changed(format!("it shrank to {} bytes", head.len())));
    };
    let identity = identity_of(name, beginning);
    if identity == checkpoint.input {
        Ok(identity)
    } else {
        Err(changed("it begins differently, so it is another file of that name".to_owned()))
    }
}
