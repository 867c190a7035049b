//! The exchange log as segment files of one scope: `DIRECTORY/0000000001.seg` and so on.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bartizan_model::{HashKey, Scope};

use super::{
    BlockEntry, ExchangeLog,
    record::ExchangeFacts,
    segment::{
        self, BLOCK_HEADER_BYTES, HEADER_BYTES, Header, MAX_BLOCK_BYTES, Packed, SegmentCipher,
    },
};
use crate::{
    error::{Result, StoreError},
    files,
};

/// How segments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// A new segment is begun when one has this many bytes. Retention removes whole segments, so
    /// this is also how finely a byte budget is kept.
    pub segment_bytes: u64,
    /// Most bytes of all segments together: the oldest make room for new ones. `None`: no limit.
    pub max_bytes: Option<u64>,
}

/// Most bytes of a segment.
const SEGMENT_BYTES: u64 = 8 << 20;

impl LogOptions {
    /// For a log of at most so many bytes: segments are at most an eighth of it.
    #[must_use]
    pub fn within(max_bytes: u64) -> Self {
        let segment_bytes = (max_bytes / 8).clamp(1 << 20, SEGMENT_BYTES);
        Self { segment_bytes, max_bytes: Some(max_bytes) }
    }
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES, max_bytes: None }
    }
}

/// How much of a segment the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentExtent {
    /// Number of the segment.
    pub segment: u64,
    /// End of its last indexed block, in bytes.
    pub end: u64,
}

/// The exchange log of one scope in a directory of files.
pub struct FileExchangeLog {
    inner: Arc<Inner>,
}

struct Inner {
    directory: PathBuf,
    scope: Scope,
    key: HashKey,
    store: [u8; 16],
    options: LogOptions,
    read_only: bool,
    writer: Mutex<Writer>,
}

struct Writer {
    next_segment: u64,
    current: Option<Segment>,
}

struct Segment {
    file: File,
    path: PathBuf,
    number: u64,
    cipher: SegmentCipher,
    /// Where the next block goes.
    end: u64,
    position: u32,
    /// Of the next block. Goes up also for blocks that are given up: a nonce is never used twice.
    counter: u64,
}

impl fmt::Debug for FileExchangeLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileExchangeLog({})", self.inner.directory.display())
    }
}

/// What a log is opened with.
#[derive(Clone, Debug)]
pub(crate) struct LogSetup {
    pub(crate) directory: PathBuf,
    pub(crate) scope: Scope,
    pub(crate) key: HashKey,
    pub(crate) store: [u8; 16],
    pub(crate) options: LogOptions,
    /// The highest segment number that was ever used, as the store knows.
    pub(crate) last_segment: u64,
}

impl FileExchangeLog {
    /// Opens for reading and writing. `known` is what the store indexes; the rest was never
    /// acknowledged and is cut off.
    pub(crate) fn open(setup: LogSetup, known: &[SegmentExtent]) -> Result<Self> {
        files::create_private_directory(&setup.directory)?;
        let known: BTreeMap<u64, u64> = known.iter().map(|e| (e.segment, e.end)).collect();
        let mut changed = false;
        for (number, path) in segment_files(&setup.directory)? {
            changed |= match known.get(&number) {
                Some(end) => cut_tail(&path, *end)?,
                None => remove_unknown(&path, &setup.store)?,
            };
        }
        if changed {
            files::sync_directory(&setup.directory)?;
        }
        let last_known = known.last_key_value().map_or(0, |(number, _)| *number);
        let next_segment = setup.last_segment.max(last_known) + 1;
        Ok(Self::assemble(setup, next_segment, false))
    }

    /// Opens for reading while another process may write; changes nothing.
    pub(crate) fn open_read_only(setup: LogSetup) -> Self {
        Self::assemble(setup, 0, true)
    }

    fn assemble(setup: LogSetup, next_segment: u64, read_only: bool) -> Self {
        let LogSetup { directory, scope, key, store, options, .. } = setup;
        let writer = Mutex::new(Writer { next_segment, current: None });
        let inner = Inner { directory, scope, key, store, options, read_only, writer };
        Self { inner: Arc::new(inner) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(|e| StoreError::Io {
            action: "working on",
            path: self.inner.directory.clone(),
            source: io::Error::other(e),
        })?
    }
}

#[async_trait]
impl ExchangeLog for FileExchangeLog {
    async fn append(&self, packed: &Arc<Packed>) -> Result<Vec<BlockEntry>> {
        if self.inner.read_only {
            return Err(StoreError::OpenedReadOnly);
        }
        if packed.blocks.is_empty() {
            return Ok(Vec::new());
        }
        let packed = Arc::clone(packed);
        self.run(move |inner| inner.append(&packed)).await
    }

