//! Live captures: packets of a network interface in, exchanges out. Linux only.
//!
//! The same reading as of captures in files ([`Flows`]); what is apart is where packets come from: a
//! packet socket (`socket.rs`) with a filter (`filter.rs`), and frames in the blocks that it gives
//! (`frames.rs`).

#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod filter;
mod frames;
mod ports;
mod secrets;
#[cfg(target_os = "linux")]
mod socket;
mod source;
#[cfg(test)]
pub(in super::super) mod tests;

use std::{io, path::PathBuf, sync::Arc, thread::sleep, time::Duration};

use bartizan_model::Timestamp;
use bartizan_protocols::capture::{AwsLc, CaptureLimits, Event, Flows, KeyLog};

use super::SourceError;
#[cfg(not(target_os = "linux"))]
use elsewhere::Ring;
use frames::Block;
pub use ports::{MAX_PORTS, Ports};
use secrets::SecretsFile;
#[cfg(target_os = "linux")]
use socket::Ring;
pub use source::{LiveSource, Until};

/// Stands for all interfaces.
pub const ANY: &str = "any";
/// Longest name of an interface (`IFNAMSIZ` less the zero at its end), in bytes.
const NAME_BYTES: usize = 15;
/// Bytes of a packet that are kept: longer than any is.
pub const PACKET_BYTES: u32 = 256 * 1024;
/// Mebibytes of packets that may wait to be read.
pub const BUFFER_MEBIBYTES: u32 = 32;
/// With a key log, how old packets are when they are read: the client has written their secrets by then.
const SECRETS_TIME: bartizan_model::Duration = bartizan_model::Duration::micros(50_000);

/// What is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Name of the interface, or [`ANY`].
    pub interface: String,
    /// Only TCP of one of these ports at either end, and none in tunnels.
    pub ports: Ports,
    /// Bytes that are kept of one packet.
    pub packet_bytes: u32,
    /// Mebibytes of packets that may wait to be read; more are dropped and counted. At least 4 are taken.
    pub buffer_mebibytes: u32,
    /// A key log of TLS connections, which is read as it grows.
    pub key_log: Option<PathBuf>,
    /// Limits of what is kept of connections.
    pub limits: CaptureLimits,
}

impl LiveOptions {
    /// All TCP of an interface.
    #[must_use]
    pub fn of(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            ports: Ports::ALL,
            packet_bytes: PACKET_BYTES,
            buffer_mebibytes: BUFFER_MEBIBYTES,
            key_log: None,
            limits: CaptureLimits::default(),
        }
    }
}

/// Whether an interface may have this name.
#[must_use]
pub fn is_interface(name: &str) -> bool {
    let is_character = |b: u8| b.is_ascii_graphic() && b != b'/';
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(is_character)
}

/// Why nothing can be captured.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum OpenError {
    #[cfg_attr(target_os = "linux", expect(dead_code, reason = "of other systems"))]
    #[error(
        "live capture needs Linux: capture to a file there (tcpdump -s 0 -w FILE), and read that"
    )]
    NotLinux,
    #[error("there is no such interface; `ip link` lists them, and `any` stands for all")]
    Unknown,
    #[error(
        "this process may not capture: run it as root, or allow it with `sudo setcap cap_net_raw+ep {}`",
        program()
    )]
    NotPermitted,
    #[error("{0}")]
    System(io::Error),
    #[error("cannot read its key log: {0}")]
    Secrets(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::NotPermitted,
            _ => Self::System(error),
        }
    }
}

impl OpenError {
    fn of(self, interface: &str) -> SourceError {
        SourceError::Interface { name: interface.to_owned(), problem: self.to_string() }
    }
}

fn program() -> String {
    let path = std::env::current_exe().ok();
    path.map_or_else(|| "bartizan".to_owned(), |path| path.display().to_string())
}

/// An interface that is listened to.
pub(in super::super) struct Tap {
    ring: Ring,
    flows: Flows,
    block: Block,
    secrets: Option<SecretsFile>,
    now: fn() -> Timestamp,
    /// In front of the numbers of connections, so that they are apart from those of other captures.
    prefix: String,
    /// Bytes of packets, with what the kernel keeps beside them.
    bytes: u64,
}

/// What [`Tap::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Stepped {
    /// A packet was taken.
    Packet,
    /// Nothing was there to take. The kernel had dropped so many packets since.
    Looked(u64),
}

impl Tap {
    /// Begins to capture.
    pub(in super::super) fn open(
        options: &LiveOptions,
        now: fn() -> Timestamp,
    ) -> Result<Self, OpenError> {
        let secrets = options.key_log.as_deref().map(SecretsFile::open).transpose();
        let secrets = secrets.map_err(OpenError::Secrets)?;
        let ring = Ring::open(options)?;
        let flows = Flows::new(options.limits);
        let flows = flows.with_tls(Box::new(AwsLc), Arc::new(KeyLog::default()));
        let prefix = format!("{}-{:x}-", options.interface, now().micros());
        Ok(Self { ring, flows, block: Block::default(), secrets, now, prefix, bytes: 0 })
    }

    /// Takes a packet, or waits at most so long for more.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub(in super::super) fn step(&mut self, longest: Duration) -> io::Result<Stepped> {
        if let Some(packet) = self.block.next() {
            self.flows.packet(&packet);
            return Ok(Stepped::Packet);
        }
        if self.ring.wait(longest, &mut self.block.bytes)? {
            self.bytes += self.block.bytes.len() as u64;
            self.block.begin();
            self.await_secrets();
        } else {
            self.flows.silent_until((self.now)());
        }
        self.ring.dropped().map(Stepped::Looked)
    }

    /// Reads what the key log has more, once it can have the secrets of the packets that came.
    fn await_secrets(&mut self) {
        let Some(secrets) = &mut self.secrets else { return };
        let latest = self.block.latest();
        let age = latest.map_or(SECRETS_TIME, |latest| (self.now)().since(latest));
        let rest = SECRETS_TIME.as_micros() - age.as_micros();
        if (1..=SECRETS_TIME.as_micros()).contains(&rest) {
            sleep(Duration::from_micros(rest.unsigned_abs()));
        }
        // A log that cannot be read gives no secrets: what needs them is counted as encrypted.
        while let Ok(lines) = secrets.more()
            && !lines.is_empty()
        {
            self.flows.more_secrets(&lines);
        }
    }

    /// What came out, in the order it was complete.
    pub(in super::super) fn next_event(&mut self) -> Option<Event> {
        let mut event = self.flows.next_event()?;
        if let Event::Exchange(exchange) = &mut event
            && let Some(id) = &mut exchange.connection_id
        {
            id.insert_str(0, &self.prefix);
        }
        Some(event)
    }

    /// Nothing more is captured: what is open comes out.
    pub(in super::super) fn close(&mut self) {
        self.flows.close();
    }

    /// Packets taken.
    pub(in super::super) fn packets(&self) -> u64 {
        self.flows.packets()
    }

    const fn bytes(&self) -> u64 {
        self.bytes
    }
}
