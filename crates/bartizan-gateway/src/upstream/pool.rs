//! One upstream: its address, its connections, its health.

use std::{
    collections::VecDeque,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};

use super::{
    connection::Connection,
    heard::Heard,
    lines::{Lines, Stream, UNTOLD},
};
use crate::{
    config::{ConfigError, Limits, OwnCertificate, UpstreamProtocol, UpstreamTls},
    listen::{LIBRARY_FIELDS, Socket, tls},
    snapshot::certificates_and_hash,
};

/// Failures to connect in a row after which an upstream is left out for a while.
const EJECTION_FAILURES: u32 = 3;

/// How an upstream is reached. Upstreams that are reached alike are the same across reloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) address: String,
    pub(crate) protocol: UpstreamProtocol,
    pub(crate) tls: Option<UpstreamTls>,
}

/// TLS to a server, ready to use.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
    /// Hash of the files that it is of: connections outlive a reload only while they stay the same.
    pub(crate) files: [u8; 32],
}

impl Tls {
    /// TLS to a server of that name, whose certificate one of the authorities in the file must vouch
    /// for, for a protocol (ALPN).
    ///
    /// # Errors
    /// The file cannot be read, or holds no authority that is of use.
    pub(crate) fn to(
        name: ServerName<'static>,
        authorities: &Path,
        own: Option<&OwnCertificate>,
        protocol: &[u8],
    ) -> Result<Self, ConfigError> {
        let failed = |problem: &str| ConfigError::File {
            path: authorities.to_owned(),
            problem: problem.to_owned(),
        };
        let (found, mut files) = certificates_and_hash(authorities)?;
        let mut roots = RootCertStore::empty();
        // Bundles of systems may hold certificates that are of no use here.
        let (usable, _) = roots.add_parsable_certificates(found);
        if usable == 0 {
            return Err(failed("no usable authority in it"));
        }
        let builder = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error.to_string()))?
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let (chain, hash) = certificates_and_hash(&own.chain)?;
                let key = tls::private_key(&own.key)?;
                let hashes = [files, hash, *blake3::hash(key.secret_der()).as_bytes()];
                files = *blake3::hash(&hashes.concat()).as_bytes();
                builder.with_client_auth_cert(chain, key).map_err(|error| ConfigError::File {
                    path: own.key.clone(),
                    problem: error.to_string(),
                })?
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, files })
    }
}

/// Settings that a reload changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) ejection: Duration,
    pub(crate) limits: Limits,
}

/// An upstream as one configuration sees it: its own settings, and what outlives a reload.
pub(crate) struct Upstream {
    pub(crate) route: Route,
    pub(crate) name: Arc<str>,
    tls: Option<Tls>,
    settings: Settings,
    kept: Arc<Kept>,
}

/// Connections, health and counters, shared by all configurations that reach an upstream alike.
struct Kept {
    idle: Mutex<VecDeque<Box<Connection>>>,
    lines: Lines,
    open: Arc<AtomicUsize>,
    busy: Arc<AtomicUsize>,
    epoch: Instant,
    failures: AtomicU32,
    ejected_until_ms: AtomicU64,
    connects: AtomicU64,
    connect_failures: AtomicU64,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("route", &self.route).finish_non_exhaustive()
    }
}

/// An exchange under way with an upstream, counted until dropped.
pub(crate) struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// An open connection to an upstream, counted until dropped.
#[derive(Debug)]
pub(crate) struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectError {
    /// There are as many as there may be, and none is idle.
    Full,
    /// The upstream could not be reached, or did not keep the protocol.
    Failed,
    /// Something is missing on this machine.
    Ours,
}

impl From<io::Error> for ConnectError {
    fn from(_: io::Error) -> Self {
        Self::Failed
    }
}

impl Upstream {
    pub(crate) fn new(route: Route, tls: Option<Tls>, settings: Settings) -> Self {
        let kept = Kept {
            idle: Mutex::new(VecDeque::new()),
            lines: Lines::default(),
            open: Arc::default(),
            busy: Arc::new(AtomicUsize::new(0)),
            epoch: Instant::now(),
            failures: AtomicU32::new(0),
            ejected_until_ms: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            connect_failures: AtomicU64::new(0),
        };
        let name = route.address.as_str().into();
        Self { name, route, tls, settings, kept: Arc::new(kept) }
    }

