//! Packet captures: pcap and pcapng files, with HTTP in them.

use std::sync::Arc;

use bartizan_model::{
    Duration,
    source::{Checkpoint, Ordering},
};
use bartizan_protocols::capture::{AwsLc, CaptureLimits, Container, Event, Flows, KeyLog, Step};

use super::{
    Head, Item, Reading, Source, SourceItem,
    error::SourceError,
    input::Input,
    ledger::Ledger,
    skip::{Place, SkipReason},
};

/// An exchange comes out when it is complete: at the latest when its connection was silent for ten
/// minutes, and a slow one before that is longer than other sources take too.
pub(super) const LATENESS: Duration = Duration::minutes(15);
const HELP: &str = "capture whole packets (tcpdump -s 0) where HTTP is in the clear, behind the place \
                    that ends TLS, or name the key log of its clients with --keylog";

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "pcap",
    title: "Packet capture (pcap, pcapng)",
    what: "Reads packets one after the other and follows TCP connections in bounded memory: Ethernet, \
           Linux cooked, loopback, PPP and raw IP; VLAN, MPLS, PPPoE, VXLAN, GENEVE, GRE, ERSPAN and \
           IP in IP; IPv4, IPv6 and their fragments. Streams are put together out of order, with \
           repetitions (the first copy stays; a differing one is counted), gaps and beginnings that \
           the capture has not. In them HTTP/1 (pipelining, upgrade to WebSocket with its messages, \
           also compressed ones, CONNECT), HTTP/2 without TLS (prior knowledge and upgrade; gRPC), \
           also from the middle on as far as its header table allows; and the same in TLS 1.2 and 1.3 \
           with AES-GCM or ChaCha20-Poly1305 when its secrets are in a key log (SSLKEYLOGFILE, given \
           with --keylog) or in the capture before the connection. The client is who asks; time \
           and duration are those of the packets. A body that misses bytes is *truncated*. What is \
           no HTTP is counted by reason: TLS whose keys or handshake are not there, that negotiates \
           anew or has other cipher suites, early data of TLS that was refused or whose secret is not \
           there, other protocols, packets that are no TCP. What the capture lost is counted too: gaps, cut packets, responses without their \
           request, bytes in front of the first message. Connections that are silent for 10 minutes \
           are over, and those that both sides ended. Exchanges come when they are complete and may \
           be up to 15 minutes late.",
    extensions: &["pcap", "pcapng", "cap"],
    example: EXAMPLE,
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Keyed { recognise, open },
};

/// A pcapng file of three packets: a request, its answer, and the end. It is text, as pcapng can be.
const EXAMPLE: &str = concat!(
    "\n\r\r\n\x1c\0\0\0M<+\x1a\x01\0\0\0\0\0\0\0\0\0\0\0\x1c\0\0\0\x01\0\0\0\x14\0\0\0e\0\0",
    "\0\0\0\0\0\x14\0\0\0\x06\0\0\0|\0\0\0\0\0\0\0\0a\x06\0\0\0\0\0\\\0\0\0\\\0\0\0E\0\0\\",
    "\0\x07\0\0@\x06\0\0\n\0\0\x01\n\0\0\x02\x124\0P\0\0\0\x01\0\0\0\x01P\x18\x7f\x7f\0\0\0",
    "\0GET /v1/orders/7 HTTP/1.1\r\nHost: api.example.com\r\n\r\n|\0\0\0\x06\0\0\0p\0\0\0\0",
    "\0\0\0\0a\x06\0\0\x04\0\0P\0\0\0P\0\0\0E\0\0P\0\x07\0\0@\x06\0\0\n\0\0\x02\n\0\0\x01\0",
    "P\x124\0\0\0\x01\0\0\05P\x19\x7f\x7f\0\0\0\0HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r",
    "\n{}p\0\0\0\x06\0\0\0H\0\0\0\0\0\0\0\0a\x06\0\0\x08\0\0(\0\0\0(\0\0\0E\0\0(\0\x07\0\0",
    "@\x06\0\0\n\0\0\x01\n\0\0\x02\x124\0P\0\0\05\0\0\0*P\x11\x7f\x7f\0\0\0\0H\0\0\0",
);

fn recognise(head: &Head<'_>) -> u8 {
    if Container::recognises(head.bytes) { 100 } else { 0 }
}

fn open(input: Input, ledger: Ledger, secrets: &Arc<KeyLog>) -> Box<dyn Source> {
    let (passed, exchanges) = (ledger.state().number, ledger.exchanges());
    let end = End::read(&ledger.state().note);
    Box::new(Pcap {
        input,
        ledger,
        container: Container::default(),
        flows: Flows::new(CaptureLimits::default()).with_tls(Box::new(AwsLc), Arc::clone(secrets)),
        held: Vec::new(),
        at: 0,
        stage: Stage::Reading,
        given: 0,
        passed,
        end,
        exchanges,
    })
}

/// How far a capture was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    /// All packets were read; what was open comes out.
    Closing,
}

/// Where a capture ended, and how many items had come out then, those among them that came because it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
struct End {
    offset: u64,
    given: u64,
}

impl End {
    /// From what a checkpoint notes.
    fn read(note: &str) -> Option<Self> {
        let (offset, given) = note.split_once(' ')?;
        Some(Self { offset: offset.parse().ok()?, given: given.parse().ok()? })
    }

    fn note(self) -> String {
        format!("{} {}", self.offset, self.given)
    }
}

