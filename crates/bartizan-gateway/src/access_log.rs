//! One JSON line for each exchange. A writer of its own takes them from a bounded queue; what does
//! not fit is dropped and counted.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use http::Version;

use crate::{
    call::Call,
    config::{self, ConfigError},
    forward::own_keys,
    handover::timestamp,
    policy::{Applied, Decisions},
    problem::escape,
};

/// Most lines that wait to be written.
const QUEUE: usize = 8192;

/// The sending end of the log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    /// The file, when it is one.
    path: Option<PathBuf>,
    lines: SyncSender<String>,
    dropped: AtomicU64,
    next: NextFile,
}

/// A file that the writer goes on in.
type NextFile = Arc<Mutex<Option<File>>>;

impl AccessLog {
    /// Opens the log, if there is to be one.
    pub(crate) fn open(target: &config::AccessLog) -> Result<Option<Self>, ConfigError> {
        let (out, path): (Box<dyn Write + Send>, _) = match target {
            config::AccessLog::Off => return Ok(None),
            config::AccessLog::Stdout => (Box::new(io::stdout()), None),
            config::AccessLog::File(path) => (Box::new(open(path)?), Some(path.clone())),
        };
        let (lines, queue) = sync_channel(QUEUE);
        let next = NextFile::default();
        let of_writer = Arc::clone(&next);
        let started = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(&queue, BufWriter::new(out), &of_writer));
        started.map_err(|error| ConfigError::value("access_log", error.to_string()))?;
        Ok(Some(Self { path, lines, dropped: AtomicU64::new(0), next }))
    }

    /// Opens its file once more: who rotates logs has moved the other one away. `None` without a file.
    pub(crate) fn open_again(&self) -> Result<Option<File>, ConfigError> {
        self.path.as_deref().map(open).transpose()
    }

    /// Writes what comes from now on to this file.
    pub(crate) fn go_on_in(&self, file: File) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    /// Lines that were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    pub(crate) fn write(&self, call: &Call) {
        if self.lines.try_send(line(call)).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

fn open(path: &Path) -> Result<File, ConfigError> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|error| ConfigError::File { path: path.into(), problem: error.to_string() })
}

/// Writes what is there at once, then waits.
fn write_all(
    queue: &Receiver<String>,
    mut out: BufWriter<Box<dyn Write + Send>>,
    next: &Mutex<Option<File>>,
) {
    while let Ok(line) = queue.recv() {
        // Nothing waits in the old one: it is flushed before each wait.
        if let Some(file) = next.lock().unwrap_or_else(PoisonError::into_inner).take() {
            out = BufWriter::new(Box::new(file));
        }
        let _ = out.write_all(line.as_bytes());
        while let Ok(line) = queue.try_recv() {
            let _ = out.write_all(line.as_bytes());
        }
        let _ = out.flush();
    }
}

/// The line of an exchange. The query of the target is left out: it may hold secrets.
fn line(call: &Call) -> String {
    let mut out = String::with_capacity(320);
    let mut text = |name: &str, value: &str| {
        out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
        out.push_str(name);
        out.push_str("\":\"");
        escape(&mut out, value);
        out.push('"');
    };
    text("time", &timestamp(call.time).to_string());
    text("id", call.id());
    text("client", &call.client.to_string());
    text("method", call.method.as_str());
    text("host", call.authority().unwrap_or_default());
    text("path", &own_keys::hide(call.uri.path().to_owned(), own_keys::HIDDEN));
    text("version", version(call.version));
    text("service", call.service().unwrap_or_default());
    text("upstream", call.upstream.as_deref().unwrap_or_default());
    text("outcome", call.outcome.code());
    let millis = call.ended.duration_since(call.began).as_secs_f64() * 1e3;
    let status = call.status.map_or(0, |status| status.as_u16());
    let _ = write!(
        out,
        ",\"status\":{status},\"request_bytes\":{},\"response_bytes\":{},\"duration_ms\":{millis:.3},\
         \"connection\":{}",
        call.request_body.total, call.response_body.total, call.link.id
    );
    if let Some(decisions) = call.extension::<Decisions>() {
        policies(&mut out, &decisions.applied);
    }
    out.push_str("}\n");
    out
}

/// What policies decided, when that was more than to let pass. All of it is ours: names of policies
/// are letters, digits and `-_.`.
fn policies(out: &mut String, applied: &[Applied]) {
    for (at, one) in applied.iter().enumerate() {
        out.push_str(if at == 0 { ",\"policies\":[" } else { "," });
        let _ = write!(
            out,
            "{{\"policy\":\"{}\",\"kind\":\"{}\",\"outcome\":\"{}\",\"action\":\"{}\",\"reason\":\"{}\"}}",
            one.policy,
            one.kind,
            one.outcome.as_str(),
            one.action.as_str(),
            one.reason
        );
    }
    if !applied.is_empty() {
        out.push(']');
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}
