//! JSON lines in a file.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bartizan_store::Delivery;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Sink, SinkItem};

/// Most lines that are written and synced at once.
const AT_ONCE: u32 = 200;
/// Longest wait for another process that writes to the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How far back the beginning of a torn line is looked for, in bytes.
const LONGEST_LINE: u64 = 1024 * 1024;
/// What every line of ours begins with.
const BEGINNING: &[u8] = b"{\"version\":";

/// The kind.
pub static SINK: SinkItem = SinkItem {
    kind: "json_lines",
    title: "JSON lines in a file",
    what: "\
Appends each event as one line of JSON to a file that only its owner can read (0600), for a shipper to \
pick up or a person to look at. Lines are written a batch at a time, and synced before they count as sent. \
A batch is written whole or taken back; what a crash tore in the middle of a line is cut off when the file \
is opened again, and the event written anew, so that every line is whole. At `rotate_mebibytes` the file \
becomes `PATH.1`, that one `PATH.2` and so on, and of these `keep_files` stay: all together they take no \
more room than that. A file that was moved away or removed by somebody else is noticed and made anew. \
Several processes may write to one file: each waits for the other. When the disk is full or the file cannot \
be written, events wait, and no attempt is counted. There is no sink to standard output, which belongs to \
the access log.",
    delivery: "\
The line is on the disk (`fdatasync`). When the process ends between that and writing it down, the line \
comes twice, with the same id.",
    examples: &["\
name: archive
least_severity: info
json_lines:
  path: /var/log/bartizan/events.jsonl
"],
};

/// Settings of a file of JSON lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonLinesConfig {
    /// The file. Its folder must be there.
    pub path: PathBuf,
    /// Mebibytes at which a new file is begun. 0: never, somebody else does that.
    #[serde(default = "mebibytes")]
    pub rotate_mebibytes: u32,
    /// How many full files are kept beside it; at most 100.
    #[serde(default = "files")]
    pub keep_files: u32,
}

const fn mebibytes() -> u32 {
    100
}

const fn files() -> u32 {
    5
}

/// Compiles a file of JSON lines. Opens nothing.
///
/// # Errors
/// Says what is wrong.
pub(super) fn open(config: &JsonLinesConfig) -> Result<Box<dyn Sink>, String> {
    if config.path.file_name().is_none() {
        return Err("`path`: expected the path of a file".to_owned());
    }
    if config.keep_files > 100 {
        return Err("`keep_files`: expected at most 100".to_owned());
    }
    let most = match config.rotate_mebibytes {
        0 => u64::MAX,
        mebibytes => u64::from(mebibytes) * 1024 * 1024,
    };
    let lines = Lines { path: config.path.clone(), most, keep: config.keep_files, file: None };
    Ok(Box::new(JsonLines(Arc::new(Mutex::new(lines)))))
}

struct JsonLines(Arc<Mutex<Lines>>);

#[async_trait]
impl Sink for JsonLines {
    fn most(&self) -> u32 {
        AT_ONCE
    }

    async fn send(&mut self, deliveries: &[Delivery]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(deliveries.len());
        let mut text = Vec::new();
        for one in deliveries {
            match serde_json::to_vec(&one.event) {
                Ok(line) => {
                    text.extend_from_slice(&line);
                    text.push(b'\n');
                    answers.push(Answer::Taken);
                }
                Err(error) => answers.push(Answer::Refused(error.to_string())),
            }
        }
        let lines = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            let written = lines.append(&text);
            written.map_err(|error| format!("{}: {error}", lines.path.display()))
        });
        let written = written.await.unwrap_or_else(|error| Err(error.to_string()));
        if let Err(error) = written {
            for answer in answers.iter_mut().filter(|answer| **answer == Answer::Taken) {
                *answer = Answer::Unreached(error.clone());
            }
        }
        answers
    }
}

struct Lines {
    path: PathBuf,
    /// Bytes at which a new file is begun.
    most: u64,
    keep: u32,
    file: Option<File>,
}

impl Lines {
    /// Appends whole lines and syncs them; after an error the file is as it was, as far as it can be.
    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) if is_at(&file, &self.path) => file,
            _ => create(&self.path)?,
        };
        lock(&file)?;
        mend(&mut file)?;
        let length = file.metadata()?.len();
        if length > 0 && length.saturating_add(text.len() as u64) > self.most {
            // The lock goes with the file.
            rotate(&self.path, self.keep)?;
            file = create(&self.path)?;
            lock(&file)?;
        }
        let length = file.metadata()?.len();
        if let Err(error) = file.write_all(text).and_then(|()| file.sync_data()) {
            // A part of it may be there, and would be torn.
            let _ = file.set_len(length);
            return Err(error);
        }
        file.unlock()?;
        self.file = Some(file);
        Ok(())
    }
}

/// Whether an open file is the one that the path leads to.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

fn create(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for its reader.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is no file"));
    }
    let is_new = !path.exists();
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    if is_new {
        sync_folder(path)?;
    }
    Ok(file)
}

/// Makes the name of a file as durable as what is in it.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn lock(file: &File) -> io::Result<()> {
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begin.elapsed() > PATIENCE => {
                return Err(io::Error::other("another process keeps it locked"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Cuts off what a crash left of a line of ours. What somebody else left without an end gets one.
fn mend(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LONGEST_LINE);
    let mut last = [0];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    if length == 0 || last == *b"\n" {
        return Ok(());
    }
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut tail)?;
    let torn = memchr::memrchr(b'\n', &tail).map_or(0, |at| at + 1);
    let is_whole = torn > 0 || from == 0;
    let is_ours = tail[torn..].starts_with(BEGINNING) || BEGINNING.starts_with(&tail[torn..]);
    if is_whole && is_ours {
        return file.set_len(from + torn as u64);
    }
    file.write_all(b"\n")
}

/// `PATH` becomes `PATH.1`, that one `PATH.2` and so on; the last one goes.
fn rotate(path: &Path, keep: u32) -> io::Result<()> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    if keep == 0 {
        fs::remove_file(path)?;
        return sync_folder(path);
    }
    for number in (1..keep).rev() {
        match fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(1))?;
    sync_folder(path)
}

#[cfg(test)]
mod tests;
