//! One JSON line for each exchange. A writer of its own takes them from a bounded queue; what does
//! not fit, there or on the disk, is dropped and counted. A reload opens the file anew, so that it can be
//! moved away before.

use std::{
    fmt::Write as _,
    fs::OpenOptions,
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
    shared: Arc<Shared>,
}

/// What both ends know.
#[derive(Default)]
struct Shared {
    /// Lines that were not written: there was no room in the queue, or on the disk.
    dropped: AtomicU64,
    /// What the writer goes on in.
    next: Mutex<Option<Out>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}

impl AccessLog {
    /// Opens the log, if there is to be one.
    pub(crate) fn open(target: &config::AccessLog) -> Result<Option<Self>, ConfigError> {
        let (out, path): (Out, _) = match target {
            config::AccessLog::Off => return Ok(None),
            config::AccessLog::Stdout => (Box::new(io::stdout()), None),
            config::AccessLog::File(path) => (append(path)?, Some(path.clone())),
        };
        let (lines, queue) = sync_channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let writer = Writer { out: BufWriter::new(out), shared: Arc::clone(&shared) };
        let started = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writer.write_all(&queue));
        started.map_err(|error| ConfigError::value("access_log", error.to_string()))?;
        Ok(Some(Self { path, lines, shared }))
    }

    /// Lines that were not written so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }

    /// Opens its file once more: who rotates logs has moved the other one away. `None` without a file.
    pub(crate) fn open_again(&self) -> Result<Option<Out>, ConfigError> {
        self.path.as_deref().map(append).transpose()
    }

    /// Writes what comes from now on to this file.
    pub(crate) fn go_on_in(&self, out: Out) {
        *self.shared.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(out);
    }

    pub(crate) fn write(&self, call: &Call) {
        if self.lines.try_send(line(call)).is_err() {
            self.shared.dropped.fetch_add(1, Relaxed);
        }
    }
}

/// Where lines go.
pub(crate) type Out = Box<dyn Write + Send>;

fn append(path: &Path) -> Result<Out, ConfigError> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file =
        file.map_err(|error| ConfigError::File { path: path.into(), problem: error.to_string() })?;
    Ok(Box::new(file))
}

/// The end that writes.
struct Writer {
    out: BufWriter<Out>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Writes what is there at once, then waits.
    fn write_all(mut self, queue: &Receiver<String>) {
        while let Ok(line) = queue.recv() {
            let next = self.shared.next.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(next) = next {
                self.go_on_in(next);
            }
            self.write(&line);
            while let Ok(line) = queue.try_recv() {
                self.write(&line);
            }
            // What could not be written stays in the buffer, and is tried again with the next line.
            let _ = self.out.flush();
        }
    }

    fn write(&mut self, line: &str) {
        if self.out.write_all(line.as_bytes()).is_err() {
            self.shared.dropped.fetch_add(1, Relaxed);
        }
    }

    fn go_on_in(&mut self, next: Out) {
        if self.out.flush().is_err() {
            let lost = self.out.buffer().iter().filter(|b| **b == b'\n').count();
            self.shared.dropped.fetch_add(lost as u64, Relaxed);
        }
        self.out = BufWriter::new(next);
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
