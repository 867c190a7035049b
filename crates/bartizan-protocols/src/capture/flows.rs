//! All connections of a capture: packets in, exchanges out.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
};

use bartizan_model::{Duration, Timestamp};

use super::{
    CaptureLimits, Event, Loss, Packet, Piece, Secrets, Stamp, Stream,
    connection::{Around, Connection},
    fragments::Fragments,
    link::{self, ACK, Content, FIN, RST, SYN, Segment},
    message::Ends,
    tls::{KeyLog, Keys, TlsCrypto},
};

/// A connection that was silent for so long is over, as far as the capture goes. Exchanges may come
/// that late.
pub(super) const IDLE: Duration = Duration::minutes(10);
/// Packets of the capture after which a connection that both sides ended is over although bytes of it
/// are missing; or so much time, whatever comes first. Captures of several queues are a little out
/// of order.
const LATE: u64 = 1000;
const LATE_TIME: Duration = Duration::seconds(30);
/// How far from where a stream is a reset may be, in bytes.
const RESET_WINDOW: i64 = 64 * 1024;
/// How far ahead of a stream a segment may be: the largest window (RFC 7323 §2.2).
const WINDOW: i64 = 1 << 30;

/// The ends of a connection, the lower address first, and the network they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    ends: [SocketAddr; 2],
    network: u32,
}

struct Flow {
    streams: [Stream; 2],
    /// `None` once it is over: late packets of it are known by that.
    connection: Option<Connection>,
    number: u64,
    has_ended: [bool; 2],
    /// Whether both sides said that they end, with bytes before that missing.
    is_ending: bool,
    time: Option<Timestamp>,
    /// Its place in the order of use.
    turn: u64,
    held: usize,
}

/// Follows the connections of a capture.
pub struct Flows {
    limits: CaptureLimits,
    /// What reads TLS, when it is to be read.
    keys: Option<Keys>,
    flows: HashMap<Key, Flow>,
    /// The longest unused first.
    order: BTreeMap<u64, Key>,
    turn: u64,
    /// Connections that both sides ended, with bytes missing: their number, and when that was.
    ending: VecDeque<(Key, u64, Stamp)>,
    opened: u64,
    packets: u64,
    latest: Option<Timestamp>,
    held: usize,
    fragments: Fragments,
    out: VecDeque<Event>,
}

impl Flows {
    /// Follows nothing yet.
    #[must_use]
    pub fn new(limits: CaptureLimits) -> Self {
        Self {
            limits,
            keys: None,
            flows: HashMap::new(),
            order: BTreeMap::new(),
            turn: 0,
            ending: VecDeque::new(),
            opened: 0,
            packets: 0,
            latest: None,
            held: 0,
            fragments: Fragments::default(),
            out: VecDeque::new(),
        }
    }

    /// Reads TLS too, of connections whose secrets are in the log or the capture.
    #[must_use]
    pub fn with_tls(mut self, crypto: Box<dyn TlsCrypto>, secrets: Arc<KeyLog>) -> Self {
        self.keys = Some(Keys { crypto, given: secrets, inside: KeyLog::default() });
        self
    }

    /// What came out, in the order it was complete. To be emptied after each packet.
    pub fn next_event(&mut self) -> Option<Event> {
        self.out.pop_front()
    }

    /// Packets taken.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes kept for all connections, approximately.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Takes something that is no packet.
    pub fn lost(&mut self, loss: Loss) {
        self.out.push_back(Event::Lost(loss, self.packets));
    }

    /// Takes secrets of the capture.
    pub fn secrets(&mut self, log: Secrets<'_>) {
        let Some(keys) = &mut self.keys else { return };
        let lines = keys.inside.add(log.0);
        if lines.malformed + lines.beyond > 0 {
            self.lost(Loss::SecretsUnread);
        }
    }

    /// Takes secrets of a log beside the capture, which has more than when reading began. What is no
    /// secret in it is passed over.
    pub fn more_secrets(&mut self, log: &[u8]) {
        if let Some(keys) = &mut self.keys {
            keys.inside.add(log);
        }
    }

    /// No packet came until then, as the clock says that stamps packets: connections that were silent for
    /// too long come out.
    pub fn silent_until(&mut self, now: Timestamp) {
        self.latest = self.latest.max(Some(now));
        self.end();
        self.expire();
    }