struct Pcap {
    input: Input,
    ledger: Ledger,
    container: Container,
    flows: Flows,
    /// Bytes of the input that were not read, from `at` on.
    held: Vec<u8>,
    at: usize,
    stage: Stage,
    /// Items that came out so far, and how many of them were handed over before the checkpoint.
    given: u64,
    passed: u64,
    /// The end that was met before the checkpoint, if it was.
    end: Option<End>,
    /// Exchanges up to the last item that can be gone on behind.
    exchanges: u64,
}

impl Pcap {
    fn step(&mut self) -> Result<Option<Item>, SourceError> {
        while !self.ledger.is_closed() {
            if let Some(event) = self.flows.next_event() {
                self.given += 1;
                // Reading goes on inside connections, so all is read again up to here. What comes
                // out because the capture ends may be whole when it has grown.
                let is_lasting = self.stage == Stage::Reading;
                let at_end = self.known_end().filter(|_| !is_lasting).map_or(0, |end| end.given);
                if self.given <= self.passed.max(at_end) {
                    self.exchanges = self.ledger.exchanges();
                    continue;
                }
                let item = match event {
                    Event::Exchange(exchange) => self.ledger.exchange(exchange, self.input.name()),
                    Event::Lost(loss, packet) => {
                        self.ledger.skip(loss.into(), Place::Packet(packet))
                    }
                };
                if is_lasting {
                    self.ledger.mark(0, 0, self.given);
                    self.exchanges = self.ledger.exchanges();
                } else {
                    self.note_end();
                }
                return Ok(Some(item));
            }
            if self.stage == Stage::Closing {
                if let Some(reason) = self.input.broken() {
                    let at = Place::Packet(self.flows.packets());
                    return Ok(Some(self.ledger.skip(reason, at)));
                }
                if self.known_end().is_some() {
                    // All was told before, be it nothing that can be gone on behind.
                    self.ledger.finish();
                    return Ok(None);
                }
                self.note_end();
                let end = self.ledger.close(&self.input, "a capture without HTTP", HELP);
                return end.map_or(Ok(None), Err);
            }
            if let Some(item) = self.read()? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// The end that was met before the checkpoint, when the capture ends there now too. What came out because it
    /// ended does not come again then.
    fn known_end(&self) -> Option<End> {
        self.end.filter(|end| end.offset == self.input.offset())
    }

    /// Notes that the capture ends here, for whoever goes on.
    fn note_end(&mut self) {
        let end = End { offset: self.input.offset(), given: self.given };
        self.ledger.note(&end.note());
    }

    /// Reads one packet or block.
    fn read(&mut self) -> Result<Option<Item>, SourceError> {
        let bytes = self.held.get(self.at..).unwrap_or_default();
        match self.container.next(bytes) {
            Step::More(wanted) => {
                if !self.more(wanted)? {
                    let is_cut = self.held.len() > self.at;
                    self.stage = Stage::Closing;
                    self.flows.close();
                    if is_cut && self.given >= self.passed && self.known_end().is_none() {
                        self.note_end();
                        let at = Place::Packet(self.flows.packets());
                        let reason = self.input.broken().unwrap_or(SkipReason::Truncated);
                        return Ok(Some(self.ledger.skip(reason, at)));
                    }
                }
            }
            Step::Pass(bytes) => self.pass(bytes)?,
            Step::Packet(packet, bytes) => {
                self.flows.packet(&packet);
                self.at += bytes;
            }
            Step::Secrets(log, bytes) => {
                self.flows.secrets(log);
                self.at += bytes;
            }
            Step::Lost(loss, bytes) => {
                self.flows.lost(loss);
                self.pass(bytes)?;
            }
        }
        Ok(None)
    }

    /// Reads until so many bytes are there; false when the input has fewer.
    fn more(&mut self, wanted: usize) -> Result<bool, SourceError> {
        self.held.drain(..self.at.min(self.held.len()));
        self.at = 0;
        while self.held.len() < wanted {
            let there = self.input.fill()?;
            if there.is_empty() {
                return Ok(false);
            }
            self.held.extend_from_slice(there);
            let size = there.len();
            self.input.consume(size);
        }
        Ok(true)
    }

    /// Passes over bytes, as far as there are any.
    fn pass(&mut self, bytes: u64) -> Result<(), SourceError> {
        let held = (self.held.len() - self.at) as u64;
        if bytes <= held {
            self.at += usize::try_from(bytes).unwrap_or(usize::MAX);
            return Ok(());
        }
        self.held.clear();
        self.at = 0;
        let mut left = bytes - held;
        while left > 0 {
            let there = self.input.fill()?.len();
            if there == 0 {
                return Ok(());
            }
            let size = there.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.input.consume(size);
            left -= size as u64;
        }
        Ok(())
    }
}

impl Source for Pcap {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn format(&self) -> &'static str {
        SOURCE.name
    }

    fn ordering(&self) -> Ordering {
        SOURCE.ordering
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        let step = self.step();
        if step.is_err() {
            self.ledger.fail();
        }
        step.transpose()
    }

    fn position(&self) -> u64 {
        self.input.position()
    }

    fn total(&self) -> Option<u64> {
        self.input.total()
    }

    fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = self.ledger.checkpoint(&self.input, SOURCE.name);
        checkpoint.exchanges = self.exchanges;
        checkpoint
    }
}

#[cfg(test)]
mod tests;