    async fn discard(&self, blocks: &[BlockEntry]) {
        let (Some(first), Some(last)) = (blocks.first().cloned(), blocks.last().cloned()) else {
            return;
        };
        let _ = self.run(move |inner| inner.discard(&first, &last)).await;
    }

    async fn read(&self, block: &BlockEntry) -> Result<Vec<ExchangeFacts>> {
        let block = block.clone();
        self.run(move |inner| inner.read(&block)).await
    }

    async fn remove(&self, segments: &[u64]) -> Result<()> {
        if self.inner.read_only {
            return Err(StoreError::OpenedReadOnly);
        }
        let segments = segments.to_vec();
        self.run(move |inner| inner.remove(&segments)).await
    }
}

impl Inner {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:010}.seg"))
    }

    fn append(&self, packed: &Packed) -> Result<Vec<BlockEntry>> {
        let mut writer = self.writer();
        let before = writer.current.as_ref().map(|s| (s.end, s.position));
        let mut finished = Vec::new();
        let result = self.write_blocks(&mut writer, &mut finished, &packed.blocks);
        if result.is_err() {
            // Give the space back: on a full disk the next attempt needs it. What cannot be undone
            // here is cut off on the next opening, because no entry points to it.
            let mut touched: Vec<Segment> = finished;
            touched.extend(writer.current.take());
            if before.is_some() && !touched.is_empty() {
                let first = touched.remove(0);
                writer.current = before.and_then(|(end, position)| first.shortened(end, position));
            }
            for begun in touched {
                let _ = fs::remove_file(&begun.path);
            }
        }
        result
    }

    fn write_blocks(
        &self,
        writer: &mut Writer,
        finished: &mut Vec<Segment>,
        blocks: &[segment::PlainBlock],
    ) -> Result<Vec<BlockEntry>> {
        let mut entries = Vec::with_capacity(blocks.len());
        for block in blocks {
            if let Some(full) =
                writer.current.take_if(|current| current.end >= self.options.segment_bytes)
            {
                full.sync()?;
                finished.push(full);
            }
            let segment = match &mut writer.current {
                Some(segment) => segment,
                empty => {
                    let begun = self.begin_segment(writer.next_segment)?;
                    writer.next_segment += 1;
                    empty.insert(begun)
                }
            };
            let written = segment.write(block)?;
            entries.push(written.ok_or_else(|| self.unencodable("a block is too long"))?);
        }
        if let Some(segment) = &writer.current {
            segment.sync()?;
        }
        Ok(entries)
    }

    fn unencodable(&self, reason: &'static str) -> StoreError {
        let source = io::Error::new(io::ErrorKind::InvalidInput, reason);
        StoreError::Io { action: "writing", path: self.directory.clone(), source }
    }

    fn begin_segment(&self, number: u64) -> Result<Segment> {
        let path = self.path(number);
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|e| StoreError::NoRandomness(e.to_string()))?;
        let header = Header::new(self.store, id, &self.key);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| StoreError::io("creating", &path, e))?;
        let begun = file
            .write_all_at(&header.to_bytes(), 0)
            .map_err(|e| StoreError::io("writing", &path, e))
            .and_then(|()| files::sync_directory(&self.directory));
        if let Err(error) = begun {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Segment {
            file,
            path,
            number,
            cipher: SegmentCipher::new(&self.key, &self.scope, &header),
            end: HEADER_BYTES as u64,
            position: 0,
            counter: 0,
        })
    }

    fn read(&self, block: &BlockEntry) -> Result<Vec<ExchangeFacts>> {
        let path = self.path(block.segment);
        let damaged = |reason| StoreError::DamagedBlock {
            path: path.clone(),
            position: block.position,
            reason,
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(damaged("the segment file is not there"));
            }
            Err(e) => return Err(StoreError::io("reading", &path, e)),
        };
        let read = |buffer: &mut [u8], offset| match file.read_exact_at(buffer, offset) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Err(damaged("the segment file ends before it"))
            }
            Err(e) => Err(StoreError::io("reading", &path, e)),
        };
        let mut header = [0; HEADER_BYTES];
        read(&mut header, 0)?;
        let header =
            Header::parse(&header).ok_or_else(|| damaged("the segment's header is damaged"))?;
        if !header.is_of(&self.key) {
            return Err(damaged(
                "the segment's header is damaged or was written under another key",
            ));
        }
        let length = block.length as usize;
        if !(BLOCK_HEADER_BYTES..=MAX_BLOCK_BYTES).contains(&length) {
            return Err(damaged("its length in the index is impossible"));
        }
        let mut bytes = vec![0; length];
        read(&mut bytes, block.offset)?;
        let cipher = SegmentCipher::new(&self.key, &self.scope, &header);
        let plain = cipher.open(block.offset, &bytes).map_err(damaged)?;
        segment::unpack(&plain, header.version).map_err(damaged)
    }

    fn discard(&self, first: &BlockEntry, last: &BlockEntry) -> Result<()> {
        let mut writer = self.writer();
        let Some(current) = writer.current.take_if(|s| s.number == last.segment) else {
            return Ok(());
        };
        if current.end != last.offset + u64::from(last.length) {
            // Not the last blocks any more: others came behind them.
            writer.current = Some(current);
            return Ok(());
        }
        if first.segment == current.number {
            writer.current = current.shortened(first.offset, first.position);
            return Ok(());
        }
        // They reach over several segments: what was begun for them goes, the first one is closed.
        for number in first.segment + 1..=last.segment {
            remove_file(&self.path(number))?;
        }
        cut_tail(&self.path(first.segment), first.offset).map(|_| ())
    }

    fn remove(&self, segments: &[u64]) -> Result<()> {
        let mut writer = self.writer();
        if writer.current.as_ref().is_some_and(|s| segments.contains(&s.number)) {
            writer.current = None;
        }
        for number in segments {
            remove_file(&self.path(*number))?;
        }
        files::sync_directory(&self.directory)
    }
}