    /// Takes the next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        let stamp = Stamp { time: packet.time, packet: self.packets };
        self.latest = self.latest.max(packet.time);
        match link::read(packet.link, packet.data) {
            Ok(Content::Segment(segment)) => self.segment(&segment, stamp),
            Ok(Content::Fragment(fragment)) => {
                let (out, number) = (&mut self.out, self.packets);
                let mut lost = |loss| out.push_back(Event::Lost(loss, number));
                let Some(whole) = self.fragments.push(&fragment, &mut lost) else { return };
                match link::reassembled(&fragment, &whole) {
                    Ok(Content::Segment(segment)) => self.segment(&segment, stamp),
                    Ok(Content::Fragment(_)) => self.lost(Loss::FragmentMissing),
                    Err(loss) => self.lost(loss),
                }
            }
            Err(loss) => self.lost(loss),
        }
        self.end();
        self.expire();
    }

    /// The capture ends: what is open comes out, the longest unused connection first.
    pub fn close(&mut self) {
        let (out, number) = (&mut self.out, self.packets);
        self.fragments.close(&mut |loss| out.push_back(Event::Lost(loss, number)));
        self.ending.clear();
        while let Some((_, key)) = self.order.pop_first() {
            self.forget(&key, false);
        }
    }

    fn segment(&mut self, segment: &Segment<'_>, stamp: Stamp) {
        let (key, from) = Key::of(segment);
        if segment.is_cut {
            self.lost(Loss::PacketCut);
        }
        self.reuse(&key, from, segment);
        if !self.flows.contains_key(&key) {
            // Nothing can follow from the rest of a connection that is over.
            if segment.payload.is_empty() && !segment.has(SYN) {
                return;
            }
            self.begin(key, from, segment);
        }
        let Some(flow) = self.flows.get_mut(&key) else { return };
        let before = flow.held;
        let mut around = Around {
            limits: &self.limits,
            keys: self.keys.as_ref(),
            waits: [flow.streams[0].is_waiting(), flow.streams[1].is_waiting()],
            packet: self.packets,
            out: &mut self.out,
        };
        let was_ending = flow.is_ending;
        flow.segment(from, segment, stamp, &mut around);
        if flow.is_ending && !was_ending {
            self.ending.push_back((key, flow.number, stamp));
        }
        self.held = (self.held + flow.held).saturating_sub(before);
        self.turn += 1;
        self.order.remove(&flow.turn);
        flow.turn = self.turn;
        self.order.insert(self.turn, key);
        self.make_room();
    }

    /// A new connection between the same ends (RFC 9293 §3.6.1) ends the one before.
    fn reuse(&mut self, key: &Key, from: usize, segment: &Segment<'_>) {
        let Some(flow) = self.flows.get(key) else { return };
        let is_first = segment.has(SYN) && !segment.has(ACK);
        let first = segment.sequence.wrapping_add(1);
        if is_first && flow.streams[from].began_elsewhere(first) {
            let turn = flow.turn;
            self.order.remove(&turn);
            self.forget(key, true);
        }
    }

    fn begin(&mut self, key: Key, from: usize, segment: &Segment<'_>) {
        let client = match (segment.has(SYN), segment.has(ACK)) {
            (true, false) => Some(from),
            (true, true) => Some(1 - from),
            (false, _) => None,
        };
        self.opened += 1;
        let is_whole = segment.has(SYN);
        let number = self.opened;
        let ends = Ends {
            addresses: key.ends,
            client,
            number,
            is_whole,
            has_unseen: false,
            is_eager: false,
            tls: None,
        };
        let stream = || Stream::new(&self.limits);
        let flow = Flow {
            streams: [stream(), stream()],
            connection: Some(Connection::new(ends)),
            number,
            has_ended: [false; 2],
            is_ending: false,
            time: None,
            turn: 0,
            held: 0,
        };
        self.flows.insert(key, flow);
    }

    /// Gives up what is too much, the longest unused first.
    fn make_room(&mut self) {
        while self.flows.len() > self.limits.flows || self.held > self.limits.total_bytes {
            let Some((_, key)) = self.order.pop_first() else { return };
            if self.flows.get(&key).is_some_and(|flow| flow.connection.is_some()) {
                self.lost(Loss::FlowEvicted);
            }
            self.forget(&key, false);
        }
    }

    /// Ends connections whose missing bytes had time enough to come.
    fn end(&mut self) {
        while let Some((key, number, since)) = self.ending.front().copied() {
            let has_passed = self.latest.zip(since.time);
            let has_passed = has_passed.is_some_and(|(now, then)| now.since(then) > LATE_TIME);
            if !has_passed && self.packets < since.packet + LATE {
                return;
            }
            self.ending.pop_front();
            if self.flows.get(&key).is_some_and(|flow| flow.number == number) {
                self.finish(&key, true);
            }
        }
    }

    fn expire(&mut self) {
        let Some(until) = self.latest.map(|latest| latest.minus(IDLE)) else { return };
        while let Some(first) = self.order.first_entry() {
            let key = *first.get();
            let time = self.flows.get(&key).and_then(|flow| flow.time);
            if time.is_none_or(|time| time >= until) {
                return;
            }
            first.remove();
            self.forget(&key, false);
        }
    }

    fn forget(&mut self, key: &Key, is_closed: bool) {
        self.finish(key, is_closed);
        self.flows.remove(key);
    }

    /// What a connection holds comes out; that it was there is still known.
    fn finish(&mut self, key: &Key, is_closed: bool) {
        let Some(flow) = self.flows.get_mut(key) else { return };
        self.held = self.held.saturating_sub(flow.held);
        let mut around = Around {
            limits: &self.limits,
            keys: self.keys.as_ref(),
            waits: [false; 2],
            packet: self.packets,
            out: &mut self.out,
        };
        flow.close(is_closed, &mut around);
    }
}