    /// The same upstream under other settings. This one keeps its own: exchanges that began with
    /// them end with them.
    pub(crate) fn with_settings(&self, settings: Settings) -> Self {
        Self {
            route: self.route.clone(),
            name: Arc::clone(&self.name),
            tls: self.tls.clone(),
            settings,
            kept: Arc::clone(&self.kept),
        }
    }

    /// Whether it is reached in this way.
    pub(crate) fn is_reached_by(&self, route: &Route, tls: Option<&Tls>) -> bool {
        let files = |tls: Option<&Tls>| tls.map(|tls| tls.files);
        self.route == *route && files(self.tls.as_ref()) == files(tls)
    }

    /// Whether it is the same one, under whatever settings.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kept, &other.kept)
    }

    /// Connections that were opened, and that could not be.
    pub(crate) fn connects(&self) -> (u64, u64) {
        (self.kept.connects.load(Relaxed), self.kept.connect_failures.load(Relaxed))
    }

    /// Counts an exchange.
    pub(crate) fn busy(&self) -> Busy {
        self.kept.busy.fetch_add(1, Relaxed);
        Busy(Arc::clone(&self.kept.busy))
    }

    /// Exchanges under way.
    pub(crate) fn busy_now(&self) -> usize {
        self.kept.busy.load(Relaxed)
    }

    /// Idle connections.
    pub(crate) fn idle_now(&self) -> usize {
        lock(&self.kept.idle).len() + self.kept.lines.idle_now()
    }

    /// Open connections.
    pub(crate) fn open_now(&self) -> usize {
        self.kept.open.load(Relaxed)
    }

    /// Whether it is not left out.
    pub(crate) fn is_healthy(&self) -> bool {
        let until = self.kept.ejected_until_ms.load(Relaxed);
        until == 0 || self.millis() >= until
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.kept.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// An idle connection that is alive.
    pub(crate) fn take(&self) -> Option<Box<Connection>> {
        loop {
            let mut connection = lock(&self.kept.idle).pop_back()?;
            let is_fresh = connection.idle_since.elapsed() < self.settings.idle;
            if is_fresh && connection.is_ready() {
                return Some(connection);
            }
        }
    }

    /// Keeps an idle connection, in place of the oldest when there are too many.
    pub(crate) fn put(&self, mut connection: Box<Connection>) {
        connection.idle_since = Instant::now();
        let most = self.settings.limits.idle_upstream_connections;
        let mut idle = lock(&self.kept.idle);
        idle.push_back(connection);
        if idle.len() > most {
            let oldest = idle.pop_front();
            drop(idle);
            drop(oldest);
        }
    }

    /// Closes connections that were idle for too long.
    pub(crate) fn sweep(&self) {
        let longest = self.settings.idle;
        let mut old = Vec::new();
        let mut idle = lock(&self.kept.idle);
        while idle.front().is_some_and(|connection| connection.idle_since.elapsed() >= longest) {
            old.extend(idle.pop_front());
        }
        drop(idle);
        drop(old);
        self.kept.lines.sweep(longest);
    }

    /// Opens a connection for HTTP/1.
    pub(crate) async fn connect_http1(&self) -> Result<Box<Connection>, ConnectError> {
        let (socket, open) = self.connect().await?;
        let (socket, heard) = Heard::new(socket);
        let settings = self.settings;
        let mut builder = http1::Builder::new();
        // When it is told a number, the library fills a table for every head.
        if settings.limits.head.fields > LIBRARY_FIELDS {
            builder.max_headers(settings.limits.head.fields);
        }
        let (sender, driver) = builder
            .writev(true)
            .max_buf_size(settings.limits.response_head_bytes.max(8192))
            .handshake(TokioIo::new(socket))
            .await
            .map_err(io::Error::other)?;
        Ok(Box::new(Connection::new(sender, driver, heard, open)))
    }

    /// A place on a connection for HTTP/2: on one that is open, or on a new one. When a time is
    /// named, one that was opened before it is only taken where there may be no new one.
    ///
    /// Those who wait for one that is being opened wait no longer than opening may take.
    pub(crate) async fn http2(&self, since: Option<Instant>) -> Result<Stream, ConnectError> {
        let lines = &self.kept.lines;
        if let Some(stream) = lines.enter(since) {
            return Ok(stream);
        }
        let longest = self.settings.connect;
        let opening = timeout(longest, lines.opening.lock()).await;
        let _opening = opening.map_err(|_| ConnectError::Failed)?;
        if let Some(stream) = lines.enter(since) {
            return Ok(stream);
        }
        let (socket, open) = match self.connect().await {
            Err(ConnectError::Full) => return lines.enter(None).ok_or(ConnectError::Full),
            connected => connected?,
        };
        let (socket, heard) = Heard::new(socket);
        let limits = self.settings.limits;
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_max_send_streams(UNTOLD)
            .initial_stream_window_size(limits.http2.stream_window)
            .initial_connection_window_size(limits.http2.connection_window)
            .max_header_list_size(u32::try_from(limits.response_head_bytes).unwrap_or(u32::MAX))
            .max_send_buf_size(limits.http2.send_buffer_bytes)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .handshake(TokioIo::new(socket))
            .await
            .map_err(io::Error::other)?;
        Ok(lines.add(sender, driver, heard, open).await)
    }

    /// Leave to open one more connection; one that is idle makes room for it.
    fn leave(&self, most: usize) -> Option<Open> {
        loop {
            let before = self.kept.open.fetch_add(1, Relaxed);
            let open = Open(Arc::clone(&self.kept.open));
            if before < most {
                return Some(open);
            }
            drop(open);
            let oldest = lock(&self.kept.idle).pop_front()?;
            drop(oldest);
        }
    }

    /// Opens a socket. Only what happens here changes the health of an upstream: nothing that a
    /// client sends can make connecting fail.
    pub(crate) async fn connect(&self) -> Result<(Socket, Open), ConnectError> {
        let settings = self.settings;
        let leave = self.leave(settings.limits.upstream_connections);
        let leave = leave.ok_or(ConnectError::Full)?;
        self.kept.connects.fetch_add(1, Relaxed);
        let result = match timeout(settings.connect, self.open_socket()).await {
            Ok(result) => result,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let is_ours = result.as_ref().is_err_and(is_of_this_machine);
        if result.is_ok() {
            self.kept.failures.store(0, Relaxed);
            self.kept.ejected_until_ms.store(0, Relaxed);
        } else {
            self.kept.connect_failures.fetch_add(1, Relaxed);
            if !is_ours && self.kept.failures.fetch_add(1, Relaxed) + 1 >= EJECTION_FAILURES {
                let span = u64::try_from(settings.ejection.as_millis()).unwrap_or(u64::MAX);
                self.kept.ejected_until_ms.store(self.millis().saturating_add(span), Relaxed);
            }
        }
        match result {
            Ok(socket) => Ok((socket, leave)),
            Err(_) if is_ours => Err(ConnectError::Ours),
            Err(_) => Err(ConnectError::Failed),
        }
    }

    async fn open_socket(&self) -> io::Result<Socket> {
        let stream = TcpStream::connect(self.route.address.as_str()).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Socket::Tcp(stream)),
            Some(tls) => {
                let stream = tls.connector.connect(tls.name.clone(), stream).await?;
                Ok(Socket::Client(Box::new(stream)))
            }
        }
    }
}

/// Whether something is missing here, which says nothing about the upstream: files that may be open
/// (`EMFILE`, `ENFILE`), or a free port.
fn is_of_this_machine(error: &io::Error) -> bool {
    let is_full = cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24));
    is_full || error.kind() == io::ErrorKind::AddrNotAvailable
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_missing_here_is_no_fault_of_an_upstream() {
        for (code, is_ours) in [(23, true), (24, true), (111, false), (110, false)] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(is_of_this_machine(&error), is_ours, "{error}");
        }
        assert!(is_of_this_machine(&io::ErrorKind::AddrNotAvailable.into()));
        assert!(!is_of_this_machine(&io::ErrorKind::TimedOut.into()));
    }
}