impl Segment {
    /// Writes one block at the end; `None` when it is too long to be one.
    fn write(&mut self, block: &segment::PlainBlock) -> Result<Option<BlockEntry>> {
        let counter = self.counter;
        self.counter += 1;
        let Some(bytes) = self.cipher.seal(counter, self.end, &block.bytes) else {
            return Ok(None);
        };
        let Ok(length) = u32::try_from(bytes.len()) else { return Ok(None) };
        self.file
            .write_all_at(&bytes, self.end)
            .map_err(|e| StoreError::io("writing", &self.path, e))?;
        let entry = BlockEntry {
            segment: self.number,
            position: self.position,
            offset: self.end,
            length,
            ..block.entry.clone()
        };
        self.position += 1;
        self.end += u64::from(length);
        Ok(Some(entry))
    }

    /// The segment as it was before a failed append; `None` when that cannot be had.
    fn shortened(mut self, end: u64, position: u32) -> Option<Self> {
        self.file.set_len(end).and_then(|()| self.file.sync_all()).ok()?;
        self.end = end;
        self.position = position;
        Some(self)
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| StoreError::io("syncing", &self.path, e))
    }
}

/// The segments in a directory, in order.
pub(crate) fn segment_files(directory: &Path) -> Result<BTreeMap<u64, PathBuf>> {
    let listing = match fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(StoreError::io("reading", directory, e)),
    };
    let mut out = BTreeMap::new();
    for entry in listing {
        let path = entry.map_err(|e| StoreError::io("reading", directory, e))?.path();
        let number =
            path.file_name().and_then(|n| n.to_str()?.strip_suffix(".seg")?.parse::<u64>().ok());
        if let Some(number) = number {
            out.insert(number, path);
        }
    }
    Ok(out)
}

fn cut_tail(path: &Path, end: u64) -> Result<bool> {
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|e| StoreError::io("opening", path, e))?;
    let length = file.metadata().map_err(|e| StoreError::io("reading", path, e))?.len();
    if length <= end {
        return Ok(false);
    }
    file.set_len(end)
        .and_then(|()| file.sync_all())
        .map_err(|e| StoreError::io("cutting", path, e))?;
    Ok(true)
}

/// Removes a segment that no block entry points to, unless it is another store's.
fn remove_unknown(path: &Path, store: &[u8; 16]) -> Result<bool> {
    let mut header = [0; HEADER_BYTES];
    let mut file = File::open(path).map_err(|e| StoreError::io("reading", path, e))?;
    let length = file.seek(SeekFrom::End(0)).map_err(|e| StoreError::io("reading", path, e))?;
    // Shorter than a header: the process was stopped while it began the segment.
    if length >= HEADER_BYTES as u64 {
        file.rewind()
            .and_then(|()| file.read_exact(&mut header))
            .map_err(|e| StoreError::io("reading", path, e))?;
        if Header::parse(&header).is_none_or(|h| h.store != *store) {
            // A header of zeros: begun, and the machine stopped before its content was durable.
            if header.iter().any(|b| *b != 0) {
                return Err(StoreError::ForeignSegment { path: path.to_owned() });
            }
        }
    }
    remove_file(path)?;
    Ok(true)
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StoreError::io("removing", path, e)),
        _ => Ok(()),
    }
}