impl Key {
    /// The key of a segment's connection, and which end sent it.
    fn of(segment: &Segment<'_>) -> (Self, usize) {
        let (source, destination, network) = (segment.source, segment.destination, segment.network);
        if source <= destination {
            (Self { ends: [source, destination], network }, 0)
        } else {
            (Self { ends: [destination, source], network }, 1)
        }
    }
}

impl Flow {
    fn segment(&mut self, from: usize, s: &Segment<'_>, stamp: Stamp, around: &mut Around<'_>) {
        self.time = self.time.max(stamp.time);
        let to = 1 - from;
        let mut sequence = s.sequence;
        if s.has(SYN) {
            sequence = sequence.wrapping_add(1);
            self.streams[from].begin(sequence);
            if s.has(ACK) {
                self.streams[to].begin(s.acknowledged);
            }
        }
        let ahead = self.streams[from].ahead(sequence);
        let length = s.payload.len() as i64;
        let lost = |loss, around: &mut Around<'_>| {
            around.out.push_back(Event::Lost(loss, around.packet));
        };
        if ahead.abs() > WINDOW {
            lost(Loss::SegmentOutOfWindow, around);
            return;
        }
        let Some(connection) = &mut self.connection else {
            if length > 0 && ahead + length > 0 && !s.has(RST) {
                lost(Loss::SegmentOutOfWindow, around);
            }
            return;
        };
        if !s.payload.is_empty() && !s.has(RST) {
            let mut give = |piece: Piece<'_>| connection.piece(from, piece, around);
            let differs = self.streams[from].push(sequence, s.payload, stamp, &mut give);
            if differs {
                lost(Loss::SegmentConflict, around);
            }
        }
        if s.has(ACK) && self.streams[to].has_begun() {
            let mut give = |piece: Piece<'_>| connection.piece(to, piece, around);
            self.streams[to].acknowledged(s.acknowledged, &mut give);
        }
        if s.has(FIN) && !s.is_cut {
            self.streams[from].end(sequence.wrapping_add(s.payload.len() as u32));
        }
        let waits = [self.streams[0].is_waiting(), self.streams[1].is_waiting()];
        if waits != around.waits {
            around.waits = waits;
            connection.resume(around);
        }
        for end in [from, to] {
            if self.streams[end].is_ended() && !self.has_ended[end] {
                self.has_ended[end] = true;
                connection.ended(end, around);
            }
        }
        self.held = connection.held() + self.streams[0].held() + self.streams[1].held();
        if s.has(RST) {
            if ahead.abs() > RESET_WINDOW {
                lost(Loss::SegmentOutOfWindow, around);
                return;
            }
            self.close(true, around);
        } else if self.has_ended == [true; 2] {
            self.close(true, around);
        } else {
            self.is_ending = self.streams.iter().all(Stream::has_end);
        }
    }

    /// The connection is over, or nothing more is known of it.
    fn close(&mut self, is_closed: bool, around: &mut Around<'_>) {
        let Some(mut connection) = self.connection.take() else { return };
        let is_closed = is_closed || self.streams.iter().all(Stream::has_end);
        // The server's side waits until all of the client's was read.
        around.waits = [self.streams[0].is_waiting(), self.streams[1].is_waiting()];
        let client = connection.ends.client.unwrap_or(0);
        for end in [client, 1 - client] {
            let mut give = |piece: Piece<'_>| connection.piece(end, piece, around);
            self.streams[end].close(&mut give);
            around.waits[end] = false;
        }
        connection.resume(around);
        connection.close(is_closed, around);
        self.held = 0;
    }
}
