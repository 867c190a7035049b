//! A live capture as a source, for as long as it is wanted.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use bartizan_model::{
    ExchangeId, Timestamp,
    source::{Checkpoint, Ordering},
};
use bartizan_protocols::capture::Event;

use super::{
    super::{
        Item, Place, SkipReason, SkipTally, Skipped, Source, SourceError,
        pcap::{self, LATENESS},
    },
    LiveOptions, Stepped, Tap,
};

/// How often it is looked whether the capture is to end.
const LOOK: Duration = Duration::from_millis(100);
const HELP: &str = "is there HTTP in the clear on this interface, and on the ports that were named? TLS is \
                    read with a key log (--keylog)";

/// When a capture ends: what comes first.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// Somebody sets this.
    pub stop: &'static AtomicBool,
    /// Then.
    pub deadline: Option<Instant>,
    /// So many exchanges came.
    pub exchanges: Option<u64>,
}

/// Exchanges of an interface.
///
/// What is open when the capture ends comes out as it is, unless it ends because of their number. There is
/// no going on where it ended: its checkpoint is of no use.
pub struct LiveSource {
    name: String,
    tap: Tap,
    until: Until,
    exchanges: u64,
    /// Packets that the kernel dropped and that were not told yet.
    dropped: u64,
    tally: SkipTally,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Listening,
    /// What was open comes out.
    Closing,
    Over,
}

impl LiveSource {
    /// Begins to capture. `now` is the time of day, which the kernel stamps packets with.
    ///
    /// # Errors
    /// There is no such interface, this process may not capture, or the system is no Linux.
    pub fn open(
        options: &LiveOptions,
        until: Until,
        now: fn() -> Timestamp,
    ) -> Result<Self, SourceError> {
        let interface = &options.interface;
        let tap = Tap::open(options, now).map_err(|error| error.of(interface))?;
        Ok(Self {
            name: format!("interface {interface}"),
            tap,
            until,
            exchanges: 0,
            dropped: 0,
            tally: SkipTally::default(),
            stage: Stage::Listening,
        })
    }

    fn is_to_end(&self) -> bool {
        self.until.stop.load(Relaxed)
            || self.until.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn step(&mut self) -> Result<Option<Item>, SourceError> {
        loop {
            if self.until.exchanges.is_some_and(|most| self.exchanges >= most) {
                self.stage = Stage::Over;
            }
            if self.stage == Stage::Over {
                return Ok(None);
            }
            if let Some(event) = self.tap.next_event() {
                return Ok(Some(self.item(event)));
            }
            if self.dropped > 0 {
                self.dropped -= 1;
                return Ok(Some(self.skip(SkipReason::PacketDropped, self.tap.packets())));
            }
            if self.stage == Stage::Closing {
                self.stage = Stage::Over;
                return if self.exchanges == 0 { Err(self.nothing()) } else { Ok(None) };
            }
            let stepped = self.tap.step(LOOK).map_err(|error| SourceError::Interface {
                name: self.name.trim_start_matches("interface ").to_owned(),
                problem: format!("{error}; what was captured before counts"),
            })?;
            if let Stepped::Looked(dropped) = stepped {
                self.dropped += dropped;
                if self.is_to_end() {
                    self.tap.close();
                    self.stage = Stage::Closing;
                }
            }
        }
    }

    fn item(&mut self, event: Event) -> Item {
        match event {
            Event::Exchange(mut exchange) => {
                self.exchanges += 1;
                exchange.id =
                    ExchangeId::from_text(format!("{}{}", self.tap.prefix, self.exchanges));
                exchange.source = Some(self.name.clone());
                Item::Exchange(exchange)
            }
            Event::Lost(loss, packet) => self.skip(loss.into(), packet),
        }
    }

    fn skip(&mut self, reason: SkipReason, packet: u64) -> Item {
        let skipped = Skipped { reason, at: Place::Packet(packet) };
        self.tally.add(skipped);
        Item::Skipped(skipped)
    }

    fn nothing(&self) -> SourceError {
        let packets = self.tap.packets();
        let found = if self.tally.is_empty() {
            format!("no HTTP in {packets} packets")
        } else {
            format!("no usable exchange in {packets} packets, skipped {}", self.tally)
        };
        SourceError::NothingUsable { name: self.name.clone(), found, help: HELP }
    }
}

impl Source for LiveSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn format(&self) -> &'static str {
        pcap::SOURCE.name
    }

    fn ordering(&self) -> Ordering {
        Ordering { lateness: LATENESS }
    }

    fn next(&mut self) -> Option<Result<Item, SourceError>> {
        let step = self.step();
        if step.is_err() {
            self.stage = Stage::Over;
        }
        step.transpose()
    }

    fn position(&self) -> u64 {
        self.tap.bytes()
    }

    fn total(&self) -> Option<u64> {
        None
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint { input: self.name.clone(), exchanges: self.exchanges, ..Checkpoint::default() }
    }
}
